//! A message that cannot be read, kept whole with its reason.

use std::fmt;

use serde::Serialize;

use crate::intake::named_ids::NamedIds;
use crate::timestamp::Timestamp;

/// Why a message became a dead letter: the contract's reason codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The bytes are not JSON text (RFC 8259), or not UTF-8.
    NotJson,
    /// The JSON is not an object.
    NotAnObject,
    /// `eventType` is none of `query`, `response` and `feedback`.
    UnknownEventType,
    /// A required field is absent or `null`.
    MissingField,
    /// `requestId` is empty, longer than 119 characters, or reserved.
    BadRequestId,
    /// A timestamp cannot be read, or is outside the years 2000 to 2100.
    BadTimestamp,
    /// Match type or match score is not one of those that exist.
    BadMatch,
    /// `outcome` is not one of those that exist.
    BadOutcome,
    /// `rating` is neither up nor down.
    BadRating,
    /// A field holds a value of another type than its own.
    WrongType,
    /// The kept form would exceed 256 KiB.
    TooLarge,
    /// The store will never take the event, though it could be read.
    RefusedByStore,
}

impl Reason {
    /// Every reason there is.
    pub const ALL: [Self; 12] = [
        Self::NotJson,
        Self::NotAnObject,
        Self::UnknownEventType,
        Self::MissingField,
        Self::BadRequestId,
        Self::BadTimestamp,
        Self::BadMatch,
        Self::BadOutcome,
        Self::BadRating,
        Self::WrongType,
        Self::TooLarge,
        Self::RefusedByStore,
    ];

    /// The code, as it is written everywhere: `not_json`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotJson => "not_json",
            Self::NotAnObject => "not_an_object",
            Self::UnknownEventType => "unknown_event_type",
            Self::MissingField => "missing_field",
            Self::BadRequestId => "bad_request_id",
            Self::BadTimestamp => "bad_timestamp",
            Self::BadMatch => "bad_match",
            Self::BadOutcome => "bad_outcome",
            Self::BadRating => "bad_rating",
            Self::WrongType => "wrong_type",
            Self::TooLarge => "too_large",
            Self::RefusedByStore => "refused_by_store",
        }
    }

    /// The reason with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

/// What stands between what was wrong and the message group.
const IN_GROUP: &str = "; message group ";

/// A message that cannot be read, with its original bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Why it could not be read.
    pub reason: Reason,
    /// What was wrong and where, for a person, and the message group; holds no free text of the message.
    pub detail: String,
    /// The original bytes, whole.
    pub body: Vec<u8>,
    /// When it arrived.
    pub arrived_at: Timestamp,
}

impl DeadLetter {
    /// The message group in which it came, where one is noted: agents often give each request its own.
    pub fn group(&self) -> Option<&str> {
        group_in(&self.detail)
    }

    /// What it names: in its body, and by its message group.
    pub fn named(&self) -> NamedIds {
        NamedIds::in_message(&self.body, self.group())
    }

    /// Notes the message group in which it came.
    #[must_use]
    pub(crate) fn in_group(mut self, group: &str) -> Self {
        self.detail += IN_GROUP;
        self.detail += group;
        self
    }
}

/// The message group that a letter's detail ends with.
pub fn group_in(detail: &str) -> Option<&str> {
    detail.rsplit_once(IN_GROUP).map(|(_, group)| group)
}
