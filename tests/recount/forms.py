"""Holds the main figures of the JSON form against the text and the HTML form, whatever their design."""

import html
import re
from collections import Counter

NEAR = 300
MAIN_ACTIONS = 3
ISOLATES = dict.fromkeys(range(0x2066, 0x206A))


def words_of_text(text):
    """The text in one line."""
    return re.sub(r"\s+", " ", text.translate(ISOLATES))


def words_of_html(page):
    """What a reader sees of the page, in one line."""
    page = re.sub(r"(?s)<style.*?</style>|<head.*?</head>|<!--.*?-->", "", page)
    return words_of_text(html.unescape(re.sub(r"<[^>]+>", " ", page)))


def number_pattern(number):
    """A whole number that is no part of another, with or without a comma between thousands."""
    return rf"(?<![\d,.])(?:{number}|{number:,})(?!\d|[,.]\d)"


def name_pattern(name):
    """A name in any case, which may be cut where it is long."""
    words = [re.escape(word) for word in name.split()]
    return r"\s+".join(words) if len(name) <= 24 else re.escape(" ".join(name.split())[:16])


class Form:
    """One form of a report, and what its JSON lets expect in it."""

    def __init__(self, name, content, report):
        self.name = name
        self.report = report
        self.words = words_of_text(content) if name == "text" else words_of_html(content)

    def differences(self):
        """Every main figure of the JSON form that this form does not show."""
        if not self.report["provenance"]["interactions"]:
            return
        for what, pattern in [*self.headline_numbers(), *self.gaps(), *self.actions()]:
            if not re.search(pattern, self.words, re.IGNORECASE):
                yield f"{self.name}: {what}: nothing like {pattern}"

    def headline_numbers(self):
        """Questions and conversations."""
        if self.report["capture"]["queries"]:
            yield "questions", number_pattern(self.report["capture"]["queries"])
        yield "conversations", number_pattern(self.report["conversations"])

    def gaps(self):
        """The name that fails most is listed, with its count near its name."""
        named, failed = Counter(), Counter()
        for gap in self.report["gaps"]:
            # Names that share a row are told by their number.
            if not gap["mark"] and gap["name"] != "others":
                named[gap["type"], gap["name"]] += gap["queries"]
                failed[gap["type"], gap["name"]] += gap["queries"] - gap["partly"]
        for key, _ in named.most_common(1):
            name, count = name_pattern(key[1]), number_pattern(failed[key])
            yield key[1], f"{name}.{{0,{NEAR}}}?{count}|{count}.{{0,{NEAR}}}?{name}"

    def actions(self):
        """The names of the first actions, where they are about a skill or a topic."""
        for action in self.report["actions"][:MAIN_ACTIONS]:
            if action["evidence"].get("gap") or action["kind"] in ("add_or_learn", "fix_retrieval", "answer_topic"):
                yield f"action {action['name']}", name_pattern(action["name"])
