//! Tokio's paused clock as the processor's: time passes when nothing is left to do.

use std::cell::Cell;
use std::time::Duration;

use cv_analytics_core::timestamp::Timestamp;
use tokio::time::{Instant, sleep_until};

/// A Monday, 00:00.
const START: Timestamp = Timestamp::from_millis(1_763_337_600_000);

thread_local! {
    static STARTED: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Begins at [`START`].
pub(super) fn start() {
    STARTED.set(Some(Instant::now()));
}

/// The time since the start.
pub(super) fn elapsed() -> Duration {
    STARTED.get().unwrap().elapsed()
}

/// The clock of a [`cv_analytics_lambda::processor::Processor`].
pub(super) fn now() -> Timestamp {
    timestamp(elapsed())
}

/// The moment so long after the start.
pub(super) fn timestamp(after_start: Duration) -> Timestamp {
    START.plus_millis(i64::try_from(after_start.as_millis()).unwrap())
}

/// Waits for the moment so long after the start.
pub(super) async fn until(after_start: Duration) {
    sleep_until(STARTED.get().unwrap() + after_start).await;
}
