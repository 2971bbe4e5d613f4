"""Every page of the repository names what is there: files, headings, commands with their options, scripts, alarms."""

import os
import re
import subprocess
import unittest

from markdown_it import MarkdownIt

from template import ROOT, load

LEFT_OUT = {"target", "node_modules", ".git", ".terraform", "dist"}
MARKDOWN = MarkdownIt("commonmark").enable("table")


def pages():
    for folder, names, files in os.walk(ROOT):
        names[:] = sorted(name for name in names if name not in LEFT_OUT)
        yield from (ROOT / folder / file for file in sorted(files) if file.endswith(".md"))


def flat(tokens):
    for token in tokens:
        yield token
        yield from flat(token.children or [])


class Page:
    """The links, headings and code of a page."""

    def __init__(self, file):
        self.file = file
        self.links, self.code, self.anchors = [], [], set()
        tokens = MARKDOWN.parse(file.read_text())
        for before, token in zip([None, *tokens], tokens):
            if before is not None and before.type == "heading_open":
                self.anchors.add(self.slug(token))
            for one in flat([token]):
                if one.type in ("link_open", "image"):
                    self.links.append(one.attrs.get("href") or one.attrs.get("src"))
                elif one.type in ("code_inline", "fence", "code_block"):
                    self.code.append(one.content)

    def slug(self, heading):
        """As GitHub makes it; the second of its name has a number."""
        words = "".join(one.content for one in heading.children if one.type in ("text", "code_inline"))
        slug = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
        number = 0
        while (numbered := f"{slug}-{number}" if number else slug) in self.anchors:
            number += 1
        return numbered

    def commands(self):
        """The words of each call of the program, as they stand in code; lines that go on are joined."""
        for text in self.code:
            text = re.sub(r"[\\`]\n\s*", "", text)
            for words in re.findall(r"(?<![^\s&|;(])(?<![Ss]tack )cv-analytics ([a-z][^\n|#&;`)]*)", text):
                yield re.split(r"\s{2,}", words)[0].split()


PAGES = {page: Page(page) for page in pages()}


class Links(unittest.TestCase):
    maxDiff = None

    def test_every_link_inside_the_repository_leads_somewhere(self):
        count, broken = 0, []
        for page in PAGES.values():
            for link in page.links:
                if re.match(r"[a-z+]+:", link):
                    continue
                count += 1
                path, _, anchor = link.partition("#")
                file = (page.file.parent / path).resolve() if path else page.file
                if not file.exists() or (anchor and file in PAGES and anchor not in PAGES[file].anchors):
                    broken.append(f"{page.file.relative_to(ROOT)}: {link}")
        self.assertEqual(broken, [])
        self.assertGreater(count, 150)

    def test_every_script_that_a_page_names_is_there(self):
        scripts = {file.name for file in (ROOT / "infra/scripts").iterdir()}
        named = 0
        for page in PAGES.values():
            for text in page.code:
                for path, name in re.findall(r"((?:[\w~.-]+/)*)([a-z-]+\.sh)\b", text):
                    named += 1
                    self.assertTrue(
                        name in scripts or (page.file.parent / path / name).exists(),
                        f"{page.file.relative_to(ROOT)}: {name}",
                    )
        self.assertGreater(named, 40)


class Commands(unittest.TestCase):
    """What pages tell to type, the program knows."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.helps = {}

    def help(self, *words):
        """What the program says of a command; nothing where it does not know it."""
        if words not in self.helps:
            command = [os.environ["CV_ANALYTICS_PROGRAM"], *words, "--help-all"]
            done = subprocess.run(command, capture_output=True, text=True)
            self.helps[words] = done.stdout if done.returncode == 0 else ""
        return self.helps[words]

    def subcommands(self, *words):
        _, _, listed = self.help(*words).partition("Commands:\n")
        return set(re.findall(r"^  ([a-z-]+) ", listed.partition("\n\n")[0], re.M)) - {"help"}

    def test_every_command_and_option_that_a_page_names_is_there(self):
        known, count, wrong = self.subcommands(), 0, []
        for page in PAGES.values():
            if page.file.is_relative_to(ROOT / "docs/develop/adr"):
                continue
            for words in page.commands():
                count += 1
                command = words[:1]
                if words[0] not in known:
                    wrong.append(f"{page.file.relative_to(ROOT)}: cv-analytics {' '.join(words)}")
                    continue
                if below := self.subcommands(*command):
                    if len(words) > 1 and words[1] in below:
                        command = words[:2]
                    elif len(words) > 1 and re.fullmatch("[a-z-]+", words[1]) and not words[1].startswith("-"):
                        wrong.append(f"{page.file.relative_to(ROOT)}: cv-analytics {' '.join(words)}")
                options = [word.split("=")[0].rstrip(",.") for word in words if word.startswith("--")]
                for option in options:
                    if not re.search(rf"{option}\b", self.help(*command)):
                        wrong.append(f"{page.file.relative_to(ROOT)}: {option} of cv-analytics {' '.join(command)}")
        self.assertEqual(wrong, [])
        self.assertGreater(count, 60)


class Alarms(unittest.TestCase):
    def test_every_alarm_has_its_section_in_the_runbook_and_no_other_has(self):
        alarms = {
            resource["Properties"]["AlarmName"]["Fn::Sub"].removeprefix("${EnvironmentPrefix}")
            for resource in load()["Resources"].values() if resource["Type"] == "AWS::CloudWatch::Alarm"
        }
        anchors = PAGES[ROOT / "docs/operate/runbook.md"].anchors
        self.assertEqual({anchor for anchor in anchors if anchor.startswith("cv-analytics-")}, alarms)


if __name__ == "__main__":
    unittest.main()
