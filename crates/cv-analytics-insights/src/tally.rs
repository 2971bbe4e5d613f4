//! Counts the interactions of eight weeks one by one.

pub(crate) mod asked_skills;
pub(crate) mod gaps;
pub(crate) mod history;
pub(crate) mod scores;
pub(crate) mod tracked_gaps;
pub(crate) mod weeks;
