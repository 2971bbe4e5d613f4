//! `GET /healthz` beside the dashboard of an installation on AWS: whether its tables are reached.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use cv_analytics_aws::DynamoDbStore;
use cv_analytics_core::timestamp::Timestamp;
use serde_json::json;
use tokio::sync::Mutex;

use crate::clock::now;

/// How long an answer of `DynamoDB` holds: the route is open to everybody, and asks no more often.
const CACHE_TTL_MS: i64 = 10_000;

/// What was seen of the tables the last time.
pub(crate) struct TableHealth {
    store: DynamoDbStore,
    seen: Mutex<Option<(Timestamp, bool)>>,
}

impl TableHealth {
    pub(crate) fn route(store: DynamoDbStore) -> Router {
        let health = Arc::new(Self { store, seen: Mutex::new(None) });
        Router::new().route("/healthz", get(answer)).with_state(health)
    }

    async fn are_reached(&self) -> bool {
        let mut seen = self.seen.lock().await;
        let asked = now();
        if let Some((at, are_reached)) = *seen
            && (0..CACHE_TTL_MS).contains(&(asked.as_millis() - at.as_millis()))
        {
            return are_reached;
        }
        let checked = self.store.tables().check().await;
        if let Err(error) = &checked {
            tracing::warn!(error = %error, "failed to reach the tables");
        }
        *seen = Some((now(), checked.is_ok()));
        checked.is_ok()
    }
}

async fn answer(State(health): State<Arc<TableHealth>>) -> impl IntoResponse {
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    if health.are_reached().await {
        return (StatusCode::OK, no_store, Json(json!({"status": "ok"})));
    }
    let body = json!({"status": "unavailable", "message": "the tables could not be reached"});
    (StatusCode::SERVICE_UNAVAILABLE, no_store, Json(body))
}
