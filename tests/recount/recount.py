"""Recounts every figure of the report from the raw events, and compares with what the program says."""

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

from figures import Recount, Words, by_count, monday_of, week_name
from forms import Form
from generate import WEEKS, Scenario, lines_of
from halves import Joined


class Program:
    """The program with one data folder."""

    def __init__(self, path, folder, cv=None):
        self.path = path
        self.folder = folder
        self.cv = ["--cv", str(cv)] if cv else []

    def run(self, *arguments, given=None):
        """Runs it to its end, and gives what it printed."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("CV_ANALYTICS_")}
        done = subprocess.run([self.path, "--data", self.folder, *arguments], input=given, capture_output=True,
                              cwd=self.folder, env=environment, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{arguments}: exit code {done.returncode}: {done.stderr.decode()}")
        return done.stdout.decode()

    def import_lines(self, lines):
        """Takes the lines in, and gives the counts."""
        return json.loads(self.run("events", "import", "--json", given="\n".join(lines).encode()))

    def set_exclusions(self, scenario):
        """Leaves out what the scenario's owner leaves out."""
        chosen = [part for session in scenario.excluded_sessions for part in ("--exclude-session", session)]
        chosen += [part for request in scenario.excluded_requests for part in ("--exclude-request", request)]
        if chosen:
            self.run("settings", "import", *chosen)

    def report(self, week, form="json"):
        """A week's report."""
        return self.run("report", "--week", week, "--format", form, *self.cv)

    def dictionary(self):
        """Every skill with its aliases."""
        return [json.loads(line) for line in self.run("skills", "list", "--json", *self.cv).splitlines()]

    def match(self, texts):
        """The skills that each text names."""
        texts = sorted(texts)
        answers = self.run("skills", "match", *self.cv, given="".join(text + "\n" for text in texts).encode())
        answers = [json.loads(line)["skills"] for line in answers.split("\n") if line]
        if len(answers) != len(texts):
            raise RuntimeError(f"skills match: {len(texts)} lines in, {len(answers)} out")
        return dict(zip(texts, answers))


class Server:
    """`serve` on a free port, stopped at the end."""

    def __init__(self, program):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("CV_ANALYTICS_")}
        self.process = subprocess.Popen([program.path, "--data", program.folder, "serve", "--listen", "127.0.0.1:0",
                                         *program.cv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        cwd=program.folder, env=environment)
        self.address = None
        heard = []
        for line in self.process.stdout:
            heard.append(line.decode())
            found = re.search(r"http://127\.0\.0\.1:(\d+)", heard[-1])
            if found and found[1] != "0":
                self.address = found[0]
            if self.address and (Path(program.folder) / "credentials.env").exists() and self.answers():
                break
        else:
            raise RuntimeError("serve did not get ready: " + "".join(heard))
        credentials = (Path(program.folder) / "credentials.env").read_text(encoding="utf-8")
        self.token = re.search(r"^CV_ANALYTICS_TOKEN=(.+)$", credentials, re.MULTILINE)[1].strip("'\"")

    def answers(self):
        """Whether it is ready."""
        try:
            with urllib.request.urlopen(self.address + "/healthz", timeout=5) as answer:
                return answer.status == 200
        except urllib.error.URLError:
            return False

    def call(self, path, body=None, content_type="application/json"):
        """Asks with the token, and gives the answer's text."""
        request = urllib.request.Request(self.address + path, data=body, headers={
            "Authorization": "Bearer " + self.token, "Content-Type": content_type})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read().decode()

    def send(self, lines, roll):
        """Posts the lines in batches of every kind, and gives the status of each."""
        statuses = []
        place = 0
        while place < len(lines):
            batch = lines[place:place + roll.choice([1, 1, 2, 7, 40, 700])]
            place += len(batch)
            kind = "application/x-ndjson"
            body = "\n".join(batch)
            if is_json(batch) and roll.random() < 0.5:
                kind = "application/json"
                body = batch[0] if len(batch) == 1 and batch[0].startswith("{") else "[" + ",".join(batch) + "]"
            answer = json.loads(self.call("/v1/events", body.encode(), kind))
            statuses += [result["status"] for result in answer["results"]]
        return statuses

    def stop(self):
        """Ends it, and waits."""
        self.process.terminate()
        self.process.wait(30)
        self.process.stdout.close()


def is_json(lines):
    """Whether every line can stand in an array."""
    try:
        return [json.loads(line) for line in lines] is not None
    except ValueError:
        return False


def values(expected, actual, where):
    """Every difference between two trees of objects and plain values; numbers are equal by value."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key, value in expected.items():
            if key not in actual:
                yield f"{where}.{key}: absent"
            else:
                yield from values(value, actual[key], f"{where}.{key}")
    elif expected != actual or isinstance(expected, bool) != isinstance(actual, bool):
        yield f"{where}: recounted {show(expected)}, the program says {show(actual)}"


def show(value):
    """A value in few words."""
    if isinstance(value, list):
        return "[" + ", ".join(map(show, value)) + "]"
    return str(value) if isinstance(value, Decimal) else repr(value)


class Comparison:
    """One week's report against its recount."""

    def __init__(self, recount, words, monday, report):
        self.words = words
        self.report = report
        self.expected = recount.report(monday)
        self.cv = words.on_cv is not None
        self.found = []
        self.names = {}
        self.vague = recount.vague_kinds(monday)
        self.history = recount.history(monday)

    def differences(self):
        """Every difference, in words."""
        self.found += values({key: value for key, value in self.expected.items()
                              if key not in ("skills", "trending", "gaps")}, self.report, "")
        told = {week["week"]: week["figures"] for week in self.report["history"]}
        self.found += values(self.history, told, "history")
        excluded = self.report["provenance"]["excludedBy"]
        self.found += values(self.expected["provenance"]["excluded"], sum(excluded.values()), "provenance.excludedBy")
        if self.report["reportVersion"] != 1:
            self.found.append("reportVersion is not 1")
        self.skills()
        self.trending()
        self.vocabulary()
        self.gaps()
        self.actions()
        return self.found

    def key(self, name):
        """The name under which the recount knows a skill that the report names."""
        return name if name in self.expected["skills"] else name.lower()

    def unique(self, listed, names, where):
        """Says which names are missing, too many or named twice."""
        listed = Counter(listed)
        for name in sorted(map(str, names - listed.keys())):
            self.found.append(f"{where}: {name} is missing")
        for name in sorted(map(str, listed.keys() - names)):
            self.found.append(f"{where}: {name} should not be there")
        self.found += [f"{where}: {name} is there {count} times" for name, count in listed.items() if count > 1]
        return [name for name in names if name in listed]

    def ordered(self, listed, where):
        """Says where a list is not by count, then by name."""
        pairs = [(-count, name) for count, name in listed]
        if pairs != sorted(pairs):
            self.found.append(f"{where}: not ordered by count, then by name: {listed}")

    def skills(self):
        """Compares the skills."""
        listed = {}
        for skill in self.report["skills"]:
            key = self.key(skill["skill"])
            listed[key] = skill
            self.names[key] = skill["skill"]
            if key in self.words.spellings and skill["skill"] not in self.words.spellings[key]:
                self.found.append(f"skills: nobody wrote {skill['skill']} so")
        self.ordered([(skill["queries"], skill["skill"]) for skill in self.report["skills"]], "skills")
        expected = self.expected["skills"]
        for name in self.unique([self.key(skill["skill"]) for skill in self.report["skills"]], expected.keys(), "skills"):
            plain = {key: value for key, value in expected[name].items() if key not in ("p", "in_text")}
            self.found += values(plain, listed[name], f"skills.{name}")
            self.variants(name, listed[name]["variants"], expected[name]["in_text"], f"skills.{name}.variants")

    def variants(self, name, variants, in_text, where):
        """The words used: exactly where each text plainly has one of the skill's words, else within bounds."""
        self.ordered([(variant["queries"], variant["text"]) for variant in variants], where)
        told = {variant["text"]: variant["queries"] for variant in variants}
        if len(told) != len(variants):
            self.found.append(f"{where}: a word is there twice")
        plain, unclear = Counter(), 0
        for counted in in_text:
            unclear += counted.interaction.text in self.words.free_texts
            used = plain_words(counted.interaction.text, self.words.words.get(name, []))
            plain.update(used)
            unclear += not used
        if not unclear and all(word.isalnum() for word in plain):
            self.found += [] if told == plain else [f"{where}: recounted {dict(plain)}, the program says {told}"]
        if told and not 1 <= max(told.values()) <= len(in_text) or sum(told.values()) < len(in_text):
            self.found.append(f"{where}: {told} cannot be of {len(in_text)} questions")

    def trending(self):
        """Compares the skills with an arrow, and their p."""
        listed = {self.key(skill["skill"]): skill for skill in self.report["trending"]}
        self.ordered([(skill["queries"], skill["skill"]) for skill in self.report["trending"]], "trending")
        for name in self.unique([self.key(skill["skill"]) for skill in self.report["trending"]],
                                self.expected["trending"].keys(), "trending"):
            self.found += values(self.expected["trending"][name], listed[name], f"trending.{name}")

    def vocabulary(self):
        """Compares which skills are named in texts, and the CV's words for them."""
        listed = {self.key(entry["skill"]): entry for entry in self.report["vocabulary"]}
        named = {name for name, skill in self.expected["skills"].items() if skill["in_text"]}
        variants = {self.key(skill["skill"]): skill["variants"] for skill in self.report["skills"]}
        for name in self.unique([self.key(entry["skill"]) for entry in self.report["vocabulary"]], named, "vocabulary"):
            if listed[name]["asked"] != variants.get(name):
                self.found.append(f"vocabulary.{name}.asked differs from the skill's variants")
            on_cv = {word.lower() for word in listed[name]["onCv"]}
            if on_cv != self.words.cv_words.get(name, set()):
                recounted = self.words.cv_words.get(name)
                self.found.append(f"vocabulary.{name}.onCv: recounted {recounted}, the program says {on_cv}")
        self.ordered([(self.expected["skills"][name]["queries"], entry["skill"]) for name, entry in listed.items()
                      if name in named], "vocabulary")

    def gaps(self):
        """Compares the gaps; where a topic cannot be known, only the sum of its kind."""
        expected = dict(self.expected["gaps"])
        told = [((gap["type"], self.key(gap["name"]) if gap["type"] == "skill" else gap["name"], gap["kind"]), gap)
                for gap in self.report["gaps"]]
        self.ordered([(gap["queries"], gap["name"]) for gap in self.report["gaps"]], "gaps")
        unknown = [gap for gap in expected if gap[0] == "topic" and gap[1] == "?"]
        for gap in unknown:
            kept = {key: value for key, value in expected.items() if key[0] == "topic" and key[2] == gap[2]}
            at_most = sum(value["queries"] for value in kept.values())
            at_least = at_most - expected[gap]["queries"]
            of_kind = sum(told_gap["queries"] for key, told_gap in told if key[0] == "topic" and key[2] == gap[2])
            if not at_least <= of_kind <= at_most:
                self.found.append(f"gaps of topics, {gap[2]}: recounted {at_least} to {at_most}, "
                                  f"the program says {of_kind}")
        vague = {gap[2] for gap in unknown}
        told = [(key, gap) for key, gap in told if not (key[0] == "topic" and key[2] in vague)]
        expected = {key: gap for key, gap in expected.items() if not (key[0] == "topic" and key[2] in vague)}
        listed = dict(told)
        for key in self.unique([key for key, _ in told], expected.keys(), "gaps"):
            gap = expected[key]
            where = "gaps." + ".".join(key)
            left_out = {"related"}
            if key[0] == "topic" and key[2] in self.vague:
                left_out |= {"weeksRunning", "firstSeen"}
            plain = {field: value for field, value in gap.items() if field not in left_out}
            self.found += values(plain, listed[key], where)
            related = by_count(Counter({self.names.get(name, name): count for name, count in gap["related"].items()}))
            self.found += values([name for name, _ in related], listed[key]["related"], where + ".related")
            if listed[key]["mark"] is not None:
                self.found.append(f"{where}.mark: nobody marked it")

    def actions(self):
        """Says where an action's evidence is no figure of this report: actions are advice, so no more is checked."""
        if [action["priority"] for action in self.report["actions"]] != list(range(1, len(self.report["actions"]) + 1)):
            self.found.append("actions: priorities are not 1, 2, 3 …")
        gaps = {(gap["name"], gap["type"], gap["kind"]): gap for gap in self.report["gaps"]}
        kinds = {"add_or_learn": ("not_on_cv", "unmatched"), "fix_retrieval": ("not_retrieved",),
                 "relax_filter": ("blocked",)}
        for action in self.report["actions"]:
            evidence = action["evidence"]["queries"]
            if action["kind"] == "fix_fault" and evidence != self.expected["outcomes"].get(action["name"]):
                self.found.append(f"actions.fix_fault {action['name']}: the evidence is not the outcome's count")
            if action["kind"] == "use_their_word":
                entry = next(entry for entry in self.report["vocabulary"] if entry["skill"] == action["name"])
                asked = {word["text"]: word["queries"] for word in entry["asked"] if word["text"] not in entry["onCv"]}
                if evidence != asked.get(action["evidence"]["word"]):
                    self.found.append(f"actions.use_their_word {action['name']}: nobody used another word so often")
                self.about(action, "skill")
            if action["kind"] == "check_capture":
                capture = self.expected["capture"]
                self.found += values({"queries": capture["unanswered"] + capture["responseOnly"], "sessions": None},
                                     action["evidence"], "actions.check_capture")
            if action["kind"] in kinds:
                of = action["evidence"]["gap"]
                gap = gaps.get((action["name"], of["type"], of["kind"]))
                if of["kind"] not in kinds[action["kind"]] or not gap:
                    self.found.append(f"actions.{action['kind']} {action['name']}: there is no such gap")
                else:
                    self.found += values({"queries": gap["queries"], "sessions": gap["sessions"]}, action["evidence"],
                                         f"actions.{action['kind']} {action['name']}")
                self.about(action, of["type"])
        rate = self.expected["capture"]["joinRate"]
        missing = rate is not None and rate < Decimal("0.99")
        if missing != any(action["kind"] == "check_capture" for action in self.report["actions"]):
            self.found.append("actions: check_capture does not go by the join rate")

    def about(self, action, of_type):
        """Compares what an action says of all questions about its skill; of a topic it says nothing."""
        expected = {"asked": None, "previous": None, "grows": None}
        if of_type == "skill":
            skill = self.expected["skills"][self.key(action["name"])]
            expected = {"asked": skill["queries"], "previous": skill["previous"],
                        "grows": skill["trend"] in ("rising", "new")}
        self.found += values(expected, action["evidence"], f"actions.{action['kind']} {action['name']}")
        if of_type == "topic" and action["suggestion"]:
            self.found.append(f"actions.{action['kind']} {action['name']}: a topic is no line of a skill list")


def plain_words(text, words):
    """The skill's own words that stand in the text as whole words, longer ones first."""
    text = text.lower()
    used = set()
    for word in sorted(words, key=len, reverse=True):
        pattern = r"(?<![\w+#.])" + re.escape(word) + r"(?![\w+#])"
        if re.search(pattern, text):
            used.add(word)
            text = re.sub(pattern, "\0", text)
    return used


def unlike(one, other):
    """The fields in which two reports differ, those that count deliveries left out."""
    one, other = json.loads(one), json.loads(other)
    for report in (one, other):
        report["capture"].pop("deliveries")
    return [where.split(":")[0].lstrip(".") for where in values(one, other, "")]


class Run:
    """One seed: sent both ways, recounted, compared."""

    def __init__(self, path, seed, folder):
        self.path = path
        self.scenario = Scenario(seed)
        self.folder = Path(folder)
        self.found = []
        self.cv = None
        if self.scenario.cv is not None:
            self.cv = self.folder / "cv.txt"
            self.cv.write_text("\n".join(self.scenario.cv), encoding="utf-8")

    def program(self, name):
        """The program with a new data folder."""
        folder = self.folder / name
        folder.mkdir()
        return Program(self.path, str(folder), self.cv)

    def note(self, where, differences):
        """Keeps differences for the end."""
        self.found += [f"{where} {difference}" for difference in differences]

    def joined(self, lines):
        """The lines joined by the recount, and what became of each."""
        joined = Joined()
        return joined, [joined.deliver(line) for line in lines]

    def recount(self, program, joined):
        """The recount of everything, with the program's own dictionary."""
        interactions = list(joined.interactions(self.scenario.excluded_sessions, self.scenario.excluded_requests))
        texts = {i.text for i in interactions if i.text is not None}
        skills = program.match(texts)
        topics = {line["text"]: line["topic"] for line in lines_of("topics.jsonl")}
        free_texts = {line["text"] for line in lines_of("skills.jsonl")}
        words = Words(program.dictionary(), skills, topics, free_texts, self.scenario.cv)
        return Recount(interactions, words), words

    def perform(self):
        """Does all of it, and gives every difference."""
        scenario = self.scenario
        roll = random.Random(scenario.seed + 1_000_000)
        mondays = [scenario.first_monday + timedelta(days=7 * week) for week in range(-1, WEEKS + 2)]
        mondays = [monday for monday in mondays if 2000 <= monday.isocalendar()[0] < 2100]
        weeks = {monday: week_name(monday) for monday in mondays}
        began = datetime.now(timezone.utc)

        first = self.program("imported")
        lines = [line for _, line in scenario.lines]
        joined, _ = self.joined(lines)
        told = first.import_lines(lines)
        first.set_exclusions(scenario)
        self.note("import", values({"stored": joined.counts["stored"], "duplicates": joined.counts["duplicate"],
                                    "conflicts": joined.counts["conflict"], "deadLetters": joined.counts["deadLetter"]},
                                   told, ""))
        recount, words = self.recount(first, joined)
        reports = {monday: first.report(week) for monday, week in weeks.items()}
        for monday, week in weeks.items():
            self.closed(reports[monday], monday)
            comparison = Comparison(recount, words, monday, json.loads(reports[monday], parse_float=Decimal))
            self.note(week, comparison.differences())
        self.deliveries(first, joined, began)

        second = self.program("posted")
        moved = scenario.shuffled(scenario.lines, roll)
        moved_lines = [line for _, line in moved]
        moved_joined, statuses = self.joined(moved_lines)
        second.run("events", "import", given=b"")
        second.set_exclusions(scenario)
        server = Server(second)
        try:
            answered = server.send(moved_lines, roll)
            for line, expected, actual in zip(moved_lines, statuses, answered):
                if expected != actual:
                    self.note("posted", [f"{line}: recounted {expected}, the program says {actual}"])
            if len(answered) != len(moved_lines):
                self.note("posted", [f"{len(moved_lines)} events, {len(answered)} answers"])
            served = {monday: server.call("/v1/reports/" + week) for monday, week in weeks.items()}
        finally:
            server.stop()
        self.deliveries(second, moved_joined, began)
        this_week = {monday_of(int(began.timestamp() * 1000)), monday_of(int(time.time() * 1000))}
        for monday, week in weeks.items():
            for field in unlike(reports[monday], served[monday]):
                self.note(week, [f"differs in {field} between an import and events posted in another order"])
        for monday in roll.sample([monday for monday in mondays if monday not in this_week], 2):
            for form in ("text", "html"):
                content = first.report(weeks[monday], form)
                if content != second.report(weeks[monday], form):
                    self.note(weeks[monday], [f"has other bytes as {form} after another order"])
                self.note(weeks[monday], Form(form, content, json.loads(reports[monday])).differences())
        self.moved(first, weeks, reports, roll)
        self.late(second, weeks, served, roll)
        return self.found

    def moved(self, first, weeks, reports, roll):
        """An export taken in elsewhere, with the settings in the store, gives the same reports."""
        third = self.program("moved")
        third.run("events", "import", given=first.run("events", "export").encode())
        third.run("settings", "import", "-", given=first.run("settings", "export").encode())
        if self.cv:
            third.run("settings", "import", "--cv", str(self.cv))
            third.cv = []
        for monday in roll.sample(list(weeks), 3):
            for field in unlike(reports[monday], third.report(weeks[monday])):
                self.note(weeks[monday], [f"differs in {field} after an export and import"])

    def closed(self, report, monday):
        """A week is closed once the next has begun."""
        over = (datetime(monday.year, monday.month, monday.day, tzinfo=timezone.utc) + timedelta(days=7)
                <= datetime.now(timezone.utc))
        self.note(week_name(monday), values({"closed": over}, json.loads(report), ""))

    def deliveries(self, program, joined, began):
        """What added nothing counts in the week in which it arrived, and in no other; canaries count nowhere."""
        arrival = {monday_of(int(began.timestamp() * 1000)), monday_of(int(time.time() * 1000))}
        told = Counter()
        for monday in arrival:
            told.update(json.loads(program.report(week_name(monday)))["capture"]["deliveries"])
        counted = {status: count - joined.of_canaries[status] for status, count in joined.counts.items()}
        expected = {"duplicates": counted["duplicate"], "conflicts": counted["conflict"],
                    "deadLetters": counted["deadLetter"]}
        self.note("deliveries", values(expected, dict(told), ""))
        before = min(arrival) - timedelta(days=7)
        told = json.loads(program.report(week_name(before)))["capture"]["deliveries"]
        self.note("deliveries the week before", values(dict.fromkeys(expected, 0), told, ""))

    def late(self, program, weeks, before, roll):
        """A late event: where any figure of a week changes, so does its hash."""
        monday = roll.choice(list(weeks)[1:WEEKS])
        late = {"eventType": "query", "requestId": "late", "timestamp": f"{monday.isoformat()}T12:00:00Z",
                "query": "Do you know kubernetes, terraform and python?"}
        program.import_lines([json.dumps(late)])
        around = [monday + timedelta(days=7 * on) for on in (-1, 0, 1, 7, 8)]
        for other in [other for other in around if other in weeks]:
            week = weeks[other]
            old, new = json.loads(before[other]), json.loads(program.report(week))
            for report in (old, new):
                report["capture"].pop("deliveries")
            same_hash = old["provenance"].pop("inputHash") == new["provenance"].pop("inputHash")
            if same_hash and old != new:
                self.note(week, [f"changed by a late event in {week_name(monday)}, its hash did not"])
            if other == monday and same_hash:
                self.note(week, ["has the hash that it had before a late event"])


def main():
    """Reads the arguments, and runs the seeds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", default=str(Path(__file__).parents[2] / "target" / "debug" / "cv-analytics"))
    parser.add_argument("--seeds", type=int, default=5, help="how many seeds (default 5)")
    parser.add_argument("--first", type=int, default=0, help="the first seed (default 0)")
    parser.add_argument("--write", metavar="FILE", help="only write the events of the first seed")
    chosen = parser.parse_args()
    if chosen.write:
        lines = [line for _, line in Scenario(chosen.first).lines]
        Path(chosen.write).write_text("\n".join(lines) + "\n", encoding="utf-8")
        return 0
    path = str(Path(chosen.program).resolve())
    failed = 0
    for seed in range(chosen.first, chosen.first + chosen.seeds):
        with tempfile.TemporaryDirectory(prefix="recount-") as folder:
            found = Run(path, seed, folder).perform()
        failed += bool(found)
        print(f"seed {seed}: " + (f"{len(found)} differences" if found else "every figure agrees"), flush=True)
        for difference in found:
            print("   " + difference)
    print(f"{chosen.seeds - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
