//! What the store keeps of one recipient beside the marks of sent mails: since when they are one,
//! whether they unsubscribed, and how a mail to them fails.

use std::time::Duration;

use cv_analytics_core::store::{KeyValueStore, StoreError};
use cv_analytics_core::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

/// What the keys of all records begin with; the recipient's digest follows.
pub const KEY_PREFIX: &str = "cv-analytics:mail-recipient:";

/// How long after a failed try the next one comes, by how often it was tried: at once for what
/// passes (greylisting takes minutes), then ever less often, and on like the last until it
/// succeeds or the next week's mail takes its place.
const RETRY_AFTER_MINUTES: [u64; 6] = [1, 5, 15, 30, 60, 120];
/// A program that is started over and over tries no more often than this.
const RETRY_AFTER_START: Duration = Duration::from_mins(1);
/// How often a change is tried while others change the same record.
const MAX_CHANGE_ATTEMPTS: usize = 8;

/// One recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RecipientRecord {
    /// Since when the mail goes to them: mails that were due earlier are not sent late.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// When they unsubscribed, where they did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsubscribed: Option<Timestamp>,
    /// The week whose mail could not be sent yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failing: Option<Failing>,
    /// The last week that got no mail because it was over before they were a recipient, and empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<String>,
}

/// A mail that could not be sent yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failing {
    /// The mail's week, as 2026-W47.
    pub week: String,
    /// When it failed first.
    pub since: Timestamp,
    /// When it failed last.
    pub last_try: Timestamp,
    /// How often it failed.
    pub tries: u32,
    /// Whether the owner has to change something before a retry can succeed.
    #[serde(rename = "lasts")]
    pub is_permanent: bool,
    /// Why it failed last: a sentence without addresses or secrets.
    pub last_error: String,
}

impl RecipientRecord {
    /// The record of the recipient with this digest, empty where there is none.
    ///
    /// # Errors
    /// [`StoreError`], also where the record is from a newer version.
    pub async fn load(store: &dyn KeyValueStore, digest: &str) -> Result<Self, StoreError> {
        Ok(Self::load_versioned(store, digest).await?.0)
    }

    /// Changes the record of the recipient with this digest, and returns what is kept then.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn change(
        store: &dyn KeyValueStore,
        digest: &str,
        change: impl Fn(&mut Self) + Send + Sync,
    ) -> Result<Self, StoreError> {
        for _ in 0..MAX_CHANGE_ATTEMPTS {
            let (before, version) = Self::load_versioned(store, digest).await?;
            let mut after = before.clone();
            change(&mut after);
            if after == before {
                return Ok(after);
            }
            let value = serde_json::to_string(&after).map_err(|error| {
                StoreError::refused(format!("cannot write a recipient's record: {error}"))
            })?;
            if store.put(&key(digest), &value, version).await? {
                return Ok(after);
            }
        }
        Err(StoreError::unavailable(
            "a recipient's record kept changing",
            "another writer was faster each time",
        ))
    }

    async fn load_versioned(
        store: &dyn KeyValueStore,
        digest: &str,
    ) -> Result<(Self, Option<u64>), StoreError> {
        let key = key(digest);
        let Some(record) = store.get(&key).await? else { return Ok((Self::default(), None)) };
        let read = serde_json::from_str(&record.value).map_err(|error| {
            StoreError::refused(format!(
                "cannot read the record {key} ({error}): a newer version wrote it; update this one"
            ))
        })?;
        Ok((read, Some(record.version)))
    }

    /// Notes that the mail of `week` failed at `now`.
    pub(crate) fn failed(&mut self, week: &str, now: Timestamp, is_permanent: bool, error: &str) {
        let before = self.failing.take().filter(|failing| failing.week == week);
        let (since, tries) = before.map_or((now, 0), |failing| (failing.since, failing.tries));
        self.failing = Some(Failing {
            week: week.to_owned(),
            since: since.min(now),
            last_try: now,
            tries: tries.saturating_add(1),
            is_permanent,
            last_error: error.to_owned(),
        });
    }
}

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

fn key(digest: &str) -> String {
    format!("{KEY_PREFIX}{digest}")
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

    #[test]
    fn a_failure_of_another_week_begins_anew() {
        let mut record = RecipientRecord::default();
        record.failed("2026-W47", NOW, true, "no");
        record.failed("2026-W47", NOW.plus_millis(1), false, "not yet");
        let failing = record.failing.clone().unwrap();
        assert_eq!((failing.since, failing.tries, failing.is_permanent), (NOW, 2, false));
        record.failed("2026-W48", NOW.plus_millis(2), false, "not yet");
        assert_eq!(record.failing.unwrap().tries, 1);
    }
}
