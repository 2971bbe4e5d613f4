//! SQS: the dead-letter queue, and when a message comes again.

pub mod clients;
pub mod dead_letters;
pub mod error;
pub mod receiver;
pub mod visibility;
