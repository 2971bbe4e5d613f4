//! What has to hold, in every state or at rest.

use super::moves::Move;
use super::transitions::{Access, DONE_AS_ERASED, NOTHING, Transitions};
use super::world::World;

/// What has to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Property {
    /// In any state each acknowledged half is in the record, or in a row that has not expired.
    AcknowledgedHalvesAreShown,
    /// From any state the sweep of a row ends.
    TheSweepEnds,
    /// From any state a sweep brings each acknowledged half into the record.
    TheSweepKeepsAcknowledgedHalves,
    /// Nobody is told that a request is erased that is not.
    OnlyTheErasedIsCalledErased,
    /// An executor that finds a tombstone where it puts a record is told that the request is erased.
    TheErasedIsCalledErased,
    /// But for erasure a half that is in the record stays in it, and a tombstone stays.
    HalvesStayInTheRecord,
    /// At rest and after a sweep the record is what the joining law makes of all messages.
    EveryOrderEndsInTheSameRecord,
    /// At rest, as long as no row has expired, both halves are in the record before any sweep.
    BothHalvesNeedNoSweep,
    /// At rest and after a sweep neither table holds a half of what was erased.
    NothingComesBackAfterErasure,
}

impl Property {
    pub(super) const ALL: &[Self] = &[
        Self::AcknowledgedHalvesAreShown,
        Self::TheSweepEnds,
        Self::TheSweepKeepsAcknowledgedHalves,
        Self::OnlyTheErasedIsCalledErased,
        Self::TheErasedIsCalledErased,
        Self::HalvesStayInTheRecord,
        Self::EveryOrderEndsInTheSameRecord,
        Self::BothHalvesNeedNoSweep,
        Self::NothingComesBackAfterErasure,
    ];
    /// What nothing that comes later can fix.
    pub(super) const AT_REST: &[Self] =
        &[Self::EveryOrderEndsInTheSameRecord, Self::NothingComesBackAfterErasure];

    pub(super) fn holds_in(self, world: &World, transitions: &mut Transitions) -> bool {
        let is_erased = world.is_erased(transitions);
        match self {
            Self::AcknowledgedHalvesAreShown => {
                // An expired row may still be there: no report may need it.
                let row = if world.is_swept == 1 { NOTHING } else { world.row };
                is_erased || world.acknowledged & !transitions.shown(row, world.record) == 0
            }
            Self::TheSweepEnds => transitions.after_sweep(world.row, world.record).is_some(),
            Self::TheSweepKeepsAcknowledgedHalves => {
                is_erased
                    || transitions.after_sweep(world.row, world.record).is_some_and(
                        |(_, record)| world.acknowledged & !transitions.shown(NOTHING, record) == 0,
                    )
            }
            Self::OnlyTheErasedIsCalledErased => {
                is_erased || !world.executors.iter().any(|one| one.step == DONE_AS_ERASED)
            }
            Self::TheErasedIsCalledErased | Self::HalvesStayInTheRecord => true,
            Self::EveryOrderEndsInTheSameRecord => {
                is_erased
                    || !world.is_at_rest(transitions)
                    || transitions
                        .after_sweep(world.row, world.record)
                        .is_some_and(|(_, record)| transitions.is_lawful(record))
            }
            Self::BothHalvesNeedNoSweep => {
                let may_expire = transitions.scenario().faults.expiry;
                is_erased
                    || may_expire
                    || !world.is_at_rest(transitions)
                    || transitions.is_lawful(world.record)
                    || transitions.is_lone(world.row)
            }
            Self::NothingComesBackAfterErasure => {
                !is_erased
                    || !world.is_at_rest(transitions)
                    || transitions.after_sweep(world.row, world.record).is_some_and(
                        |(row, record)| {
                            !transitions.holds_half(row) && transitions.shown(row, record) == 0
                        },
                    )
            }
        }
    }

    /// Whether `done` may lead from `before` to `after`.
    pub(super) fn allows(
        self,
        before: &World,
        done: Move,
        after: &World,
        transitions: &mut Transitions,
    ) -> bool {
        match (self, done) {
            (Self::TheErasedIsCalledErased, Move::Call { step }) => {
                let told = |world: &World| {
                    world.executors.iter().filter(|one| one.step == DONE_AS_ERASED).count()
                };
                before.record != transitions.tombstone
                    || transitions.access(step) != Some(Access::PutsRecord)
                    || told(after) > told(before)
            }
            (Self::HalvesStayInTheRecord, Move::PutTombstone | Move::EraseRow) => true,
            (Self::HalvesStayInTheRecord, _) => transitions.may_follow(before.record, after.record),
            _ => true,
        }
    }
}
