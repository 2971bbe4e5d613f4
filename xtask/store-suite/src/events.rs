//! Events and moments for the cases.

use cv_analytics_core::dead_letter::{DeadLetter, Reason};
use cv_analytics_core::intake::{Content, Intake};
use cv_analytics_core::interaction::{Disposition, Interaction};
use cv_analytics_core::privacy::{Privacy, SessionKey};
use cv_analytics_core::store::dead_letters::DeadLetterEntry;
use cv_analytics_core::store::session_key::SESSION_KEY;
use cv_analytics_core::store::{Arrival, DeduplicationId, Store};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use futures_util::TryStreamExt as _;
use serde_json::json;

/// 2025-11-13, a Thursday: stores with their own clock have about this one.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_763_000_000_000);
/// The session of every query.
pub(crate) const SESSION: &str = "session of a visitor";
const KEY: &str = "tests";

pub(crate) fn week() -> IsoWeek {
    IsoWeek::containing(NOW)
}

pub(crate) fn intake() -> Intake {
    Intake::new(Privacy::full(SessionKey::new(KEY)))
}

/// Has the store know the key of the session hash.
pub(crate) async fn keep_session_key(store: &dyn Store) {
    assert!(store.put(SESSION_KEY, KEY, None).await.unwrap());
}

pub(crate) fn query_at(id: &str, at: Timestamp, text: &str) -> Vec<u8> {
    let event = json!({"eventType": "query", "requestId": id, "timestamp": at, "query": text,
                       "sessionId": SESSION});
    event.to_string().into_bytes()
}

pub(crate) fn query(id: &str, text: &str) -> Vec<u8> {
    query_at(id, NOW, text)
}

/// It names no session.
pub(crate) fn response(id: &str, score: u32) -> Vec<u8> {
    let event = json!({"eventType": "response", "requestId": id, "timestamp": NOW.plus_millis(900),
                       "matchType": "partial", "matchScore": score});
    event.to_string().into_bytes()
}

/// Question and answer in one event.
pub(crate) fn whole_at(id: &str, at: Timestamp) -> Vec<u8> {
    let event = json!({"eventType": "response", "requestId": id, "query": "whole", "matchType": "full",
                       "timestamp": at.plus_millis(900), "queryTimestamp": at});
    event.to_string().into_bytes()
}

pub(crate) fn whole(id: &str) -> Vec<u8> {
    whole_at(id, NOW)
}

/// So many milliseconds after the moment of every query.
pub(crate) fn feedback(id: &str, later: i64, rating: &str) -> Vec<u8> {
    let event = json!({"eventType": "feedback", "requestId": id, "timestamp": NOW.plus_millis(later),
                       "rating": rating, "comment": "a word"});
    event.to_string().into_bytes()
}

pub(crate) fn arrival(body: &[u8]) -> Arrival {
    Arrival { content: intake().read(body, NOW), arrived_at: NOW, deduplication_id: None }
}

pub(crate) fn with_id(body: &[u8], id: u128) -> Arrival {
    Arrival { deduplication_id: Some(DeduplicationId(id)), ..arrival(body) }
}

/// A letter as from an earlier version, which could not read it.
pub(crate) fn unread(body: &[u8]) -> Arrival {
    let detail = "it could not be read then".to_owned();
    let letter =
        DeadLetter { reason: Reason::NotJson, detail, body: body.to_vec(), arrived_at: NOW };
    Arrival { content: Content::DeadLetter(letter), arrived_at: NOW, deduplication_id: None }
}

/// What becomes of each message, which come one after another.
pub(crate) async fn append(store: &dyn Store, bodies: &[Vec<u8>]) -> Vec<Disposition> {
    let mut became = Vec::new();
    for body in bodies {
        let receipts = store.append(vec![arrival(body)]).await.unwrap();
        assert_eq!(receipts.len(), 1);
        became.push(receipts[0].disposition);
    }
    became
}

/// Every interaction, by its id.
pub(crate) async fn exported(store: &dyn Store) -> Vec<Interaction> {
    let pages: Vec<Vec<Interaction>> = store.export().try_collect().await.unwrap();
    let mut all: Vec<Interaction> = pages.into_iter().flatten().collect();
    all.sort_by(|one, other| one.request_id.cmp(&other.request_id));
    all
}

pub(crate) fn ids(interactions: &[Interaction]) -> Vec<&str> {
    interactions.iter().map(|one| one.request_id.as_str()).collect()
}

/// Every dead letter that is listed.
pub(crate) async fn letters(store: &dyn Store) -> Vec<DeadLetterEntry> {
    store.dead_letters(usize::MAX).await.unwrap().entries
}
