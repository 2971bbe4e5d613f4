//! The join on DynamoDB under every fault: all interleavings of its steps, and random streams over
//! weeks. `docs/develop/aws-join.md` says what is covered.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod calls;
mod events;
mod every_interleaving;
mod items;
mod law;
mod simulated_pipeline;
