//! The ports: what the product asks of a store, whichever it is.
//!
//! [`Store`] is all of it, used as a [`SharedStore`]. Those who need less ask for less: the intake for an
//! [`EventStore`], a report for a [`ReportSource`], marks and settings for a [`KeyValueStore`]. A port is
//! implemented whole.

pub mod archive;
pub mod arrivals;
pub mod dead_letters;
pub mod erasure;
pub mod observation_page;
pub mod session_key;

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::BoxStream;

use crate::event::{
    MatchScore, MatchSource, MatchType, Outcome, Rating, RequestId, ResponseForm, SessionDigest,
    SessionId, Traffic,
};
use crate::intake::{Content, Intake};
use crate::interaction::{Disposition, Interaction};
use crate::store::archive::{ArchivePage, Archived, Cursor, PutBack};
use crate::store::arrivals::{ArrivalCursor, Arrivals};
use crate::store::dead_letters::{
    DeadLetterList, DeadLetterSelection, Dropped, Retried, StoredDeadLetter,
};
use crate::store::erasure::Erased;
use crate::store::observation_page::ObservationPage;
use crate::timestamp::Timestamp;
use crate::week::IsoWeek;

/// A store that several parts of the program use: chosen once, and passed on.
pub type SharedStore = Arc<dyn Store>;

/// Is told of so many more items that were worked on.
pub type Progress<'p> = &'p (dyn Fn(u64) + Send + Sync);

/// Takes what arrives.
#[async_trait]
pub trait EventStore: Send + Sync {
    /// Stores `arrivals` and joins each; answers with one receipt for each once all are durable. After an error nothing
    /// is stored for sure.
    async fn append(&self, arrivals: Vec<Arrival>) -> Result<Vec<Receipt>, StoreError>;
}

/// Stores the product's small values, such as settings and marks, under keys that begin with `cv-analytics:`.
#[async_trait]
pub trait KeyValueStore: Send + Sync {
    /// The value under `key`, with the version to give back to [`KeyValueStore::put`].
    async fn get(&self, key: &str) -> Result<Option<VersionedValue>, StoreError>;

    /// Writes `value` under `key` if its version is still `expected` (`None`: absent); `false` if another writer was
    /// faster.
    async fn put(&self, key: &str, value: &str, expected: Option<u64>) -> Result<bool, StoreError>;
}

/// Gives what a report reads.
#[async_trait]
pub trait ReportSource: KeyValueStore {
    /// Streams the interactions whose moment is in `period`, page by page, in no given order. A store may
    /// keep a snapshot open until the stream ends, so do not wait for a client between two pages.
    fn scan(&self, period: Range<Timestamp>) -> BoxStream<'_, Result<ObservationPage, StoreError>>;

    /// Counts what arrived in `week` and added nothing, could not be read, or was refused.
    async fn deliveries(&self, week: IsoWeek) -> Result<Deliveries, StoreError>;
}

/// A whole store: one file, two tables and their queues, or this process's memory.
#[async_trait]
pub trait Store: EventStore + ReportSource + 'static {
    /// What an archive calls this kind of store.
    fn kind(&self) -> &'static str;

    /// Whether it has a note for each dead letter of a week, rather than their number.
    fn notes_dead_letters(&self) -> bool {
        false
    }

    /// Like [`EventStore::append`] without counting deliveries: a receipt for each, or why it was refused. An identical
    /// dead letter is stored once.
    async fn import(
        &self,
        arrivals: Vec<Arrival>,
    ) -> Result<Vec<Result<Receipt, StoreError>>, StoreError>;

    /// Streams every interaction, page by page. What arrives meanwhile may or may not be among them.
    fn export(&self) -> BoxStream<'static, Result<Vec<Interaction>, StoreError>>;

    /// The interaction with this id, as it is now.
    async fn interaction(&self, request_id: &RequestId) -> Result<Option<Interaction>, StoreError>;

    /// The weeks that hold interactions, the oldest first; none after `until`.
    async fn weeks(&self, until: IsoWeek) -> Result<Vec<IsoWeek>, StoreError>;

    /// A number that changes with the interactions and deliveries of `period` within this process; `None` where
    /// unknown.
    async fn change_marker(&self, period: Range<Timestamp>) -> Result<Option<u64>, StoreError>;

    /// At most `limit` interactions that arrived after `after`; without it the newest.
    async fn arrivals(
        &self,
        after: Option<ArrivalCursor>,
        limit: usize,
    ) -> Result<Arrivals, StoreError>;

    /// One page of everything stored, from the beginning or the cursor of the page before; later arrivals may be
    /// missing.
    async fn archive_page(&self, from: Option<Cursor>) -> Result<ArchivePage, StoreError>;

    /// Restores everything but interactions (see [`Store::import`]); idempotent, and erases what erasure marks name.
    async fn put_back(&self, items: Vec<Archived>) -> Result<PutBack, StoreError>;

    /// Whether it may have marks of erased sessions.
    async fn has_erased_sessions(&self) -> Result<bool, StoreError> {
        Ok(true)
    }

    /// Erases the interaction and every dead letter that names it, and leaves a mark, by which what comes
    /// later is refused ([`Disposition::Erased`]). The mark is left also where nothing was there yet.
    ///
    /// # Errors
    /// Says what was erased, where it was not all; the same call does the rest.
    async fn forget_request(&self, request_id: &RequestId) -> Result<Erased, StoreError>;

    /// Erases every interaction of `sessions`, the stored forms of one session, and leaves marks that refuse later
    /// events.
    async fn forget_session(
        &self,
        sessions: &BTreeSet<SessionId>,
        progress: Progress<'_>,
    ) -> Result<Erased, StoreError>;

    /// Lists at most `limit` dead letters, the newest first.
    async fn dead_letters(&self, limit: usize) -> Result<DeadLetterList, StoreError>;

    /// Counts the dead letters, without looking at them.
    async fn count_dead_letters(&self) -> Result<u64, StoreError>;

    /// One dead letter, whole; `None` where there is none with this id.
    async fn dead_letter(&self, id: &str) -> Result<Option<StoredDeadLetter>, StoreError>;

    /// Reads dead letters again: an event replaces its letter, the others stay. Nothing here counts as a delivery.
    async fn retry_dead_letters(
        &self,
        selection: &DeadLetterSelection,
        intake: &Intake,
        now: Timestamp,
        progress: Progress<'_>,
    ) -> Result<Retried, StoreError>;

    /// Deletes dead letters for good, down to their bytes. Their count in the week's deliveries stays.
    async fn drop_dead_letters(
        &self,
        selection: &DeadLetterSelection,
        progress: Progress<'_>,
    ) -> Result<Dropped, StoreError>;

    /// Finishes what waits. Later calls may answer that the store is closed.
    async fn close(&self) -> Result<(), StoreError>;
}

/// How long a repeated message is recognised, from the first one's arrival, as in an SQS FIFO queue.
pub const DEDUPLICATION_WINDOW_MS: i64 = 5 * 60 * 1000;

/// Identifies a repeated message within [`DEDUPLICATION_WINDOW_MS`]: 128 bits of a hash of SQS's deduplication id, or of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeduplicationId(pub u128);

/// One message on its way into a store.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrival {
    /// What it holds: an event, or bytes that cannot be read.
    pub content: Content,
    /// When it arrived.
    pub arrived_at: Timestamp,
    /// Set for messages that came through the queue's protocol.
    pub deduplication_id: Option<DeduplicationId>,
}

/// The store's word that a message is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// What became of it.
    pub disposition: Disposition,
    /// A number that grows with every message; that of the first where one was deduplicated.
    pub sequence: u64,
}

/// What a store failed to do. The cause is an opaque box, so that the port needs no driver.
#[derive(Debug)]
pub struct StoreError {
    /// Whether the same call may succeed later, or what stands in its way.
    pub kind: StoreErrorKind,
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What a caller can do about a store's failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// The store is busy, full or out of reach: the same call may succeed later.
    Unavailable,
    /// The store will not do it, now or later.
    Refused,
}

impl StoreError {
    /// A passing failure.
    pub fn unavailable(
        message: impl Into<String>,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self {
            kind: StoreErrorKind::Unavailable,
            message: message.into(),
            source: Some(source.into()),
        }
    }

    /// A lasting one.
    pub fn refused(message: impl Into<String>) -> Self {
        Self { kind: StoreErrorKind::Refused, message: message.into(), source: None }
    }

    /// The same failure, of which `message` says more.
    #[must_use]
    pub fn context(self, message: impl Into<String>) -> Self {
        Self { kind: self.kind, message: message.into(), source: Some(self.into()) }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| &**source as &(dyn Error + 'static))
    }
}

/// A value of a [`KeyValueStore`] and its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionedValue {
    /// The text that was put.
    pub value: String,
    /// Grows with every change.
    pub version: u64,
}

/// Arrivals of a week that added nothing, could not be read, or were refused; `None` where not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deliveries {
    /// Halves that came again with the same body.
    pub duplicates: Option<u64>,
    /// Halves that came again with another body.
    pub conflicts: Option<u64>,
    /// Messages that could not be read.
    pub dead_letters: u64,
    /// Messages refused at the door.
    pub refused: Option<u64>,
    /// Messages that are in AWS's dead-letter queue now, whatever the week.
    pub waiting: Option<u64>,
    /// Feedback given in that week on what is not there yet.
    pub feedback_waiting: u64,
}

/// What a report needs to know of one interaction. Its texts are its own, or lie in an [`ObservationPage`].
#[derive(Clone, Debug, PartialEq)]
pub struct Observation<Text = String, Texts = Vec<String>> {
    /// What joined its halves.
    pub request_id: Text,
    /// The query half.
    pub query: Option<ObservedQuery<Text>>,
    /// The response half.
    pub response: Option<ObservedResponse<Text, Texts>>,
    /// The query half's session, else the response's.
    pub session: Option<SessionDigest>,
    /// Whose question it was: the first half that names other traffic than a visitor's decides.
    pub traffic: Traffic,
    /// The visitor's word on it.
    pub feedback: Option<ObservedFeedback<Text>>,
}

/// What a report needs to know of feedback.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservedFeedback<Text = String> {
    /// When it was given.
    pub at: Timestamp,
    /// Thumbs up or down.
    pub rating: Rating,
    /// What the visitor wrote beside it.
    pub comment: Option<Text>,
}

/// What a report needs to know of a query half.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservedQuery<Text = String> {
    /// When it was asked.
    pub at: Timestamp,
    /// The question, as kept.
    pub text: Text,
}

/// What a report needs to know of a response half.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservedResponse<Text = String, Texts = Vec<String>> {
    /// When the agent had finished.
    pub at: Timestamp,
    /// How well the question is covered.
    pub match_type: Option<MatchType>,
    /// 0 to 100.
    pub match_score: Option<MatchScore>,
    /// Where match type and score come from.
    pub match_source: MatchSource,
    /// How the handling ended.
    pub outcome: Outcome,
    /// Whether the agent said so itself.
    pub outcome_named: bool,
    /// `performance.totalTime`, milliseconds.
    pub total_time_ms: Option<f64>,
    /// How the event brought its question along.
    pub form: ResponseForm,
    /// Skills that the agent found.
    pub matched_skills: Texts,
    /// Skills that were asked for and not found.
    pub missing_skills: Texts,
    /// What the agent's model says the question is about.
    pub topic: Option<Text>,
    /// The agent's reasoning; only of answers that are not full, which a report shows as examples.
    pub reasoning: Option<Text>,
    /// What the visitor read; only of answers that are not full, as [`ObservedResponse::reasoning`].
    pub answer: Option<Text>,
}

impl<Text, Texts> Observation<Text, Texts> {
    /// The moment that decides its week.
    pub fn at(&self) -> Option<Timestamp> {
        self.query
            .as_ref()
            .map(|query| query.at)
            .or_else(|| self.response.as_ref().map(|response| response.at))
    }
}

impl From<Interaction> for Observation {
    fn from(interaction: Interaction) -> Self {
        let Interaction { request_id, query, response, feedback } = interaction;
        let traffic =
            [query.as_ref().map(|half| half.traffic), response.as_ref().map(|half| half.traffic)]
                .into_iter()
                .flatten()
                .find(|&traffic| traffic != Traffic::Visitor)
                .unwrap_or(Traffic::Visitor);
        let session = query
            .as_ref()
            .and_then(|half| half.session.as_ref())
            .or_else(|| response.as_ref().and_then(|half| half.session.as_ref()))
            .map(|session| SessionDigest::of(session.as_str()));
        Self {
            request_id: request_id.as_str().to_owned(),
            query: query.map(|half| ObservedQuery { at: half.timestamp, text: half.query }),
            response: response.map(|half| ObservedResponse {
                at: half.timestamp,
                match_type: half.match_type,
                match_score: half.match_score,
                match_source: half.match_source(),
                outcome: half.outcome(),
                outcome_named: half.named_outcome.is_some(),
                total_time_ms: half.total_time_ms,
                form: half.form,
                matched_skills: half.matched_skills,
                missing_skills: half.missing_skills,
                topic: half.topic,
                reasoning: half.reasoning.filter(|_| half.match_type != Some(MatchType::Full)),
                answer: half.answer.filter(|_| half.match_type != Some(MatchType::Full)),
            }),
            session,
            traffic,
            feedback: feedback.map(|given| ObservedFeedback {
                at: given.timestamp,
                rating: given.rating,
                comment: given.comment,
            }),
        }
    }
}
