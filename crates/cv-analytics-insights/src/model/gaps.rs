//! What people ask for and the agent cannot answer well, and the gaps that the owner closes.

use serde::{Deserialize, Serialize};

use super::{NameType, Thumbs};

/// Why the agent could not answer well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum GapKind {
    /// The agent failed: a quota, the model, an error, or no response at all.
    Fault,
    /// A filter or the hour refused the question.
    Blocked,
    /// A skill that the agent misses and that is not on the CV.
    NotOnCv,
    /// A skill that the agent misses, though it is on the CV.
    NotRetrieved,
    /// A skill that the agent misses, without a CV list to tell why.
    Unmatched,
    /// A topic that the agent has no answer about.
    NoAnswer,
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
            Self::NoAnswer => "no_answer",
        }
    }

    /// Whether the agent worked, and what it knows does not cover the name.
    pub const fn is_uncovered(self) -> bool {
        !matches!(self, Self::Fault | Self::Blocked)
    }
}

/// A skill or topic that people ask for and the agent cannot answer well, or only partly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Gap {
    /// The skill's or topic's name.
    pub name: String,
    /// Which of the two.
    #[serde(rename = "type")]
    pub name_type: NameType,
    /// Why.
    pub kind: GapKind,
    /// The gap's own interactions this week.
    pub queries: u64,
    /// Of them those that were answered in part.
    #[serde(default)]
    pub partly: u64,
    /// Their conversations.
    pub conversations: u64,
    /// Weeks in a row with this gap, this one included; eight at most.
    #[cfg_attr(test, schemars(range(min = 1, max = 8)))]
    pub weeks_running: u32,
    /// The first of the eight weeks that has it.
    #[cfg_attr(test, schemars(regex(pattern = "^[0-9]{4}-W(0[1-9]|[1-4][0-9]|5[0-3])$")))]
    pub first_seen: String,
    /// The first three different questions by time.
    pub examples: Vec<String>,
    /// Beside each example why the agent rated its answer so, in the agent's own words; `None` where it does not say.
    #[serde(default)]
    pub example_reasons: Vec<Option<String>>,
    /// Beside each example what the visitor read; `None` where the agent does not send it.
    #[serde(default)]
    pub example_answers: Vec<Option<String>>,
    /// Visitors' thumbs on the gap's own interactions; `None` where nobody gave any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feedback: Option<Thumbs>,
    /// Other skills in the gap's own interactions, most often first, then by name; 50 at most.
    pub related: Vec<String>,
    /// What the owner said of it.
    pub mark: Option<GapMark>,
    /// Whether it fails again although the owner marked it `have-it`.
    #[serde(default)]
    pub reopened: bool,
}

impl Gap {
    /// Whether it is a gap of this skill or topic.
    pub fn is_about(&self, name_type: NameType, name: &str) -> bool {
        self.name_type == name_type && self.name == name
    }
}

/// What the owner said of a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum GapMark {
    /// The owner has the skill: it belongs on the CV.
    HaveIt,
    /// The owner is learning it.
    Learning,
    /// Not something the owner will offer.
    NotMine,
    /// Not something people want to know.
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

/// A gap that the owner marked `have-it` or `learning`, and how its questions are answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct TrackedGap {
    /// The skill's or topic's name.
    pub name: String,
    /// Which of the two.
    #[serde(rename = "type")]
    pub name_type: NameType,
    /// What the owner said of it.
    pub mark: GapMark,
    /// Since when, ISO 8601; `None` for a mark that was written without a moment.
    #[cfg_attr(test, schemars(extend("format" = "date-time")))]
    pub since: Option<String>,
    /// The week of that moment.
    #[cfg_attr(test, schemars(regex(pattern = "^[0-9]{4}-W(0[1-9]|[1-4][0-9]|5[0-3])$")))]
    pub since_week: Option<String>,
    /// Weeks since then, the one of the mark and the report's own included; 0 where the mark is
    /// later than the report's week, eight at most.
    #[cfg_attr(test, schemars(range(max = 8)))]
    pub weeks_since: u32,
    /// How it stands.
    pub state: TrackedState,
    /// The first of the weeks without a break in which it fails again.
    #[cfg_attr(test, schemars(regex(pattern = "^[0-9]{4}-W(0[1-9]|[1-4][0-9]|5[0-3])$")))]
    pub reopened_in: Option<String>,
    /// Questions of the eight weeks before the mark; `None` where its moment is not known.
    pub before: Option<TrackedCounts>,
    /// Questions of the eight weeks since.
    pub after: TrackedCounts,
    /// All questions about it, eight weeks, oldest first; `None` for a week without any data.
    pub weeks: Vec<Option<TrackedCounts>>,
}

/// How a tracked gap stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum TrackedState {
    /// Marked `have-it`, and it fails again.
    Reopened,
    /// Marked `have-it`, and its questions are answered.
    Closed,
    /// Marked `have-it`, and too few questions since have shown whether it helped.
    Waiting,
    /// Marked `learning`.
    Learning,
}

/// Questions about one tracked gap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TrackedCounts {
    /// Interactions that are about it.
    pub asked: u64,
    /// Of them those that were answered: in no gap of this name.
    pub answered: u64,
    /// Of them those that the agent could not answer, or only partly. The others met a fault or were refused.
    pub unmatched: u64,
    /// Of those the ones that were answered in part.
    #[serde(default)]
    pub partly: u64,
}
