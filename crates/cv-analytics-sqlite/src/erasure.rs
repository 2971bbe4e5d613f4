//! Erasing what the owner was asked to forget, down to the bytes in the files.
//!
//! Deleting a row leaves its bytes in the free space of the file, and SQLite's `secure_delete`
//! leaves those that moved when a page was split. So the file is written anew (`VACUUM`) and the
//! write-ahead log emptied before the caller is answered. Writers wait for that, about a second
//! for each 100 MB. A canary has nobody's bytes, so the file stays as it is.

use std::collections::BTreeSet;

use cv_analytics_core::event::{RequestId, SessionId};
use cv_analytics_core::id_fields::names_one_of;
use cv_analytics_core::store::StoreError;
use rusqlite::{Connection, params};

use crate::SqliteStore;
use crate::batch::tombstone;
use crate::dead_letters::remove;
use crate::error::{Failure, Result};
use crate::writer::Writer;

const ERASING: &str = "erase";

/// What was erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Interactions.
    pub interactions: u64,
    /// Dead letters that named the request or the session.
    pub dead_letters: u64,
}

impl SqliteStore {
    /// Erases the interaction and every dead letter that names it, and leaves a tombstone: the
    /// request id's SHA-256, by which later halves are refused ([`Disposition::Erased`]). The
    /// tombstone is left also where nothing was there yet.
    ///
    /// # Errors
    /// Where the rows are gone but the file could not be written anew, the error says so; calling
    /// again does what is left.
    ///
    /// [`Disposition::Erased`]: cv_analytics_core::store::Disposition::Erased
    pub async fn forget_request(
        &self,
        request_id: &RequestId,
    ) -> std::result::Result<Erased, StoreError> {
        let request_id = request_id.clone();
        self.writer
            .run(ERASING, move |writer| {
                let erased = writer.in_transaction(|transaction| {
                    let ids = BTreeSet::from([request_id]);
                    let named = ids.iter().map(|id| id.as_str().to_owned()).collect();
                    erase(transaction, &ids, &named)
                })?;
                clean_the_files(writer)?;
                Ok(erased)
            })
            .await
    }

    /// Erases every interaction of which a half belongs to `session`, as
    /// [`SqliteStore::forget_request`] does each. `raw` is the session id as the agent sends it:
    /// dead letters are kept as they came, so only it finds them there.
    pub async fn forget_session(
        &self,
        session: &SessionId,
        raw: Option<&str>,
    ) -> std::result::Result<Erased, StoreError> {
        let session = session.clone();
        let raw = raw.map(str::to_owned);
        self.writer
            .run(ERASING, move |writer| {
                let erased = writer.in_transaction(|transaction| {
                    let ids = of_session(transaction, &session)?;
                    let mut named: BTreeSet<String> =
                        ids.iter().map(|id| id.as_str().to_owned()).collect();
                    named.insert(session.as_str().to_owned());
                    named.extend(raw);
                    erase(transaction, &ids, &named)
                })?;
                clean_the_files(writer)?;
                Ok(erased)
            })
            .await
    }
}

fn of_session(connection: &Connection, session: &SessionId) -> Result<BTreeSet<RequestId>> {
    let mut statement = connection.prepare(
        "SELECT request_id FROM interactions WHERE query_session = ?1 OR response_session = ?1",
    )?;
    let ids = statement.query_map([session.as_str()], |row| row.get::<_, String>(0))?;
    ids.map(|id| RequestId::new(id?).map_err(|error| Failure::Row(error.to_string()))).collect()
}

fn erase(
    connection: &Connection,
    ids: &BTreeSet<RequestId>,
    named: &BTreeSet<String>,
) -> Result<Erased> {
    let mut erased = Erased::default();
    for id in ids {
        connection
            .prepare_cached("INSERT OR IGNORE INTO erased VALUES (?1)")?
            .execute(params![tombstone(id)])?;
        let rows = connection
            .prepare_cached("DELETE FROM interactions WHERE request_id = ?1")?
            .execute([id.as_str()])?;
        erased.interactions += u64::from(rows == 1);
    }
    for letter in naming(connection, named)? {
        erased.dead_letters += u64::from(remove(connection, letter)?);
    }
    if erased != Erased::default() {
        connection.execute("UPDATE state SET erasure_pending = 1", [])?;
    }
    Ok(erased)
}

/// The dead letters that belong to one of `names`.
fn naming(connection: &Connection, names: &BTreeSet<String>) -> Result<Vec<i64>> {
    let mut statement = connection.prepare("SELECT id, body FROM dead_letters")?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let body = row.get_ref(1)?.as_blob().unwrap_or_default();
        if names_one_of(body, names) {
            found.push(row.get(0)?);
        }
    }
    Ok(found)
}

pub(crate) fn clean_the_files(writer: &mut Writer) -> Result<()> {
    let connection = writer.connection();
    let pending: bool =
        connection.query_row("SELECT erasure_pending FROM state", [], |row| row.get(0))?;
    if !pending {
        return Ok(());
    }
    let failed = |failure: Failure| match failure {
        Failure::Sqlite(error) => Failure::Later(format!(
            "the interactions are gone, but their bytes may still lie in the file's free space ({error}): \
             erase them again when the disk has room and no report is being made"
        )),
        other => other,
    };
    connection.execute_batch("VACUUM").map_err(Failure::from).map_err(failed)?;
    connection.execute("UPDATE state SET erasure_pending = 0", [])?;
    if writer.empty_the_log().map_err(failed)? {
        return Ok(());
    }
    connection.execute("UPDATE state SET erasure_pending = 1", [])?;
    Err(Failure::Later(
        "the interactions are gone, but another program is reading the file as it was before: \
         erase them again when it has ended"
            .to_owned(),
    ))
}
