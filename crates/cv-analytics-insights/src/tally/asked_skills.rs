//! Which skills an interaction is about, by the contract's rule: those in the question's text and
//! those that the response misses; those that it matched only where there is no text.

use std::collections::HashMap;

use cv_analytics_core::observation_page::PagedObservation;
use rustc_hash::FxBuildHasher;

use crate::skills::dictionary::SkillDictionary;
use crate::skills::mentions::SkillMention;

/// A skill within one report: the dictionary's skills first, then those that only responses name.
pub(crate) type SkillIndex = u32;

/// Spellings that are remembered: more than agents use, and few enough to be of no weight.
const MOST_KNOWN: usize = 4_096;

/// Numbers the skills of one report.
pub(crate) struct AskedSkills<'d> {
    dictionary: &'d SkillDictionary,
    /// Names that responses gave and the dictionary knows, as they were spelled: the same few come
    /// again and again.
    known: HashMap<Box<str>, SkillIndex, FxBuildHasher>,
    /// Names that no dictionary knows, by their small letters.
    unknown: HashMap<String, SkillIndex, FxBuildHasher>,
    /// Every spelling of an unknown name, with how often it came.
    spellings: Vec<HashMap<String, u64, FxBuildHasher>>,
}

impl<'d> AskedSkills<'d> {
    pub(crate) fn new(dictionary: &'d SkillDictionary) -> Self {
        Self {
            dictionary,
            known: HashMap::default(),
            unknown: HashMap::default(),
            spellings: Vec::new(),
        }
    }

    /// Writes the interaction's skills into `skills`, each once and in order of their numbers, and
    /// the places in the text that name some into `mentions`.
    pub(crate) fn of<'p>(
        &mut self,
        observation: &PagedObservation<'p>,
        mentions: &mut Vec<SkillMention<'p>>,
        skills: &mut Vec<SkillIndex>,
    ) {
        skills.clear();
        mentions.clear();
        let text = observation.query.as_ref().map_or("", |query| query.text);
        let no_text = text.chars().all(char::is_whitespace);
        if !no_text {
            self.dictionary.find_into(text, mentions);
            skills.extend(mentions.iter().map(|mention| mention.skill().0));
        }
        if let Some(response) = &observation.response {
            let matched = response.matched_skills.iter().filter(|_| no_text);
            for name in matched.chain(response.missing_skills.iter()) {
                skills.push(self.number(name));
            }
        }
        if skills.len() > 1 {
            skills.sort_unstable();
            skills.dedup();
        }
    }

    /// The skill's number; a name that is met for the first time gets the next one.
    pub(crate) fn number(&mut self, name: &str) -> SkillIndex {
        if let Some(&index) = self.known.get(name) {
            return index;
        }
        if let Some(id) = self.dictionary.canonical(name) {
            if self.known.len() < MOST_KNOWN {
                self.known.insert(name.into(), id.0);
            }
            return id.0;
        }
        let spelling = name.split_whitespace().collect::<Vec<_>>().join(" ");
        let next = u32::try_from(self.dictionary.len() + self.spellings.len()).unwrap_or(u32::MAX);
        let index = *self.unknown.entry(spelling.to_lowercase()).or_insert(next);
        if index == next {
            self.spellings.push(HashMap::default());
        }
        let place = (index as usize).saturating_sub(self.dictionary.len());
        if let Some(spellings) = self.spellings.get_mut(place) {
            *spellings.entry(spelling).or_default() += 1;
        }
        index
    }

    /// The number under which the skill of a marked gap would be counted, by its name in small
    /// letters, and whether the dictionary knows it.
    pub(crate) fn reserve(&mut self, name: &str) -> (SkillIndex, bool) {
        if let Some(id) = self.dictionary.canonical(name) {
            return (id.0, true);
        }
        let next = u32::try_from(self.dictionary.len() + self.spellings.len()).unwrap_or(u32::MAX);
        let index = *self.unknown.entry(name.to_owned()).or_insert(next);
        if index == next {
            self.spellings.push(HashMap::default());
        }
        (index, false)
    }

    /// Whether the dictionary knows the name.
    pub(crate) fn is_known(&self, name: &str) -> bool {
        self.dictionary.canonical(name).is_some()
    }

    /// The skill's name: the dictionary's, else the spelling that came most often (of equals the
    /// first by alphabet).
    pub(crate) fn name(&self, skill: SkillIndex) -> &str {
        let place = skill as usize;
        match place.checked_sub(self.dictionary.len()) {
            None => self.dictionary.name(crate::skills::dictionary::SkillId(skill)),
            Some(place) => self
                .spellings
                .get(place)
                .and_then(|spellings| {
                    spellings.iter().max_by(|a, b| a.1.cmp(b.1).then_with(|| b.0.cmp(a.0)))
                })
                .map_or("", |(spelling, _)| spelling),
        }
    }
}
