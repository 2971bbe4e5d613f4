//! The report of a week, figure by figure, by the contract's rule for each.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod actions;
mod figures;
mod gaps;
mod interactions;
mod names;
mod searching;
mod tracked_gaps;
