//! Skills whose names are also ordinary words: the rules by which they count, read from
//! `data/english-words.txt` and `data/cues.txt`.

use std::collections::{HashMap, HashSet};

use rustc_hash::FxBuildHasher;

const RULES: &str = include_str!("../../../data/english-words.txt");
const CUES: &str = include_str!("../../../data/cues.txt");

/// What may speak for any word, or against it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Cue {
    /// A capital in the middle of a sentence.
    Capital,
    /// Standing alone.
    Alone,
    /// `your X` at the end of a phrase.
    Your,
    /// A phrase before it, such as `experience with`.
    Before,
    /// A word after it, such as `developer`.
    After,
    /// Its neighbours in a list.
    List,
    /// A text in another language, which speaks against it where it has no capital.
    Language,
}

/// How one word is read.
#[derive(Clone, Default, Debug)]
pub(crate) struct Rule {
    /// It counts unless something speaks against it; else only where something speaks for it.
    pub(crate) counts: bool,
    /// A capital in the middle of a sentence outweighs all that speaks against it.
    pub(crate) capital_decides: bool,
    /// Cues of other words that say nothing about this one.
    pub(crate) deaf_to: Vec<Cue>,
    /// It is also a person's name: a name beside it makes it one (`Cassandra Miller`).
    pub(crate) person: bool,
    /// Phrases in which the word is the ordinary one.
    pub(crate) against: Vec<Pattern>,
    /// Phrases in which the word is the skill.
    pub(crate) cues: Vec<Pattern>,
}

/// Words that stand right before and right after.
#[derive(Clone, Default, Debug)]
pub(crate) struct Pattern {
    /// Nearest last.
    pub(crate) before: Vec<Box<str>>,
    /// Nearest first.
    pub(crate) after: Vec<Box<str>>,
    /// Whether a phrase ends with its last word.
    pub(crate) ends: bool,
    /// The outlines of its nearest words, 0 where it has none on that side.
    outlines: (u32, u32),
}

/// A word's length, first and last byte: two words with different outlines are different.
pub(crate) fn outline(word: &str) -> u32 {
    match word.as_bytes() {
        [] => 0,
        [first, rest @ ..] => {
            let last = rest.last().unwrap_or(first);
            let length = u8::try_from(word.len()).unwrap_or(u8::MAX);
            u32::from_be_bytes([0, length, *first, *last])
        }
    }
}

/// Phrases of folded words.
pub(crate) type Phrases = HashSet<&'static str, FxBuildHasher>;

/// All rules, and the phrases that speak for any skill.
#[derive(Clone, Default, Debug)]
pub(crate) struct EnglishWords {
    forms: HashMap<&'static str, u16, FxBuildHasher>,
    rules: Vec<Rule>,
    /// Phrases after which a skill is named: `experience with`.
    pub(crate) before: Phrases,
    /// Words and phrases that follow a skill's name: `developer`, `one of your skills`.
    pub(crate) after: Phrases,
    /// Words and phrases that also follow the ordinary word: `role`.
    pub(crate) weak_after: Phrases,
    /// Words that may stand between such a phrase and the skill: `some`.
    pub(crate) modifiers: Phrases,
    /// Words between the members of a list: `and`.
    pub(crate) connectors: Phrases,
    /// Words that set two skills against each other: `or`.
    pub(crate) contrasts: Phrases,
    /// What a number before it counts, so that it is not a version: `days`.
    pub(crate) units: Phrases,
    /// Titles before a person's name: `Mr`.
    pub(crate) titles: Phrases,
    /// First names that stand before a family name.
    pub(crate) first_names: Phrases,
    /// Family names that stand after a first name.
    pub(crate) surnames: Phrases,
    /// Words by which a text is known to be English.
    pub(crate) english: Phrases,
}

impl EnglishWords {
    pub(crate) fn built_in() -> Self {
        let mut words = Self::default();
        let mut groups: HashMap<&str, Rule, FxBuildHasher> = HashMap::default();
        for line in RULES.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (head, patterns) = line.split_once(':').unwrap_or((line, ""));
            if let Some(group) = head.strip_prefix("group ") {
                groups.entry(group).or_default().read(patterns);
                continue;
            }
            let mut head = head.split(' ');
            let counts = head.next() == Some("unless");
            let mut rule = Rule { counts, ..Rule::default() };
            let form = head.next().unwrap_or_default();
            for flag in head {
                rule.capital_decides |= flag == "capital-decides";
                rule.person |= flag == "person";
                rule.deaf_to.extend(Cue::taken_away_by(flag));
                if let Some(group) = groups.get(flag) {
                    rule.against.extend_from_slice(&group.against);
                    rule.cues.extend_from_slice(&group.cues);
                }
            }
            rule.read(patterns);
            let index = u16::try_from(words.rules.len()).unwrap_or(u16::MAX);
            for form in form.split('|') {
                words.forms.insert(form, index);
            }
            words.rules.push(rule);
        }
        words.read_cues();
        words
    }

    fn read_cues(&mut self) {
        let mut section = "";
        for line in CUES.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some(name) = line.strip_prefix('[') {
                section = name.trim_end_matches(']');
                continue;
            }
            let phrases = match section {
                "before" => &mut self.before,
                "after" => &mut self.after,
                "weak-after" => &mut self.weak_after,
                "modifiers" => &mut self.modifiers,
                "connectors" => &mut self.connectors,
                "contrasts" => &mut self.contrasts,
                "units" => &mut self.units,
                "titles" => &mut self.titles,
                "first-names" => &mut self.first_names,
                "surnames" => &mut self.surnames,
                _ => &mut self.english,
            };
            phrases.extend(line.split(',').map(str::trim));
        }
    }

    /// The rule of a folded phrase, where it is also an ordinary word.
    pub(crate) fn rule(&self, phrase: &str) -> Option<u16> {
        if !phrase.contains(' ') {
            return self.forms.get(phrase).copied();
        }
        self.forms.get(phrase.replace(' ', "-").as_str()).copied()
    }

    pub(crate) fn get(&self, rule: u16) -> Option<&Rule> {
        self.rules.get(usize::from(rule))
    }
}

impl Rule {
    /// Adds patterns as a line lists them.
    fn read(&mut self, patterns: &str) {
        for pattern in patterns.split(',').map(str::trim).filter(|pattern| !pattern.is_empty()) {
            match pattern.strip_prefix('+') {
                Some(cue) => self.cues.push(Pattern::read(cue)),
                None => self.against.push(Pattern::read(pattern)),
            }
        }
    }
}

impl Cue {
    fn taken_away_by(flag: &str) -> Option<Self> {
        match flag {
            "no-capital" => Some(Self::Capital),
            "no-alone" => Some(Self::Alone),
            "no-your" => Some(Self::Your),
            "no-before" => Some(Self::Before),
            "no-after" => Some(Self::After),
            "no-list" => Some(Self::List),
            "everywhere" => Some(Self::Language),
            _ => None,
        }
    }
}

impl Pattern {
    /// Reads `to _` or `_ ahead`: `_` is the word itself, `$` the end of a phrase.
    fn read(pattern: &str) -> Self {
        let (left, right) = pattern.split_once('_').unwrap_or((pattern, ""));
        let words = |side: &str| -> Vec<Box<str>> {
            side.split_whitespace().filter(|word| *word != "$").map(Into::into).collect()
        };
        let (before, after) = (words(left), words(right));
        let outline = |word: Option<&Box<str>>| word.map_or(0, |word| outline(word));
        Self {
            ends: right.contains('$'),
            outlines: (outline(before.last()), outline(after.first())),
            before,
            after,
        }
    }

    /// A cheap check that spares most patterns the comparison of words.
    pub(crate) fn may_match(&self, (previous, next): (u32, u32)) -> bool {
        let (before, after) = self.outlines;
        (before == 0 || before == previous) && (after == 0 || after == next)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_rule_is_well_formed_and_every_word_has_one() {
        let mut flags = vec![
            "no-before",
            "no-after",
            "no-capital",
            "no-alone",
            "no-your",
            "no-list",
            "capital-decides",
            "everywhere",
        ];
        let mut seen = BTreeSet::new();
        for line in RULES.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (head, patterns) = line.split_once(':').expect(line);
            let head: Vec<&str> = head.split(' ').collect();
            assert!(matches!(head[0], "only" | "unless" | "group"), "{line}");
            assert!(head[2..].iter().all(|flag| flags.contains(flag)), "{line}");
            if head[0] == "group" {
                flags.push(head[1]);
            } else {
                for form in head[1].split('|') {
                    assert!(seen.insert(form), "{form} has two rules");
                }
            }
            for pattern in patterns.split(',').map(str::trim).filter(|pattern| !pattern.is_empty())
            {
                assert_eq!(pattern.matches('_').count(), 1, "{pattern} in {line}");
            }
        }
    }
}
