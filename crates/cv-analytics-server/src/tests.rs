//! Tests of the routes, through [`crate::app`] without a network.

mod batch;
mod events;
mod hostile;
mod limits;
mod memory_store;
mod plain_routes;
mod queue;
mod refusals;

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, Response, StatusCode};
use cv_analytics_core::intake::Intake;
use cv_analytics_core::privacy::{Privacy, SessionKey};
use cv_analytics_core::week::IsoWeek;
use http_body_util::BodyExt;
use tower::ServiceExt;

use self::memory_store::MemoryStore;
use crate::configuration::Limits;
use crate::sigv4::signing::{HOST, NOW, Signing, credentials};
use crate::{Reports, Server, ServerSetup, app};

pub(super) const QUEUE_PATH: &str = "/000000000000/cv-analytics-events.fifo";
pub(super) const QUEUE_URL: &str = "http://127.0.0.1:8787/000000000000/cv-analytics-events.fifo";
pub(super) const JSON: (&str, &str) = ("content-type", "application/x-amz-json-1.0");
pub(super) const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
pub(super) const EVENT: &str =
    r#"{"eventType":"query","requestId":"r1","timestamp":1795424400000,"query":"Go?"}"#;

pub(super) struct WeekEcho;

#[async_trait]
impl Reports for WeekEcho {
    async fn report_json(
        &self,
        week: IsoWeek,
    ) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
        Ok(format!("{{\"week\":\"{week}\"}}"))
    }
}

/// A server in memory.
pub(super) struct Rig {
    pub(super) app: Router,
    pub(super) store: MemoryStore,
    pub(super) server: Arc<Server>,
}

/// An answer, read whole.
pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Rig {
    pub(super) fn new() -> Self {
        Self::with(Limits::default(), MemoryStore::default())
    }

    pub(super) fn with(limits: Limits, store: MemoryStore) -> Self {
        let server = Arc::new(Server::new(ServerSetup {
            credentials: credentials(),
            listening: HOST.parse().unwrap(),
            public_url: None,
            limits,
            intake: Intake::new(Privacy::full(SessionKey::new(b"tests".to_vec()))),
            store: Arc::new(store.clone()),
            reports: Arc::new(WeekEcho),
            not_found_page: || Response::new(Body::from("a page")),
            clock: || NOW,
        }));
        Self { app: app(Arc::clone(&server)), store, server }
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Answered {
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answered {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    /// A signed request in AWS JSON.
    pub(super) async fn json(&self, action: &str, input: &serde_json::Value) -> Answered {
        self.send(signed_json(action, &input.to_string())).await
    }

    /// A signed request in the Query protocol.
    pub(super) async fn query(&self, target: &str, form: &str) -> Answered {
        self.send(Signing::default().post(target, &[FORM], form)).await
    }
}

pub(super) fn signed_json(action: &str, input: &str) -> Request<Body> {
    let target = format!("AmazonSQS.{action}");
    Signing::default().post("/", &[JSON, ("x-amz-target", &target)], input)
}

impl Answered {
    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The text of an XML element without attributes.
    pub(super) fn xml(&self, element: &str) -> &str {
        let (_, after) = self.body.split_once(&format!("<{element}>")).unwrap_or_default();
        after.split_once(&format!("</{element}>")).map_or("", |(text, _)| text)
    }

    /// The Query protocol's code of an error, from either protocol, or `ok`.
    pub(super) fn code(&self) -> String {
        let header =
            self.header("x-amzn-query-error").split(';').next().unwrap_or_default().to_owned();
        match (header.is_empty(), self.xml("Code")) {
            _ if self.status.is_success() => "ok".to_owned(),
            (true, code) => code.to_owned(),
            (false, _) => header,
        }
    }
}
