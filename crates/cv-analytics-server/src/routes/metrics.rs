//! What `/metrics` tells, in the text form that Prometheus reads.

use std::time::Duration;

use axum::http::StatusCode;
use cv_analytics_core::intake::refusal::RefusalReason;
use cv_analytics_core::interaction::Disposition;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

/// A route, as requests are counted by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Route {
    Queue,
    Events,
    Reports,
    Health,
    Metrics,
    Other,
}

impl EncodeLabelValue for Route {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> std::fmt::Result {
        let name = match self {
            Self::Queue => "/",
            Self::Events => "/v1/events",
            Self::Reports => "/v1/reports/{week}",
            Self::Health => "/healthz",
            Self::Metrics => "/metrics",
            Self::Other => "other",
        };
        name.encode(encoder)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: Route,
    status: u16,
}

type Labelled = Family<[(&'static str, &'static str); 1], Counter>;

/// The server's counters.
pub(crate) struct Metrics {
    registry: Registry,
    messages: Labelled,
    requests: Family<RequestLabels, Counter>,
    failures: Labelled,
    refused_messages: Labelled,
    acknowledgement: Histogram,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("cv_analytics");
        let messages = Labelled::default();
        let requests = Family::<RequestLabels, Counter>::default();
        let failures = Labelled::default();
        let refused_messages = Labelled::default();
        // 0.25 ms to 8 s.
        let acknowledgement = Histogram::new(exponential_buckets(0.000_25, 2.0, 16));
        registry.register(
            "messages",
            "Messages taken in, by what became of them",
            messages.clone(),
        );
        registry.register(
            "http_requests",
            "Requests answered, by route and status",
            requests.clone(),
        );
        registry.register(
            "authentication_failures",
            "Requests refused, by reason",
            failures.clone(),
        );
        registry.register(
            "refused_messages",
            "Messages refused at the door, by reason",
            refused_messages.clone(),
        );
        registry.register(
            "acknowledgement_seconds",
            "Time from a request for the queue to its answer of success",
            acknowledgement.clone(),
        );
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The program's version", build);
        Self { registry, messages, requests, failures, refused_messages, acknowledgement }
    }

    pub(crate) fn kept(&self, disposition: Disposition) {
        self.messages.get_or_create(&[("disposition", name_of(disposition))]).inc();
    }

    pub(crate) fn answered(&self, route: Route, status: StatusCode) {
        self.requests.get_or_create(&RequestLabels { route, status: status.as_u16() }).inc();
    }

    pub(crate) fn refused(&self, reason: &'static str) {
        self.failures.get_or_create(&[("reason", reason)]).inc();
    }

    pub(crate) fn message_refused(&self, reason: RefusalReason) {
        self.refused_messages.get_or_create(&[("reason", reason.code())]).inc();
    }

    pub(crate) fn acknowledged(&self, elapsed: Duration) {
        self.acknowledgement.observe(elapsed.as_secs_f64());
    }

    /// The text of all of them.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry);
        text
    }
}

/// The contract's word for what became of a message.
pub(crate) const fn name_of(disposition: Disposition) -> &'static str {
    match disposition {
        Disposition::Stored => "stored",
        Disposition::Duplicate => "duplicate",
        Disposition::Conflict => "conflict",
        Disposition::DeadLetter => "deadLetter",
        Disposition::Deduplicated => "deduplicated",
        Disposition::Erased => "erased",
    }
}
