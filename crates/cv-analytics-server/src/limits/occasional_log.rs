//! What a stranger can bring about at any rate is logged once a minute, with how often it happened.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// One line in this time.
const LOG_INTERVAL: Duration = Duration::from_mins(1);

/// Counts one kind of occurrence.
#[derive(Debug, Default)]
pub(crate) struct OccasionalLog(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    logged: Option<Instant>,
    count: u64,
}

impl OccasionalLog {
    /// Counts an occurrence; where a line is due, how many there were since the last line.
    pub(crate) fn count(&self) -> Option<u64> {
        self.add_at(1, Instant::now())
    }

    /// How many there were since the last line, where one is due by now.
    pub(crate) fn due(&self) -> Option<u64> {
        self.add_at(0, Instant::now())
    }

    fn add_at(&self, count: u64, now: Instant) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.count += count;
        let is_due = state.logged.is_none_or(|then| now.duration_since(then) >= LOG_INTERVAL);
        (is_due && state.count > 0).then(|| {
            state.logged = Some(now);
            std::mem::take(&mut state.count)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_logged_and_later_ones_once_a_minute_with_their_count() {
        let log = OccasionalLog::default();
        let start = Instant::now();
        let at = |seconds| log.add_at(1, start + Duration::from_secs(seconds));
        assert_eq!(at(0), Some(1));
        assert_eq!([at(0), at(1), at(59)], [None; 3]);
        assert_eq!(at(60), Some(4));
        assert_eq!(at(61), None);
        assert_eq!(at(600), Some(2));
        assert_eq!(at(601), None);
        let later = |seconds| log.add_at(0, start + Duration::from_secs(seconds));
        assert_eq!([later(659), later(660), later(800)], [None, Some(1), None]);
    }
}
