//! Counts the interactions of eight weeks one by one, in any order.
//!
//! `reading` says what an interaction is about, `gaps` whom it fails; `weeks` counts it, and `scores`, `tracked_gaps`
//! and `history` look at it from their sides. [`search`] finds the interactions that a figure counts.

pub(crate) mod conversations;
pub(crate) mod exclusions;
pub(crate) mod feedback;
pub(crate) mod gaps;
pub(crate) mod history;
pub(crate) mod names;
pub(crate) mod reading;
pub(crate) mod scores;
pub mod search;
pub(crate) mod tracked_gaps;
pub(crate) mod weeks;
