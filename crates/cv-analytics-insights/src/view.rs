//! Says a report to people.

pub mod phrases;
