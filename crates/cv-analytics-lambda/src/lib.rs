//! What the two functions do, apart from being started.
//!
//! In reading order:
//!
//! 1. [`start`]: what both need from their environment: tables, privacy, the log.
//! 2. [`sqs_delivery`]: what the event source mapping hands over; [`processor`]: what becomes of
//!    it; [`batch_metrics`]: the one line of metrics a batch.
//! 3. [`reporter`]: what the schedule orders, and what becomes of it.

#[cfg(feature = "processor")]
pub mod batch_metrics;
#[cfg(feature = "processor")]
pub mod processor;
#[cfg(feature = "reporter")]
pub mod reporter;
#[cfg(feature = "processor")]
pub mod sqs_delivery;
pub mod start;
