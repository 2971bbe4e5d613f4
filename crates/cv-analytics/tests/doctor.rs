//! `cv-analytics doctor` as its user meets it, on installations that are broken in every way that
//! it knows.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "doctor/diagnosis.rs"]
mod diagnosis;
#[path = "doctor/self_hosted.rs"]
mod self_hosted;
