//! Where the key of the session hash is kept: among the store's own values, made once.

use crate::privacy::SessionKey;
use crate::store::{KeyValueStore, StoreError};

/// The key of the session hash's key.
pub const SESSION_KEY: &str = "cv-analytics:session-key";

/// The key that is kept in `store`, if there is one.
///
/// # Errors
/// [`StoreError`].
pub async fn kept(store: &dyn KeyValueStore) -> Result<Option<SessionKey>, StoreError> {
    Ok(store.get(SESSION_KEY).await?.map(|record| SessionKey::new(record.value)))
}

/// The key that is kept in `store`, else `fresh`, which is kept from now on. Of two that are made
/// at once one is kept, and both callers get it.
///
/// # Errors
/// [`StoreError`].
pub async fn kept_or_made(
    store: &dyn KeyValueStore,
    fresh: impl FnOnce() -> String + Send,
) -> Result<SessionKey, StoreError> {
    if let Some(key) = kept(store).await? {
        return Ok(key);
    }
    store.put(SESSION_KEY, &fresh(), None).await?;
    let key = kept(store).await?;
    key.ok_or_else(|| StoreError::refused("the session key was not kept"))
}
