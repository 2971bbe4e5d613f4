//! The pages over a real store, asked as a browser asks.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod access;
mod connecting;
mod exports;
mod hostile_text;
mod http_interface;
mod letters;
mod live;
mod mail;
mod marks;
mod numbers;
mod overview;
mod refused;
mod rig;
mod searching;
mod settings;
mod week_page;
