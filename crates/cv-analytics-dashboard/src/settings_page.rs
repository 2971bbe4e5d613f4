//! `/settings`: what changes figures, and the owner's marks of gaps.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::Response;
use axum::response::{IntoResponse, Redirect};
use cv_analytics_core::browse::Browse;
use cv_analytics_core::event::SessionDigest;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::SkillDictionary;
use cv_analytics_insights::figure_settings::FigureSettings;
use cv_analytics_insights::gap_marks::{self, MarkGapError, mark_gap};
use cv_analytics_insights::report::GapMark;
use cv_analytics_insights::report_words::{day, foreign as line, long_date};
use serde::Serialize;

use crate::access::Owner;
use crate::dashboard::{Dashboard, ProgramSetting};
use crate::dead_letters::DeadLetters;
use crate::form::Form;
use crate::login::local;
use crate::page::{PageError, render};
use crate::question_view::interaction_href;
use crate::week_view::MARKS;

/// Characters of a gap's name.
const LONGEST_NAME: usize = 2_000;

#[derive(Serialize)]
struct SettingsView<'v> {
    cv: Option<Vec<String>>,
    aliases: Vec<(String, String)>,
    marks: Vec<MarkView>,
    choices: Vec<(&'static str, &'static str)>,
    sessions: Vec<String>,
    requests: Vec<(String, String)>,
    program: &'v [ProgramSetting],
    version: &'static str,
}

#[derive(Serialize)]
struct MarkView {
    key: String,
    name: String,
    mark: &'static str,
    since: Option<String>,
}

pub(crate) async fn page<S: Browse, D: DeadLetters>(
    State(dashboard): State<Arc<Dashboard<S, D>>>,
    Extension(owner): Extension<Owner>,
) -> Result<Response<Body>, PageError> {
    let settings = FigureSettings::load(&dashboard.store).await?;
    let exclusions = &settings.exclusions;
    let mark = |(name, marked): (&String, &gap_marks::MarkedGap)| {
        let mark = marked.mark?;
        let known = MARKS.iter().find(|(known, _)| *known == mark)?;
        let since = marked.at.and_then(|at| day(&at.to_string()));
        Some(MarkView {
            name: line(name, 80),
            key: name.clone(),
            mark: known.1,
            since: since.map(long_date),
        })
    };
    let view = SettingsView {
        cv: settings
            .cv
            .as_ref()
            .map(|entries| entries.iter().map(|entry| line(entry, 80)).collect()),
        aliases: settings
            .aliases
            .iter()
            .map(|(skill, aliases)| (line(skill, 80), line(&aliases.join(", "), 400)))
            .collect(),
        marks: settings.gap_marks.iter().filter_map(mark).collect(),
        choices: MARKS.iter().map(|(mark, name)| (mark.code(), *name)).collect(),
        sessions: exclusions
            .sessions
            .iter()
            .map(|session| SessionDigest::of(session).to_string().chars().take(6).collect())
            .collect(),
        requests: exclusions
            .request_ids
            .iter()
            .map(|id| (line(id, 120), interaction_href(id)))
            .collect(),
        program: &dashboard.program_settings,
        version: env!("CARGO_PKG_VERSION"),
    };
    render("settings.html", ("Settings", "settings"), &owner, &view)
}

/// Marks a gap, or takes its mark away.
pub(crate) async fn mark<S: Browse, D: DeadLetters>(
    State(dashboard): State<Arc<Dashboard<S, D>>>,
    Extension(form): Extension<Form>,
) -> Result<Response<Body>, PageError> {
    let name = form.get("name").unwrap_or_default().trim().to_owned();
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        let text = format!("a gap's name has 1 to {LONGEST_NAME} characters");
        return Err(PageError::BadRequest(text));
    }
    let code = form.get("mark").unwrap_or_default();
    let mark = GapMark::from_code(code);
    if mark.is_none() && code != "none" {
        let text = "a mark is have-it, learning, not-mine, noise or none".to_owned();
        return Err(PageError::BadRequest(text));
    }
    // The names that the owner reads: those of the week on the screen, and of the last ones.
    let now = dashboard.now();
    let shown = form.get("week").and_then(|week| week.parse::<IsoWeek>().ok());
    let mut reports = Vec::new();
    for week in [shown, Some(IsoWeek::last_closed(now)), Some(IsoWeek::containing(now))] {
        let Some(week) = week else { continue };
        reports.push(dashboard.reports.report(&dashboard.store, week, now).await?.report.clone());
    }
    match mark_gap(&dashboard.store, SkillDictionary::shared(), &reports, &name, mark, now).await {
        Ok(_) => {}
        Err(unknown @ MarkGapError::Unknown { .. }) => {
            return Err(PageError::BadRequest(unknown.to_string()));
        }
        Err(MarkGapError::Settings(error)) => return Err(error.into()),
    }
    let next = form.get("next").filter(|next| !next.is_empty());
    Ok(Redirect::to(next.map_or("/settings", |next| local(Some(next)))).into_response())
}
