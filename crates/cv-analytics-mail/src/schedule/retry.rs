//! When a mail that failed is tried again.

use std::time::Duration;

use cv_analytics_core::timestamp::Timestamp;

use crate::schedule::recipient_record::Failing;

/// How long after a failed try the next one comes, by how often it was tried: at once for what
/// passes (greylisting takes minutes), then ever less often, and on like the last until it
/// succeeds or the next week's mail takes its place.
const RETRY_AFTER_MINUTES: [u64; 6] = [1, 5, 15, 30, 60, 120];
/// A program that is started over and over tries no more often than this.
const RETRY_AFTER_START: Duration = Duration::from_mins(1);

impl Failing {
    /// The next try of a program that started at `started`, which tries all anew; `None` where retrying is useless.
    pub fn next_try(&self, started: Timestamp, now: Timestamp) -> Option<Timestamp> {
        // A clock that went back: nobody knows how long ago that was.
        if self.last_try > now {
            return Some(now);
        }
        let step = usize::try_from(self.tries).unwrap_or(usize::MAX).saturating_sub(1);
        let minutes = RETRY_AFTER_MINUTES.get(step).or(RETRY_AFTER_MINUTES.last());
        let later = |wait: Duration| {
            self.last_try.plus_millis(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX))
        };
        let by_itself =
            minutes.filter(|_| !self.is_permanent).map(|m| later(Duration::from_mins(*m)));
        let by_start = (self.last_try < started.min(now)).then(|| later(RETRY_AFTER_START));
        match (by_itself, by_start) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_424_400_000);
    const MINUTE: i64 = 60_000;

    fn minutes_until_next(tries: u32, is_permanent: bool, started: i64, now: i64) -> Option<i64> {
        let failing = Failing {
            week: "2026-W47".to_owned(),
            since: NOW,
            last_try: NOW,
            tries,
            is_permanent,
            last_error: String::new(),
        };
        let at = |minutes: i64| NOW.plus_millis(minutes * MINUTE);
        let next = failing.next_try(at(started), at(now));
        next.map(|next| (next.as_millis() - NOW.as_millis()) / MINUTE)
    }

    #[test]
    fn retries_come_ever_later_and_go_on() {
        let waits: Vec<_> =
            [1, 2, 3, 4, 5, 6, 7, 99].map(|tries| minutes_until_next(tries, false, -10, 0)).into();
        assert_eq!(waits, [1, 5, 15, 30, 60, 120, 120, 120].map(Some));
    }

    #[test]
    fn what_lasts_is_tried_again_after_a_start_and_not_before() {
        assert_eq!(minutes_until_next(1, true, -10, 500), None);
        assert_eq!(minutes_until_next(1, true, 30, 40), Some(1));
        assert_eq!(minutes_until_next(9, false, 30, 40), Some(1));
    }

    #[test]
    fn a_clock_that_went_back_puts_nothing_off() {
        assert_eq!(minutes_until_next(9, false, -5000, -4000), Some(-4000));
        assert_eq!(minutes_until_next(1, true, 100, -4000), Some(-4000));
    }
}
