//! Finds the questions behind a figure.

pub mod filter;
pub mod search;
