//! What is sent to no route: an address or a method that is not served.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response;
use cv_analytics_core::intake::refusal::RefusalReason;

use crate::is_browser;
use crate::routes::metrics::Route;
use crate::routes::plain_error::PlainError;
use crate::server::Server;
use crate::sqs::{self, QUEUE_NAME};

pub(crate) async fn not_found(
    State(server): State<Arc<Server>>,
    request: Request,
) -> Response<Body> {
    let response = if is_browser(request.headers()) {
        (server.not_found_page)()
    } else {
        PlainError::not_found().into_response()
    };
    answer(&server, request, response).await
}

pub(crate) async fn method_not_allowed(
    State(server): State<Arc<Server>>,
    request: Request,
) -> Response<Body> {
    answer(&server, request, PlainError::method_not_allowed().into_response()).await
}

/// Every address of two parts could be a queue's, but only one is.
pub(crate) async fn queue_or_nowhere(
    server: State<Arc<Server>>,
    request: Request,
) -> Response<Body> {
    if request.uri().path().ends_with(QUEUE_NAME) {
        method_not_allowed(server, request).await
    } else {
        not_found(server, request).await
    }
}

async fn answer(server: &Server, request: Request, response: Response<Body>) -> Response<Body> {
    if let Some(reason) = refusal(server, request).await {
        server.refuse(reason);
    }
    server.metrics().answered(Route::Other, response.status());
    response
}

/// Why messages are refused that `request` brings: signed, or with the right token and a body.
async fn refusal(server: &Server, request: Request) -> Option<RefusalReason> {
    let (parts, mut body) = request.into_parts();
    if !sqs::is_signed(&parts.headers) {
        let brings_events = server.brings_events(&parts.headers, &body);
        return brings_events.then_some(RefusalReason::Request);
    }
    match sqs::authenticate(server, &parts, &mut body).await {
        Ok(_) => Some(RefusalReason::Request),
        Err(error) => error.refusal(),
    }
}
