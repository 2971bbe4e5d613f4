//! Makes the report of one week out of what the tally counted.

pub(crate) mod actions;
pub mod builder;
pub mod fisher;
pub(crate) mod input_hash;
pub(crate) mod negative_binomial;
pub mod trends;
