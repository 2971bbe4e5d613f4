//! What a text is about: the dictionary that finds skills in it, and the topics of questions without one.

pub(crate) mod context;
pub mod cv_list;
pub(crate) mod dictionary;
pub(crate) mod mentions;
pub(crate) mod names_from_model;
pub(crate) mod owner;
pub(crate) mod phrase_matcher;
pub(crate) mod question_words;
pub(crate) mod topics;
pub(crate) mod words;

pub use dictionary::{SkillDictionary, SkillId};
pub use mentions::SkillMention;
pub use names_from_model::{ParsedNames, ParsedTopic, ReadNames, ReadTopic};
pub use owner::{OwnerSkills, OwnerSkillsError};
pub use question_words::{QuestionWords, name_key};
pub use topics::rules::{TopicRules, TopicRulesError};
pub use topics::{is_known_topic, phrase, table_topic};
