//! Who is signed in: random ids, of which only digests are kept.
//!
//! They are kept in a file, so that a restart signs nobody out. A digest covers the owner's token
//! too: with another token every session is over.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_server::configuration::Secret;
use rand::RngExt;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::private_file::write_private;

/// How long a session lasts: 30 days.
pub(crate) const LASTS_SECONDS: i64 = 30 * 24 * 3600;
/// Sessions at once; the oldest ends where there are more.
const MAX_SESSIONS: usize = 100;

/// The sessions of one dashboard.
pub struct OwnerSessions {
    token: [u8; 32],
    file: Option<PathBuf>,
    entries: Mutex<Vec<StoredSession>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct StoredSession {
    /// SHA-256 of the token's digest and the id.
    digest: String,
    /// Milliseconds since 1970.
    expires: i64,
}

impl OwnerSessions {
    /// Sessions that end with the process.
    pub fn in_memory(token: &Secret) -> Self {
        Self { token: Sha256::digest(token.reveal()).into(), file: None, entries: Mutex::default() }
    }

    /// Sessions that are kept in `file`.
    ///
    /// # Errors
    /// Where the file is there and cannot be read. One that holds something else counts as empty.
    pub fn open(token: &Secret, file: &Path) -> io::Result<Self> {
        let entries = match fs::read(file) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        Ok(Self {
            file: Some(file.to_owned()),
            entries: Mutex::new(entries),
            ..Self::in_memory(token)
        })
    }

    /// Begins a session and gives its id: 256 random bits in digits.
    pub(crate) fn begin(&self, now: Timestamp) -> String {
        let id = hex::encode(rand::rng().random::<[u8; 32]>());
        let digest = self.digest(b"session", &id);
        let mut entries = self.entries();
        entries.retain(|entry| entry.expires > now.as_millis());
        let too_many = (entries.len() + 1).saturating_sub(MAX_SESSIONS);
        entries.drain(..too_many);
        entries.push(StoredSession { digest, expires: now.as_millis() + LASTS_SECONDS * 1000 });
        self.keep(&entries);
        id
    }

    /// Whether the session is going on.
    pub(crate) fn is_going_on(&self, id: &str, now: Timestamp) -> bool {
        let digest = self.digest(b"session", id);
        self.entries().iter().any(|entry| entry.digest == digest && entry.expires > now.as_millis())
    }

    /// Ends a session.
    pub(crate) fn end(&self, id: &str) {
        let digest = self.digest(b"session", id);
        let mut entries = self.entries();
        entries.retain(|entry| entry.digest != digest);
        self.keep(&entries);
    }

    /// What the forms of a session's pages carry: a site that only makes a browser send its cookie does not know it.
    pub(crate) fn form_token(&self, id: &str) -> String {
        self.digest(b"form", id)
    }

    /// Needs no constant-time comparison: a timing attack would have to choose the digest's preimage.
    fn digest(&self, purpose: &[u8], id: &str) -> String {
        let mut hasher = Sha256::new();
        hasher.update(purpose);
        hasher.update(self.token);
        hasher.update(id);
        hex::encode(hasher.finalize())
    }

    fn entries(&self) -> MutexGuard<'_, Vec<StoredSession>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, entries: &[StoredSession]) {
        let Some(file) = &self.file else { return };
        let written = serde_json::to_vec(entries).map_err(io::Error::from);
        if let Err(error) = written.and_then(|bytes| write_private(file, &bytes)) {
            tracing::warn!(error = %error, "failed to keep who is signed in: a restart signs out");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_424_400_000);

    #[test]
    fn a_session_outlives_a_restart_and_ends_by_log_out_time_and_another_token() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sessions.json");
        let token = Secret::new("the owner's token");
        let sessions = OwnerSessions::open(&token, &file).unwrap();
        let (first, second) = (sessions.begin(NOW), sessions.begin(NOW));
        assert_ne!(first, second);
        assert!(!fs::read_to_string(&file).unwrap().contains(&first));
        let again = OwnerSessions::open(&token, &file).unwrap();
        assert!(again.is_going_on(&first, NOW));
        assert!(!again.is_going_on(&first, NOW.plus_millis(LASTS_SECONDS * 1000)));
        again.end(&first);
        let third = OwnerSessions::open(&token, &file).unwrap();
        assert!(!third.is_going_on(&first, NOW) && third.is_going_on(&second, NOW));
        let other = OwnerSessions::open(&Secret::new("another token"), &file).unwrap();
        assert!(!other.is_going_on(&second, NOW));
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_the_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sessions.json");
        OwnerSessions::open(&Secret::new("t"), &file).unwrap().begin(NOW);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn the_hundred_newest_sessions_go_on() {
        let sessions = OwnerSessions::in_memory(&Secret::new("t"));
        let first = sessions.begin(NOW);
        let others: Vec<String> = (0..MAX_SESSIONS).map(|_| sessions.begin(NOW)).collect();
        assert!(!sessions.is_going_on(&first, NOW));
        assert!(others.iter().all(|id| sessions.is_going_on(id, NOW)));
    }
}
