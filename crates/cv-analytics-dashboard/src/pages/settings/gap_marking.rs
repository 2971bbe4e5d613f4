//! What the buttons that mark a gap do.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use axum::response::{IntoResponse, Redirect};
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::model::GapMark;
use cv_analytics_insights::settings::FigureSettings;
use cv_analytics_insights::settings::marking::{MarkGapError, mark_gap, undo_last_mark};
use cv_analytics_insights::view::text::sanitize;

use crate::dashboard::Dashboard;
use crate::form::Form;
use crate::form::marks::{BACK, NAME_COLUMNS, with_marked};
use crate::page::PageError;
use crate::page::owner::Owner;
use crate::pages::login::local;
use crate::pages::settings::{Happened, Refused, settings};

/// The most characters of a gap's name in a form.
const MAX_NAME_CHARS: usize = 2_000;

/// Marks a gap, or takes its mark away.
pub(crate) async fn mark(
    State(dashboard): State<Arc<Dashboard>>,
    Extension(owner): Extension<Owner>,
    Extension(form): Extension<Form>,
) -> Result<Response<Body>, PageError> {
    let code = form.get("mark").unwrap_or_default();
    let mark = GapMark::from_code(code);
    if mark.is_none() && !["none", BACK].contains(&code) {
        let text =
            "invalid mark: expected have-it, learning, not-mine, noise, none or back".to_owned();
        return Err(PageError::BadRequest(text));
    }
    let name = form.get("name").unwrap_or_default().trim();
    let next = form.get("next").filter(|next| !next.is_empty());
    let next = next.map_or("/settings", |next| local(Some(next)));
    if code == BACK {
        undo_last_mark(&*dashboard.store, name).await?;
        return Ok(Redirect::to(&with_marked(next, name)).into_response());
    }
    let refuse = |text: String, near: Vec<String>| Refused {
        name: name.chars().take(MAX_NAME_CHARS).collect(),
        mark: code.to_owned(),
        text,
        near,
    };
    let refused = if name.is_empty() || name.chars().count() > MAX_NAME_CHARS {
        refuse(format!("A name has 1 to {MAX_NAME_CHARS} characters."), Vec::new())
    } else {
        match marked(&dashboard, &form, name, mark).await? {
            Ok(name) => {
                return Ok(Redirect::to(&with_marked(next, &name)).into_response());
            }
            Err(near) => refuse(
                format!(
                    "No skill and no gap of these weeks is called “{}”.",
                    sanitize(name, NAME_COLUMNS)
                ),
                near,
            ),
        }
    };
    let happened = Happened { refused: Some(refused), ..Happened::default() };
    let mut page = settings(&dashboard, &owner, "", happened).await?;
    *page.status_mut() = StatusCode::BAD_REQUEST;
    Ok(page)
}

/// Marks the gap that the owner calls `name`, and gives the name that reports use, or names that look
/// like it. The names are a skill's, those of earlier marks, those of the week on the screen, and those
/// of the last weeks: reports are made until one has it.
async fn marked(
    dashboard: &Dashboard,
    form: &Form,
    name: &str,
    mark: Option<GapMark>,
) -> Result<Result<String, Vec<String>>, PageError> {
    let now = dashboard.now();
    let settings = FigureSettings::load(&*dashboard.store).await?;
    // A press of the button that is pressed already: what is followed goes on as it began.
    if mark.is_some() && settings.gap_marks.get(name).is_some_and(|marked| marked.mark == mark) {
        return Ok(Ok(name.to_owned()));
    }
    let shown = form.get("week").and_then(|week| week.parse::<IsoWeek>().ok());
    let weeks = [shown, Some(IsoWeek::last_closed(now)), Some(IsoWeek::containing(now))];
    let mut weeks = weeks.into_iter().flatten();
    let mut reports = Vec::new();
    let store = &*dashboard.store;
    loop {
        match mark_gap(store, &reports, name, mark, now).await {
            Ok(marked) => return Ok(Ok(marked.name)),
            Err(MarkGapError::Settings(error)) => return Err(error.into()),
            Err(MarkGapError::Unknown { near, .. }) => {
                let Some(week) = weeks.next() else { return Ok(Err(near)) };
                let made = dashboard.reports.report(store, week, now).await?;
                reports.push(made.report.clone());
            }
        }
    }
}
