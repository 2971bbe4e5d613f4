//! The ports of cv-analytics in one SQLite file.
//!
//! In reading order:
//!
//! 1. [`SqliteStore`] here: the file, and the ports on it.
//! 2. `writer`: the one thread that writes, with group commit, and what it does with the arrivals of one
//!    transaction.
//! 3. `schema`: the file's layout, and halves as columns and back.
//! 4. `reader`: reading beside the writer. `ledger`: small records.
//! 5. `file`: the file as a file.
//! 6. `archive`: everything that the file holds, out of it and into it again; `dead_letters`, `erasure` and `refusals`:
//!    what the program does with a store beyond the ports.

mod archive;
mod dead_letters;
mod erasure;
mod error;
mod file;
mod ledger;
mod reader;
mod refusals;
mod schema;
#[cfg(test)]
mod tests;
mod writer;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cv_analytics_core::interaction::Interaction;
use cv_analytics_core::store::observation_page::ObservationPage;
use cv_analytics_core::store::{
    Arrival, Deliveries, Keep, Ledger, LedgerRecord, Observe, Receipt, StoreError, StoreErrorKind,
};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use futures_core::Stream;
use rusqlite::OptionalExtension;

use crate::reader::ReaderHandle;
use crate::reader::{export, observations};
use crate::writer::WriterHandle;
use crate::writer::batch::Prepared;

pub use crate::dead_letters::DeadLetterEntry;
pub use crate::erasure::Erased;
pub use crate::erasure::retention::{Aged, Held, Retained};
pub use crate::file::health::{Commits, Counts};
pub use crate::file::integrity_check::{Examination, examine};
pub use crate::file::serving_lock::{ServingLock, lock_for_serving};

/// A store in one SQLite file. Clones share its threads; needs no async runtime of its own.
///
/// Other programs may use the file at the same time, through a store of their own.
#[derive(Clone)]
pub struct SqliteStore {
    path: Arc<PathBuf>,
    writer: WriterHandle,
    reader: ReaderHandle,
}

impl SqliteStore {
    /// Opens the file, or makes it (its folder has to be there), and brings an older one up to
    /// date. Blocks for some milliseconds; for minutes where a large file of an older version is
    /// written anew.
    ///
    /// # Errors
    /// Refuses a file that is no SQLite database, another program's, or from a newer version;
    /// each with a sentence that says what to do.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let writer = WriterHandle::start(path)?;
        let reader = ReaderHandle::start(path)?;
        Ok(Self { path: Arc::new(path.to_owned()), writer, reader })
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
        let reader = ReaderHandle::start(path)?;
        Ok(Self { path: Arc::new(path.to_owned()), writer: WriterHandle::read_only(), reader })
    }

    /// Whether the file was opened for reading only.
    pub fn is_read_only(&self) -> bool {
        self.writer.is_read_only()
    }

    /// Fails where the open file is no longer the one at its path. Looks at the folder and writes
    /// nothing.
    pub fn check_in_place(&self) -> Result<(), StoreError> {
        self.writer.check_in_place()
    }

    /// Fails where a read has met with damage since the file was opened, with what it said. Looks at
    /// nothing itself.
    pub fn check_sound(&self) -> Result<(), StoreError> {
        self.reader.check_sound()
    }

    /// Streams every interaction in order of arrival, page by page. What arrives meanwhile may
    /// or may not be among them.
    pub fn export(
        &self,
    ) -> impl Stream<Item = Result<Vec<Interaction>, StoreError>> + Send + Unpin + use<> {
        self.reader.clone().stream_pages(self.path.to_path_buf(), "export", |connection, pages| {
            export::interactions(connection, pages)
        })
    }

    /// Finishes what waits, copies the write-ahead log into the file and ends the writer's
    /// thread. Later calls of any clone answer that the store is closed.
    pub async fn close(self) -> Result<(), StoreError> {
        self.writer.close().await
    }
}

impl Keep for SqliteStore {
    async fn keep(&self, arrivals: Vec<Arrival>) -> Result<Vec<Receipt>, StoreError> {
        self.writer.keep(arrivals.into_iter().map(Prepared::from).collect()).await
    }
}

impl Observe for SqliteStore {
    fn observations(
        &self,
        period: Range<Timestamp>,
    ) -> impl Stream<Item = Result<ObservationPage, StoreError>> + Send {
        self.reader.clone().stream_pages(
            self.path.to_path_buf(),
            "read the interactions",
            move |connection, pages| observations::observations(connection, &period, pages),
        )
    }

    async fn deliveries(&self, week: IsoWeek) -> Result<Deliveries, StoreError> {
        let counts = |row: &rusqlite::Row<'_>| {
            Ok(Deliveries {
                duplicates: Some(row.get::<_, i64>(0)?.unsigned_abs()),
                conflicts: Some(row.get::<_, i64>(1)?.unsigned_abs()),
                dead_letters: row.get::<_, i64>(2)?.unsigned_abs(),
                refused: Some(row.get::<_, i64>(3)?.unsigned_abs()),
            })
        };
        let none = Deliveries {
            duplicates: Some(0),
            conflicts: Some(0),
            dead_letters: 0,
            refused: Some(0),
        };
        self.reader
            .read("count the deliveries", move |connection| {
                let found = connection
                    .prepare_cached(
                        "SELECT duplicates, conflicts, dead_letters, refused FROM deliveries WHERE week = ?1",
                    )?
                    .query_row([week.to_string()], counts)
                    .optional()?;
                Ok(found.unwrap_or(none))
            })
            .await
    }
}

impl Ledger for SqliteStore {
    async fn get(&self, key: &str) -> Result<Option<LedgerRecord>, StoreError> {
        let key = key.to_owned();
        self.reader.read("read a setting", move |connection| ledger::get(connection, &key)).await
    }

    async fn put(&self, key: &str, value: &str, expected: Option<u64>) -> Result<bool, StoreError> {
        let (key, value) = (key.to_owned(), value.to_owned());
        self.writer
            .run("write a setting", move |writer| {
                writer.beside_the_interactions(|transaction| {
                    ledger::put(transaction, &key, &value, expected)
                })
            })
            .await
    }
}
