//! What the store keeps of one recipient beside the marks of sent mails: since when they are one,
//! whether they unsubscribed, and how a mail to them fails.

use cv_analytics_core::store::{KeyValueStore, StoreError};
use cv_analytics_core::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

/// What the keys of all records begin with; the recipient's digest follows.
pub const KEY_PREFIX: &str = "cv-analytics:mail-recipient:";

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

fn key(digest: &str) -> String {
    format!("{KEY_PREFIX}{digest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_424_400_000);

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
