//! What each way of an interaction through the tables costs in request units, as it was measured.
//!
//! `tests/on_emulator/prices.rs` holds the product to these figures, and `cost` counts with them.

use crate::tables::request_units::Units;

/// Read request units of an interaction at most, in the eight reports and three sweeps that see it.
pub const REPORT_READS: u32 = 1;

/// Write request units of a message that came before, at most.
pub const REDELIVERY_WRITES: u32 = 1;

/// Write request units of feedback on a record under 1 KB, or before it, the index's share included.
pub const FEEDBACK_WRITES: u32 = 2;

/// How the halves of an interaction arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InteractionPath {
    /// A query, then a response that carries the query too: what the Worker's client sends.
    SelfContained,
    /// A query, then a response that needs it.
    InOrder,
    /// A response that needs its query, then the query.
    ResponseFirst,
    /// Both halves in one batch.
    OneBatch,
    /// A query whose response never comes; the sweep makes a record of it.
    Unanswered,
}

/// Request units of one interaction by what they are spent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathUnits {
    /// Halves of a read request unit on interim rows.
    pub half_reads: u32,
    /// Writes of interim rows.
    pub interim_writes: u32,
    /// Writes of records.
    pub record_writes: u32,
    /// Writes of the index that follow from those.
    pub index_writes: u32,
}

impl InteractionPath {
    /// What it takes until a record under 1 KB is there.
    pub const fn units(self) -> PathUnits {
        self.units_of(1)
    }

    /// What it takes until a record of so many begun kilobytes of 1,024 bytes is there. A row holds a response, with its
    /// long texts, only where that comes first.
    pub const fn units_of(self, kilobytes: u32) -> PathUnits {
        let (half_reads, interim_writes) = match self {
            Self::OneBatch => (0, 0),
            Self::SelfContained | Self::Unanswered => (0, 1),
            Self::InOrder => (1, 1),
            Self::ResponseFirst => (1, 2 * kilobytes),
        };
        PathUnits { half_reads, interim_writes, record_writes: kilobytes, index_writes: kilobytes }
    }

    /// Messages that it takes.
    pub const fn messages(self) -> u32 {
        match self {
            Self::Unanswered => 1,
            Self::SelfContained | Self::InOrder | Self::ResponseFirst | Self::OneBatch => 2,
        }
    }
}

impl PathUnits {
    /// Write request units in all.
    pub const fn writes(self) -> u32 {
        self.interim_writes + self.record_writes + self.index_writes
    }
}

impl From<PathUnits> for Units {
    fn from(units: PathUnits) -> Self {
        Self { read: f64::from(units.half_reads) / 2.0, write: f64::from(units.writes()) }
    }
}
