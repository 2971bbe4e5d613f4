//! The ports of cv-analytics on AWS.
//!
//! In reading order:
//!
//! 1. [`joining`] and [`promotion`]: the join and the sweep as pure steps, with [`completion`], the
//!    step that both take, [`row`] and [`record`], what they see of the two tables, and
//!    [`gathering`], what comes in one batch.
//!    Every order, repetition, crash and race of these steps is tried by a test.
//! 2. [`attributes`] and `item`: halves, rows and records as DynamoDB items.
//! 3. [`tables`]: every call to DynamoDB, with its condition; [`table_error`]: what a failure
//!    means; [`table_check`]: whether the tables are those that are needed; [`request_units`]: what
//!    the calls cost; [`interaction_path`]: what each way of an interaction costs.
//! 4. [`dynamodb_store`]: the ports, by driving the steps; `interactions`: a period out of both
//!    tables; `browse`: single ones for a dashboard.
//! 5. [`clients`]: how a function reaches AWS, and [`trusted_roots`]: whose certificates it believes;
//!    `queues`,
//!    `dead_letter_queue` and `visibility`: SQS (feature
//!    `queue`); `ses`: mail (feature `mail`).
//! 6. `archive`, [`erasure`] with `erased_sessions`, `table_contents` and `dead_letter_shelf`: what the program does beyond the ports.
//! 7. `prices` and `cost` (feature `cost`): AWS's prices, and what a month comes to.

mod archive;
pub mod attributes;
mod browse;
pub mod clients;
pub mod completion;
#[cfg(feature = "cost")]
pub mod cost;
#[cfg(feature = "queue")]
pub mod dead_letter_queue;
#[cfg(feature = "queue")]
pub mod dead_letter_shelf;
pub mod dynamodb_store;
mod erased_sessions;
pub mod erasure;
pub mod gathering;
pub mod interaction_path;
mod interactions;
mod item;
pub mod joining;
#[cfg(feature = "cost")]
pub mod prices;
pub mod promotion;
#[cfg(feature = "queue")]
pub mod queues;
pub mod record;
pub mod request_units;
pub mod row;
mod sdk_failure;
#[cfg(feature = "mail")]
pub mod ses;
pub mod table_check;
mod table_contents;
pub mod table_error;
pub mod tables;
pub mod trusted_roots;
#[cfg(feature = "queue")]
pub mod visibility;

pub use crate::dynamodb_store::DynamoDbStore;
pub use crate::tables::{TableNames, Tables};
