//! Which questions stand behind a figure: a filter, and the parameters by which an address says it.

pub mod filter;
pub mod parameters;
