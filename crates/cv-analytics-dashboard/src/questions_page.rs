//! `/questions`: the questions behind a number, filtered, searched, page by page.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::Response;
use cv_analytics_core::browse::Browse;
use cv_analytics_core::event::{MatchType, Outcome};
use cv_analytics_core::observation_page::ObservationPage;
use cv_analytics_core::store::Observation;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::gap_sentences::gap_kind_name;
use cv_analytics_insights::handling_words::{coverage_words, outcome_words};
use cv_analytics_insights::questions::search::{DrillDown, Filter};
use cv_analytics_insights::report_words::{counted, foreign as line, number};
use serde::Serialize;

use crate::access::Owner;
use crate::dashboard::Dashboard;
use crate::dead_letters::DeadLetters;
use crate::gap_marking::{MarkForm, MarkedView, without_marked};
use crate::page::{PageError, render};
use crate::question_query::{KINDS, MOST_WEEKS, QuestionQuery};
use crate::question_search::{Found, ON_A_PAGE, search};
use crate::question_view::QuestionView;
use crate::reports::Figures;
use crate::weeks::{WeekChoice, choices, shown_week};

/// Filters that the form keeps and does not offer.
const HIDDEN: [&str; 13] = [
    "word", "about", "gap", "topic", "type", "handled", "disagree", "session", "half", "took",
    "since", "until", "left-out",
];

/// A filter that is set, with the address without it.
#[derive(Serialize)]
struct Chip {
    text: String,
    remove: String,
}

/// A choice of a list.
#[derive(Serialize)]
struct Choice {
    value: &'static str,
    name: String,
    chosen: bool,
}

#[derive(Serialize)]
struct QuestionsView {
    week: String,
    week_href: String,
    weeks: Vec<WeekChoice>,
    span: Vec<Choice>,
    outcomes: Vec<Choice>,
    coverages: Vec<Choice>,
    kinds: Vec<Choice>,
    text: String,
    skill: String,
    score: String,
    hidden: Vec<(&'static str, String)>,
    chips: Vec<Chip>,
    clear: String,
    total: u64,
    /// `111 interactions in 41 conversations`.
    summary: String,
    searched: String,
    rows: Vec<QuestionView>,
    pages: String,
    newer: Option<String>,
    older: Option<String>,
    search_older: Option<String>,
    csv: String,
    jsonl: String,
    /// The gap whose questions these are, where they are one's, and where its form goes on to.
    gap: Option<MarkForm>,
    here: String,
    /// What was marked a moment ago.
    marked: Option<MarkedView>,
    /// That no skill of the name is known.
    unknown_skill: Option<String>,
}

pub(crate) async fn page<S: Browse, D: DeadLetters>(
    State(dashboard): State<Arc<Dashboard<S, D>>>,
    Extension(owner): Extension<Owner>,
    RawQuery(raw): RawQuery,
) -> Result<Response<Body>, PageError> {
    let raw = raw.unwrap_or_default();
    let query = QuestionQuery::read(&without_marked(&raw))?;
    let now = dashboard.now();
    let weeks = dashboard.weeks().await?;
    let newest = query.week.unwrap_or_else(|| shown_week(&weeks, now));
    let figures = dashboard.reports.figures(&dashboard.store).await?;
    let found = search(&dashboard.store, &figures, &query, newest).await?;
    let marked = MarkedView::of(&figures.settings, &raw, now);
    let view = QuestionsView { marked, ..view(&query, newest, &weeks, &figures, &found, now) };
    render("questions.html", ("Questions", "questions"), &owner, &view)
}

fn view(
    query: &QuestionQuery,
    newest: IsoWeek,
    weeks: &[IsoWeek],
    figures: &Figures,
    found: &Found,
    now: Timestamp,
) -> QuestionsView {
    let here = |changes: &[(&'static str, &str)]| query.href("/questions", changes);
    let oldest = found.oldest.unwrap_or(newest);
    let pages = usize::try_from(found.total).unwrap_or(usize::MAX).div_ceil(ON_A_PAGE).max(1);
    let has_older = weeks.first().is_some_and(|first| *first < oldest);
    let older_week = oldest.earlier(1).to_string();
    let week = newest.to_string();
    // With its week, which may be another one when the page is turned.
    let page = |page: usize| here(&[("week", &week), ("page", &page.to_string())]);
    let interactions = counted(found.total, "question", "questions");
    let summary = match found.sessions {
        Some(sessions) => {
            format!("{interactions} in {}", counted(sessions, "conversation", "conversations"))
        }
        None => interactions,
    };
    let asked_for = |name: &str, value: &str| query.value(name) == value;
    QuestionsView {
        week_href: format!("/weeks/{week}"),
        weeks: choices(weeks, newest),
        span: [1_u8, 2, 4, MOST_WEEKS]
            .into_iter()
            .map(|span| Choice {
                value: span_value(span),
                name: counted(u64::from(span), "week", "weeks"),
                chosen: span == query.weeks,
            })
            .collect(),
        outcomes: Outcome::ALL
            .iter()
            .map(|outcome| Some(*outcome))
            .chain([None])
            .map(|outcome| {
                let value = outcome.map_or("unanswered", Outcome::code);
                let chosen = asked_for("outcome", value);
                Choice { value, name: outcome_words(outcome).to_owned(), chosen }
            })
            .collect(),
        coverages: MatchType::ALL
            .iter()
            .map(|kind| (kind.code(), coverage_words(*kind)))
            .chain([("unrated", "not rated")])
            .map(|(value, name)| Choice {
                value,
                name: name.to_owned(),
                chosen: asked_for("match", value),
            })
            .collect(),
        kinds: KINDS
            .iter()
            .map(|(value, kind)| Choice {
                value,
                name: gap_kind_name(*kind).to_owned(),
                chosen: asked_for("kind", value),
            })
            .collect(),
        text: query.value("text").to_owned(),
        skill: query.value("skill").to_owned(),
        score: query.value("score").to_owned(),
        hidden: HIDDEN
            .into_iter()
            .filter(|name| !query.value(name).is_empty())
            .map(|name| (name, query.value(name).to_owned()))
            .collect(),
        chips: chips(query),
        clear: crate::question_query::questions_of(&week, &[]),
        total: found.total,
        summary,
        searched: if newest == oldest {
            format!("week {newest}")
        } else {
            format!("weeks {oldest} to {newest}")
        },
        rows: rows(&found.rows, figures, now),
        pages: format!(
            "page {} of {}",
            number(query.page as u64),
            number(u64::try_from(pages).unwrap_or(u64::MAX))
        ),
        newer: (query.page > 1).then(|| page(query.page - 1)),
        older: (query.page < pages).then(|| page(query.page + 1)),
        search_older: (has_older && (found.cut_short || query.page >= pages))
            .then(|| here(&[("week", &older_week), ("page", "")])),
        csv: query.href("/questions.csv", &[("page", ""), ("week", &week)]),
        jsonl: query.href("/questions.jsonl", &[("page", ""), ("week", &week)]),
        gap: gap(query, figures),
        here: here(&[]),
        marked: None,
        unknown_skill: unknown_skill(query, figures, found),
        week,
    }
}

/// The form of the gap that is asked for, with the mark that the settings have for it.
fn gap(query: &QuestionQuery, figures: &Figures) -> Option<MarkForm> {
    let name = query.value("gap");
    let mark = figures.settings.gap_marks.get(name).and_then(|marked| marked.mark);
    (!name.is_empty()).then(|| MarkForm::of(name, mark))
}

/// A sentence where the skill that is asked for is in no dictionary, and nobody asked about it.
fn unknown_skill(query: &QuestionQuery, figures: &Figures, found: &Found) -> Option<String> {
    let name = query.value("skill");
    let is_unknown = !name.is_empty() && figures.dictionary.canonical(name).is_none();
    (is_unknown && found.total == 0).then(|| {
        format!(
            "No skill is known as “{}”: its name may be written in another way.",
            line(name, 60)
        )
    })
}

const fn span_value(span: u8) -> &'static str {
    match span {
        1 => "1",
        2 => "2",
        4 => "4",
        _ => "8",
    }
}

/// The rows of a list, as they are at `now`.
pub(crate) fn rows(
    observations: &[Observation],
    figures: &Figures,
    now: Timestamp,
) -> Vec<QuestionView> {
    let all = Filter::default();
    let exclusions = &figures.settings.exclusions;
    let mut sight = DrillDown::new(&all, &figures.dictionary, figures.cv.as_ref(), exclusions);
    let page: ObservationPage = observations.iter().cloned().collect();
    let latencies: Vec<_> = page.iter().map(|row| sight.sight(&row).latency_ms).collect();
    observations
        .iter()
        .zip(latencies)
        .map(|(observation, latency_ms)| QuestionView::of(observation, latency_ms, now))
        .collect()
}

/// Every filter that is set, in words.
fn chips(query: &QuestionQuery) -> Vec<Chip> {
    let names = [
        ("skill", "skill"),
        ("word", "with the word"),
        ("about", "about"),
        ("gap", "in the gap"),
        ("topic", "in the gap"),
        ("type", "type of gap"),
        ("kind", "gap kind"),
        ("match", "coverage"),
        ("outcome", "outcome"),
        ("handled", "handled"),
        ("score", "score"),
        ("disagree", "score and outcome disagree"),
        ("session", "conversation"),
        ("half", "halves"),
        ("took", "milliseconds"),
        ("since", "since"),
        ("until", "before"),
        ("left-out", "left out"),
        ("text", "containing"),
    ];
    names
        .into_iter()
        .filter(|(name, _)| !query.value(name).is_empty())
        .map(|(name, words)| Chip {
            text: format!("{words}: {}", line(query.value(name), 60)),
            // A gap's type says nothing without its name, and goes with it.
            remove: match name {
                "gap" => query.href("/questions", &[("gap", ""), ("type", ""), ("page", "")]),
                _ => query.href("/questions", &[(name, ""), ("page", "")]),
            },
        })
        .collect()
}
