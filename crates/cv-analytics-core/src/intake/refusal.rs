//! Messages refused at the door: why, how many, and when the last one came.

use serde::Serialize;

use crate::timestamp::Timestamp;

const HOUR_MS: i64 = 3600 * 1000;

/// Why a message was refused before it was stored or became a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalReason {
    /// The signature is wrong, missing or incomplete.
    Signature,
    /// The access key is not the server's.
    Key,
    /// The signature is for another region or service.
    Region,
    /// The signature is right, for a host that is not one of the server's.
    Host,
    /// The signature's date is more than 15 minutes from the server's clock.
    Clock,
    /// The message exceeds 1 MiB, or its request the limit of a body.
    Size,
    /// The sender is known, and the request breaks a rule of the queue or of `/v1/events`.
    Request,
    /// The bearer token of `/v1/events` is wrong or missing.
    Token,
}

impl RefusalReason {
    /// Every reason there is.
    pub const ALL: [Self; 8] = [
        Self::Signature,
        Self::Key,
        Self::Region,
        Self::Host,
        Self::Clock,
        Self::Size,
        Self::Request,
        Self::Token,
    ];

    /// The code, as it is written everywhere: `signature`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Signature => "signature",
            Self::Key => "key",
            Self::Region => "region",
            Self::Host => "host",
            Self::Clock => "clock",
            Self::Size => "size",
            Self::Request => "request",
            Self::Token => "token",
        }
    }

    /// The reason with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

/// Messages that were refused for one reason within one hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusals {
    /// Why.
    pub reason: RefusalReason,
    /// How many.
    pub count: u64,
    /// When the last of them came.
    pub last_at: Timestamp,
}

impl Refusals {
    /// One message, refused at `at`.
    pub const fn one(reason: RefusalReason, at: Timestamp) -> Self {
        Self { reason, count: 1, last_at: at }
    }

    /// The hour that they are counted in, as hours since 1970 (UTC).
    pub const fn hour(&self) -> i64 {
        self.last_at.as_millis().div_euclid(HOUR_MS)
    }

    /// Adds others of the same reason.
    pub fn add(&mut self, others: &Self) {
        self.count = self.count.saturating_add(others.count);
        self.last_at = self.last_at.max(others.last_at);
    }
}

/// How long refused messages are shown by the pages and by `doctor`, in milliseconds: one day.
pub const RECENT_REFUSALS_MS: i64 = 24 * HOUR_MS;
