//! The questions behind a number: found, shown, exported.

pub(crate) mod export;
pub(crate) mod search;
pub(crate) mod view;
