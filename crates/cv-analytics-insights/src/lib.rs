//! What a week of questions says: skills and topics, trends, gaps, actions, and the report.
//!
//! No input or output, no clock. In reading order:
//!
//! 1. [`SkillDictionary`] knows the skills and finds them in a text; [`OwnerSkills`] are what an owner
//!    adds to it; [`topic`](topic()) names a question where no skill is known.
//! 2. [`cv_list`] and [`figure_settings`]: what the owner says that changes figures.
//! 3. `tally` (with `asked_skills` and `gap_tally`) counts interactions one by one, [`week_history`]
//!    has the weeks side by side; [`fisher`] and
//!    `trends` judge what moved; `actions` says what to do.
//! 4. [`report_builder`] makes the [`report`] of one week out of that.
//! 5. [`drill_down`] finds the interactions behind a figure by the rules of the tally.
//! 6. [`report_html`] and [`report_text`] write it for people, both from `report_view`, in the words of
//!    `report_sentences`, `report_figures` and `report_words`; [`page_words`] are these for other pages.

mod actions;
mod asked_skills;
pub mod cv_list;
pub mod drill_down;
mod english_words;
pub mod figure_settings;
pub mod fisher;
mod folded_words;
mod gap_tally;
mod input_hash;
mod owner_skills;
pub mod page_words;
pub mod report;
pub mod report_builder;
mod report_figures;
pub mod report_html;
mod report_sentences;
pub mod report_text;
mod report_view;
mod report_words;
mod skill_context;
mod skill_dictionary;
mod skill_forms;
mod skill_mentions;
mod tally;
mod topic;
mod trends;
pub mod week_history;

pub use owner_skills::{OwnerSkills, OwnerSkillsError};
pub use skill_dictionary::{SkillDictionary, SkillId};
pub use skill_mentions::SkillMention;
pub use topic::topic;
