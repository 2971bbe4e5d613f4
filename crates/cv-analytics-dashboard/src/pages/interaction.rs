//! `/interactions/{requestId}`: one interaction whole, and what the report sees in it.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Response;
use cv_analytics_core::event::{RequestId, Traffic, UnknownFields};
use cv_analytics_core::interaction::Interaction;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::questions::filter::QuestionFilter;
use cv_analytics_insights::questions::parameters::LeftOut;
use cv_analytics_insights::view::links::week_page;
use cv_analytics_insights::view::phrases::gaps::kind_name;
use cv_analytics_insights::view::text::sanitize;
use serde::Serialize;

use crate::dashboard::Dashboard;
use crate::page::owner::Owner;
use crate::page::{PageError, render};
use crate::questions::view::{QuestionView, answer, explained, is_waiting, rating_words};
use crate::times::{Moment, Times};
use crate::weeks::reports::Naming;

/// Columns of a text, more than the intake keeps, and of a name.
const TEXT_COLUMNS: usize = 20_000;
const NAME_COLUMNS: usize = 80;

/// A value with the page that it opens.
#[derive(Debug, Serialize)]
struct Cell {
    value: String,
    href: Option<String>,
}

/// The visitor's word.
#[derive(Serialize)]
struct FeedbackView {
    rating: &'static str,
    at: Moment,
    comment: Option<String>,
    comment_cut: bool,
}

#[derive(Serialize)]
struct InteractionView {
    row: QuestionView,
    request_id: String,
    week: Option<Cell>,
    question: Option<String>,
    question_cut: bool,
    asked_at: Option<Moment>,
    answered_at: Option<Moment>,
    reasoning: Option<String>,
    reasoning_cut: bool,
    answer: Option<String>,
    answer_cut: bool,
    feedback: Option<FeedbackView>,
    left_out: Option<&'static str>,
    about: Vec<Cell>,
    gaps: Vec<Cell>,
    matched: Vec<String>,
    missing: Vec<String>,
    tolerated: Vec<String>,
    fields: Vec<(String, String)>,
}

pub(crate) async fn page(
    State(dashboard): State<Arc<Dashboard>>,
    Extension(owner): Extension<Owner>,
    Path(request_id): Path<String>,
) -> Result<Response<Body>, PageError> {
    let not_there = || {
        PageError::NotFound("unknown question: it may have been deleted, or the link is incomplete")
    };
    let request_id = RequestId::new(request_id).map_err(|_| not_there())?;
    let found = dashboard.store.interaction(&request_id).await?.ok_or_else(not_there)?;
    let times = dashboard.times();
    let now = times.now;
    let week = IsoWeek::containing(found.at().unwrap_or(now));
    let naming = dashboard.reports.naming(&*dashboard.store, week, now).await?;
    let view = view(found, &naming, &times);
    render("interaction.html", ("Interaction", "questions"), &owner, &view)
}

fn view(interaction: Interaction, naming: &Naming, times: &Times) -> InteractionView {
    let seen = explained(std::slice::from_ref(&interaction), naming).pop().unwrap_or_default();
    let row = QuestionView::of(&interaction, &seen, times);
    let at = interaction.at();
    let week = at.map(|at| IsoWeek::containing(at).to_string());
    let of_week = |name: &str, filter: fn(QuestionFilter, &str) -> QuestionFilter| Cell {
        value: sanitize(name, NAME_COLUMNS),
        href: week.as_deref().map(|week| filter(QuestionFilter::of_week(week), name).path()),
    };
    let about = seen.skills.iter().map(|skill| of_week(skill, QuestionFilter::skill));
    let topic = seen.topics.iter().map(|topic| of_week(topic, QuestionFilter::topic));
    let about = about.chain(topic).collect();
    let gaps = seen.gaps.iter().map(|(name, name_type, kind)| Cell {
        value: format!("{}: {}", sanitize(name, NAME_COLUMNS), kind_name(*kind)),
        href: week
            .as_deref()
            .map(|week| QuestionFilter::of_week(week).gap(name, *name_type, *kind).path()),
    });
    // What may still be answered stands in no gap yet.
    let gaps =
        gaps.filter(|_| !is_waiting(at, interaction.response.is_some(), times.now)).collect();
    let answer = answer(&interaction).map(paragraphs);
    let Interaction { request_id, query, response, feedback } = interaction;
    let names = |names: &[String]| names.iter().map(|name| sanitize(name, 80)).collect::<Vec<_>>();
    let mut tolerated: Vec<String> = Vec::new();
    let mut fields: Vec<(String, String)> = Vec::new();
    for (half, unknown, notes) in [
        (
            "question",
            query.as_ref().map(|half| &half.unknown),
            query.as_ref().map(|half| &half.tolerated),
        ),
        (
            "answer",
            response.as_ref().map(|half| &half.unknown),
            response.as_ref().map(|half| &half.tolerated),
        ),
        (
            "feedback",
            feedback.as_ref().map(|given| &given.unknown),
            feedback.as_ref().map(|given| &given.tolerated),
        ),
    ] {
        tolerated.extend(notes.into_iter().flatten().map(|note| sanitize(note, 200)));
        fields.extend(unknown.into_iter().flat_map(|unknown| shown(half, unknown)));
    }
    InteractionView {
        row,
        request_id: sanitize(request_id.as_str(), 260),
        week: week.as_ref().map(|week| Cell { value: week.clone(), href: Some(week_page(week)) }),
        question: query.as_ref().map(|half| paragraphs(&half.query)),
        question_cut: query.as_ref().is_some_and(|half| half.query_cut),
        asked_at: query.as_ref().map(|half| times.moment(half.timestamp)),
        answered_at: response.as_ref().map(|half| times.moment(half.timestamp)),
        reasoning: response
            .as_ref()
            .and_then(|half| half.reasoning.as_ref())
            .map(|text| paragraphs(text)),
        reasoning_cut: response.as_ref().is_some_and(|half| half.reasoning_cut),
        answer,
        answer_cut: response.as_ref().is_some_and(|half| half.answer_cut),
        feedback: feedback.map(|given| FeedbackView {
            rating: rating_words(given.rating),
            at: times.moment(given.timestamp),
            comment: given.comment.as_deref().map(paragraphs),
            comment_cut: given.comment_cut,
        }),
        left_out: seen.left_out.map(left_out_words),
        about,
        gaps,
        matched: response.as_ref().map(|half| names(&half.matched_skills)).unwrap_or_default(),
        missing: response.as_ref().map(|half| names(&half.missing_skills)).unwrap_or_default(),
        tolerated,
        fields,
    }
}

/// A text with its lines, each made harmless.
pub(crate) fn paragraphs(text: &str) -> String {
    let lines = text.lines().map(|text| {
        if text.trim().is_empty() { String::new() } else { sanitize(text, TEXT_COLUMNS) }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn shown(half: &str, unknown: &UnknownFields) -> Vec<(String, String)> {
    let field = |(name, value): (&String, &serde_json::Value)| {
        (sanitize(&format!("{half}: {name}"), 80), sanitize(&value.to_string(), 2_000))
    };
    unknown.iter().map(field).collect()
}

/// Why an interaction counts in no figure.
pub(crate) const fn left_out_words(left_out: LeftOut) -> &'static str {
    match left_out {
        LeftOut::Traffic(Traffic::Bot) => "a known bot’s",
        LeftOut::Traffic(Traffic::Own) => "your own test",
        LeftOut::Traffic(Traffic::Canary) => "a canary",
        _ => "on your list of exclusions",
    }
}
