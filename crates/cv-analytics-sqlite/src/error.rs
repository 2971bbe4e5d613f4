//! What SQLite says, in the words of the port.

use std::sync::{Arc, OnceLock};

use cv_analytics_core::store::StoreError;
use rusqlite::ErrorCode;

/// What went wrong in the file.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// A failure below the port.
#[derive(Debug)]
pub(crate) enum Failure {
    /// SQLite's own.
    Sqlite(rusqlite::Error),
    /// A row holds what the product does not write.
    Row(String),
    /// Something stands in the way; the sentence says what.
    Later(String),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl Failure {
    /// Whether the file does not hold what was written into it.
    pub(crate) fn is_damage(&self) -> bool {
        match self {
            Self::Sqlite(error) => matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt)
            ),
            Self::Row(_) => true,
            Self::Later(_) => false,
        }
    }

    /// Whether every other write would fail by it too, whatever it writes.
    pub(crate) fn is_of_every_write(&self) -> bool {
        match self {
            Self::Sqlite(error) => matches!(
                error.sqlite_error_code(),
                Some(
                    ErrorCode::DiskFull
                        | ErrorCode::DatabaseBusy
                        | ErrorCode::DatabaseLocked
                        | ErrorCode::ReadOnly
                        | ErrorCode::PermissionDenied
                        | ErrorCode::CannotOpen
                )
            ),
            Self::Row(_) => false,
            Self::Later(_) => true,
        }
    }

    /// The port's error for a failure to do `what` ("keep the events").
    pub(crate) fn to_store_error(&self, what: &str) -> StoreError {
        let error = match self {
            Self::Later(why) => {
                return StoreError::unavailable(format!("cannot {what}"), why.clone());
            }
            Self::Row(what_it_holds) => {
                return StoreError::refused(format!("cannot {what}: {what_it_holds}"));
            }
            Self::Sqlite(error) => error,
        };
        let why = match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => "the disk is full",
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                "another program holds the database"
            }
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                "the database may not be written"
            }
            Some(ErrorCode::CannotOpen) => "cannot open the database or write its folder",
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                return StoreError::refused(format!(
                    "cannot {what}: the database is damaged ({error}); restore it from a copy"
                ));
            }
            Some(ErrorCode::SystemIoFailure) => "reading or writing the disk failed",
            _ => "the database failed",
        };
        // The text rather than the error itself: every caller of a batch gets its own.
        StoreError::unavailable(format!("cannot {what}: {why}"), error.to_string())
    }
}

/// The first damage that a read or a write met with, in the words of its error.
#[derive(Clone, Default)]
pub(crate) struct Damage(Arc<OnceLock<String>>);

impl Damage {
    /// The error for a failure to do `what`, noted where it tells of damage.
    pub(crate) fn told(&self, failure: &Failure, what: &str) -> StoreError {
        let error = failure.to_store_error(what);
        if failure.is_damage() {
            self.0.get_or_init(|| error.to_string());
        }
        error
    }

    /// Fails where damage is noted.
    pub(crate) fn check(&self) -> std::result::Result<(), StoreError> {
        self.0.get().map_or(Ok(()), |damage| Err(StoreError::refused(damage.clone())))
    }
}

/// The error for callers that come when the store's thread has ended.
pub(crate) fn closed(what: &str) -> StoreError {
    StoreError::unavailable(format!("cannot {what}"), "the store is closed")
}
