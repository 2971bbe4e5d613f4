//! `cv-analytics doctor` as its user meets it, on installations that are broken in every way that
//! it knows.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "doctor/account.rs"]
mod account;
#[path = "doctor/aws.rs"]
mod aws;
#[path = "doctor/aws_canary.rs"]
mod aws_canary;
#[path = "doctor/aws_reporting.rs"]
mod aws_reporting;
#[path = "doctor/aws_resources.rs"]
mod aws_resources;
#[path = "doctor/aws_rights.rs"]
mod aws_rights;
#[path = "doctor/diagnosis.rs"]
mod diagnosis;
#[path = "doctor/emulator.rs"]
mod emulator;
#[path = "doctor/front.rs"]
mod front;
#[path = "doctor/processing.rs"]
mod processing;
#[path = "doctor/self_hosted.rs"]
mod self_hosted;
