"""Recounts the figures of a week's report from interactions, in whole numbers and fractions."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import comb

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
FALSE_ALARMS = Fraction(1, 10)
FAULTS = ("quota", "ai_error", "error", "unanswered")
REFUSALS = ("blocked", "off_hours")
MATCH_TYPES = ("full", "partial", "none")
OUTCOMES = ("answered", "no_match", "blocked", "off_hours", "quota", "ai_error", "error", "unanswered")


def monday_of(milliseconds):
    """The Monday of the week that a moment belongs to, UTC."""
    day = (EPOCH + timedelta(days=milliseconds // 86_400_000)).date()
    return day - timedelta(days=day.weekday())


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


@lru_cache(maxsize=None)
def fisher(with_now, all_now, with_before, all_before):
    """Two-sided p of Fisher's exact test: the tables with these sums that are no likelier than this one."""
    total, chosen = all_now + all_before, with_now + with_before

    def ways(now):
        return comb(all_now, now) * comb(all_before, chosen - now)

    observed = ways(with_now)
    possible = range(max(0, chosen - all_before), min(chosen, all_now) + 1)
    return Fraction(sum(w for w in map(ways, possible) if w <= observed), comb(total, chosen))


def surprising(p_values):
    """The names that Benjamini and Hochberg's procedure finds at the report's rate of false alarms."""
    ranked = sorted(p_values.items(), key=lambda item: item[1])
    last = 0
    for rank, (_, p) in enumerate(ranked, 1):
        if p <= FALSE_ALARMS * rank / len(ranked):
            last = rank
    return {name for name, _ in ranked[:last]}


def share_change(with_now, all_now, with_before, all_before):
    """1 where the share grew, -1 where it shrank, else 0."""
    left, right = with_now * all_before, with_before * all_now
    return (left > right) - (left < right)


def distinct(values):
    """How many different values there are apart from None; None where there are none."""
    return len({value for value in values if value is not None}) or None


def by_count(counter):
    """Names with their counts, most first, then by name."""
    return sorted(counter.items(), key=lambda item: (-item[1], item[0]))


class Words:
    """What the program's own dictionary says: the skills that texts name, and the names of skills."""

    def __init__(self, dictionary, skills_of_text, topic_of_text, free_texts, cv):
        self.skills_of_text = skills_of_text
        self.topic_of_text = topic_of_text
        self.free_texts = free_texts
        self.names = {}
        self.spellings = defaultdict(set)
        for entry in dictionary:
            for word in [*entry["aliases"], entry["skill"]]:
                self.names[word.lower()] = entry["skill"]
        self.words = {entry["skill"]: [entry["skill"].lower(), *map(str.lower, entry["aliases"])]
                      for entry in dictionary}
        self.on_cv = None if cv is None else {self.skill(name) for name in cv}
        self.cv_words = defaultdict(set)
        for name in cv or []:
            self.cv_words[self.skill(name)].add(name.lower())

    def skill(self, name):
        """The canonical name, or for an unknown skill its name in lower case, whose spellings are noted."""
        known = self.names.get(name.lower())
        if known:
            return known
        self.spellings[name.lower()].add(name)
        return name.lower()

    def named_in(self, text):
        """The skills that a question's text names."""
        return frozenset(self.skills_of_text[text])


class Counted:
    """An interaction with what the words in it mean."""

    def __init__(self, interaction, words):
        self.interaction = interaction
        self.in_text = words.named_in(interaction.text) if interaction.text is not None else frozenset()
        named = interaction.missing + (interaction.matched if interaction.text is None else [])
        self.skills = self.in_text | {words.skill(name) for name in named}
        self.topic = None
        if not self.skills and interaction.text is not None:
            self.topic = words.topic_of_text.get(interaction.text, "?")

    def gaps(self, on_cv):
        """The gaps that this interaction belongs to: (type, name, kind)."""
        if self.interaction.outcome in FAULTS:
            kind = "fault"
        elif self.interaction.outcome in REFUSALS:
            kind = "blocked"
        elif self.interaction.match == "none":
            kind = None
        else:
            return
        subjects = [("skill", skill) for skill in self.skills] or ([("topic", self.topic)] if self.topic else [])
        for of_type, name in subjects:
            yield of_type, name, kind or (
                "unmatched" if on_cv is None else "not_retrieved" if name in on_cv else "not_on_cv")


class Recount:
    """All weeks of one set of interactions."""

    def __init__(self, interactions, words):
        self.words = words
        self.weeks = defaultdict(list)
        self.excluded = Counter()
        for interaction in sorted(interactions, key=lambda i: (i.timestamp, i.request_id)):
            monday = monday_of(interaction.timestamp)
            if interaction.excluded:
                self.excluded[monday] += 1
            else:
                self.weeks[monday].append(Counted(interaction, words))

    def skill_counts(self, monday):
        """How many interactions of the week have each skill."""
        return Counter(skill for counted in self.weeks.get(monday, []) for skill in counted.skills)

    def match(self, monday):
        """The week's match types and mean score, None for a week without data."""
        asked = [counted.interaction for counted in self.weeks.get(monday, [])]
        if not asked:
            return None
        scores = [i.score for i in asked if i.score is not None]
        mean = sum(map(Fraction, scores)) / len(scores) if scores else None
        return {**{kind: sum(i.match == kind for i in asked) for kind in MATCH_TYPES}, "meanScore": half_up(mean, 1)}

    def gaps_of(self, monday):
        """The week's interactions under each gap."""
        found = defaultdict(list)
        for counted in self.weeks.get(monday, []):
            for gap in counted.gaps(self.words.on_cv):
                found[gap].append(counted)
        return found

    def report(self, monday):
        """The figures of the week that begins on this Monday."""
        self_before = monday - timedelta(days=7)
        asked = [counted.interaction for counted in self.weeks.get(monday, [])]
        queries = sum(i.has_query for i in asked)
        responses = sum(i.has_response for i in asked)
        joined = sum(i.has_query and i.has_response for i in asked)
        latencies = sorted(i.latency for i in asked if i.latency is not None)

        def percentile(hundredths):
            rank = -(-hundredths * len(latencies) // 100)
            return half_up(latencies[rank - 1], 0) if latencies else None

        empty = {"full": 0, "partial": 0, "none": 0, "meanScore": None}
        skills = self.skills(monday)
        return {
            "week": week_name(monday),
            "from": f"{monday.isoformat()}T00:00:00Z",
            "to": f"{(monday + timedelta(days=7)).isoformat()}T00:00:00Z",
            "capture": {"queries": queries, "responses": responses, "joined": joined, "unanswered": queries - joined,
                        "responseOnly": responses - joined,
                        "joinRate": half_up(Fraction(joined, len(asked)), 4) if asked else None},
            "sessions": distinct(i.session for i in asked),
            "match": {**(self.match(monday) or empty), "previous": self.match(self_before)},
            "outcomes": {outcome: sum(i.outcome == outcome for i in asked) for outcome in OUTCOMES},
            "latencyMs": {"p50": percentile(50), "p95": percentile(95), "p99": percentile(99),
                          "samples": len(latencies)},
            "skills": skills,
            "trending": {name: {"trend": skill["trend"], "queries": skill["queries"], "previous": skill["previous"],
                                "p": half_up(skill["p"], 5)}
                         for name, skill in skills.items() if skill["trend"] in ("rising", "falling", "new", "gone")},
            "gaps": self.gaps(monday),
            "provenance": {"interactions": len(asked), "excluded": self.excluded[monday]},
            "calibration": self.calibration(asked),
        }

    def history(self, monday):
        """The figures of the eight weeks that end with this one, by their names; None for a week without data."""
        found = {}
        for back in range(7, -1, -1):
            week = monday - timedelta(days=7 * back)
            figures = None
            if self.weeks.get(week):
                report = self.report(week)
                capture = report["capture"]
                figures = {"interactions": report["provenance"]["interactions"],
                           **{key: capture[key] for key in ("queries", "joined", "unanswered", "joinRate")},
                           "sessions": report["sessions"], "match": self.match(week), "outcomes": report["outcomes"],
                           "latencyMs": report["latencyMs"],
                           "scoreBands": report["calibration"] and report["calibration"]["bands"]}
            found[week_name(week)] = figures
        return found

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

    def skills(self, monday):
        """Every skill of this week or the one before."""
        eight = [monday - timedelta(days=7 * back) for back in range(7, -1, -1)]
        counts = {week: self.skill_counts(week) for week in eight}
        now, before = counts[monday], counts[eight[6]]
        p_values, moves = self.trends(monday, eight[6])
        found = {}
        for skill in now.keys() | before.keys():
            own = [counted.interaction for counted in self.weeks.get(monday, []) if skill in counted.skills]
            if skill not in p_values:
                trend = "too_few"
            elif moves[skill] == 1:
                trend = "rising" if any(counts[week][skill] for week in eight[:7]) else "new"
            elif moves[skill] == -1:
                trend = "falling" if now[skill] else "gone"
            else:
                trend = "steady"
            found[skill] = {
                "queries": now[skill],
                "sessions": distinct(i.session for i in own),
                "previous": before[skill] if self.weeks.get(eight[6]) else None,
                "trend": trend,
                "weeks": [counts[week][skill] if self.weeks.get(week) else None for week in eight],
                **{kind: sum(i.match == kind for i in own) for kind in MATCH_TYPES},
                "unanswered": sum(i.outcome == "unanswered" for i in own),
                "p": p_values.get(skill),
                "in_text": [counted for counted in self.weeks.get(monday, []) if skill in counted.in_text],
            }
        return found

    def trends(self, monday, week_before):
        """The p of each skill that is tested, and which way it moved: 1, -1, or 0 for no clear move."""
        weeks = [self.weeks.get(monday, []), self.weeks.get(week_before, [])]
        counts = [self.skill_counts(monday), self.skill_counts(week_before)]
        tested = [skill for skill in counts[0].keys() | counts[1].keys() if counts[0][skill] + counts[1][skill] >= 5]
        sizes = [len(week) for week in weeks]
        tables = {skill: (counts[0][skill], sizes[0], counts[1][skill], sizes[1]) for skill in tested}
        p_values = {skill: fisher(*table) for skill, table in tables.items()}
        found = surprising(p_values)
        moves = {skill: share_change(*table) if skill in found else 0 for skill, table in tables.items()}
        known = sum(counted.interaction.session is not None for week in weeks for counted in week)
        if 5 * known >= 4 * sum(sizes):
            for_sessions = self.session_moves(weeks, tested)
            moves = {skill: move if move == for_sessions[skill] else 0 for skill, move in moves.items()}
        return p_values, moves

    @staticmethod
    def session_moves(weeks, tested):
        """The same test on distinct sessions in place of interactions."""
        with_skill, everyone = [], []
        for week in weeks:
            sessions = defaultdict(set)
            for counted in week:
                if counted.interaction.session is not None:
                    for skill in counted.skills:
                        sessions[skill].add(counted.interaction.session)
            with_skill.append(sessions)
            everyone.append(distinct(counted.interaction.session for counted in week) or 0)
        tables = {skill: (len(with_skill[0][skill]), everyone[0], len(with_skill[1][skill]), everyone[1])
                  for skill in tested}
        found = surprising({skill: fisher(*table) for skill, table in tables.items()})
        return {skill: share_change(*table) if skill in found else 0 for skill, table in tables.items()}

    def vague_kinds(self, monday):
        """The kinds in which one of the eight weeks has a question whose topic the recount does not know."""
        eight = [monday - timedelta(days=7 * back) for back in range(8)]
        return {gap[2] for week in eight for gap in self.gaps_of(week) if gap[:2] == ("topic", "?")}

    def gaps(self, monday):
        """The week's gaps, by (type, name, kind)."""
        eight = [monday - timedelta(days=7 * back) for back in range(8)]
        per_week = [self.gaps_of(week) for week in eight]
        found = {}
        for gap, own in per_week[0].items():
            running = next((back for back, gaps in enumerate(per_week) if gap not in gaps), 8)
            oldest = max(back for back, gaps in enumerate(per_week) if gap in gaps)
            texts = [counted.interaction.text for counted in own if counted.interaction.text is not None]
            found[gap] = {
                "queries": len(own),
                "sessions": distinct(counted.interaction.session for counted in own),
                "weeksRunning": running,
                "firstSeen": week_name(eight[oldest]),
                "examples": texts[:3],
                "related": Counter(skill for counted in own for skill in counted.skills if skill != gap[1]),
            }
        return found
