//! `/weeks/{week}`: one week, from whether its figures can be trusted to what to do.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Response;
use cv_analytics_core::browse::Browse;
use cv_analytics_core::week::IsoWeek;

use crate::access::Owner;
use crate::dashboard::Dashboard;
use crate::dead_letters::DeadLetters;
use crate::page::{PageError, render};
use crate::week_view::WeekView;

pub(crate) async fn page<S: Browse, D: DeadLetters>(
    State(dashboard): State<Arc<Dashboard<S, D>>>,
    Extension(owner): Extension<Owner>,
    Path(week): Path<String>,
) -> Result<Response<Body>, PageError> {
    let week: IsoWeek = week.parse().map_err(|error: cv_analytics_core::week::WeekError| {
        PageError::BadRequest(error.to_string())
    })?;
    let now = dashboard.now();
    let weeks = dashboard.weeks().await?;
    let made = dashboard.reports.report(&dashboard.store, week, now).await?;
    let view = WeekView::of(&made, week, &weeks, now);
    render("week.html", (&format!("Week {week}"), "weeks"), &owner, &view)
}
