"""Makes nine weeks of hostile but readable events, the same ones for the same seed."""

import json
import random
from collections import Counter
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

from halves import kept_text
from names import occurs_in

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
ENGLISH = [["go"], ["rust"], ["react"], ["spring"], ["excel"]]
UNKNOWN = ["Frobnicator", "frobnicator", "FROBNICATOR", "Zorblang 3", "Übergerät", "零件管理", "O'Brienizer"]
ABSENT = ["Wibblewarp", "Snorkelforge", "Gribble port"]
TOO_LONG = ["Frobnicatorfrobnicatorfrobnicatorfrobnicator", "gorp blint snarv dreel wokk"]
PLACEHOLDERS = ["None", "none", "n/a", "N/A", "-", "Not mentioned", "not mentioned", "string", "all skills"]
PHRASES = ["quibblery", "snollygost"]
RARE_PHRASES = {"gongoozle": (4, 8), "wamblecrop": (1, 4, 8)}
AGENTS_TOPICS = ["zorbing permit", "trellis tax"]
OWNERS_TOPICS = {"money": ["salary", "day rate"], "zibble permits": ["zibble permit", "zibble paperwork"]}
OWNERS_QUESTIONS = ["Have you got a zibble permit?", "zibble paperwork?", "Who signs the ZIBBLE PERMIT, please?"]
NOT_KNOWN = [*UNKNOWN, *ABSENT, *TOO_LONG, *PLACEHOLDERS]
MODES = ["weeks without data", "campaign", "falling traffic", "many names", "as it comes"]
TEMPLATES = ["Do you know {}?", "How many years of {} experience do you have?", "{}?", "experience with {}",
             "Have you used {} in production, and when?", "hi! any {} projects 🙂", "<script>alert('{}')</script>",
             "Do you know {}? – mail me at jane.doe@recruiting.example.org",
             "experience with {}? call +44 20 7946 0958 please",
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
        self.mode = MODES[seed % len(MODES)]
        self.session_share = [0.9, 1.0, 0.5, 0.8, 0.0, 0.7][seed % 6]
        self.cv = self.cv_list() if seed % 2 else None
        self.marks = self.marks_of_owner()
        self.owner_topics = OWNERS_TOPICS if seed % 3 else {}
        self.excluded_sessions = ["s-mine", "s-colleague"] if seed % 3 == 1 else []
        self.excluded_requests = []
        self.table = self.labelled_topics()
        self.phrases, self.odd = {}, set()
        self.skill_texts = [line["text"] for line in lines_of("skills.jsonl")
                            if line["skills"] and not self.has_phrase(line["text"])]
        self.weights = [roll.choice([1, 1, 2, 3, 6, 12]) for _ in SKILLS]
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

    def marks_of_owner(self):
        """What the owner said of some gaps; `have-it` only beside a CV list, which it makes longer."""
        marks = ["have-it", "have-it"] * (self.cv is not None) + ["learning", "not-mine", "noise"]
        if self.seed % 4 == 0:
            return {}
        return dict(zip([words[0] for words in self.random.sample(SKILLS, len(marks))], marks))

    def has_phrase(self, text):
        """Whether a phrase of the owner's rules is anywhere in the text, also within a word."""
        phrases = [phrase for those in self.owner_topics.values() for phrase in those]
        return any(phrase in text.lower() for phrase in phrases)

    def labelled_topics(self):
        """The labelled questions whose topic is the built-in table's: four or more lines share the label."""
        lines = [line for line in lines_of("topics.jsonl") if line["topic"]]
        labels = Counter(line["topic"] for line in lines)
        return {line["text"]: line["topic"] for line in lines if labels[line["topic"]] >= 4
                and (not self.has_phrase(line["text"]) or self.owner_of(line["text"]))}

    def owner_of(self, text):
        """Whether a rule of the owner fits a text."""
        return any(occurs_in(phrase, text) for phrases in self.owner_topics.values() for phrase in phrases)

    def topics(self):
        """The topic and the phrase of each question that the table has, or whose phrase others may share."""
        kept = {kept_text(question, 2000): (topic, None) for question, topic in self.table.items()}
        kept.update({question: (None, phrase) for question, phrase in self.phrases.items()})
        kept.update({question: (None, None) for question in self.odd})
        return kept

    def size(self, week):
        """How many interactions a week has."""
        roll = self.random
        if self.mode == "falling traffic":
            return 90 if week < WEEKS - 2 else 30
        if self.mode == "campaign":
            return 60
        if self.mode == "weeks without data" and week in (3, 4):
            return 0
        size = roll.choice([0, 1, 4, 12, 30, 30, 60, 90])
        return max(size, 30) if week == WEEKS - 2 else size

    def week(self, week):
        """The week's interactions, with sessions for about the share that the scenario asks for."""
        roll = self.random
        size = self.size(week)
        weights = self.weights
        if self.mode not in ("falling traffic", "campaign"):
            weights = [roll.choice([0, 0, 0, 1, 1, 1, 2, 6, 20]) for _ in SKILLS]
            weights[roll.randrange(len(SKILLS))] += 5
        made = [self.interaction(week, weights) for _ in range(size)]
        if size >= 12 and roll.random() < 0.5:
            made += self.one_visitor(week)
        made += self.long_absent(week) + self.rare_phrases(week)
        if self.mode in ("campaign", "as it comes"):
            made += self.fading(week)
        if self.mode == "campaign" and week == WEEKS - 1:
            made += [self.plain(week, "Do you know kafka?", visitor=f"s-campaign-{visitor}") for visitor in range(60)]
        visitors = max(1, roll.choice([len(made) // 8, len(made) // 2, 3 * len(made)]))
        for one in made:
            if one["excluded"] == "session":
                one["session"] = roll.choice(self.excluded_sessions)
            elif roll.random() < self.session_share:
                one["session"] = one["visitor"] or f"s-{roll.randrange(visitors)}"
        return made + (self.many_names(week) if self.mode == "many names" and week == WEEKS - 2 else [])

    def moment(self, week):
        """A moment of the week, often its first or last millisecond."""
        edges = [0, 1, 999, WEEK_MS - 1000, WEEK_MS - 1]
        return self.start_ms + week * WEEK_MS + self.random.choice(edges + [self.random.randrange(WEEK_MS)] * 12)

    def invented(self):
        """A word that nobody has written before, and that is like no technology's name."""
        self.taken += 1
        number, word = self.taken, ""
        for _ in range(3):
            number, place = divmod(number, 60)
            word += "bdfgklmnprtv"[place // 5] + "aeiou"[place % 5]
        return f"zyx{word}qu"

    def question(self, weights):
        """A question, what kind it is, and the names in it that no dictionary knows."""
        roll = self.random
        kind = roll.random()
        if kind < 0.16:
            return roll.choice(list(self.table)), "table", []
        if kind < 0.21:
            return self.phrase_question(roll.choice(PHRASES)), "phrase", []
        if kind < 0.25:
            text = roll.choice(["Do you have experience in {}?", "{}?"]).format(self.invented())
            self.odd.add(text)
            return text, "odd", []
        if kind < 0.28:
            return f"What about the {roll.choice(AGENTS_TOPICS)}?", "agent", []
        if kind < 0.31 and self.owner_topics:
            return roll.choice(OWNERS_QUESTIONS), "owner", []
        if kind < 0.39:
            return roll.choice(self.skill_texts), "skill", []
        words = roll.choice(roll.choices(SKILLS, weights)[0])
        if roll.random() < 0.3:
            words = roll.choice([str.upper, str.title])(words)
        if roll.random() < 0.3:
            words += " and " + roll.choice(roll.choice(SKILLS))
        said = [roll.choice(UNKNOWN + TOO_LONG)] if roll.random() < 0.15 else []
        words += "".join(" and " + name for name in said)
        text = roll.choice(TEMPLATES).replace("{}", words)
        if roll.random() < 0.02:
            text = f"Do you know {words}? " + "word " * roll.choice([390, 394, 395, 396, 397, 398, 450]) + text
        return text, "skill", said

    def phrase_question(self, phrase):
        """A question whose only telling word is a phrase that no table knows."""
        text = self.random.choice(["Do you have experience in {}?", "{}?"]).format(
            self.random.choice([str, str.title])(phrase))
        self.phrases[text] = phrase
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
        text, kind, said = self.question(weights)
        one = {"id": self.request_id(), "asked": asked, "text": text, "excluded": excluded,
               "visitor": f"s-alone-{self.taken}" if kind == "phrase" else None, "session": None,
               "form": roll.choices(["pair", "pair with both texts", "self-contained", "self-contained and query",
                                     "response", "query", "combined"],
                                    [40, 5, 15, 12, 9] + ([0, 0] if kind == "agent" else [9, 6]))[0],
               "answered": asked + roll.choice([0, 1, 900, 3000, 3000, 60_000, -1, -5000, WEEK_MS, 3 * 365 * 86_400_000,
                                                roll.randrange(20_000)])}
        one["answered"] = max(946_684_800_000, min(one["answered"], 4_102_444_799_999))
        one["match"] = roll.choice(["full", "partial", "partial", "none", "none", None])
        one["outcome"] = roll.choice([None, None, "answered", "answered", "no_match", *OUTCOMES])
        if one["match"] is None and one["outcome"] is None:
            one["outcome"] = roll.choice(OUTCOMES)
        one["score"] = roll.choice([None, None, 0, 100, 1, 50, roll.randrange(101), roll.randrange(1001) / 10,
                                    roll.randrange(10001) / 100])
        one["total_time"] = roll.choice([None, None, None, -5, 0, 1, 900, 900.5, 0.49, 2100.75, roll.randrange(10_000)])
        # a question that the owner's rules or a shared phrase decide has no skill besides, lest two rules fit
        no_skills = kind in ("phrase", "owner") or self.owner_of(text)
        odd_names = said + roll.sample(PLACEHOLDERS, 1) + roll.sample(ABSENT, 1) + roll.sample(TOO_LONG, 1)
        on_cv = {name.lower() for name in self.cv or []}
        odd_names += [] if no_skills else [roll.choice([name for name in UNKNOWN if name.lower() not in on_cv])]
        odd_names = list(dict.fromkeys(odd_names))
        one["missing"] = self.names(odd_names, no_skills) if roll.random() < 0.45 else []
        one["matched"] = self.names(odd_names, no_skills) if roll.random() < 0.35 else []
        one["topic"] = self.agents_topic(kind, text)
        one["feedback"] = self.feedback(one) if roll.random() < 0.2 else []
        if excluded == "request":
            self.excluded_requests.append(one["id"])
        return one

    def feedback(self, one):
        """What the visitor said of it, perhaps more than once or at one moment."""
        roll = self.random
        said = []
        for _ in range(roll.choice([1, 1, 2, 3])):
            moment = min(one["asked"] + roll.choice([-5000, 4000, 9000, 9000, 3 * WEEK_MS]), 4_102_444_799_999)
            event = {"eventType": "feedback", "requestId": one["id"], "timestamp": max(946_684_800_000, moment),
                     "rating": roll.choice(["up", "down"])}
            if roll.random() < 0.5:
                event["comment"] = roll.choice(["Thanks!", "Wrong year, mail me: jane@example.com", "x" * 600, ""])
            said.append(event)
        return said

    def agents_topic(self, kind, text):
        """What the agent's model says the question is about."""
        roll = self.random
        known = roll.choice(sorted(set(self.table.values())))
        known = roll.choice([known, known.title(), known.upper()])
        if kind == "agent":
            return next(topic for topic in AGENTS_TOPICS if topic in text)
        if kind == "phrase":
            return roll.choice([None, None, "other", ""])
        return roll.choice([None] * 6 + ["other", "Other", "", known, known, "frobnication fees", "not mentioned"])

    def request_id(self):
        """A name for an interaction, now and then as long or as odd as allowed."""
        plain = f"r{self.seed}-{self.taken}"
        return self.random.choice([plain] * 8 + [plain.ljust(119, "x"), plain + "é漢🙂 /:?&", plain + "'\"\\"])

    def names(self, odd_names, no_skills):
        """Names in a response: those of skills, and of those that no dictionary knows each at most once."""
        roll = self.random
        found = []
        for _ in range(roll.choice([1, 1, 2, 3])):
            if odd_names and (no_skills or roll.random() < 0.3):
                found.append(odd_names.pop(roll.randrange(len(odd_names))))
            elif not no_skills:
                words = roll.choice(SKILLS + ENGLISH)
                name = roll.choice([str, str.upper, str.title])(roll.choice(words))
                found.append(roll.choice([name] * 5 + ["experience with " + name, f"{words[0]} ({words[-1].upper()})"]))
        return found + found[:1] if roll.random() < 0.1 and not set(found) & set(NOT_KNOWN) else found

    def plain(self, week, text, **changes):
        """An interaction that is counted, and whose question is this."""
        one = self.interaction(week, self.weights)
        one.update(text=text, visitor=None, excluded=None, topic=None, missing=[], matched=[])
        if one["id"] in self.excluded_requests:
            self.excluded_requests.remove(one["id"])
        one.update(changes)
        return one

    def one_visitor(self, week):
        """One person who asks for one skill again and again."""
        word = self.random.choice(SKILLS)[0]
        return [self.plain(week, f"Do you know {word}?", visitor="s-again")
                for _ in range(self.random.choice([6, 12, 25]))]

    def long_absent(self, week):
        """A skill of the last week that was asked for once before: seven weeks ago, or eight, or never."""
        count = {self.seed % 3: 1, WEEKS - 1: 16}.get(week, 0) if week != 2 else 0
        return [self.plain(week, "Do you know erlang?", visitor=f"s-erlang-{visitor}") for visitor in range(count)]

    def fading(self, week):
        """A skill that is asked for less in the last two weeks, and one that is no longer asked for."""
        over = week >= WEEKS - 2
        return [self.plain(week, f"Do you know {skill}?", visitor=f"s-{skill}-{visitor}")
                for skill, left in (("perl", 1), ("ansible", 0)) for visitor in range(left if over else 14)]

    def rare_phrases(self, week):
        """Questions that two conversations share, and three: only these make a topic."""
        return [self.plain(week, self.phrase_question(phrase), form="pair", visitor=f"s-{phrase}-{week}")
                for phrase, weeks in RARE_PHRASES.items() if week in weeks]

    def many_names(self, week):
        """More than 500 names that no dictionary knows: most by one visitor each, some by three, some once."""
        made = []

        def ask(names, visitor):
            made.append(self.plain(week, f"Do you know {', '.join(names)}?", form="pair", match="none", outcome=None,
                                   missing=names, session=visitor))

        for pack in range(13):
            names = [self.invented() for _ in range(40)]
            for _ in range(4):
                ask(names, f"s-pack-{pack}")
        for by_three in [self.invented() for _ in range(8)]:
            for visitor in range(3):
                ask([by_three], f"s-{by_three}-{visitor}")
        for once in range(30):
            ask([self.invented()], f"s-once-{once}")
        return made

    def events(self, one):
        """The events of an interaction, each once, in canonical form but for lists, blocks and scores."""
        roll = self.random
        query = {"eventType": "query", "requestId": one["id"], "timestamp": one["asked"], "query": one["text"]}
        response = {"eventType": "response", "requestId": one["id"], "timestamp": one["answered"]}
        for key, field in (("matchType", "match"), ("outcome", "outcome"), ("topic", "topic")):
            if one[field] is not None:
                response[key] = one[field]
        if one["match"] is None and roll.random() < 0.2:
            response["matchType"] = ""
        if one["score"] is not None:
            response[roll.choice(["matchScore", "matchScore", "matchScore", "coverage"])] = one["score"]
        self.add_confidence(response)
        self.add_names(response, one)
        if one["total_time"] is not None:
            response["performance"] = {"totalTime": one["total_time"], "llmTime": 700, "cacheHit": False}
        if roll.random() < 0.3:
            response.update(reasoning="has some, lacks some", model="m", tokens=412)
        if roll.random() < 0.2:
            response["answer"] = "Yes, for some years."
        source = roll.choice([None, "model", "model", "similarity", "vector"])
        if source:
            response["metadata"] = {"matchSource": source}
        form = one["form"]
        if form == "response" or form == "self-contained":
            marked, other = response, None
        elif form in ("query", "combined"):
            marked, other = query, None
        else:
            marked, other = roll.choice([(query, response), (response, query)])
        self.add_session(one, query, marked, other)
        extra = {}
        if one["excluded"] == "bot":
            extra = {"userAgent": roll.choice(BOT_AGENTS), "referer": "https://example.org/"}
        elif one["excluded"] in ("own", "canary", "traffic bot"):
            extra = {"traffic": one["excluded"].split()[-1]}
        elif roll.random() < 0.3:
            extra = {"userAgent": "Mozilla/5.0 (X11; Linux x86_64)",
                     "matchQuality": roll.choice([0, 0.3, 0.72, 0.725, 1, 1.5, 64, 100, 101, -1, "high", None])}
        if extra:
            marked["metadata"] = {**marked.get("metadata", {}), **extra}
        if form == "pair with both texts":
            response.update(roll.choice([{"query": "Do you know fortran?"},
                                         {"queryTimestamp": one["asked"] - WEEK_MS}]))
        if form.startswith("self"):
            response.update(query=one["text"], queryTimestamp=one["asked"])
        if form == "self-contained and query":
            query["timestamp"] = roll.choice([one["asked"], one["asked"] - WEEK_MS, one["asked"] + 1])
            query["timestamp"] = max(946_684_800_000, query["timestamp"])
            query["query"] = roll.choice([one["text"], "Do you know fortran?"])
        if form == "combined":
            query["response"] = "Yes, for some years."
            if "performance" in response and roll.random() < 0.3:
                query["performance"] = response["performance"]
            return [query]
        if form == "response" and roll.random() < 0.2:
            response["queryTimestamp"] = one["asked"] - WEEK_MS
        return {"query": [query], "response": [response], "self-contained": [response]}.get(form, [query, response])

    def add_session(self, one, query, marked, other):
        """The session on one half or both; where both name one and the response is not whole, the query's counts."""
        roll = self.random
        session = one["session"]
        if session is None:
            nobody = roll.choice([None, None, "anonymous", ""])
            if nobody is not None:
                marked["sessionId"] = nobody
            return
        marked["sessionId"] = session
        if other and marked is not query:
            if roll.random() < 0.5:
                other["sessionId"] = roll.choice(["anonymous", session])
        elif other and roll.random() < 0.5:
            # beside a whole record the contract does not say which of two sessions counts
            two = one["form"].startswith("pair")
            other["sessionId"] = roll.choice([session, "anonymous"] + ["s-of-the-response"] * two)

    def add_confidence(self, response):
        """How sure the model is, in every place where agents say it; never a score."""
        roll = self.random
        if roll.random() >= 0.3:
            return
        sure = roll.choice([0, 0.5, 0.97, 1, 97])
        place = roll.choice(["confidence", "matchQuality", "meta"])
        if place == "confidence":
            response["confidence"] = sure
        elif response.get("matchType"):
            kind = "type" if place == "matchQuality" else "matchType"
            response[place] = {kind: response.pop("matchType"), "confidence": sure}

    def add_names(self, response, one):
        """The names of skills, as a list, as one text, or spread over the lists of one kind."""
        roll = self.random
        missing, matched = one["missing"], one["matched"]
        if missing and roll.random() < 0.2:
            response.update(missingSkills=missing[:1], skillsMissing=missing[1:2], missingConcepts=missing[2:])
        elif missing:
            response["missingSkills"] = self.listed(missing)
        if matched and roll.random() < 0.3:
            response["meta"] = {**response.get("meta", {}), "matchedSkills": matched}
        elif matched:
            response["matchedSkills"] = self.listed(matched)

    def listed(self, names):
        """A list of names in one of the ways that models write one."""
        roll = self.random
        if any("/" in name or name in PLACEHOLDERS for name in names) or len(names) > 5:
            return roll.choice([names, [{"name": name} for name in names], [f" {name} " for name in names]])
        return roll.choice([names, names, [{"name": name} for name in names], [f" {name} " for name in names],
                            ", ".join(names), "; ".join(names), " / ".join(names), "\n".join(names),
                            "\n".join("- " + name for name in names), "\n".join("• " + name for name in names),
                            ["; ".join(names[:2]), *names[2:]]])

    def deliveries(self):
        """Every line that is sent: shaped, repeated, contradicted, broken, out of order."""
        roll = self.random
        lines = []
        for one in self.logical:
            events = self.events(one)
            lines += [(one["id"], self.shaped(event)) for event in one["feedback"]]
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
                        other["timestamp"] = min(event["timestamp"] + 7, 4_102_444_799_999)
                        other.update({"matchType": "partial"} if event.get("matchType") else {})
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
        if event.get("rating") and roll.random() < 0.3:
            up = event["rating"] == "up"
            event["rating"] = roll.choice([1 if up else -1, up, "thumbs_up" if up else "thumbs_down", event["rating"].upper()])
        if event.get("eventType", event.get("type")) == "response":
            self.shape_response(event)
        items = list(event.items())
        roll.shuffle(items)
        escaped = roll.random() < 0.5 or "\ud83d" in json.dumps(items, ensure_ascii=False)
        return json.dumps(dict(items), ensure_ascii=escaped)

    def shape_response(self, event):
        """Other names for what a response says, which the same half may have in one delivery and not in the next."""
        roll = self.random
        if event.get("matchType") and roll.random() < 0.3:
            event["matchType"] = roll.choice([str.upper, str.title])(event["matchType"])
        if "outcome" in event and roll.random() < 0.1:
            event["outcome"] = event["outcome"].upper()
        if "matchScore" in event:
            self.shape_score(event)
        elif event.get("matchType") and "meta" not in event and "matchQuality" not in event and roll.random() < 0.3:
            match = event.pop("matchType")
            event.update(roll.choice([{"matchQuality": {"type": match}}, {"meta": {"matchType": match}}]))
        if "reasoning" in event and roll.random() < 0.3:
            event["llmReasoning"] = event.pop("reasoning")
        for key, others in (("missingSkills", ["skillsMissing", "missingConcepts"]),
                            ("matchedSkills", ["skillsMatched"])):
            if key in event and not any(other in event for other in others) and roll.random() < 0.4:
                event[roll.choice(others)] = event.pop(key)
        if event.get("performance", {}).get("totalTime", -1) >= 0 and roll.random() < 0.2:
            event["performance"] = {**event["performance"], "totalTime": str(event["performance"]["totalTime"])}

    def shape_score(self, event):
        """The score as text, or under another name as a fraction or as 0 to 100."""
        roll = self.random
        score = event["matchScore"]
        way = roll.randrange(4)
        if way == 0:
            event["matchScore"] = str(score)
        elif way == 1 and "matchQuality" not in event:
            del event["matchScore"]
            fraction = float(f"{round(score * 100)}e-4")
            event["matchQuality"] = fraction if score <= 1 or roll.random() < 0.5 else score

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
