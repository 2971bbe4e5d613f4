//! What the functions need of a store, on the two tables, and the drivers of the pure steps.

pub(crate) mod archive;
pub(crate) mod browse;
pub(crate) mod erased_sessions;
pub mod erasure;
pub(crate) mod interactions;

use std::ops::Range;

use async_trait::async_trait;
use cv_analytics_core::event::{Event, RequestId};
use cv_analytics_core::interaction::{Disposition, Interaction};
use cv_analytics_core::store::observation_page::ObservationPage;
use cv_analytics_core::store::{
    Deliveries, KeyValueStore, Observation, ReportSource, StoreError, VersionedValue,
};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use futures_util::future::try_join;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::dynamodb_store::erased_sessions::ErasedSessions;
use crate::dynamodb_store::interactions::{Reach, stream_interactions};
use crate::item::record::Record;
use crate::item::row::InterimRow;
use crate::joining::event_batch::EventBatch;
use crate::joining::promotion::{Promotion, Swept};
use crate::joining::{JoinOutcome, Joining};
use crate::tables::Tables;
use crate::tables::error::TableError;

/// Calls to AWS under way at once: as many as a batch of the queue has messages.
pub const CALL_CONCURRENCY: usize = 10;
/// Why a table will never take events.
const TOO_LARGE: &str =
    "with their other half they are larger than an item of DynamoDB may be (400 KB)";

/// The two DynamoDB tables of an installation on AWS. Clones share one client.
#[derive(Clone, Debug)]
pub struct DynamoDbStore {
    tables: Tables,
    clock: fn() -> Timestamp,
    promotes: bool,
    erased_sessions: ErasedSessions,
}

/// How what came for one request was kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Joined {
    /// What became of them.
    pub outcome: JoinOutcome,
    /// Whether a record with both halves was put.
    pub record_put: bool,
}

impl DynamoDbStore {
    /// The store in `tables`; `clock` says when rows may leave and how long halves have waited.
    pub fn new(tables: Tables, clock: fn() -> Timestamp) -> Self {
        Self { tables, clock, promotes: false, erased_sessions: ErasedSessions::default() }
    }

    /// The reporter's store: it promotes lone halves while it reads, and counts them, since the index is late.
    #[must_use]
    pub fn promoting(self) -> Self {
        Self { promotes: true, ..self }
    }

    /// The tables behind it.
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// Joins what came for one request in one batch. Once this returns, it is durable. Where a half
    /// names a session that was erased, the whole request is erased: what came before without naming it,
    /// and what comes later.
    ///
    /// # Errors
    /// [`TableError`]: nothing may be taken as kept, and the same call may be made again.
    pub async fn join(
        &self,
        batch: &EventBatch,
        arrived_at: Timestamp,
    ) -> Result<Joined, TableError> {
        let delivered = batch.delivered();
        if self.names_erased_session(delivered.sessions()).await? {
            self.forget_request(&delivered.request_id).await?;
            return Ok(Joined { outcome: JoinOutcome::Erased, record_put: false });
        }
        let tables = &self.tables;
        let mut record_put = false;
        let mut joining = Joining::begin(delivered.clone());
        loop {
            joining = match joining {
                Joining::ReadRow(step) => {
                    let row = tables.read_row(step.request_id()).await?;
                    step.found(row)
                }
                Joining::AddHalf(step) => {
                    let now = (self.clock)();
                    let old = tables.add_half(step.request_id(), step.half(), arrived_at, now);
                    let old = old.await?;
                    step.added(old)
                }
                Joining::ReadRecord(step) => {
                    let record = tables.read_record(step.request_id(), false).await?;
                    step.found(record)
                }
                Joining::PutFeedback(step) => {
                    let done = tables.put_feedback(step.request_id(), step.feedback()).await?;
                    step.put(done)
                }
                Joining::PutRecord(step) => {
                    let done = tables.put_joined(step.record()).await?;
                    record_put = done.is_ok();
                    step.put(done)
                }
                Joining::CompleteRecord(step) => {
                    let done = tables.complete_record(&step).await?;
                    step.put(done)
                }
                Joining::Done(outcome) => return Ok(Joined { outcome, record_put }),
            };
        }
    }

    /// What is kept under `request_id`: the record, joined to what still waits in the interim row.
    ///
    /// # Errors
    /// [`TableError`].
    pub(crate) async fn look_up(
        &self,
        request_id: &RequestId,
    ) -> Result<Option<Record>, TableError> {
        let known = match self.tables.read_record(request_id, true).await? {
            Some(Record::Interaction(known)) if known.is_joined() && !known.is_whole() => {
                return Ok(Some(Record::Interaction(known)));
            }
            Some(Record::Interaction(known)) => Some(known),
            Some(Record::Erased) => return Ok(Some(Record::Erased)),
            None => None,
        };
        let row = self.tables.read_row(request_id).await?.unwrap_or_default();
        if row.erased {
            return Ok(Some(Record::Erased));
        }
        let whole = row.joined_to(request_id.clone(), known.as_ref());
        let is_there = whole.at().is_some() || whole.feedback.is_some();
        Ok(is_there.then_some(Record::Interaction(whole)))
    }

    /// Joins what came for one request and compares each event with what was stored before, which costs up to two read
    /// units.
    async fn join_and_compare(
        &self,
        gathered: EventBatch,
        arrived_at: Timestamp,
    ) -> Result<Vec<Disposition>, TableError> {
        let before = match self.look_up(&gathered.delivered().request_id).await? {
            Some(Record::Erased) => return Ok(gathered.dispositions(&JoinOutcome::Erased)),
            Some(Record::Interaction(there)) => JoinOutcome::AlreadyStored(there),
            None => JoinOutcome::Stored,
        };
        let joined = self.join(&gathered, arrived_at).await?;
        Ok(match (&before, &joined.outcome) {
            // Another process stored or erased it meanwhile.
            (_, JoinOutcome::Erased) | (JoinOutcome::Stored, JoinOutcome::AlreadyStored(_)) => {
                gathered.dispositions(&joined.outcome)
            }
            _ => gathered.dispositions(&before),
        })
    }

    /// Sweeps one interim row, of which the record `known` was read.
    pub(crate) async fn sweep(
        &self,
        request_id: RequestId,
        row: InterimRow,
        known: Option<&Interaction>,
    ) -> Result<Swept, TableError> {
        let tables = &self.tables;
        let mut promotion = Promotion::begin(request_id, row, known, (self.clock)());
        loop {
            promotion = match promotion {
                Promotion::PutLone(step) => {
                    let done = tables.put_lone(step.record()).await?;
                    step.put(done)
                }
                Promotion::PutJoined(step) => {
                    let done = tables.put_joined(step.record()).await?;
                    step.put(done)
                }
                Promotion::CompleteRecord(step) => {
                    let done = tables.complete_record(&step).await?;
                    step.swept(done)
                }
                Promotion::EraseRow(step) => {
                    tables.erase_row(step.request_id(), (self.clock)()).await?;
                    step.erased()
                }
                Promotion::Done(swept) => return Ok(swept),
            };
        }
    }

    /// Promotes what waits, where no report is made that would do it on the way: reads `period` of
    /// the index and every interim row.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn promote_what_waits(&self, period: Range<Timestamp>) -> Result<(), TableError> {
        let pages = stream_interactions(self.clone().promoting(), Reach::Period(period));
        pages.try_for_each(|_| async { Ok(()) }).await
    }

    pub(crate) fn erased_sessions(&self) -> &ErasedSessions {
        &self.erased_sessions
    }

    /// The time.
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Whether lone halves are promoted on the way.
    pub(crate) fn promotes(&self) -> bool {
        self.promotes
    }

    /// Erases one interaction for good: a tombstone in the record's place, then the row's mark. The order matters: a
    /// processor that still holds a half finds the tombstone. Says whether anything was there.
    pub async fn forget_request(&self, request_id: &RequestId) -> Result<bool, TableError> {
        let record = self.tables.read_record(request_id, true).await?;
        let row = self.tables.read_row(request_id).await?;
        self.tables.put_tombstone(request_id).await?;
        self.tables.erase_row(request_id, (self.clock)()).await?;
        let in_row = row.is_some_and(|row| row.query.is_some() || row.response.is_some());
        Ok(in_row || matches!(record, Some(Record::Interaction(_))))
    }

    /// Every interaction, page by page, in no given order; what still waits in an interim row included.
    pub fn export(&self) -> BoxStream<'static, Result<Vec<Interaction>, StoreError>> {
        stream_interactions(self.clone(), Reach::Everything).map_err(StoreError::from).boxed()
    }

    /// Keeps events with their moments of arrival, several requests at once, and says what became of each:
    /// an error where the table will never take it, as two halves over 400 KB together.
    ///
    /// # Errors
    /// [`TableError`]: nothing may be taken as kept.
    pub async fn keep_events(
        &self,
        events: Vec<(Event, Timestamp)>,
    ) -> Result<Vec<Result<Disposition, StoreError>>, TableError> {
        let events = events.into_iter().enumerate();
        let batches = EventBatch::gather(
            events.map(|(place, (event, arrived_at))| (event, (place, arrived_at))),
        );
        let kept: Vec<Vec<(usize, Result<Disposition, StoreError>)>> = stream::iter(batches)
            .map(|(gathered, beside)| async move {
                let (places, arrivals): (Vec<_>, Vec<_>) = beside.into_iter().unzip();
                let arrived_at = arrivals.into_iter().min().unwrap_or_else(|| self.now());
                match self.join_and_compare(gathered, arrived_at).await {
                    Ok(dispositions) => {
                        Ok(places.into_iter().zip(dispositions.into_iter().map(Ok)).collect())
                    }
                    Err(TableError::Refused { message, .. }) => {
                        tracing::warn!(
                            message,
                            events = places.len(),
                            "the table takes no such item"
                        );
                        let refused = |place| (place, Err(StoreError::refused(TOO_LARGE)));
                        Ok(places.into_iter().map(refused).collect())
                    }
                    Err(error) => Err(error),
                }
            })
            .buffer_unordered(CALL_CONCURRENCY)
            .try_collect()
            .await?;
        let mut kept: Vec<_> = kept.into_iter().flatten().collect();
        kept.sort_unstable_by_key(|(place, _)| *place);
        Ok(kept.into_iter().map(|(_, kept)| kept).collect())
    }
}

#[async_trait]
impl ReportSource for DynamoDbStore {
    fn scan(&self, period: Range<Timestamp>) -> BoxStream<'_, Result<ObservationPage, StoreError>> {
        stream_interactions(self.clone(), Reach::Period(period))
            .map_ok(|page| page.into_iter().map(Observation::from).collect())
            .map_err(StoreError::from)
            .boxed()
    }

    async fn deliveries(&self, week: IsoWeek) -> Result<Deliveries, StoreError> {
        let dead_letters = self.tables.count_dead_letters(week);
        let feedback_waiting = self.tables.count_waiting_feedback(week);
        let (dead_letters, feedback_waiting) = try_join(dead_letters, feedback_waiting).await?;
        Ok(Deliveries {
            duplicates: None,
            conflicts: None,
            dead_letters,
            refused: None,
            waiting: None,
            feedback_waiting,
        })
    }
}

#[async_trait]
impl KeyValueStore for DynamoDbStore {
    async fn get(&self, key: &str) -> Result<Option<VersionedValue>, StoreError> {
        Ok(self.tables.get_value(key).await?)
    }

    async fn put(&self, key: &str, value: &str, expected: Option<u64>) -> Result<bool, StoreError> {
        Ok(self.tables.put_value(key, value, expected).await?)
    }
}
