//! What the two tables hold of one request, and what each call does to it and answers.
//!
//! Conditions and expressions are those of `src/tables.rs`.

use std::cmp::Reverse;

use cv_analytics_aws::item::record::{PutConflict, Record};
use cv_analytics_aws::item::row::{Half, InterimRow};
use cv_analytics_aws::joining::{ErasedRow, PutFeedback};
use cv_analytics_core::event::{Feedback, RequestId};
use cv_analytics_core::interaction::Interaction;
use cv_analytics_core::timestamp::Timestamp;

use crate::join::calls::{Answer, Call};

/// The interim row and the record of one request.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Items {
    pub(crate) row: Option<InterimRow>,
    pub(crate) record: Option<Record>,
}

impl Items {
    /// Makes one call. Reads give what is there now; a caller that wants an earlier version brings it.
    pub(crate) fn make(&mut self, call: Call<'_>, arrived_at: Timestamp) -> Answer {
        match call {
            Call::ReadRow => Answer::Row(self.row.clone()),
            Call::AddHalf(half) => {
                if self.row.as_ref().is_some_and(|row| row.erased) {
                    return Answer::Old(Err(ErasedRow));
                }
                let old = self.row.clone();
                add(self.row.get_or_insert_default(), half, arrived_at);
                Answer::Old(Ok(old))
            }
            Call::EraseRow => {
                self.erase_row();
                Answer::Made
            }
            Call::ReadRecord => Answer::Record(self.record.clone()),
            Call::PutJoined(record)
            | Call::PutJoinedOverLone(record)
            | Call::PutJoinedByPutItem(record) => Answer::Joined(match &self.record {
                Some(Record::Interaction(there)) if there.is_joined() => {
                    Err(PutConflict::Joined(there.clone()))
                }
                Some(Record::Interaction(there))
                    if !matches!(call, Call::PutJoinedOverLone(_)) && lacks(record, there) =>
                {
                    Err(PutConflict::Lone(there.clone()))
                }
                Some(Record::Erased) => Err(PutConflict::Erased),
                _ => {
                    if matches!(call, Call::PutJoinedByPutItem(_)) {
                        self.record = None;
                    }
                    self.put_halves(record);
                    Ok(())
                }
            }),
            Call::PutLone(record) => Answer::Put(match &self.record {
                Some(there) if !is_waiting_feedback(there) => Err(there.clone()),
                _ => {
                    self.put_halves(record);
                    Ok(())
                }
            }),
            Call::PutFeedback(step) | Call::PutAnyFeedback(step) => {
                Answer::Put(match &self.record {
                    Some(Record::Erased) => Err(Record::Erased),
                    Some(Record::Interaction(there))
                        if matches!(call, Call::PutFeedback(_))
                            && stays(there, step.feedback()) =>
                    {
                        Err(Record::Interaction(there.clone()))
                    }
                    _ => {
                        self.put_feedback(step);
                        Ok(())
                    }
                })
            }
            Call::CompleteRecord(step) => Answer::Put(match &self.record {
                Some(Record::Interaction(there)) if is_as_read(there, step.before()) => {
                    self.put_halves(step.record());
                    Ok(())
                }
                Some(there) => Err(there.clone()),
                None => panic!("a whole record left the table"),
            }),
            Call::DeleteRow => Answer::Row(self.row.take()),
            Call::PutRow(half) => {
                self.row = None;
                add(self.row.get_or_insert_default(), half, arrived_at);
                Answer::Made
            }
            Call::PutJoinedWhereNone(record) => Answer::Joined(match &self.record {
                Some(Record::Interaction(there)) => Err(PutConflict::Joined(there.clone())),
                Some(Record::Erased) => Err(PutConflict::Erased),
                None => {
                    self.put_halves(record);
                    Ok(())
                }
            }),
        }
    }

    /// Puts a record: of what was there nothing stays but the feedback.
    fn put_halves(&mut self, record: &Interaction) {
        let feedback = match self.record.take() {
            Some(Record::Interaction(there)) => there.feedback,
            Some(Record::Erased) | None => None,
        };
        self.record = Some(Record::Interaction(Interaction { feedback, ..record.clone() }));
    }

    /// Puts feedback beside the halves that are there, or by itself.
    fn put_feedback(&mut self, step: &PutFeedback) {
        let feedback = Some(step.feedback().clone());
        let request_id = step.request_id().clone();
        self.record = Some(Record::Interaction(match self.record.take() {
            Some(Record::Interaction(there)) => Interaction { feedback, ..there },
            _ => Interaction { request_id, query: None, response: None, feedback },
        }));
    }

    /// Marks the row as erased and takes its halves out of it.
    pub(crate) fn erase_row(&mut self) {
        self.row = Some(InterimRow { erased: true, ..InterimRow::default() });
    }

    /// Puts a tombstone in the record's place, whatever is there.
    pub(crate) fn put_tombstone(&mut self) {
        self.record = Some(Record::Erased);
    }

    /// What a report sees: the record, and of the row's halves what the record lacks.
    pub(crate) fn shown(&self, request_id: &RequestId) -> Option<Interaction> {
        let row = self.row.clone().filter(|row| !row.erased);
        match (&self.record, row) {
            (Some(Record::Erased), _) | (None, None) => None,
            (Some(Record::Interaction(record)), None) => Some(record.clone()),
            (Some(Record::Interaction(record)), Some(row)) => {
                Some(row.joined_to(request_id.clone(), Some(record)))
            }
            (None, Some(row)) => Some(row.joined_to(request_id.clone(), None)),
        }
    }
}

/// Whether the feedback that is there stays: it is later, or of the same moment and no greater as text.
fn stays(there: &Interaction, given: &Feedback) -> bool {
    let rank = |word: &Feedback| (word.timestamp, Reverse(word.canonical_bytes(&there.request_id)));
    there.feedback.as_ref().is_some_and(|kept| rank(kept) >= rank(given))
}

/// Whether it is feedback that waits for a record.
fn is_waiting_feedback(there: &Record) -> bool {
    matches!(there, Record::Interaction(there) if there.at().is_none())
}

/// Whether a whole record lacks what a lone query half names.
fn lacks(whole: &Interaction, lone: &Interaction) -> bool {
    lone.query.as_ref().is_some_and(|query| whole.completed_by(query).is_some())
}

/// Whether a record is whole, and session and flag of its query half are those that were read.
fn is_as_read(there: &Interaction, read: &Interaction) -> bool {
    let origin = |record: &Interaction| {
        record.query.as_ref().map(|query| (query.session.clone(), query.traffic))
    };
    there.is_whole() && origin(there) == origin(read)
}

/// `SET half = if_not_exists(half, :half)`; each half carries the moment of its arrival with it.
fn add(row: &mut InterimRow, half: &Half, arrived_at: Timestamp) {
    let is_new = match half {
        Half::Query(query) if row.query.is_none() => {
            row.query = Some(query.clone());
            true
        }
        Half::Response(response) if row.response.is_none() => {
            row.response = Some(response.clone());
            true
        }
        _ => false,
    };
    if is_new {
        let earliest = row.arrived_at.map_or(arrived_at, |before| before.min(arrived_at));
        row.arrived_at = Some(earliest);
    }
}
