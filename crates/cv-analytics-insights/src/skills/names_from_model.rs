//! Names from a model are read, not taken: a list's entries and the agent's topic.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use cv_analytics_core::privacy::REDACTION_MARKERS;
use rustc_hash::FxBuildHasher;

use crate::skills::dictionary::{SkillDictionary, SkillId};
use crate::skills::mentions::SkillMention;
use crate::skills::question_words::{QuestionWords, name_key};
use crate::skills::topics::rules::TopicRules;
use crate::skills::topics::{is_greeting, is_known_topic, table_topic};
use crate::skills::words::accents::{compatible, without_accents};
use crate::skills::words::folded::{FoldedWords, Gap};

const PLACEHOLDERS: &str = include_str!("../../data/placeholders.txt");
const SCAFFOLDING: &str = include_str!("../../data/name-scaffolding.txt");

/// Words in the longest unknown name that is kept.
const MAX_NAME_WORDS: usize = 4;
/// Characters in the shortest and in the longest unknown name that is kept.
const NAME_CHARS: Range<usize> = 2..41;
/// After these a name follows: `experience with Go`, `Kenntnisse in Go`.
const PREPOSITIONS: [&str; 22] = [
    "with", "of", "in", "using", "on", "for", "mit", "von", "avec", "de", "en", "des", "du", "con",
    "sobre", "di", "com", "em", "met", "van", "z", "w",
];
/// Words that begin no name.
const ARTICLES: [&str; 8] = ["and", "or", "a", "an", "the", "some", "any", "also"];
/// Words that number a made-up name: `skill 1`, `Skill A`.
const NUMBERED: [&str; 7] = ["skill", "technology", "tool", "topic", "name", "item", "example"];

static PLACEHOLDER_PHRASES: LazyLock<HashSet<String, FxBuildHasher>> = LazyLock::new(|| {
    PLACEHOLDERS
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(|line| line.split(", "))
        .filter(|phrase| !phrase.is_empty())
        .flat_map(|phrase| {
            let spelt_out = phrase.replace('ä', "ae").replace('ö', "oe").replace('ü', "ue");
            [without_accents(phrase).into_owned(), without_accents(&spelt_out).into_owned()]
        })
        .collect()
});

static SCAFFOLDING_WORDS: LazyLock<HashSet<String, FxBuildHasher>> = LazyLock::new(|| {
    SCAFFOLDING
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(str::split_whitespace)
        .map(|word| without_accents(word).into_owned())
        .collect()
});

/// What one list of names says once it is read with the dictionary.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct ReadNames {
    /// The known skills, each once, in reading order.
    pub skills: Vec<SkillId>,
    /// The unknown names that are kept, each once, as they are written.
    pub unknown: Vec<String>,
    /// The topics of the owner's rules or of the table, which are not skills, each once.
    pub topics: Vec<String>,
    /// How many names were left out.
    pub ignored: u64,
}

/// One entry of a list, read by itself: the same for every question, so it can be kept by spelling.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct ParsedNames {
    skills: Vec<SkillId>,
    topics: Vec<String>,
    candidates: Vec<Candidate>,
    ignored: u64,
}

/// An unknown name that is kept where its question has it.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Candidate {
    name: String,
    key: String,
    /// The same without the words round it (`basic Foobar skills`), for a question that has only that.
    bare: Option<(String, String)>,
}

/// The agent's topic, read by itself: the same for every question, so it can be kept by spelling.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParsedTopic(Topic);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Topic {
    None,
    Known(String),
    Unknown(Candidate),
    Unusable,
}

/// What the agent's topic says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReadTopic<'a> {
    /// It says nothing: empty, or `other`.
    None,
    /// It says something that is not a name, or one that the question does not have.
    Ignored,
    /// The topic's name.
    Named(&'a str),
}

impl SkillDictionary {
    /// Reads one entry of a list of names, such as `Kubernetes (K8s)`, `experience with k8s` or
    /// `Go; Rust`. Words that are also English count where the part of the entry is little more
    /// than the name. A topic of the owner's rules or of the table is kept apart from skills.
    pub fn parse_names(&self, rules: &TopicRules, entry: &str) -> ParsedNames {
        let mut parsed = ParsedNames::default();
        let entry = entry.trim();
        if entry.is_empty() {
            return parsed;
        }
        if is_placeholder(entry) {
            parsed.ignored = 1;
            return parsed;
        }
        if let Some(skill) = self.canonical(entry) {
            parsed.skills.push(skill);
            return parsed;
        }
        let known = self.find_in_list_entry(entry);
        let known: Vec<Range<usize>> = known.iter().map(SkillMention::range).collect();
        for part in split_list(entry, &known) {
            self.parse_part(rules, part, &mut parsed);
        }
        parsed
    }

    /// Reads one entry of a list and appends what it says to `into`; an unknown name is kept only
    /// where the question, if there is one, has it.
    pub fn read_names(
        &self,
        rules: &TopicRules,
        entry: &str,
        question: Option<&str>,
        into: &mut ReadNames,
    ) {
        let question = question.map(QuestionWords::new);
        self.parse_names(rules, entry).read(question.as_ref(), into);
    }

    /// Reads what the agent says a question is about: the name or phrase of a topic, one whose phrase stands in a text
    /// such as `visa status`, a skill, or an unknown name. A text that names a skill is about that, as in a question.
    pub fn parse_topic(&self, rules: &TopicRules, topic: &str) -> ParsedTopic {
        let spaced = topic.replace('_', " ");
        let topic = spaced.trim();
        if REDACTION_MARKERS.iter().any(|marker| topic.contains(marker)) {
            return ParsedTopic(Topic::Unusable);
        }
        let known = |name: &str| known_topic(rules, name).map(str::to_owned);
        if let Some(name) = known(topic) {
            return ParsedTopic(Topic::Known(name));
        }
        if topic.is_empty() || topic.eq_ignore_ascii_case("other") {
            return ParsedTopic(Topic::None);
        }
        if is_placeholder(topic) {
            return ParsedTopic(Topic::Unusable);
        }
        let owners = rules.topic(topic).map(str::to_owned);
        let parts = || split_list(topic, &[]).flat_map(|part| part.split(" and "));
        let listed = || parts().find_map(|part| known(part.trim()));
        let parsed = self.parse_names(rules, topic);
        let skill = || {
            let skill = parsed.skills.first().filter(|_| !is_greeting(topic));
            skill.map(|&skill| self.name(skill).to_owned())
        };
        let read = || table_topic(topic).map(str::to_owned);
        if let Some(name) = owners.or_else(listed).or_else(skill).or_else(read) {
            return ParsedTopic(Topic::Known(name));
        }
        let Some(mut candidate) = parsed.candidates.into_iter().next() else {
            return ParsedTopic(Topic::Unusable);
        };
        let plain = |name: &str| name.to_lowercase().replace(['-', '\u{2010}', '\u{2011}'], " ");
        candidate.name = plain(&candidate.name);
        candidate.bare = candidate.bare.map(|(name, key)| (plain(&name), key));
        ParsedTopic(Topic::Unknown(candidate))
    }

    fn parse_part(&self, rules: &TopicRules, part: &str, parsed: &mut ParsedNames) {
        let part = trim(part);
        if part.is_empty() {
            return;
        }
        if is_placeholder(part) {
            parsed.ignored += 1;
            return;
        }
        let before = parsed.skills.len();
        for aside in split_asides(part) {
            self.collect_skills(aside, &mut parsed.skills);
        }
        if parsed.skills.len() > before {
            return;
        }
        let Some(candidate) = split_asides(part).find_map(Candidate::of) else {
            parsed.ignored += 1;
            return;
        };
        match candidate.topic(rules).map(str::to_owned) {
            Some(topic) => parsed.topics.push(topic),
            None => parsed.candidates.push(candidate),
        }
    }

    /// Appends the skills of a text without brackets: all that it names where it says little else,
    /// else those that a sentence would name.
    fn collect_skills(&self, text: &str, skills: &mut Vec<SkillId>) {
        let named = self.find_in_list_entry(text);
        if named.is_empty() {
            skills.extend(self.canonical(text));
            return;
        }
        let words = FoldedWords::of(text);
        let is_named = |index: usize| {
            let word = words.word(index);
            word.is_some_and(|word| {
                named
                    .iter()
                    .any(|name| name.range().start <= word.from && word.to <= name.range().end)
            })
        };
        let says_little_else =
            (0..words.len()).all(|index| is_named(index) || is_scaffolding(words.text(index)));
        let found = if says_little_else { named } else { self.find(text) };
        skills.extend(found.iter().map(SkillMention::skill));
    }
}

impl ParsedNames {
    /// Appends what the entry says beside its question (`None` where the question is not known).
    pub fn read(&self, question: Option<&QuestionWords<'_>>, into: &mut ReadNames) {
        into.ignored += self.ignored;
        for &skill in &self.skills {
            if !into.skills.contains(&skill) {
                into.skills.push(skill);
            }
        }
        for topic in &self.topics {
            if !into.topics.contains(topic) {
                into.topics.push(topic.clone());
            }
        }
        for candidate in &self.candidates {
            match candidate.kept(question) {
                Some((name, key)) => {
                    if !into.unknown.iter().any(|known| known == name || name_key(known) == key) {
                        into.unknown.push(name.to_owned());
                    }
                }
                None => into.ignored += 1,
            }
        }
    }

    /// Whether [`read`](Self::read) gives the same beside any question.
    pub fn is_the_same_for_any_question(&self) -> bool {
        self.candidates.is_empty()
    }
}

impl ParsedTopic {
    /// What the topic says beside its question (`None` where the question is not known).
    pub fn read(&self, question: Option<&QuestionWords<'_>>) -> ReadTopic<'_> {
        match &self.0 {
            Topic::None => ReadTopic::None,
            Topic::Known(name) => ReadTopic::Named(name),
            Topic::Unknown(candidate) => match candidate.kept(question) {
                Some((name, _)) => ReadTopic::Named(name),
                None => ReadTopic::Ignored,
            },
            Topic::Unusable => ReadTopic::Ignored,
        }
    }
}

impl Candidate {
    /// The unknown name in a part of an entry, where it can be one.
    fn of(part: &str) -> Option<Self> {
        let words = FoldedWords::of(part);
        let scaffolding = |index: usize| is_scaffolding(words.text(index));
        let first = (0..words.len()).find(|&index| !scaffolding(index))?;
        let last = (0..words.len()).rfind(|&index| !scaffolding(index))?;
        // `experience with Foobar` begins after the preposition, `Basic Foobar` at its first word.
        let begin = (0..first)
            .rev()
            .find(|&index| is_lead(words.text(index)) && words.gap(index + 1) == Gap::Space)
            .map_or(0, |index| index + 1);
        let cut = |from: usize, to: usize| {
            let text = part.get(words.word(from)?.from..words.word(to)?.to)?;
            usable(text)
        };
        let whole = cut(begin, words.len().checked_sub(1)?);
        let bare = cut(first, last);
        match (whole, bare) {
            (Some((name, key)), bare) => {
                let bare = bare.filter(|(_, bare)| *bare != key);
                Some(Self { name, key, bare })
            }
            (None, Some((name, key))) => Some(Self { name, key, bare: None }),
            (None, None) => None,
        }
    }

    /// The topic that it is, with or without the words round it.
    fn topic<'r>(&self, rules: &'r TopicRules) -> Option<&'r str> {
        let bare = self.bare.as_ref().map(|(bare, _)| bare);
        [Some(&self.name), bare].into_iter().flatten().find_map(|name| known_topic(rules, name))
    }

    /// The name and its key where the question has it.
    fn kept(&self, question: Option<&QuestionWords<'_>>) -> Option<(&str, &str)> {
        let Some(question) = question else { return Some((&self.name, &self.key)) };
        if question.has(&self.key) {
            return Some((&self.name, &self.key));
        }
        let (name, key) = self.bare.as_ref()?;
        question.has(key).then_some((name, key))
    }
}

/// The topic of the owner's rules, else of the table, that has this name or phrase.
fn known_topic<'r>(rules: &'r TopicRules, name: &str) -> Option<&'r str> {
    rules.named(name).or_else(|| is_known_topic(name))
}

/// A name with single blanks and its key, where it is one that may be kept.
fn usable(text: &str) -> Option<(String, String)> {
    let name = compatible(text);
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let words = name.split(' ').count();
    let fits = words <= MAX_NAME_WORDS
        && !name.contains(['<', '>', '{', '}', '[', ']', '=', '|', '\\'])
        && NAME_CHARS.contains(&name.chars().count())
        && name.chars().any(char::is_alphabetic)
        && !is_placeholder(&name);
    fits.then(|| {
        let key = name_key(&name);
        (name, key)
    })
}

/// Whether a text stands where a model had no name to give.
fn is_placeholder(text: &str) -> bool {
    if REDACTION_MARKERS.iter().any(|marker| text.contains(marker)) {
        return true;
    }
    let words = FoldedWords::of(&without_accents(text));
    let mut phrase = String::with_capacity(text.len());
    for index in 0..words.len() {
        if index > 0 {
            phrase.push(' ');
        }
        phrase.push_str(words.text(index));
    }
    let numbered = || {
        let stem = phrase.trim_end_matches(|char: char| char.is_ascii_digit()).trim_end();
        stem.len() < phrase.len() && NUMBERED.contains(&stem)
    };
    !phrase.chars().any(char::is_alphabetic)
        || PLACEHOLDER_PHRASES.contains(phrase.as_str())
        || numbered()
}

fn is_scaffolding(word: &str) -> bool {
    !word.contains(char::is_alphabetic)
        || SCAFFOLDING_WORDS.contains(without_accents(word).as_ref())
}

/// Whether a name begins after this word.
fn is_lead(word: &str) -> bool {
    PREPOSITIONS.contains(&word) || ARTICLES.contains(&word)
}

/// The parts of a list that came as one text; a sign inside a known name parts nothing.
fn split_list<'t>(entry: &'t str, known: &[Range<usize>]) -> impl Iterator<Item = &'t str> {
    let mut parts = Vec::new();
    let mut begin = 0;
    let mut previous = ' ';
    for (at, char) in entry.char_indices() {
        let after = at + char.len_utf8();
        let next = entry.get(after..).and_then(|rest| rest.chars().next()).unwrap_or(' ');
        // `I/O`, `R/3` and `24/7` are one name each.
        let slash_parts = !next.is_numeric() && !is_pair_of_letters(entry, at);
        let parting = match char {
            '/' | '\\' => slash_parts,
            ',' => !(previous.is_numeric() && next.is_numeric()),
            _ => is_list_sign(char),
        };
        if parting && !known.iter().any(|name| name.start < at && at < name.end) {
            parts.extend(entry.get(begin..at));
            begin = after;
        }
        previous = char;
    }
    parts.extend(entry.get(begin..));
    parts.into_iter()
}

fn is_list_sign(char: char) -> bool {
    matches!(
        char,
        ';' | '|'
            | '\n'
            | '\r'
            | '\t'
            | '\u{2022}'
            | '\u{2023}'
            | '\u{25aa}'
            | '\u{25cf}'
            | '\u{25e6}'
            | '\u{b7}'
            | '\u{3001}'
            | '\u{ff0c}'
            | '\u{ff1b}'
            | '\u{60c}'
    )
}

/// Whether a single letter stands on either side of the one-byte sign at `at`.
fn is_pair_of_letters(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or("").rsplit(|char: char| !char.is_alphanumeric()).next();
    let after = text.get(at + 1..).unwrap_or("").split(|char: char| !char.is_alphanumeric()).next();
    [before, after].iter().all(|side| side.is_some_and(|side| side.chars().count() == 1))
}

/// The parts of an entry before, in and after its brackets, and on either side of a colon or a dash between blanks.
fn split_asides(part: &str) -> impl Iterator<Item = &str> {
    part.split([
        '(', ')', '[', ']', '{', '}', ':', '"', '\u{2013}', '\u{2014}', '\u{ff08}', '\u{ff09}',
    ])
    .flat_map(|aside| aside.split(" - "))
    .map(trim)
    .filter(|aside| !aside.is_empty())
}

/// The text without blanks, quotation marks, bullets and numbering round it.
fn trim(text: &str) -> &str {
    let outside = |char: char| {
        char.is_whitespace()
            || matches!(
                char,
                '-' | '*'
                    | '"'
                    | '\''
                    | '`'
                    | '<'
                    | '>'
                    | '\u{201c}'
                    | '\u{201d}'
                    | '\u{201e}'
                    | '\u{ab}'
                    | '\u{bb}'
            )
    };
    let text = text.trim_matches(outside);
    let unnumbered = text
        .trim_start_matches(|char: char| char.is_ascii_digit())
        .strip_prefix(['.', ')'])
        .filter(|rest| {
            text.starts_with(|char: char| char.is_ascii_digit()) && rest.starts_with(' ')
        });
    unnumbered
        .unwrap_or(text)
        .trim_matches(outside)
        .trim_end_matches(['.', '!', '?', '\u{2026}', ')', ']'])
        .trim_start_matches(['(', '['])
        .trim_matches(outside)
}
