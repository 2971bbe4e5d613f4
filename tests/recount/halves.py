"""Reads events as agents send them, and joins their halves, using only the contract."""

import json
import re
from collections import namedtuple
from datetime import datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation

EARLIEST_MS = 946_684_800_000
LATEST_MS = 4_102_444_800_000
OUTCOMES = {"answered", "no_match", "blocked", "off_hours", "quota", "ai_error", "error"}
MATCH_TYPES = {"full", "partial", "none"}
BOTS = ("googlebot", "bingbot")
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

SOURCES = {"model", "similarity"}
EXCLUSIONS = ("own", "bots", "canaries", "listed")

Interaction = namedtuple("Interaction", "request_id timestamp text session match score source outcome outcome_named "
                                        "has_query has_response latency missing matched topic excluded feedback")


class DeadLetter(Exception):
    """A message that cannot be read; its text is the reason."""


def number(value):
    """A number, also one that was sent as text; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, Decimal)):
        return Decimal(value)
    if isinstance(value, str):
        try:
            return Decimal(value)
        except InvalidOperation:
            return None
    return None


def milliseconds(value):
    """Milliseconds since 1970 of any timestamp that the contract tolerates."""
    given = number(value)
    if given is not None:
        if given < 10 ** 11:
            given *= 1000
        result = int(given.to_integral_value(rounding="ROUND_FLOOR"))
    elif isinstance(value, str):
        shape = re.fullmatch(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?", value)
        if not shape:
            raise DeadLetter("bad_timestamp")
        date, time, fraction, zone = shape.groups()
        moment = datetime.fromisoformat(f"{date}T{time}+00:00")
        if zone and zone != "Z":
            offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
            moment += offset if zone[0] == "-" else -offset
        result = (moment - EPOCH) // timedelta(milliseconds=1) + int(((fraction or "") + "000")[:3])
    else:
        raise DeadLetter("bad_timestamp")
    if not EARLIEST_MS <= result <= LATEST_MS:
        raise DeadLetter("bad_timestamp")
    return result


def whole_characters(text):
    """The text with each half of a surrogate pair replaced, as JSON's escapes allow it to be alone."""
    return "".join("\ufffd" if 0xD800 <= ord(c) <= 0xDFFF else c for c in text)


def kept_text(text, characters):
    """A free text as it is kept: personal data of the kinds that the generator writes replaced, then cut."""
    text = whole_characters(text)
    text = re.sub(r"[\w.+-]+@[\w-]+(\.[\w-]+)+", "[email]", text)
    text = re.sub(r"\+\d\d \d{2} \d{4} \d{4}", "[phone]", text)
    return text[:characters]


def names(value):
    """A list of names as they came: texts, one text that may be a list, or objects with a name."""
    if isinstance(value, str):
        value = [value]
    found = [item["name"] if isinstance(item, dict) else item for item in value or []]
    return [name for name in found if name.strip()]


def all_names(event, *keys):
    """The names in all of these fields."""
    return [name for key in keys for name in names(present(event, key)[1])]


def present(event, *keys):
    """The first of these fields that is there, under its dotted name; an empty text is an absent field."""
    for key in keys:
        value = event
        for part in key.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value not in (None, ""):
            return key, value
    return None, None


def exclusion(metadata):
    """Why the half's traffic does not count: own, bots or canaries; None for a visitor's."""
    traffic = {"own": "own", "bot": "bots", "canary": "canaries"}.get(metadata.get("traffic"))
    agent = (metadata.get("userAgent") or "").lower()
    return "bots" if traffic is None and any(bot in agent for bot in BOTS) else traffic


def read(line):
    """One event as a half: a dictionary with `kind` (query, response or whole) and everything that figures need."""
    try:
        event = json.loads(line, parse_float=Decimal)
    except ValueError:
        raise DeadLetter("not_json") from None
    if not isinstance(event, dict):
        raise DeadLetter("not_an_object")
    event_type = present(event, "eventType", "type")[1]
    if event_type is None:
        raise DeadLetter("missing_field")
    if event_type not in ("query", "response", "feedback"):
        raise DeadLetter("unknown_event_type")
    request_id = present(event, "requestId", "correlationId")[1]
    if request_id is None:
        raise DeadLetter("missing_field")
    if not 1 <= len(request_id) <= 119 or request_id.startswith("cv-analytics:"):
        raise DeadLetter("bad_request_id")
    if event.get("timestamp") is None:
        raise DeadLetter("missing_field")
    if event_type == "feedback":
        return feedback(event, request_id)
    half = {"kind": event_type, "request_id": request_id, "timestamp": milliseconds(event["timestamp"]),
            "text": None, "session": None, "match": None, "score": None, "source": "unknown", "outcome": None,
            "outcome_named": False, "query_timestamp": None, "total_time": None, "topic": None}
    session = present(event, "sessionId")[1]
    half["session"] = session if session != "anonymous" else None
    metadata = event.get("metadata") or {}
    half["excluded"] = exclusion(metadata)
    if metadata.get("matchSource") in SOURCES:
        half["source"] = metadata["matchSource"]
    if present(event, "query")[1] is not None:
        half["text"] = kept_text(event["query"], 2000)
    elif event_type == "query":
        raise DeadLetter("missing_field")
    half["missing"] = all_names(event, "missingSkills", "skillsMissing", "missingConcepts")
    half["matched"] = all_names(event, "matchedSkills", "skillsMatched", "meta.matchedSkills")
    half["reasoning"] = present(event, "reasoning", "llmReasoning", "matchQuality.reasoning", "meta.reasoning")[1]
    half["topic"] = present(event, "topic")[1]
    half["other"] = {key: event[key] for key in ("response", "model", "tokens", "answer") if key in event}
    performance = event.get("performance") or {}
    half["total_time"] = number(performance.get("totalTime"))
    half["score"] = score_in_metadata(metadata)
    if event_type == "query":
        if event.get("response") is not None:
            half.update(kind="whole", outcome="answered")
        return half
    read_match(event, half)
    if event.get("queryTimestamp") is not None:
        half["query_timestamp"] = milliseconds(event["queryTimestamp"])
    if half["text"] is not None and half["query_timestamp"] is not None:
        half["kind"] = "whole"
    return half


def feedback(event, request_id):
    """The visitor's word, as it is kept: equal ones are equal."""
    ratings = {"up": "up", "1": "up", "true": "up", "thumbs_up": "up",
               "down": "down", "-1": "down", "false": "down", "thumbs_down": "down"}
    if event.get("rating") in (None, ""):
        raise DeadLetter("missing_field")
    rating = ratings.get(str(event["rating"]).lower())
    if rating is None:
        raise DeadLetter("bad_rating")
    comment = present(event, "comment")[1]
    return {"kind": "feedback", "request_id": request_id, "timestamp": milliseconds(event["timestamp"]),
            "rating": rating, "comment": kept_text(comment, 500).rstrip() if comment else None}


def canonical(given):
    """By which feedback of one moment is ordered: the event's fields by their names."""
    fields = {"eventType": "feedback", "rating": given["rating"], "requestId": given["request_id"],
              "timestamp": given["timestamp"]}
    if given["comment"] is not None:
        fields["comment"] = given["comment"]
        if len(given["comment"]) == 500:
            fields["cut"] = ["comment"]
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def score_in_metadata(metadata):
    """The score in the agent's own metadata; None for what is none."""
    quality = metadata.get("matchQuality")
    if isinstance(quality, bool) or not isinstance(quality, (int, Decimal)):
        return None
    score = Decimal(quality) * 100 if quality <= 1 else Decimal(quality)
    return score if 0 <= score <= 100 else None


def read_match(event, half):
    """Match type, score and outcome of a response event."""
    match = present(event, "matchType", "matchQuality.type", "meta.matchType")[1]
    outcome = present(event, "outcome")[1]
    if match is None and outcome is None:
        raise DeadLetter("missing_field")
    if match is not None and match.lower() not in MATCH_TYPES:
        raise DeadLetter("bad_match")
    if outcome is not None and outcome.lower() not in OUTCOMES:
        raise DeadLetter("bad_outcome")
    half["match"] = match.lower() if match is not None else None
    half["outcome"] = outcome.lower() if outcome is not None else "no_match" if half["match"] == "none" else "answered"
    half["outcome_named"] = outcome is not None
    if half["outcome"] == "no_match" and half["match"] is None:
        half["match"] = "none"
    block = event.get("matchQuality")
    # a confidence is never a score: a model can be sure of "none"
    key, score = present(event, "matchScore", "coverage", *(() if isinstance(block, dict) else ("matchQuality",)))
    if key is not None:
        score = number(score)
        if key == "matchQuality" and score is not None and score <= 1:
            score *= 100
        if score is None or not 0 <= score <= 100:
            raise DeadLetter("bad_match")
        half["score"] = score


class Joined:
    """The halves kept under each request, and how often a delivery added nothing."""

    def __init__(self):
        self.queries = {}
        self.responses = {}
        self.feedback = {}
        self.counts = {"stored": 0, "duplicate": 0, "conflict": 0, "deadLetter": 0}
        self.of_canaries = dict.fromkeys(self.counts, 0)

    def deliver(self, line):
        """Takes one event, and gives what became of it."""
        status = self._status(line)
        self.counts[status] += 1
        if status != "deadLetter" and (json.loads(line).get("metadata") or {}).get("traffic") == "canary":
            self.of_canaries[status] += 1
        return status

    def _status(self, line):
        try:
            half = read(line)
        except DeadLetter:
            return "deadLetter"
        if half["kind"] == "feedback":
            there = self.feedback.get(half["request_id"])
            if there == half:
                return "duplicate"
            if there is None or half["timestamp"] > there["timestamp"] \
                    or half["timestamp"] == there["timestamp"] and canonical(half) < canonical(there):
                self.feedback[half["request_id"]] = half
            return "stored"
        response = self.responses.get(half["request_id"])
        of_query = half["kind"] == "query"
        kept = self.queries if of_query else self.responses
        there = kept.setdefault(half["request_id"], half)
        if of_query and response and response["kind"] == "whole":
            return "stored"
        return "stored" if there is half else "duplicate" if there == half else "conflict"

    def interactions(self, excluded_sessions=(), excluded_requests=()):
        """Every interaction, joined; also the excluded ones, which say why."""
        for request_id in self.queries.keys() | self.responses.keys():
            query, response = self.queries.get(request_id), self.responses.get(request_id)
            whole = response is not None and response["kind"] == "whole"
            asked = response if whole else query
            timestamp = (asked or response)["timestamp"]
            if whole and asked["query_timestamp"] is not None:
                timestamp = asked["query_timestamp"]
            # a query event beside a whole record adds its session and its traffic flag, and nothing else
            halves = [half for half in ((response, query) if whole else (query, response)) if half]
            session = next((half["session"] for half in halves if half["session"]), None)
            reasons = {half["excluded"] for half in halves}
            if session in excluded_sessions or request_id in excluded_requests:
                reasons.add("listed")
            combined = whole and asked["query_timestamp"] is None
            latency = None
            if response:
                latency = response["total_time"]
                if latency is None and asked and not combined:
                    latency = Decimal(response["timestamp"] - timestamp)
                if latency is not None and latency < 0:
                    latency = None
            answer = response or {}
            yield Interaction(
                request_id, timestamp, asked["text"] if asked else None, session,
                answer.get("match"), answer.get("score"), answer.get("source"), answer.get("outcome", "unanswered"),
                answer.get("outcome_named", False), asked is not None, response is not None, latency,
                answer.get("missing", []), answer.get("matched", []), answer.get("topic"),
                next((reason for reason in EXCLUSIONS if reason in reasons), None), self.feedback.get(request_id))
