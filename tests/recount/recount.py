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

from figures import (ARROWS, FAULTS, MATCH_TYPES, MAX_NAMES, OTHER_QUESTIONS, Recount, Words, by_count, conversations,
                     eight_weeks, monday_of, week_name)
from figures_test import check_counting
from forms import Form
from generate import WEEKS, Scenario, lines_of
from halves import Joined
from names import Dictionary

MAX_ACTIONS = 10
GAP_KINDS = {"add_or_learn": ("not_on_cv", "unmatched"), "fix_retrieval": ("not_retrieved",),
             "answer_topic": ("no_answer",)}
OUTCOME_OF = {"review_filter": "blocked", "review_hours": "off_hours"}


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

    def set_settings(self, scenario):
        """Leaves out what the scenario's owner leaves out, and takes their rules for topics."""
        chosen = [part for session in scenario.excluded_sessions for part in ("--exclude-session", session)]
        chosen += [part for request in scenario.excluded_requests for part in ("--exclude-request", request)]
        if chosen:
            self.run("settings", "import", *chosen)
        if scenario.owner_topics:
            rules = Path(self.folder) / "topics.txt"
            lines = [f"{name} = {', '.join(phrases)}" for name, phrases in scenario.owner_topics.items()]
            rules.write_text("\n".join(lines) + "\n", encoding="utf-8")
            self.run("settings", "import", "--topics", str(rules))

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
            # a name or a gap that nobody rated has no such field
            if key not in actual and key == "feedback" and value is None:
                continue
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
        self.week = recount.window(monday)[7]
        self.history = recount.history(monday)
        self.after_no_match = {week_name(week): recount.after_no_match(week) for week in eight_weeks(monday)}
        self.found = []
        self.shown = {}
        self.folded = set()

    def differences(self):
        """Every difference, in words."""
        apart = ("names", "moves", "gaps", "together", "neverAsked")
        self.found += values({key: value for key, value in self.expected.items() if key not in apart}, self.report, "")
        # nothing was refused at the door, and all feedback has its interaction
        self.found += values({"reportVersion": 2,
                              "capture": {"deliveries": {"refused": 0, "waiting": None, "feedbackWaiting": 0}}},
                             self.report, "")
        self.histories()
        self.rows("skill", self.report["skills"])
        self.rows("topic", self.report["topics"])
        self.variants_of_all()
        self.trending()
        self.vocabulary()
        self.gaps()
        self.together()
        self.never_asked()
        self.actions()
        return self.found

    def histories(self):
        """Compares the eight weeks, and holds how conversations go on within bounds."""
        told = {week["week"]: week["figures"] for week in self.report["history"]}
        self.found += values(self.history, told, "history")
        for week, figures in told.items():
            where, expected, after = f"history.{week}.afterNoMatch", self.after_no_match.get(week), \
                (figures or {}).get("afterNoMatch")
            if (expected is None) != (after is None):
                self.found.append(f"{where}: recounted {expected}, the program says {after}")
            elif after:
                answers, least, most = expected
                if after["answers"] != answers or after["askedOn"] + after["ended"] != answers \
                        or not least <= after["askedOn"] <= most:
                    self.found.append(f"{where}: recounted {answers}, asked on {least} to {most}, "
                                      f"the program says {after}")

    def key(self, of_type, name):
        """The name under which the recount knows a name of the report."""
        if of_type == "topic" or name in self.words.words:
            return of_type, name
        return of_type, name.lower()

    def display(self, key):
        """The name as reports show it: where no row says so, as it was written."""
        return self.shown.get(key) or min(self.words.spellings.get(key[1], {key[1]}))

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

    def rows(self, of_type, rows):
        """Compares the rows of skills or of topics, with the row that stands for those beyond the first 500."""
        where = of_type + "s"
        single = [row for row in rows if "names" not in row]
        listed = {self.key(of_type, row[of_type]): row for row in single}
        self.shown.update({key: row[of_type] for key, row in listed.items()})
        for key, row in listed.items():
            if key[1] in self.words.spellings and row[of_type] not in self.words.spellings[key[1]]:
                self.found.append(f"{where}: nobody wrote {row[of_type]} so")
        self.ordered([(row["queries"], row[of_type]) for row in single], where)
        expected = {key: row for key, row in self.expected["names"].items() if key[0] == of_type}
        order = sorted(expected, key=lambda key: (-expected[key]["queries"], self.display(key)))
        folded = [key for key in order[MAX_NAMES:] if expected[key]["conversations"] < 3]
        self.folded |= set(folded)
        kept = expected.keys() - set(folded)
        for key in self.unique([self.key(of_type, row[of_type]) for row in single], kept, where):
            self.row(f"{where}.{key[1]}", key, expected[key], listed[key])
        others = [row for row in rows if "names" in row]
        if len(others) != bool(folded):
            self.found.append(f"{where}: {len(folded)} names are left over, {len(others)} rows stand for them")
        elif folded:
            self.others(where + ".others", [expected[key] for key in folded], others[0], of_type)

    def row(self, where, key, expected, told):
        """Compares one row."""
        loose = ("move", "in_text", "failing")
        self.found += values({field: value for field, value in expected.items() if field not in loose}, told, where)
        most = expected["failing"]
        if key == ("topic", OTHER_QUESTIONS):
            # may count the questions whose every skill was matched: they are in its gap, and not its own
            most = max(most, sum(len(own) for gap, own in self.week.by_gap.items() if gap[:2] == key))
        if not expected["failing"] <= told["failing"] <= most:
            self.found.append(f"{where}.failing: recounted {expected['failing']}, the program says {told['failing']}")
        move = expected["move"]
        if told["trend"] not in move.allowed:
            self.found.append(f"{where}.trend: recounted {' or '.join(sorted(move.allowed))} (p {move.p}), "
                              f"the program says {told['trend']}")
        if not (near(move.expected, told["expected"], 1) or (told["expected"] is None and not move.tested)):
            self.found.append(f"{where}.expected: recounted {move.expected}, the program says {told['expected']}")

    def others(self, where, folded, told, of_type):
        """Compares the row of those left over; an interaction with two of the names may count once or twice."""
        if told[of_type] != "others" or told["names"] != len(folded):
            self.found.append(f"{where}: recounted {len(folded)} names, the program says {told}")
        for field in ("queries", "conversations", *MATCH_TYPES, "unanswered", "failing"):
            counts = [row[field] for row in folded]
            if not max(counts) <= told[field] <= sum(counts):
                self.found.append(f"{where}.{field}: recounted {max(counts)} to {sum(counts)}, "
                                  f"the program says {told[field]}")

    def variants_of_all(self):
        """Compares the words used for each skill."""
        for row in self.report["skills"]:
            key = self.key("skill", row["skill"])
            if key in self.expected["names"] and "names" not in row:
                self.variants(key[1], row["variants"], self.expected["names"][key]["in_text"],
                              f"skills.{key[1]}.variants")

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
        """Compares the names with an arrow, and their p; on the border of the procedure both are right."""
        moves = self.expected["moves"]
        may = {key for key, move in moves.items() if move.allowed & set(ARROWS)}
        # a name that neither of the last two weeks has is in no row, and may be left out here
        must = {key for key in may if moves[key].allowed <= set(ARROWS) and key in self.expected["names"]}
        listed = {self.key(row["type"], row["name"]): row for row in self.report["trending"]}
        self.ordered([(row["conversations"], row["name"]) for row in self.report["trending"]], "trending")
        names = must | (may & listed.keys())
        for key in self.unique([self.key(row["type"], row["name"]) for row in self.report["trending"]], names,
                               "trending"):
            where, row, move = f"trending.{key[1]}", listed[key], moves[key]
            self.found += values({"conversations": self.week.sizes.get(key, 0), "previous": move.previous}, row, where)
            if row["trend"] not in move.allowed & set(ARROWS):
                self.found.append(f"{where}.trend: recounted {move.allowed}, the program says {row['trend']}")
            for field, value, digits in (("expected", move.expected, 1), ("p", move.p, 5)):
                if not near(value, row[field], digits):
                    self.found.append(f"{where}.{field}: recounted {value}, the program says {row[field]}")
        for row in [*self.report["skills"], *self.report["topics"]]:
            of_type = "skill" if "skill" in row else "topic"
            if "names" not in row and (row["trend"] in ARROWS) != (self.key(of_type, row[of_type]) in listed):
                self.found.append(f"trending: {row[of_type]} is {row['trend']} in its row")

    def vocabulary(self):
        """Compares which skills are named in texts, and the CV's words for them."""
        listed = {self.key("skill", entry["skill"])[1]: entry for entry in self.report["vocabulary"]}
        skills = {name: row for (of_type, name), row in self.expected["names"].items() if of_type == "skill"}
        named = {name for name, row in skills.items() if row["in_text"]}
        variants = {self.key("skill", row["skill"])[1]: row["variants"] for row in self.report["skills"]}
        # those of the row `others` may be left out here too
        named -= {name for _, name in self.folded if name not in listed}
        for name in self.unique([self.key("skill", entry["skill"])[1] for entry in self.report["vocabulary"]], named,
                                "vocabulary"):
            if name in variants and listed[name]["asked"] != variants[name]:
                self.found.append(f"vocabulary.{name}.asked differs from the skill's variants")
            on_cv = {word.lower() for word in listed[name]["onCv"]}
            recounted = self.words.cv_words.get(name, set())
            # a skill that is marked as on the CV may be told by its own name
            marked = {name.lower()} if self.words.marks.get(name) == "have-it" else set()
            if not recounted <= on_cv <= recounted | marked:
                self.found.append(f"vocabulary.{name}.onCv: recounted {recounted}, the program says {on_cv}")
        self.ordered([(skills[name]["queries"], entry["skill"]) for name, entry in listed.items() if name in named],
                     "vocabulary")

    def gaps(self):
        """Compares the gaps; what the owner calls noise is none."""
        expected = {gap: row for gap, row in self.expected["gaps"].items() if self.words.marks.get(gap[1]) != "noise"}
        for of_type, kind in {(gap[0], gap[2]) for gap in expected if gap[:2] in self.folded}:
            expected[(of_type, "others", kind)] = None
        together = {gap: row for gap, row in expected.items() if gap[:2] in self.folded}
        expected = {gap: row for gap, row in expected.items() if gap not in together}
        told = [((*self.key(gap["type"], gap["name"]), gap["kind"]), gap) for gap in self.report["gaps"]]
        self.ordered([(gap["queries"], gap["name"]) for _, gap in told if gap["mark"] is None], "gaps")
        listed = dict(told)
        for key in self.unique([key for key, _ in told], expected.keys(), "gaps"):
            gap, row = expected[key], listed[key]
            where = "gaps." + ".".join(key)
            if gap is None:
                counts = [one["queries"] for other, one in together.items() if (other[0], other[2]) == (key[0], key[2])]
                if row["queries"] != sum(counts):
                    self.found.append(f"{where}: recounted {sum(counts)}, the program says {row['queries']}")
                continue
            self.found += values({field: value for field, value in gap.items() if field not in ("texts", "related")},
                                 row, where)
            related = Counter({self.display(("skill", name)): count for name, count in gap["related"].items()})
            self.found += values([name for name, _ in by_count(related)][:50], row["related"], where + ".related")
            mark = self.words.marks.get(key[1])
            self.found += values({"mark": mark}, row, where)
            examples = [unlike_texts(gap["texts"], str), unlike_texts(gap["texts"], letters_of)]
            if row["examples"] not in examples:
                self.found.append(f"{where}.examples: recounted {examples}, the program says {row['examples']}")

    def together(self):
        """Compares the pairs: of those with as many conversations as the last of ten, any may be left out."""
        expected = {frozenset(self.display(key) for key in pair): figures
                    for pair, figures in self.expected["together"].items()}
        counts = sorted((count for count, _ in expected.values()), reverse=True)
        least = counts[9] if len(counts) > 10 else 0
        told = [frozenset(pair["names"]) for pair in self.report["together"]]
        must = {pair for pair, (count, _) in expected.items() if count > least}
        if len(told) != min(10, len(expected)):
            self.found.append(f"together: recounted {len(expected)} pairs, the program says {len(told)}")
        listed = dict(zip(told, self.report["together"]))
        for pair in self.unique(told, must | (expected.keys() & set(told)), "together"):
            count, chance = expected[pair]
            self.found += values({"conversations": count}, listed[pair], f"together.{sorted(pair)}")
            if not near(chance, listed[pair]["expected"], 1):
                self.found.append(f"together.{sorted(pair)}: recounted {float(chance)}, the program says "
                                  f"{listed[pair]['expected']}")
        order = [pair["conversations"] for pair in self.report["together"]]
        if order != sorted(order, reverse=True):
            self.found.append(f"together: not ordered by conversations: {order}")

    def never_asked(self):
        """Compares the skills of the CV list that nobody asked about."""
        told, expected = self.report["neverAsked"], self.expected["neverAsked"]
        if told is None or expected is None:
            self.found += values({"neverAsked": expected}, {"neverAsked": told}, "")
            return
        self.unique([self.key("skill", name)[1] for name in told], expected, "neverAsked")
        if told != sorted(told):
            self.found.append(f"neverAsked: not ordered by name: {told}")

    def actions(self):
        """Compares who is in the actions, and their evidence: their words and their order are advice."""
        actions = self.report["actions"]
        if [action["priority"] for action in actions] != list(range(1, len(actions) + 1)):
            self.found.append("actions: priorities are not 1, 2, 3 …")
        kinds = Counter(action["kind"] for action in actions)
        about = Counter((action["kind"], action["name"]) for action in actions)
        self.found += [f"actions: {kind} {name} is there {count} times" for (kind, name), count in about.items()
                       if count > 1]
        self.found += [f"actions: {kind} is there {kinds[kind]} times"
                       for kind in ("review_filter", "review_hours", "check_capture", "move_over") if kinds[kind] > 1]
        for action in actions:
            where = f"actions.{action['kind']} {action['name']}"
            evidence = action["evidence"]
            if action["kind"] in GAP_KINDS:
                self.action_of_gap(where, action)
            elif action["kind"] in OUTCOME_OF or action["kind"] == "fix_fault":
                self.found += values(self.having(OUTCOME_OF.get(action["kind"], action["name"])), evidence, where)
            elif action["kind"] == "use_their_word":
                entry = next((entry for entry in self.report["vocabulary"] if entry["skill"] == action["name"]), None)
                asked = {word["text"]: word["queries"] for word in entry["asked"]
                         if word["text"] not in entry["onCv"]} if entry else {}
                if not entry or evidence["queries"] != asked.get(evidence["word"]):
                    self.found.append(f"{where}: nobody used another word so often")
            elif action["kind"] == "move_over":
                if any(counted.interaction.outcome_named or counted.match == "none" for counted in self.week.asked):
                    self.found.append(f"{where}: the agent reports more than its good answers")
            elif action["kind"] != "check_capture":
                self.found.append(f"{where}: the contract has no such action")
        self.check_capture(actions)
        if len(actions) < MAX_ACTIONS:
            self.left_out(actions)

    def having(self, outcome):
        """The evidence of an outcome: how many interactions and conversations ended so."""
        own = [counted for counted in self.week.asked if counted.interaction.outcome == outcome]
        return {"queries": len(own), "conversations": conversations(own)}

    def action_of_gap(self, where, action):
        """Compares an action about a skill or topic with its gap, and what it says of all questions about the name."""
        evidence, of = action["evidence"], action["evidence"].get("gap")
        of = of or {"type": "topic" if action["kind"] == "answer_topic" else "skill", "kind": None}
        key = self.key(of["type"], action["name"])
        gaps = [self.expected["gaps"][(*key, kind)] for kind in GAP_KINDS[action["kind"]]
                if of["kind"] in (kind, None) and (*key, kind) in self.expected["gaps"]]
        if not gaps or key == ("topic", OTHER_QUESTIONS):
            self.found.append(f"{where}: there is no such gap")
            return
        mark = self.words.marks.get(key[1])
        if mark in ("noise", "not-mine") or (mark and action["kind"] == "add_or_learn"):
            self.found.append(f"{where}: its mark, {mark}, has answered it")
        fields = ("queries", "conversations", "partly")
        self.found += values({field: gaps[0][field] for field in fields}, evidence, where)
        row = self.expected["names"][key]
        asked = {"asked": {row["queries"]}, "previous": {row["previous"]}, "weeksRunning": {gaps[0]["weeksRunning"]},
                 "grows": {trend in ("rising", "new") for trend in row["move"].allowed}}
        for field, allowed in asked.items():
            if evidence.get(field) is not None and evidence[field] not in allowed:
                self.found.append(f"{where}.{field}: recounted {allowed}, the program says {evidence[field]}")
        if of["type"] == "topic" and action["suggestion"]:
            self.found.append(f"{where}: a topic is no line of a skill list")

    def check_capture(self, actions):
        """Whether capture is to be checked goes by the join rate, and stands beside no other action for the same."""
        capture, rate = self.expected["capture"], self.expected["capture"]["joinRate"]
        checks = [action for action in actions if action["kind"] == "check_capture"]
        unanswered = any((action["kind"], action["name"]) == ("fix_fault", "unanswered") for action in actions)
        if checks and (rate is None or rate >= Decimal("0.99")):
            self.found.append("actions.check_capture: the join rate is 99 % or more")
        if checks and unanswered and not capture["responseOnly"]:
            self.found.append("actions.check_capture: stands beside a fix_fault for the same questions")
        if rate is not None and rate < Decimal("0.99") and not checks and not unanswered and len(actions) < MAX_ACTIONS:
            self.found.append("actions: the join rate is under 99 %, and nothing says so")
        lone = [counted for counted in self.week.asked
                if not counted.interaction.has_query or not counted.interaction.has_response]
        only = [counted for counted in lone if not counted.interaction.has_query]
        evidence = [{"queries": len(those), "conversations": conversations(those)} for those in (lone, only)]
        for action in checks:
            if {field: action["evidence"][field] for field in evidence[0]} not in evidence:
                self.found.append(f"actions.check_capture: recounted {evidence}, the program says {action['evidence']}")

    def left_out(self, actions):
        """Where there is room, every gap that nobody marked and every fault has its action."""
        there = {(action["kind"], self.key("topic" if action["kind"] == "answer_topic" else "skill", action["name"])[1])
                 for action in actions}
        kinds = {action["kind"] for action in actions}
        for (of_type, name, kind), gap in self.expected["gaps"].items():
            # one question in one week is no reason to act
            if gap["queries"] < 2 and gap["weeksRunning"] < 2 or (of_type, name) in self.folded:
                continue
            needed = next((action for action, those in GAP_KINDS.items() if kind in those), None)
            # a word that is answered worse may be the cause of its skill's gap, and stands in its place
            instead = of_type == "skill" and ("use_their_word", name) in there
            if needed and name != OTHER_QUESTIONS and name not in self.words.marks and (needed, name) not in there and not instead:
                self.found.append(f"actions: {needed} {name} is missing, and there is room")
        for outcome, count in self.expected["outcomes"].items():
            needed = next((kind for kind, of in OUTCOME_OF.items() if of == outcome), None)
            missing = needed and needed not in kinds or outcome in FAULTS and ("fix_fault", outcome) not in there
            if count > 1 and missing and not (outcome == "unanswered" and "check_capture" in kinds):
                self.found.append(f"actions: nothing for {count} with the outcome {outcome}, and there is room")


def near(expected, told, digits):
    """Whether a told figure is the expected one at its digits, give or take one unit of the last digit at a half."""
    if expected is None or told is None:
        return expected is None and told is None
    unit = 10.0 ** -digits
    return abs(float(told) - float(expected)) <= unit * (0.5 if digits == 1 else 1.5) + 1e-9


def unlike_texts(texts, alike):
    """The first three texts that differ from one another."""
    found = {}
    for text in texts:
        found.setdefault(alike(text), text)
    return list(found.values())[:3]


def letters_of(text):
    """The text's letters and digits in one case: two questions with the same are one."""
    return "".join(c for c in text.casefold() if c.isalnum())

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
        scenario = self.scenario
        interactions = list(joined.interactions(scenario.excluded_sessions, scenario.excluded_requests))
        texts = {i.text for i in interactions if i.text is not None}
        skills = program.match(texts)
        entries = program.dictionary()
        known = scenario.topics()

        def topics(text):
            if text not in known:
                self.note("generator", [f"nobody knows the topic of {text!r}"])
            return known.get(text, (None, None))

        free_texts = {line["text"] for line in lines_of("skills.jsonl")}
        words = Words(Dictionary(entries, set(scenario.table.values()), scenario.owner_topics), entries, skills, topics, free_texts,
                      scenario.cv, scenario.marks, scenario.owner_topics)
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
        for name, mark in scenario.marks.items():
            first.run("gaps", "mark", name, mark)
        marks = first.run("settings", "export").encode() if scenario.marks else None
        lines = [line for _, line in scenario.lines]
        joined, _ = self.joined(lines)
        told = first.import_lines(lines)
        first.set_settings(scenario)
        self.note("import", values({"stored": joined.counts["stored"], "duplicates": joined.counts["duplicate"],
                                    "conflicts": joined.counts["conflict"], "deadLetters": joined.counts["deadLetter"]},
                                   told, ""))
        recount, words = self.recount(first, joined)
        reports = {monday: first.report(week) for monday, week in weeks.items()}
        for monday, week in weeks.items():
            self.closed(reports[monday], monday)
            comparison = Comparison(recount, words, monday, json.loads(reports[monday], parse_float=Decimal))
            self.note(week, comparison.differences())
        self.deliveries(first, None, began)

        second = self.program("posted")
        moved = scenario.shuffled(scenario.lines, roll)
        moved_lines = [line for _, line in moved]
        moved_joined, statuses = self.joined(moved_lines)
        if marks:
            second.run("settings", "import", "-", given=marks)
        second.set_settings(scenario)
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
        # deliveries are in the week in which they arrived, and may stand above its other figures
        for monday in [monday for monday in mondays if monday not in this_week]:
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
        """What added nothing counts in the week in which it arrived; canaries and imports count nowhere."""
        arrival = {monday_of(int(began.timestamp() * 1000)), monday_of(int(time.time() * 1000))}
        told = Counter()
        for monday in arrival:
            deliveries = json.loads(program.report(week_name(monday)))["capture"]["deliveries"]
            told.update({field: count or 0 for field, count in deliveries.items()})
        nothing = {"duplicates": 0, "conflicts": 0, "deadLetters": 0, "refused": 0}
        expected = nothing
        if joined:
            counted = {status: count - joined.of_canaries[status] for status, count in joined.counts.items()}
            expected = {"duplicates": counted["duplicate"], "conflicts": counted["conflict"],
                        "deadLetters": counted["deadLetter"], "refused": 0}
        self.note("deliveries", values(expected, dict(told), ""))
        before = min(arrival) - timedelta(days=7)
        told = json.loads(program.report(week_name(before)))["capture"]["deliveries"]
        self.note("deliveries the week before", values(nothing, told, ""))

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
    check_counting()
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
