//! The store of cv-analytics in one SQLite file.
//!
//! In reading order:
//!
//! 1. [`SqliteStore`] here: the file; `store`: the ports on it.
//! 2. `writer`: the one thread that writes, with group commit, and what it does with the arrivals of one
//!    transaction.
//! 3. `schema`: the file's layout, and halves as columns and back.
//! 4. `reader`: reading beside the writer. `key_values`: small records.
//! 5. `file`: the file as a file.
//! 6. `archive`: everything that the file holds, out of it and into it again; `dead_letters`; `erasure`: with retention,
//!    which only a file has; `refusals`: messages refused at the door.

mod archive;
mod dead_letters;
mod erasure;
mod error;
mod file;
mod key_values;
mod reader;
mod refusals;
mod schema;
mod store;
#[cfg(test)]
mod tests;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cv_analytics_core::store::{StoreError, StoreErrorKind};

use crate::error::Damage;
use crate::reader::ReaderHandle;
use crate::writer::WriterHandle;

pub use crate::erasure::retention::{OldData, Retained, RetentionHold};
pub use crate::file::health::{Commits, StoreCounts};
pub use crate::file::integrity_check::{IntegrityReport, examine};
pub use crate::file::serving_lock::{ServingLock, lock_for_serving};

/// A store in one SQLite file. Clones share its threads; needs no async runtime of its own.
///
/// Other programs may use the file at the same time, through their own store.
#[derive(Clone)]
pub struct SqliteStore {
    path: Arc<PathBuf>,
    writer: WriterHandle,
    reader: ReaderHandle,
    damage: Damage,
}

impl SqliteStore {
    /// Opens the file, or makes it (its folder has to be there), and brings an older one up to
    /// date. Blocks for some milliseconds; for minutes where a large file of an older version is
    /// written anew.
    ///
    /// # Errors
    /// Refuses a file that is not an SQLite database, another program's, or from a newer version;
    /// each with a sentence that says what to do.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let damage = Damage::default();
        let writer = WriterHandle::start(path, damage.clone())?;
        let reader = ReaderHandle::start(path, damage.clone())?;
        Ok(Self { path: Arc::new(path.to_owned()), writer, reader, damage })
    }

    /// Opens the file, for reading where it cannot be written: on a read-only disk, or as another
    /// user. Every write then fails with the reason.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub fn open_or_read(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        match Self::open(path) {
            Err(error) if error.kind == StoreErrorKind::Unavailable => {
                Self::open_read_only(path).map_err(|_| error)
            }
            opened => opened,
        }
    }

    /// Opens the file, which has to be there and of this version, for reading.
    ///
    /// # Errors
    /// Refuses a file of an earlier version too, which cannot be brought up to date.
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let damage = Damage::default();
        let reader = ReaderHandle::start(path, damage.clone())?;
        let path = Arc::new(path.to_owned());
        Ok(Self { path, writer: WriterHandle::read_only(), reader, damage })
    }

    /// Whether the file was opened for reading only.
    pub fn is_read_only(&self) -> bool {
        self.writer.is_read_only()
    }

    /// Fails where the open file is no longer the one at its path. Looks at the folder and writes nothing.
    pub fn check_in_place(&self) -> Result<(), StoreError> {
        self.writer.check_in_place()
    }

    /// Fails where a read or a write has met with damage since the file was opened, with what it said. Looks at nothing itself.
    pub fn check_sound(&self) -> Result<(), StoreError> {
        self.damage.check()
    }
}
