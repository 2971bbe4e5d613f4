//! The settings made ready to count by: what decides which interactions a figure has.

use crate::settings::gap_marks::{MarkedGap, MarksInForce};
use crate::settings::{FigureSettings, SettingsError};
use crate::skills::TopicRules;
use crate::skills::cv_list::CvList;
use crate::skills::dictionary::SkillDictionary;

/// The dictionary, the CV list, the topic rules and the marks under one owner's settings.
#[derive(Debug)]
pub struct CountingRules {
    pub(crate) settings: FigureSettings,
    pub(crate) dictionary: SkillDictionary,
    pub(crate) cv: Option<CvList>,
    pub(crate) topics: TopicRules,
    pub(crate) marks: MarksInForce,
}

impl CountingRules {
    /// Makes `settings` ready, on top of the built-in dictionary.
    ///
    /// # Errors
    /// [`SettingsError::Aliases`].
    pub fn new(settings: FigureSettings) -> Result<Self, SettingsError> {
        let dictionary = settings.dictionary(SkillDictionary::shared())?;
        let cv = settings.cv.as_ref().map(|entries| CvList::new(&dictionary, entries));
        let topics = TopicRules::new(&settings.topics);
        let marks = MarksInForce::new(&settings.gap_marks, &dictionary);
        Ok(Self { settings, dictionary, cv, topics, marks })
    }

    /// The settings.
    pub fn settings(&self) -> &FigureSettings {
        &self.settings
    }

    /// The dictionary under the settings.
    pub fn dictionary(&self) -> &SkillDictionary {
        &self.dictionary
    }

    /// Every marked gap: its key, the mark, and the name as set.
    pub(crate) fn marked_gaps(&self) -> impl Iterator<Item = (&str, &MarkedGap, &str)> {
        self.marks.iter()
    }
}
