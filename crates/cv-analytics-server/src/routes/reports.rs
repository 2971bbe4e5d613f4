//! `GET /v1/reports/{week}`: any week's report as JSON.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Response, StatusCode, header};
use cv_analytics_core::week::IsoWeek;

use crate::routes::metrics::Route;
use crate::routes::plain_error::PlainError;
use crate::server::Server;

pub(crate) async fn answer(
    State(server): State<Arc<Server>>,
    week: Result<Path<String>, PathRejection>,
    parts: Parts,
) -> Response<Body> {
    // A text that is not UTF-8 is not a week either.
    let week = week.map_or_else(|_| "\u{fffd}".to_owned(), |Path(week)| week);
    let response = match report(&server, &week, &parts).await {
        Ok(json) => {
            let mut response = Response::new(Body::from(json));
            response
                .headers_mut()
                .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
        }
        Err(error) => error.into_response(),
    };
    server.metrics().answered(Route::Reports, response.status());
    response
}

async fn report(server: &Server, week: &str, parts: &Parts) -> Result<String, PlainError> {
    server.check_bearer(parts).await?;
    server.check_rate().map_err(|()| PlainError::throttled())?;
    let week =
        week.parse::<IsoWeek>().map_err(|error| PlainError::bad_request(error.to_string()))?;
    server.reports().report_json(week).await.map_err(|error| {
        tracing::error!(week = %week, error = %error, "failed to make a report");
        PlainError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "cannot make the report")
    })
}
