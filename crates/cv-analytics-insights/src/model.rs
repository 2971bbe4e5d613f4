//! The report of one week: the JSON of the contract (`"reportVersion": 1`), field by field.
//!
//! Every other form of the report is drawn from this one structure.

use cv_analytics_core::event::{MatchType, Outcome};
use serde::{Deserialize, Serialize};

pub use crate::evidence::{Action, ActionKind, Evidence, GapOf, Suggestion, SuggestionPlace};
pub use crate::tally::history::{HistoryWeek, WeekFigures};
pub use crate::tally::scores::{Calibration, Disagreement, ScoreBand, ScoredOutcomes};
pub use crate::tally::tracked_gaps::{FollowCounts, FollowState, FollowedGap};

/// How many weeks a report looks at, its own included.
pub const WEEKS: u8 = 8;
/// The version of the JSON form.
pub const REPORT_VERSION: u32 = 1;

/// One week's report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// [`REPORT_VERSION`].
    pub report_version: u32,
    /// The ISO 8601 week, `2026-W47`.
    pub week: String,
    /// Its first moment, ISO 8601 UTC.
    pub from: String,
    /// The first moment after it.
    pub to: String,
    /// Whether the week is over.
    pub closed: bool,
    /// What was captured of the traffic.
    pub capture: Capture,
    /// Distinct sessions; `None` where none is known.
    pub sessions: Option<u64>,
    /// How well the questions were covered.
    #[serde(rename = "match")]
    pub matches: MatchSummary,
    /// How the handlings ended.
    pub outcomes: Outcomes,
    /// How long the answers took, milliseconds.
    pub latency_ms: Latency,
    /// Every skill of this week and the one before, by count, then by name.
    pub skills: Vec<SkillReport>,
    /// The skills that moved.
    pub trending: Vec<Trending>,
    /// What people ask for and the agent cannot answer well.
    pub gaps: Vec<Gap>,
    /// The gaps that the owner closes, those that fail again first.
    #[serde(default)]
    pub followed: Vec<FollowedGap>,
    /// The words that people use for each skill, beside those on the CV.
    pub vocabulary: Vec<Vocabulary>,
    /// What to do, most urgent first.
    pub actions: Vec<Action>,
    /// The week's scores against how its questions ended; `None` where no score is known.
    #[serde(default)]
    pub calibration: Option<Calibration>,
    /// The eight weeks in figures, oldest first, this one last.
    #[serde(default)]
    pub history: Vec<HistoryWeek>,
    /// What the figures were made from.
    pub provenance: Provenance,
}

impl Report {
    /// Whether the week has nothing in it.
    pub fn is_empty(&self) -> bool {
        self.provenance.interactions == 0
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
    pub join_rate: Option<f64>,
    /// What arrived in the week and added nothing or could not be read.
    pub deliveries: DeliveryCounts,
}

/// What arrived in the week and added nothing or could not be read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryCounts {
    /// Halves that came again with the same body; `None` where they are not counted.
    pub duplicates: Option<u64>,
    /// Halves that came again with another body; `None` where they are not counted.
    pub conflicts: Option<u64>,
    /// Messages that could not be read.
    pub dead_letters: u64,
}

/// How well the questions were covered, this week and the one before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MatchSummary {
    /// This week's figures.
    #[serde(flatten)]
    pub this_week: MatchCounts,
    /// Those of the week before; `None` where it has no data.
    pub previous: Option<MatchCounts>,
}

/// Interactions by match type, and the mean of the scores that are known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MatchCounts {
    /// Covered.
    pub full: u64,
    /// Covered in part.
    pub partial: u64,
    /// Not covered.
    pub none: u64,
    /// 0 to 100, to one digit; `None` where no score is known.
    pub mean_score: Option<f64>,
}

impl MatchCounts {
    /// The count of one match type.
    pub const fn count(&self, match_type: MatchType) -> u64 {
        match match_type {
            MatchType::Full => self.full,
            MatchType::Partial => self.partial,
            MatchType::None => self.none,
        }
    }

    /// Those with any match type.
    pub const fn rated(&self) -> u64 {
        self.full.saturating_add(self.partial).saturating_add(self.none)
    }

    /// The count of one match type, to change.
    pub fn count_mut(&mut self, match_type: MatchType) -> &mut u64 {
        match match_type {
            MatchType::Full => &mut self.full,
            MatchType::Partial => &mut self.partial,
            MatchType::None => &mut self.none,
        }
    }
}

/// Interactions by outcome.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is the outcome of its name")]
pub struct Outcomes {
    pub answered: u64,
    pub no_match: u64,
    pub blocked: u64,
    pub off_hours: u64,
    pub quota: u64,
    pub ai_error: u64,
    pub error: u64,
    pub unanswered: u64,
}

impl Outcomes {
    /// The count of one outcome; `None` is a query without a response.
    pub const fn count(&self, outcome: Option<Outcome>) -> u64 {
        match outcome {
            Some(Outcome::Answered) => self.answered,
            Some(Outcome::NoMatch) => self.no_match,
            Some(Outcome::Blocked) => self.blocked,
            Some(Outcome::OffHours) => self.off_hours,
            Some(Outcome::Quota) => self.quota,
            Some(Outcome::AiError) => self.ai_error,
            Some(Outcome::Error) => self.error,
            None => self.unanswered,
        }
    }

    /// The same to change.
    pub fn count_mut(&mut self, outcome: Option<Outcome>) -> &mut u64 {
        match outcome {
            Some(Outcome::Answered) => &mut self.answered,
            Some(Outcome::NoMatch) => &mut self.no_match,
            Some(Outcome::Blocked) => &mut self.blocked,
            Some(Outcome::OffHours) => &mut self.off_hours,
            Some(Outcome::Quota) => &mut self.quota,
            Some(Outcome::AiError) => &mut self.ai_error,
            Some(Outcome::Error) => &mut self.error,
            None => &mut self.unanswered,
        }
    }
}

/// Percentiles by nearest rank, whole milliseconds; `None` without samples.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is the percentile of its name")]
pub struct Latency {
    pub p50: Option<u64>,
    pub p95: Option<u64>,
    pub p99: Option<u64>,
    /// How many latencies are known.
    pub samples: u64,
}

/// Which way a skill moves against the week before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trend {
    /// Asked for significantly more.
    Rising,
    /// Asked for significantly less.
    Falling,
    /// No significant difference.
    Steady,
    /// Rising, and absent from the seven weeks before.
    New,
    /// Falling, and now absent.
    Gone,
    /// Under five in both weeks together: nothing can be said.
    TooFew,
}

impl Trend {
    /// Whether it grows.
    pub const fn grows(self) -> bool {
        matches!(self, Self::Rising | Self::New)
    }

    /// Whether an arrow may be drawn.
    pub const fn moved(self) -> bool {
        matches!(self, Self::Rising | Self::Falling | Self::New | Self::Gone)
    }
}

/// One skill's week.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SkillReport {
    /// The canonical name.
    pub skill: String,
    /// Interactions that are about it.
    pub queries: u64,
    /// Their distinct sessions; `None` where none is known.
    pub sessions: Option<u64>,
    /// Interactions the week before; `None` where that week has no data.
    pub previous: Option<u64>,
    /// Which way it moves.
    pub trend: Trend,
    /// Eight weeks, oldest first, this one last; `None` for a week without any data.
    pub weeks: Vec<Option<u64>>,
    /// The words that were used, in small letters.
    pub variants: Vec<Variant>,
    /// Of them with match type full.
    pub full: u64,
    /// Of them with match type partial.
    pub partial: u64,
    /// Of them with match type none.
    pub none: u64,
    /// Of them without a response.
    pub unanswered: u64,
}

/// A word for a skill, and how many interactions use it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Variant {
    /// In small letters.
    pub text: String,
    /// Interactions that use it.
    pub queries: u64,
}

/// A skill that moved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trending {
    /// The canonical name.
    pub skill: String,
    /// Which way.
    pub trend: Trend,
    /// Interactions this week.
    pub queries: u64,
    /// Interactions the week before.
    pub previous: u64,
    /// Fisher's exact test on interactions, two-sided, to five digits.
    pub p: f64,
}

/// Whether a gap is a skill or a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapType {
    /// A known skill.
    Skill,
    /// The key phrase of questions without one.
    Topic,
}

impl GapType {
    /// The code that stands for it everywhere.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Skill => "skill",
            Self::Topic => "topic",
        }
    }
}

/// Why the agent could not answer well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapKind {
    /// The agent failed: a quota, the model, an error, or no response at all.
    Fault,
    /// A filter or the hour refused the question.
    Blocked,
    /// Nothing matched, and it is not on the CV.
    NotOnCv,
    /// Nothing matched, though it is on the CV.
    NotRetrieved,
    /// Nothing matched, and there is no CV list to tell why.
    Unmatched,
}

impl GapKind {
    /// The code that stands for it everywhere.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::Blocked => "blocked",
            Self::NotOnCv => "not_on_cv",
            Self::NotRetrieved => "not_retrieved",
            Self::Unmatched => "unmatched",
        }
    }

    /// Whether the agent worked, and found nothing.
    pub const fn is_unmatched(self) -> bool {
        matches!(self, Self::NotOnCv | Self::NotRetrieved | Self::Unmatched)
    }
}

/// A skill or topic that people ask for and the agent cannot answer well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Gap {
    /// The skill's or topic's name.
    pub name: String,
    /// Which of the two.
    #[serde(rename = "type")]
    pub gap_type: GapType,
    /// Why.
    pub kind: GapKind,
    /// The gap's own interactions this week.
    pub queries: u64,
    /// Their distinct sessions; `None` where none is known.
    pub sessions: Option<u64>,
    /// Weeks in a row with this gap, this one included; eight at most.
    pub weeks_running: u32,
    /// The first of the eight weeks that has it.
    pub first_seen: String,
    /// The first three questions by time.
    pub examples: Vec<String>,
    /// Every other skill in the gap's own interactions, most often first, then by name.
    pub related: Vec<String>,
    /// What the owner said of it.
    pub mark: Option<GapMark>,
    /// Whether nothing matches although the owner marked it `have-it`.
    #[serde(default)]
    pub reopened: bool,
}

/// What the owner said of a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GapMark {
    /// It is on the CV now.
    HaveIt,
    /// The owner is learning it.
    Learning,
    /// It is not what the owner does.
    NotMine,
    /// It is no gap: left out of reports.
    Noise,
}

impl GapMark {
    /// Every mark.
    pub const ALL: [Self; 4] = [Self::HaveIt, Self::Learning, Self::NotMine, Self::Noise];

    /// The word that stands for it everywhere.
    pub const fn code(self) -> &'static str {
        match self {
            Self::HaveIt => "have-it",
            Self::Learning => "learning",
            Self::NotMine => "not-mine",
            Self::Noise => "noise",
        }
    }

    /// The mark that `code` stands for.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mark| mark.code() == code)
    }
}

/// The words that people use for a skill, beside those on the CV.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Vocabulary {
    /// The canonical name.
    pub skill: String,
    /// The CV's words for it, in small letters.
    pub on_cv: Vec<String>,
    /// The visitors' words for it.
    pub asked: Vec<Variant>,
}

impl Vocabulary {
    /// Whether a skill has more than one word for it, or the CV has another one.
    pub fn tells_something(&self) -> bool {
        match self.asked.as_slice() {
            [] => false,
            [only] => {
                let written = |text: &String| text.to_lowercase() == only.text.to_lowercase();
                !self.on_cv.is_empty() && !self.on_cv.iter().any(written)
            }
            _ => true,
        }
    }
}

/// What the figures were made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Provenance {
    /// Interactions of the week that count.
    pub interactions: u64,
    /// A digest of the eight weeks' interactions and the settings.
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
