//! Messages refused at the door, until they are logged and stored.
//!
//! They are counted in memory and taken out every few seconds: a flood of them costs a few rows.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cv_analytics_core::intake::refusal::{RefusalReason, Refusals};
use cv_analytics_core::timestamp::Timestamp;

/// One warning a reason in this time, in milliseconds.
const LOG_INTERVAL_MS: i64 = 60 * 1000;

/// Counts what is refused.
#[derive(Debug, Default)]
pub struct RefusalCounter(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// By hour and reason.
    unstored: BTreeMap<(i64, RefusalReason), Refusals>,
    unlogged: BTreeMap<RefusalReason, Refusals>,
    logged_at: BTreeMap<RefusalReason, Timestamp>,
}

impl RefusalCounter {
    /// Counts messages: one that was refused now, or some that could not be stored.
    pub(crate) fn count(&self, refused: Refusals) {
        let mut state = self.state();
        add(&mut state.unlogged, refused.reason, refused);
        add(&mut state.unstored, (refused.hour(), refused.reason), refused);
    }

    /// What is to be stored: one entry an hour and reason.
    pub fn take_unstored(&self) -> Vec<Refusals> {
        std::mem::take(&mut self.state().unstored).into_values().collect()
    }

    /// Takes back what could not be stored.
    pub fn put_back(&self, unstored: Vec<Refusals>) {
        let mut state = self.state();
        for refused in unstored {
            add(&mut state.unstored, (refused.hour(), refused.reason), refused);
        }
    }

    /// What is to be logged at `now`: each reason once a minute, with the messages since.
    pub fn take_unlogged(&self, now: Timestamp) -> Vec<Refusals> {
        let mut state = self.state();
        let State { unlogged, logged_at, .. } = &mut *state;
        let is_due = |reason: &RefusalReason| {
            logged_at.get(reason).is_none_or(|then| {
                (now.as_millis() - then.as_millis()).unsigned_abs()
                    >= LOG_INTERVAL_MS.unsigned_abs()
            })
        };
        let due: Vec<_> = unlogged.keys().copied().filter(is_due).collect();
        let due: Vec<_> = due.into_iter().filter_map(|reason| unlogged.remove(&reason)).collect();
        logged_at.extend(due.iter().map(|refused| (refused.reason, now)));
        due
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn add<K: Ord>(counts: &mut BTreeMap<K, Refusals>, key: K, refused: Refusals) {
    counts.entry(key).and_modify(|there| there.add(&refused)).or_insert(refused);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_logged_once_a_minute_and_stored_by_the_hour() {
        let counter = RefusalCounter::default();
        let at = |seconds: i64| Timestamp::from_millis(1_795_424_400_000 + seconds * 1000);
        let refuse = |reason, seconds| counter.count(Refusals::one(reason, at(seconds)));
        let logged = |seconds| -> Vec<(&str, u64)> {
            let due = counter.take_unlogged(at(seconds)).into_iter();
            due.map(|refused| (refused.reason.code(), refused.count)).collect()
        };
        (0..21).for_each(|_| refuse(RefusalReason::Key, 0));
        assert_eq!(logged(1), [("key", 21)]);
        refuse(RefusalReason::Key, 2);
        refuse(RefusalReason::Clock, 3);
        assert_eq!(logged(4), [("clock", 1)]);
        assert_eq!(logged(60), []);
        assert_eq!(logged(61), [("key", 1)]);
        assert_eq!(logged(600), []);
        refuse(RefusalReason::Key, 3600);
        let unstored = counter.take_unstored();
        let seen: Vec<_> =
            unstored.iter().map(|refused| (refused.reason.code(), refused.count)).collect();
        assert_eq!(seen, [("key", 22), ("clock", 1), ("key", 1)]);
        counter.put_back(unstored.clone());
        refuse(RefusalReason::Key, 3601);
        let again = counter.take_unstored();
        assert_eq!(again.iter().map(|refused| refused.count).sum::<u64>(), 25);
        assert_eq!(again.len(), 3);
        assert_eq!(counter.take_unstored(), []);
    }
}
