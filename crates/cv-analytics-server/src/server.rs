//! What the routes share: the ports, the limits and the counters.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, Response, header};
use cv_analytics_core::intake::Intake;
use cv_analytics_core::intake::refusal::{RefusalReason, Refusals};
use cv_analytics_core::store::{Arrival, DeduplicationId, EventStore, Receipt, StoreError};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use hyper::body::Body as _;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::body::request::{BodyError, BodyReader, ReadBody, Sender};
use crate::configuration::{Credentials, Limits, PublicUrl};
use crate::limits::client_address::ClientAddress;
use crate::limits::failed_logins::TokenError;
use crate::limits::rate_limits::RateLimits;
use crate::limits::refusals::RefusalCounter;
use crate::routes::metrics::Metrics;
use crate::routes::plain_error::PlainError;
use crate::serve::keep_connection;
use crate::sigv4::{AcceptedHosts, Verifier};

/// Makes reports; the program joins this server to the insights.
#[async_trait]
pub trait Reports: Send + Sync + 'static {
    /// The report of `week` as JSON; a week with nothing in it has one too.
    async fn report_json(&self, week: IsoWeek) -> Result<String, Box<dyn Error + Send + Sync>>;
}

/// What a server is made of.
pub struct ServerSetup {
    /// Who may send and who may read.
    pub credentials: Credentials,
    /// The address listened on, with the port that was really bound.
    pub listening: SocketAddr,
    /// The address that clients use, where it is another.
    pub public_url: Option<PublicUrl>,
    /// How much is taken at once.
    pub limits: Limits,
    /// Reads messages.
    pub intake: Intake,
    /// Keeps what arrives.
    pub store: Arc<dyn EventStore>,
    /// Makes reports.
    pub reports: Arc<dyn Reports>,
    /// Answers a browser that asks for a page that does not exist.
    pub not_found_page: fn() -> Response<Body>,
    /// Tells the time.
    pub clock: fn() -> Timestamp,
}

/// A server that [`crate::app`] gives routes.
pub struct Server {
    verifier: Verifier,
    token_hash: [u8; 32],
    region: String,
    public_url: Option<PublicUrl>,
    listening: SocketAddr,
    intake: Intake,
    store: Arc<dyn EventStore>,
    reports: Arc<dyn Reports>,
    pub(crate) not_found_page: fn() -> Response<Body>,
    clock: fn() -> Timestamp,
    refusals: RefusalCounter,
    created_at: Timestamp,
    message_namespace: Uuid,
    process_id: Uuid,
    requests: AtomicU64,
    bodies: BodyReader,
    rates: Arc<RateLimits>,
    /// Kibibytes that may yet wait for the store.
    waiting: Semaphore,
    is_writable: AtomicBool,
    is_damaged: AtomicBool,
    metrics: Metrics,
}

impl Server {
    /// Puts a server together.
    pub fn new(setup: ServerSetup) -> Self {
        let ServerSetup {
            credentials, listening, public_url, limits, intake, store, reports, ..
        } = setup;
        let (not_found_page, clock) = (setup.not_found_page, setup.clock);
        let hosts = AcceptedHosts::new(listening, public_url.as_ref());
        Self {
            token_hash: hash(credentials.token.reveal()),
            region: credentials.region.clone(),
            message_namespace: Uuid::new_v5(
                &Uuid::NAMESPACE_OID,
                credentials.access_key_id.as_bytes(),
            ),
            verifier: Verifier::new(credentials, hosts),
            public_url,
            listening,
            intake,
            store,
            reports,
            not_found_page,
            clock,
            refusals: RefusalCounter::default(),
            created_at: clock(),
            process_id: Uuid::new_v4(),
            requests: AtomicU64::new(0),
            bodies: BodyReader::new(limits.body_timeout),
            rates: Arc::new(RateLimits::new(&limits)),
            waiting: Semaphore::new(kibibytes(limits.max_waiting_bytes as usize) as usize),
            is_writable: AtomicBool::new(true),
            is_damaged: AtomicBool::new(false),
            metrics: Metrics::new(),
        }
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Notes for `/healthz` whether the last write to the store succeeded.
    pub fn note_writable(&self, is_writable: bool) {
        if self.is_writable.swap(is_writable, Ordering::Relaxed) != is_writable && is_writable {
            tracing::info!("the store takes writes again");
        }
    }

    /// Notes that the store failed; logged once for each outage, not for each request.
    pub fn note_failure(&self, error: &StoreError) {
        if self.is_writable() {
            let source = Error::source(error).map(ToString::to_string);
            tracing::error!(error = %error, source, "failed to store messages");
        }
        self.note_writable(false);
    }

    /// Notes damage for `/healthz` until the next start; logged once.
    pub fn note_damage(&self, error: &StoreError) {
        if !self.is_damaged.swap(true, Ordering::Relaxed) {
            tracing::error!(error = %error, "the store is damaged");
        }
    }

    /// Whether something in the store could not be read.
    pub(crate) fn is_damaged(&self) -> bool {
        self.is_damaged.load(Ordering::Relaxed)
    }

    /// Counts a message that is refused.
    pub(crate) fn refuse(&self, reason: RefusalReason) {
        self.metrics.message_refused(reason);
        self.refusals.count(Refusals::one(reason, self.now()));
    }

    /// The messages that were refused, for the program to log and to store.
    pub fn refusals(&self) -> &RefusalCounter {
        &self.refusals
    }

    /// Whether the store took the last write.
    pub fn is_writable(&self) -> bool {
        self.is_writable.load(Ordering::Relaxed)
    }

    pub(crate) fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    pub(crate) fn reports(&self) -> &dyn Reports {
        &*self.reports
    }

    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    pub(crate) fn created_at(&self) -> Timestamp {
        self.created_at
    }

    pub(crate) fn message_namespace(&self) -> Uuid {
        self.message_namespace
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// A number for each request, unlike those of other processes.
    pub(crate) fn next_request_id(&self) -> Uuid {
        let (high, low) = self.process_id.as_u64_pair();
        Uuid::from_u64_pair(high, low.wrapping_add(self.requests.fetch_add(1, Ordering::Relaxed)))
    }

    /// The address that a client has for it: the public URL, or the host that was asked.
    pub(crate) fn url(&self, received_host: Option<&str>) -> String {
        match (&self.public_url, received_host) {
            (Some(url), _) => url.to_string(),
            (None, Some(host)) => format!("http://{host}"),
            (None, None) => format!("http://{}", self.listening),
        }
    }

    pub(crate) async fn read_body(
        &self,
        body: Body,
        limit: usize,
        sender: Sender,
    ) -> Result<ReadBody<'_>, BodyError> {
        self.bodies.read(body, limit, sender).await
    }

    /// Gives `body` of a sender with the token a large-body slot, where it has none.
    pub(crate) async fn hold_large_slot<'b>(
        &'b self,
        body: &mut ReadBody<'b>,
    ) -> Result<(), BodyError> {
        self.bodies.hold_large_slot(body).await
    }

    pub(crate) async fn read_beginning(&self, body: Body) -> Vec<u8> {
        self.bodies.read_beginning(body).await
    }

    /// Counts failed authentications, for other routes beside these.
    pub fn rates(&self) -> Arc<RateLimits> {
        Arc::clone(&self.rates)
    }

    pub(crate) fn check_rate(&self) -> Result<(), ()> {
        self.rates.check_request()
    }

    /// Counts a wrong signature, as [`RateLimits::count_failure`] does.
    pub(crate) async fn authentication_failed(
        &self,
        extensions: &Extensions,
        reason: &'static str,
    ) -> Result<(), u64> {
        self.metrics.refused(reason);
        self.rates.count_failure(extensions.get::<ClientAddress>().copied()).await
    }

    /// Lets the holder of the token through.
    pub(crate) async fn check_bearer(&self, parts: &Parts) -> Result<(), PlainError> {
        let address = parts.extensions.get::<ClientAddress>().copied();
        let has_token = || self.has_token(&parts.headers);
        let Err(error) = self.rates.check_token(address, has_token).await else {
            keep_connection(&parts.extensions);
            return Ok(());
        };
        self.metrics.refused(bearer_token(&parts.headers).map_or("missing_token", |_| "token"));
        Err(match error {
            TokenError::Wrong => PlainError::unauthorized(),
            TokenError::TooManyFailures { retry_after_seconds } => {
                PlainError::too_many_failures(retry_after_seconds)
            }
        })
    }

    /// Whether the right token is sent.
    pub(crate) fn has_token(&self, headers: &HeaderMap) -> bool {
        // Hashes have one length, so that the comparison tells nothing about the token's.
        bearer_token(headers).is_some_and(|token| hash(token.trim()).ct_eq(&self.token_hash).into())
    }

    /// Whether a request brings events: it has a body and the right token.
    pub(crate) fn brings_events(&self, headers: &HeaderMap, body: &Body) -> bool {
        !body.is_end_stream() && self.has_token(headers)
    }

    /// Makes a message, and its group in the queue, ready for the store.
    pub(crate) fn arrival(
        &self,
        body: &[u8],
        group: Option<&str>,
        deduplication_id: Option<DeduplicationId>,
    ) -> Arrival {
        let arrived_at = self.now();
        let content = self.intake.read(body, arrived_at).in_group(group);
        Arrival { content, arrived_at, deduplication_id }
    }

    /// Keeps `arrivals`, which came in `bytes` bytes, and answers once all are durable.
    pub(crate) async fn keep(
        &self,
        arrivals: Vec<Arrival>,
        bytes: usize,
    ) -> Result<Vec<Receipt>, StoreError> {
        let Ok(_waiting) = self.waiting.try_acquire_many(kibibytes(bytes)) else {
            return Err(StoreError::unavailable(
                "too much waits for the store",
                "the queue toward it is full",
            ));
        };
        let expected = arrivals.len();
        let kept = self.store.append(arrivals).await.and_then(|receipts| {
            let complete = receipts.len() == expected;
            complete
                .then_some(receipts)
                .ok_or_else(|| StoreError::refused("the store did not answer for every message"))
        });
        match &kept {
            Ok(receipts) => {
                self.note_writable(true);
                for receipt in receipts {
                    self.metrics.kept(receipt.disposition);
                }
            }
            Err(error) => self.note_failure(error),
        }
        kept
    }
}

/// The token in the only `Authorization` header.
fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (scheme, token) = values.next()?.to_str().ok()?.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && values.next().is_none()).then_some(token)
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

fn kibibytes(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1024).max(1)).unwrap_or(u32::MAX)
}
