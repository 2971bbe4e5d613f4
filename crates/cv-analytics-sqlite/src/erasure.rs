//! Erasing, down to the bytes in the files: the one way in which anything that holds a visitor's text leaves the store.
//!
//! Whatever deletes says in the same transaction that bytes are left ([`bytes_are_left`]); [`cleaning`] takes them out
//! of the files. A canary holds no visitor's bytes, so the file stays as it is.

pub(crate) mod cleaning;
pub(crate) mod retention;

use std::collections::BTreeSet;

use cv_analytics_core::dead_letter::group_in;
use cv_analytics_core::event::{RequestId, SessionId};
use cv_analytics_core::intake::named_ids::NamedIds;
use cv_analytics_core::privacy::{Privacy, SessionKey};
use cv_analytics_core::store::erasure::{Erased, Mark};
use cv_analytics_core::store::session_key::SESSION_KEY;
use rusqlite::{Connection, params};

use crate::error::{Failure, Result};
use crate::key_values;

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
    for mark in session.marks() {
        if found.exists([mark])? {
            return Ok(true);
        }
    }
    Ok(false)
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

/// Removes a letter; `false` where it is not there.
pub(crate) fn remove_letter(connection: &Connection, id: i64) -> Result<bool> {
    let mut delete = connection.prepare_cached("DELETE FROM dead_letters WHERE id = ?1")?;
    let is_removed = delete.execute([id])? == 1;
    if is_removed {
        bytes_are_left(connection)?;
    }
    Ok(is_removed)
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
        dropped += u64::from(remove_letter(connection, letter)?);
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
