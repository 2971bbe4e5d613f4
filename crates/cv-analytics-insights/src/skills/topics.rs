//! What a question without a known skill is about: a topic of the built-in table, or a phrase of its words.

pub(crate) mod rules;

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::LazyLock;

use rustc_hash::FxBuildHasher;

use crate::skills::phrase_matcher::{Match, PhraseMatcher, fold};
use crate::skills::words::accents::without_accents;
use crate::skills::words::folded::{FoldedWords, without_markers};
use crate::skills::words::forms::singular;

const TOPICS: &str = include_str!("../../data/topics.txt");
const SCAFFOLDING: &str = include_str!("../../data/scaffolding.txt");
/// The topic that a spoken language takes the place of.
const LANGUAGES_SPOKEN: &str = "languages spoken";
/// How a spoken language is asked for; its name by itself is a weak phrase.
const LANGUAGE_PHRASES: [&str; 18] = [
    "~X",
    "X language",
    "X skill",
    "X proficien*",
    "spoken X",
    "in X$",
    "learn X",
    "understand X",
    "X fluent",
    "know X$",
    "your X",
    "speak X",
    "speak .. X",
    "native X",
    "fluent X",
    "fluent in X",
    "X level",
    "level of X",
];
/// Words of a key phrase that comes from the question itself.
const MAX_PHRASE_WORDS: usize = 3;
/// Longest key phrase, in characters: a longer run without a space is not a phrase to count by.
const MAX_PHRASE_CHARS: usize = 40;

struct Table {
    topics: Vec<TableTopic>,
    matcher: PhraseMatcher,
    /// Words that hold a question together and say nothing of what it is about.
    scaffolding: HashSet<Cow<'static, str>, FxBuildHasher>,
}

#[derive(Clone, Copy)]
struct TableTopic {
    name: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Usual,
    /// Counts only where its phrases are the whole text.
    Whole,
    SpokenLanguage,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let lines =
        |list: &'static str| list.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut table = Table {
        topics: Vec::new(),
        matcher: PhraseMatcher::new(),
        scaffolding: lines(SCAFFOLDING)
            .flat_map(str::split_whitespace)
            .map(without_accents)
            .collect(),
    };
    table.matcher.add_plain(lines(SCAFFOLDING).flat_map(str::split_whitespace));
    let mut section = "";
    for line in lines(TOPICS) {
        if line.starts_with('[') {
            section = line;
            continue;
        }
        if section == "[fillers]" {
            table.matcher.add_fillers(line.split_whitespace());
            continue;
        }
        if section == "[plain]" {
            table.matcher.add_plain(line.split_whitespace());
            continue;
        }
        let Some((name, phrases)) = line.split_once(": ") else { continue };
        if section == "[words]" {
            table.matcher.add_class(name, phrases.split(", "));
            continue;
        }
        let whole = name.strip_prefix('(').and_then(|name| name.strip_suffix(')'));
        let kind = match whole {
            Some(_) => Kind::Whole,
            None if section == "[spoken languages]" => Kind::SpokenLanguage,
            None => Kind::Usual,
        };
        let name = whole.unwrap_or(name);
        let number = table.topics.len();
        table.topics.push(TableTopic { name, kind });
        let common = |phrase: &str| {
            phrase.strip_prefix('?').is_some_and(|phrase| fold(phrase) == fold(name))
        };
        let named = Some(name).filter(|_| !phrases.split(", ").any(common));
        for phrase in named.into_iter().chain(phrases.split(", ")) {
            if kind == Kind::SpokenLanguage {
                let english = phrase.eq_ignore_ascii_case(name);
                for said in LANGUAGE_PHRASES {
                    let common = if english && said == "~X" { "?" } else { "" };
                    table.matcher.add(&format!("{common}{}", said.replace('X', phrase)), number);
                }
            } else {
                table.matcher.add(phrase, number);
            }
        }
    }
    table.matcher.add_misspellings();
    table
});

/// The topic of the built-in table that a question is about.
pub fn table_topic(text: &str) -> Option<&'static str> {
    TABLE.topic(&without_markers(text))
}

/// Whether a text is only a greeting or the like.
pub(crate) fn is_greeting(text: &str) -> bool {
    let kind = |topic: &TableTopic| (Some(topic.name) == table_topic(text)).then_some(topic.kind);
    TABLE.topics.iter().find_map(kind) == Some(Kind::Whole)
}

/// The topic of the table with this name or phrase; greetings only by their name.
pub fn is_known_topic(name: &str) -> Option<&'static str> {
    let (found, words) = TABLE.matcher.find(name);
    let whole = |found: &&Match| found.first == 0 && found.last + 1 == words;
    let by_points = |found: &&Match| (found.points, Reverse(found.topic));
    let best = found.iter().filter(whole).max_by_key(by_points)?;
    let topic = TABLE.topics.get(best.topic)?;
    (topic.kind != Kind::Whole || fold(name) == fold(topic.name)).then_some(topic.name)
}

/// The key phrase of a question: the last of its longest runs of informative words, singular at its end.
pub fn phrase(text: &str) -> Option<String> {
    TABLE.key_phrase(&FoldedWords::of(&without_markers(text)))
}

impl Table {
    /// The topic with most points; of equal ones the one that stands first.
    fn topic(&self, text: &str) -> Option<&'static str> {
        let spoken = self.topics.iter().position(|topic| topic.name == LANGUAGES_SPOKEN);
        let group = |number: usize| match self.topics.get(number).map(|topic| topic.kind) {
            Some(Kind::SpokenLanguage) => spoken.unwrap_or(number),
            _ => number,
        };
        let (mut found, words) = self.matcher.find_told(text, group);
        let kind = |found: &Match| self.topics.get(found.topic).map(|topic| topic.kind);
        let whole =
            found.iter().find(|found| kind(found) == Some(Kind::Whole)).map(|found| found.topic);
        let covers = |word: usize| {
            found.iter().any(|found| Some(found.topic) == whole && found.covers(word))
        };
        if words > 0 && (0..words).all(covers) {
            return whole.and_then(|topic| self.topics.get(topic)).map(|topic| topic.name);
        }
        found.retain(|found| Some(found.topic) != whole);
        let language =
            found.iter().find(|found| kind(found) == Some(Kind::SpokenLanguage)).copied();
        let best = self.topics.get(best_topic(found)?)?;
        match language.and_then(|language| self.topics.get(language.topic)) {
            Some(language) if best.name == LANGUAGES_SPOKEN => Some(language.name),
            _ => Some(best.name),
        }
    }

    /// The last of the longest runs of telling words.
    fn key_phrase(&self, words: &FoldedWords) -> Option<String> {
        let mut best: Vec<&str> = Vec::new();
        let mut run: Vec<&str> = Vec::new();
        for index in 0..=words.len() {
            let word = words.text(index);
            if !self.tells(word) || words.gap(index).is_hard() {
                if !run.is_empty() && run.len().min(MAX_PHRASE_WORDS) >= best.len() {
                    best = run.split_off(run.len().saturating_sub(MAX_PHRASE_WORDS));
                }
                run.clear();
            }
            if self.tells(word) {
                run.push(word);
            }
        }
        let last = best.pop()?;
        best.push(last);
        let mut phrase = best.join(" ");
        phrase.truncate(phrase.len() - last.len());
        phrase.push_str(&singular(last));
        (phrase.chars().count() <= MAX_PHRASE_CHARS).then_some(phrase)
    }

    fn tells(&self, word: &str) -> bool {
        // A dot inside makes it a domain.
        word.chars().any(char::is_alphabetic)
            && word.rfind('.').is_none_or(|dot| dot == 0)
            && (word.chars().count() > 1 || !word.is_ascii())
            && !word.starts_with('\'')
            && !self.scaffolding.contains(&without_accents(word))
    }
}

/// The topic with most points of all phrases that stand inside no longer one; of equal ones the one that stands first.
fn best_topic(mut found: Vec<Match>) -> Option<usize> {
    found.sort_by_key(|found| (Reverse(found.points), found.first, found.topic));
    let mut kept: Vec<Match> = Vec::with_capacity(found.len());
    for found in found {
        let inside = |kept: &Match| {
            kept.points > found.points && kept.first <= found.first && found.last <= kept.last
        };
        let overlaps = |kept: &Match| {
            kept.topic == found.topic && kept.first <= found.last && found.first <= kept.last
        };
        if !kept.iter().any(|kept| inside(kept) || overlaps(kept)) {
            kept.push(found);
        }
    }
    let points = |topic| -> u32 {
        kept.iter().filter(|kept| kept.topic == topic).map(|kept| kept.points).sum()
    };
    let best = kept.iter().min_by_key(|kept| (Reverse(points(kept.topic)), kept.first, kept.topic));
    best.map(|best| best.topic)
}
