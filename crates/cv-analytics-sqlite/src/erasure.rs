//! Erasing, down to the bytes in the files: the one way in which anything that holds a visitor's text leaves the store.
//!
//! Deleting a row leaves its bytes in the free space of the file, and SQLite's `secure_delete` leaves those that moved
//! when a page was split. So whatever deletes says in the same transaction that bytes are left ([`bytes_are_left`]),
//! and [`clean_the_files`] writes the file anew (`VACUUM`) and empties the write-ahead log. What the owner asks for is
//! cleaned before the caller is answered; after retention, and after a late message that brought more of an erased
//! session to light, whoever runs the store calls [`SqliteStore::clean_up`]. Writers wait for it, about a second for
//! each 100 MB. A canary has nobody's bytes, so the file stays as it is.

pub(crate) mod retention;

use std::collections::BTreeSet;

use cv_analytics_core::dead_letter::group_in;
use cv_analytics_core::event::{RequestId, SessionId};
use cv_analytics_core::intake::id_fields::NamedIds;
use cv_analytics_core::privacy::{Privacy, SessionKey};
use cv_analytics_core::store::StoreError;
use cv_analytics_core::store::erasure::{Erased, Mark};
use cv_analytics_core::store::session_key::SESSION_KEY;
use rusqlite::{Connection, params};

use crate::SqliteStore;
use crate::dead_letters::remove;
use crate::error::{Failure, Result};
use crate::key_values;
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

pub(crate) fn forget_request(connection: &Connection, request_id: &RequestId) -> Result<Erased> {
    let interactions = u64::from(erase_request(connection, request_id)?);
    Ok(Erased { interactions, dead_letters: drop_erased_letters(connection)? })
}

/// Erases what belongs to one session, in the forms in which it may be kept.
pub(crate) fn forget_session(
    connection: &Connection,
    sessions: &BTreeSet<SessionId>,
) -> Result<Erased> {
    let mut erased = Erased::default();
    for session in sessions {
        mark_session(connection, &session.mark())?;
        for id in of_session(connection, session)? {
            erased.interactions += u64::from(erase_request(connection, &id)?);
        }
    }
    erased.dead_letters = drop_erased_letters(connection)?;
    Ok(erased)
}

/// Which marks there are at all, so that most messages are asked nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Marks {
    pub(crate) of_requests: bool,
    pub(crate) of_sessions: bool,
}

pub(crate) fn is_erased(connection: &Connection, request_id: &RequestId) -> Result<bool> {
    let mut found =
        connection.prepare_cached("SELECT 1 FROM erased WHERE request_id_sha256 = ?1")?;
    Ok(found.exists([request_id.mark()])?)
}

pub(crate) fn is_erased_session(connection: &Connection, session: &SessionId) -> Result<bool> {
    let mut found =
        connection.prepare_cached("SELECT 1 FROM erased_sessions WHERE session_sha256 = ?1")?;
    Ok(found.exists([session.mark()])?)
}

/// Whether a message that could not be read names a request or a session that was erased.
pub(crate) fn names_erased(connection: &Connection, named: &NamedIds) -> Result<bool> {
    for request in named.requests() {
        if is_erased(connection, &request)? {
            return Ok(true);
        }
    }
    // Its sessions are as the agent sends them.
    let key = key_values::get(connection, SESSION_KEY)?.map(|record| record.value);
    let privacy = Privacy::full(SessionKey::new(key.unwrap_or_default()));
    for session in named.sessions(&privacy) {
        if is_erased_session(connection, &session)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Leaves a request's mark; `false` where it was there.
pub(crate) fn mark_request(connection: &Connection, mark: &Mark) -> Result<bool> {
    let mut insert = connection.prepare_cached("INSERT OR IGNORE INTO erased VALUES (?1)")?;
    Ok(insert.execute(params![mark])? == 1)
}

/// Leaves a session's mark; `false` where it was there.
pub(crate) fn mark_session(connection: &Connection, mark: &Mark) -> Result<bool> {
    let mut insert =
        connection.prepare_cached("INSERT OR IGNORE INTO erased_sessions VALUES (?1)")?;
    Ok(insert.execute(params![mark])? == 1)
}

/// Leaves a request's mark and deletes its interaction; `false` where there is none.
pub(crate) fn erase_request(connection: &Connection, request_id: &RequestId) -> Result<bool> {
    mark_request(connection, &request_id.mark())?;
    let rows = connection
        .prepare_cached("DELETE FROM interactions WHERE request_id = ?1")?
        .execute([request_id.as_str()])?;
    if rows > 0 {
        bytes_are_left(connection)?;
    }
    Ok(rows > 0)
}

/// Drops the dead letters that name what was erased, and gives their number.
pub(crate) fn drop_erased_letters(connection: &Connection) -> Result<u64> {
    let mut statement = connection.prepare("SELECT id, body, detail FROM dead_letters")?;
    let mut rows = statement.query([])?;
    let mut found: Vec<i64> = Vec::new();
    while let Some(row) = rows.next()? {
        let body = row.get_ref(1)?.as_blob().unwrap_or_default();
        let detail = row.get_ref(2)?.as_str().unwrap_or_default();
        if names_erased(connection, &NamedIds::in_message(body, group_in(detail)))? {
            found.push(row.get(0)?);
        }
    }
    let mut dropped = 0;
    for letter in found {
        dropped += u64::from(remove(connection, letter)?);
    }
    Ok(dropped)
}

/// Notes, with the deletion, that what was deleted is still in free space.
pub(crate) fn bytes_are_left(connection: &Connection) -> Result<()> {
    connection
        .prepare_cached("UPDATE state SET erasure_pending = 1 WHERE erasure_pending = 0")?
        .execute([])?;
    Ok(())
}

fn of_session(connection: &Connection, session: &SessionId) -> Result<BTreeSet<RequestId>> {
    let mut statement = connection.prepare(
        "SELECT request_id FROM interactions WHERE query_session = ?1 OR response_session = ?1",
    )?;
    let ids = statement.query_map([session.as_str()], |row| row.get::<_, String>(0))?;
    ids.map(|id| RequestId::new(id?).map_err(|error| Failure::Row(error.to_string()))).collect()
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
