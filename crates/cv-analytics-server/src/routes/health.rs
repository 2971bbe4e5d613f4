//! `GET /healthz` and `GET /metrics`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Response, StatusCode, header};

use crate::routes::metrics::Route;
use crate::server::Server;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const OPEN_METRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// A server that answers is alive. It is ready if its last write succeeded and no read has found damage.
pub(crate) async fn healthz(State(server): State<Arc<Server>>) -> Response<Body> {
    let unavailable = StatusCode::SERVICE_UNAVAILABLE;
    let (status, body) = if !server.is_writable() {
        (unavailable, r#"{"status":"unavailable","message":"the store could not be written"}"#)
    } else if server.is_damaged() {
        (unavailable, r#"{"status":"unavailable","message":"the store is damaged"}"#)
    } else {
        (StatusCode::OK, r#"{"status":"ok"}"#)
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    server.metrics().answered(Route::Health, status);
    response
}

pub(crate) async fn metrics(State(server): State<Arc<Server>>, parts: Parts) -> Response<Body> {
    let response = match server.check_bearer(&parts).await {
        Ok(()) => {
            let mut response = Response::new(Body::from(server.metrics().text()));
            response.headers_mut().insert(header::CONTENT_TYPE, OPEN_METRICS);
            response
        }
        Err(error) => error.into_response(),
    };
    server.metrics().answered(Route::Metrics, response.status());
    response
}
