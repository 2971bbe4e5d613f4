//! Makes the report of one week out of what the tally counted.

mod actions;
pub mod builder;
pub mod fisher;
mod input_hash;
mod names;
mod suggestion;
mod together;
mod trends;
