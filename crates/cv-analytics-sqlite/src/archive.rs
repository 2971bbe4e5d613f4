//! Everything that the file holds, page by page, and what of it is put back.
//!
//! Interactions come last: a restore knows by then what was erased.

use std::collections::HashSet;

use cv_analytics_core::dead_letter::DeadLetter;
use cv_analytics_core::event::{RequestId, SessionId};
use cv_analytics_core::interaction::Disposition;
use cv_analytics_core::store::Receipt;
use cv_analytics_core::store::archive::{ArchivePage, Archived, Cursor, ErasedId, PutBack};
use cv_analytics_core::week::IsoWeek;
use rusqlite::{Connection, Row, params};
use sha2::{Digest, Sha256};

use crate::dead_letters::letter;
use crate::erasure::cleaning::clean_the_files;
use crate::erasure::{
    drop_erased_letters, erase_request, is_erased, is_erased_session, mark_request, mark_session,
};
use crate::error::{Failure, Result};
use crate::key_values;
use crate::schema::columns::COLUMNS;
use crate::schema::row;
use crate::writer::Writer;
use crate::writer::batch::{Batch, Prepared};

const ROWS_PER_PAGE: usize = 500;
/// Rows of letters, of which each may have a megabyte.
const DEAD_LETTERS_PER_PAGE: usize = 20;

/// The tables in the order in which they are read, by the names that cursors have for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Table {
    Erased,
    ErasedSessions,
    Ledger,
    Deliveries,
    DeadLetters,
    Interactions,
}

impl Table {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Erased, "erased"),
        (Self::ErasedSessions, "erased-sessions"),
        (Self::Ledger, "ledger"),
        (Self::Deliveries, "deliveries"),
        (Self::DeadLetters, "dead-letters"),
        (Self::Interactions, "interactions"),
    ];

    fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(table, _)| *table == self).map_or("", |(_, name)| name)
    }

    fn next(self) -> Option<Self> {
        let mut after = Self::ALL.into_iter().skip_while(|(table, _)| *table != self);
        after.nth(1).map(|(table, _)| table)
    }
}

/// A table, and the last key that was read of it.
struct TableCursor {
    table: Table,
    after: Option<String>,
}

impl TableCursor {
    fn of(cursor: Option<&Cursor>) -> Result<Self> {
        let Some(Cursor(text)) = cursor else {
            return Ok(Self { table: Table::Erased, after: None });
        };
        let (name, after) = text.split_once(':').unwrap_or((text, ""));
        let table = Table::ALL.into_iter().find(|(_, known)| *known == name);
        let (table, _) = table.ok_or_else(|| {
            Failure::Row(format!("invalid place {text:?}: the archive was begun on another store"))
        })?;
        Ok(Self { table, after: (!after.is_empty()).then(|| after.to_owned()) })
    }
}

/// Puts back everything except interactions and dead letters.
pub(crate) fn put_back(writer: &mut Writer, items: &[Archived]) -> Result<PutBack> {
    let done = writer.in_batch(|batch| {
        let mut done = PutBack::default();
        let mut are_new = false;
        for item in items {
            done = done.plus(put(batch, item, &mut are_new)?);
        }
        if are_new {
            erase_marked(batch.connection())?;
        }
        Ok(done)
    })?;
    clean_the_files(writer)?;
    Ok(done)
}

/// Stores what an import or an archive brings, without counting it as a delivery.
pub(crate) fn import(writer: &mut Writer, arrivals: &[Prepared]) -> Result<Vec<Receipt>> {
    writer.in_batch(|batch| {
        let mut letters = None;
        let import = |arrival: &Prepared| {
            if let Some(receipt) = batch.keep_again(arrival)? {
                return Ok(receipt);
            }
            let letters = match &mut letters {
                Some(letters) => letters,
                letters => letters.insert(letter_digests(batch.connection())?),
            };
            let mut disposition = Disposition::DeadLetter;
            // One that names what was erased is told to be, however often it comes.
            if let Some(letter) = arrival.letter()
                && (letters.insert(Sha256::digest(&letter.body).into())
                    || batch.names_erased(letter)?)
            {
                disposition = batch.put_letter_back(letter)?;
            }
            Ok(batch.letter_receipt(disposition))
        };
        arrivals.iter().map(import).collect()
    })
}

/// A page of the table at the cursor; an empty one where it is at its end.
pub(crate) fn page(connection: &Connection, cursor: Option<&Cursor>) -> Result<ArchivePage> {
    let TableCursor { table, after } = TableCursor::of(cursor)?;
    let after = after.as_deref();
    let number = || after.and_then(|after| after.parse::<i64>().ok()).unwrap_or(0);
    let text = after.unwrap_or_default();
    let limit = if table == Table::DeadLetters { DEAD_LETTERS_PER_PAGE } else { ROWS_PER_PAGE };
    let read = match table {
        Table::Erased => {
            let sql = "SELECT request_id_sha256, hex(request_id_sha256) FROM erased \
                       WHERE hex(request_id_sha256) > ?1 ORDER BY hex(request_id_sha256)";
            read(connection, sql, text, limit, |row| Ok((erased(row)?, row.get(1)?)))?
        }
        Table::ErasedSessions => {
            let sql = "SELECT session_sha256, hex(session_sha256) FROM erased_sessions \
                       WHERE hex(session_sha256) > ?1 ORDER BY hex(session_sha256)";
            let item = |row: &Row<'_>| Ok((Archived::ErasedSession(row.get(0)?), row.get(1)?));
            read(connection, sql, text, limit, item)?
        }
        Table::Ledger => {
            let sql = "SELECT key, value FROM ledger WHERE key > ?1 ORDER BY key";
            read(connection, sql, text, limit, |row| {
                let (key, value): (String, String) = (row.get(0)?, row.get(1)?);
                Ok((Archived::Ledger { key: key.clone(), value }, key))
            })?
        }
        Table::Deliveries => {
            let sql = "SELECT week, duplicates, conflicts, dead_letters, refused FROM deliveries \
                       WHERE week > ?1 ORDER BY week";
            read(connection, sql, text, limit, |row| Ok((deliveries(row)?, row.get(0)?)))?
        }
        Table::DeadLetters => {
            let sql = "SELECT reason, detail, arrived_at, body, id FROM dead_letters \
                       WHERE id > ?1 ORDER BY id";
            read(connection, sql, number(), limit, |row| {
                Ok((Archived::DeadLetter(letter(row)?), row.get::<_, i64>(4)?.to_string()))
            })?
        }
        Table::Interactions => {
            let sql = format!("SELECT {COLUMNS}, id FROM interactions WHERE id > ?1 ORDER BY id");
            read(connection, &sql, number(), limit, |row| {
                let id: i64 = row.get("id")?;
                let interaction = Box::new(row::interaction(row)?);
                Ok((Archived::Interaction(interaction), id.to_string()))
            })?
        }
    };
    let is_last = read.len() < limit;
    let next = match (is_last, read.last()) {
        (false, Some((_, key))) => Some(Cursor(format!("{}:{key}", table.name()))),
        _ => table.next().map(|table| Cursor(format!("{}:", table.name()))),
    };
    let items = read.into_iter().map(|(item, _)| item).collect();
    Ok(ArchivePage { items, next, unreadable: 0 })
}

/// At most `limit` rows after a key, each with its own.
fn read(
    connection: &Connection,
    sql: &str,
    after: impl rusqlite::ToSql,
    limit: usize,
    item: impl Fn(&Row<'_>) -> Result<(Archived, String)>,
) -> Result<Vec<(Archived, String)>> {
    let mut statement = connection.prepare_cached(&format!("{sql} LIMIT {limit}"))?;
    let mut rows = statement.query([after])?;
    let mut items = Vec::with_capacity(limit);
    while let Some(row) = rows.next()? {
        items.push(item(row)?);
    }
    Ok(items)
}

fn erased(row: &Row<'_>) -> Result<Archived> {
    let digest: [u8; 32] = row.get(0)?;
    Ok(Archived::Erased(ErasedId::Sha256(digest)))
}

fn deliveries(row: &Row<'_>) -> Result<Archived> {
    let week: String = row.get(0)?;
    let week = week
        .parse::<IsoWeek>()
        .map_err(|error| Failure::Row(format!("the deliveries of {week:?}: {error}")))?;
    let count = |index| Ok::<_, Failure>(row.get::<_, i64>(index)?.unsigned_abs());
    Ok(Archived::Deliveries {
        week,
        duplicates: count(1)?,
        conflicts: count(2)?,
        dead_letters: count(3)?,
        refused: count(4)?,
    })
}

/// Puts one thing back, and notes whether it is a mark of what is erased that was not there.
fn put(batch: &mut Batch<'_>, item: &Archived, are_new: &mut bool) -> Result<PutBack> {
    let connection = batch.connection();
    let kept = PutBack { kept: 1, ..PutBack::default() };
    match item {
        Archived::Ledger { key, value } => {
            if key_values::put(connection, key, value, None)? {
                return Ok(kept);
            }
            let present = key_values::get(connection, key)?;
            let is_same = present.is_some_and(|present| present.value == *value);
            Ok(if is_same { kept } else { PutBack { differing: 1, ..PutBack::default() } })
        }
        Archived::Erased(id) => {
            let mark = match id {
                ErasedId::Sha256(mark) => *mark,
                ErasedId::RequestId(id) => id.mark(),
            };
            *are_new |= mark_request(connection, &mark)?;
            batch.marks_were_put();
            Ok(kept)
        }
        Archived::ErasedSession(mark) => {
            *are_new |= mark_session(connection, mark)?;
            batch.marks_were_put();
            Ok(kept)
        }
        Archived::Deliveries { week, duplicates, conflicts, dead_letters, refused } => {
            let count = |count: &u64| i64::try_from(*count).unwrap_or(i64::MAX);
            connection
                .prepare_cached(
                    "INSERT INTO deliveries VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (week) DO UPDATE SET \
                     duplicates = max(duplicates, ?2), conflicts = max(conflicts, ?3), \
                     dead_letters = max(dead_letters, ?4), refused = max(refused, ?5)",
                )?
                .execute(params![
                    week.to_string(),
                    count(duplicates),
                    count(conflicts),
                    count(dead_letters),
                    count(refused)
                ])?;
            Ok(kept)
        }
        Archived::DeadLetter(letter) => {
            put_letter(batch, letter)?;
            Ok(kept)
        }
        // Interactions are put back as events; a note counts with its week's deliveries.
        Archived::Interaction(_) | Archived::DeadLetterNote { .. } => {
            Ok(PutBack { no_place: 1, ..PutBack::default() })
        }
    }
}

/// Puts a letter back unless the same one is there.
fn put_letter(batch: &mut Batch<'_>, letter: &DeadLetter) -> Result<()> {
    let same = "SELECT 1 FROM dead_letters WHERE arrived_at = ?1 AND body = ?2";
    let is_there = batch
        .connection()
        .prepare_cached(same)?
        .exists(params![letter.arrived_at.as_millis(), letter.body])?;
    if !is_there {
        batch.put_letter_back(letter)?;
    }
    Ok(())
}

/// The digests of the bodies of all dead letters.
fn letter_digests(connection: &Connection) -> Result<HashSet<[u8; 32]>> {
    let mut statement = connection.prepare_cached("SELECT body FROM dead_letters")?;
    let mut rows = statement.query([])?;
    let mut digests = HashSet::new();
    while let Some(row) = rows.next()? {
        digests.insert(Sha256::digest(row.get::<_, Vec<u8>>(0)?).into());
    }
    Ok(digests)
}

/// Erases the interactions and the dead letters that marks say are erased.
fn erase_marked(connection: &Connection) -> Result<()> {
    let mut doomed = Vec::new();
    let mut statement = connection
        .prepare("SELECT request_id, query_session, response_session FROM interactions")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id = RequestId::new(row.get::<_, String>(0)?)
            .map_err(|error| Failure::Row(error.to_string()))?;
        let mut is_marked = is_erased(connection, &id)?;
        for session in [row.get(1)?, row.get::<_, Option<String>>(2)?].into_iter().flatten() {
            is_marked |= is_erased_session(connection, &SessionId::from_store(session))?;
        }
        if is_marked {
            doomed.push(id);
        }
    }
    for id in &doomed {
        erase_request(connection, id)?;
    }
    drop_erased_letters(connection)?;
    Ok(())
}
