"""Reads the names that an agent's model writes: they are text until the dictionary knows them."""

import re

PLACEHOLDERS = {"none", "n/a", "-", "not mentioned", "string", "all skills"}
BETWEEN = re.compile(r"[,;/•\n]")
BULLET = re.compile(r"^\s*[-*•]\s+")
SCAFFOLDING = re.compile(r"(?i)^(?:experience|knowledge) (?:with|of|in) (.+)$")
BRACKETS = re.compile(r"^(.+?)\s*\((.+)\)$")


def plain(name):
    """The name without its capitals, and with one blank for any blanks and hyphens."""
    return re.sub(r"[\s\-‐‑]+", " ", name.strip().lower())


def occurs_in(name, text):
    """Whether the text has the name as whole words."""
    return re.search(r"(?<!\w)" + re.escape(plain(name)) + r"(?!\w)", plain(text)) is not None


class Dictionary:
    """The names and aliases that the program's own dictionary has, and the names of topics, the owner's first."""

    def __init__(self, entries, topics=(), owners=None):
        self.skills = {}
        for entry in entries:
            for word in [*entry["aliases"], entry["skill"]]:
                self.skills[plain(word)] = entry["skill"]
        self.topics = {plain(topic): topic for topic in topics}
        for topic, phrases in (owners or {}).items():
            self.topics.update({plain(name): topic for name in (topic, *phrases)})

    def skills_in(self, name, question):
        """What one name of a list means: canonical skills, a `Topic`, an unknown name as it came, or None if it is ignored."""
        name = name.strip()
        if not name:
            return []
        if name.lower() in PLACEHOLDERS:
            return [None]
        whole = self._known(name)
        if whole:
            return whole
        parts = [BULLET.sub("", part).strip() for part in BETWEEN.split(BULLET.sub("", name))]
        found = []
        for part in filter(None, parts):
            if part.lower() in PLACEHOLDERS:
                found.append(None)
            elif plain(part) in self.topics and not self._known(part):
                found.append(Topic(self.topics[plain(part)]))
            else:
                found += self._known(part) or [part if is_kept(part, question) else None]
        return found

    def _known(self, name):
        """The skills of a name that the dictionary knows, also in brackets or in "experience with"; else none."""
        if plain(name) in self.skills:
            return [self.skills[plain(name)]]
        brackets, scaffolding = BRACKETS.match(name), SCAFFOLDING.match(name)
        if brackets:
            both = self._known(brackets[1]), self._known(brackets[2])
            return sorted({skill for skills in both for skill in skills}) if all(both) else []
        return self._known(scaffolding[1]) if scaffolding else []

    def topic_in(self, name, question):
        """The topic that an agent names, and whether the name is ignored."""
        if name is None or plain(name) in ("", "other"):
            return None, False
        if name.strip().lower() in PLACEHOLDERS:
            return None, True
        if plain(name) in self.topics:
            return self.topics[plain(name)], False
        return (plain(name), False) if is_kept(name.strip(), question) else (None, True)


class Topic(str):
    """A topic's name in a list of skills."""


def is_kept(name, question):
    """Whether a name that no dictionary knows is kept: short, and said by the question where there is one."""
    return (1 <= len(name.split()) <= 4 and 2 <= len(name) <= 40
            and (question is None or occurs_in(name, question)))
