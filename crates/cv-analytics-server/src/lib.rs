//! The HTTP server: the SQS-compatible intake, the plain one, reports, health and metrics.
//!
//! In reading order:
//!
//! 1. [`configuration`]: what the program tells the server.
//! 2. [`Server`] and [`ServerSetup`]: what the routes share; [`app`] makes the routes, [`serve()`]
//!    serves them.
//! 3. `sigv4`: verifies the signatures of requests to the queue.
//! 4. `sqs`: the queue in both of its protocols.
//! 5. `routes`: the plain routes, and what answers everything else.
//! 6. [`body`]: bodies within bounds, and the events in a text, whatever its form.
//! 7. `limits`: who may have how much.

pub mod body;
pub mod configuration;
mod limits;
mod routes;
mod serve;
mod server;
mod sigv4;
mod sqs;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, header};
use axum::routing::{get, post};

pub use self::limits::client_address::ClientAddress;
pub use self::limits::failed_logins::TokenError;
pub use self::limits::rate_limits::RateLimits;
pub use self::limits::refusals::RefusalCounter;
pub use self::serve::{keep_connection, serve};
pub use self::server::{Reports, Server, ServerSetup};
pub use self::sigv4::AcceptedHosts;
pub use self::sqs::{ACCOUNT, QUEUE_NAME};

use self::routes::{events, fallback, health, reports};

/// The routes of `server`. The program may merge others with them, but no other fallback.
pub fn app(server: Arc<Server>) -> Router {
    Router::new()
        .route("/", post(sqs::answer))
        .route("/{account}/{queue}", post(sqs::answer).fallback(fallback::queue_or_nowhere))
        .route("/v1/events", post(events::answer))
        .route("/v1/events/", post(events::answer))
        .route("/v1/reports/{week}", get(reports::answer))
        .route("/healthz", get(health::healthz))
        .route("/metrics", get(health::metrics))
        .fallback(fallback::not_found)
        .method_not_allowed_fallback(fallback::method_not_allowed)
        .with_state(server)
}

/// Whether a request asks for a page.
pub fn is_browser(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|accepted| accepted.to_str().ok());
    accepted.is_some_and(|accepted| accepted.to_ascii_lowercase().contains("text/html"))
}
