//! The weeks that there are: the one to open, its neighbours, the list to choose from.

pub(crate) mod periods;
pub(crate) mod reports;
pub(crate) mod totals;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::Response;
use axum::response::{IntoResponse, Redirect};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::view::links::week_page;
use cv_analytics_insights::view::text::days;
use serde::Serialize;

use crate::dashboard::Dashboard;
use crate::page::PageError;

/// A week to choose.
#[derive(Debug, Serialize)]
pub(crate) struct WeekChoice {
    pub(crate) week: String,
    pub(crate) days: String,
    pub(crate) chosen: bool,
}

/// `GET /`: the newest week with data that is over, else the current one.
pub(crate) async fn newest(
    State(dashboard): State<Arc<Dashboard>>,
) -> Result<Response<Body>, PageError> {
    let now = dashboard.now();
    let weeks = dashboard.weeks().await?;
    Ok(Redirect::to(&week_page(shown_week(&weeks, now))).into_response())
}

/// The newest of `weeks` that is over, else the current one.
pub(crate) fn shown_week(weeks: &[IsoWeek], now: Timestamp) -> IsoWeek {
    let closed = weeks.iter().rev().find(|week| week.end() <= now);
    closed.copied().unwrap_or_else(|| IsoWeek::containing(now))
}

/// The weeks to choose from, the newest first; `chosen` is among them in any case.
pub(crate) fn choices(weeks: &[IsoWeek], chosen: IsoWeek) -> Vec<WeekChoice> {
    let mut all: Vec<IsoWeek> = weeks.to_vec();
    if !all.contains(&chosen) {
        all.push(chosen);
        all.sort_unstable();
    }
    let choice = |week: &IsoWeek| WeekChoice {
        week: week.to_string(),
        days: days(&week.start().to_string(), &week.end().to_string()),
        chosen: *week == chosen,
    };
    all.iter().rev().map(choice).collect()
}
