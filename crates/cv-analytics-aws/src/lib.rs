//! The store of cv-analytics on AWS.
//!
//! In reading order:
//!
//! 1. [`joining`]: the join and the sweep as pure steps. Every order, repetition, crash and race of these
//!    steps is tried by a test.
//! 2. [`item`]: halves, rows and records as DynamoDB items.
//! 3. [`tables`]: every call to DynamoDB, with its condition, what a failure means, and what it costs.
//! 4. [`dynamodb_store`]: what the functions need of a store, by driving the steps; `store` (feature `queue`): the
//!    whole store, the tables with their queues.
//! 5. [`clients`]: how a function reaches AWS; `queue`: SQS (feature `queue`); `ses`: mail (feature `mail`).
//! 6. [`install`]: the names, sizes and permissions that the templates give an installation.
//! 7. `cost` (feature `cost`): AWS's prices, and what a month comes to.

pub mod clients;
#[cfg(feature = "cost")]
pub mod cost;
pub mod dynamodb_store;
pub mod install;
pub mod item;
pub mod joining;
#[cfg(feature = "queue")]
pub mod queue;
#[cfg(feature = "mail")]
pub mod ses;
#[cfg(feature = "queue")]
pub mod store;
pub mod tables;

pub use crate::dynamodb_store::DynamoDbStore;
#[cfg(feature = "queue")]
pub use crate::store::AwsStore;
pub use crate::tables::{TableNames, Tables};
