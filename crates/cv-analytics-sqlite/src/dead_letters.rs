//! Messages that could not be read, and what their owner does with them.

use cv_analytics_core::dead_letter::{DeadLetter, Reason};
use cv_analytics_core::intake::{Content, Intake};
use cv_analytics_core::interaction::Disposition;
use cv_analytics_core::store::dead_letters::{
    DeadLetterEntry, DeadLetterList, DeadLetterSelection, Dropped, ReadAgain, Retried, RetryOutcome,
};
use cv_analytics_core::store::{Arrival, Progress, Receipt, StoreError};
use cv_analytics_core::timestamp::Timestamp;
use rusqlite::{Connection, Row, params};

use crate::SqliteStore;
use crate::erasure::{bytes_are_left, remove_letter};
use crate::error::{Failure, Result};
use crate::schema::row::moment;
use crate::writer::batch::{Batch, Prepared};

/// How many letters are read again by one commit of a retry.
const MAX_RETRY_BATCH_LETTERS: usize = 500;
/// Bytes of letters after which that commit comes sooner, so that they fit in memory.
const RETRY_BYTES: usize = 8 << 20;

impl SqliteStore {
    /// Reads letters again, a batch a commit. The bytes of those that went leave the files at the end.
    pub(crate) async fn read_again(
        &self,
        ids: Vec<String>,
        is_all: bool,
        (intake, now): (&Intake, Timestamp),
        progress: Progress<'_>,
    ) -> std::result::Result<Retried, StoreError> {
        let mut done = ReadAgain::default();
        let (mut batch, mut bytes) = (Vec::new(), 0);
        let mut missing = None;
        for id in ids {
            let letter = match number(&id) {
                Some(number) => self.letter(number).await?.map(|letter| (number, letter)),
                None => None,
            };
            let Some((number, letter)) = letter else {
                if is_all {
                    // Another program was faster.
                    continue;
                }
                missing = Some(id);
                break;
            };
            bytes += letter.body.len();
            let content = intake.read(&letter.body, letter.arrived_at).in_group(letter.group());
            batch.push((number, Arrival { content, arrived_at: now, deduplication_id: None }));
            if batch.len() == MAX_RETRY_BATCH_LETTERS || bytes >= RETRY_BYTES {
                self.replace(std::mem::take(&mut batch), &mut done, progress).await?;
                bytes = 0;
            }
        }
        self.replace(batch, &mut done, progress).await?;
        self.clean_up().await?;
        Ok(Retried { outcome: RetryOutcome::ReadAgain(done), missing })
    }

    /// Puts what letters have become in their place, and counts it.
    async fn replace(
        &self,
        letters: Vec<(i64, Arrival)>,
        done: &mut ReadAgain,
        progress: Progress<'_>,
    ) -> std::result::Result<(), StoreError> {
        let count = letters.len() as u64;
        let replaced = self.replace_dead_letters(letters).await.map_err(|error| {
            let ReadAgain { kept, still_dead, .. } = done;
            error.context(format!(
                "{kept} were stored, {still_dead} still cannot be read; retrying again does no harm"
            ))
        })?;
        for receipt in replaced.into_iter().flatten() {
            *match receipt.disposition {
                Disposition::DeadLetter => &mut done.still_dead,
                Disposition::Erased => &mut done.erased,
                _ => &mut done.kept,
            } += 1;
        }
        progress(count);
        Ok(())
    }

    /// Puts what dead letters have become in their place, all in one step: an event is kept and its letter goes; what
    /// still cannot be read stays, under its new reason, unless it names what was erased. One answer a letter, `None`
    /// where there is none with this id. Nothing here counts as a delivery. The bytes of
    /// letters that went leave the files by [`SqliteStore::clean_up`].
    pub(crate) async fn replace_dead_letters(
        &self,
        letters: Vec<(i64, Arrival)>,
    ) -> std::result::Result<Vec<Option<Receipt>>, StoreError> {
        let letters: Vec<Replacement> = letters.into_iter().map(Replacement::from).collect();
        self.writer
            .run("retry the dead letters", move |writer| {
                writer.in_batch(|batch| letters.iter().map(|letter| letter.put(batch)).collect())
            })
            .await
    }

    /// One letter, whole.
    pub(crate) async fn letter(
        &self,
        id: i64,
    ) -> std::result::Result<Option<DeadLetter>, StoreError> {
        self.reader.read("read the dead letter", move |connection| whole(connection, id)).await
    }
}

/// The number that an id is; the file numbers its letters.
pub(crate) fn number(id: &str) -> Option<i64> {
    id.parse().ok()
}

/// At most `limit` letters, the newest first, and how many there are beside them.
pub(crate) fn list(connection: &Connection, limit: usize) -> Result<DeadLetterList> {
    let mut statement = connection.prepare_cached(
        "SELECT id, reason, detail, arrived_at, length(body) FROM dead_letters \
         ORDER BY id DESC LIMIT ?1",
    )?;
    let mut rows = statement.query([i64::try_from(limit).unwrap_or(i64::MAX)])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        entries.push(entry(row)?);
    }
    let more = count(connection)?.saturating_sub(entries.len() as u64);
    Ok(DeadLetterList { entries, more, blocked: 0 })
}

/// How many letters there are.
pub(crate) fn count(connection: &Connection) -> Result<u64> {
    let count: i64 = connection
        .prepare_cached("SELECT count(*) FROM dead_letters")?
        .query_row([], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

/// Removes letters, and gives the first id of which there was none.
pub(crate) fn remove_selected(
    connection: &Connection,
    selection: &DeadLetterSelection,
) -> Result<Dropped> {
    let ids = match selection {
        DeadLetterSelection::All => {
            let dropped = connection.execute("DELETE FROM dead_letters", [])? as u64;
            if dropped > 0 {
                bytes_are_left(connection)?;
            }
            return Ok(Dropped { dropped, missing: None });
        }
        DeadLetterSelection::Ids(ids) => ids,
    };
    let mut done = Dropped::default();
    for id in ids {
        let is_removed = match number(id) {
            Some(number) => remove_letter(connection, number)?,
            None => false,
        };
        if is_removed {
            done.dropped += 1;
        } else if done.missing.is_none() {
            done.missing = Some(id.clone());
        }
    }
    Ok(done)
}

/// What a dead letter has become.
struct Replacement {
    id: i64,
    /// Why it still cannot be read.
    still: Option<(Reason, String)>,
    prepared: Prepared,
}

impl From<(i64, Arrival)> for Replacement {
    fn from((id, arrival): (i64, Arrival)) -> Self {
        let still = match &arrival.content {
            Content::DeadLetter(letter) => Some((letter.reason, letter.detail.clone())),
            Content::Event(_) => None,
        };
        Self { id, still, prepared: Prepared::from(arrival) }
    }
}

impl Replacement {
    fn put(&self, batch: &mut Batch<'_>) -> Result<Option<Receipt>> {
        let connection = batch.connection();
        let mut there = connection.prepare_cached("SELECT 1 FROM dead_letters WHERE id = ?1")?;
        if !there.exists([self.id])? {
            return Ok(None);
        }
        if let Some(receipt) = batch.keep_again(&self.prepared)? {
            remove_letter(connection, self.id)?;
            return Ok(Some(receipt));
        }
        if let Some(letter) = self.prepared.letter()
            && batch.names_erased(letter)?
        {
            remove_letter(connection, self.id)?;
            return Ok(Some(batch.letter_receipt(Disposition::Erased)));
        }
        if let Some((reason, detail)) = &self.still {
            connection
                .prepare_cached(
                    "UPDATE dead_letters SET reason = ?2, detail = ?3 \
                     WHERE id = ?1 AND (reason <> ?2 OR detail <> ?3)",
                )?
                .execute(params![self.id, reason.code(), detail])?;
        }
        Ok(Some(batch.letter_receipt(Disposition::DeadLetter)))
    }
}

fn entry(row: &Row<'_>) -> Result<DeadLetterEntry> {
    Ok(DeadLetterEntry {
        id: row.get::<_, i64>(0)?.to_string(),
        reason: Some(reason(row, 1)?.code().to_owned()),
        detail: Some(row.get(2)?),
        arrived_at: arrival(row, 3)?,
        bytes: row.get::<_, i64>(4)?.unsigned_abs(),
    })
}

fn whole(connection: &Connection, id: i64) -> Result<Option<DeadLetter>> {
    let mut statement = connection.prepare_cached(
        "SELECT reason, detail, arrived_at, body FROM dead_letters WHERE id = ?1",
    )?;
    let mut rows = statement.query([id])?;
    rows.next()?.map(letter).transpose()
}

/// A letter out of a row that begins with its reason, detail, moment and body.
pub(crate) fn letter(row: &Row<'_>) -> Result<DeadLetter> {
    Ok(DeadLetter {
        reason: reason(row, 0)?,
        detail: row.get(1)?,
        arrived_at: arrival(row, 2)?,
        body: row.get(3)?,
    })
}

fn reason(row: &Row<'_>, index: usize) -> Result<Reason> {
    let code: String = row.get(index)?;
    Reason::from_code(&code)
        .ok_or_else(|| Failure::Row(format!("a dead letter has the unknown reason {code:?}")))
}

fn arrival(row: &Row<'_>, index: usize) -> Result<Timestamp> {
    moment(row, index)?.ok_or_else(|| Failure::Row("a dead letter without its moment".to_owned()))
}
