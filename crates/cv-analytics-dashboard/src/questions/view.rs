//! One interaction as pages show it: in a list, in a conversation, live.

use cv_analytics_core::event::{MatchType, Rating, RequestId, Traffic};
use cv_analytics_core::interaction::{Interaction, PROMOTED_AFTER_MS};
use cv_analytics_core::store::Observation;
use cv_analytics_core::store::Store;
use cv_analytics_core::store::observation_page::ObservationPage;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_insights::model::OTHER_QUESTIONS;
use cv_analytics_insights::questions::filter::QuestionFilter;
use cv_analytics_insights::questions::parameters::Ended;
use cv_analytics_insights::tally::search::{Explanation, QuestionSearch};
use cv_analytics_insights::view::phrases::{coverage_words, outcome_words};
use cv_analytics_insights::view::text::{duration, sanitize};
use futures_util::{StreamExt, TryStreamExt, stream};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::Value;

use crate::page::PageError;
use crate::times::{Moment, Times};
use crate::weeks::reports::Naming;

/// Columns of a question and of a reason in a list, and of a name beside them.
const QUESTION_COLUMNS: usize = 400;
const REASON_COLUMNS: usize = 240;
const NAME_COLUMNS: usize = 60;
/// Skills that a list names of one question.
const MAX_SKILLS: usize = 4;
/// Interactions that are asked for at once.
const LOOKUP_CONCURRENCY: usize = 8;
/// What stands for itself in a part of an address.
const IN_A_PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b':');

/// A row of a list.
#[derive(Debug, Serialize)]
pub(crate) struct QuestionView {
    /// When it was asked, or answered where only the answer came.
    pub(crate) at: Moment,
    /// The question; `None` where only the answer came.
    pub(crate) question: Option<String>,
    pub(crate) href: String,
    pub(crate) session: Option<SessionLink>,
    pub(crate) handling: Handling,
    /// The skills that it is about, or its topic.
    pub(crate) about: Vec<String>,
    /// The agent’s reason.
    pub(crate) reason: Option<String>,
    /// The model that answered.
    pub(crate) model: Option<String>,
    /// Whose it is, where it does not come from a visitor.
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
    /// `thumbs down`, where the visitor said so.
    pub(crate) rating: Option<&'static str>,
}

/// The interactions with these ids, whole; those that were erased meanwhile are left out.
pub(crate) async fn whole(
    store: &dyn Store,
    ids: impl Iterator<Item = &str>,
) -> Result<Vec<Interaction>, PageError> {
    let ids = ids.filter_map(|id| RequestId::new(id).ok());
    let found = stream::iter(ids.collect::<Vec<_>>())
        .map(|id| async move { store.interaction(&id).await })
        .buffered(LOOKUP_CONCURRENCY)
        .try_collect::<Vec<_>>();
    Ok(found.await?.into_iter().flatten().collect())
}

/// The rows of a list, as they are now.
pub(crate) fn rows(
    interactions: &[Interaction],
    naming: &Naming,
    times: &Times,
) -> Vec<QuestionView> {
    interactions
        .iter()
        .zip(explained(interactions, naming))
        .map(|(interaction, explanation)| QuestionView::of(interaction, &explanation, times))
        .collect()
}

/// What the report makes of each.
pub(crate) fn explained(interactions: &[Interaction], naming: &Naming) -> Vec<Explanation> {
    let all = QuestionFilter::default();
    let mut search = QuestionSearch::new(&all, &naming.rules, naming.shared_phrases());
    let page: ObservationPage = interactions.iter().cloned().map(Observation::from).collect();
    page.iter().map(|row| search.explain(&row)).collect()
}

/// The model that answered, where the event named it.
pub(crate) fn model(interaction: &Interaction) -> Option<&str> {
    further_text(interaction, "model")
}

fn further_text<'i>(interaction: &'i Interaction, field: &str) -> Option<&'i str> {
    interaction.response.as_ref()?.unknown.get(field).and_then(Value::as_str)
}

/// What the visitor read, where the event brought it: an event with question and answer in one calls it `response`.
pub(crate) fn answer(interaction: &Interaction) -> Option<&str> {
    let answer = interaction.response.as_ref()?.answer.as_deref();
    answer.or_else(|| further_text(interaction, "response"))
}

/// The visitor's word on an answer, in words.
pub(crate) const fn rating_words(rating: Rating) -> &'static str {
    match rating {
        Rating::Up => "thumbs up",
        Rating::Down => "thumbs down",
    }
}

impl QuestionView {
    /// As it is now, with what the report makes of it.
    pub(crate) fn of(interaction: &Interaction, seen: &Explanation, times: &Times) -> Self {
        let observation = Observation::from(interaction.clone());
        let at = observation.at().unwrap_or(Timestamp::from_millis(0));
        let response = interaction.response.as_ref();
        let topic = seen.topics.iter().filter(|topic| *topic != OTHER_QUESTIONS);
        let about = seen.skills.iter().take(MAX_SKILLS).chain(topic);
        let about = about.map(|name| sanitize(name, NAME_COLUMNS));
        let others = seen.skills.len().saturating_sub(MAX_SKILLS);
        let others = (others > 0).then(|| format!("{others} more"));
        Self {
            at: times.moment(at),
            question: interaction
                .query
                .as_ref()
                .map(|query| sanitize(&query.query, QUESTION_COLUMNS)),
            href: interaction_href(interaction.request_id.as_str()),
            session: observation.session.map(|session| {
                let week = cv_analytics_core::week::IsoWeek::containing(at);
                SessionLink {
                    name: session.short(),
                    href: format!("/sessions/{session}?week={week}"),
                }
            }),
            about: about.chain(others).collect(),
            reason: response
                .and_then(|response| response.reasoning.as_ref())
                .map(|reason| sanitize(reason, REASON_COLUMNS)),
            model: model(interaction).map(|model| sanitize(model, NAME_COLUMNS)),
            handling: if is_waiting(observation.at(), response.is_some(), times.now) {
                Handling::waiting()
            } else {
                Handling::of(&observation, seen.latency_ms)
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
            rating: None,
        }
    }

    fn of(observation: &Observation, latency_ms: Option<u64>) -> Self {
        let response = observation.response.as_ref();
        let outcome = response.map(|response| response.outcome);
        let match_type = response.and_then(|response| response.match_type);
        let score = response.and_then(|response| response.match_score);
        Self {
            code: Ended::from(outcome).code(),
            outcome: outcome_words(outcome),
            match_code: match_type.map(MatchType::code),
            coverage: match_type.map(coverage_words),
            score: score.map(|score| score_words(score.value())),
            took: latency_ms.map(duration),
            rating: observation.feedback.as_ref().map(|given| rating_words(given.rating)),
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

/// A score with the digits that it has, two at most.
pub(crate) fn score_words(score: f64) -> String {
    let text = format!("{score:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
