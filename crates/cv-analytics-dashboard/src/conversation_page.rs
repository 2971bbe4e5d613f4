//! `/sessions/{session}`: what one visitor asked, in order.

use std::pin::pin;
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::Response;
use cv_analytics_core::browse::Browse;
use cv_analytics_core::store::Observation;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::questions::filter::OfSession;
use cv_analytics_insights::view::text::questions;
use futures_util::TryStreamExt;
use serde::Serialize;

use crate::access::Owner;
use crate::dashboard::Dashboard;
use crate::dead_letters::DeadLetters;
use crate::form::Form;
use crate::page::{PageError, render};
use crate::question_view::{QuestionView, rows, whole};
use crate::weeks::shown_week;

/// Questions of one conversation; a bot or a test asks more.
const MAX_QUESTIONS: usize = 500;

#[derive(Serialize)]
struct ConversationView {
    name: String,
    weeks: String,
    count: String,
    cut: bool,
    rows: Vec<QuestionView>,
    /// The same conversation a week before, or after.
    earlier: String,
    later: String,
}

pub(crate) async fn page<S: Browse, D: DeadLetters>(
    State(dashboard): State<Arc<Dashboard<S, D>>>,
    Extension(owner): Extension<Owner>,
    Path(session): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response<Body>, PageError> {
    let query = Form::read(query.unwrap_or_default().as_bytes());
    let week = if let Some(week) = query.get("week").filter(|week| !week.is_empty()) {
        week.parse::<IsoWeek>()?
    } else {
        shown_week(&dashboard.weeks().await?, dashboard.now())
    };
    let digest = OfSession::named(&session);
    // A conversation may go over midnight on a Sunday.
    let (first, last) = (week.earlier(1), week.later(1));
    let mut found: Vec<Observation> = Vec::new();
    {
        let mut pages = pin!(dashboard.store.observations(first.start()..last.end()));
        while let Some(page) = pages.try_next().await? {
            let theirs = page.iter().filter(|row| row.session == Some(digest));
            found.extend(
                theirs
                    .map(|row| row.to_owned())
                    .take(MAX_QUESTIONS + 1 - found.len().min(MAX_QUESTIONS + 1)),
            );
        }
    }
    if found.is_empty() {
        return Err(PageError::NotFound(
            "unknown conversation: nothing of it is stored in these weeks",
        ));
    }
    found.sort_by(|a, b| (a.at(), &a.request_id).cmp(&(b.at(), &b.request_id)));
    let cut = found.len() > MAX_QUESTIONS;
    found.truncate(MAX_QUESTIONS);
    let naming = dashboard.reports.naming(&dashboard.store, week, dashboard.now()).await?;
    let address = |week: IsoWeek| format!("/sessions/{digest}?week={week}");
    let view = ConversationView {
        name: digest.to_string().chars().take(6).collect(),
        weeks: format!("{first} to {last}"),
        count: questions(found.len() as u64),
        cut,
        rows: rows(&whole(&dashboard.store, &found).await?, &naming, dashboard.now()),
        earlier: address(week.earlier(2)),
        later: address(week.later(2)),
    };
    render("conversation.html", ("Conversation", "questions"), &owner, &view)
}
