//! Deleting what is older than the owner wants to keep.
//!
//! Age is measured by the newest interaction that is not in the future, and by the clock only
//! where that is earlier: a clock that runs ahead deletes nothing that is new beside the rest, and neither
//! does an event that is dated ahead. And no pass that nobody asked for deletes more than a fifth of what
//! is kept, or half of what is little: it waits for the owner's word, as a clock does that was wrong when the events came.

use cv_analytics_core::store::StoreError;
use cv_analytics_core::timestamp::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use crate::SqliteStore;
use crate::erasure::bytes_are_left;
use crate::error;

/// Rows in one transaction: what arrives meanwhile waits some milliseconds.
const MAX_ROWS_PER_COMMIT: u32 = 500;
/// An automatic pass deletes at most one in so many,
const MAX_DELETED_ONE_IN: u64 = 5;
/// or so many where that is more, yet no more than half.
const MAX_UNGUARDED_ROWS: u64 = 10;
/// How long nothing may have come before data that is old only by the clock is reported.
const SILENT_MS: i64 = 7 * DAY_MS;
const DAY_MS: i64 = 24 * 3600 * 1000;

/// What is before a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OldData {
    /// The moment.
    pub before: Timestamp,
    /// Interactions, feedback without one, and dead letters before it.
    pub rows: u64,
    /// How many of these there are.
    pub of: u64,
}

impl OldData {
    /// Whether they are so many that only their owner's word deletes them.
    pub const fn needs_a_word(&self) -> bool {
        let one_in = if self.rows > MAX_UNGUARDED_ROWS { MAX_DELETED_ONE_IN } else { 2 };
        self.rows.saturating_mul(one_in) > self.of
    }
}

/// What a pass came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retained {
    /// So many rows were deleted.
    Deleted(u64),
    /// They are more than a fifth of what is kept, and stay until the owner says so.
    TooMany(OldData),
    /// So many were deleted. Nothing has come since `newest`, so that these stay, which are old by the clock alone.
    Silent {
        /// Rows that were deleted.
        deleted: u64,
        /// The newest moment.
        newest: Timestamp,
        /// What stays.
        old: OldData,
    },
}

/// What the last pass left for the owner's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionHold {
    /// Interactions and dead letters.
    pub rows: u64,
    /// After how many days they were to go.
    pub days: u32,
}

impl SqliteStore {
    /// Deletes what is older than `days`, as the module says. Leaves no marks, and the counts of deliveries
    /// stay. The deleted bytes leave the files by [`SqliteStore::clean_up`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn retain(&self, now: Timestamp, days: u32) -> Result<Retained, StoreError> {
        let (newest, old, by_clock) = self
            .reader
            .read("look for what is old", move |connection| {
                let newest = newest(connection, now)?.unwrap_or(now);
                let old = aged(connection, before(newest, days))?;
                Ok((newest, old, aged(connection, before(now, days))?))
            })
            .await?;
        if old.needs_a_word() {
            self.hold(old.rows, days).await?;
            return Ok(Retained::TooMany(old));
        }
        let deleted = self.delete_before(old.before).await?;
        let is_silent = now.as_millis() - newest.as_millis() > SILENT_MS;
        let stays = by_clock.rows - old.rows.min(by_clock.rows);
        let stays = if is_silent { stays } else { 0 };
        self.hold(stays, days).await?;
        if stays == 0 {
            return Ok(Retained::Deleted(deleted));
        }
        Ok(Retained::Silent { deleted, newest, old: OldData { rows: stays, ..by_clock } })
    }

    /// What is older than `days` only by the clock.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn older_than(&self, now: Timestamp, days: u32) -> Result<OldData, StoreError> {
        let read = move |connection: &Connection| aged(connection, before(now, days));
        self.reader.read("look for what is old", read).await
    }

    /// Deletes the interactions whose moment is before `moment`, and the dead letters that
    /// arrived before it, by their owner's word; gives their number. Leaves no marks. The deleted bytes
    /// leave the files by [`SqliteStore::clean_up`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn delete_before(&self, moment: Timestamp) -> Result<u64, StoreError> {
        let mut deleted = 0;
        for statement in [
            "DELETE FROM interactions WHERE id IN \
                 (SELECT id FROM interactions WHERE at < ?1 ORDER BY at LIMIT ?2)",
            "DELETE FROM interactions WHERE id IN \
                 (SELECT id FROM interactions WHERE at IS NULL AND feedback_at < ?1 LIMIT ?2)",
            "DELETE FROM dead_letters WHERE id IN \
                 (SELECT id FROM dead_letters WHERE arrived_at < ?1 LIMIT ?2)",
        ] {
            loop {
                let rows = self
                    .writer
                    .run("delete what is old", move |writer| {
                        writer.in_transaction(|transaction| {
                            let mut delete = transaction.prepare_cached(statement)?;
                            let rows =
                                delete.execute((moment.as_millis(), MAX_ROWS_PER_COMMIT))? as u64;
                            if rows > 0 {
                                bytes_are_left(transaction)?;
                            }
                            Ok(rows)
                        })
                    })
                    .await?;
                deleted += rows;
                if rows < u64::from(MAX_ROWS_PER_COMMIT) {
                    break;
                }
            }
        }
        Ok(deleted)
    }

    /// What the last pass left for the owner's word.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn held_by_retention(&self) -> Result<Option<RetentionHold>, StoreError> {
        self.reader
            .read("see what retention left", |connection| {
                let held = connection.query_row(
                    "SELECT retention_held, retention_days FROM state WHERE retention_held > 0",
                    [],
                    |row| {
                        Ok(RetentionHold {
                            rows: row.get::<_, i64>(0)?.unsigned_abs(),
                            days: row.get(1)?,
                        })
                    },
                );
                Ok(held.optional()?)
            })
            .await
    }

    /// Notes what is left for the owner's word; 0 where nothing is.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn hold(&self, rows: u64, days: u32) -> Result<(), StoreError> {
        let rows = i64::try_from(rows).unwrap_or(i64::MAX);
        self.writer
            .run("note what retention left", move |writer| {
                writer.transaction_without_invalidation(|transaction| {
                    transaction.execute(
                        "UPDATE state SET retention_held = ?1, retention_days = ?2 \
                         WHERE retention_held <> ?1 OR retention_days <> ?2",
                        params![rows, days],
                    )?;
                    Ok(())
                })
            })
            .await
    }
}

fn before(moment: Timestamp, days: u32) -> Timestamp {
    moment.plus_millis(-DAY_MS * i64::from(days))
}

/// The newest timestamp up to `now`: of an interaction, else of a dead letter.
fn newest(connection: &Connection, now: Timestamp) -> error::Result<Option<Timestamp>> {
    for statement in [
        "SELECT max(at) FROM interactions WHERE at <= ?1",
        "SELECT max(arrived_at) FROM dead_letters WHERE arrived_at <= ?1",
    ] {
        let mut statement = connection.prepare_cached(statement)?;
        let newest: Option<i64> = statement.query_row([now.as_millis()], |row| row.get(0))?;
        if let Some(newest) = newest {
            return Ok(Some(Timestamp::from_millis(newest)));
        }
    }
    Ok(None)
}

fn aged(connection: &Connection, before: Timestamp) -> error::Result<OldData> {
    let mut statement = connection.prepare_cached(
        "SELECT (SELECT count(*) FROM interactions WHERE at < ?1) \
              + (SELECT count(*) FROM interactions WHERE at IS NULL AND feedback_at < ?1) \
              + (SELECT count(*) FROM dead_letters WHERE arrived_at < ?1), \
                (SELECT count(*) FROM interactions) + (SELECT count(*) FROM dead_letters)",
    )?;
    let counted = statement.query_row([before.as_millis()], |row| {
        Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get::<_, i64>(1)?.unsigned_abs()))
    });
    let (rows, of) = counted?;
    Ok(OldData { before, rows, of })
}
