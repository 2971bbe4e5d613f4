//! A way to keep halves: the product's own, or one that is known to lose them.

use cv_analytics_aws::item::row::InterimRow;
use cv_analytics_aws::joining::promotion::{PROMOTED_AFTER_MS, Promotion, Swept};
use cv_analytics_aws::joining::{JoinOutcome, Joining};
use cv_analytics_core::interaction::Interaction;

use super::known_bad::KnownBad;
use crate::join::calls::{Answer, Call, Steps};
use crate::join::events::{ASKED_AT, request_id};

/// What an executor or the sweep does next.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    Joining(Joining),
    Promotion(Promotion),
    KnownBad(KnownBad),
}

impl Step {
    /// Whether it ended without keeping anything, since the owner had it erased.
    pub(super) fn is_done_as_erased(&self) -> bool {
        matches!(self, Self::Joining(Joining::Done(JoinOutcome::Erased)))
    }
}

impl Steps for Step {
    fn call(&self) -> Option<Call<'_>> {
        match self {
            Self::Joining(step) => step.call(),
            Self::Promotion(step) => step.call(),
            Self::KnownBad(step) => step.call(),
        }
    }

    fn answered(self, answer: Answer) -> Self {
        match self {
            Self::Joining(step) => Self::Joining(step.answered(answer)),
            Self::Promotion(step) => Self::Promotion(step.answered(answer)),
            Self::KnownBad(step) => Self::KnownBad(step.answered(answer)),
        }
    }
}

/// How halves are kept, swept and erased.
#[derive(Clone, Copy)]
pub(super) struct Design {
    /// Begins with what one batch brought.
    pub(super) begin: fn(Interaction) -> Step,
    /// Begins with a row that is old enough, and what the index shows.
    pub(super) sweep: fn(InterimRow, Option<&Interaction>) -> Promotion,
    pub(super) acknowledges_first: bool,
    pub(super) leaves_tombstone: bool,
}

/// The product's own.
pub(super) const PRODUCT: Design = Design {
    begin: |delivered| Step::Joining(Joining::begin(delivered)),
    sweep,
    acknowledges_first: false,
    leaves_tombstone: true,
};

/// The product's sweep. While a lone half is young it waits, and nothing else changes with age.
pub(super) fn sweep(row: InterimRow, indexed: Option<&Interaction>) -> Promotion {
    let old = ASKED_AT.plus_millis(2 * PROMOTED_AFTER_MS);
    let begun = Promotion::begin(request_id(0), row.clone(), indexed, old);
    let young = Promotion::begin(request_id(0), row, indexed, ASKED_AT);
    assert!(young == begun || young == Promotion::Done(Swept::Waiting), "{young:?}");
    assert_ne!(begun, Promotion::Done(Swept::Waiting));
    begun
}
