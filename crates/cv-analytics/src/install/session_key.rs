//! The key of the session hash: the processor's own on AWS, else the one that the store keeps.

use anyhow::{Result, anyhow, bail};
use cv_analytics_core::privacy::{Privacy, SessionKey};
use cv_analytics_core::store::archive::Archived;
use cv_analytics_core::store::{KeyValueStore, Store, session_key};
use rand::RngExt;

use crate::install::{Installation, variable};

const NO_SESSION_KEY: &str = "set SESSION_SALT to the processor's: the sessions in the tables are hashed with it, and \
                              with another key they would never match";

/// The processor's key of the session hash, where it is not in the store.
pub(crate) fn session_salt() -> Option<SessionKey> {
    variable("SESSION_SALT").map(SessionKey::new)
}

/// The key that is kept in the store, made where there is none.
pub(crate) async fn kept_or_made(store: &dyn KeyValueStore) -> Result<SessionKey> {
    let fresh = || hex::encode(rand::rng().random::<[u8; 32]>());
    Ok(session_key::kept_or_made(store, fresh).await?)
}

impl Installation {
    /// The key under which sessions are kept; `None` where none was made yet, or it is not known here.
    pub(crate) async fn known_session_key(&self, store: &dyn Store) -> Result<Option<SessionKey>> {
        match session_salt().filter(|_| self.is_on_aws()) {
            Some(salt) => Ok(Some(salt)),
            None => Ok(session_key::kept(store).await?),
        }
    }

    /// The key for new sessions; on AWS one is generated only for tables without events.
    pub(crate) async fn session_key_to_keep(&self, store: &dyn Store) -> Result<SessionKey> {
        if let Some(key) = self.known_session_key(store).await? {
            return Ok(key);
        }
        if self.is_on_aws() {
            if holds_events(store).await? {
                bail!(NO_SESSION_KEY);
            }
            eprintln!(
                "the tables are empty and SESSION_SALT is not set: a key for session ids is made and kept in them; a \
                 processor that has another SESSION_SALT will hash the same sessions differently"
            );
        }
        kept_or_made(store).await
    }

    /// Hashes `sessions` to find them; already hashed ones need no key.
    pub(crate) async fn privacy_to_find(
        &self,
        store: &dyn Store,
        sessions: &[String],
    ) -> Result<Privacy> {
        let keyless = Privacy::full(SessionKey::new(Vec::new()));
        let is_kept = |id: &String| keyless.session(id).is_none_or(|kept| kept.as_str() == id);
        if sessions.iter().all(is_kept) {
            return Ok(keyless);
        }
        Ok(Privacy::full(if self.is_on_aws() {
            self.known_session_key(store).await?.ok_or_else(|| anyhow!(NO_SESSION_KEY))?
        } else {
            kept_or_made(store).await?
        }))
    }
}

/// Whether the store holds an event, or the mark of one; settings are none.
async fn holds_events(store: &dyn Store) -> Result<bool> {
    let mut from = None;
    loop {
        let page = store.archive_page(from).await?;
        let is_event =
            |item: &Archived| matches!(item, Archived::Interaction(_) | Archived::Erased(_));
        if page.unreadable > 0 || page.items.iter().any(is_event) {
            return Ok(true);
        }
        from = page.next;
        if from.is_none() {
            return Ok(false);
        }
    }
}
