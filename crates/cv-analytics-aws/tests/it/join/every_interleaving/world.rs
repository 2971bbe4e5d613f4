//! One state of tables, executors, sweep, erasure and queue.
//!
//! The queue needs no place in it: a message that is not acknowledged will be delivered, and one
//! that is acknowledged may be.

use super::transitions::{IDLE, NOTHING, Transitions};

/// The most executors at once.
pub(super) const EXECUTORS: usize = 3;

/// A state, each part of it a number of [`Transitions`], a set as bits, or 0 and 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct World {
    pub(super) row: u8,
    /// Every row that there was since the beginning: what a stale read may give.
    pub(super) rows: u8,
    pub(super) record: u8,
    /// Every record that there was.
    pub(super) records: u16,
    /// Whether a whole sweep has seen the row as it is: it may count as expired from then on.
    pub(super) is_swept: u8,
    pub(super) executors: [Executor; EXECUTORS],
    pub(super) sweep: Sweep,
    pub(super) erasure: Erasure,
    /// The messages that were acknowledged.
    pub(super) acknowledged: u8,
}

/// A state in sixteen bytes.
pub(super) type Packed = [u64; 2];

/// What one executor is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Executor {
    pub(super) step: u8,
    /// The messages that it acknowledges at the end.
    pub(super) messages: u8,
}

impl Executor {
    fn key(self) -> u16 {
        u16::from(self.step) << 8 | u16::from(self.messages)
    }
}

/// What the sweep is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sweep {
    pub(super) step: u8,
    /// Whether the row still is what the sweep has read.
    pub(super) has_seen: u8,
}

/// How far the owner's erasure is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Erasure {
    #[default]
    Never,
    /// It may begin, again where it was broken off.
    ToCome,
    TombstonePut,
    Done,
}

impl World {
    /// Nothing is there, and every message waits.
    pub(super) fn beginning(transitions: &Transitions) -> Self {
        let erasure =
            if transitions.scenario().is_erased { Erasure::ToCome } else { Erasure::Never };
        Self { rows: 1 << NOTHING, records: 1 << NOTHING, erasure, ..Self::default() }
    }

    /// The state in sixteen bytes.
    pub(super) fn packed(&self) -> Packed {
        let [one, two, three] = self.executors;
        let [some_records, more_records] = self.records.to_le_bytes();
        let tables = [
            self.row,
            self.rows,
            self.record,
            some_records,
            self.is_swept,
            self.sweep.step,
            self.sweep.has_seen,
            self.erasure as u8,
        ];
        let (one, two, three) = (one.key(), two.key(), three.key());
        let executors = u64::from(one) << 32 | u64::from(two) << 16 | u64::from(three);
        let rest = u64::from(more_records) << 56 | executors << 8 | u64::from(self.acknowledged);
        [u64::from_le_bytes(tables), rest]
    }

    /// The state that was packed.
    pub(super) fn unpacked([tables, rest]: Packed) -> Self {
        let [row, rows, record, some_records, is_swept, step, has_seen, erasure] =
            tables.to_le_bytes();
        let erasure = match erasure {
            0 => Erasure::Never,
            1 => Erasure::ToCome,
            2 => Erasure::TombstonePut,
            _ => Erasure::Done,
        };
        let [acknowledged, executors @ .., more_records] = rest.to_le_bytes();
        let records = u16::from_le_bytes([some_records, more_records]);
        let executor =
            |place: usize| Executor { step: executors[place + 1], messages: executors[place] };
        let executors = [executor(4), executor(2), executor(0)];
        let sweep = Sweep { step, has_seen };
        Self { row, rows, record, records, is_swept, executors, sweep, erasure, acknowledged }
    }

    /// Whether nobody works on anything, every message is acknowledged, and no erasure is half done.
    pub(super) fn is_at_rest(&self, transitions: &Transitions) -> bool {
        u32::try_from(transitions.scenario().events.len()) == Ok(self.acknowledged.count_ones())
            && self.executors.iter().all(|executor| executor.step == IDLE)
            && self.sweep.step == IDLE
            && self.erasure != Erasure::TombstonePut
    }

    /// Whether the owner has asked for the request to be erased.
    pub(super) fn is_erased(&self, transitions: &Transitions) -> bool {
        self.record == transitions.tombstone
            || matches!(self.erasure, Erasure::TombstonePut | Erasure::Done)
    }

    /// Executors are alike. Those that there are not are idle, and idle ones come last.
    pub(super) fn sort_executors(&mut self) {
        let [one, two, three] = self.executors;
        let (one, two) = if one.key() < two.key() { (two, one) } else { (one, two) };
        let (two, three) = if two.key() < three.key() { (three, two) } else { (two, three) };
        let (one, two) = if one.key() < two.key() { (two, one) } else { (one, two) };
        self.executors = [one, two, three];
    }

    pub(super) fn set_row(&mut self, row: u8) {
        if row != self.row {
            self.row = row;
            self.rows |= 1 << row;
            self.is_swept = 0;
            self.sweep.has_seen = 0;
        }
    }

    pub(super) fn set_record(&mut self, record: u8) {
        self.record = record;
        self.records |= 1 << record;
    }
}
