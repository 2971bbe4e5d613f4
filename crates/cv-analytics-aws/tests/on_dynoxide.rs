//! The store against dynoxide, an emulator with DynamoDB's true capacity accounting.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
#![allow(clippy::float_cmp, reason = "request units are halves, which are exact")]

#[path = "on_dynoxide/browse.rs"]
mod browse;
#[path = "on_dynoxide/emulated_tables.rs"]
mod emulated_tables;
#[path = "on_dynoxide/erased_sessions.rs"]
mod erased_sessions;
#[path = "on_dynoxide/expired_rows.rs"]
mod expired_rows;
#[path = "on_dynoxide/ledger.rs"]
mod ledger;
#[path = "on_dynoxide/lone_halves.rs"]
mod lone_halves;
#[path = "on_dynoxide/prices.rs"]
mod prices;
#[path = "on_dynoxide/wrong_tables.rs"]
mod wrong_tables;
