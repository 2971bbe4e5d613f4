//! What answers each path but those of the queue.

pub(crate) mod events;
pub(crate) mod fallback;
pub(crate) mod health;
pub(crate) mod metrics;
pub(crate) mod plain_error;
pub(crate) mod reports;
