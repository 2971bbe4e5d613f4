//! The ports: what the product asks of a store, whichever it is.
//!
//! Three narrow ones, since those who write never report: [`Keep`] takes what arrives,
//! [`Observe`] streams what a report reads, and [`Ledger`] holds small records of the product's
//! own with compare-and-set.

pub mod archive;
pub mod browse;
pub mod erasure;
pub mod observation_page;
pub mod session_key;

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::ops::Range;

use futures_core::Stream;

use crate::event::{
    MatchScore, MatchSource, MatchType, Outcome, ResponseForm, SessionDigest, Traffic,
};
use crate::intake::Content;
use crate::interaction::Interaction;
use crate::store::observation_page::ObservationPage;
use crate::timestamp::Timestamp;
use crate::week::IsoWeek;

/// What swallows a repeated message within five minutes: 128 bits of a hash of SQS's own
/// deduplication id (or of the body, where deduplication is by content).
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

/// What became of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Disposition {
    /// The event is kept (or a self-contained response had said it all before).
    Stored,
    /// The same half was there before.
    Duplicate,
    /// Another body for this half was there before, and stays.
    Conflict,
    /// The message cannot be read and is kept as a dead letter.
    DeadLetter,
    /// The queue's deduplication swallowed the message: no delivery.
    Deduplicated,
    /// The owner had the interaction erased: nothing of it is kept again.
    Erased,
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

/// Takes what arrives.
pub trait Keep: Clone + Send + Sync + 'static {
    /// Keeps `arrivals`, joining each to what is there, and answers once all are durable: one
    /// receipt for each, in their order. After an error nothing of it may be taken as kept.
    fn keep(
        &self,
        arrivals: Vec<Arrival>,
    ) -> impl Future<Output = Result<Vec<Receipt>, StoreError>> + Send;
}

/// Gives what a report reads.
pub trait Observe: Send + Sync {
    /// Streams the interactions whose moment lies in `period`, page by page, in no given order. A store may
    /// keep a snapshot open until the stream ends, so do not wait for a client between two pages.
    fn observations(
        &self,
        period: Range<Timestamp>,
    ) -> impl Stream<Item = Result<ObservationPage, StoreError>> + Send;

    /// Counts what arrived in `week` and added nothing, could not be read, or was refused.
    fn deliveries(
        &self,
        week: IsoWeek,
    ) -> impl Future<Output = Result<Deliveries, StoreError>> + Send;
}

/// Holds small records of the product's own: settings, marks.
pub trait Ledger: Send + Sync {
    /// The record under `key`, with the version to give back to [`Ledger::put`].
    fn get(
        &self,
        key: &str,
    ) -> impl Future<Output = Result<Option<LedgerRecord>, StoreError>> + Send;

    /// Writes `value` under `key` if its version still is `expected` (`None`: it is not there).
    /// `false` where somebody else was faster.
    fn put(
        &self,
        key: &str,
        value: &str,
        expected: Option<u64>,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// A small record and its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerRecord {
    /// The text that was put.
    pub value: String,
    /// Grows with every change.
    pub version: u64,
}

/// What arrived in a week and added nothing, could not be read, or was refused; `None` where the
/// store does not count it.
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
}

/// What a report needs to know of one interaction. Its texts are its own, or lie in an
/// [`ObservationPage`].
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
    /// Whose question it was: the first half that names somebody else than a visitor decides.
    pub traffic: Traffic,
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
    /// Why the agent rated its answer so, in its own words; only of answers that are not full, which
    /// a report shows as examples.
    pub reasoning: Option<Text>,
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
        let Interaction { request_id, query, response } = interaction;
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
            }),
            session,
            traffic,
        }
    }
}
