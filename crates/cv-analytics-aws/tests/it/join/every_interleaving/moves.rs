//! Every move from a state: one executor makes one call, or something goes wrong.

use super::transitions::{
    Access, Batch, DONE, DONE_AS_ERASED, IDLE, NOTHING, Outcome, Transitions,
};
use super::world::{Erasure, Executor, Sweep, World};

/// What happens between one state and the next.
#[derive(Clone, Copy, Debug)]
pub(super) enum Move {
    Take(Batch),
    Call { step: u8 },
    StaleRead { step: u8 },
    LoseAnswer { step: u8 },
    Acknowledge,
    Crash { step: u8 },
    BeginSweep { row: u8, indexed: u8 },
    SweepCall { step: u8 },
    LoseSweepAnswer { step: u8 },
    CrashSweep,
    Expire,
    PutTombstone,
    EraseRow,
    CrashErasure,
}

impl World {
    /// Every state that may follow, and how.
    pub(super) fn moves(
        &self,
        transitions: &mut Transitions,
        batches: &[Batch],
        next: &mut Vec<(Move, Self)>,
    ) {
        for place in 0..transitions.scenario().executors {
            // Executors are alike: what one may do the other need not do too.
            if place == 0 || self.executors[place] != self.executors[place - 1] {
                self.moves_of(place, transitions, batches, next);
            }
        }
        self.moves_of_sweep(transitions, next);
        self.moves_of_erasure(transitions, next);
        let may_expire = self.is_swept == 1 || self.row == transitions.erased_row;
        if transitions.scenario().faults.expiry && self.row != NOTHING && may_expire {
            let mut world = *self;
            world.set_row(NOTHING);
            next.push((Move::Expire, world));
        }
    }

    fn moves_of(
        &self,
        place: usize,
        transitions: &mut Transitions,
        batches: &[Batch],
        next: &mut Vec<(Move, Self)>,
    ) {
        let faults = transitions.scenario().faults;
        let Executor { step, messages } = self.executors[place];
        let mut push = |done: Move, mut world: Self, executor: Executor| {
            world.executors[place] = executor;
            world.sort_executors();
            next.push((done, world));
        };
        if step == IDLE {
            let held = self.executors.iter().fold(0, |held, executor| held | executor.messages);
            for &batch in batches {
                if faults.redeliveries || batch.messages & (self.acknowledged | held) == 0 {
                    let mut world = *self;
                    let mut messages = batch.messages;
                    if transitions.design().acknowledges_first {
                        world.acknowledged |= messages;
                        messages = 0;
                    }
                    push(Move::Take(batch), world, Executor { step: batch.step, messages });
                }
            }
            if transitions.scenario().is_swept_twice {
                for (done, step) in self.sweeps(transitions) {
                    push(done, *self, Executor { step, messages: 0 });
                }
            }
            return;
        }
        if faults.crashes {
            push(Move::Crash { step }, *self, Executor::default());
        }
        match transitions.access(step) {
            None => {
                let mut world = *self;
                world.acknowledged |= messages;
                push(Move::Acknowledge, world, Executor::default());
            }
            Some(Access::Writes | Access::PutsRecord) => {
                let Outcome { step: after, row, record } =
                    transitions.outcome(step, self.row, self.record);
                let mut world = *self;
                world.set_row(row);
                world.set_record(record);
                push(Move::Call { step }, world, Executor { step: after, messages });
                if faults.lost_answers && world != *self {
                    push(Move::LoseAnswer { step }, world, Executor { step, messages });
                }
            }
            Some(Access::ReadsRow) => {
                let rows = if faults.stale_reads { self.rows } else { 1 << self.row };
                for row in versions(rows.into()) {
                    let after = transitions.outcome(step, row, self.record).step;
                    let done = if row == self.row {
                        Move::Call { step }
                    } else {
                        Move::StaleRead { step }
                    };
                    push(done, *self, Executor { step: after, messages });
                }
            }
            Some(Access::ReadsRecord) => {
                let records = if faults.stale_reads { self.records } else { 1 << self.record };
                for record in versions(records) {
                    let after = transitions.outcome(step, self.row, record).step;
                    let done = if record == self.record {
                        Move::Call { step }
                    } else {
                        Move::StaleRead { step }
                    };
                    push(done, *self, Executor { step: after, messages });
                }
            }
        }
    }

    /// Every beginning of a sweep: with any version of the row, and of what the index shows.
    fn sweeps(&self, transitions: &mut Transitions) -> Vec<(Move, u8)> {
        let (rows, records) = if transitions.scenario().faults.stale_reads {
            (self.rows, self.records)
        } else {
            (1 << self.row, 1 << self.record)
        };
        let mut sweeps = Vec::new();
        for row in versions(rows.into()).filter(|&row| row != NOTHING) {
            for indexed in versions(records) {
                let step = transitions.sweep(row, indexed);
                sweeps.push((Move::BeginSweep { row, indexed }, step));
            }
        }
        sweeps
    }

    fn moves_of_sweep(&self, transitions: &mut Transitions, next: &mut Vec<(Move, Self)>) {
        let faults = transitions.scenario().faults;
        let Sweep { step, has_seen } = self.sweep;
        if step == IDLE {
            for (done, step) in self.sweeps(transitions) {
                let Move::BeginSweep { row, .. } = done else { continue };
                let mut world = *self;
                world.go_on_sweeping(step, u8::from(row == self.row));
                next.push((done, world));
            }
            return;
        }
        if faults.crashes {
            next.push((Move::CrashSweep, Self { sweep: Sweep::default(), ..*self }));
        }
        let after = transitions.outcome(step, self.row, self.record);
        let mut made = *self;
        made.set_row(after.row);
        made.set_record(after.record);
        if faults.lost_answers && made != *self {
            next.push((Move::LoseSweepAnswer { step }, made));
        }
        // What the sweep itself did to the row it has seen as well.
        made.go_on_sweeping(after.step, has_seen);
        next.push((Move::SweepCall { step }, made));
    }

    fn go_on_sweeping(&mut self, step: u8, has_seen: u8) {
        if step == DONE || step == DONE_AS_ERASED {
            self.is_swept |= has_seen;
            self.sweep = Sweep::default();
        } else {
            self.sweep = Sweep { step, has_seen };
        }
    }

    fn moves_of_erasure(&self, transitions: &Transitions, next: &mut Vec<(Move, Self)>) {
        let faults = transitions.scenario().faults;
        let mut world = *self;
        match self.erasure {
            Erasure::Never | Erasure::Done => {}
            Erasure::ToCome if transitions.design().leaves_tombstone => {
                // A lost answer and a crash right after leave the same behind.
                world.set_record(transitions.tombstone);
                world.erasure = Erasure::TombstonePut;
                next.push((Move::PutTombstone, world));
            }
            Erasure::ToCome => {
                world.set_record(NOTHING);
                world.set_row(NOTHING);
                world.erasure = Erasure::Done;
                next.push((Move::EraseRow, world));
            }
            Erasure::TombstonePut => {
                world.set_row(transitions.erased_row);
                if faults.lost_answers && world != *self {
                    next.push((Move::EraseRow, world));
                }
                world.erasure = Erasure::Done;
                next.push((Move::EraseRow, world));
                if faults.crashes {
                    next.push((Move::CrashErasure, Self { erasure: Erasure::ToCome, ..*self }));
                }
            }
        }
    }
}

/// The numbers in a set.
struct Versions(u16);

fn versions(set: u16) -> Versions {
    Versions(set)
}

impl Iterator for Versions {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        if self.0 == 0 {
            return None;
        }
        let lowest = self.0.trailing_zeros();
        self.0 &= self.0 - 1;
        u8::try_from(lowest).ok()
    }
}
