//! The ports on the file: each call is a step of the writer's thread, or a question to a reader's.

use std::collections::BTreeSet;
use std::ops::Range;

use async_trait::async_trait;
use cv_analytics_core::event::{RequestId, SessionId};
use cv_analytics_core::intake::Intake;
use cv_analytics_core::interaction::Interaction;
use cv_analytics_core::store::archive::{ArchivePage, Archived, Cursor, PutBack};
use cv_analytics_core::store::arrivals::{ArrivalCursor, Arrivals};
use cv_analytics_core::store::dead_letters::{
    DeadLetterEntry, DeadLetterList, DeadLetterSelection, Dropped, Retried, StoredDeadLetter,
};
use cv_analytics_core::store::erasure::Erased;
use cv_analytics_core::store::observation_page::ObservationPage;
use cv_analytics_core::store::{
    Arrival, Deliveries, EventStore, KeyValueStore, Progress, Receipt, ReportSource, Store,
    StoreError, VersionedValue,
};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use rusqlite::{Connection, OptionalExtension};

use crate::SqliteStore;
use crate::erasure;
use crate::erasure::cleaning::clean_the_files;
use crate::error;
use crate::reader::{browse, export, observations};
use crate::writer::batch::Prepared;
use crate::{archive, dead_letters, key_values};

impl SqliteStore {
    /// Deletes in one transaction, and answers once the bytes have left the files too.
    async fn delete<T: Send + 'static>(
        &self,
        what: &'static str,
        delete: impl FnOnce(&Connection) -> error::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer
            .run(what, move |writer| {
                let deleted = writer.in_transaction(|transaction| delete(transaction))?;
                clean_the_files(writer)?;
                Ok(deleted)
            })
            .await
    }
}

#[async_trait]
impl EventStore for SqliteStore {
    async fn append(&self, arrivals: Vec<Arrival>) -> Result<Vec<Receipt>, StoreError> {
        self.writer.keep(arrivals.into_iter().map(Prepared::from).collect()).await
    }
}

#[async_trait]
impl KeyValueStore for SqliteStore {
    async fn get(&self, key: &str) -> Result<Option<VersionedValue>, StoreError> {
        let key = key.to_owned();
        self.reader
            .read("read a setting", move |connection| key_values::get(connection, &key))
            .await
    }

    async fn put(&self, key: &str, value: &str, expected: Option<u64>) -> Result<bool, StoreError> {
        let (key, value) = (key.to_owned(), value.to_owned());
        self.writer
            .run("write a setting", move |writer| {
                writer.transaction_without_invalidation(|transaction| {
                    key_values::put(transaction, &key, &value, expected)
                })
            })
            .await
    }
}

#[async_trait]
impl ReportSource for SqliteStore {
    fn scan(&self, period: Range<Timestamp>) -> BoxStream<'_, Result<ObservationPage, StoreError>> {
        self.reader
            .clone()
            .stream_pages(
                self.path.to_path_buf(),
                "read the interactions",
                move |connection, pages| observations::observations(connection, &period, pages),
            )
            .boxed()
    }

    async fn deliveries(&self, week: IsoWeek) -> Result<Deliveries, StoreError> {
        let counts = |row: &rusqlite::Row<'_>| {
            Ok(Deliveries {
                duplicates: Some(row.get::<_, i64>(0)?.unsigned_abs()),
                conflicts: Some(row.get::<_, i64>(1)?.unsigned_abs()),
                dead_letters: row.get::<_, i64>(2)?.unsigned_abs(),
                refused: Some(row.get::<_, i64>(3)?.unsigned_abs()),
                waiting: None,
                feedback_waiting: 0,
            })
        };
        let none = Deliveries {
            duplicates: Some(0),
            conflicts: Some(0),
            dead_letters: 0,
            refused: Some(0),
            waiting: None,
            feedback_waiting: 0,
        };
        self.reader
            .read("count the deliveries", move |connection| {
                let found = connection
                    .prepare_cached(
                        "SELECT duplicates, conflicts, dead_letters, refused FROM deliveries WHERE week = ?1",
                    )?
                    .query_row([week.to_string()], counts)
                    .optional()?;
                let waiting = connection
                    .prepare_cached(
                        "SELECT count(*) FROM interactions \
                         WHERE at IS NULL AND feedback_at >= ?1 AND feedback_at < ?2",
                    )?
                    .query_row([week.start().as_millis(), week.end().as_millis()], |row| {
                        row.get::<_, i64>(0)
                    })?;
                Ok(Deliveries { feedback_waiting: waiting.unsigned_abs(), ..found.unwrap_or(none) })
            })
            .await
    }
}

#[async_trait]
impl Store for SqliteStore {
    fn kind(&self) -> &'static str {
        "sqlite"
    }

    async fn import(
        &self,
        arrivals: Vec<Arrival>,
    ) -> Result<Vec<Result<Receipt, StoreError>>, StoreError> {
        let arrivals: Vec<Prepared> = arrivals.into_iter().map(Prepared::from).collect();
        let kept = self
            .writer
            .run("import events", move |writer| archive::import(writer, &arrivals))
            .await?;
        Ok(kept.into_iter().map(Ok).collect())
    }

    fn export(&self) -> BoxStream<'static, Result<Vec<Interaction>, StoreError>> {
        self.reader
            .clone()
            .stream_pages(self.path.to_path_buf(), "export", export::interactions)
            .boxed()
    }

    async fn interaction(&self, request_id: &RequestId) -> Result<Option<Interaction>, StoreError> {
        let request_id = request_id.clone();
        self.reader
            .read("read an interaction", move |connection| {
                browse::interaction(connection, &request_id)
            })
            .await
    }

    async fn weeks(&self, until: IsoWeek) -> Result<Vec<IsoWeek>, StoreError> {
        self.reader.read("list the weeks", move |connection| browse::weeks(connection, until)).await
    }

    async fn change_marker(&self, period: Range<Timestamp>) -> Result<Option<u64>, StoreError> {
        let foreign = self.writer.run("see what changed", |writer| {
            let version =
                writer.connection().pragma_query_value(None, "data_version", |row| row.get(0));
            Ok(version?)
        });
        Ok(Some(self.writer.changes().marker(&period, foreign.await?)))
    }

    async fn has_erased_sessions(&self) -> Result<bool, StoreError> {
        self.reader
            .read("look for erased sessions", |connection| {
                let mut any = connection.prepare_cached("SELECT 1 FROM erased_sessions")?;
                Ok(any.exists([])?)
            })
            .await
    }

    async fn arrivals(
        &self,
        after: Option<ArrivalCursor>,
        limit: usize,
    ) -> Result<Arrivals, StoreError> {
        self.reader
            .read("read what arrived", move |connection| browse::arrivals(connection, after, limit))
            .await
    }

    async fn archive_page(&self, from: Option<Cursor>) -> Result<ArchivePage, StoreError> {
        self.reader
            .read("archive", move |connection| archive::page(connection, from.as_ref()))
            .await
    }

    async fn put_back(&self, items: Vec<Archived>) -> Result<PutBack, StoreError> {
        self.writer
            .run("put back what was archived", move |writer| archive::put_back(writer, &items))
            .await
    }

    async fn forget_request(&self, request_id: &RequestId) -> Result<Erased, StoreError> {
        let request_id = request_id.clone();
        self.delete("erase", move |connection| erasure::forget_request(connection, &request_id))
            .await
    }

    async fn forget_session(
        &self,
        sessions: &BTreeSet<SessionId>,
        _: Progress<'_>,
    ) -> Result<Erased, StoreError> {
        let sessions = sessions.clone();
        self.delete("erase", move |connection| erasure::forget_session(connection, &sessions)).await
    }

    async fn dead_letters(&self, limit: usize) -> Result<DeadLetterList, StoreError> {
        self.reader
            .read("list the dead letters", move |connection| dead_letters::list(connection, limit))
            .await
    }

    async fn count_dead_letters(&self) -> Result<u64, StoreError> {
        self.reader.read("count the dead letters", dead_letters::count).await
    }

    async fn dead_letter(&self, id: &str) -> Result<Option<StoredDeadLetter>, StoreError> {
        let Some(number) = dead_letters::number(id) else { return Ok(None) };
        let letter = self.letter(number).await?;
        Ok(letter.map(|letter| StoredDeadLetter {
            entry: DeadLetterEntry {
                id: number.to_string(),
                reason: Some(letter.reason.code().to_owned()),
                detail: Some(letter.detail),
                arrived_at: letter.arrived_at,
                bytes: letter.body.len() as u64,
            },
            body: letter.body,
        }))
    }

    async fn retry_dead_letters(
        &self,
        selection: &DeadLetterSelection,
        intake: &Intake,
        now: Timestamp,
        progress: Progress<'_>,
    ) -> Result<Retried, StoreError> {
        let (ids, is_all) = match selection {
            DeadLetterSelection::Ids(ids) => (ids.clone(), false),
            DeadLetterSelection::All => {
                let all = self.dead_letters(usize::MAX).await?.entries;
                (all.into_iter().map(|entry| entry.id).collect(), true)
            }
        };
        self.read_again(ids, is_all, (intake, now), progress).await
    }

    async fn drop_dead_letters(
        &self,
        selection: &DeadLetterSelection,
        _: Progress<'_>,
    ) -> Result<Dropped, StoreError> {
        let selection = selection.clone();
        self.delete("drop the dead letters", move |connection| {
            dead_letters::remove_selected(connection, &selection)
        })
        .await
    }

    /// Checkpoints the log and ends the writer's thread; later calls of any clone fail.
    async fn close(&self) -> Result<(), StoreError> {
        self.writer.close().await
    }
}
