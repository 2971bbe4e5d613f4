//! `cv-analytics doctor` as its user meets it, on installations that are broken in every way that it knows.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod account;
mod aws;
mod aws_canary;
mod aws_rights;
mod diagnosis;
mod emulator;
mod front;
mod planted_faults;
mod processing;
mod self_hosted;
