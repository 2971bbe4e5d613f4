//! The key of the session hash, made where there is none.

use anyhow::Result;
use cv_analytics_core::privacy::SessionKey;
use cv_analytics_core::store::Ledger;
use cv_analytics_core::store::session_key;
use rand::RngExt;

/// The key that is kept in the store, made where there is none.
pub(crate) async fn kept_or_made(store: &impl Ledger) -> Result<SessionKey> {
    let fresh = || hex::encode(rand::rng().random::<[u8; 32]>());
    Ok(session_key::kept_or_made(store, fresh).await?)
}
