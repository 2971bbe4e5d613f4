//! The schema and its migrations: how a file of an earlier version comes to the newest one.

pub(crate) mod columns;
pub(crate) mod row;

use std::path::Path;

use cv_analytics_core::store::StoreError;
use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use crate::error::Failure;

/// Marks the file as one of ours in its header: "cvan".
pub(crate) const APPLICATION_ID: i32 = 0x6376_616e;

/// Step *n* brings a file from version *n* to *n* + 1. Steps are only ever added: a released one never changes.
pub(crate) const MIGRATIONS: &[&str] = &[
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
    include_str!("schema/4.sql"),
    include_str!("schema/5.sql"),
];

/// Brings the file to the newest version.
///
/// # Errors
/// Refuses a file that is not an SQLite database, another program's, or from a newer version, with a
/// sentence that says what to do.
pub(crate) fn bring_up_to_date(
    connection: &mut Connection,
    path: &Path,
    steps: &[&str],
) -> Result<(), StoreError> {
    let failed = |error: rusqlite::Error| opening_failed(path, error);
    let found = Header::read(connection).map_err(failed)?;
    if found.check(path, steps.len())? == steps.len() {
        return Ok(());
    }
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    // Another program may have been faster.
    let version = Header::read(&transaction).map_err(failed)?.check(path, steps.len())?;
    for step in steps.iter().skip(version) {
        transaction.execute_batch(step).map_err(failed)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed)?;
    transaction
        .pragma_update(None, "user_version", i64::try_from(steps.len()).unwrap_or(i64::MAX))
        .map_err(failed)?;
    transaction.commit().map_err(failed)
}

/// Checks that the file is ours and of the newest version.
///
/// # Errors
/// As [`bring_up_to_date`]; refuses a file of an earlier version too.
pub(crate) fn check_version(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let found = Header::read(connection).map_err(|error| opening_failed(path, error))?;
    if found.check(path, MIGRATIONS.len())? == MIGRATIONS.len() {
        return Ok(());
    }
    Err(StoreError::refused(format!(
        "{} was written by an earlier cv-analytics, and cannot be brought up to date where it cannot be written: copy \
         it into a folder that can be written, and name the copy",
        path.display()
    )))
}

struct Header {
    application_id: i32,
    version: i64,
    tables: i64,
}

impl Header {
    fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let pragma = |name| connection.pragma_query_value(None, name, |row| row.get(0));
        let version = pragma("user_version")?;
        let application_id = connection.pragma_query_value(None, "application_id", |r| r.get(0))?;
        let tables =
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        Ok(Self { application_id, version, tables })
    }

    /// The version of a file that is ours or empty.
    fn check(&self, path: &Path, newest: usize) -> Result<usize, StoreError> {
        let path = path.display();
        if self.application_id != APPLICATION_ID && (self.application_id != 0 || self.tables != 0) {
            return Err(StoreError::refused(format!(
                "invalid database {path}: it is another program's; name a cv-analytics database or a new file"
            )));
        }
        usize::try_from(self.version).ok().filter(|version| *version <= newest).ok_or_else(|| {
            StoreError::refused(format!(
                "{path} was written by a newer cv-analytics (schema version {}, this one knows up to {newest}): \
                 use that newer version, or a copy of the file from before the upgrade",
                self.version
            ))
        })
    }
}

/// The error for a file that cannot be opened.
pub(crate) fn opening_failed(path: &Path, error: rusqlite::Error) -> StoreError {
    if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) {
        return StoreError::refused(format!(
            "invalid database {}: not an SQLite file; name a cv-analytics database or a new file",
            path.display()
        ));
    }
    Failure::from(error).to_store_error(&format!("open {}", path.display()))
}
