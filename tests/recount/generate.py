"""Makes nine weeks of hostile but readable events, the same ones for the same seed."""

import json
import random
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

QUESTIONS = Path(__file__).parents[2] / "fixtures" / "questions"
WEEKS = 9
WEEK_MS = 7 * 86_400_000
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
FIRST_MONDAYS = [date(2026, 11, 16), date(2020, 11, 30), date(2015, 11, 23), date(2009, 11, 16), date(2004, 11, 29),
                 date(2032, 11, 8), date(2000, 1, 31), date(2099, 10, 5), date(2024, 2, 5), date(2025, 9, 29),
                 date(2018, 12, 3), date(2052, 11, 25)]
SKILLS = [["kubernetes", "k8s"], ["docker"], ["terraform"], ["aws"], ["azure"], ["python"], ["java"],
          ["javascript", "js"], ["typescript", "ts"], ["react native"], ["angular"], ["postgresql", "postgres"],
          ["kafka"], ["golang"], ["graphql"], ["jenkins"], ["redis"], ["linux"], ["c++"], ["c#"], [".net", "dotnet"],
          ["machine learning", "ml"], ["ci/cd"], ["node.js", "nodejs"], ["scala"], ["haskell"], ["cobol"]]
UNKNOWN = ["Frobnicator", "frobnicator", "FROBNICATOR", "Zorblang 3", "Quxoflow/9", "Übergerät", "零件管理",
           "O'Brienizer", "<b>Blinkware</b>"]
TEMPLATES = ["Do you know {}?", "How many years of {} experience do you have?", "{}?", "experience with {}",
             "Have you used {} in production, and when?", "hi! any {} projects 🙂", "<script>alert('{}')</script>",
             "{} or nothing – mail me at jane.doe@recruiting.example.org", "call +44 20 7946 0958 about {} please",
             "“{}” & \"{}\" \\ {} %s ${HOME}", "\tDo you know {}?  ", "Kennen Sie {}, bitte?", "{} cut \ud83d here?"]
OUTCOMES = ["answered", "no_match", "blocked", "off_hours", "quota", "ai_error", "error"]
BOT_AGENTS = ["Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
              "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"]
BROKEN = ["no json", "[1,2]", '"text"', '{"eventType":"query"',
          '{"eventType":"view","requestId":"dead","timestamp":%d}',
          '{"eventType":"query","requestId":"dead","timestamp":%d}',
          '{"eventType":"response","requestId":"dead","timestamp":%d}',
          '{"eventType":"query","requestId":"","timestamp":%d,"query":"Go?"}',
          '{"eventType":"query","requestId":"cv-analytics:x","timestamp":%d,"query":"Go?"}',
          '{"eventType":"query","requestId":"dead","timestamp":"yesterday","query":"Go?"}',
          '{"eventType":"query","requestId":"dead","timestamp":12,"query":"Go?"}',
          '{"eventType":"response","requestId":"dead","timestamp":%d,"matchType":"perfect"}',
          '{"eventType":"response","requestId":"dead","timestamp":%d,"matchType":"full","matchScore":101}',
          '{"eventType":"response","requestId":"dead","timestamp":%d,"matchType":"full","matchScore":-0.5}',
          '{"eventType":"response","requestId":"dead","timestamp":%d,"outcome":"gone fishing"}']


def lines_of(name):
    """The texts of one file of questions."""
    return [json.loads(line) for line in (QUESTIONS / name).read_text(encoding="utf-8").splitlines() if line.strip()]


class Scenario:
    """Events in the order in which they are sent, and the settings that they are counted under."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.seed = seed
        roll = self.random
        first = FIRST_MONDAYS[seed % len(FIRST_MONDAYS)]
        self.first_monday = first - timedelta(days=first.weekday())
        self.start_ms = (datetime.combine(self.first_monday, datetime.min.time(), timezone.utc) - EPOCH) \
            // timedelta(milliseconds=1)
        self.session_share = [None, 0.79, 0.81, 0.8, 1.0, "any"][seed % 6]
        self.cv = self.cv_list() if seed % 2 else None
        self.excluded_sessions = ["s-mine", "s-colleague"] if seed % 3 == 1 else []
        self.excluded_requests = []
        self.topic_texts = [line["text"] for line in lines_of("topics.jsonl")]
        self.skill_texts = [line["text"] for line in lines_of("skills.jsonl") if line["skills"]]
        self.taken = 0
        self.conflicting = set()
        self.logical = []
        for week in range(WEEKS):
            self.logical += self.week(week)
        self.lines = self.deliveries()

    def cv_list(self):
        """A CV's skills: canonical names, other words for them, and names that no dictionary knows."""
        roll = self.random
        known = [roll.choice(words) for words in roll.sample(SKILLS, 9)]
        unknown = roll.sample(UNKNOWN[:1] + UNKNOWN[3:6], 2)
        return [word.upper() if roll.random() < 0.2 else word for word in known] + unknown

    def week(self, week):
        """The week's interactions, with sessions for exactly the share that the scenario asks for."""
        roll = self.random
        size = roll.choice([0, 1, 4, 12, 30, 30, 60, 90])
        if self.seed % 5 == 0 and week in (3, 4):
            size = 0
        if week == WEEKS - 2:
            size = max(size, 30)
        weights = [roll.choice([0, 0, 0, 1, 1, 1, 2, 6, 20]) for _ in SKILLS]
        weights[roll.randrange(len(SKILLS))] += 5
        made = [self.interaction(week, weights) for _ in range(size)]
        if size >= 12 and roll.random() < 0.5:
            made += self.one_visitor(week)
        made += self.long_absent(week)
        counted = [one for one in made if not one["excluded"]]
        if self.session_share == "any":
            with_session = sum(roll.random() < 0.85 for _ in counted)
        elif self.session_share is None:
            with_session = 0
        elif self.session_share == 0.79:
            with_session = max(0, -(-8 * len(counted) // 10) - 1)
        elif self.session_share == 1.0:
            with_session = len(counted)
        else:
            with_session = -(-8 * len(counted) // 10) + (self.session_share == 0.81 and len(counted) > 12)
        roll.shuffle(counted)
        visitors = max(1, roll.choice([len(counted) // 8, len(counted) // 2, 3 * len(counted)]))
        for place, one in enumerate(counted):
            one["session"] = (one["visitor"] or f"s-{roll.randrange(visitors)}") if place < with_session else None
        for one in made:
            if one["excluded"] == "session":
                one["session"] = roll.choice(self.excluded_sessions)
        return made

    def moment(self, week):
        """A moment of the week, often its first or last millisecond."""
        edges = [0, 1, 999, WEEK_MS - 1000, WEEK_MS - 1]
        return self.start_ms + week * WEEK_MS + self.random.choice(edges + [self.random.randrange(WEEK_MS)] * 12)

    def text(self, weights):
        """A question."""
        roll = self.random
        kind = roll.random()
        if kind < 0.2:
            return roll.choice(self.topic_texts)
        if kind < 0.3:
            return roll.choice(self.skill_texts)
        words = roll.choice(roll.choices(SKILLS, weights)[0])
        if roll.random() < 0.3:
            words = roll.choice([str.upper, str.title])(words)
        if roll.random() < 0.3:
            words += " and " + roll.choice(roll.choice(SKILLS))
        text = roll.choice(TEMPLATES).replace("{}", words)
        if roll.random() < 0.02:
            text = "word " * roll.choice([396, 397, 398, 399, 400, 450]) + text
        return text

    def interaction(self, week, weights):
        """One interaction, as a list of what it consists of and what is known of it."""
        roll = self.random
        self.taken += 1
        asked = self.moment(week)
        excluded = None
        if roll.random() < 0.06:
            reasons = ["bot", "own", "canary", "traffic bot", "request"]
            excluded = roll.choice(reasons + ["session"] * bool(self.excluded_sessions))
        one = {"id": self.request_id(), "asked": asked, "text": self.text(weights), "excluded": excluded,
               "visitor": None, "session": None,
               "form": roll.choices(["pair", "pair with both texts", "self-contained", "self-contained and query",
                                     "query", "response", "combined"], [40, 5, 15, 12, 9, 9, 6])[0],
               "answered": asked + roll.choice([0, 1, 900, 3000, 3000, 60_000, -1, -5000, WEEK_MS, 3 * 365 * 86_400_000,
                                                roll.randrange(20_000)])}
        one["answered"] = max(946_684_800_000, min(one["answered"], 4_102_444_799_999))
        one["match"] = roll.choice(["full", "partial", "none", "none", None])
        one["outcome"] = roll.choice([None, None, "answered", *OUTCOMES])
        if one["match"] is None and one["outcome"] is None:
            one["outcome"] = roll.choice(OUTCOMES)
        one["score"] = roll.choice([None, None, 0, 100, 1, 50, roll.randrange(101), roll.randrange(1001) / 10,
                                    roll.randrange(10001) / 100])
        one["total_time"] = roll.choice([None, None, None, -5, 0, 1, 900, 900.5, 0.49, 2100.75, roll.randrange(10_000)])
        one["missing"] = self.names() if roll.random() < 0.35 else []
        one["matched"] = self.names() if roll.random() < 0.35 else []
        if excluded == "request":
            self.excluded_requests.append(one["id"])
        return one

    def request_id(self):
        """A name for an interaction, now and then as long or as odd as allowed."""
        plain = f"r{self.seed}-{self.taken}"
        return self.random.choice([plain] * 8 + [plain.ljust(119, "x"), plain + "é漢🙂 /:?&", plain + "'\"\\"])

    def names(self):
        """Names of skills in a response."""
        roll = self.random
        found = [roll.choice(UNKNOWN) if roll.random() < 0.25 else
                 roll.choice([str, str.upper, str.title])(roll.choice(roll.choice(SKILLS)))
                 for _ in range(roll.choice([1, 1, 2, 3]))]
        return found + found[:1] if roll.random() < 0.1 else found

    def one_visitor(self, week):
        """One person who asks for one skill again and again."""
        word = self.random.choice(SKILLS)[0]
        made = []
        for _ in range(self.random.choice([6, 12, 25])):
            one = self.interaction(week, [1] * len(SKILLS))
            one.update(text=f"Do you know {word}?", visitor="s-again")
            made.append(one)
        return made

    def long_absent(self, week):
        """A skill of the last week that was asked for once before: seven weeks ago, or eight, or never."""
        count = {self.seed % 3: 1, WEEKS - 1: 16}.get(week, 0) if week != 2 else 0
        made = []
        for visitor in range(count):
            one = self.interaction(week, [1] * len(SKILLS))
            one.update(text="Do you know erlang?", visitor=f"s-erlang-{visitor}")
            made.append(one)
        return made

    def events(self, one):
        """The events of an interaction, each once, in canonical form."""
        roll = self.random
        query = {"eventType": "query", "requestId": one["id"], "timestamp": one["asked"], "query": one["text"]}
        response = {"eventType": "response", "requestId": one["id"], "timestamp": one["answered"]}
        for key, field in (("matchType", "match"), ("outcome", "outcome"), ("matchScore", "score"),
                           ("missingSkills", "missing"), ("matchedSkills", "matched")):
            if one[field] not in (None, []):
                response[key] = one[field]
        if one["total_time"] is not None:
            response["performance"] = {"totalTime": one["total_time"], "llmTime": 700, "cacheHit": False}
        if roll.random() < 0.3:
            response.update(reasoning="has some, lacks some", model="m", tokens=412)
        form = one["form"]
        if form == "response" or form.startswith("self"):
            marked, other = response, None
        elif form in ("query", "combined"):
            marked, other = query, None
        else:
            marked, other = roll.choice([(query, response), (response, query)])
        session = one["session"]
        if session is None:
            session = roll.choice([None, None, "anonymous"])
            if session:
                marked["sessionId"] = session
        elif other and marked is response:
            response["sessionId"] = session
            if roll.random() < 0.5:
                query["sessionId"] = "anonymous"
        else:
            marked["sessionId"] = session
            if other and roll.random() < 0.5:
                other["sessionId"] = roll.choice([session, "s-of-the-response", "anonymous"])
        if one["excluded"] == "session" and other:
            query["sessionId"] = session
        if one["excluded"] == "bot":
            marked["metadata"] = {"userAgent": roll.choice(BOT_AGENTS), "referer": "https://example.org/"}
        elif one["excluded"] in ("own", "canary", "traffic bot"):
            marked["metadata"] = {"traffic": one["excluded"].split()[-1]}
        elif roll.random() < 0.3:
            marked["metadata"] = {"userAgent": "Mozilla/5.0 (X11; Linux x86_64)",
                                  "matchQuality": roll.choice([0, 0.3, 0.725, 1, 1.5, 64, 100, 101, -1, "high", None])}
        if form == "pair with both texts":
            response.update(roll.choice([{"query": "Do you know fortran?"}, {"queryTimestamp": one["asked"] - WEEK_MS}]))
        if form.startswith("self"):
            response.update(query=one["text"], queryTimestamp=one["asked"])
        if form == "self-contained and query":
            query["timestamp"] = roll.choice([one["asked"], one["asked"] - WEEK_MS, one["asked"] + 1])
            query["timestamp"] = max(946_684_800_000, query["timestamp"])
            query["query"] = roll.choice([one["text"], "Do you know fortran?"])
            query["sessionId"] = roll.choice(["s-of-the-query", "anonymous"])
        if form == "combined":
            query["response"] = "Yes, for some years."
            if "performance" in response and roll.random() < 0.3:
                query["performance"] = response["performance"]
            return [query]
        if form == "response" and roll.random() < 0.2:
            response["queryTimestamp"] = one["asked"] - WEEK_MS
        return {"query": [query], "response": [response], "self-contained": [response]}.get(form, [query, response])

    def deliveries(self):
        """Every line that is sent: shaped, repeated, contradicted, broken, out of order."""
        roll = self.random
        lines = []
        for one in self.logical:
            events = self.events(one)
            for event in events:
                copies = [event]
                while roll.random() < 0.1:
                    copies.append(event)
                lines += [(one["id"], self.shaped(copy)) for copy in copies]
            if roll.random() < 0.05:
                self.conflicting.add(one["id"])
                for event in events:
                    other = dict(event)
                    if event["eventType"] == "query":
                        other["query"] = "Do you know fortran, rather?"
                    else:
                        other.update(timestamp=min(event["timestamp"] + 7, 4_102_444_799_999), matchType="partial")
                    lines.append((one["id"], self.shaped(other)))
        for broken in roll.sample(BROKEN, 6):
            lines.append((None, broken % self.moment(0) if "%d" in broken else broken))
        way = roll.choice(["as made", "shuffled", "responses first", "backwards"])
        if way == "shuffled":
            return self.shuffled(lines, roll)
        if way == "responses first":
            lines.sort(key=lambda line: '"query"' in line[1])
        if way == "backwards":
            lines.reverse()
        return lines

    def shuffled(self, lines, roll):
        """The lines in another order; those of a contradicted interaction keep theirs, since the first is kept."""
        places = list(range(len(lines)))
        roll.shuffle(places)
        moved = [lines[place] for place in places]
        for request_id in self.conflicting:
            own = iter([line for line in lines if line[0] == request_id])
            moved = [next(own) if line[0] == request_id else line for line in moved]
        return moved

    def shaped(self, event):
        """The event as JSON, in one of the shapes that are tolerated."""
        roll = self.random
        event = dict(event)
        for key in ("timestamp", "queryTimestamp"):
            if key in event and roll.random() < 0.6 and (key == "timestamp" or "query" in event):
                event[key] = self.time_shape(event[key])
        combined = "response" in event
        if combined or roll.random() < 0.2:
            event["type"] = event.pop("eventType")
        if combined or roll.random() < 0.2:
            event["correlationId"] = event.pop("requestId")
        if "sessionId" not in event and roll.random() < 0.1:
            event["sessionId"] = None
        if event.get("eventType", event.get("type")) == "response":
            self.shape_response(event)
        items = list(event.items())
        roll.shuffle(items)
        escaped = roll.random() < 0.5 or "\ud83d" in json.dumps(items, ensure_ascii=False)
        return json.dumps(dict(items), ensure_ascii=escaped)

    def shape_response(self, event):
        """Other names and blocks for what a response says."""
        roll = self.random
        if "matchType" in event and roll.random() < 0.3:
            event["matchType"] = roll.choice([str.upper, str.title])(event["matchType"])
        if "outcome" in event and roll.random() < 0.1:
            event["outcome"] = event["outcome"].upper()
        if "matchScore" in event:
            self.shape_score(event)
        elif "matchType" in event and roll.random() < 0.3:
            match = event.pop("matchType")
            event.update(roll.choice([{"matchQuality": {"type": match}}, {"meta": {"matchType": match}}]))
        if "reasoning" in event and roll.random() < 0.3:
            event["llmReasoning"] = event.pop("reasoning")
        if "missingSkills" in event:
            missing = event["missingSkills"]
            key = roll.choice(["missingSkills", "missingSkills", "skillsMissing", "missingConcepts"])
            del event["missingSkills"]
            event[key] = roll.choice([missing, missing, ", ".join(missing), [{"name": name} for name in missing],
                                      [f" {name} " for name in missing]])
            if roll.random() < 0.2:
                lists = ["missingSkills", "skillsMissing", "missingConcepts"]
                event.update({name: missing[part:part + 1] if name != lists[-1] else missing[2:]
                              for part, name in enumerate(lists)})
        if "matchedSkills" in event:
            key = roll.choice(["matchedSkills", "skillsMatched", "meta"])
            matched = event.pop("matchedSkills")
            if key == "meta":
                event["meta"] = {**event.get("meta", {}), "matchedSkills": matched}
            else:
                event[key] = matched
        if event.get("performance", {}).get("totalTime", -1) >= 0 and roll.random() < 0.2:
            event["performance"] = {**event["performance"], "totalTime": str(event["performance"]["totalTime"])}

    def shape_score(self, event):
        """The score under another name, as a fraction or as 0 to 100."""
        roll = self.random
        way = roll.randrange(6)
        score = event["matchScore"]
        if way == 0:
            event["matchScore"] = str(score)
        if way < 2:
            return
        del event["matchScore"]
        hundredths = round(score * 100)
        fraction = float(f"{hundredths}e-4")
        value = fraction if score <= 1 or roll.random() < 0.5 else score
        if way == 2:
            event["matchQuality"] = value
        elif way == 3:
            event["confidence"] = value
        else:
            block = {"confidence": value}
            name, kind = roll.choice([("matchQuality", "type"), ("meta", "matchType")])
            if "matchType" in event:
                block[kind] = event.pop("matchType")
            event[name] = block

    def time_shape(self, moment):
        """A moment in one of the tolerated forms."""
        roll = self.random
        whole = EPOCH + timedelta(milliseconds=moment)
        seconds, rest = divmod(moment, 1000)
        shapes = [moment, str(moment), whole.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                  whole.isoformat(timespec="milliseconds").replace("+00:00", ""),
                  whole.isoformat(timespec="milliseconds").replace("+00:00", "400Z")]
        for hours in (5.5, -8, 14):
            zone = timezone(timedelta(hours=hours))
            if moment > 946_800_000_000:
                shapes.append(whole.astimezone(zone).isoformat(timespec="milliseconds"))
        if rest == 0:
            shapes += [seconds, f"{seconds}", whole.isoformat(timespec="seconds").replace("+00:00", "Z")]
        else:
            shapes.append(float(f"{seconds}.{rest:03}"))
        return roll.choice(shapes)
