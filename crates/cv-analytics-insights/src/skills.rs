//! What a text is about: the dictionary that finds skills in it, and the topics of questions without one.

pub(crate) mod accents;
pub(crate) mod context;
pub mod cv_list;
pub(crate) mod dictionary;
pub(crate) mod endings;
pub(crate) mod english_words;
pub(crate) mod folded_words;
pub(crate) mod forms;
pub(crate) mod links;
pub(crate) mod mentions;
pub(crate) mod names;
pub(crate) mod owner;
pub(crate) mod phrase_matcher;
pub(crate) mod question_words;
pub(crate) mod topic_rules;
pub(crate) mod topics;

pub use dictionary::{SkillDictionary, SkillId};
pub use mentions::SkillMention;
pub use names::{ParsedNames, ParsedTopic, ReadNames, ReadTopic};
pub use owner::{OwnerSkills, OwnerSkillsError};
pub use question_words::{QuestionWords, name_key};
pub use topic_rules::{TopicRules, TopicRulesError};
pub use topics::{is_known_topic, phrase, table_topic};
