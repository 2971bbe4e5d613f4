//! The clock: nothing else in the product reads it.

use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::{IsoWeek, WeekError};

/// The time, in milliseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock and hands it on")]
pub(crate) fn now() -> Timestamp {
    let since_1970 =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
}

/// Reads a week: `2026-W47`, or `current` for the one that is not over yet.
///
/// # Errors
/// A sentence that says why the text is not a week.
pub(crate) fn read_week(text: &str) -> Result<IsoWeek, String> {
    if text.eq_ignore_ascii_case("current") {
        return Ok(IsoWeek::containing(now()));
    }
    text.parse().map_err(|error: WeekError| format!("{error}, or current for the week so far"))
}
