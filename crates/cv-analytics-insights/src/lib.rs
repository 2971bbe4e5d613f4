//! What a week of questions says: skills and topics, trends, gaps, actions, and the report.
//!
//! No input or output, no clock. In reading order:
//!
//! 1. [`model`]: the types of the contract's JSON, which count nothing and say nothing.
//! 2. [`skills`] find what a text is about: skills by a dictionary, else a topic; they read what a
//!    model names.
//! 3. [`settings`]: what the owner says that changes figures, made ready to count by.
//! 4. [`questions`] says which interactions stand behind a figure; [`tally`] counts interactions one by
//!    one, and [`tally::search`] finds them by the same rules. [`report`] makes the report of one week
//!    out of the counts.
//! 5. [`view`] says it to people: one [`WeekView`](view::week::WeekView) for the mail, the text,
//!    Markdown and the dashboard's page, in which each number has the [`questions::filter`] that finds
//!    what it counts.

pub mod model;
pub mod questions;
pub mod report;
pub mod settings;
pub mod skills;
pub mod tally;
pub mod view;

pub use skills::{
    OwnerSkills, OwnerSkillsError, ParsedNames, ParsedTopic, QuestionWords, ReadNames, ReadTopic,
    SkillDictionary, SkillId, SkillMention, TopicRules, TopicRulesError, is_known_topic, name_key,
    phrase, table_topic,
};
