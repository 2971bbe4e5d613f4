//! The join on DynamoDB, step by step: which call comes next, decided by what the last one gave.
//!
//! Pure: the caller makes the calls. A query half waits in its interim row; the processor that sees
//! both halves, in the row that it read or in the old image that its own write returned, puts the
//! record. A whole delivery goes straight to the record. Every step may be repeated and every
//! executor may stop between any two calls: rows only grow, and a record is put only where there
//! is none or only one half.
//!
//! Feedback takes one call: it is put into the item of its record, or where there is none into that
//! item all the same, where it waits. Records are put without touching it, so neither needs the other.
//!
//! A query event adds a session and a traffic flag to a whole record that lacks them. The sweep
//! does that from the event's row; only an executor that leaves no row, since it has both in one
//! batch, does it at once (`CompleteRecord`).
//!
//! ```text
//! feedback ──────────────────────────────────────────────────────────────► PutFeedback ─► Done
//! both halves, or a self-contained response ─────────────────────────────► PutRecord ─► Done
//! query half ──► AddHalf ── old image holds the response half ───────────► PutRecord ─► Done
//! response half ─► ReadRow ── row holds the query half ──────────────────► PutRecord ─► Done
//!                     └─ miss ─► AddHalf ── old image holds the query ───► PutRecord ─► Done
//! PutRecord ── a whole record is there that lacks what the query names ──► CompleteRecord ─► Done
//! ```
//!
//! A half that is there already was delivered before: its record is read first, since a put that
//! is refused costs as much as one that is not.

pub mod completion;
pub mod event_batch;
pub mod promotion;

use cv_analytics_core::event::{Feedback, QueryHalf, RequestId, ResponseHalf};
use cv_analytics_core::interaction::Interaction;

use crate::item::record::{PutConflict, Record};
use crate::item::row::{Half, InterimRow};
use crate::joining::completion::CompleteRecord;

/// What has to be done next for the halves, or the feedback, of one request that came in one batch.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "it lives for one message")]
pub enum Joining {
    /// Read the interim row; an eventually consistent read will do.
    ReadRow(ReadRow),
    /// Write the half into its row where it is not there, and give the old image.
    AddHalf(AddHalf),
    /// Read the record; an eventually consistent read will do.
    ReadRecord(ReadRecord),
    /// Put the feedback, unless what is there stands by the joining law.
    PutFeedback(PutFeedback),
    /// Put the record where there is none, or only one half.
    PutRecord(PutRecord),
    /// Put a whole record with what it lacked in its own place.
    CompleteRecord(Box<CompleteRecord>),
    /// What came is durable, or not to be kept: the messages may be acknowledged.
    Done(JoinOutcome),
}

/// What became of what was delivered.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "it lives for one message")]
pub enum JoinOutcome {
    /// It is stored as delivered.
    Stored,
    /// This was stored before and stays as it is.
    AlreadyStored(Interaction),
    /// The owner had the interaction erased: nothing of it is kept again.
    Erased,
}

/// The row as it was before a half was added; `Err` where the row carries the `erased` mark, so that nothing was added.
pub type OldImage = Result<Option<InterimRow>, ErasedRow>;

/// The row is marked as erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErasedRow;

impl Joining {
    /// Begins with what was delivered: one half or both, or feedback by itself.
    pub fn begin(delivered: Interaction) -> Self {
        match delivered {
            Interaction { request_id, query: None, response: None, feedback: Some(feedback) } => {
                Self::PutFeedback(PutFeedback { request_id, feedback })
            }
            Interaction { request_id, query: Some(query), response: None, .. } => {
                Self::AddHalf(AddHalf { request_id, half: Half::Query(query) })
            }
            Interaction { request_id, query: None, response: Some(response), .. } => {
                Self::ReadRow(ReadRow { request_id, response })
            }
            both => Self::PutRecord(PutRecord { record: both, outcome: JoinOutcome::Stored }),
        }
    }
}

/// Feedback.
#[derive(Clone, Debug, PartialEq)]
pub struct PutFeedback {
    request_id: RequestId,
    feedback: Feedback,
}

impl PutFeedback {
    /// The item's key.
    pub fn request_id(&self) -> &RequestId {
        &self.request_id
    }

    /// What is put where there is none, an earlier one, or one of the same moment with greater canonical bytes.
    pub fn feedback(&self) -> &Feedback {
        &self.feedback
    }

    /// Goes on from the put; `Err` with what was there and stays.
    pub fn put(self, done: Result<(), Record>) -> Joining {
        Joining::Done(match done {
            Ok(()) => JoinOutcome::Stored,
            Err(Record::Erased) => JoinOutcome::Erased,
            Err(Record::Interaction(there)) => JoinOutcome::AlreadyStored(there),
        })
    }
}

/// A response half that looks for its query half.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadRow {
    request_id: RequestId,
    response: ResponseHalf,
}

impl ReadRow {
    /// The row's key.
    pub fn request_id(&self) -> &RequestId {
        &self.request_id
    }

    /// Goes on from the row that was read.
    pub fn found(self, row: Option<InterimRow>) -> Joining {
        let Self { request_id, response } = self;
        match row {
            Some(InterimRow { erased: true, .. }) => Joining::Done(JoinOutcome::Erased),
            // Delivered before, and durable; the query half that comes will see it.
            Some(InterimRow { query: None, response: Some(before), .. }) => {
                already_in_row(request_id, None, Some(before))
            }
            Some(InterimRow { query: Some(query), response: Some(before), .. }) => {
                again(request_id, query, before)
            }
            Some(InterimRow { query: Some(query), response: None, .. }) => {
                first(request_id, query, response)
            }
            _ => Joining::AddHalf(AddHalf { request_id, half: Half::Response(response) }),
        }
    }
}

/// A half that is written into its row.
#[derive(Clone, Debug, PartialEq)]
pub struct AddHalf {
    request_id: RequestId,
    half: Half,
}

impl AddHalf {
    /// The row's key.
    pub fn request_id(&self) -> &RequestId {
        &self.request_id
    }

    /// What is written where it is not there.
    pub fn half(&self) -> &Half {
        &self.half
    }

    /// Goes on from the row as it was before the write.
    pub fn added(self, old: OldImage) -> Joining {
        let Self { request_id, half } = self;
        let Ok(old) = old else { return Joining::Done(JoinOutcome::Erased) };
        let old = old.unwrap_or_default();
        match (half, old.query, old.response) {
            (_, Some(query), Some(response)) => again(request_id, query, response),
            (Half::Query(query), None, Some(response))
            | (Half::Response(response), Some(query), None) => first(request_id, query, response),
            (Half::Query(_), query @ Some(_), None) => already_in_row(request_id, query, None),
            (Half::Response(_), None, response @ Some(_)) => {
                already_in_row(request_id, None, response)
            }
            (_, None, None) => Joining::Done(JoinOutcome::Stored),
        }
    }
}

/// The half was in its row before, and its partner is not there.
fn already_in_row(
    request_id: RequestId,
    query: Option<QueryHalf>,
    response: Option<ResponseHalf>,
) -> Joining {
    let there = Interaction { request_id, query, response, feedback: None };
    Joining::Done(JoinOutcome::AlreadyStored(there))
}

fn record_of(request_id: RequestId, query: QueryHalf, response: ResponseHalf) -> Interaction {
    Interaction { request_id, query: Some(query), response: Some(response), feedback: None }
}

/// Both halves were seen for the first time.
fn first(request_id: RequestId, query: QueryHalf, response: ResponseHalf) -> Joining {
    let record = record_of(request_id, query, response);
    Joining::PutRecord(PutRecord { record, outcome: JoinOutcome::Stored })
}

/// Both halves were in the row before: the record is there, unless the processor that saw them stopped
/// before it was put.
fn again(request_id: RequestId, query: QueryHalf, response: ResponseHalf) -> Joining {
    let record = record_of(request_id, query, response);
    Joining::ReadRecord(ReadRecord { record })
}

/// A record with both halves was there: it stays, with what `delivered` knows of the query event and it lacks.
fn before(there: Interaction, delivered: &Interaction) -> Joining {
    let query = delivered.query_event();
    match query.and_then(|query| CompleteRecord::begin(there.clone(), query)) {
        Some(step) => Joining::CompleteRecord(step),
        None => Joining::Done(JoinOutcome::AlreadyStored(there)),
    }
}

/// A record that should be there.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadRecord {
    record: Interaction,
}

impl ReadRecord {
    /// The record's key.
    pub fn request_id(&self) -> &RequestId {
        &self.record.request_id
    }

    /// Goes on from the record that was read.
    pub fn found(self, record: Option<Record>) -> Joining {
        match record {
            Some(Record::Erased) => Joining::Done(JoinOutcome::Erased),
            Some(Record::Interaction(there)) if there.is_joined() => before(there, &self.record),
            _ => {
                let outcome = JoinOutcome::AlreadyStored(self.record.clone());
                Joining::PutRecord(PutRecord { record: self.record, outcome })
            }
        }
    }
}

/// A record with both halves.
#[derive(Clone, Debug, PartialEq)]
pub struct PutRecord {
    record: Interaction,
    outcome: JoinOutcome,
}

impl PutRecord {
    /// What is put where there is no record, or one with a single half.
    pub fn record(&self) -> &Interaction {
        &self.record
    }

    /// Goes on from the put; `Err` with what was there and stays.
    pub fn put(self, done: Result<(), PutConflict>) -> Joining {
        match done {
            Ok(()) => Joining::Done(self.outcome),
            Err(PutConflict::Erased) => Joining::Done(JoinOutcome::Erased),
            Err(PutConflict::Joined(there)) => before(there, &self.record),
            Err(PutConflict::Lone(there)) => {
                let query = there.query.as_ref();
                match query.and_then(|query| self.record.completed_by(query)) {
                    Some(record) => Joining::PutRecord(Self { record, ..self }),
                    // Nothing is lacking, so that this is in no record's way.
                    None => Joining::Done(JoinOutcome::AlreadyStored(there)),
                }
            }
        }
    }
}

impl CompleteRecord {
    /// Goes on from an executor's put; `Err` with what was there and stays.
    pub fn put(self, done: Result<(), Record>) -> Joining {
        match done {
            Ok(()) => Joining::Done(JoinOutcome::AlreadyStored(self.into_before())),
            Err(Record::Erased) => Joining::Done(JoinOutcome::Erased),
            Err(Record::Interaction(there)) => match self.again(there.clone()) {
                Some(step) => Joining::CompleteRecord(step),
                None => Joining::Done(JoinOutcome::AlreadyStored(there)),
            },
        }
    }
}
