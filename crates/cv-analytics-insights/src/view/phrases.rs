//! Every word that people read of a report.

use crate::model::{ActionKind, Evidence};

/// What a reason says besides its evidence.
#[derive(Clone, Debug, Default)]
pub(crate) struct WhyDetails {
    /// The CV's own word, where people use another.
    pub(crate) cv_word: Option<String>,
    /// Since when a gap is marked, ISO 8601, where it fails again.
    pub(crate) marked_since: Option<String>,
    /// Whether it fails again.
    pub(crate) reopened: bool,
    /// All interactions of the week.
    pub(crate) interactions: u64,
    /// Of them those without a response.
    pub(crate) unanswered: u64,
    /// Of them those without a query.
    pub(crate) response_only: u64,
}

/// Why.
pub(crate) fn why(
    kind: ActionKind,
    name: &str,
    evidence: &Evidence,
    details: &WhyDetails,
) -> String {
    format!("{kind:?} {name} {evidence:?} {details:?}")
}
