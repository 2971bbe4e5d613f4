//! What metrics and readiness ask.

use std::sync::atomic::Ordering;

use cv_analytics_core::store::StoreError;

use crate::SqliteStore;

/// What the file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreCounts {
    /// Interactions.
    pub interactions: u64,
    /// Dead letters that nobody dropped or retried.
    pub dead_letters: u64,
    /// Bytes of the database file, without its write-ahead log.
    pub file_bytes: u64,
}

/// How well commits are shared since the store was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commits {
    /// Commits that kept messages.
    pub commits: u64,
    /// Messages in them.
    pub messages: u64,
}

impl SqliteStore {
    /// Counts the commits and what they kept; asks no thread.
    pub fn commits(&self) -> Commits {
        let counts = self.writer.commits();
        Commits {
            commits: counts.commits.load(Ordering::Relaxed),
            messages: counts.arrivals.load(Ordering::Relaxed),
        }
    }

    /// Counts what the file holds; about 15 ms for a million interactions.
    pub async fn counts(&self) -> Result<StoreCounts, StoreError> {
        self.reader
            .read("count what is kept", |connection| {
                let mut statement = connection.prepare_cached(
                    "SELECT (SELECT count(*) FROM interactions), (SELECT count(*) FROM dead_letters), \
                     page_count * page_size FROM pragma_page_count(), pragma_page_size()",
                )?;
                let counts = statement.query_row([], |row| {
                    Ok(StoreCounts {
                        interactions: row.get::<_, i64>(0)?.unsigned_abs(),
                        dead_letters: row.get::<_, i64>(1)?.unsigned_abs(),
                        file_bytes: row.get::<_, i64>(2)?.unsigned_abs(),
                    })
                })?;
                Ok(counts)
            })
            .await
    }

    /// Rewrites a row unchanged: fails where an event could not be stored either.
    pub async fn check_writable(&self) -> Result<(), StoreError> {
        self.writer
            .run("write to the database", |writer| {
                writer.transaction_without_invalidation(|transaction| {
                    transaction
                        .prepare_cached("UPDATE state SET sequence = sequence")?
                        .execute([])?;
                    Ok(())
                })
            })
            .await
    }
}
