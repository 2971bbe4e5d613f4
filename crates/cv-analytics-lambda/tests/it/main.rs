//! The whole pipeline on one machine: the real functions behind the Lambda Runtime API, queues and
//! mail on moto, tables on dynoxide, and a self-hosted store beside them that has to agree.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod emulated_aws;
mod faulty_table;
mod hostile_deliveries;
mod in_trouble;
mod questions;
mod trusted_endpoints;
mod week;

/// The folder of the functions' programs.
fn functions() -> &'static std::path::Path {
    std::path::Path::new(env!("CARGO_BIN_EXE_processor")).parent().unwrap()
}
