//! Takes the bytes of what was deleted out of the files.
//!
//! Deleting a row leaves its bytes in the free space of the file, and SQLite's `secure_delete` leaves those that moved
//! when a page was split. So the file is written anew (`VACUUM`), and the write-ahead log emptied. What the owner asks
//! for is cleaned before the caller is answered; after retention, and after a late message that brought more of an
//! erased session to light, whoever runs the store calls [`SqliteStore::clean_up`]. Writers wait for it, about a second
//! for each 100 MB.

use cv_analytics_core::store::StoreError;

use crate::SqliteStore;
use crate::error::{Failure, Result};
use crate::writer::Writer;

impl SqliteStore {
    /// Takes the bytes of what was deleted before out of the files; `false` where none are left.
    ///
    /// # Errors
    /// Where the file could not be written anew, the error says why; calling again does what is left.
    pub async fn clean_up(&self) -> std::result::Result<bool, StoreError> {
        self.writer.run("take deleted bytes out of the files", clean_the_files).await
    }
}

/// Takes the bytes of what was deleted out of the files, where any are left.
pub(crate) fn clean_the_files(writer: &mut Writer) -> Result<bool> {
    let connection = writer.connection();
    let pending: bool =
        connection.query_row("SELECT erasure_pending FROM state", [], |row| row.get(0))?;
    if !pending {
        return Ok(false);
    }
    let failed = |failure: Failure| match failure {
        Failure::Sqlite(error) => Failure::Later(format!(
            "the rows are gone, but their bytes may still lie in the file's free space ({error}): the server tries again \
             within a day, and the same command does once the disk has room and no report is being made"
        )),
        other => other,
    };
    connection.execute_batch("VACUUM").map_err(Failure::from).map_err(failed)?;
    if !writer.checkpoint_truncate().map_err(failed)? {
        return Err(Failure::Later(
            "the rows are gone, but the file is still being read as it was before, by a report that is being made or by \
             another program: the server tries again within a day, and the same command does once that has ended"
                .to_owned(),
        ));
    }
    // Last: a crash before leaves the work to the next run.
    connection.execute("UPDATE state SET erasure_pending = 0", [])?;
    Ok(true)
}
