//! Numbers the skills and topics of one report.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use crate::model::{NameType, OTHER_QUESTIONS};
use crate::skills::dictionary::{SkillDictionary, SkillId};
use crate::skills::name_key;

/// Skills that no dictionary knows, of which one report tells so many apart: a visitor can make the model invent more.
const MAX_UNKNOWN_SKILLS: usize = 20_000;
/// Spellings of one of them.
const MAX_SPELLINGS: usize = 100;

/// A skill within one report: the dictionary's skills first, then those that only agents name.
pub(crate) type SkillIndex = u32;

/// A topic within one report. A phrase that only the question's words gave is kept apart from the
/// topic of that name until it is known how many conversations share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TopicIndex(u32);

impl TopicIndex {
    /// [`OTHER_QUESTIONS`].
    pub(crate) const OTHER: Self = Self(0);
}

/// A skill or topic within one report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Name {
    Skill(SkillIndex),
    Topic(TopicIndex),
}

impl Name {
    /// Which of the two it is.
    pub(crate) const fn name_type(self) -> NameType {
        match self {
            Self::Skill(_) => NameType::Skill,
            Self::Topic(_) => NameType::Topic,
        }
    }
}

/// The names that a report has met.
#[derive(Debug)]
pub(crate) struct Names<'d> {
    dictionary: &'d SkillDictionary,
    /// Skills that no dictionary knows, by their [`name_key`].
    unknown: HashMap<String, SkillIndex, FxBuildHasher>,
    spellings: Vec<Spellings>,
    topics: Vec<Topic>,
    /// Topics by name, those that are phrases apart.
    topic_numbers: [HashMap<Box<str>, TopicIndex, FxBuildHasher>; 2],
}

/// Every spelling of an unknown skill, with how often it came. Most have one.
#[derive(Debug)]
struct Spellings {
    first: (Box<str>, u64),
    others: HashMap<Box<str>, u64, FxBuildHasher>,
}

impl Spellings {
    fn add(&mut self, spelling: &str, times: u64) {
        if *self.first.0 == *spelling {
            self.first.1 += times;
        } else if let Some(count) = self.others.get_mut(spelling) {
            *count += times;
        } else if self.others.len() < MAX_SPELLINGS {
            self.others.insert(spelling.into(), times);
        }
    }

    /// The one that came most often; of equals the first by alphabet.
    fn usual(&self) -> &str {
        let (first, count) = &self.first;
        let all = self.others.iter().chain([(first, count)]);
        all.max_by(|a, b| a.1.cmp(b.1).then_with(|| b.0.cmp(a.0))).map_or(first, |(usual, _)| usual)
    }
}

#[derive(Debug)]
struct Topic {
    name: Box<str>,
    is_phrase: bool,
}

impl<'d> Names<'d> {
    pub(crate) fn new(dictionary: &'d SkillDictionary) -> Self {
        let mut names = Self {
            dictionary,
            unknown: HashMap::default(),
            spellings: Vec::new(),
            topics: Vec::new(),
            topic_numbers: Default::default(),
        };
        names.topic(OTHER_QUESTIONS);
        names
    }

    /// The number of a skill by its name or alias; a name that nobody knows gets the next one.
    pub(crate) fn skill(&mut self, name: &str) -> SkillIndex {
        match self.dictionary.canonical(name) {
            Some(SkillId(skill)) => skill,
            None => self.spelt(name, 0),
        }
    }

    /// The number of a skill that no dictionary knows; its spelling is counted. `None` for a new one where there are
    /// [`MAX_UNKNOWN_SKILLS`]: both stores give a report's interactions in one order, so that both leave out the same.
    pub(crate) fn unknown_skill(&mut self, spelling: &str) -> Option<SkillIndex> {
        let is_full = self.unknown.len() >= MAX_UNKNOWN_SKILLS;
        let is_new = is_full && !self.unknown.contains_key(&unknown_key(spelling));
        (!is_new).then(|| self.spelt(spelling, 1))
    }

    /// The number of a skill that no dictionary knows; `spelling` came so many `times` more.
    fn spelt(&mut self, spelling: &str, times: u64) -> SkillIndex {
        let key = unknown_key(spelling);
        let next = u32::try_from(self.dictionary.len() + self.spellings.len()).unwrap_or(u32::MAX);
        let index = *self.unknown.entry(key).or_insert(next);
        if index == next {
            let others = HashMap::default();
            self.spellings.push(Spellings { first: (spelling.into(), times), others });
            return index;
        }
        let place = (index as usize).saturating_sub(self.dictionary.len());
        if let Some(spellings) = self.spellings.get_mut(place) {
            spellings.add(spelling, times);
        }
        index
    }

    /// Whether the dictionary knows the skill.
    pub(crate) fn is_known(&self, name: &str) -> bool {
        self.dictionary.canonical(name).is_some()
    }

    /// The number of a topic.
    pub(crate) fn topic(&mut self, name: &str) -> TopicIndex {
        self.number_topic(name, false)
    }

    /// The number of a phrase that may become a topic.
    pub(crate) fn phrase(&mut self, phrase: &str) -> TopicIndex {
        self.number_topic(phrase, true)
    }

    fn number_topic(&mut self, name: &str, is_phrase: bool) -> TopicIndex {
        let [topics, phrases] = &mut self.topic_numbers;
        let numbers = if is_phrase { phrases } else { topics };
        if let Some(&topic) = numbers.get(name) {
            return topic;
        }
        let topic = TopicIndex(u32::try_from(self.topics.len()).unwrap_or(u32::MAX));
        numbers.insert(name.into(), topic);
        self.topics.push(Topic { name: name.into(), is_phrase });
        topic
    }

    /// Whether the topic is a phrase of the questions' own words.
    pub(crate) fn is_phrase(&self, topic: TopicIndex) -> bool {
        self.topics.get(topic.0 as usize).is_some_and(|topic| topic.is_phrase)
    }

    /// The name: of a skill the dictionary's, else the spelling that came most often (of equals the first by alphabet).
    pub(crate) fn of(&self, name: Name) -> &str {
        match name {
            Name::Topic(TopicIndex(topic)) => {
                self.topics.get(topic as usize).map_or("", |topic| &topic.name)
            }
            Name::Skill(skill) => match (skill as usize).checked_sub(self.dictionary.len()) {
                None => self.dictionary.name(SkillId(skill)),
                Some(place) => self.spellings.get(place).map_or("", Spellings::usual),
            },
        }
    }
}

/// By what spellings of one unknown skill are the same.
fn unknown_key(spelling: &str) -> String {
    let key = Some(name_key(spelling)).filter(|key| !key.is_empty());
    key.unwrap_or_else(|| spelling.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invented_names_are_bounded_and_those_that_are_there_still_count() {
        let dictionary = SkillDictionary::built_in();
        let mut names = Names::new(&dictionary);
        let numbers: Vec<_> = (0..MAX_UNKNOWN_SKILLS + 10)
            .map(|number| names.unknown_skill(&format!("Frobnicator{number}x")))
            .collect();
        assert_eq!(numbers.iter().flatten().count(), MAX_UNKNOWN_SKILLS);
        assert_eq!(names.unknown_skill("frobnicator3X"), numbers[3]);
        // What the owner asks for is found.
        assert!(names.skill("Frobnicator") as usize >= dictionary.len() + MAX_UNKNOWN_SKILLS);
    }

    #[test]
    fn spellings_of_one_name_are_bounded() {
        let dictionary = SkillDictionary::built_in();
        let mut names = Names::new(&dictionary);
        let spelling = |bits: u32| -> String {
            "abcdefghij"
                .chars()
                .enumerate()
                .map(
                    |(place, letter)| {
                        if bits >> place & 1 == 1 { letter.to_ascii_uppercase() } else { letter }
                    },
                )
                .collect()
        };
        for bits in 0..1_024 {
            assert!(names.unknown_skill(&spelling(bits)).is_some());
        }
        assert!(names.spellings[0].others.len() <= MAX_SPELLINGS);
    }
}
