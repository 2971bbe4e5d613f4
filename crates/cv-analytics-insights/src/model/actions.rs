//! One thing to do, and the figures that it rests on.

use serde::{Deserialize, Serialize};

use super::{GapKind, NameType};

/// What kind of thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// Add the skill to the CV where the owner has it, else learn it.
    AddOrLearn,
    /// The skill is on the CV, and the agent does not find it.
    FixRetrieval,
    /// Give the agent an answer about a topic.
    AnswerTopic,
    /// Look at what the filter stops.
    ReviewFilter,
    /// Look at what is asked outside the agent's hours.
    ReviewHours,
    /// The agent fails.
    FixFault,
    /// People use another word than the CV, and it is answered worse.
    UseTheirWord,
    /// Halves are missing: the numbers cannot be trusted.
    CheckCapture,
    /// The agent reports only its good answers.
    MoveOver,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Action {
    /// 1 is the most urgent.
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub priority: u32,
    /// What kind of thing.
    pub kind: ActionKind,
    /// What it is about: a skill, a topic or an outcome.
    pub name: String,
    /// Why, in a sentence.
    pub why: String,
    /// The figures behind it.
    pub evidence: Evidence,
    /// Text for the owner to copy; nothing is ever changed for them.
    #[serde(default)]
    pub suggestion: Option<Suggestion>,
}

/// Text to copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Suggestion {
    /// Where it belongs.
    #[serde(rename = "for")]
    pub place: SuggestionPlace,
    /// One line.
    pub text: String,
}

/// Where a suggestion belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SuggestionPlace {
    /// A line of the CV, and of its skill list.
    CvLine,
}

/// The figures behind an action.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// Interactions.
    pub queries: u64,
    /// Their conversations.
    pub conversations: u64,
    /// Of the interactions those that were answered in part.
    #[serde(default)]
    pub partly: u64,
    /// All interactions about it, those included; `None` where only those are counted.
    #[serde(default)]
    pub asked: Option<u64>,
    /// Whether questions about it grow; `None` where that is not judged.
    #[serde(default)]
    pub grows: Option<bool>,
    /// All interactions about it the week before; `None` where that is not counted.
    #[serde(default)]
    pub previous: Option<u64>,
    /// Weeks in a row with the gap; `None` where it is not about one.
    #[serde(default)]
    #[cfg_attr(test, schemars(range(min = 1, max = 8)))]
    pub weeks_running: Option<u32>,
    /// The gap whose interactions these are, where it is one.
    #[serde(default)]
    pub gap: Option<GapOf>,
    /// The word that these interactions use, where it is for one.
    #[serde(default)]
    pub word: Option<String>,
}

/// Which gap of a skill or topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct GapOf {
    /// Whether it is a skill's or a topic's.
    #[serde(rename = "type")]
    pub name_type: NameType,
    /// Why the agent could not answer well.
    pub kind: GapKind,
}
