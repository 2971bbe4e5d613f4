//! `/interactions/{requestId}`: one interaction whole, and what the report sees in it.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Response;
use cv_analytics_core::browse::Browse;
use cv_analytics_core::event::{RequestId, Traffic, UnknownFields};
use cv_analytics_core::interaction::Interaction;
use cv_analytics_core::observation_page::ObservationPage;
use cv_analytics_core::store::Observation;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::gap_sentences::gap_kind_name;
use cv_analytics_insights::questions::search::{DrillDown, Filter, LeftOut, Sight};
use cv_analytics_insights::report_words::foreign as line;
use serde::Serialize;

use crate::access::Owner;
use crate::charts::Cell;
use crate::dashboard::Dashboard;
use crate::dead_letters::DeadLetters;
use crate::page::{PageError, render};
use crate::question_query::questions_of;
use crate::question_view::{QuestionView, is_waiting, time};
use crate::reports::Figures;

/// Characters of a text; more than the intake keeps.
const WHOLE: usize = 20_000;

#[derive(Serialize)]
struct InteractionView {
    row: QuestionView,
    request_id: String,
    week: Option<Cell>,
    question: Option<String>,
    question_cut: bool,
    asked_at: Option<String>,
    answered_at: Option<String>,
    reasoning: Option<String>,
    reasoning_cut: bool,
    left_out: Option<&'static str>,
    skills: Vec<Cell>,
    gaps: Vec<Cell>,
    matched: Vec<String>,
    missing: Vec<String>,
    tolerated: Vec<String>,
    fields: Vec<(String, String)>,
}

pub(crate) async fn page<S: Browse, D: DeadLetters>(
    State(dashboard): State<Arc<Dashboard<S, D>>>,
    Extension(owner): Extension<Owner>,
    Path(request_id): Path<String>,
) -> Result<Response<Body>, PageError> {
    let not_there = || PageError::NotFound("no interaction is kept under this id");
    let request_id = RequestId::new(request_id).map_err(|_| not_there())?;
    let found = dashboard.store.interaction(&request_id).await?.ok_or_else(not_there)?;
    let figures = dashboard.reports.figures(&dashboard.store).await?;
    let view = view(found, &figures, dashboard.now());
    render("interaction.html", ("Interaction", "questions"), &owner, &view)
}

/// What the report sees in one interaction.
pub(crate) fn sight(observation: &Observation, figures: &Figures) -> Option<Sight> {
    let all = Filter::default();
    let exclusions = &figures.settings.exclusions;
    let mut drill_down = DrillDown::new(&all, &figures.dictionary, figures.cv.as_ref(), exclusions);
    let page: ObservationPage = std::iter::once(observation.clone()).collect();
    page.iter().next().map(|observation| drill_down.sight(&observation))
}

fn view(interaction: Interaction, figures: &Figures, now: Timestamp) -> InteractionView {
    let observation = Observation::from(interaction.clone());
    let sight = sight(&observation, figures);
    let week = observation.at().map(|at| IsoWeek::containing(at).to_string());
    let of_week = |name: &str, filters: &[(&str, &str)]| Cell {
        value: line(name, 80),
        href: week.as_deref().map(|week| questions_of(week, filters)),
    };
    let Interaction { request_id, query, response } = interaction;
    let names = |names: &[String]| names.iter().map(|name| line(name, 80)).collect::<Vec<_>>();
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
    ] {
        tolerated.extend(notes.into_iter().flatten().map(|note| line(note, 200)));
        fields.extend(unknown.into_iter().flat_map(|unknown| shown(half, unknown)));
    }
    let seen = sight.as_ref();
    InteractionView {
        row: QuestionView::of(&observation, seen.and_then(|sight| sight.latency_ms), now),
        request_id: line(request_id.as_str(), 260),
        week: week
            .as_ref()
            .map(|week| Cell { value: week.clone(), href: Some(format!("/weeks/{week}")) }),
        question: query.as_ref().map(|half| paragraphs(&half.query)),
        question_cut: query.as_ref().is_some_and(|half| half.query_cut),
        asked_at: query.as_ref().map(|half| time(half.timestamp)),
        answered_at: response.as_ref().map(|half| time(half.timestamp)),
        reasoning: response
            .as_ref()
            .and_then(|half| half.reasoning.as_ref())
            .map(|text| paragraphs(text)),
        reasoning_cut: response.as_ref().is_some_and(|half| half.reasoning_cut),
        left_out: seen.and_then(|sight| sight.left_out).map(left_out_words),
        skills: seen
            .into_iter()
            .flat_map(|sight| &sight.skills)
            .map(|skill| of_week(skill, &[("skill", skill)]))
            .collect(),
        gaps: seen
            // What may still be answered stands in no gap yet.
            .filter(|_| !is_waiting(observation.at(), observation.response.is_some(), now))
            .into_iter()
            .flat_map(|sight| &sight.gaps)
            .map(|(name, gap_type, kind)| {
                let filters =
                    [("gap", name.as_str()), ("type", gap_type.code()), ("kind", kind.code())];
                of_week(&format!("{name}: {}", gap_kind_name(*kind)), &filters)
            })
            .collect(),
        matched: response.as_ref().map(|half| names(&half.matched_skills)).unwrap_or_default(),
        missing: response.as_ref().map(|half| names(&half.missing_skills)).unwrap_or_default(),
        tolerated,
        fields,
    }
}

/// A text with its lines, each made harmless.
pub(crate) fn paragraphs(text: &str) -> String {
    let lines = text
        .lines()
        .map(|text| if text.trim().is_empty() { String::new() } else { line(text, WHOLE) });
    lines.collect::<Vec<_>>().join("\n")
}

fn shown(half: &str, unknown: &UnknownFields) -> Vec<(String, String)> {
    let field = |(name, value): (&String, &serde_json::Value)| {
        (line(&format!("{half}: {name}"), 80), line(&value.to_string(), 2_000))
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
