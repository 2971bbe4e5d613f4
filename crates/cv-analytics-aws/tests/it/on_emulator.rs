//! The store on an emulator of DynamoDB: on dynoxide, or on the one that `CV_ANALYTICS_DYNAMODB_EMULATOR` names.
//! [`prices`] needs dynoxide, which counts capacity as AWS does.
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
