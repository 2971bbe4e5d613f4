//! The report of one week: the JSON of the contract (`"reportVersion": 2`), type by type.
//!
//! Nothing here counts and nothing here is a sentence: `report` makes these values, `view` says them to people.

mod actions;
mod gaps;
mod names;
#[cfg(test)]
mod schema_tests;
mod scores;

use cv_analytics_core::event::{MatchSource, MatchType, Outcome};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

pub use actions::{Action, ActionKind, Evidence, GapOf, Suggestion, SuggestionPlace};
pub use gaps::{Gap, GapKind, GapMark, TrackedCounts, TrackedGap, TrackedState};
pub use names::{
    NameFigures, NameType, SkillReport, Together, TopicReport, Trend, Trending, Variant,
    Vocabulary, names_of,
};
pub use scores::{Calibration, Disagreement, ScoreBand};

/// How many weeks a report looks at, its own included.
pub const WEEKS: u8 = 8;
/// Under this join rate the figures cannot be trusted.
pub const TRUSTED_JOIN_RATE: f64 = 0.99;
/// The version of the JSON form.
pub const REPORT_VERSION: u32 = 2;
/// The topic of questions that nothing else names.
pub const OTHER_QUESTIONS: &str = "other questions";
/// The row that stands for names which few conversations asked for, beyond the first 500.
pub const OTHERS: &str = "others";

/// One week's report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The version of this form.
    #[cfg_attr(test, schemars(extend("const" = REPORT_VERSION)))]
    pub report_version: u32,
    /// The ISO 8601 week, `2026-W47`.
    #[cfg_attr(test, schemars(regex(pattern = "^[0-9]{4}-W(0[1-9]|[1-4][0-9]|5[0-3])$")))]
    pub week: String,
    /// Its first moment, ISO 8601 UTC.
    #[cfg_attr(test, schemars(extend("format" = "date-time")))]
    pub from: String,
    /// The first moment after it.
    #[cfg_attr(test, schemars(extend("format" = "date-time")))]
    pub to: String,
    /// Whether the week is over.
    pub closed: bool,
    /// What was captured of the traffic.
    pub capture: Capture,
    /// Distinct sessions, and each interaction without one.
    pub conversations: u64,
    /// How well the questions were covered.
    #[serde(rename = "match", deserialize_with = "by_value")]
    pub matches: MatchSummary,
    /// The visitors' own word on the answers; `None` where none of the eight weeks has any.
    #[serde(default)]
    pub feedback: Option<Feedback>,
    /// How the handlings ended.
    #[serde(deserialize_with = "by_value")]
    pub outcomes: Outcomes,
    /// How long the answers took, milliseconds.
    pub latency_ms: Latency,
    /// Every skill of this week and the one before, by count, then by name.
    #[serde(deserialize_with = "by_value")]
    pub skills: Vec<SkillReport>,
    /// What the questions without a skill are about, in the same order.
    #[serde(default, deserialize_with = "by_value")]
    pub topics: Vec<TopicReport>,
    /// The skills and topics that moved, by conversations, then by name.
    pub trending: Vec<Trending>,
    /// What people ask for and the agent cannot answer well.
    pub gaps: Vec<Gap>,
    /// Names that conversations ask for together more often than chance would have it.
    #[serde(default)]
    pub together: Vec<Together>,
    /// Skills of the CV list that nobody asked about in the eight weeks; `None` without a list.
    #[serde(default)]
    pub never_asked: Option<Vec<String>>,
    /// The gaps that the owner closes, those that fail again first.
    #[serde(default)]
    pub followed: Vec<TrackedGap>,
    /// The words that people use for each skill, beside those on the CV.
    pub vocabulary: Vec<Vocabulary>,
    /// What to do, most urgent first.
    pub actions: Vec<Action>,
    /// The week's scores against how its questions ended; `None` where no score is known.
    #[serde(default)]
    pub calibration: Option<Calibration>,
    /// The eight weeks in figures, oldest first, this one last.
    #[serde(default, deserialize_with = "by_value")]
    pub history: Vec<HistoryWeek>,
    /// What the figures were made from.
    pub provenance: Provenance,
}

/// Reads what has flattened fields, at any depth, by way of a `Value`: serde takes no number for them straight from a text
/// whose numbers are kept as they were written (`arbitrary_precision`).
fn by_value<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<T, D::Error> {
    serde_json::from_value(Value::deserialize(deserializer)?).map_err(D::Error::custom)
}

impl Report {
    /// Whether the week has nothing in it.
    pub fn is_empty(&self) -> bool {
        self.provenance.interactions == 0
    }

    /// The week of each skill and of each topic: type, name and figures.
    pub fn names(&self) -> impl Iterator<Item = (NameType, &str, &NameFigures)> {
        names_of(&self.skills, &self.topics)
    }

    /// The figures of the week before, where it has data.
    pub fn last_week(&self) -> Option<&WeekFigures> {
        self.history.iter().rev().nth(1)?.figures.as_ref()
    }

    /// The report as JSON, indented, with a final newline.
    ///
    /// # Errors
    /// None in practice: every field can be written.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let mut json = serde_json::to_string_pretty(self)?;
        json.push('\n');
        Ok(json)
    }
}

/// Capture health: asked, answered, joined, unanswered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Capture {
    /// Interactions with a query half.
    pub queries: u64,
    /// Interactions with a response half.
    pub responses: u64,
    /// Interactions with both.
    pub joined: u64,
    /// Queries without a response.
    pub unanswered: u64,
    /// Responses without a query.
    pub response_only: u64,
    /// Joined ÷ all, to four digits; `None` for an empty week.
    #[cfg_attr(test, schemars(range(min = 0, max = 1)))]
    pub join_rate: Option<f64>,
    /// Interactions without a session, each of them a conversation.
    #[serde(default)]
    pub without_session: u64,
    /// Names from the agent's model that are not names: placeholders, sentences, what nobody asked.
    #[serde(default)]
    pub ignored_names: u64,
    /// What arrived in the week and added nothing, could not be read, or was refused.
    pub deliveries: DeliveryCounts,
}

impl Capture {
    /// Interactions with a half at least.
    pub const fn interactions(&self) -> u64 {
        self.joined.saturating_add(self.unanswered).saturating_add(self.response_only)
    }
}

/// What arrived in the week and added nothing, could not be read, or was refused; `None` where it is not counted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DeliveryCounts {
    /// Halves that came again with the same body.
    pub duplicates: Option<u64>,
    /// Halves that came again with another body.
    pub conflicts: Option<u64>,
    /// Messages that could not be read.
    pub dead_letters: u64,
    /// Messages refused for their signature, key, host, clock or size.
    #[serde(default)]
    pub refused: Option<u64>,
    /// Messages that are in AWS's dead-letter queue now.
    #[serde(default)]
    pub waiting: Option<u64>,
    /// Feedback given in the week on a request whose question and answer have not come.
    #[serde(default)]
    pub feedback_waiting: u64,
}

/// How well the questions were covered, this week and the one before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct MatchSummary {
    /// This week's figures.
    #[serde(flatten)]
    pub this_week: MatchCounts,
    /// Where this week's match types come from.
    #[serde(default)]
    pub sources: MatchSources,
    /// The figures of the week before; `None` where it has no data.
    pub previous: Option<PreviousMatches>,
}

/// How well the questions of the week before were covered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PreviousMatches {
    /// Its figures.
    #[serde(flatten)]
    pub counts: MatchCounts,
    /// Where its match types come from.
    #[serde(default)]
    pub sources: MatchSources,
}

/// Answered interactions by match type, and the mean of the scores that are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct MatchCounts {
    /// Covered.
    pub full: u64,
    /// Covered in part.
    pub partial: u64,
    /// Not covered.
    pub none: u64,
    /// 0 to 100, to one digit; `None` where no score is known.
    #[cfg_attr(test, schemars(range(min = 0, max = 100)))]
    pub mean_score: Option<f64>,
}

impl MatchCounts {
    /// The count of one match type.
    pub const fn count(mut self, match_type: MatchType) -> u64 {
        *self.count_mut(match_type)
    }

    /// Those with any match type.
    pub const fn rated(&self) -> u64 {
        self.full.saturating_add(self.partial).saturating_add(self.none)
    }

    /// The count of one match type, to change.
    pub const fn count_mut(&mut self, match_type: MatchType) -> &mut u64 {
        match match_type {
            MatchType::Full => &mut self.full,
            MatchType::Partial => &mut self.partial,
            MatchType::None => &mut self.none,
        }
    }
}

/// Answered interactions with a match type, by what judged it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "each is the source of its name")]
pub struct MatchSources {
    pub model: u64,
    pub similarity: u64,
    pub unknown: u64,
}

impl MatchSources {
    /// The count of one source, to change.
    pub const fn count_mut(&mut self, source: MatchSource) -> &mut u64 {
        match source {
            MatchSource::Model => &mut self.model,
            MatchSource::Similarity => &mut self.similarity,
            MatchSource::Unknown => &mut self.unknown,
        }
    }
}

/// The visitors' own word on the week's answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Feedback {
    /// Thumbs up.
    pub up: u64,
    /// Thumbs down.
    pub down: u64,
    /// Thumbs on answers whose match was `full`.
    #[serde(default)]
    pub covered: u64,
    /// Of them those down.
    pub down_though_covered: u64,
    /// What they wrote, the newest first; 20 at most.
    pub comments: Vec<String>,
}

/// Visitors' thumbs on some of the week's answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Thumbs {
    /// Thumbs up.
    pub up: u64,
    /// Thumbs down.
    pub down: u64,
}

impl Thumbs {
    /// Those of either rating.
    pub const fn given(self) -> u64 {
        self.up.saturating_add(self.down)
    }
}

/// Interactions by outcome.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Outcomes {
    /// Those with a response.
    #[serde(flatten)]
    pub responses: ResponseOutcomes,
    /// Queries without a response.
    pub unanswered: u64,
}

impl Outcomes {
    /// The count of one outcome; `None` is a query without a response.
    pub const fn count(&self, outcome: Option<Outcome>) -> u64 {
        match outcome {
            Some(outcome) => self.responses.count(outcome),
            None => self.unanswered,
        }
    }

    /// The same to change.
    pub const fn count_mut(&mut self, outcome: Option<Outcome>) -> &mut u64 {
        match outcome {
            Some(outcome) => self.responses.count_mut(outcome),
            None => &mut self.unanswered,
        }
    }

    /// Those that a quota, the model or an error stopped, and those without a response.
    pub const fn faults(&self) -> u64 {
        self.responses.failed().saturating_add(self.unanswered)
    }
}

/// Interactions with a response by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "each is the outcome of its name")]
pub struct ResponseOutcomes {
    pub answered: u64,
    pub no_match: u64,
    pub blocked: u64,
    pub off_hours: u64,
    pub quota: u64,
    pub ai_error: u64,
    pub error: u64,
}

impl ResponseOutcomes {
    /// The count of one outcome.
    pub const fn count(mut self, outcome: Outcome) -> u64 {
        *self.count_mut(outcome)
    }

    /// The same to change.
    pub const fn count_mut(&mut self, outcome: Outcome) -> &mut u64 {
        match outcome {
            Outcome::Answered => &mut self.answered,
            Outcome::NoMatch => &mut self.no_match,
            Outcome::Blocked => &mut self.blocked,
            Outcome::OffHours => &mut self.off_hours,
            Outcome::Quota => &mut self.quota,
            Outcome::AiError => &mut self.ai_error,
            Outcome::Error => &mut self.error,
        }
    }

    /// Those that a quota, the model or an error stopped.
    pub const fn failed(&self) -> u64 {
        self.quota.saturating_add(self.ai_error).saturating_add(self.error)
    }

    /// Those that a filter stopped or that came outside hours.
    pub const fn refused(&self) -> u64 {
        self.blocked.saturating_add(self.off_hours)
    }
}

/// Percentiles by nearest rank, whole milliseconds; `None` without samples.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "each is the percentile of its name")]
pub struct Latency {
    pub p50: Option<u64>,
    pub p95: Option<u64>,
    pub p99: Option<u64>,
    /// How many latencies are known.
    pub samples: u64,
}

/// One of the eight weeks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct HistoryWeek {
    /// The ISO 8601 week.
    #[cfg_attr(test, schemars(regex(pattern = "^[0-9]{4}-W(0[1-9]|[1-4][0-9]|5[0-3])$")))]
    pub week: String,
    /// Its figures; `None` for a week without any data.
    pub figures: Option<WeekFigures>,
}

/// The figures of one week.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct WeekFigures {
    /// Interactions that count.
    pub interactions: u64,
    /// Of them those with a query half.
    pub queries: u64,
    /// With both halves.
    pub joined: u64,
    /// Queries without a response.
    pub unanswered: u64,
    /// Distinct sessions, and each interaction without one.
    pub conversations: u64,
    /// Joined ÷ all, to four digits.
    #[cfg_attr(test, schemars(range(min = 0, max = 1)))]
    pub join_rate: Option<f64>,
    /// How well the questions were covered.
    #[serde(rename = "match")]
    pub matches: MatchCounts,
    /// How the handlings ended.
    pub outcomes: Outcomes,
    /// How long the answers took, milliseconds.
    pub latency_ms: Latency,
    /// Scores against outcomes, in bands; `None` where no interaction has a score.
    pub score_bands: Option<Vec<ScoreBand>>,
    /// How conversations went on after an answer that covered nothing; `None` without sessions.
    #[serde(default)]
    pub after_no_match: Option<AfterNoMatch>,
}

/// How conversations of this week continued after an answer that covered nothing (match `none`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct AfterNoMatch {
    /// Answers that covered nothing.
    pub answers: u64,
    /// Of them those after which the visitor asked on.
    pub asked_on: u64,
    /// Of them those that ended the conversation.
    pub ended: u64,
}

/// What the figures were made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Provenance {
    /// Interactions of the week that count.
    pub interactions: u64,
    /// A digest of the eight weeks' interactions and the settings.
    #[cfg_attr(test, schemars(regex(pattern = "^sha256:[0-9a-f]{64}$")))]
    pub input_hash: String,
    /// Interactions of the week that do not count: canaries, known bots, the owner's own.
    pub excluded: u64,
    /// Why they do not count; the parts add up to `excluded`.
    #[serde(default)]
    pub excluded_by: ExcludedBy,
    /// The program's version.
    pub version: String,
}

/// Why interactions do not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ExcludedBy {
    /// The owner's own tests, by `metadata.traffic`.
    pub own: u64,
    /// Known bots, by their user agent or by `metadata.traffic`.
    pub bots: u64,
    /// Canaries of the product's own checks, by `metadata.traffic`.
    pub canaries: u64,
    /// Sessions and interactions that the owner lists.
    pub listed: u64,
}

impl ExcludedBy {
    /// All of them.
    pub const fn sum(&self) -> u64 {
        self.own + self.bots + self.canaries + self.listed
    }
}
