//! When the CV's skill list was changed. It is beside the settings and not in them: no figure depends on it.

use std::collections::BTreeSet;

use cv_analytics_core::store::KeyValueStore;
use cv_analytics_core::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use crate::settings::{FigureSettings, SettingsError, rewrite};

/// The ledger's key of the changes.
pub const CV_CHANGES_KEY: &str = "cv-analytics:cv-changes";
/// Changes that are kept, the newest.
const MAX_CHANGES: usize = 200;

/// One change of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CvChange {
    /// When.
    pub at: Timestamp,
    /// Entries that came.
    pub added: usize,
    /// Entries that went.
    pub removed: usize,
}

/// The changes that are known, oldest first.
///
/// # Errors
/// [`SettingsError`] where the store fails or holds something else.
pub async fn cv_changes(store: &dyn KeyValueStore) -> Result<Vec<CvChange>, SettingsError> {
    match store.get(CV_CHANGES_KEY).await? {
        Some(record) => Ok(serde_json::from_str(&record.value)?),
        None => Ok(Vec::new()),
    }
}

impl FigureSettings {
    /// [`FigureSettings::change`] at a known moment: where it gives the CV list other entries, that is
    /// noted for [`cv_changes`].
    ///
    /// # Errors
    /// Those of [`FigureSettings::change`].
    pub async fn change_at(
        store: &dyn KeyValueStore,
        at: Timestamp,
        change: impl Fn(&mut Self),
    ) -> Result<Self, SettingsError> {
        let mut before = None;
        let settings = Self::change(store, |settings| {
            before.clone_from(&settings.cv);
            change(settings);
        })
        .await?;
        note(store, before.as_deref(), settings.cv.as_deref(), at).await?;
        Ok(settings)
    }
}

/// Notes that the list was changed at `at`, where it has other entries now.
pub(super) async fn note(
    store: &dyn KeyValueStore,
    before: Option<&[String]>,
    now: Option<&[String]>,
    at: Timestamp,
) -> Result<(), SettingsError> {
    let entries = |list: Option<&[String]>| list.into_iter().flatten().cloned().collect();
    let (before, now): (BTreeSet<String>, BTreeSet<String>) = (entries(before), entries(now));
    if before == now {
        return Ok(());
    }
    let (added, removed) = (now.difference(&before).count(), before.difference(&now).count());
    rewrite(store, CV_CHANGES_KEY, |known| {
        let mut changes: Vec<CvChange> = known.map_or(Ok(Vec::new()), serde_json::from_str)?;
        changes.push(CvChange { at, added, removed });
        let surplus = changes.len().saturating_sub(MAX_CHANGES);
        changes.drain(..surplus);
        Ok((serde_json::to_string(&changes)?, ()))
    })
    .await
}
