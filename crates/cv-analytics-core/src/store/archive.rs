//! What an archive holds of a store.

use crate::dead_letter::DeadLetter;
use crate::event::RequestId;
use crate::interaction::Interaction;
use crate::store::erasure::Mark;
use crate::timestamp::Timestamp;
use crate::week::IsoWeek;

/// One thing that a store keeps.
#[derive(Clone, Debug, PartialEq)]
pub enum Archived {
    /// An interaction; on AWS a half may come again beside its interaction.
    Interaction(Box<Interaction>),
    /// A record of the ledger.
    Ledger {
        /// Its key.
        key: String,
        /// Its value.
        value: String,
    },
    /// The mark of a request that was erased.
    Erased(ErasedId),
    /// The mark of a session that was erased.
    ErasedSession(Mark),
    /// How much arrived in a week that added nothing, could not be read, or was refused.
    Deliveries {
        /// The week of arrival.
        week: IsoWeek,
        /// Halves that came again with the same body.
        duplicates: u64,
        /// Halves that came again with another body.
        conflicts: u64,
        /// Messages that could not be read.
        dead_letters: u64,
        /// Messages refused at the door.
        refused: u64,
    },
    /// A message that could not be read.
    DeadLetter(DeadLetter),
    /// On AWS: the mark that a message could not be read. The message itself is in its queue.
    DeadLetterNote {
        /// The letter's id.
        id: String,
        /// When it arrived.
        arrived_at: Timestamp,
    },
}

/// What is left of an erased request id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErasedId {
    /// The id itself: DynamoDB's tombstone is under it.
    RequestId(RequestId),
    /// Its SHA-256: SQLite keeps no more.
    Sha256(Mark),
}

/// Where reading continues; meaningful only to the store that made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(pub String);

/// A part of what a store keeps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ArchivePage {
    /// What was read.
    pub items: Vec<Archived>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<Cursor>,
    /// Items of another program or version, which are left out.
    pub unreadable: u64,
}

/// What became of things that were put back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PutBack {
    /// They are there now, or were before.
    pub kept: u64,
    /// The store has another value under that key, which stays.
    pub differing: u64,
    /// This kind of store has no place for them.
    pub no_place: u64,
}

impl PutBack {
    /// Adds up two counts.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            kept: self.kept + other.kept,
            differing: self.differing + other.differing,
            no_place: self.no_place + other.no_place,
        }
    }
}
