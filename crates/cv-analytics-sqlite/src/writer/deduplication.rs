//! The queue's deduplication: a message id that came within five minutes is swallowed.
//!
//! The truth is a table in order of arrival, so that a restart forgets nothing; no index is kept
//! on disk, since its scattered pages would double what every commit writes. What is in memory
//! are hints: eight bytes a message that say which row to look at. A hint that is wrong costs one
//! look, never a message, so nothing has to be undone when a commit fails.

use std::collections::VecDeque;

use cv_analytics_core::store::{DEDUPLICATION_WINDOW_MS, DeduplicationId};
use cv_analytics_core::timestamp::Timestamp;
use hashbrown::HashTable;
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::Result;

/// Messages are stamped before they queue, so slightly out of order; a clock set back further starts anew.
const OUT_OF_ORDER_MS: i64 = 1_000;
/// Hints in one generation: what fills a table of 2^17 places.
const MAX_GENERATION_IDS: usize = 114_688;
/// The fewest rows that a commit may prune.
const MIN_PRUNED_ROWS: usize = 256;

/// Hints where the ids of the last five minutes are.
#[derive(Default)]
pub(crate) struct Deduplication {
    generations: VecDeque<Generation>,
    last_sequence: i64,
}

struct Generation {
    first_sequence: i64,
    earliest_arrival: i64,
    latest_arrival: i64,
    /// A part of the id's hash, and the row's distance from the first.
    hints: HashTable<(u32, u32)>,
}

impl Deduplication {
    /// Takes in the rows that came since the last call: after a start all, later those of other programs.
    pub(crate) fn catch_up(&mut self, connection: &Connection) -> Result<()> {
        let mut statement = connection.prepare_cached(
            "SELECT sequence, id, arrived_at FROM deduplication WHERE sequence > ?1 ORDER BY sequence",
        )?;
        let mut rows = statement.query([self.last_sequence])?;
        while let Some(row) = rows.next()? {
            let id = row.get::<_, [u8; 16]>(1)?;
            let id = DeduplicationId(u128::from_be_bytes(id));
            self.hint(row.get(0)?, id, Timestamp::from_millis(row.get(2)?));
        }
        Ok(())
    }

    /// The sequence number of the first message with this id, if it came less than five minutes before.
    pub(crate) fn first(
        &self,
        connection: &Connection,
        id: DeduplicationId,
        arrived_at: Timestamp,
    ) -> Result<Option<i64>> {
        let (hash, part) = hashed(id);
        for generation in self.generations.iter().rev() {
            for (_, distance) in generation.hints.iter_hash(hash).filter(|hint| hint.0 == part) {
                let sequence = generation.first_sequence + i64::from(*distance);
                let mut statement = connection.prepare_cached(
                    "SELECT arrived_at FROM deduplication WHERE sequence = ?1 AND id = ?2",
                )?;
                let first: Option<i64> = statement
                    .query_row(params![sequence, id.0.to_be_bytes()], |row| row.get(0))
                    .optional()?;
                if first.is_some_and(|first| is_within(first, arrived_at.as_millis())) {
                    return Ok(Some(sequence));
                }
            }
        }
        Ok(None)
    }

    /// Writes down that `id` came first under `sequence`.
    pub(crate) fn add(
        &mut self,
        connection: &Connection,
        sequence: i64,
        id: DeduplicationId,
        arrived_at: Timestamp,
    ) -> Result<()> {
        let mut statement = connection.prepare_cached(
            "INSERT INTO deduplication (sequence, id, arrived_at) VALUES (?1, ?2, ?3)",
        )?;
        statement.execute(params![sequence, id.0.to_be_bytes(), arrived_at.as_millis()])?;
        self.hint(sequence, id, arrived_at);
        Ok(())
    }

    /// Deletes expired ids, oldest first: a few more than were `added`, so that the table shrinks without a pause.
    pub(crate) fn prune(
        &mut self,
        connection: &Connection,
        now: Timestamp,
        added: usize,
    ) -> Result<()> {
        let now = now.as_millis();
        let past = |arrived_at: i64| {
            arrived_at <= now.saturating_sub(DEDUPLICATION_WINDOW_MS)
                || arrived_at > now.saturating_add(OUT_OF_ORDER_MS)
        };
        // What is between the two may swallow, though a clock that went back leaves both outside.
        self.generations.retain(|generation| {
            generation.latest_arrival > now.saturating_sub(DEDUPLICATION_WINDOW_MS)
                && generation.earliest_arrival <= now.saturating_add(OUT_OF_ORDER_MS)
        });
        let mut statement = connection
            .prepare_cached("SELECT sequence, arrived_at FROM deduplication ORDER BY sequence")?;
        let mut rows = statement.query([])?;
        let mut last: Option<i64> = None;
        let limit = MIN_PRUNED_ROWS.max(added.saturating_mul(2));
        for _ in 0..limit {
            match rows.next()? {
                Some(row) if past(row.get(1)?) => last = Some(row.get(0)?),
                _ => break,
            }
        }
        drop(rows);
        if let Some(last) = last {
            connection
                .prepare_cached("DELETE FROM deduplication WHERE sequence <= ?1")?
                .execute([last])?;
        }
        Ok(())
    }

    fn hint(&mut self, sequence: i64, id: DeduplicationId, arrived_at: Timestamp) {
        let arrived_at = arrived_at.as_millis();
        self.last_sequence = self.last_sequence.max(sequence);
        let fits = self.generations.back().is_some_and(|generation| {
            generation.hints.len() < MAX_GENERATION_IDS
                && u32::try_from(sequence - generation.first_sequence).is_ok()
        });
        if !fits {
            self.generations.push_back(Generation {
                first_sequence: sequence,
                earliest_arrival: arrived_at,
                latest_arrival: arrived_at,
                hints: HashTable::new(),
            });
        }
        let Some(generation) = self.generations.back_mut() else { return };
        let Ok(distance) = u32::try_from(sequence - generation.first_sequence) else { return };
        generation.earliest_arrival = generation.earliest_arrival.min(arrived_at);
        generation.latest_arrival = generation.latest_arrival.max(arrived_at);
        let (hash, part) = hashed(id);
        generation.hints.insert_unique(hash, (part, distance), |hint| spread(hint.0));
    }
}

/// Whether a message that came at `arrived_at` is swallowed by one that came at `first`.
fn is_within(first: i64, arrived_at: i64) -> bool {
    (-OUT_OF_ORDER_MS..DEDUPLICATION_WINDOW_MS).contains(&arrived_at.saturating_sub(first))
}

#[expect(clippy::cast_possible_truncation, reason = "the low bits of a hash are as good as all")]
fn hashed(id: DeduplicationId) -> (u64, u32) {
    let part = id.0 as u32;
    (spread(part), part)
}

/// Fills the high bits too, which the table reads.
fn spread(part: u32) -> u64 {
    u64::from(part).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}
