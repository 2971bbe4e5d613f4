//! The sweep over interim rows, step by step: a half whose partner does not come becomes a record
//! of its own, before its row is removed.
//!
//! A query half without a response is what the product exists to find, so it is promoted to an `unanswered`
//! interaction; a lone response half is promoted too. A late partner completes either: [`crate::joining`] puts a whole
//! record over a lone half, and where the partner's row is gone, the sweep itself joins the row's half to the record's.
//! A record that a self-contained response made takes from the row the session and the traffic flag that it lacks.

use cv_analytics_core::event::RequestId;
use cv_analytics_core::interaction::Interaction;
use cv_analytics_core::timestamp::Timestamp;

use crate::item::record::{PutConflict, Record};
use crate::item::row::InterimRow;
use crate::joining::completion::CompleteRecord;

pub use cv_analytics_core::interaction::PROMOTED_AFTER_MS;

/// What has to be done next for one interim row.
#[derive(Clone, Debug, PartialEq)]
pub enum Promotion {
    /// Put the lone half as a record where there is none.
    PutLone(PutLone),
    /// Put a record with both halves where there is none, or only one half.
    PutJoined(PutJoined),
    /// Put a whole record with what it lacked in its own place.
    CompleteRecord(Box<CompleteRecord>),
    /// Mark the row as erased and take its halves out of it.
    EraseRow(EraseRow),
    /// Nothing is left to do.
    Done(Swept),
}

/// What a row's sweep came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swept {
    /// The record is there with both halves, or with this row's one.
    Nothing,
    /// The half is too young.
    Waiting,
    /// The lone half is a record now.
    Promoted,
    /// Both halves are a record now, or a record has what it lacked.
    Joined,
    /// The row's halves were erased.
    Erased,
}

impl Promotion {
    /// Begins with a row and the record that was read, by the index or by its id. It may be late or missing: that
    /// costs a call, never a half. Feedback that waits there for the row's halves does not count as a record.
    pub fn begin(
        request_id: RequestId,
        row: InterimRow,
        indexed: Option<&Interaction>,
        now: Timestamp,
    ) -> Self {
        if row.erased {
            return Self::Done(Swept::Nothing);
        }
        let indexed = indexed.filter(|there| there.at().is_some());
        let arrived_at = row.arrived_at;
        let half =
            Interaction { request_id, query: row.query, response: row.response, feedback: None };
        if let Some(there) = indexed.filter(|there| there.is_joined()) {
            return Self::beside_joined(&half, there.clone());
        }
        let Some(at) = half.at() else { return Self::Done(Swept::Nothing) };
        if half.is_joined() {
            // The processor that saw both stopped before the record was put, or the index is late.
            return Self::PutJoined(PutJoined { record: half });
        }
        if let Some(lone) = indexed {
            return Self::beside(half, lone);
        }
        let waits_since = arrived_at.map_or(at, |arrived_at| arrived_at.min(at));
        if waits_since.plus_millis(PROMOTED_AFTER_MS) > now {
            return Self::Done(Swept::Waiting);
        }
        Self::PutLone(PutLone { half })
    }

    /// Goes on from a record with both halves beside the row's.
    fn beside_joined(half: &Interaction, there: Interaction) -> Self {
        let step = half.query.clone().and_then(|query| CompleteRecord::begin(there, query));
        step.map_or(Self::Done(Swept::Nothing), Self::CompleteRecord)
    }

    /// Goes on from a lone record beside the row's lone half.
    fn beside(half: Interaction, lone: &Interaction) -> Self {
        let record = Interaction {
            request_id: half.request_id,
            query: half.query.or_else(|| lone.query.clone()),
            response: half.response.or_else(|| lone.response.clone()),
            feedback: None,
        };
        if record.is_joined() {
            Self::PutJoined(PutJoined { record })
        } else {
            Self::Done(Swept::Nothing)
        }
    }
}

/// A half whose partner has not come.
#[derive(Clone, Debug, PartialEq)]
pub struct PutLone {
    half: Interaction,
}

impl PutLone {
    /// What is put where there is no record.
    pub fn record(&self) -> &Interaction {
        &self.half
    }

    /// Goes on from the put; `Err` with the record that was there and stays.
    pub fn put(self, done: Result<(), Record>) -> Promotion {
        match done {
            Ok(()) => Promotion::Done(Swept::Promoted),
            Err(Record::Erased) => {
                Promotion::EraseRow(EraseRow { request_id: self.half.request_id })
            }
            Err(Record::Interaction(there)) if there.is_joined() => {
                Promotion::beside_joined(&self.half, there)
            }
            Err(Record::Interaction(lone)) => Promotion::beside(self.half, &lone),
        }
    }
}

/// Both halves of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct PutJoined {
    record: Interaction,
}

impl PutJoined {
    /// What is put where there is no record, or one with a single half.
    pub fn record(&self) -> &Interaction {
        &self.record
    }

    /// Goes on from the put; `Err` with what was there and stays.
    pub fn put(self, done: Result<(), PutConflict>) -> Promotion {
        match done {
            Ok(()) => Promotion::Done(Swept::Joined),
            Err(PutConflict::Joined(there)) => Promotion::beside_joined(&self.record, there),
            // In the way of whole records only.
            Err(PutConflict::Lone(_)) => Promotion::Done(Swept::Nothing),
            Err(PutConflict::Erased) => {
                Promotion::EraseRow(EraseRow { request_id: self.record.request_id })
            }
        }
    }
}

impl CompleteRecord {
    /// Goes on from the sweep's put; `Err` with what was there and stays.
    pub fn swept(self, done: Result<(), Record>) -> Promotion {
        match done {
            Ok(()) => Promotion::Done(Swept::Joined),
            Err(Record::Erased) => {
                Promotion::EraseRow(EraseRow { request_id: self.into_before().request_id })
            }
            Err(Record::Interaction(there)) => {
                self.again(there).map_or(Promotion::Done(Swept::Nothing), Promotion::CompleteRecord)
            }
        }
    }
}

/// A row whose record is a tombstone.
#[derive(Clone, Debug, PartialEq)]
pub struct EraseRow {
    request_id: RequestId,
}

impl EraseRow {
    /// The row's key.
    pub fn request_id(&self) -> &RequestId {
        &self.request_id
    }

    /// Ends the sweep of the row.
    pub fn erased(self) -> Promotion {
        Promotion::Done(Swept::Erased)
    }
}
