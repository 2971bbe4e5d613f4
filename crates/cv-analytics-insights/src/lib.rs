//! What a week of questions says: skills and topics, trends, gaps, actions, and the report.
//!
//! No input or output, no clock. In reading order:
//!
//! 1. [`SkillDictionary`] knows the skills and finds them in a text; [`OwnerSkills`] are what an owner
//!    adds to it; [`topic`](topic()) names a question where no skill is known.
//! 2. [`cv_list`], [`figure_settings`] and [`gap_marks`]: what the owner says that changes figures.
//! 3. `tally` (with `asked_skills`, `gap_tally`, `followed_gaps` and `score_tally`) counts
//!    interactions one by one; [`fisher`] and `trends` judge what moved; `actions` says what to do,
//!    and `suggestion` what to copy.
//! 4. [`report_builder`] makes the [`report`] of one week out of that, with its `week_history`;
//!    [`drill_down`] finds the interactions behind a figure by the rules of the tally.
//! 5. [`report_figures`], [`report_sentences`], [`gap_sentences`], [`handling_words`] and
//!    [`report_words`] say it to people; in a [`linked_text`] each number has the [`question_filter`]
//!    that finds what it counts.
//! 6. [`report_html`] and [`report_text`] write a mail, both from `report_view` (with `skill_view` and
//!    `gap_view`); [`mail_context`] is what a mail knows besides, and [`mail_template`] its form by the
//!    owner's own template.

mod evidence;
pub mod gap_sentences;
mod gap_view;
pub mod handling_words;
pub mod linked_text;
pub mod mail_context;
pub mod mail_template;
pub mod model;
pub mod questions;
pub mod report;
pub mod report_figures;
pub mod report_html;
pub mod report_sentences;
pub mod report_text;
mod report_view;
pub mod report_words;
pub mod settings;
mod skill_view;
pub mod skills;
mod suggestion;
mod tally;

pub use skills::{
    OTHER_QUESTIONS, OwnerSkills, OwnerSkillsError, ParsedNames, ParsedTopic, QuestionWords,
    ReadNames, ReadTopic, SkillDictionary, SkillId, SkillMention, TopicRules, TopicRulesError,
    is_known_topic, name_key, phrase, table_topic, topic,
};
