//! One interaction as pages show it: in a list, in a conversation, live.

use cv_analytics_core::event::{MatchType, Outcome, Traffic};
use cv_analytics_core::interaction::PROMOTED_AFTER_MS;
use cv_analytics_core::store::Observation;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_insights::handling_words::{coverage_words, outcome_words};
use cv_analytics_insights::report_words::{duration, foreign as line};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

/// Characters of a question in a list.
const QUESTION: usize = 400;
/// What stands for itself in a part of an address.
const IN_A_PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b':');

/// A row of a list.
#[derive(Debug, Serialize)]
pub(crate) struct QuestionView {
    /// `2026-11-17 09:30:05`.
    pub(crate) time: String,
    /// The same for machines.
    pub(crate) datetime: String,
    /// The question; `None` where only the answer came.
    pub(crate) question: Option<String>,
    pub(crate) href: String,
    pub(crate) session: Option<SessionLink>,
    pub(crate) handling: Handling,
    /// Whose it is where it is no visitor's.
    pub(crate) traffic: Option<&'static str>,
}

/// A link to a conversation.
#[derive(Debug, Serialize)]
pub(crate) struct SessionLink {
    /// A few digits to tell sessions apart.
    pub(crate) name: String,
    pub(crate) href: String,
}

/// How a question was handled.
#[derive(Debug, Serialize)]
pub(crate) struct Handling {
    /// `answered`, for a class of the stylesheet.
    pub(crate) code: &'static str,
    pub(crate) outcome: &'static str,
    /// `full`, for a class of the stylesheet.
    pub(crate) match_code: Option<&'static str>,
    pub(crate) coverage: Option<&'static str>,
    pub(crate) score: Option<String>,
    pub(crate) took: Option<String>,
}

impl QuestionView {
    /// As it is at `now`; `latency_ms` is what the report counts.
    pub(crate) fn of(observation: &Observation, latency_ms: Option<u64>, now: Timestamp) -> Self {
        let at = observation.at().unwrap_or(Timestamp::from_millis(0));
        Self {
            time: time(at),
            datetime: at.to_string(),
            question: observation.query.as_ref().map(|query| line(&query.text, QUESTION)),
            href: interaction_href(&observation.request_id),
            session: observation.session.map(|session| {
                let digits = session.to_string();
                let week = cv_analytics_core::week::IsoWeek::containing(at);
                SessionLink {
                    name: digits.chars().take(6).collect(),
                    href: format!("/sessions/{digits}?week={week}"),
                }
            }),
            handling: if is_waiting(observation.at(), observation.response.is_some(), now) {
                Handling::waiting()
            } else {
                Handling::of(observation, latency_ms)
            },
            traffic: match observation.traffic {
                Traffic::Visitor => None,
                Traffic::Bot => Some("a known bot"),
                Traffic::Own => Some("your own test"),
                Traffic::Canary => Some("a canary"),
            },
        }
    }
}

impl Handling {
    /// That of a question whose answer may still come.
    fn waiting() -> Self {
        Self {
            code: "waiting",
            outcome: "Waiting for the answer",
            match_code: None,
            coverage: None,
            score: None,
            took: None,
        }
    }

    fn of(observation: &Observation, latency_ms: Option<u64>) -> Self {
        let response = observation.response.as_ref();
        let outcome = response.map(|response| response.outcome);
        let match_type = response.and_then(|response| response.match_type);
        let score = response.and_then(|response| response.match_score);
        Self {
            code: outcome.map_or("unanswered", Outcome::code),
            outcome: outcome_words(outcome),
            match_code: match_type.map(MatchType::code),
            coverage: match_type.map(coverage_words),
            score: score.map(|score| score_words(score.value())),
            took: latency_ms.map(duration),
        }
    }
}

/// Whether the answer to what was asked `at` a moment may still come in time.
pub(crate) fn is_waiting(at: Option<Timestamp>, is_answered: bool, now: Timestamp) -> bool {
    !is_answered && at.is_some_and(|at| now < at.plus_millis(PROMOTED_AFTER_MS))
}

/// The address of an interaction's page.
pub(crate) fn interaction_href(request_id: &str) -> String {
    format!("/interactions/{}", utf8_percent_encode(request_id, IN_A_PATH))
}

/// A score with the digits that it has, two at the most.
pub(crate) fn score_words(score: f64) -> String {
    let text = format!("{score:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `2026-11-17 09:30:05`, UTC.
pub(crate) fn time(at: Timestamp) -> String {
    let text = at.to_string();
    let seconds = text.get(..19).unwrap_or(&text);
    seconds.replacen('T', " ", 1)
}
