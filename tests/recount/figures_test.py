"""Counts hand-made weeks whose figures a person can see, before anything is said of a program."""

from datetime import date, timedelta
from decimal import Decimal
from math import exp, factorial

from figures import EPOCH, Recount, Words
from halves import Interaction, Joined
from names import Dictionary
from trends import fisher, judge, mid_p, surprising, unrest, week_size

MONDAY = date(2026, 11, 16)
SKILLS = {"Kafka": [], "Rust": [], "React": [], "TypeScript": ["ts"], "COBOL": [], "Kubernetes": ["k8s"], "Go": [],
          "Docker": [], "CI/CD": []}
TOPICS = {"salary?": ("salary expectations", None), "What is your notice period?": ("notice period", None),
          "Any quibblery?": (None, "quibblery"), "Hello": (None, None)}


def week_of(rows, cv=None, marks=None, owner_topics=None, texts=None):
    """The recount of interactions given as changes to one that is answered, one minute after another."""
    start = (date(2026, 11, 16) - EPOCH.date()) // timedelta(milliseconds=1)
    made = []
    for place, row in enumerate(rows):
        one = {"request_id": f"r{place:04}", "timestamp": start + 60_000 * place, "text": None, "session": None,
               "match": None, "score": None, "source": "unknown", "outcome": "answered", "outcome_named": True,
               "has_query": row.get("text") is not None, "has_response": True, "latency": None, "missing": [],
               "matched": [], "topic": None, "excluded": None, "feedback": None}
        week = row.pop("week", 0)
        one.update(row)
        one["timestamp"] += 7 * 86_400_000 * week
        made.append(Interaction(**one))
    entries = [{"skill": skill, "aliases": aliases} for skill, aliases in SKILLS.items()]
    skills = {one.text: [skill for skill, aliases in SKILLS.items()
                         if any(word.lower() in one.text.lower() for word in [skill, *aliases])]
              for one in made if one.text}
    words = Words(Dictionary(entries, {"salary expectations", "notice period"}), entries, skills,
                  lambda text: {**TOPICS, **(texts or {})}[text], set(), cv, marks or {}, owner_topics or {})
    return Recount(made, words)


def equal(actual, expected, what):
    """Says what was counted wrongly."""
    if actual != expected:
        raise AssertionError(f"{what}: expected {expected}, counted {actual}")


def gaps_of(recount):
    """The gaps with their queries and those that were answered in part."""
    return {gap: (row["queries"], row["partly"]) for gap, row in recount.report(MONDAY)["gaps"].items()}


def gaps_are_what_the_agent_says():
    """Rules 1 to 4."""
    kafka = [{"text": "Kafka?", "match": "partial", "missing": ["Kafka"]}] * 30
    rust = [{"text": "Rust?", "match": "none", "outcome": "no_match"}] * 3
    equal(gaps_of(week_of([dict(row) for row in kafka + rust], cv=["React"])),
          {("skill", "Kafka", "not_on_cv"): (30, 30), ("skill", "Rust", "not_on_cv"): (3, 0)}, "partial answers")
    three = {"text": "React, TypeScript and COBOL?", "match": "none", "outcome": "no_match",
             "matched": ["React", "ts"]}
    equal(gaps_of(week_of([{**three, "missing": ["COBOL"]}, dict(three)])),
          {("skill", "COBOL", "unmatched"): (2, 0)}, "matched skills are no gap")
    matched = week_of([{"text": "React?", "match": "none", "outcome": "no_match", "matched": ["React"]}])
    equal(gaps_of(matched), {("topic", "other questions", "no_answer"): (1, 0)}, "every skill matched")
    equal(matched.names(MONDAY)[0][("skill", "React")]["failing"], 0, "a matched skill does not fail")
    equal(gaps_of(week_of([{"text": "React and Go?", "match": "partial", "missing": ["React"], "matched": ["react"]},
                           {"text": "Go?", "match": "partial"}, {"text": "Go?", "match": "full", "missing": ["Go"]}])),
          {}, "partial without missing skills, and full")
    equal(gaps_of(week_of([{"text": "Go?", "outcome": "quota", "match": "full"},
                           {"text": "salary?", "outcome": "blocked"},
                           {"text": "Rust?", "outcome": "unanswered", "has_response": False}], cv=["Go"])),
          {("skill", "Go", "fault"): (1, 0), ("topic", "salary expectations", "blocked"): (1, 0),
           ("skill", "Rust", "fault"): (1, 0)}, "faults and refusals")
    marked = week_of([{"text": "Go?", "match": "none", "outcome": "no_match"}], cv=[], marks={"go": "have-it"})
    equal(gaps_of(marked), {("skill", "Go", "not_retrieved"): (1, 0)}, "a mark is part of the CV list")
    equal(marked.report(MONDAY)["neverAsked"], set(), "never asked")


def names_are_read():
    """The rules for names from a model."""
    dictionary = Dictionary([{"skill": skill, "aliases": aliases} for skill, aliases in SKILLS.items()], {"visa"})
    for name, question, expected in [
            ("Kubernetes (K8s)", None, ["Kubernetes"]), ("experience with k8s", "?", ["Kubernetes"]),
            ("Go; Rust", "?", ["Go", "Rust"]), ("- Go\n- Rust", "?", ["Go", "Rust"]), ("• Go", "?", ["Go"]),
            ("CI/CD", "?", ["CI/CD"]), ("None", "none?", [None]), ("N/A", None, [None]), ("-", None, [None]),
            ("Zorblang", "Zorblang?", ["Zorblang"]), ("Zorblang", "Zorblangs?", [None]),
            ("Zorblang", None, ["Zorblang"]), ("a b c d e", "a b c d e", [None]), ("x" * 41, None, [None]),
            ("go / zorblang", "ZORBLANG", ["Go", "zorblang"]), ("Visa", "Visa?", ["visa"]),
    ]:
        equal(dictionary.skills_in(name, question), expected, f"the name {name!r}")
    for name, question, expected in [("Visa", "?", ("visa", False)), ("other", "?", (None, False)),
                                     ("none", "?", (None, True)),
                                     ("trellis tax", "What trellis tax?", ("trellis tax", False)),
                                     ("trellis tax", "What?", (None, True))]:
        equal(dictionary.topic_in(name, question), expected, f"the topic {name!r}")
    beside = week_of([{"text": "Go and notice period?", "missing": ["notice period"], "match": "none", "outcome": "no_match"}])
    equal(gaps_of(beside), {("topic", "notice period", "no_answer"): (1, 0)}, "a topic that is missing beside a skill")
    recount = week_of([{"text": "Go?", "missing": ["None", "Zorblang", "Go"], "topic": "not mentioned"}])
    equal(recount.report(MONDAY)["capture"]["ignoredNames"], 3, "ignored names")


def topics_have_an_order():
    """Owner's rules, agent's topic, table, shared phrase, other questions."""
    rows = [{"text": "salary?", "topic": "notice period"}, {"text": "salary?", "topic": "other"}, {"text": "Hello"},
            {"text": "Any quibblery?", "session": "a"}, {"text": "Any quibblery?", "session": "a"},
            {"text": "Any quibblery?", "session": "b"}, {"topic": "notice period"}, {"matched": ["Go"]}, {}]
    counts = {name: row["queries"] for name, row in week_of([dict(row) for row in rows]).names(MONDAY)[0].items()}
    equal(counts, {("topic", "notice period"): 2, ("topic", "salary expectations"): 1, ("topic", "other questions"): 5,
                   ("skill", "Go"): 1}, "topics")
    shared = week_of([dict(row) for row in rows] + [{"text": "Any quibblery?", "week": -7}])
    equal(shared.names(MONDAY)[0][("topic", "quibblery")]["weeks"], [1, *[None] * 6, 3], "a shared phrase")
    equal(week_of([dict(row) for row in rows] + [{"text": "Any quibblery?", "week": -8}]).names(MONDAY)[0]
          .get(("topic", "quibblery")), None, "a phrase shared before the eight weeks")
    owned = week_of([{"text": "salary?", "topic": "notice period"}], owner_topics={"money": ["Salary"]})
    equal(set(owned.names(MONDAY)[0]), {("topic", "money")}, "the owner's rule")


def figures_are_whole():
    """Capture, match, conversations, together and weeks."""
    rows = [{"text": "Go and Docker?", "session": "a", "match": "full", "score": Decimal("70.25"), "source": "model"},
            {"text": "Go?", "session": "a", "match": "full", "outcome": "quota", "score": Decimal(1)},
            {"text": "Docker?", "session": "b", "match": "none", "outcome": "no_match", "score": Decimal(0)},
            {"text": "Go?", "session": "b", "outcome": "unanswered", "has_response": False},
            {"text": "Docker and Go?"}, {"text": "Rust?", "excluded": "own"}, {"text": "Go?", "week": -2}]
    report = (recount := week_of(rows)).report(MONDAY)
    equal(report["capture"], {"queries": 5, "joined": 4, "unanswered": 1, "joinRate": Decimal("0.8000"), "responses": 4,
                              "responseOnly": 0, "withoutSession": 1, "ignoredNames": 0}, "capture")
    equal(report["match"], {"full": 1, "partial": 0, "none": 1, "meanScore": Decimal("35.1"), "previous": None,
                            "sources": {"model": 1, "similarity": 0, "unknown": 1}}, "match")
    equal(report["conversations"], 3, "conversations")
    go = report["names"][("skill", "Go")]
    equal({field: go[field] for field in ("queries", "conversations", "previous", "weeks", "full", "none", "unanswered",
                                          "failing")},
          {"queries": 4, "conversations": 3, "previous": None, "weeks": [None] * 5 + [1, None, 4], "full": 1, "none": 0,
           "unanswered": 1, "failing": 2}, "a skill's row")
    equal(report["together"], {}, "no more together than chance")
    equal(report["provenance"], {"interactions": 5, "excluded": 1, "excludedBy": {"own": 1, "bots": 0, "canaries": 0,
                                                                                  "listed": 0}}, "provenance")
    equal(recount.after_no_match(MONDAY), (1, 1, 1), "after an answer that covered nothing")
    pairs = [{"text": "Go and Docker?"}] * 3 + [{"text": "Rust?"}] * 3
    (pair, (count, chance)), = week_of([dict(row) for row in pairs]).report(MONDAY)["together"].items()
    equal((pair, count, float(chance)), (frozenset([("skill", "Go"), ("skill", "Docker")]), 3, 1.5), "together")


def halves_are_joined():
    """A whole record takes the session and the flag of its query event in either order; a confidence is no score."""
    whole = ('{"eventType":"response","requestId":"a","timestamp":1795000003000,"query":"Go?",'
             '"queryTimestamp":1795000000000,"matchQuality":{"type":"none","confidence":0.97},"topic":"",'
             '"metadata":{"matchSource":"model"}}')
    query = ('{"eventType":"query","requestId":"a","timestamp":1795000000000,"query":"Go??","sessionId":"s",'
             '"metadata":{"traffic":"own"}}')
    for order in ([whole, query], [query, whole]):
        joined = Joined()
        equal([joined.deliver(line) for line in order], ["stored", "stored"], "a query event beside a whole record")
        one, = joined.interactions()
        equal((one.text, one.session, one.excluded, one.score, one.match, one.source, one.topic, one.latency),
              ("Go?", "s", "own", None, "none", "model", None, Decimal(3000)), "a whole record")


def trends_follow_the_formula():
    """The tests against closed forms."""
    for seen in (0, 3, 8):
        # variance m + m² is the geometric distribution, whose tails are powers
        upper = 0.8 ** seen - 0.5 * 0.2 * 0.8 ** seen
        close(mid_p(seen, 4.0, 20.0)[0], min(1, 2 * min(upper, 1 - upper)), "geometric")
    poisson = sum(exp(-10) * 10 ** k / factorial(k) * (0.5 if k == 20 else 1) for k in range(20, 80))
    close(mid_p(20, 10.0, 10.0 * 1.0000001)[0], 2 * poisson, "Poisson")
    equal(mid_p(20, 10.0, 10.001)[1], 1, "the side")
    equal(mid_p(0, 0.0, 0.0), (1.0, 0), "a week with nothing in it")
    close(float(fisher(3, 4, 1, 4)), 34 / 70, "Fisher")
    equal(surprising({"a": 0.02, "b": 0.06, "c": 0.09, "d": 0.9}), {"a"}, "Benjamini and Hochberg")
    equal(surprising({"a": 0.06, "b": 0.06, "c": 0.07, "d": 0.9}), {"a", "b", "c"}, "the procedure steps up")
    # one name, 1 and 3 of 10 and 10: E = 2, so ((1 + 1) · 2 - 2 · 2 · 0.8) ÷ 8
    close(unrest({"a": 4}, [({"a": 1}, 10), ({"a": 3}, 10)]), 0.1, "unrest")
    names = {f"n{place}": 20 for place in range(7)}
    close(week_size({**dict.fromkeys(names, 10), "n0": 90}, 100, names, 100), 50.0, "a third of the traffic")
    close(week_size(dict.fromkeys(names, 1), 100, names, 100), 20.0, "a fifth at least")
    close(week_size({}, 100, dict(list(names.items())[:6]), 100), 100.0, "six names are too few")
    base = [({"a": 5, "b": 5}, 100)] * 7
    moves = judge({"a": 30, "b": 5, "c": 9}, 100, base)
    equal({name: move.allowed for name, move in moves.items()},
          {"a": {"rising"}, "b": {"steady"}, "c": {"new"}}, "moves")
    close(moves["a"].expected, 35.5 / 701 * 100, "expected")
    equal(judge({}, 100, [({"a": 20}, 100)])["a"][:2], ({"gone"}, None), "one base week")
    equal(judge({"a": 9}, 100, [])["a"].p, None, "no base week")
    equal(judge({"a": 20}, 100, [({}, 100), ({}, 100), ({"a": 20}, 90)])["a"].allowed, {"steady"}, "plain counts agree")


def close(actual, expected, what):
    """Says where two numbers differ."""
    if abs(actual - expected) > 1e-6:
        raise AssertionError(f"{what}: expected {expected}, counted {actual}")


def check_counting():
    """Counts every hand-made week, and stops at the first that is counted wrongly."""
    for check in (gaps_are_what_the_agent_says, names_are_read, topics_have_an_order, figures_are_whole,
                  halves_are_joined, trends_follow_the_formula):
        check()


if __name__ == "__main__":
    check_counting()
    print("the hand-made weeks are counted right")
