"""Holds the figures in the text and the HTML form against those of the JSON form."""

import html
import re

LABELS = {"answered": "Answered", "no_match": "Nothing matched", "blocked": "Refused by a filter",
          "off_hours": "Asked outside hours", "quota": "Quota used up", "ai_error": "The model failed",
          "error": "Other error", "unanswered": "No answer arrived"}
COVERED = (("full", "fully covered"), ("partial", "partly"), ("none", "not"), ("unanswered", "unanswered"))
MOVED, SKILLS, GAPS = "what moved", "what people asked about", "what your agent could not answer well"
LATENCY = "how long answers took"
ISOLATES = dict.fromkeys(range(0x2066, 0x206A))


def cells_of_text(text):
    """The text in one line; a bar for each row of dots."""
    return re.sub(r"\s+", " ", re.sub(r" \.{3,} ", "|", text)).translate(ISOLATES)


def cells_of_html(page):
    """What a reader sees of the page, in one line; a bar between two elements."""
    page = re.sub(r"(?s)<style.*?</style>|<head.*?</head>|<!--.*?-->", "", page)
    page = html.unescape(re.sub(r"<[^>]+>", "|", page))
    return re.sub(r"[ |]*\|[ |]*", "|", re.sub(r"\s+", " ", page)).translate(ISOLATES)


def counted(count, word):
    """A count with its noun."""
    return f"{count:,} {word}" + ("" if count == 1 else "s")


def name_pattern(name):
    """A name that may be cut where it is long."""
    name = re.sub(r"\s+", " ", name)
    return re.escape(name) if len(name) <= 24 else re.escape(name[:20]) + ".*?"


def shown(items, section):
    """The items of a list that a section shows: it says how many it leaves out."""
    more = re.search(r"and (\d+) more \w+ in the json form", section)
    return items[:len(items) - int(more[1])] if more else items


class Form:
    """One form of a report, and what its JSON lets expect in it."""

    def __init__(self, name, content, report):
        self.is_text = name == "text"
        self.cells = cells_of_text(content) if self.is_text else cells_of_html(content)
        self.report = report
        self.name = name

    def differences(self):
        """Every figure of the JSON form that this form does not show as it should."""
        if not self.report["provenance"]["interactions"]:
            return
        for what, pattern in [*self.rows(), *self.skills(), *self.gaps(), *self.trending()]:
            if not re.search(pattern, self.cells):
                yield f"{self.name}: {what}: nothing like {pattern}"

    def section(self, heading, following):
        """What stands between two headings."""
        cells = self.cells.lower()
        begin = max(0, cells.find(heading))
        end = cells.find(following, begin)
        return cells[begin:end] if end > 0 else cells[begin:]

    def rows(self):
        """The rows with a label and a number."""
        capture, match, latency = self.report["capture"], self.report["match"], self.report["latencyMs"]
        rows = {"Questions": capture["queries"], "Answers": capture["responses"],
                "Question and answer joined": capture["joined"],
                "Questions without an answer": capture["unanswered"],
                "Answers without a question": capture["responseOnly"],
                "Repeated deliveries, left out": capture["deliveries"]["duplicates"],
                "Deliveries that contradict an earlier one": capture["deliveries"]["conflicts"],
                "Messages that could not be read": capture["deliveries"]["deadLetters"]}
        rows.update({LABELS[outcome]: count for outcome, count in self.report["outcomes"].items() if count})
        if self.report["sessions"] is not None:
            rows["Conversations"] = self.report["sessions"]
        for label, count in rows.items():
            yield label, rf"\b{label}\|{count:,}(?![\d,.])"
        if self.report["sessions"] is None:
            yield "sessions", r"\bConversations\|not collected"
        if match["meanScore"] is not None:
            yield "mean score", rf"\bMatch score\|{float(match['meanScore']):.1f}(?!\d)"
        if match["full"] + match["partial"] + match["none"]:
            for kind, words in (("full", "fully covered"), ("partial", "partly covered"), ("none", "not covered")):
                yield kind, rf"(?<![\d,.]){match[kind]:,}[ |]{words}"
        if latency["samples"] and latency["p50"] < 1000:
            yield "p50", rf"\bHalf of the answers within\|{latency['p50']} ms"
        provenance = self.report["provenance"]
        left_out = f"; {provenance['excluded']:,} left out" if provenance["excluded"] else ""
        yield "provenance", f"Made from {counted(provenance['interactions'], 'interaction')}{left_out}"

    def skills(self):
        """The skills that are shown, with how well they were covered and the week before."""
        asked = [skill for skill in self.report["skills"] if skill["queries"]]
        for skill in shown(asked, self.section(SKILLS, GAPS)):
            name = name_pattern(skill["skill"])
            covered = " · ".join(f"{skill[kind]:,} {words}" for kind, words in COVERED if skill[kind])
            was = "" if skill["previous"] is None else f"was {skill['previous']:,}(?![\\d,])"
            arrow = "" if skill["trend"] in ("steady", "too_few") else rf".{{1,3}}{skill['trend']}"
            if self.is_text:
                weeks = ", ".join("no data" if week is None else f"{week:,}" for week in skill["weeks"])
                was = was and ", " + was
                yield skill["skill"], rf"{name}{arrow}: {skill['queries']:,}{was} \S+ {weeks}( {covered}|$| )"
            else:
                covered = covered and rf"{covered}\|"
                yield skill["skill"], rf"\|{name}{arrow}\|{covered}(–\|)*{skill['queries']:,}\|{was}"

    def gaps(self):
        """The gaps that are shown: those of a kind stand together, the largest of all are there."""
        for gap in shown(self.report["gaps"], self.section(GAPS, LATENCY)):
            sessions = gap["sessions"]
            people = r" \(conversations not collected\)" if sessions is None else \
                f" in {counted(sessions, 'conversation')}"
            weeks = f"; {gap['weeksRunning']} weeks running" if gap["weeksRunning"] > 1 else ""
            lead = ("- ", ": ") if self.is_text else (r"\|", r"\|")
            yield gap["name"], (lead[0] + name_pattern(gap["name"]) + lead[1]
                                + counted(gap["queries"], "question") + people + weeks)

    def trending(self):
        """The skills with an arrow: what rises, then what falls."""
        moved = sorted(self.report["trending"], key=lambda skill: skill["trend"] in ("falling", "gone"))
        for skill in shown(moved, self.section(MOVED, SKILLS)):
            asked = counted(skill["queries"], "question") if skill["queries"] else "no question"
            before = "none in the seven weeks before" if skill["trend"] == "new" else \
                f"{skill['previous']:,} the week before"
            yield skill["skill"], f"{skill['trend']}.{{1,3}}{name_pattern(skill['skill'])}.{{1,3}}{asked}, {before}|" \
                f"{name_pattern(skill['skill'])}.{{1,5}}{skill['trend']}.{{1,3}}{asked}, {before}"
