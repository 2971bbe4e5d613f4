//! Makes the report of one week out of what the tally counted.

mod actions;
pub mod builder;
pub mod fisher;
mod input_hash;
mod names;
mod negative_binomial;
mod suggestion;
mod together;
pub mod totals;
pub mod trends;
