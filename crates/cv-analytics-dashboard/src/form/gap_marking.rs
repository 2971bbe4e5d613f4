//! Marking gaps: the buttons wherever a gap stands, what they do, and what the page says afterwards.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use axum::response::{IntoResponse, Redirect};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::model::GapMark;
use cv_analytics_insights::settings::FigureSettings;
use cv_analytics_insights::settings::marking::{MarkGapError, mark_gap, undo_last_mark};
use cv_analytics_insights::view::phrases::gaps::{mark_consequence, mark_name};
use cv_analytics_insights::view::text::sanitize;
use serde::Serialize;

use crate::dashboard::Dashboard;
use crate::form::Form;
use crate::page::PageError;
use crate::page::owner::Owner;
use crate::pages::login::local;
use crate::pages::settings::{Happened, Refused, settings};

/// The parameter that names the gap whose mark was changed a moment ago.
const MARKED: &str = "marked";
/// The mark's code that takes the last change back.
const BACK: &str = "back";
/// How long after a change its page offers to undo it.
const UNDO_WITHIN_MS: i64 = 10 * 60 * 1000;
/// Characters of a gap's name, in the form and in a sentence.
const MAX_NAME_CHARS: usize = 2_000;
const NAME_COLUMNS: usize = 80;

/// The gap that a row of buttons marks.
#[derive(Debug, Serialize)]
pub(crate) struct MarkForm {
    /// As it is written in forms.
    key: String,
    name: String,
    /// The code of the mark in force.
    mark_code: Option<&'static str>,
}

/// What was done a moment ago, and the button that undoes it.
#[derive(Debug, Serialize)]
pub(crate) struct MarkedView {
    key: String,
    name: String,
    /// What holds from now on, in a sentence.
    text: String,
    /// The undo button's value (`none` or `back`) and label; absent where there is nothing recent to undo.
    back: Option<(&'static str, String)>,
}

impl MarkForm {
    pub(crate) fn of(name: &str, mark: Option<GapMark>) -> Self {
        let (key, shown) = (name.to_owned(), sanitize(name, NAME_COLUMNS));
        Self { key, name: shown, mark_code: mark.map(GapMark::code) }
    }
}

impl MarkedView {
    /// The settings' mark of the gap that the address names; unknown gaps show nothing, so an address cannot inject
    /// text.
    pub(crate) fn of(settings: &FigureSettings, query: &str, now: Timestamp) -> Option<Self> {
        let query = Form::read(query.as_bytes());
        let key = query.get(MARKED)?;
        let marked = settings.gap_marks.get(key)?;
        let before = marked.earlier.last().and_then(|earlier| earlier.mark);
        let back = match (marked.mark, before) {
            (None, None) => None,
            (Some(_), None) => Some(("none", "Undo".to_owned())),
            (_, Some(before)) => Some((BACK, format!("Back to “{}”", mark_name(before)))),
        };
        let is_new = |at: Timestamp| now.as_millis() - at.as_millis() < UNDO_WITHIN_MS;
        let back = back.filter(|_| marked.at.is_some_and(is_new));
        Some(Self {
            key: key.to_owned(),
            name: sanitize(key, NAME_COLUMNS),
            text: match marked.mark {
                None => "no mark any more.".to_owned(),
                Some(mark) => {
                    format!("marked “{}”: {}.", mark_name(mark), mark_consequence(mark))
                }
            },
            back,
        })
    }
}

pub(crate) fn without_marked(query: &str) -> String {
    let pairs = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != MARKED);
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// The address `next` with the gap that was marked.
fn with_marked(next: &str, name: &str) -> String {
    let (address, fragment) = next.split_once('#').unwrap_or((next, ""));
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let kept = without_marked(query);
    let marked = form_urlencoded::Serializer::new(String::new()).append_pair(MARKED, name).finish();
    let and = if kept.is_empty() { "" } else { "&" };
    let hash = if fragment.is_empty() { "" } else { "#" };
    format!("{path}?{kept}{and}{marked}{hash}{fragment}")
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_the_last_gap_that_was_marked_and_keeps_the_rest() {
        for (next, expect) in [
            ("/weeks/2026-W47#gap-1", "/weeks/2026-W47?marked=a%26b#gap-1"),
            ("/settings?marked=other", "/settings?marked=a%26b"),
            ("/questions?gap=a%26b&page=2", "/questions?gap=a%26b&page=2&marked=a%26b"),
        ] {
            assert_eq!(with_marked(next, "a&b"), expect);
        }
        assert_eq!(without_marked("gap=x+y&marked=x+y"), "gap=x+y");
    }
}
