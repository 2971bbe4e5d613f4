//! Connections to the file, and what each of them is set to.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use cv_analytics_core::store::StoreError;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags};

use crate::file::open_files::beside;
use crate::schema::{MIGRATIONS, bring_up_to_date, opening_failed};

/// How long a connection waits for another program that holds the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Pages of 4 KiB in the writer's cache: 8 MiB.
const WRITER_CACHE_KIB: i64 = 8 * 1024;
/// A reader reads each page once: a cache that fits the processor's own is a third faster than one of 2 MiB.
const READER_CACHE_KIB: i64 = 256;

/// SQLite's way to a file without locks.
const UNLOCKED: &str = if cfg!(windows) { "vfs=win32-none" } else { "vfs=unix-none" };

/// Opens the file for writing; creates it, readable only by its owner, where it is missing.
pub(crate) fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    create_private(path)?;
    let failed = |error| opening_failed(path, error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
    // SQLite opens what it cannot write for reading.
    if connection.is_readonly(MAIN_DB).map_err(failed)? {
        let message = format!("cannot open {}: the database may not be written", path.display());
        return Err(StoreError::unavailable(message, "the file can be read only"));
    }
    // Before anything is written, so that a file that is not ours stays as it is.
    bring_up_to_date(&mut connection, path, MIGRATIONS)?;
    set_for_writing(&connection).map_err(failed)?;
    Ok(connection)
}

fn set_for_writing(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    // An answer of success means that the commit is on disk.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    // `Checkpointer` decides when.
    connection.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))?;
    connection.set_prepared_statement_cache_capacity(48);
    // The first look opens the log, which SQLite makes where it is missing.
    connection.pragma_query_value(None, "schema_version", |_| Ok(()))
}

/// Opens a file that is there, for reading.
pub(crate) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = set_for_reading(Connection::open_with_flags(path, flags));
    let Err(error) = opened else { return opened };
    let is_about_the_folder =
        matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly));
    // Who has a database open keeps its index of the log beside it.
    if !is_about_the_folder || !path.exists() || beside(path, "-shm").exists() {
        return Err(error);
    }
    let has_log = std::fs::metadata(beside(path, "-wal")).is_ok_and(|log| log.len() > 0);
    let path = percent_encode(path.as_os_str().as_encoded_bytes(), NON_ALPHANUMERIC);
    // Nothing can be made beside the file: without a log it is read as it is, with one the index of
    // the log is kept in memory, and no lock is taken on a file that nobody has open.
    let way = if has_log { UNLOCKED } else { "immutable=1" };
    let uri = format!("file:{path}?{way}");
    let connection = Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI)?;
    connection.pragma_update_and_check(None, "locking_mode", "exclusive", |_| Ok(()))?;
    set_for_reading(Ok(connection))
}

fn set_for_reading(opened: rusqlite::Result<Connection>) -> rusqlite::Result<Connection> {
    let connection = opened?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    // The first look opens the log, which SQLite makes where it is missing.
    connection.pragma_query_value(None, "schema_version", |_| Ok(()))?;
    Ok(connection)
}

/// SQLite gives its `-wal` and `-shm` files the mode of the database.
fn create_private(path: &Path) -> Result<(), StoreError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => {
            Err(StoreError::unavailable(format!("cannot make {}: {error}", path.display()), error))
        }
    }
}
