//! The owner's topics: names with their phrases, as a file and as rules.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use cv_analytics_core::privacy::REDACTION_MARKERS;
use rustc_hash::FxBuildHasher;
use serde_json::{Map, Value};

use crate::model::{OTHER_QUESTIONS, OTHERS};
use crate::skills::phrase_matcher::{PhraseMatcher, fold};
use crate::skills::words::folded::without_markers;

/// Largest file of topics that is read, in bytes.
const MAX_FILE_BYTES: usize = 1 << 20;
/// Longest name or phrase, in characters.
const MAX_PHRASE_CHARS: usize = 100;

/// The owner's topics: names with their phrases, which win over everything else.
#[derive(Clone, Default, Debug)]
pub struct TopicRules {
    names: Vec<String>,
    /// Names and phrases, folded, with the number of their topic.
    known: HashMap<Vec<String>, usize, FxBuildHasher>,
    matcher: PhraseMatcher,
}

/// Why a file of topics cannot be read, and what to do.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct TopicRulesError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong and what to write instead.
    pub problem: String,
}

impl TopicRules {
    /// The rules as settings keep them: each name with its phrases.
    pub fn new(rules: &BTreeMap<String, Vec<String>>) -> Self {
        let mut new = Self { matcher: PhraseMatcher::new(), ..Self::default() };
        for (number, (name, phrases)) in rules.iter().enumerate() {
            new.names.push(name.clone());
            new.known.entry(fold(name)).or_insert(number);
            for phrase in phrases {
                let words = fold(phrase);
                new.matcher.add_words(&words, number);
                new.known.entry(words).or_insert(number);
            }
        }
        new
    }

    /// Reads a file of topics: lines, `name = phrase, phrase` with `#` for comments, or JSON,
    /// `{"name": ["phrase", "phrase"]}`. A name that comes twice has the phrases of both.
    ///
    /// # Errors
    /// [`TopicRulesError`], with the line and what to write.
    pub fn read(text: &str) -> Result<BTreeMap<String, Vec<String>>, TopicRulesError> {
        let text = text.trim_start_matches('\u{feff}');
        if text.len() > MAX_FILE_BYTES {
            let problem =
                format!("too large: more than {MAX_FILE_BYTES} bytes; leave only topics in it");
            return Err(error(1, problem));
        }
        let mut rules = Rules::default();
        if text.trim_start().starts_with('{') {
            let topics: Map<String, Value> = serde_json::from_str(text).map_err(|fault| {
                error(
                    fault.line(),
                    format!("invalid JSON: {fault}; write {{\"name\": [\"phrase\"]}}"),
                )
            })?;
            for (name, phrases) in topics {
                let line = line_of(text, &name);
                let phrases: Vec<String> = serde_json::from_value(phrases).map_err(|_| {
                    error(line, format!("invalid phrases of {name:?}: write \"{name}\": [\"phrase\", \"phrase\"]"))
                })?;
                rules.add(&name, phrases.iter().map(String::as_str), line)?;
            }
        } else {
            for (number, line) in (1..).zip(text.lines()) {
                let line = line.trim();
                if line.is_empty() || line.starts_with('#') {
                    continue;
                }
                let Some((name, phrases)) = line.split_once('=') else {
                    return Err(error(
                        number,
                        "missing \"=\": write `name = phrase, phrase`".into(),
                    ));
                };
                let phrases = phrases.split(',').map(str::trim).filter(|phrase| !phrase.is_empty());
                rules.add(name, phrases, number)?;
            }
        }
        Ok(rules.topics)
    }

    /// Whether there are no rules.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The topic of the longest phrase in a text, then the first; ignores case, accents, hyphens and plurals.
    pub fn topic(&self, text: &str) -> Option<&str> {
        if self.names.is_empty() {
            return None;
        }
        let (found, _) = self.matcher.find(&without_markers(text));
        let longest =
            found.iter().min_by_key(|found| (Reverse(found.points), found.first, found.topic))?;
        self.names.get(longest.topic).map(String::as_str)
    }

    /// The topic of this name or phrase.
    pub(crate) fn named(&self, name: &str) -> Option<&str> {
        let number = self.known.get(&fold(name))?;
        self.names.get(*number).map(String::as_str)
    }
}

/// Topics as they are read, each phrase with the name that has it.
#[derive(Default)]
struct Rules {
    topics: BTreeMap<String, Vec<String>>,
    owners: HashMap<Vec<String>, String, FxBuildHasher>,
}

impl Rules {
    fn add<'t>(
        &mut self,
        name: &str,
        phrases: impl Iterator<Item = &'t str>,
        line: usize,
    ) -> Result<(), TopicRulesError> {
        let name = checked("name", name, line)?;
        if fold(&name) == fold(OTHER_QUESTIONS) || name.eq_ignore_ascii_case(OTHERS) {
            let problem =
                format!("refused: {name:?} is what the report calls the rest; choose another name");
            return Err(error(line, problem));
        }
        if REDACTION_MARKERS.iter().any(|marker| name.to_lowercase().contains(marker)) {
            let problem = format!(
                "refused: {name:?} has the mark of a text that was redacted; choose another name"
            );
            return Err(error(line, problem));
        }
        let mut kept = Vec::new();
        for phrase in phrases {
            let phrase = checked("phrase", phrase, line)?;
            let owner = self.owners.entry(fold(&phrase)).or_insert_with(|| name.clone());
            if *owner != name {
                let problem = format!(
                    "invalid phrase {phrase:?}: it is a phrase of {owner:?} too; leave it in one topic"
                );
                return Err(error(line, problem));
            }
            kept.push(phrase);
        }
        if kept.is_empty() {
            let problem = format!("missing phrases of {name:?}: write `{name} = phrase, phrase`");
            return Err(error(line, problem));
        }
        let known = self.topics.entry(name).or_default();
        for phrase in kept {
            if !known.contains(&phrase) {
                known.push(phrase);
            }
        }
        Ok(())
    }
}

/// A name or phrase with single blanks, where it is one.
fn checked(what: &str, text: &str, line: usize) -> Result<String, TopicRulesError> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if !text.chars().any(char::is_alphanumeric) {
        let problem = format!(
            "missing {what}: {text:?} has no letter or digit; write `name = phrase, phrase`"
        );
        return Err(error(line, problem));
    }
    if text.chars().count() > MAX_PHRASE_CHARS {
        let problem =
            format!("too large: a {what} has more than {MAX_PHRASE_CHARS} characters; shorten it");
        return Err(error(line, problem));
    }
    Ok(text)
}

/// The line in which a name of a JSON file first stands.
fn line_of(text: &str, name: &str) -> usize {
    let before = text.find(&format!("{name:?}")).and_then(|at| text.get(..at)).unwrap_or_default();
    before.matches('\n').count() + 1
}

fn error(line: usize, problem: String) -> TopicRulesError {
    TopicRulesError { line, problem }
}
