//! The calls to the two tables that a step asks for, and their answers.

use cv_analytics_aws::item::record::{PutConflict, Record};
use cv_analytics_aws::item::row::{Half, InterimRow};
use cv_analytics_aws::joining::completion::CompleteRecord;
use cv_analytics_aws::joining::promotion::Promotion;
use cv_analytics_aws::joining::{Joining, OldImage, PutFeedback};
use cv_analytics_core::interaction::Interaction;

/// One call, about one request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Call<'step> {
    ReadRow,
    AddHalf(&'step Half),
    EraseRow,
    ReadRecord,
    PutJoined(&'step Interaction),
    PutLone(&'step Interaction),
    CompleteRecord(&'step CompleteRecord),
    PutFeedback(&'step PutFeedback),
    /// `DeleteItem … ALL_OLD`: no step of the product asks for it.
    DeleteRow,
    /// `PutItem` without a condition: no step of the product asks for it.
    PutRow(&'step Half),
    /// A record with both halves on condition that there is none, a lone half neither: no step of
    /// the product asks for it.
    PutJoinedWhereNone(&'step Interaction),
    /// A record with both halves over any lone half, whatever that names: no step of the product asks for it.
    PutJoinedOverLone(&'step Interaction),
    /// A record with both halves by `PutItem`, so that nothing of the item stays: no step of the product asks for it.
    PutJoinedByPutItem(&'step Interaction),
    /// Feedback whatever is there: no step of the product asks for it.
    PutAnyFeedback(&'step PutFeedback),
}

/// What a call gave.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Row(Option<InterimRow>),
    Old(OldImage),
    Record(Option<Record>),
    Joined(Result<(), PutConflict>),
    /// Of a lone half, of a whole record that takes what it lacked, and of feedback.
    Put(Result<(), Record>),
    Made,
}

/// Whatever goes on call by call.
pub(crate) trait Steps: Sized {
    /// The call that has to be made now; `None` at the end.
    fn call(&self) -> Option<Call<'_>>;

    /// Goes on from the answer of that call.
    fn answered(self, answer: Answer) -> Self;
}

impl Steps for Joining {
    fn call(&self) -> Option<Call<'_>> {
        match self {
            Self::ReadRow(_) => Some(Call::ReadRow),
            Self::AddHalf(step) => Some(Call::AddHalf(step.half())),
            Self::ReadRecord(_) => Some(Call::ReadRecord),
            Self::PutRecord(step) => Some(Call::PutJoined(step.record())),
            Self::CompleteRecord(step) => Some(Call::CompleteRecord(step)),
            Self::PutFeedback(step) => Some(Call::PutFeedback(step)),
            Self::Done(_) => None,
        }
    }

    fn answered(self, answer: Answer) -> Self {
        match (self, answer) {
            (Self::PutFeedback(step), Answer::Put(done)) => step.put(done),
            (Self::ReadRow(step), Answer::Row(row)) => step.found(row),
            (Self::AddHalf(step), Answer::Old(old)) => step.added(old),
            (Self::ReadRecord(step), Answer::Record(record)) => step.found(record),
            (Self::PutRecord(step), Answer::Joined(done)) => step.put(done),
            (Self::CompleteRecord(step), Answer::Put(done)) => step.put(done),
            (step, answer) => panic!("{answer:?} does not answer {step:?}"),
        }
    }
}

impl Steps for Promotion {
    fn call(&self) -> Option<Call<'_>> {
        match self {
            Self::PutLone(step) => Some(Call::PutLone(step.record())),
            Self::PutJoined(step) => Some(Call::PutJoined(step.record())),
            Self::CompleteRecord(step) => Some(Call::CompleteRecord(step)),
            Self::EraseRow(_) => Some(Call::EraseRow),
            Self::Done(_) => None,
        }
    }

    fn answered(self, answer: Answer) -> Self {
        match (self, answer) {
            (Self::PutLone(step), Answer::Put(done)) => step.put(done),
            (Self::CompleteRecord(step), Answer::Put(done)) => step.swept(done),
            (Self::PutJoined(step), Answer::Joined(done)) => step.put(done),
            (Self::EraseRow(step), Answer::Made) => step.erased(),
            (step, answer) => panic!("{answer:?} does not answer {step:?}"),
        }
    }
}
