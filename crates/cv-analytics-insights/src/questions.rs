//! Finds the questions behind a figure.

pub mod filter;
pub mod parameters;
pub mod search;
