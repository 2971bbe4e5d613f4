//! Looking at a file without changing it: whether it is sound, and ours.

use std::path::Path;

use cv_analytics_core::store::StoreError;
use rusqlite::Connection;

use crate::error::Failure;
use crate::file::connection::open_reader;
use crate::file::open_files::beside;
use crate::schema::{APPLICATION_ID, MIGRATIONS, opening_failed};

/// Damages that are named; the first says it all.
const MAX_LISTED_FAULTS: u32 = 5;

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntegrityReport {
    /// Whether the file says that it is one of cv-analytics.
    pub is_ours: bool,
    /// Its layout's version.
    pub schema_version: i64,
    /// The newest version that this program knows.
    pub newest_version: i64,
    /// `wal` in a file that the product wrote.
    pub journal_mode: String,
    /// What SQLite's own quick check found; empty in a sound file.
    pub damages: Vec<String>,
    /// Bytes of the file and of its write-ahead log.
    pub bytes: (u64, u64),
}

/// Examines the file at `path`, which has to be there; reads all of it, about a second for each
/// GB. A server may run on it.
///
/// # Errors
/// [`StoreErrorKind::Refused`] where it is not an SQLite database or damaged, `Unavailable` where it cannot
/// be opened.
///
/// [`StoreErrorKind::Refused`]: cv_analytics_core::store::StoreErrorKind::Refused
pub fn examine(path: &Path) -> Result<IntegrityReport, StoreError> {
    let failed = |error| opening_failed(path, error);
    let connection = open_reader(path).map_err(failed)?;
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let application_id = number("application_id").map_err(failed)?;
    let schema_version = number("user_version").map_err(failed)?;
    let journal_mode =
        connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).map_err(failed)?;
    let length = |path: &Path| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    Ok(IntegrityReport {
        is_ours: application_id == i64::from(APPLICATION_ID),
        schema_version,
        newest_version: i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX),
        journal_mode,
        damages: damages(&connection),
        bytes: (length(path), length(&beside(path, "-wal"))),
    })
}

/// What the quick check says; a check that stops early is a damage too.
fn damages(connection: &Connection) -> Vec<String> {
    let check = || -> rusqlite::Result<Vec<String>> {
        let mut statement =
            connection.prepare(&format!("PRAGMA quick_check({MAX_LISTED_FAULTS})"))?;
        statement.query_map([], |row| row.get(0))?.collect()
    };
    match check() {
        Ok(lines) => lines.into_iter().filter(|line| line != "ok").collect(),
        Err(error) => {
            let error = Failure::from(error).to_store_error("check the database");
            let cause = std::error::Error::source(&error);
            vec![cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))]
        }
    }
}
