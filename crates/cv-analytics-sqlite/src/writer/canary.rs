//! What an installation's own check looks for in the file, and takes out of it again.

use cv_analytics_core::canary::UNREADABLE_PREFIX;
use cv_analytics_core::event::{RequestId, Traffic};
use cv_analytics_core::store::StoreError;
use cv_analytics_core::timestamp::Timestamp;
use rusqlite::params;

use crate::SqliteStore;
use crate::dead_letters::letter;
use crate::erasure::mark_request;

impl SqliteStore {
    /// Removes an interaction that is flagged as a canary and leaves its tombstone, so that a
    /// message that comes late brings nothing back; `false` where no such canary is there. No byte
    /// of it is anybody's: the file is not written anew.
    pub async fn remove_canary(&self, request_id: &RequestId) -> Result<bool, StoreError> {
        let request_id = request_id.clone();
        self.writer
            .run("remove the canary", move |writer| {
                writer.in_transaction(|transaction| {
                    mark_request(transaction, &request_id.mark())?;
                    let removed = transaction
                        .prepare_cached(
                            "DELETE FROM interactions WHERE request_id = ?1 \
                             AND ?2 IN (query_traffic, response_traffic)",
                        )?
                        .execute(params![request_id.as_str(), Traffic::Canary.code()])?;
                    Ok(removed == 1)
                })
            })
            .await
    }

    /// The reason of the dead letter with this body, if there is one.
    pub async fn reason_of(&self, body: &[u8]) -> Result<Option<String>, StoreError> {
        let body = body.to_vec();
        self.reader
            .read("look for the dead letter", move |connection| {
                let mut statement = connection.prepare_cached(
                    "SELECT reason, detail, arrived_at, body FROM dead_letters WHERE body = ?1",
                )?;
                let mut rows = statement.query([body])?;
                let Some(row) = rows.next()? else { return Ok(None) };
                Ok(Some(letter(row)?.reason.code().to_owned()))
            })
            .await
    }

    /// Drops the canary's dead letter with this body and those of canaries before `left_before`; returns their number.
    pub async fn drop_canary_letters(
        &self,
        body: &[u8],
        left_before: Timestamp,
    ) -> Result<u64, StoreError> {
        let body = body.to_vec();
        self.writer
            .run("drop the canary's dead letter", move |writer| {
                writer.in_transaction(|transaction| {
                    let prefix = UNREADABLE_PREFIX.as_bytes();
                    let dropped = transaction
                        .prepare_cached(
                            "DELETE FROM dead_letters WHERE substr(body, 1, length(?1)) = ?1 \
                             AND (body = ?2 OR arrived_at < ?3)",
                        )?
                        .execute(params![prefix, body, left_before.as_millis()])?;
                    Ok(dropped as u64)
                })
            })
            .await
    }
}
