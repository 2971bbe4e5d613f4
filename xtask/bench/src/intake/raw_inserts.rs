//! R1: prepared inserts into the product's own table, and nothing besides.
//!
//! A row is a query's, with the text that R4 is sent. The file is laid out by the store itself;
//! write-ahead log, `synchronous=FULL`, and SQLite's own checkpoints.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use cv_analytics_core::store::Store as _;
use cv_analytics_harness::seeded::Seeded;
use cv_analytics_sqlite::SqliteStore;
use rusqlite::{Connection, params};

use crate::intake::signed_messages::{QUESTION, SESSION, request_id};

/// 2025-11-17, a Monday.
const MONDAY_MS: i64 = 1_763_337_600_000;

/// Inserts rows, `batch` in each transaction, for `duration`; gives how many a second.
pub(crate) fn a_second(folder: &Path, batch: usize, duration: Duration) -> Result<f64> {
    let folder = tempfile::tempdir_in(folder)?;
    let path = folder.path().join("raw.db");
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(SqliteStore::open(&path)?.close())?;
    let mut connection = Connection::open(&path)?;
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "full")?;
    let mut seeded = Seeded::new(1);
    let mut rows = 0_u32;
    let started = Instant::now();
    while started.elapsed() < duration {
        let transaction = connection.transaction()?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO interactions (id, request_id, at, query_at, query, query_cut, query_session) \
                 VALUES (?1, ?2, ?3, ?3, ?4, 0, ?5)",
            )?;
            for _ in 0..batch {
                rows += 1;
                let id = request_id(&mut seeded);
                let id = std::str::from_utf8(&id)?;
                insert.execute(params![
                    rows,
                    id,
                    MONDAY_MS + i64::from(rows),
                    QUESTION,
                    SESSION
                ])?;
            }
        }
        transaction.commit()?;
    }
    Ok(f64::from(rows) / started.elapsed().as_secs_f64())
}
