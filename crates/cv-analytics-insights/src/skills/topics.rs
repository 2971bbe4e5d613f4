//! The key phrase of a question that names no skill.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::LazyLock;

use rustc_hash::FxBuildHasher;

use crate::skills::folded_words::FoldedWords;
use crate::skills::question_words::name_key;

const TOPICS: &str = include_str!("../../data/topics.txt");
const SCAFFOLDING: &str = include_str!("../../data/scaffolding.txt");

/// Words of a key phrase that comes from the question itself.
const MOST_WORDS: usize = 3;
/// Longest key phrase, in characters: a longer run without a space is no phrase to count by.
const LONGEST: usize = 40;

/// The owner's topics: names with their phrases, which win over everything else.
#[derive(Clone, Default, Debug)]
pub struct TopicRules {
    phrases: HashMap<String, String, FxBuildHasher>,
}

impl TopicRules {
    /// The rules as settings keep them: each name with its phrases.
    pub fn new(rules: &BTreeMap<String, Vec<String>>) -> Self {
        let mut phrases = HashMap::default();
        for (name, texts) in rules {
            for text in std::iter::once(name).chain(texts) {
                phrases.entry(name_key(text)).or_insert_with(|| name.clone());
            }
        }
        Self { phrases }
    }

    /// The topic of this name or phrase.
    pub(crate) fn named(&self, name: &str) -> Option<&str> {
        self.phrases.get(&name_key(name)).map(String::as_str)
    }
}

/// The topic of the table with this name or phrase.
pub fn is_known_topic(name: &str) -> Option<&'static str> {
    let words = FoldedWords::of(name);
    BUILT_IN.names.get(words.whole()).map(|&(name, _)| name)
}

struct Topics {
    /// Phrases with the name of their topic, and whether they count only at the end.
    names: HashMap<Box<str>, (&'static str, bool), FxBuildHasher>,
    /// Words in the longest of them.
    longest: usize,
    /// Words that hold a question together and say nothing of what it is about.
    scaffolding: HashSet<&'static str, FxBuildHasher>,
}

static BUILT_IN: LazyLock<Topics> = LazyLock::new(|| {
    let lines =
        |list: &'static str| list.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let key = |phrase: &str| Box::<str>::from(FoldedWords::of(phrase).whole());
    let mut names = HashMap::default();
    for (name, phrases) in lines(TOPICS).filter_map(|line| line.split_once(": ")) {
        names.insert(key(name), (name, false));
        for phrase in phrases.split(", ") {
            let at_end = phrase.strip_suffix('$');
            names.entry(key(at_end.unwrap_or(phrase))).or_insert((name, at_end.is_some()));
        }
    }
    let longest =
        names.keys().map(|phrase| phrase.split([' ', ',']).count()).max().unwrap_or_default();
    Topics {
        names,
        longest,
        scaffolding: lines(SCAFFOLDING).flat_map(str::split_whitespace).collect(),
    }
});

/// The question's key phrase where no skill is known: the name of a frequent topic ("salary
/// expectations"), else the longest run of words that are no scaffolding. `None` for a greeting or a
/// text without a phrase. The same text gives the same phrase on any day.
pub fn topic(text: &str) -> Option<String> {
    let words = FoldedWords::of(text);
    BUILT_IN.frequent(&words).map(str::to_owned).or_else(|| BUILT_IN.key_phrase(&words))
}

impl Topics {
    /// The frequent topic whose phrase begins first, of those the longest.
    fn frequent(&self, words: &FoldedWords) -> Option<&'static str> {
        (0..words.len()).find_map(|first| {
            (first..words.len().min(first + self.longest)).rev().find_map(|last| {
                let &(name, at_end) = self.names.get(words.phrase(first, last))?;
                (!at_end || words.gap(last + 1).is_hard()).then_some(name)
            })
        })
    }

    /// The last of the longest runs of telling words.
    fn key_phrase(&self, words: &FoldedWords) -> Option<String> {
        let mut best: Vec<&str> = Vec::new();
        let mut run: Vec<&str> = Vec::new();
        for index in 0..=words.len() {
            let word = words.text(index);
            if !self.tells(word) || words.gap(index).is_hard() {
                if !run.is_empty() && run.len().min(MOST_WORDS) >= best.len() {
                    best = run.split_off(run.len().saturating_sub(MOST_WORDS));
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
        if let Some(singular) = singular(last) {
            phrase.truncate(phrase.len() - last.len());
            phrase.push_str(&singular);
        }
        (phrase.chars().count() <= LONGEST).then_some(phrase)
    }

    fn tells(&self, word: &str) -> bool {
        word.chars().any(char::is_alphabetic)
            && (word.chars().count() > 1 || !word.is_ascii())
            && !word.starts_with('\'')
            && !self.scaffolding.contains(word)
    }
}

/// The singular of a regular English plural.
fn singular(word: &str) -> Option<String> {
    let kept = ["ss", "us", "is", "ics", "news", "series"].iter().any(|end| word.ends_with(end));
    if kept || word.len() < 4 || !word.is_ascii() {
        return None;
    }
    if let Some(stem) = word.strip_suffix("ies") {
        return Some(format!("{stem}y"));
    }
    let twice = ["sses", "ches", "shes", "xes"].iter().any(|end| word.ends_with(end));
    word.strip_suffix(if twice { "es" } else { "s" }).map(str::to_owned)
}

pub fn table_topic(text: &str) -> Option<&'static str> {
    BUILT_IN.frequent(&FoldedWords::of(text))
}
pub fn phrase(text: &str) -> Option<String> {
    BUILT_IN.key_phrase(&FoldedWords::of(text))
}
impl TopicRules {
    pub fn topic(&self, _text: &str) -> Option<&str> {
        None
    }
}
