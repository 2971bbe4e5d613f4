//! Match scores against outcomes: whether the agent's own score says how a question ended.

use serde::{Deserialize, Serialize};

use super::ResponseOutcomes;

/// This week's scores against how the questions ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Calibration {
    /// Interactions with a score.
    pub scored: u64,
    /// Of them those whose score and outcome disagree.
    pub disagreeing: u64,
    /// Whether there are enough of them to say so: five, and one in fifty of those scored.
    pub disagrees: bool,
    /// The plainest disagreements first.
    pub examples: Vec<Disagreement>,
    /// Five bands of twenty, the lowest first.
    pub bands: Vec<ScoreBand>,
    /// Interactions in ten bins of ten, the lowest first; 100 is in the last.
    pub histogram: Vec<u64>,
}

/// Interactions with a score of one band, by outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ScoreBand {
    /// The lowest score of the band.
    #[cfg_attr(test, schemars(range(max = 100)))]
    pub from: u32,
    /// The highest whole score of it.
    #[cfg_attr(test, schemars(range(max = 100)))]
    pub to: u32,
    /// Interactions with such a score.
    pub scored: u64,
    /// Of them those whose outcome disagrees with it.
    pub disagreeing: u64,
    /// How they ended.
    pub outcomes: ResponseOutcomes,
}

/// A question whose score and outcome disagree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Disagreement {
    /// The question; `None` where only its response came.
    pub query: Option<String>,
    /// The agent's score.
    #[cfg_attr(test, schemars(range(min = 0, max = 100)))]
    pub score: f64,
    /// How it ended.
    pub outcome: String,
    /// The match type, where there is one.
    #[serde(rename = "match")]
    pub match_type: Option<String>,
}
