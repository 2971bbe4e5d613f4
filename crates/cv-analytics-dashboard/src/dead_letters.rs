//! What the dashboard asks of those who keep messages that could not be read.

use std::error::Error;
use std::future::Future;

use cv_analytics_core::timestamp::Timestamp;

/// A failure of the keeper, in a sentence.
pub type DeadLetterError = Box<dyn Error + Send + Sync>;

/// A message that could not be read, without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Names it.
    pub id: String,
    /// The reason's code; `None` where SQS moved it by itself.
    pub reason: Option<String>,
    /// What was wrong and where.
    pub detail: String,
    /// When it arrived.
    pub arrived_at: Timestamp,
    /// Bytes of its body.
    pub bytes: u64,
}

/// The newest entries, and how many there are beside them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// The newest first.
    pub entries: Vec<Entry>,
    /// Those that are not among them.
    pub more: u64,
}

/// What became of a letter that was to be read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retried {
    /// It could be read, and is kept.
    Kept,
    /// It still cannot be read.
    StillDead,
    /// It is of what the owner had erased, and is dropped.
    Erased,
    /// It is on its way through the queue again.
    Sent,
    /// There is none with this id.
    NotThere,
}

/// Keeps messages that could not be read; the program joins this to a store or a queue.
pub trait DeadLetters: Send + Sync + 'static {
    /// Lists at most `limit`.
    fn list(&self, limit: usize) -> impl Future<Output = Result<Listed, DeadLetterError>> + Send;

    /// How many there are, without looking at them.
    fn count(&self) -> impl Future<Output = Result<u64, DeadLetterError>> + Send;

    /// One with its bytes.
    fn letter(
        &self,
        id: &str,
    ) -> impl Future<Output = Result<Option<(Entry, Vec<u8>)>, DeadLetterError>> + Send;

    /// Reads one again.
    fn retry(&self, id: &str) -> impl Future<Output = Result<Retried, DeadLetterError>> + Send;

    /// Deletes one for good; `false` where there is none with this id.
    fn drop_letter(&self, id: &str) -> impl Future<Output = Result<bool, DeadLetterError>> + Send;
}
