"""Recounts the figures of a week's report from interactions, in whole numbers and fractions."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import combinations

from names import Topic, occurs_in
from trends import judge

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
FAULTS = ("quota", "ai_error", "error", "unanswered")
REFUSALS = ("blocked", "off_hours")
MATCH_TYPES = ("full", "partial", "none")
SOURCES = ("model", "similarity", "unknown")
OUTCOMES = ("answered", "no_match", "blocked", "off_hours", "quota", "ai_error", "error", "unanswered")
EXCLUSIONS = ("own", "bots", "canaries", "listed")
OTHER_QUESTIONS = "other questions"
ARROWS = ("rising", "falling", "new", "gone")
MAX_NAMES = 500
MIN_SHARED = 3


def monday_of(milliseconds):
    """The Monday of the week that a moment belongs to, UTC."""
    day = (EPOCH + timedelta(days=milliseconds // 86_400_000)).date()
    return day - timedelta(days=day.weekday())


def eight_weeks(monday):
    """The Mondays of the eight weeks that end with this one, oldest first."""
    return [monday - timedelta(days=7 * back) for back in range(7, -1, -1)]


def week_name(monday):
    """The week's name as in ISO 8601."""
    year, week, _ = monday.isocalendar()
    return f"{year}-W{week:02}"


def half_up(value, digits):
    """A number rounded to so many digits, halves upwards; None stays None."""
    if value is None:
        return None
    scaled = Fraction(value) * 10 ** digits
    rounded = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(rounded).scaleb(-digits)


def by_count(counter):
    """Names with their counts, most first, then by name."""
    return sorted(counter.items(), key=lambda item: (-item[1], item[0]))


def conversations(asked):
    """How many distinct sessions these have, and interactions without a session besides."""
    return len({counted.conversation for counted in asked})


def thumbs(counted):
    """How many of these their visitors rated up and down; None where nobody did."""
    ratings = Counter(one.interaction.feedback["rating"] for one in counted if one.interaction.feedback)
    return {"up": ratings["up"], "down": ratings["down"]} if ratings else None


class Words:
    """What words mean: the program's dictionary, the owner's settings, and the labelled questions."""

    def __init__(self, dictionary, entries, skills_of_text, topics, free_texts, cv, marks, owner_topics):
        self.dictionary = dictionary
        self.skills_of_text = skills_of_text
        self.topics = topics
        self.free_texts = free_texts
        self.marks = marks
        self.owner_topics = owner_topics
        self.spellings = defaultdict(set)
        self.words = {entry["skill"]: [entry["skill"].lower(), *map(str.lower, entry["aliases"])]
                      for entry in entries}
        have_it = [name for name, mark in marks.items() if mark == "have-it"]
        self.on_cv = None if cv is None and not have_it else {self.skill(name) for name in [*(cv or []), *have_it]}
        self.marks = {self.skill(name): mark for name, mark in marks.items()}
        self.cv_words = defaultdict(set)
        for name in cv or []:
            self.cv_words[self.skill(name)].add(name.lower())

    def skill(self, name):
        """The canonical name, or for an unknown skill its name in lower case, whose spellings are noted."""
        known = self.dictionary.skills_in(name, None)
        if len(known) == 1 and known[0] in self.words:
            return known[0]
        self.spellings[name.lower()].add(name)
        return name.lower()

    def named_in(self, text):
        """The skills that a question's text names."""
        return frozenset(self.skills_of_text[text])

    def read(self, names, question):
        """The skills that names from a model mean, how many of the names are ignored, and the topics among them."""
        found = [skill for name in names for skill in self.dictionary.skills_in(name, question)]
        topics = {name for name in found if isinstance(name, Topic)}
        named = [name for name in found if name is not None and not isinstance(name, Topic)]
        kept = [skill if skill in self.words else self.skill(skill) for skill in named]
        return frozenset(kept), found.count(None), topics

    def owners_topic(self, text):
        """The topic that the owner's rules give a question, else None."""
        found = {name for name, phrases in self.owner_topics.items()
                 for phrase in phrases if occurs_in(phrase, text)}
        if len(found) > 1:
            raise ValueError(f"two of the owner's rules fit, which the generator must not make: {text!r}")
        return next(iter(found), None)


class Counted:
    """An interaction with what the words in it mean."""

    def __init__(self, interaction, words):
        self.interaction = interaction
        text = interaction.text
        self.conversation = interaction.session or ("alone", interaction.request_id)
        self.in_text = words.named_in(text) if text is not None else frozenset()
        self.missing, ignored_missing, missing_topics = words.read(interaction.missing, text)
        self.matched, ignored_matched, matched_topics = words.read(interaction.matched, text)
        self.skills = self.in_text | self.missing | (self.matched if text is None else frozenset())
        agents_topic, ignored_topic = words.dictionary.topic_in(interaction.topic, text)
        # a topic that is missing beside a skill counts as one; by itself the question has it
        self.missing_topics = frozenset(missing_topics if self.skills else ())
        self.ignored = (ignored_missing + ignored_matched + ignored_topic + len(matched_topics)
                        + len(missing_topics) - len(self.missing_topics))
        self.topic = self.phrase = None
        if not self.skills:
            self.topic = (text is not None and words.owners_topic(text)) or agents_topic
            if self.topic is None and text is not None:
                self.topic, self.phrase = words.topics(text)
        # nobody was answered by a quota message, whatever match type it carries
        self.match = interaction.match if interaction.outcome in ("answered", "no_match") else None

    def named(self, shared):
        """The names that the interaction counts for: its skills, else its one topic."""
        if self.skills:
            return (frozenset(("skill", skill) for skill in self.skills)
                    | frozenset(("topic", topic) for topic in self.missing_topics))
        return frozenset([("topic", self.topic or (self.phrase if self.phrase in shared else OTHER_QUESTIONS))])

    def gaps(self, names, on_cv):
        """The gaps that this interaction belongs to: (type, name, kind)."""
        outcome = self.interaction.outcome
        if outcome in FAULTS or outcome in REFUSALS:
            return {(*name, "fault" if outcome in FAULTS else "blocked") for name in names}
        failed, topics = frozenset(), frozenset()
        if self.interaction.match == "none":
            topics = self.missing_topics
            failed = self.missing or not topics and self.skills - self.matched or frozenset()
            if not failed and not topics:
                topic = OTHER_QUESTIONS if self.skills else next(iter(names))[1]
                return {("topic", topic, "no_answer")}
        elif self.interaction.match == "partial":
            failed, topics = self.missing - self.matched, self.missing_topics
        return {("topic", topic, "no_answer") for topic in topics} | {("skill", skill, "unmatched" if on_cv is None else "not_retrieved" if skill in on_cv else "not_on_cv")
                for skill in failed}


class Week:
    """One week's interactions under the names that they have in a report."""

    def __init__(self, monday, asked, shared, on_cv):
        self.monday = monday
        self.asked = asked
        self.conversations = conversations(asked)
        self.by_name, self.by_gap, self.in_conversation = defaultdict(list), defaultdict(list), defaultdict(set)
        self.failing = Counter()
        for counted in asked:
            names = counted.named(shared)
            gaps = counted.gaps(names, on_cv)
            for name in names:
                self.by_name[name].append(counted)
                self.in_conversation[counted.conversation].add(name)
            for gap in gaps:
                self.by_gap[gap].append(counted)
            self.failing.update(names & {gap[:2] for gap in gaps})
        self.sizes = {name: conversations(own) for name, own in self.by_name.items()}


class Recount:
    """All weeks of one set of interactions."""

    def __init__(self, interactions, words):
        self.words = words
        self.weeks = defaultdict(list)
        self.excluded = defaultdict(Counter)
        for interaction in sorted(interactions, key=lambda i: (i.timestamp, i.request_id)):
            monday = monday_of(interaction.timestamp)
            if interaction.excluded:
                self.excluded[monday][interaction.excluded] += 1
            else:
                self.weeks[monday].append(Counted(interaction, words))

    @lru_cache(maxsize=None)
    def window(self, monday):
        """The eight weeks that end with this one; which phrases are topics depends on them."""
        sharing = defaultdict(set)
        for week in eight_weeks(monday):
            for counted in self.weeks.get(week, []):
                if counted.phrase:
                    sharing[counted.phrase].add(counted.conversation)
        shared = {phrase for phrase, those in sharing.items() if len(those) >= MIN_SHARED}
        return [Week(week, self.weeks.get(week, []), shared, self.words.on_cv) for week in eight_weeks(monday)]

    def match(self, monday):
        """The week's match types and mean score, None for a week without data."""
        asked = self.weeks.get(monday)
        if not asked:
            return None
        rated = [counted for counted in asked if counted.match]
        scores = [counted.interaction.score for counted in rated if counted.interaction.score is not None]
        mean = sum(map(Fraction, scores)) / len(scores) if scores else None
        return {**{kind: sum(counted.match == kind for counted in rated) for kind in MATCH_TYPES},
                "meanScore": half_up(mean, 1)}

    def plain(self, monday):
        """The figures of a week that history has too."""
        counted = self.weeks.get(monday, [])
        asked = [one.interaction for one in counted]
        queries = sum(i.has_query for i in asked)
        joined = sum(i.has_query and i.has_response for i in asked)
        latencies = sorted(i.latency for i in asked if i.latency is not None)

        def percentile(hundredths):
            rank = -(-hundredths * len(latencies) // 100)
            return half_up(latencies[rank - 1], 0) if latencies else None

        return {"interactions": len(asked), "queries": queries, "joined": joined, "unanswered": queries - joined,
                "joinRate": half_up(Fraction(joined, len(asked)), 4) if asked else None,
                "conversations": conversations(counted),
                "outcomes": {outcome: sum(i.outcome == outcome for i in asked) for outcome in OUTCOMES},
                "latencyMs": {"p50": percentile(50), "p95": percentile(95), "p99": percentile(99),
                              "samples": len(latencies)}}

    def report(self, monday):
        """The figures of the week that begins on this Monday, those of names under (type, name)."""
        counted = self.weeks.get(monday, [])
        asked = [one.interaction for one in counted]
        plain = self.plain(monday)
        responses = sum(i.has_response for i in asked)
        empty = {"full": 0, "partial": 0, "none": 0, "meanScore": None}
        excluded = {reason: self.excluded[monday][reason] for reason in EXCLUSIONS}
        names, moves = self.names(monday)
        return {
            "week": week_name(monday),
            "from": f"{monday.isoformat()}T00:00:00Z",
            "to": f"{(monday + timedelta(days=7)).isoformat()}T00:00:00Z",
            "capture": {**{key: plain[key] for key in ("queries", "joined", "unanswered", "joinRate")},
                        "responses": responses, "responseOnly": responses - plain["joined"],
                        "withoutSession": sum(i.session is None for i in asked),
                        "ignoredNames": sum(one.ignored for one in counted)},
            "conversations": plain["conversations"],
            "match": {**(self.match(monday) or empty), "previous": self.match(monday - timedelta(days=7)),
                      "sources": {source: sum(one.interaction.source == source for one in counted if one.match)
                                  for source in SOURCES}},
            "outcomes": plain["outcomes"],
            "latencyMs": plain["latencyMs"],
            "names": names,
            "moves": moves,
            "gaps": self.gaps(monday),
            "together": self.together(monday),
            "neverAsked": self.never_asked(monday),
            "provenance": {"interactions": len(asked), "excluded": sum(excluded.values()), "excludedBy": excluded},
            "calibration": self.calibration(asked),
            "feedback": self.feedback(monday),
        }

    def feedback(self, monday):
        """What visitors said of the week's answers; None where none of the eight weeks has anything."""
        if not any(one.interaction.feedback for week in eight_weeks(monday) for one in self.weeks.get(week, [])):
            return None
        counted = self.weeks.get(monday, [])
        covered = [one for one in counted if one.match == "full" and one.interaction.feedback]
        said = sorted((one.interaction for one in counted if one.interaction.feedback),
                      key=lambda i: (-i.feedback["timestamp"], i.request_id))
        return {**(thumbs(counted) or {"up": 0, "down": 0}), "covered": len(covered),
                "downThoughCovered": (thumbs(covered) or {"down": 0})["down"],
                "comments": [i.feedback["comment"] for i in said if i.feedback["comment"] is not None][:20]}

    def history(self, monday):
        """The figures of the eight weeks that end with this one, by their names; None for a week without data."""
        found = {}
        for week in eight_weeks(monday):
            asked = [counted.interaction for counted in self.weeks.get(week, [])]
            found[week_name(week)] = {**self.plain(week), "match": self.match(week),
                                      "scoreBands": (self.calibration(asked) or {}).get("bands")} if asked else None
        return found

    def after_no_match(self, monday):
        """Answers of a week's sessions that covered nothing, and of them the fewest and most that were asked on.

        They differ where a session goes on at the same moment, or with an answer whose question never came.
        """
        rows = [counted for counted in self.weeks.get(monday, []) if counted.interaction.session]
        if not rows:
            return None
        least = most = answers = 0
        for counted in rows:
            if counted.match == "none":
                others = [other.interaction for other in rows
                          if other is not counted and other.conversation == counted.conversation]
                answers += 1
                least += any(o.has_query and o.timestamp > counted.interaction.timestamp for o in others)
                most += any(o.timestamp >= counted.interaction.timestamp for o in others)
        return answers, least, most

    @staticmethod
    def calibration(asked):
        """The scores in bands of twenty and bins of ten, and how many disagree with the outcome."""
        scored = [i for i in asked if i.score is not None]
        if not scored:
            return None

        def disagrees(i):
            if i.outcome == "answered" and i.match != "none":
                return i.score < 40 and i.match != "partial"
            return i.score >= 60

        def lies_in(i, place, width):
            return min(int(i.score // width), 100 // width - 1) == place

        bands = []
        for place in range(5):
            band = [i for i in scored if lies_in(i, place, 20)]
            bands.append({"from": place * 20, "to": 100 if place == 4 else place * 20 + 19, "scored": len(band),
                          "disagreeing": sum(map(disagrees, band)),
                          "outcomes": {outcome: sum(i.outcome == outcome for i in band)
                                       for outcome in OUTCOMES if outcome != "unanswered"}})
        disagreeing = sum(map(disagrees, scored))
        return {"scored": len(scored), "disagreeing": disagreeing,
                "disagrees": disagreeing >= 5 and disagreeing * 50 >= len(scored), "bands": bands,
                "histogram": [sum(lies_in(i, place, 10) for i in scored) for place in range(10)]}

    def names(self, monday):
        """The figures of every skill and topic of this week or the one before, and how each name moved."""
        window = self.window(monday)
        now, before = window[7], window[6]
        moves = judge(now.sizes, now.conversations, [(week.sizes, week.conversations) for week in window[:7]
                                                     if week.asked])
        found = {name: self.figures(window, [name], moves[name]) for name in now.by_name.keys() | before.by_name.keys()}
        return found, moves

    @staticmethod
    def figures(window, names, move):
        """What a row says of its names: of one, or of those that it stands for."""
        asked = [list({id(counted): counted for name in names for counted in week.by_name.get(name, [])}.values())
                 for week in window]
        own = asked[7]
        return {
            "queries": len(own),
            "conversations": conversations(own),
            "previous": len(asked[6]) if window[6].asked else None,
            "weeks": [len(those) if week.asked else None for those, week in zip(asked, window)],
            **{kind: sum(counted.match == kind for counted in own) for kind in MATCH_TYPES},
            "unanswered": sum(counted.interaction.outcome == "unanswered" for counted in own),
            "failing": sum(window[7].failing[name] for name in names),
            "feedback": thumbs(own),
            "move": move,
            "in_text": [counted for counted in own if names[0][1] in counted.in_text],
        }

    def gaps(self, monday):
        """The week's gaps, by (type, name, kind)."""
        weeks = self.window(monday)[::-1]
        found = {}
        for gap, own in weeks[0].by_gap.items():
            running = next((back for back, week in enumerate(weeks) if gap not in week.by_gap), 8)
            oldest = max(back for back, week in enumerate(weeks) if gap in week.by_gap)
            found[gap] = {
                "queries": len(own),
                "partly": sum(counted.match == "partial" for counted in own),
                "conversations": conversations(own),
                "weeksRunning": running,
                "firstSeen": week_name(weeks[oldest].monday),
                "feedback": thumbs(own),
                "texts": [counted.interaction.text for counted in own if counted.interaction.text is not None],
                "related": Counter(skill for counted in own for skill in counted.skills if skill != gap[1]),
            }
        return found

    def together(self, monday):
        """Pairs of names that three conversations or more ask for, and more than chance: (conversations, chance)."""
        week = self.window(monday)[7]
        pairs = Counter()
        for names in week.in_conversation.values():
            pairs.update(combinations(sorted(names - {("topic", OTHER_QUESTIONS)}), 2))
        found = {}
        for (one, other), count in pairs.items():
            chance = Fraction(week.sizes[one] * week.sizes[other], week.conversations)
            if count >= MIN_SHARED and count > chance:
                found[frozenset((one, other))] = count, chance
        return found

    def never_asked(self, monday):
        """The skills of the CV list that nobody asked about in the eight weeks; None without a list."""
        if self.words.on_cv is None:
            return None
        return self.words.on_cv - {name for week in self.window(monday) for of_type, name in week.by_name
                                   if of_type == "skill"}
