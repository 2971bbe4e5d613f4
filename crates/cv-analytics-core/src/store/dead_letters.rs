//! Messages that could not be read, as their owner goes through them.

use crate::timestamp::Timestamp;

/// A dead letter in a list, without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetterEntry {
    /// Names it in this store.
    pub id: String,
    /// The reason's code; `None` where SQS moved the message by itself.
    pub reason: Option<String>,
    /// What was wrong and where.
    pub detail: Option<String>,
    /// When it arrived.
    pub arrived_at: Timestamp,
    /// Bytes of its body.
    pub bytes: u64,
}

/// The newest dead letters, and how many there are beside them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeadLetterList {
    /// The newest first.
    pub entries: Vec<DeadLetterEntry>,
    /// Those that a greater limit would list.
    pub more: u64,
    /// Those that cannot be listed now: a queue gives none of a message group while an earlier one is out.
    pub blocked: u64,
}

/// A dead letter with its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDeadLetter {
    /// What a list says of it.
    pub entry: DeadLetterEntry,
    /// The original bytes, whole.
    pub body: Vec<u8>,
}

/// Which dead letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeadLetterSelection {
    /// All of them.
    All,
    /// Those with these ids.
    Ids(Vec<String>),
}

impl DeadLetterSelection {
    /// The one with this id.
    pub fn one(id: impl Into<String>) -> Self {
        Self::Ids(vec![id.into()])
    }
}

/// What became of dead letters that were retried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retried {
    /// Of those that were there.
    pub outcome: RetryOutcome,
    /// The first id of which there was none; those after it were left as they are.
    pub missing: Option<String>,
}

/// How dead letters were retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryOutcome {
    /// The store read them again itself.
    ReadAgain(ReadAgain),
    /// So many were sent through the events queue again.
    SentAgain(u64),
}

/// What became of dead letters that were read again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadAgain {
    /// They could be read, and are kept.
    pub kept: u64,
    /// They still cannot be read.
    pub still_dead: u64,
    /// They name what was erased, and are dropped.
    pub erased: u64,
}

/// What became of dead letters that were to be dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// How many were.
    pub dropped: u64,
    /// The first id of which there was none.
    pub missing: Option<String>,
}
