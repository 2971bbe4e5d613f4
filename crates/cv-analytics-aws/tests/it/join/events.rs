//! Events as agents send them, read by the intake.

use cv_analytics_core::event::{Event, RequestId, Traffic};
use cv_analytics_core::intake::{Content, Intake};
use cv_analytics_core::privacy::{Privacy, SessionKey};
use cv_analytics_core::timestamp::Timestamp;
use serde_json::{Value, json};

/// Tuesday, 2026-11-17.
pub(crate) const ASKED_AT: Timestamp = Timestamp::from_millis(1_794_906_000_000);

pub(crate) fn request_id(number: usize) -> RequestId {
    RequestId::new(format!("request {number}")).unwrap()
}

fn read(event: &Value, at: Timestamp) -> Event {
    let intake = Intake::new(Privacy::full(SessionKey::new(b"tests".to_vec())));
    match intake.read(event.to_string().as_bytes(), at) {
        Content::Event(event) => *event,
        Content::DeadLetter(letter) => panic!("{}", letter.detail),
    }
}

pub(crate) fn query(request: usize, text: &str, at: Timestamp) -> Event {
    let event = json!({"eventType": "query", "requestId": request_id(request).as_str(),
                       "timestamp": at.as_millis(), "query": text, "sessionId": "a visitor"});
    read(&event, at)
}

/// The event with another session and a traffic flag.
pub(crate) fn flagged(event: &Event, session: &str, traffic: Traffic) -> Event {
    let at = event.at();
    let mut fields = event.to_json();
    fields["sessionId"] = session.into();
    fields["metadata"] = json!({"traffic": traffic.code()});
    read(&fields, at)
}

/// A response event that waits for its query event.
pub(crate) fn response(request: usize, score: u8, at: Timestamp) -> Event {
    let event = json!({"eventType": "response", "requestId": request_id(request).as_str(),
                       "timestamp": at.as_millis(), "matchType": "partial", "matchScore": score});
    read(&event, at)
}

/// A visitor's word, so many milliseconds after [`ASKED_AT`].
pub(crate) fn feedback(request: usize, later: i64, rating: &str) -> Event {
    let at = ASKED_AT.plus_millis(later);
    let event = json!({"eventType": "feedback", "requestId": request_id(request).as_str(),
                       "timestamp": at.as_millis(), "rating": rating});
    read(&event, at)
}

/// A response event that brings its question along.
pub(crate) fn self_contained(request: usize, text: &str, at: Timestamp) -> Event {
    let event = json!({"eventType": "response", "requestId": request_id(request).as_str(),
                       "timestamp": at.plus_millis(900).as_millis(), "matchType": "full",
                       "query": text, "queryTimestamp": at.as_millis()});
    read(&event, at)
}
