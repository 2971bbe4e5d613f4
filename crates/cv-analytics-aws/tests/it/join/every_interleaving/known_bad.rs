//! Ways to keep halves that lose some: the check is worth what it finds in them.

use cv_analytics_aws::item::row::Half;
use cv_analytics_aws::joining::Joining;
use cv_analytics_aws::joining::promotion::{Promotion, Swept};
use cv_analytics_core::interaction::Interaction;

use super::design::{Design, PRODUCT, Step, sweep};
use crate::join::calls::{Answer, Call, Steps};

/// Steps that the product does not take.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum KnownBad {
    /// A response takes its query out of the row.
    DeleteRow(Interaction),
    /// A half looks for its partner, and is written plainly on a miss.
    ReadRow(Interaction),
    /// A half is written over the row.
    PutRow(Half),
    /// The product's own steps, but that a record is put only where there is none.
    PutWhereNone(Joining),
    /// The product's own steps, but that a record is put over a lone half that names more.
    PutOverLone(Joining),
    /// The product's own steps, but that a record is put by `PutItem`.
    PutByPutItem(Joining),
    /// The product's own steps, but that feedback is put whatever is there.
    PutAnyFeedback(Joining),
    /// The product's own steps from here.
    Rest(Joining),
    Done,
}

fn half(delivered: Interaction) -> Half {
    match (delivered.query, delivered.response) {
        (Some(query), None) => Half::Query(query),
        (None, Some(response)) => Half::Response(response),
        _ => panic!("both halves or none"),
    }
}

/// The record of both, where `other` has the half that `one` lacks.
fn both(one: &Interaction, other: Interaction) -> Option<Interaction> {
    let both = Interaction {
        request_id: one.request_id.clone(),
        query: one.query.clone().or(other.query),
        response: one.response.clone().or(other.response),
        feedback: None,
    };
    both.is_joined().then_some(both)
}

impl Steps for KnownBad {
    fn call(&self) -> Option<Call<'_>> {
        match self {
            Self::DeleteRow(_) => Some(Call::DeleteRow),
            Self::ReadRow(_) => Some(Call::ReadRow),
            Self::PutRow(half) => Some(Call::PutRow(half)),
            Self::PutWhereNone(step) => Some(match step.call()? {
                Call::PutJoined(record) => Call::PutJoinedWhereNone(record),
                call => call,
            }),
            Self::PutOverLone(step) => Some(match step.call()? {
                Call::PutJoined(record) => Call::PutJoinedOverLone(record),
                call => call,
            }),
            Self::PutByPutItem(step) => Some(match step.call()? {
                Call::PutJoined(record) => Call::PutJoinedByPutItem(record),
                call => call,
            }),
            Self::PutAnyFeedback(step) => Some(match step.call()? {
                Call::PutFeedback(step) => Call::PutAnyFeedback(step),
                call => call,
            }),
            Self::Rest(step) => step.call(),
            Self::Done => None,
        }
    }

    fn answered(self, answer: Answer) -> Self {
        match (self, answer) {
            (Self::DeleteRow(delivered), Answer::Row(row)) => {
                let row = row.unwrap_or_default();
                let old =
                    Interaction { query: row.query, response: row.response, ..delivered.clone() };
                match both(&delivered, old) {
                    Some(both) => Self::Rest(Joining::begin(both)),
                    None => Self::Rest(Joining::begin(delivered).answered(Answer::Row(None))),
                }
            }
            (Self::ReadRow(delivered), Answer::Row(row)) => {
                let row = row.unwrap_or_default();
                let there =
                    Interaction { query: row.query, response: row.response, ..delivered.clone() };
                match both(&delivered, there) {
                    Some(both) => Self::Rest(Joining::begin(both)),
                    None => Self::PutRow(half(delivered)),
                }
            }
            (Self::PutRow(_), Answer::Made) => Self::Done,
            (Self::PutWhereNone(step), answer) => Self::PutWhereNone(step.answered(answer)),
            (Self::PutOverLone(step), answer) => Self::PutOverLone(step.answered(answer)),
            (Self::PutByPutItem(step), answer) => Self::PutByPutItem(step.answered(answer)),
            (Self::PutAnyFeedback(step), answer) => Self::PutAnyFeedback(step.answered(answer)),
            (Self::Rest(step), answer) => Self::Rest(step.answered(answer)),
            (step, answer) => panic!("{answer:?} does not answer {step:?}"),
        }
    }
}

/// A response takes the query out of its row with `DeleteItem … ALL_OLD`, then puts the record.
pub(super) const DELETE_AND_RETURN: Design = Design {
    begin: |delivered| match (&delivered.query, &delivered.response) {
        (None, Some(_)) => Step::KnownBad(KnownBad::DeleteRow(delivered)),
        _ => (PRODUCT.begin)(delivered),
    },
    ..PRODUCT
};

/// Either half reads the row, and on a miss puts its own half without a condition.
pub(super) const READ_THEN_PLAIN_WRITE: Design = Design {
    begin: |delivered| {
        if delivered.is_joined() {
            (PRODUCT.begin)(delivered)
        } else {
            Step::KnownBad(KnownBad::ReadRow(delivered))
        }
    },
    ..PRODUCT
};

/// A query half is put over whatever its row holds; a response half goes the product's way.
pub(super) const PLAIN_PUT_OF_THE_FIRST_HALF: Design = Design {
    begin: |delivered| match (&delivered.query, &delivered.response) {
        (Some(_), None) => Step::KnownBad(KnownBad::PutRow(half(delivered))),
        _ => (PRODUCT.begin)(delivered),
    },
    ..PRODUCT
};

/// A record with both halves is put only where there is none, a promoted lone half neither.
pub(super) const PROMOTED_FOR_GOOD: Design = Design {
    begin: |delivered| Step::KnownBad(KnownBad::PutWhereNone(Joining::begin(delivered))),
    ..PRODUCT
};

/// Lone responses are not promoted.
pub(super) const ONLY_QUERIES_PROMOTED: Design = Design {
    sweep: |row, indexed| {
        if row.query.is_none() && indexed.is_none() {
            return Promotion::Done(Swept::Nothing);
        }
        sweep(row, indexed)
    },
    ..PRODUCT
};

/// A whole record is put over a promoted query half whose session it lacks.
pub(super) const SESSION_OVERWRITTEN: Design = Design {
    begin: |delivered| Step::KnownBad(KnownBad::PutOverLone(Joining::begin(delivered))),
    ..PRODUCT
};

/// A record with both halves takes the place of the whole item.
pub(super) const RECORDS_BY_PUT_ITEM: Design = Design {
    begin: |delivered| Step::KnownBad(KnownBad::PutByPutItem(Joining::begin(delivered))),
    ..PRODUCT
};

/// The feedback that arrives last stands.
pub(super) const ANY_FEEDBACK: Design = Design {
    begin: |delivered| Step::KnownBad(KnownBad::PutAnyFeedback(Joining::begin(delivered))),
    ..PRODUCT
};

/// The sweep passes over a row whose record has both halves.
pub(super) const WHOLE_RECORDS_LEFT_AS_THEY_ARE: Design = Design {
    sweep: |row, indexed| {
        if indexed.is_some_and(Interaction::is_joined) {
            return Promotion::Done(Swept::Nothing);
        }
        sweep(row, indexed)
    },
    ..PRODUCT
};

/// Messages are acknowledged before anything is written.
pub(super) const ACKNOWLEDGED_FIRST: Design = Design { acknowledges_first: true, ..PRODUCT };

/// What is erased leaves nothing behind.
pub(super) const ERASED_WITHOUT_TOMBSTONE: Design = Design { leaves_tombstone: false, ..PRODUCT };
