//! The time, for waiting on another process's mail.

use std::future::Future;
use std::time::Duration;

use cv_analytics_core::timestamp::Timestamp;

/// Tells the time and lets it pass. A parameter, so that tests wait for nothing.
pub trait Clock: Sync {
    /// The moment.
    fn now(&self) -> Timestamp;

    /// Returns after `duration`.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send;
}
