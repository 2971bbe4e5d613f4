//! The whole pipeline on one machine: the real functions behind the Lambda Runtime API, queues and
//! mail on moto, tables on dynoxide, and a self-hosted store beside them that has to agree.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "pipeline/emulated_aws.rs"]
mod emulated_aws;
#[path = "pipeline/faulty_table.rs"]
mod faulty_table;
#[path = "pipeline/hostile_deliveries.rs"]
mod hostile_deliveries;
#[path = "pipeline/questions.rs"]
mod questions;
#[path = "pipeline/trusted_endpoints.rs"]
mod trusted_endpoints;
#[path = "pipeline/week.rs"]
mod week;

/// The folder of the functions' programs.
fn functions() -> &'static std::path::Path {
    std::path::Path::new(env!("CARGO_BIN_EXE_processor")).parent().unwrap()
}
