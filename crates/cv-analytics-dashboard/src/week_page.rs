//! `/weeks/{week}`: one week, from whether its figures can be trusted to what to do.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::Response;
use cv_analytics_core::browse::Browse;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::view::text::{counted, number};
use cv_analytics_mail::mail_state::Standing;
use serde::Serialize;

use crate::access::Owner;
use crate::dashboard::Dashboard;
use crate::dead_letters::DeadLetters;
use crate::gap_marking::{MarkForm, MarkedView};
use crate::page::{PageError, render};
use crate::week_view::{WeekView, asked_to_close, gap_id};

/// The week, and what else the owner has to know now.
#[derive(Serialize)]
struct WeekPage {
    #[serde(flatten)]
    week: WeekView,
    /// That the weekly mail fails, in a sentence without its end.
    mail: Option<String>,
    /// Whether the week goes on: what was asked a moment ago may still be answered.
    is_open: bool,
    /// Where the agent's secrets are, while nothing has arrived.
    connect: Option<Connect>,
    /// What was marked a moment ago.
    marked: Option<MarkedView>,
    /// The gap that is to be closed first, and where its card lies.
    first_gap: Option<MarkForm>,
    first_gap_id: Option<String>,
}

/// How an agent is connected.
#[derive(Serialize)]
struct Connect {
    /// The file with the four secrets, where this server makes them.
    secrets: Option<String>,
}

pub(crate) async fn page<S: Browse, D: DeadLetters>(
    State(dashboard): State<Arc<Dashboard<S, D>>>,
    Extension(owner): Extension<Owner>,
    Path(week): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response<Body>, PageError> {
    let week: IsoWeek = week.parse()?;
    let now = dashboard.now();
    let weeks = dashboard.weeks().await?;
    let made = dashboard.reports.report(&dashboard.store, week, now).await?;
    let figures = dashboard.reports.figures(&dashboard.store).await?;
    let report = &made.report;
    let first_gap = report.actions.first().and_then(|action| asked_to_close(action, report));
    let view = WeekPage {
        is_open: week == IsoWeek::containing(now),
        connect: weeks.is_empty().then(|| Connect { secrets: dashboard.secrets_file.clone() }),
        marked: MarkedView::of(&figures.settings, &query.unwrap_or_default(), now),
        first_gap: first_gap.map(|gap| MarkForm::of(&gap.name, gap.mark)),
        first_gap_id: first_gap.map(gap_id),
        week: WeekView::of(&made, week, &weeks, now),
        mail: mail(&dashboard, now).await,
    };
    render("week.html", (&format!("Week {week}"), "weeks"), &owner, &view)
}

/// What fails of the weekly mail. The page does not depend on it: where it cannot be read, the page
/// of the mail says why.
async fn mail<S: Browse, D: DeadLetters>(
    dashboard: &Dashboard<S, D>,
    now: Timestamp,
) -> Option<String> {
    let state = match dashboard.mails.state(&dashboard.store, now).await {
        Ok(state) => state,
        Err(error) => {
            tracing::warn!(error = %error, "failed to read how the weekly mail stands");
            return None;
        }
    };
    let is_failing = |standing: &Standing| matches!(standing, Standing::Failing { .. });
    let failing = state.recipients.iter().filter(|(_, standing)| is_failing(standing)).count();
    let (failing, all) = (failing as u64, state.recipients.len() as u64);
    let week = state.week;
    (failing > 0).then(|| {
        let of = format!("{} of {}", number(failing), counted(all, "recipient", "recipients"));
        format!("The weekly mail of {week} could not be sent to {of}")
    })
}
