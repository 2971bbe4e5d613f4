//! A server in memory, and requests that AWS's own signer signed for it.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_credential_types::Credentials as AwsCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Uri};
use cv_analytics_core::interaction::Disposition;
use cv_analytics_core::store::{Arrival, EventStore, Receipt, StoreError};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_server::configuration::{Credentials, Limits, Secret};
use cv_analytics_server::{Reports, Server, ServerSetup, app};
use http_body_util::BodyExt;
use tokio::runtime::Runtime;
use tower::ServiceExt;

const HOST: &str = "127.0.0.1:8787";
const REGION: &str = "eu-west-2";
const KEY_ID: &str = "AKIAFUZZ";
const SECRET: &str = "a secret key/that+is=long enough";
/// 2026-11-23T09:00:00Z.
const NOW: Timestamp = Timestamp::from_millis(1_795_424_400_000);

/// What came to the server since it was last asked.
#[derive(Clone, Default)]
struct Inbox(Arc<Mutex<Vec<Arrival>>>);

#[async_trait]
impl EventStore for Inbox {
    async fn append(&self, arrivals: Vec<Arrival>) -> Result<Vec<Receipt>, StoreError> {
        // The same answer to the same request.
        let receipts = (1..)
            .zip(&arrivals)
            .map(|(sequence, _)| Receipt { disposition: Disposition::Stored, sequence });
        let receipts = receipts.collect();
        self.0.lock().unwrap().extend(arrivals);
        Ok(receipts)
    }
}

struct NoReports;

#[async_trait]
impl Reports for NoReports {
    async fn report_json(
        &self,
        week: IsoWeek,
    ) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
        Ok(format!("{{\"week\":\"{week}\"}}"))
    }
}

/// The server.
pub(crate) struct Queue {
    runtime: Runtime,
    app: Router,
    inbox: Inbox,
}

/// An answer, and what the server took in with the request.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    pub(crate) arrivals: Vec<Arrival>,
}

thread_local! {
    static QUEUE: Queue = Queue::new();
}

/// Calls `use_it` with this thread's server.
pub(crate) fn with_queue<T>(use_it: impl FnOnce(&Queue) -> T) -> T {
    QUEUE.with(use_it)
}

impl Queue {
    fn new() -> Self {
        let inbox = Inbox::default();
        // Wrong signatures are what is tried here: none is held back for another.
        let limits = Limits {
            failures_per_second: NonZeroU32::MAX,
            failure_burst: NonZeroU32::MAX,
            failure_delay: Duration::ZERO,
            ..Limits::default()
        };
        let server = Server::new(ServerSetup {
            credentials: Credentials {
                access_key_id: KEY_ID.to_owned(),
                secret_access_key: Secret::new(SECRET),
                region: REGION.to_owned(),
                token: Secret::new("a bearer token"),
            },
            listening: HOST.parse().expect("an address"),
            public_url: None,
            limits,
            intake: crate::event::intake(),
            store: Arc::new(inbox.clone()),
            reports: Arc::new(NoReports),
            not_found_page: || Response::new(Body::empty()),
            clock: || NOW,
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        Self { runtime: runtime.expect("a runtime"), app: app(Arc::new(server)), inbox }
    }

    pub(crate) fn send(&self, request: Request<Body>) -> Answered {
        self.inbox.0.lock().unwrap().clear();
        let (parts, body) = self.runtime.block_on(async {
            let response = self.app.clone().oneshot(request).await.expect("routes do not fail");
            let (parts, body) = response.into_parts();
            (parts, body.collect().await.expect("an answer has an end").to_bytes())
        });
        let arrivals = std::mem::take(&mut *self.inbox.0.lock().unwrap());
        let body = String::from_utf8(body.to_vec()).expect("answers are UTF-8");
        Answered { status: parts.status, headers: parts.headers, body, arrivals }
    }
}

/// A request without a key.
pub(crate) fn unsigned(
    target: &Uri,
    headers: &[(HeaderName, HeaderValue)],
    body: &[u8],
) -> Request<Body> {
    let mut request = Request::new(Body::from(body.to_vec()));
    *request.method_mut() = axum::http::Method::POST;
    *request.uri_mut() = target.clone();
    for (name, value) in headers {
        request.headers_mut().append(name.clone(), value.clone());
    }
    request
}

/// The request signed; `None` where the signer refuses it.
pub(crate) fn signed(
    target: &Uri,
    headers: &[(HeaderName, HeaderValue)],
    body: &[u8],
) -> Option<Request<Body>> {
    // The signer replaces what is not UTF-8 before it signs, and signs another request.
    let query = form_urlencoded::parse(target.query().unwrap_or_default().as_bytes());
    if query
        .into_iter()
        .any(|(name, value)| name.contains('\u{fffd}') || value.contains('\u{fffd}'))
    {
        return None;
    }
    let identity = AwsCredentials::new(KEY_ID, SECRET, None, None, "fuzz").into();
    let seconds = u64::try_from(NOW.as_millis() / 1000).expect("after 1970");
    let params = SigningParams::builder()
        .identity(&identity)
        .region(REGION)
        .name("sqs")
        .time(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
        .settings(SigningSettings::default())
        .build()
        .expect("every parameter is set")
        .into();
    let texts: Option<Vec<(&str, &str)>> =
        headers.iter().map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
    let uri = format!("http://{HOST}{target}");
    let signable =
        SignableRequest::new("POST", uri, texts?.into_iter(), SignableBody::Bytes(body)).ok()?;
    let (instructions, _) = sign(signable, &params).ok()?.into_parts();
    let mut request = unsigned(target, headers, body);
    request.headers_mut().insert("host", HeaderValue::from_static(HOST));
    for (name, value) in instructions.headers() {
        let name = HeaderName::try_from(name).expect("the signer's names are names");
        let value = HeaderValue::from_str(value).expect("the signer's values are values");
        request.headers_mut().insert(name, value);
    }
    Some(request)
}
