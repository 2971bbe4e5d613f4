//! The clock: nothing else in the product reads it.

use cv_analytics_core::timestamp::Timestamp;

/// The time, in milliseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock and hands it on")]
pub(crate) fn now() -> Timestamp {
    let since_1970 =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
}
