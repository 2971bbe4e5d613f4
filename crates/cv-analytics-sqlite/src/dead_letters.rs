//! Messages that could not be read, and what their owner does with them.

use cv_analytics_core::dead_letter::{DeadLetter, Reason};
use cv_analytics_core::intake::Content;
use cv_analytics_core::store::{Arrival, Disposition, Receipt, StoreError};
use cv_analytics_core::timestamp::Timestamp;
use rusqlite::{Connection, Row, params};

use crate::SqliteStore;
use crate::erasure::{bytes_are_left, clean_the_files};
use crate::error::{Failure, Result};
use crate::schema::row::moment;
use crate::writer::batch::{Batch, Prepared};

/// A dead letter in a list, without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetterEntry {
    /// Names it for [`SqliteStore::dead_letter`] and the others.
    pub id: i64,
    /// Why it could not be read.
    pub reason: Reason,
    /// What was wrong and where.
    pub detail: String,
    /// When it arrived.
    pub arrived_at: Timestamp,
    /// Bytes of its body.
    pub size: u64,
}

impl SqliteStore {
    /// Lists at most `limit` dead letters, the newest first.
    pub async fn dead_letters(
        &self,
        limit: usize,
    ) -> std::result::Result<Vec<DeadLetterEntry>, StoreError> {
        self.reader
            .read("list the dead letters", move |connection| {
                let mut statement = connection.prepare_cached(
                    "SELECT id, reason, detail, arrived_at, length(body) FROM dead_letters \
                     ORDER BY id DESC LIMIT ?1",
                )?;
                let mut rows = statement.query([i64::try_from(limit).unwrap_or(i64::MAX)])?;
                let mut entries = Vec::new();
                while let Some(row) = rows.next()? {
                    entries.push(entry(row)?);
                }
                Ok(entries)
            })
            .await
    }

    /// One dead letter, whole; `None` where there is none with this id.
    pub async fn dead_letter(
        &self,
        id: i64,
    ) -> std::result::Result<Option<DeadLetter>, StoreError> {
        self.reader.read("read the dead letter", move |connection| whole(connection, id)).await
    }

    /// Drops these dead letters in one step, down to their bytes, and gives the ids of which there were
    /// none. Their count stays.
    pub async fn drop_dead_letters(
        &self,
        ids: Vec<i64>,
    ) -> std::result::Result<Vec<i64>, StoreError> {
        self.drop_letters(move |connection| {
            let mut missing = Vec::new();
            for id in ids {
                if !remove(connection, id)? {
                    missing.push(id);
                }
            }
            Ok(missing)
        })
        .await
    }

    /// Drops every dead letter in one step, down to their bytes, and gives their number. Their count
    /// stays.
    pub async fn drop_all_dead_letters(&self) -> std::result::Result<u64, StoreError> {
        self.drop_letters(|connection| {
            let dropped = connection.execute("DELETE FROM dead_letters", [])? as u64;
            if dropped > 0 {
                bytes_are_left(connection)?;
            }
            Ok(dropped)
        })
        .await
    }

    async fn drop_letters<T: Send + 'static>(
        &self,
        drop: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, StoreError> {
        self.writer
            .run("drop the dead letters", move |writer| {
                let dropped = writer.in_transaction(|transaction| drop(transaction))?;
                clean_the_files(writer)?;
                Ok(dropped)
            })
            .await
    }

    /// Replaces one letter as [`SqliteStore::replace_dead_letters`] does many.
    pub async fn replace_dead_letter(
        &self,
        id: i64,
        arrival: Arrival,
    ) -> std::result::Result<Option<Receipt>, StoreError> {
        Ok(self.replace_dead_letters(vec![(id, arrival)]).await?.into_iter().next().flatten())
    }

    /// Puts what dead letters have become in their place, all in one step: an event is kept and
    /// its letter goes; what still cannot be read stays, under its new reason, unless it names what was
    /// erased. One answer a letter, `None` where there is none with this id. What happens here is no
    /// delivery and is not counted again. The bytes of letters that went leave the files by
    /// [`SqliteStore::clean_up`].
    pub async fn replace_dead_letters(
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
            remove(connection, self.id)?;
            return Ok(Some(receipt));
        }
        if let Some(letter) = self.prepared.letter()
            && batch.names_erased(&letter.body)?
        {
            remove(connection, self.id)?;
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

/// Removes a letter; `false` where it is not there.
pub(crate) fn remove(connection: &Connection, id: i64) -> Result<bool> {
    let mut delete = connection.prepare_cached("DELETE FROM dead_letters WHERE id = ?1")?;
    let is_removed = delete.execute([id])? == 1;
    if is_removed {
        bytes_are_left(connection)?;
    }
    Ok(is_removed)
}

fn entry(row: &Row<'_>) -> Result<DeadLetterEntry> {
    Ok(DeadLetterEntry {
        id: row.get(0)?,
        reason: reason(row, 1)?,
        detail: row.get(2)?,
        arrived_at: arrival(row, 3)?,
        size: row.get::<_, i64>(4)?.unsigned_abs(),
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
