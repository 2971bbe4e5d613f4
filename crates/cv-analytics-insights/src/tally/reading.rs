//! What an interaction is about: its skills, else its one topic, by the contract's rules.
//!
//! A skill is found in the question's text or named in `missingSkills`; `matchedSkills` count only where there is no
//! text. An interaction without a skill has one topic: the owner's rules, the agent's own word, the built-in table, or
//! the phrase of its words, which counts only where three conversations of the eight weeks share it.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use cv_analytics_core::store::observation_page::PagedObservation;
use rustc_hash::FxBuildHasher;

use crate::model::NameType;
use crate::settings::counting_rules::CountingRules;
use crate::skills::dictionary::SkillId;
use crate::skills::mentions::SkillMention;
use crate::skills::names_from_model::{ParsedNames, ParsedTopic, ReadNames, ReadTopic};
use crate::skills::question_words::QuestionWords;
use crate::skills::topics::{phrase, table_topic};
use crate::tally::names::{Name, Names, SkillIndex, TopicIndex};

/// Spellings that are remembered: more than agents use, and few enough to weigh nothing.
const MAX_REMEMBERED_SPELLINGS: usize = 4_096;
/// Texts that are remembered: people ask the same few things, by a page's buttons too.
const MAX_REMEMBERED_TEXTS: usize = 4_096;

/// What one interaction is about.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    /// The skills that it is about, each once.
    pub(crate) skills: Vec<SkillIndex>,
    /// The skills that the agent says it found.
    pub(crate) matched: Vec<SkillIndex>,
    /// The skills that the agent says it misses.
    pub(crate) missing: Vec<SkillIndex>,
    /// Without a skill its one topic; beside skills those topics that the agent says it misses:
    /// `Kotlin and German?`, missing German.
    pub(crate) topics: Vec<TopicIndex>,
    /// Names from the agent's model that are not names.
    pub(crate) ignored_names: u64,
}

impl Reading {
    /// Every name that the interaction counts under.
    pub(crate) fn names(&self) -> impl Iterator<Item = Name> {
        let topics = self.topics.iter().map(|&topic| Name::Topic(topic));
        self.skills.iter().map(|&skill| Name::Skill(skill)).chain(topics)
    }
}

/// What a text says, independent of the asker.
struct ReadText {
    /// The skills that it names, with their bytes of it.
    mentions: Box<[(SkillId, Range<usize>)]>,
    /// Its topic where the agent names none, once it was looked for.
    topic: Option<TopicIndex>,
}

/// Reads interactions, and numbers the names that it meets.
pub(crate) struct Reader<'r> {
    rules: &'r CountingRules,
    pub(crate) names: Names<'r>,
    /// Phrases that count as topics; `None` while the eight weeks are still being counted, when each is kept apart.
    shared_phrases: Option<&'r BTreeSet<String>>,
    entries: HashMap<Box<str>, ParsedNames, FxBuildHasher>,
    topics: HashMap<Box<str>, ParsedTopic, FxBuildHasher>,
    texts: HashMap<Box<str>, ReadText, FxBuildHasher>,
    read: ReadNames,
}

impl<'r> Reader<'r> {
    /// A reader for the count of eight weeks, which finds out what phrases they share.
    pub(crate) fn new(rules: &'r CountingRules) -> Self {
        Self {
            rules,
            names: Names::new(&rules.dictionary),
            shared_phrases: None,
            entries: HashMap::default(),
            topics: HashMap::default(),
            texts: HashMap::default(),
            read: ReadNames::default(),
        }
    }

    /// A reader that knows what phrases the eight weeks share.
    pub(crate) fn knowing(rules: &'r CountingRules, shared_phrases: &'r BTreeSet<String>) -> Self {
        Self { shared_phrases: Some(shared_phrases), ..Self::new(rules) }
    }

    /// Reads an interaction, and the places in its text that name a skill.
    pub(crate) fn read<'p>(
        &mut self,
        observation: &PagedObservation<'p>,
        mentions: &mut Vec<SkillMention<'p>>,
        reading: &mut Reading,
    ) {
        let Reading { skills, matched, missing, topics, ignored_names } = reading;
        skills.clear();
        matched.clear();
        missing.clear();
        topics.clear();
        mentions.clear();
        *ignored_names = 0;
        let text = observation.query.as_ref().map_or("", |query| query.text);
        let text = Some(text).filter(|text| !text.trim().is_empty());
        if let Some(text) = text {
            self.find_skills(text, mentions);
            skills.extend(mentions.iter().map(|mention| mention.skill().0));
        }
        let response = observation.response.as_ref();
        let mut words = None;
        if let Some(response) = response {
            for entry in response.matched_skills.iter() {
                self.read_entry(entry, text, &mut words);
            }
            *ignored_names += self.take_names(matched) + self.read.topics.drain(..).count() as u64;
            for entry in response.missing_skills.iter() {
                self.read_entry(entry, text, &mut words);
            }
            *ignored_names += self.take_names(missing);
            topics.extend(self.read.topics.drain(..).map(|topic| self.names.topic(&topic)));
            skills.extend_from_slice(missing);
            if text.is_none() {
                skills.extend_from_slice(matched);
            }
        }
        if skills.len() > 1 {
            skills.sort_unstable();
            skills.dedup();
        }
        let mut agents = None;
        if let Some(named) = response.and_then(|response| response.topic) {
            match self.agents_topic(named, text, &mut words) {
                AgentsTopic::Named(named) => agents = Some(named),
                AgentsTopic::Ignored => *ignored_names += 1,
                AgentsTopic::None => {}
            }
        }
        if skills.is_empty() {
            // The question has the topic itself.
            *ignored_names += topics.drain(..).count() as u64;
            topics.push(self.topic(text, agents));
        }
    }

    /// The topic of a text without a skill: the owner's rules, `agents`, the table, a phrase.
    fn topic(&mut self, text: Option<&str>, agents: Option<TopicIndex>) -> TopicIndex {
        let Some(text) = text else { return agents.unwrap_or(TopicIndex::OTHER) };
        if agents.is_some() {
            return self.topic_of(text, agents);
        }
        if let Some(topic) = self.texts.get(text).and_then(|known| known.topic) {
            return topic;
        }
        let topic = self.topic_of(text, None);
        if let Some(known) = self.texts.get_mut(text) {
            known.topic = Some(topic);
        }
        topic
    }

    /// The places in a text that name a skill.
    fn find_skills<'p>(&mut self, text: &'p str, mentions: &mut Vec<SkillMention<'p>>) {
        if let Some(known) = self.texts.get(text) {
            let again =
                |(skill, range): &(_, Range<_>)| SkillMention::again(text, *skill, range.clone());
            mentions.extend(known.mentions.iter().filter_map(again));
            return;
        }
        self.rules.dictionary.find_into(text, mentions);
        if self.texts.len() < MAX_REMEMBERED_TEXTS {
            let places = mentions.iter().map(|mention| (mention.skill(), mention.range()));
            let read = ReadText { mentions: places.collect(), topic: None };
            self.texts.insert(text.into(), read);
        }
    }

    fn topic_of(&mut self, text: &str, agents: Option<TopicIndex>) -> TopicIndex {
        if let Some(owners) = self.rules.topics.topic(text) {
            return self.names.topic(owners);
        }
        if let Some(agents) = agents {
            return agents;
        }
        if let Some(built_in) = table_topic(text) {
            return self.names.topic(built_in);
        }
        let Some(phrase) = phrase(text) else { return TopicIndex::OTHER };
        match self.shared_phrases {
            None => self.names.phrase(&phrase),
            Some(shared) if shared.contains(&phrase) => self.names.topic(&phrase),
            Some(_) => TopicIndex::OTHER,
        }
    }

    /// Reads one entry of a list of names into `self.read`.
    fn read_entry<'t>(
        &mut self,
        entry: &str,
        text: Option<&'t str>,
        words: &mut Option<QuestionWords<'t>>,
    ) {
        if !self.entries.contains_key(entry) {
            if self.entries.len() >= MAX_REMEMBERED_SPELLINGS {
                self.entries.clear();
            }
            let parsed = self.rules.dictionary.parse_names(&self.rules.topics, entry);
            self.entries.insert(entry.into(), parsed);
        }
        let Some(parsed) = self.entries.get(entry) else { return };
        if words.is_none() && !parsed.is_the_same_for_any_question() {
            *words = text.map(QuestionWords::new);
        }
        parsed.read(words.as_ref(), &mut self.read);
    }

    /// Moves what was read into `found`; gives the number of names that were ignored.
    fn take_names(&mut self, found: &mut Vec<SkillIndex>) -> u64 {
        found.extend(self.read.skills.drain(..).map(|SkillId(skill)| skill));
        let mut ignored = std::mem::take(&mut self.read.ignored);
        for name in self.read.unknown.drain(..) {
            match self.names.unknown_skill(&name) {
                Some(skill) => found.push(skill),
                None => ignored += 1,
            }
        }
        found.sort_unstable();
        found.dedup();
        ignored
    }

    fn agents_topic<'t>(
        &mut self,
        named: &str,
        text: Option<&'t str>,
        words: &mut Option<QuestionWords<'t>>,
    ) -> AgentsTopic {
        if !self.topics.contains_key(named) {
            if self.topics.len() >= MAX_REMEMBERED_SPELLINGS {
                self.topics.clear();
            }
            let parsed = self.rules.dictionary.parse_topic(&self.rules.topics, named);
            self.topics.insert(named.into(), parsed);
        }
        let Some(parsed) = self.topics.get(named) else { return AgentsTopic::None };
        if words.is_none() {
            *words = text.map(QuestionWords::new);
        }
        match parsed.read(words.as_ref()) {
            ReadTopic::None => AgentsTopic::None,
            ReadTopic::Ignored => AgentsTopic::Ignored,
            ReadTopic::Named(name) => AgentsTopic::Named(self.names.topic(name)),
        }
    }

    /// The number of the skill or topic of this name and type.
    pub(crate) fn find(&mut self, name: &str, name_type: NameType) -> Name {
        match name_type {
            NameType::Skill => Name::Skill(self.names.skill(name)),
            NameType::Topic => Name::Topic(self.names.topic(name)),
        }
    }
}

enum AgentsTopic {
    Named(TopicIndex),
    Ignored,
    None,
}
