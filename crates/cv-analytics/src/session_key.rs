//! The key of the session hash: made once, kept with the data; on AWS the processor's `SESSION_SALT`
//! where it has one.

use anyhow::{Context, Result};
use cv_analytics_core::privacy::SessionKey;
use cv_analytics_core::store::Ledger;
use rand::RngExt;

/// The ledger's key of the session hash's key.
const SESSION_KEY: &str = "cv-analytics:session-key";

/// The key that is kept in the store.
pub(crate) async fn kept(store: &impl Ledger) -> Result<Option<SessionKey>> {
    Ok(store.get(SESSION_KEY).await?.map(|record| SessionKey::new(record.value)))
}

/// The key that is kept in the store, made where there is none.
pub(crate) async fn kept_or_made(store: &impl Ledger) -> Result<SessionKey> {
    if let Some(key) = kept(store).await? {
        return Ok(key);
    }
    let made = hex::encode(rand::rng().random::<[u8; 32]>());
    store.put(SESSION_KEY, &made, None).await?;
    kept(store).await?.context("the session key was not kept")
}
