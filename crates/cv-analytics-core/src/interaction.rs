//! The joining law: what two halves make, whatever their order and however often they come.
//!
//! With one body a half, the record is the same for any order, repetition or batching. Of two
//! different bodies for one half the one that is there is kept whole.

use crate::event::{Event, Halves, QueryHalf, RequestId, ResponseForm, ResponseHalf};
use crate::store::Disposition;
use crate::timestamp::Timestamp;

/// How long a half waits for its partner, from the earlier of its own timestamp and its arrival, in
/// milliseconds.
pub const PROMOTED_AFTER_MS: i64 = 15 * 60 * 1000;

/// The halves that have come under one request id: one of them at the least.
#[derive(Clone, Debug, PartialEq)]
pub struct Interaction {
    /// What joins the halves.
    pub request_id: RequestId,
    /// What was asked.
    pub query: Option<QueryHalf>,
    /// How it was handled.
    pub response: Option<ResponseHalf>,
}

/// What an arriving event makes of the record that is there.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "it lives for one call, and mostly holds the record")]
pub enum Joined {
    /// The record to keep now: the event added something.
    Changed(Interaction),
    /// The record stays as it is.
    Unchanged(Disposition),
}

impl Interaction {
    /// The moment that decides its week: the query's, else the response's.
    pub fn at(&self) -> Option<Timestamp> {
        self.query
            .as_ref()
            .map(|query| query.timestamp)
            .or_else(|| self.response.as_ref().map(|response| response.timestamp))
    }

    /// Whether both halves are there.
    pub fn is_joined(&self) -> bool {
        self.query.is_some() && self.response.is_some()
    }

    /// Whether a self-contained response made the record.
    pub fn is_whole(&self) -> bool {
        self.response.as_ref().is_some_and(|response| response.form.is_whole())
    }

    /// Joins `event` to what is there. Pure: the same arguments give the same answer.
    pub fn join(present: Option<&Self>, event: &Event) -> Joined {
        let Some(present) = present else {
            return Joined::Changed(Self::alone(event));
        };
        match &event.halves {
            // A whole record takes nothing from a query event: neither duplicate nor conflict.
            Halves::Query(_) if present.is_whole() => Joined::Unchanged(Disposition::Stored),
            Halves::Query(query) => match &present.query {
                Some(kept) => Joined::Unchanged(repeated(kept == query)),
                None => Joined::Changed(Self { query: Some(query.clone()), ..present.clone() }),
            },
            Halves::Response(response) => match &present.response {
                Some(kept) => Joined::Unchanged(repeated(kept == response)),
                None => {
                    Joined::Changed(Self { response: Some(response.clone()), ..present.clone() })
                }
            },
            Halves::Whole(query, response) => match &present.response {
                Some(kept) => Joined::Unchanged(repeated(
                    kept == response && present.query.as_ref() == Some(query),
                )),
                None => Joined::Changed(Self::alone(event)),
            },
        }
    }

    fn alone(event: &Event) -> Self {
        let (query, response) = match &event.halves {
            Halves::Query(query) => (Some(query.clone()), None),
            Halves::Response(response) => (None, Some(response.clone())),
            Halves::Whole(query, response) => (Some(query.clone()), Some(response.clone())),
        };
        Self { request_id: event.request_id.clone(), query, response }
    }

    /// The events that, kept again, make this record: what an export writes.
    pub fn into_events(self) -> Vec<Event> {
        let request_id = self.request_id;
        let event = |halves| Event { request_id: request_id.clone(), halves };
        match (self.query, self.response) {
            (Some(query), Some(response)) if response.form != ResponseForm::Plain => {
                vec![event(Halves::Whole(query, response))]
            }
            (query, response) => query
                .map(Halves::Query)
                .into_iter()
                .chain(response.map(Halves::Response))
                .map(event)
                .collect(),
        }
    }
}

fn repeated(same: bool) -> Disposition {
    if same { Disposition::Duplicate } else { Disposition::Conflict }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::event::MatchScore;
    use crate::intake::{Content, Intake};

    fn event(value: &serde_json::Value) -> Event {
        match Intake::for_tests().read(value.to_string().as_bytes(), Timestamp::from_millis(0)) {
            Content::Event(event) => *event,
            Content::DeadLetter(letter) => panic!("{}", letter.detail),
        }
    }

    fn query(text: &str) -> Event {
        event(
            &json!({"eventType": "query", "requestId": "r", "timestamp": 1_763_000_000_000_i64, "query": text, "sessionId": "s"}),
        )
    }

    fn response(score: i64) -> Event {
        event(
            &json!({"eventType": "response", "requestId": "r", "timestamp": 1_763_000_003_000_i64, "matchType": "full", "matchScore": score}),
        )
    }

    fn whole(text: &str) -> Event {
        event(
            &json!({"eventType": "response", "requestId": "r", "timestamp": 1_763_000_003_000_i64, "matchType": "full",
                      "query": text, "queryTimestamp": 1_763_000_000_000_i64}),
        )
    }

    fn kept(events: &[&Event]) -> (Interaction, Vec<Disposition>) {
        let mut present = None;
        let mut dispositions = Vec::new();
        for event in events {
            match Interaction::join(present.as_ref(), event) {
                Joined::Changed(record) => {
                    present = Some(record);
                    dispositions.push(Disposition::Stored);
                }
                Joined::Unchanged(disposition) => dispositions.push(disposition),
            }
        }
        (present.unwrap(), dispositions)
    }

    #[test]
    fn a_query_event_adds_nothing_to_a_self_contained_response() {
        let (query, whole) = (query("one"), whole("one"));
        let (first, receipts) = kept(&[&query, &whole]);
        assert_eq!(receipts, [Disposition::Stored, Disposition::Stored]);
        let (second, receipts) = kept(&[&whole, &query, &query]);
        assert_eq!(receipts, [Disposition::Stored; 3]);
        assert_eq!(first, second);
    }

    #[test]
    fn a_different_body_is_a_conflict_and_the_first_one_stays_whole() {
        let (record, receipts) =
            kept(&[&query("one"), &query("two"), &response(1), &response(2), &whole("one")]);
        let expect = [
            Disposition::Stored,
            Disposition::Conflict,
            Disposition::Stored,
            Disposition::Conflict,
            Disposition::Conflict,
        ];
        assert_eq!(receipts, expect);
        assert_eq!(record.query.unwrap().query, "one");
        assert_eq!(record.response.unwrap().match_score, MatchScore::new(1.0));
    }

    #[test]
    fn two_self_contained_copies_with_other_questions_are_a_conflict() {
        let (_, receipts) = kept(&[&whole("one"), &whole("one"), &whole("two")]);
        assert_eq!(receipts, [Disposition::Stored, Disposition::Duplicate, Disposition::Conflict]);
    }

    proptest! {
        #[test]
        fn one_body_a_half_gives_one_record_in_any_order_and_repetition(
            order in proptest::collection::vec(0..2_usize, 2..12),
            self_contained in any::<bool>(),
        ) {
            let halves = [query("one"), if self_contained { whole("one") } else { response(7) }];
            prop_assume!(order.contains(&0) && order.contains(&1));
            let events: Vec<&Event> = order.iter().map(|&half| &halves[half]).collect();
            let (record, receipts) = kept(&events);
            let (reference, _) = kept(&[&halves[0], &halves[1]]);
            prop_assert_eq!(&record, &reference);
            prop_assert!(!receipts.contains(&Disposition::Conflict));
            let again: Vec<Event> = record.clone().into_events();
            let (exported, _) = kept(&again.iter().collect::<Vec<_>>());
            prop_assert_eq!(exported, record);
        }
    }
}
