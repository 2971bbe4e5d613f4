//! A folder, events and moments for the tests.

use crate::SqliteStore;
use cv_analytics_core::intake::Intake;
use cv_analytics_core::interaction::{Disposition, Interaction};
use cv_analytics_core::privacy::{Privacy, SessionKey};
use cv_analytics_core::store::dead_letters::DeadLetterSelection;
use cv_analytics_core::store::{
    Arrival, DeduplicationId, EventStore as _, Observation, ReportSource as _, Store as _,
};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use futures_util::StreamExt;
use serde_json::json;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// 2025-11-13.
pub(super) const NOW: Timestamp = Timestamp::from_millis(1_763_000_000_000);

/// A folder with a database in it, gone after the test.
pub(super) struct Folder(TempDir);

impl Folder {
    pub(super) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Every file in it.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        std::fs::read_dir(self.path()).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    pub(super) fn database(&self) -> PathBuf {
        self.0.path().join("cv-analytics.db")
    }

    pub(super) fn open(&self) -> SqliteStore {
        SqliteStore::open(self.database()).unwrap()
    }
}

/// The week of [`NOW`].
pub(super) fn week() -> IsoWeek {
    IsoWeek::containing(NOW)
}

pub(super) fn intake() -> Intake {
    Intake::new(Privacy::full(SessionKey::new(b"tests".to_vec())))
}

pub(super) fn query(request_id: &str, text: &str) -> Vec<u8> {
    let event = json!({"eventType": "query", "requestId": request_id, "timestamp": NOW,
                       "query": text, "sessionId": "session of a visitor"});
    event.to_string().into_bytes()
}

pub(super) fn response(request_id: &str, score: i64) -> Vec<u8> {
    let event = json!({"eventType": "response", "requestId": request_id,
                       "timestamp": NOW.plus_millis(900), "matchType": "partial",
                       "matchScore": score, "matchedSkills": ["Go"], "missingSkills": ["Rust"],
                       "model": "a-model", "tokens": 412, "share": 0.123_456_789_012_345_6});
    event.to_string().into_bytes()
}

pub(super) fn arrival(body: &[u8], arrived_at: Timestamp, deduplication: Option<u128>) -> Arrival {
    Arrival {
        content: intake().read(body, arrived_at),
        arrived_at,
        deduplication_id: deduplication.map(DeduplicationId),
    }
}

pub(super) fn arrivals(bodies: &[Vec<u8>]) -> Vec<Arrival> {
    bodies.iter().map(|body| arrival(body, NOW, None)).collect()
}

/// Every interaction, in order of arrival.
pub(super) async fn exported(store: &SqliteStore) -> Vec<Interaction> {
    let mut pages = store.export();
    let mut seen = Vec::new();
    while let Some(page) = pages.next().await {
        seen.extend(page.unwrap());
    }
    seen
}

/// What became of each body.
pub(super) async fn kept(store: &SqliteStore, bodies: &[Vec<u8>]) -> Vec<Disposition> {
    let receipts = store.append(arrivals(bodies)).await.unwrap();
    receipts.into_iter().map(|receipt| receipt.disposition).collect()
}

/// What became of each body that an import brought.
pub(super) async fn imported(store: &SqliteStore, bodies: &[Vec<u8>]) -> Vec<Disposition> {
    let answers = store.import(arrivals(bodies)).await.unwrap();
    answers.into_iter().map(|answer| answer.unwrap().disposition).collect()
}

/// The ids of the dead letters, the newest first.
pub(super) async fn letter_ids(store: &SqliteStore) -> Vec<i64> {
    let listed = store.dead_letters(usize::MAX).await.unwrap();
    listed.entries.iter().map(|entry| entry.id.parse().unwrap()).collect()
}

pub(super) fn selected(ids: &[i64]) -> DeadLetterSelection {
    DeadLetterSelection::Ids(ids.iter().map(ToString::to_string).collect())
}

/// Puts what a dead letter has become in its place.
pub(super) async fn replace(store: &SqliteStore, id: i64, arrival: Arrival) -> Option<Disposition> {
    let replaced = store.replace_dead_letters(vec![(id, arrival)]).await.unwrap();
    replaced[0].map(|receipt| receipt.disposition)
}

/// Runs a future to its end; for tests that make many cases.
pub(super) fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build();
    runtime.unwrap().block_on(future)
}

/// Every observation, by request id.
pub(super) async fn everything(store: &SqliteStore) -> Vec<Observation> {
    let all = Timestamp::from_millis(i64::MIN)..Timestamp::from_millis(i64::MAX);
    let mut pages = store.scan(all);
    let mut seen = Vec::new();
    while let Some(page) = pages.next().await {
        seen.extend(page.unwrap().iter().map(|observation| observation.to_owned()));
    }
    seen.sort_by(|one: &Observation, other| one.request_id.cmp(&other.request_id));
    seen
}
