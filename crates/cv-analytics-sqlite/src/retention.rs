//! Deleting what is older than the owner wants to keep.

use cv_analytics_core::store::StoreError;
use cv_analytics_core::timestamp::Timestamp;

use crate::SqliteStore;

/// Rows in one transaction: what arrives meanwhile waits some milliseconds.
const AT_ONCE: u32 = 500;

impl SqliteStore {
    /// Deletes the interactions whose moment lies before `moment`, and the dead letters that
    /// arrived before it; gives their number. Leaves no tombstones, and the counts of deliveries
    /// stay.
    pub async fn delete_before(&self, moment: Timestamp) -> Result<u64, StoreError> {
        let mut deleted = 0;
        for statement in [
            "DELETE FROM interactions WHERE id IN \
                 (SELECT id FROM interactions WHERE at < ?1 ORDER BY at LIMIT ?2)",
            "DELETE FROM dead_letters WHERE id IN \
                 (SELECT id FROM dead_letters WHERE arrived_at < ?1 LIMIT ?2)",
        ] {
            loop {
                let rows = self
                    .writer
                    .run("delete what is old", move |writer| {
                        writer.in_transaction(|transaction| {
                            let mut delete = transaction.prepare_cached(statement)?;
                            Ok(delete.execute((moment.as_millis(), AT_ONCE))? as u64)
                        })
                    })
                    .await?;
                deleted += rows;
                if rows < u64::from(AT_ONCE) {
                    break;
                }
            }
        }
        Ok(deleted)
    }
}
