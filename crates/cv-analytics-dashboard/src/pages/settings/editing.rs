//! Changing a part of the settings: what a change does to a week's figures is shown before it is kept, and it can be
//! undone.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode};
use axum::response::{IntoResponse, Redirect};
use cv_analytics_insights::settings::FigureSettings;
use cv_analytics_insights::settings::parts::{PartChange, SettingsPart, change_part, last_change};
use cv_analytics_insights::view::changes::changes;
use cv_analytics_insights::view::limits::Listing;
use serde::Serialize;

use crate::dashboard::Dashboard;
use crate::form::Form;
use crate::form::editors::{Typed, as_sentence, base, difference};
use crate::page::owner::Owner;
use crate::page::{PageError, render};
use crate::pages::settings::{Happened, settings};
use crate::weeks::shown_week;

/// What a change would do.
#[derive(Serialize)]
struct Preview {
    part: &'static str,
    name: &'static str,
    /// Names the part that is replaced.
    base: String,
    /// What was typed, to send again.
    text: String,
    sessions: BTreeSet<String>,
    conversation_of: String,
    /// What is changed in the part; `None` where nothing is.
    difference: Option<Vec<(&'static str, String)>>,
    week: String,
    /// Whether the week has nothing in it.
    is_empty: bool,
    changes: Listing<String>,
    /// Whether the part was changed by others since it was shown.
    is_stale: bool,
}

/// Shows what a change would do, keeps it, or goes back to the form with what was typed.
pub(crate) async fn change(
    State(dashboard): State<Arc<Dashboard>>,
    Extension(owner): Extension<Owner>,
    Path(code): Path<String>,
    Extension(form): Extension<Form>,
) -> Result<Response<Body>, PageError> {
    let part = SettingsPart::from_code(&code).ok_or(PageError::NotFound("unknown setting"))?;
    let mut typed = Typed::of(part, &form)?;
    let step = form.get("do").unwrap_or("preview");
    if step == "edit" {
        let happened = Happened { typed: Some(typed), ..Happened::default() };
        return settings(&dashboard, &owner, "", happened).await;
    }
    let store = &*dashboard.store;
    let current = FigureSettings::load(store).await?;
    let proposed = match typed.read(store, &current).await? {
        Ok(proposed) => proposed,
        Err(error) => {
            typed.error = Some(as_sentence(&error));
            let happened = Happened { typed: Some(typed), ..Happened::default() };
            return with_status(
                StatusCode::BAD_REQUEST,
                settings(&dashboard, &owner, "", happened).await,
            );
        }
    };
    let is_to_keep = step == "save";
    if is_to_keep
        && form.get("base") == Some(&*base(part, &current)?)
        && change_part(store, part, &part.only(&current), &proposed, dashboard.now()).await?
    {
        return Ok(Redirect::to("/settings#changed").into_response());
    }
    let page = preview(&dashboard, &owner, typed, &proposed, is_to_keep).await;
    if is_to_keep { with_status(StatusCode::CONFLICT, page) } else { page }
}

fn with_status(
    status: StatusCode,
    page: Result<Response<Body>, PageError>,
) -> Result<Response<Body>, PageError> {
    page.map(|mut page| {
        *page.status_mut() = status;
        page
    })
}

async fn preview(
    dashboard: &Dashboard,
    owner: &Owner,
    typed: Typed,
    proposed: &FigureSettings,
    is_stale: bool,
) -> Result<Response<Body>, PageError> {
    let Typed { part, text, sessions, conversation_of, .. } = typed;
    let store = &*dashboard.store;
    let now = dashboard.now();
    let week = shown_week(&dashboard.weeks().await?, now);
    let mut current = FigureSettings::load(store).await?;
    let difference = difference(part, &current, proposed);
    let base = base(part, &current)?;
    let in_force = dashboard.reports.report(store, week, now).await?;
    part.copy(proposed, &mut current);
    let changed = match difference {
        Some(_) => Some(dashboard.reports.report_under(store, current, week, now).await?),
        None => None,
    };
    let after = changed.as_ref().unwrap_or(&in_force.report);
    let preview = Preview {
        part: part.code(),
        name: part.name(),
        base,
        text,
        sessions,
        conversation_of,
        difference,
        week: week.to_string(),
        is_empty: in_force.report.is_empty() && after.is_empty(),
        changes: changes(&in_force.report, after),
        is_stale,
    };
    render("settings_preview.html", ("What it would change", "settings"), owner, &preview)
}

/// Puts the part that was changed last back.
pub(crate) async fn undo(
    State(dashboard): State<Arc<Dashboard>>,
    Extension(owner): Extension<Owner>,
    Extension(form): Extension<Form>,
) -> Result<Response<Body>, PageError> {
    let at = form.get("at").ok_or_else(|| PageError::BadRequest("missing field: at".into()))?;
    let store = &*dashboard.store;
    let change = last_change(store, &FigureSettings::load(store).await?).await?;
    if let Some(PartChange { part, before, after, .. }) =
        change.filter(|change| change.at.to_string() == at)
        && change_part(store, part, &after, &before, dashboard.now()).await?
    {
        return Ok(Redirect::to("/settings#changed").into_response());
    }
    let why = "Not undone: it was changed again since, here or by the command line. Look at what is set now.";
    let happened = Happened { not_undone: Some(why), ..Happened::default() };
    with_status(StatusCode::CONFLICT, settings(&dashboard, &owner, "", happened).await)
}
