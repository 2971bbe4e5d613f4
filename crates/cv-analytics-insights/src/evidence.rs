//! One thing to do, and the figures that it rests on.

use serde::{Deserialize, Serialize};

use crate::model::{GapKind, GapType};

/// What kind of thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// Add it to the CV where it is true, else learn it.
    AddOrLearn,
    /// It is on the CV, and the agent does not find it.
    FixRetrieval,
    /// A filter refuses what people want to know.
    RelaxFilter,
    /// The agent fails.
    FixFault,
    /// People use another word than the CV.
    UseTheirWord,
    /// Halves are missing: the numbers cannot be trusted.
    CheckCapture,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Action {
    /// 1 is the most urgent.
    pub priority: u32,
    /// What kind of thing.
    pub kind: ActionKind,
    /// What it is about.
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
pub struct Suggestion {
    /// Where it belongs.
    #[serde(rename = "for")]
    pub place: SuggestionPlace,
    /// One line.
    pub text: String,
}

/// Where a suggestion belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuggestionPlace {
    /// A line of the CV, and of its skill list.
    CvLine,
}

/// The figures behind an action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Interactions.
    pub queries: u64,
    /// Distinct sessions; `None` where none is known.
    pub sessions: Option<u64>,
    /// All interactions about it, those included; `None` where only those are counted.
    #[serde(default)]
    pub asked: Option<u64>,
    /// Whether questions about it grow; `None` where that is not judged.
    #[serde(default)]
    pub grows: Option<bool>,
    /// All interactions about it the week before; `None` where that is not counted.
    #[serde(default)]
    pub previous: Option<u64>,
    /// The gap whose interactions these are, where it is one.
    #[serde(default)]
    pub gap: Option<GapOf>,
    /// The word that these interactions use, where it is for one.
    #[serde(default)]
    pub word: Option<String>,
}

/// Which gap of a skill or topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapOf {
    /// Whether it is a skill's or a topic's.
    #[serde(rename = "type")]
    pub gap_type: GapType,
    /// Why the agent could not answer well.
    pub kind: GapKind,
}
