//! The values that a filter is made of, and how addresses write and read each.

use std::fmt;
use std::ops::RangeInclusive;

use cv_analytics_core::event::{MatchSource, MatchType, Outcome, Rating, SessionDigest, Traffic};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use serde::{Deserialize, Deserializer, Serializer};

use crate::model::{GapKind, NameType};

/// A value of an address.
pub(super) trait Parameter: Sized {
    fn write(&self) -> String;
    fn read(text: &str) -> Result<Self, String>;
}

/// Writes and reads a [`Parameter`]; an empty value is none.
pub(super) mod parameter {
    use super::{Deserialize, Deserializer, Parameter, Serializer};

    #[expect(clippy::ref_option, reason = "serde asks for it so")]
    pub(crate) fn serialize<T: Parameter, S: Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&value.as_ref().map(T::write).unwrap_or_default())
    }

    pub(crate) fn deserialize<'de, T: Parameter, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<T>, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.trim() {
            "" => Ok(None),
            text => T::read(text).map(Some).map_err(serde::de::Error::custom),
        }
    }
}

/// Declares how a closed set of values is written, with the parameter's name for errors.
macro_rules! coded {
    ($type:ty, $name:literal, [$($code:expr => $value:expr),+ $(,)?]) => {
        impl Parameter for $type {
            fn write(&self) -> String {
                let codes = [$(($code, $value)),+];
                codes.iter().find(|(_, value)| value == self).map_or("", |(code, _)| *code).to_owned()
            }

            fn read(text: &str) -> Result<Self, String> {
                let codes = [$(($code, $value)),+];
                let found = codes.iter().find(|(code, _)| *code == text).map(|(_, value)| *value);
                found.ok_or_else(|| {
                    let codes = codes.map(|(code, _)| code).join(", ");
                    format!("invalid {} {text:?}: expected one of {codes}", $name)
                })
            }
        }
    };
}

/// How well a question is covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// By the agent's own rating of an answer.
    Rated(MatchType),
    /// However well, by the agent's own rating.
    AnyRating,
    /// The agent did not say.
    Unrated,
}

impl From<MatchType> for Coverage {
    fn from(rating: MatchType) -> Self {
        Self::Rated(rating)
    }
}

coded!(Coverage, "match", [
    MatchType::Full.code() => Self::Rated(MatchType::Full),
    MatchType::Partial.code() => Self::Rated(MatchType::Partial),
    MatchType::None.code() => Self::Rated(MatchType::None),
    "rated" => Self::AnyRating,
    "unrated" => Self::Unrated,
]);

/// How the handling of a question ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With this outcome.
    With(Outcome),
    /// No response has come.
    Unanswered,
}

coded!(Ended, "outcome", [
    Outcome::Answered.code() => Self::With(Outcome::Answered),
    Outcome::NoMatch.code() => Self::With(Outcome::NoMatch),
    Outcome::Blocked.code() => Self::With(Outcome::Blocked),
    Outcome::OffHours.code() => Self::With(Outcome::OffHours),
    Outcome::Quota.code() => Self::With(Outcome::Quota),
    Outcome::AiError.code() => Self::With(Outcome::AiError),
    Outcome::Error.code() => Self::With(Outcome::Error),
    Self::Unanswered.code() => Self::Unanswered,
]);

impl From<Outcome> for Ended {
    fn from(outcome: Outcome) -> Self {
        Self::With(outcome)
    }
}

impl From<Option<Outcome>> for Ended {
    fn from(outcome: Option<Outcome>) -> Self {
        outcome.map_or(Self::Unanswered, Self::With)
    }
}

impl Ended {
    /// The code that stands for it in addresses, exports and actions.
    pub const fn code(self) -> &'static str {
        match self {
            Self::With(outcome) => outcome.code(),
            Self::Unanswered => "unanswered",
        }
    }

    /// The end that `code` stands for.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::read(code).ok()
    }

    /// The outcome; `None` where no response has come.
    pub const fn outcome(self) -> Option<Outcome> {
        match self {
            Self::With(outcome) => Some(outcome),
            Self::Unanswered => None,
        }
    }
}

/// How a question fared, by the rule that decides gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handled {
    /// It is in no gap of any kind.
    Well,
    /// The agent covered nothing, or only a part.
    Unmatched,
    /// A quota, the model or an error, or no answer came.
    Failed,
    /// A filter or the hour.
    Refused,
}

coded!(Handled, "handled", [
    "well" => Self::Well,
    "unmatched" => Self::Unmatched,
    "failed" => Self::Failed,
    "refused" => Self::Refused,
]);

/// Which halves an interaction has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halves {
    /// A question, with or without an answer.
    Query,
    /// An answer, with or without a question.
    Response,
    /// Both.
    Both,
    /// A question alone, or an answer alone.
    One,
    /// An answer alone.
    ResponseOnly,
}

coded!(Halves, "half", [
    "query" => Self::Query,
    "response" => Self::Response,
    "both" => Self::Both,
    "one" => Self::One,
    "response-only" => Self::ResponseOnly,
]);

/// Why an interaction counts in no figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// For whatever reason.
    Any,
    /// It is a bot's, the owner's own, or a canary.
    Traffic(Traffic),
    /// The owner lists it or its session.
    Listed,
}

coded!(LeftOut, "left-out", [
    "any" => Self::Any,
    Traffic::Bot.code() => Self::Traffic(Traffic::Bot),
    Traffic::Own.code() => Self::Traffic(Traffic::Own),
    Traffic::Canary.code() => Self::Traffic(Traffic::Canary),
    "listed" => Self::Listed,
]);

/// That something holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Yes;

coded!(Yes, "disagree", ["yes" => Self]);

coded!(NameType, "type", [
    Self::Skill.code() => Self::Skill,
    Self::Topic.code() => Self::Topic,
]);

coded!(GapKind, "kind", [
    Self::NotOnCv.code() => Self::NotOnCv,
    Self::NotRetrieved.code() => Self::NotRetrieved,
    Self::NoAnswer.code() => Self::NoAnswer,
    Self::Unmatched.code() => Self::Unmatched,
    Self::Fault.code() => Self::Fault,
    Self::Blocked.code() => Self::Blocked,
]);

coded!(MatchSource, "source", [
    Self::Model.code() => Self::Model,
    Self::Similarity.code() => Self::Similarity,
    Self::Unknown.code() => Self::Unknown,
]);

coded!(Rating, "rating", [
    Self::Up.code() => Self::Up,
    Self::Down.code() => Self::Down,
]);

/// Whose interactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfSession {
    /// Those of any session.
    Known,
    /// Those of none.
    None,
    /// Those of this one.
    Is(SessionDigest),
}

impl OfSession {
    /// A session by the digest that pages show, else by its kept form.
    pub fn named(id: &str) -> SessionDigest {
        SessionDigest::from_digits(id).unwrap_or_else(|| SessionDigest::of(id))
    }
}

impl Parameter for OfSession {
    fn write(&self) -> String {
        match self {
            Self::Known => "known".to_owned(),
            Self::None => "none".to_owned(),
            Self::Is(session) => session.to_string(),
        }
    }

    fn read(text: &str) -> Result<Self, String> {
        Ok(match text {
            "known" => Self::Known,
            "none" => Self::None,
            id => Self::Is(Self::named(id)),
        })
    }
}

/// Match scores from a lowest one to below another; up to 100 where that is the end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreRange {
    /// The lowest.
    pub from: f64,
    /// Above the highest.
    pub to: f64,
}

impl ScoreRange {
    /// Any score.
    pub const ALL: Self = Self { from: 0.0, to: 100.0 };

    /// Whether `score` is in it.
    pub fn contains(self, score: f64) -> bool {
        score >= self.from && (score < self.to || (self.to >= 100.0 && score <= 100.0))
    }
}

impl fmt::Display for ScoreRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::ALL => formatter.write_str("known"),
            Self { from, to } => write!(formatter, "{from}-{to}"),
        }
    }
}

impl Parameter for ScoreRange {
    fn write(&self) -> String {
        self.to_string()
    }

    fn read(text: &str) -> Result<Self, String> {
        if text == "known" {
            return Ok(Self::ALL);
        }
        let range = text.split_once('-').and_then(|(from, to)| {
            let bound =
                |text: &str| text.parse::<f64>().ok().filter(|score| (0.0..=100.0).contains(score));
            Some(Self { from: bound(from)?, to: bound(to)? })
        });
        range.ok_or_else(|| {
            format!("invalid score {text:?}: expected a range from 0 to 100 as in 80-90, or known")
        })
    }
}

/// Latencies, milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LatencyRange(pub RangeInclusive<u64>);

impl Parameter for LatencyRange {
    fn write(&self) -> String {
        match (*self.0.start(), *self.0.end()) {
            (0, u64::MAX) => "known".to_owned(),
            (from, u64::MAX) => format!("{from}-"),
            (from, to) => format!("{from}-{to}"),
        }
    }

    fn read(text: &str) -> Result<Self, String> {
        if text == "known" {
            return Ok(Self(0..=u64::MAX));
        }
        let range = text.split_once('-').and_then(|(from, to)| {
            let to = if to.is_empty() { u64::MAX } else { to.parse().ok()? };
            Some(Self(from.parse().ok()?..=to))
        });
        range.ok_or_else(|| {
            format!("invalid took {text:?}: expected milliseconds as in 900-2100, or known")
        })
    }
}

impl Parameter for Timestamp {
    fn write(&self) -> String {
        self.to_string()
    }

    fn read(text: &str) -> Result<Self, String> {
        Self::read(&text.into()).map_err(|_| {
            let text: String = text.chars().take(40).collect();
            format!("invalid moment {text:?}: expected 2026-11-02T09:00:00Z")
        })
    }
}

impl Parameter for IsoWeek {
    fn write(&self) -> String {
        self.to_string()
    }

    fn read(text: &str) -> Result<Self, String> {
        text.parse().map_err(|error: cv_analytics_core::week::WeekError| error.to_string())
    }
}

impl Parameter for String {
    fn write(&self) -> String {
        self.clone()
    }

    fn read(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}
