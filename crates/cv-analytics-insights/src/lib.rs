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
//! 5. [`view`] says it to people: one [`WeekView`](view::week::WeekView) for the mail, the text,
//!    Markdown and the dashboard's page, in which each number has the [`questions::filter`] that finds
//!    what it counts.

pub mod model;
pub mod questions;
pub mod report;
pub mod settings;
pub mod skills;
mod suggestion;
mod tally;
pub mod view;

pub use skills::{OwnerSkills, OwnerSkillsError, SkillDictionary, SkillId, SkillMention, topic};
