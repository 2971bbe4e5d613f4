//! An interaction: the halves of one request id, and the events that they came in.

mod join;

pub use self::join::Joined;
use crate::event::{Event, Halves, QueryHalf, RequestId, ResponseHalf, Traffic, UnknownFields};
use crate::timestamp::Timestamp;

/// Milliseconds that a half waits for its partner, from its timestamp or its arrival, whichever is earlier.
pub const PROMOTED_AFTER_MS: i64 = 15 * 60 * 1000;

/// The halves that have come under one request id: one of them at least.
#[derive(Clone, Debug, PartialEq)]
pub struct Interaction {
    /// What joins the halves.
    pub request_id: RequestId,
    /// What was asked.
    pub query: Option<QueryHalf>,
    /// How it was handled.
    pub response: Option<ResponseHalf>,
}

/// What became of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Disposition {
    /// The event is kept (or a self-contained response had said it all before).
    Stored,
    /// The same half was there before.
    Duplicate,
    /// Another body for this half was there before, and stays.
    Conflict,
    /// The message cannot be read and is kept as a dead letter.
    DeadLetter,
    /// The queue's deduplication swallowed the message: no delivery.
    Deduplicated,
    /// The owner had the interaction erased: nothing of it is kept again.
    Erased,
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

    /// Whether a query event may still name the session of this whole record's query half.
    pub fn lacks_session(&self) -> bool {
        self.whole_halves().is_some_and(|(query, response)| {
            query.session.is_none() || query.session == response.session
        })
    }

    /// Whether a query event may still flag this whole record's query half.
    pub fn lacks_traffic(&self) -> bool {
        self.whole_halves().is_some_and(|(query, response)| query.traffic == response.traffic)
    }

    /// This whole record with the session and the traffic flag that `event` names and it lacks;
    /// `None` where that changes nothing.
    pub fn completed_by(&self, event: &QueryHalf) -> Option<Self> {
        let kept = self.query.as_ref()?;
        let session = event.session.as_ref().filter(|_| self.lacks_session());
        let session = session.filter(|session| kept.session.as_ref() != Some(*session));
        let flags = event.traffic != Traffic::Visitor && event.traffic != kept.traffic;
        let traffic = (flags && self.lacks_traffic()).then_some(event.traffic);
        if session.is_none() && traffic.is_none() {
            return None;
        }
        let mut query = kept.clone();
        query.session = session.cloned().or(query.session);
        query.traffic = traffic.unwrap_or(query.traffic);
        Some(Self { query: Some(query), ..self.clone() })
    }

    /// The query half, or of a self-contained record the session and flag that are not the response's.
    pub fn query_event(&self) -> Option<QueryHalf> {
        let Some((query, response)) = self.whole_halves() else { return self.query.clone() };
        let session = query.session.clone().filter(|_| query.session != response.session);
        let traffic =
            if query.traffic == response.traffic { Traffic::Visitor } else { query.traffic };
        (session.is_some() || traffic != Traffic::Visitor).then(|| QueryHalf {
            session,
            traffic,
            unknown: UnknownFields::new(),
            tolerated: Vec::new(),
            ..query.clone()
        })
    }

    fn alone(event: &Event) -> Self {
        let (query, response) = match &event.halves {
            Halves::Query(query) => (Some(query.clone()), None),
            Halves::Response(response) => (None, Some(response.clone())),
            Halves::Whole(query, response) => (Some(query.clone()), Some(response.clone())),
        };
        Self { request_id: event.request_id.clone(), query, response }
    }

    fn whole_halves(&self) -> Option<(&QueryHalf, &ResponseHalf)> {
        let (query, response) = (self.query.as_ref()?, self.response.as_ref()?);
        response.form.is_whole().then_some((query, response))
    }

    /// A whole record as its self-contained response makes it; any other as it is.
    fn without_query_event(mut self) -> Self {
        if let (Some(query), Some(response)) = (&mut self.query, &self.response)
            && response.form.is_whole()
        {
            query.session.clone_from(&response.session);
            query.traffic = response.traffic;
        }
        self
    }

    /// The events that, kept again in any order, make this record: what an export writes.
    pub fn into_events(self) -> Vec<Event> {
        let query = self.query_event().map(Halves::Query);
        let Self { request_id, query: asked, response } = self.without_query_event();
        let response = response.map(|response| match asked {
            Some(query) if response.form.is_whole() => Halves::Whole(query, response),
            _ => Halves::Response(response),
        });
        // After a self-contained response a query event is never a conflict, whatever else it lacks.
        let is_whole = matches!(response, Some(Halves::Whole(..)));
        let (first, second) = if is_whole { (response, query) } else { (query, response) };
        let event = |halves| Event { request_id: request_id.clone(), halves };
        first.into_iter().chain(second).map(event).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::event::MatchScore;
    use crate::intake::{Content, Intake};
    use crate::store::Observation;

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

    /// A query event, and a self-contained response, with these sessions and flags.
    fn flagged(names: [(Option<&str>, Option<Traffic>); 2]) -> [Event; 2] {
        let origin = |(session, traffic): (Option<&str>, Option<Traffic>)| {
            (json!(session), json!({"traffic": traffic.map(Traffic::code)}))
        };
        let [asked, answered] = names.map(origin);
        [
            event(
                &json!({"eventType": "query", "requestId": "r", "timestamp": 1_763_000_000_000_i64, "query": "one",
                          "sessionId": asked.0, "metadata": asked.1}),
            ),
            event(
                &json!({"eventType": "response", "requestId": "r", "timestamp": 1_763_000_003_000_i64, "matchType": "full",
                          "query": "one", "queryTimestamp": 1_763_000_000_000_i64,
                          "sessionId": answered.0, "metadata": answered.1}),
            ),
        ]
    }

    fn names() -> impl Strategy<Value = (Option<&'static str>, Option<Traffic>)> {
        let sessions = [None, Some("s"), Some("t")];
        let flags = [None, Some(Traffic::Visitor), Some(Traffic::Bot), Some(Traffic::Own)];
        (proptest::sample::select(sessions.to_vec()), proptest::sample::select(flags.to_vec()))
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
    fn a_session_and_a_flag_count_from_either_event_the_querys_first() {
        let cases = [
            [(Some("s"), Some(Traffic::Bot)), (None, None)],
            [(None, None), (Some("s"), Some(Traffic::Bot))],
            [(Some("s"), None), (None, Some(Traffic::Bot))],
            [(Some("s"), Some(Traffic::Bot)), (Some("t"), Some(Traffic::Own))],
        ];
        let expect = Observation::from(kept(&[&flagged([cases[0][0]; 2])[0]]).0);
        for case in cases {
            let [query, whole] = flagged(case);
            for order in [[&query, &whole], [&whole, &query]] {
                let (record, receipts) = kept(&order);
                assert_eq!(receipts, [Disposition::Stored; 2]);
                let seen = Observation::from(record);
                assert_eq!((seen.session, seen.traffic), (expect.session, expect.traffic));
            }
        }
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
            asked in names(),
            answered in names(),
            self_contained in any::<bool>(),
        ) {
            let mut halves = flagged([asked, answered]);
            if !self_contained {
                halves[1] = response(7);
            }
            prop_assume!(order.contains(&0) && order.contains(&1));
            let events: Vec<&Event> = order.iter().map(|&half| &halves[half]).collect();
            let (record, receipts) = kept(&events);
            let (reference, _) = kept(&[&halves[0], &halves[1]]);
            prop_assert_eq!(&record, &reference);
            prop_assert!(!receipts.contains(&Disposition::Conflict));

            // An export kept in an empty store, in any order, or beside the events themselves.
            let mut again: Vec<Event> =
                record.clone().into_events().iter().map(|one| event(&one.to_json())).collect();
            let (exported, _) = kept(&again.iter().collect::<Vec<_>>());
            prop_assert_eq!(&exported, &record);
            again.reverse();
            let (exported, _) = kept(&again.iter().collect::<Vec<_>>());
            prop_assert_eq!(&exported, &record);
            let (beside, receipts) = kept(&events.into_iter().chain(&again).collect::<Vec<_>>());
            prop_assert_eq!(&beside, &record);
            prop_assert!(!receipts.contains(&Disposition::Conflict));
            prop_assert_eq!(record.clone().into_events(), exported.into_events());
        }
    }
}
