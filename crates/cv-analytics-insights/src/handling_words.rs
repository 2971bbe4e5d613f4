//! How a question was handled, in words: the same in a mail, in a list and above a table.

use cv_analytics_core::event::{MatchType, Outcome};

/// How a handling ended; `None`: no answer has come.
pub const fn outcome_words(outcome: Option<Outcome>) -> &'static str {
    match outcome {
        Some(Outcome::Answered) => "Answered",
        Some(Outcome::NoMatch) => "Nothing matched",
        Some(Outcome::Blocked) => "Refused by a filter",
        Some(Outcome::OffHours) => "Asked outside hours",
        Some(Outcome::Quota) => "Quota used up",
        Some(Outcome::AiError) => "The model failed",
        Some(Outcome::Error) => "Other error",
        None => "No answer arrived",
    }
}

/// How well a question is covered.
pub const fn coverage_words(match_type: MatchType) -> &'static str {
    match match_type {
        MatchType::Full => "fully covered",
        MatchType::Partial => "partly covered",
        MatchType::None => "not covered",
    }
}
