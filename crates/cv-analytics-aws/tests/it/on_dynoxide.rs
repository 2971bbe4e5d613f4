//! The store against dynoxide, an emulator with DynamoDB's true capacity accounting.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
#![allow(clippy::float_cmp, reason = "request units are halves, which are exact")]

mod browse;
mod dead_letter_notes;
pub(crate) mod emulated_tables;
mod erased_sessions;
mod expired_rows;
mod feedback;
mod lone_halves;
mod prices;
mod wrong_tables;
