//! Where the key of the session hash is kept: in the store's own ledger, made once.

use crate::privacy::SessionKey;
use crate::store::{Ledger, StoreError};

/// The ledger's key of the session hash's key.
pub const SESSION_KEY: &str = "cv-analytics:session-key";

/// The key that is kept in `ledger`, if there is one.
///
/// # Errors
/// [`StoreError`].
pub async fn kept(ledger: &impl Ledger) -> Result<Option<SessionKey>, StoreError> {
    Ok(ledger.get(SESSION_KEY).await?.map(|record| SessionKey::new(record.value)))
}

/// The key that is kept in `ledger`, else `fresh`, which is kept from now on. Of two that are made
/// at once one is kept, and both callers get it.
///
/// # Errors
/// [`StoreError`].
pub async fn kept_or_made(
    ledger: &impl Ledger,
    fresh: impl FnOnce() -> String,
) -> Result<SessionKey, StoreError> {
    if let Some(key) = kept(ledger).await? {
        return Ok(key);
    }
    ledger.put(SESSION_KEY, &fresh(), None).await?;
    let key = kept(ledger).await?;
    key.ok_or_else(|| StoreError::refused("the session key was not kept"))
}
