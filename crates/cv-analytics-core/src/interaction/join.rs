//! The joining law: what two halves make, whatever their order and however often they come.
//!
//! With one body a half, the record is the same for any order, repetition or batching. Of two
//! different bodies for one half the one that is there is kept whole.
//!
//! A self-contained response makes the whole record. Its session and its traffic flag stand in both
//! halves, and a query event that names others puts these into the query half: nothing else of it
//! is kept. So the record says what each of the two events named, whichever came first.
//!
//! Of several words of feedback the one with the latest timestamp stands, of equal ones the lesser by canonical
//! bytes, so that the record is the same for any order of those too.

use std::cmp::{Ordering, Reverse};

use super::{Disposition, Interaction};
use crate::event::{Event, EventBody, Feedback, QueryHalf, RequestId, Traffic};
use crate::timestamp::Timestamp;

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
    /// Joins `event` to what is there. Pure: the same arguments give the same answer.
    pub fn join(present: Option<&Self>, event: &Event) -> Joined {
        let Some(present) = present else {
            return Joined::Changed(Self::alone(event));
        };
        match &event.body {
            EventBody::Feedback(given) => {
                let rank = |word: &Feedback| word.rank(&event.request_id);
                match Some(rank(given)).cmp(&present.feedback.as_ref().map(rank)) {
                    Ordering::Equal => Joined::Unchanged(Disposition::Duplicate),
                    // Said, and taken back: neither duplicate nor conflict.
                    Ordering::Less => Joined::Unchanged(Disposition::Stored),
                    Ordering::Greater => {
                        Joined::Changed(Self { feedback: Some(given.clone()), ..present.clone() })
                    }
                }
            }
            // Neither duplicate nor conflict.
            EventBody::Query(query) if present.is_whole() => match present.completed_by(query) {
                Some(completed) => Joined::Changed(completed),
                None => Joined::Unchanged(Disposition::Stored),
            },
            EventBody::Query(query) => match &present.query {
                Some(kept) => Joined::Unchanged(repeated(kept == query)),
                None => Joined::Changed(Self { query: Some(query.clone()), ..present.clone() }),
            },
            EventBody::Response(response) => match &present.response {
                Some(kept) => Joined::Unchanged(repeated(kept == response)),
                None => {
                    Joined::Changed(Self { response: Some(response.clone()), ..present.clone() })
                }
            },
            EventBody::Whole(..) => {
                let whole = Self { feedback: present.feedback.clone(), ..Self::alone(event) };
                if present.response.is_some() {
                    let same = present.clone().without_query_event() == whole.without_query_event();
                    return Joined::Unchanged(repeated(same));
                }
                let completed = present.query.as_ref().and_then(|query| whole.completed_by(query));
                Joined::Changed(completed.unwrap_or(whole))
            }
        }
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

    fn alone(event: &Event) -> Self {
        let request_id = event.request_id.clone();
        let mut alone = Self { request_id, query: None, response: None, feedback: None };
        match &event.body {
            EventBody::Query(query) => alone.query = Some(query.clone()),
            EventBody::Response(response) => alone.response = Some(response.clone()),
            EventBody::Whole(query, response) => {
                alone.query = Some(query.clone());
                alone.response = Some(response.clone());
            }
            EventBody::Feedback(feedback) => alone.feedback = Some(feedback.clone()),
        }
        alone
    }

    /// A whole record as its self-contained response makes it; any other as it is.
    pub(super) fn without_query_event(mut self) -> Self {
        if let (Some(query), Some(response)) = (&mut self.query, &self.response)
            && response.form.is_whole()
        {
            query.session.clone_from(&response.session);
            query.traffic = response.traffic;
        }
        self
    }
}

impl Feedback {
    /// Of several words on one interaction the greatest stands.
    fn rank(&self, request_id: &RequestId) -> (Timestamp, Reverse<String>) {
        (self.timestamp, Reverse(self.canonical_bytes(request_id)))
    }
}

fn repeated(same: bool) -> Disposition {
    if same { Disposition::Duplicate } else { Disposition::Conflict }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Serialize;
    use serde_json::json;

    use super::*;
    use crate::event::{MatchScore, Rating};
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

    fn feedback(at: i64, rating: impl Serialize, comment: Option<&str>) -> Event {
        event(
            &json!({"eventType": "feedback", "requestId": "r", "timestamp": 1_763_000_000_000_i64 + at,
                      "rating": rating, "comment": comment}),
        )
    }

    #[test]
    fn the_last_word_of_feedback_stands_and_none_is_a_conflict() {
        let (up, down, said) =
            (feedback(0, "up", None), feedback(0, "down", None), feedback(1, "up", Some("ta")));
        let rating = |events: &[&Event]| {
            let (record, receipts) = kept(events);
            assert!(!receipts.contains(&Disposition::Conflict));
            (record.feedback.unwrap().rating, receipts)
        };
        // Of one moment the lesser bytes: "down" is before "up".
        assert_eq!(rating(&[&up, &down]).0, Rating::Down);
        assert_eq!(rating(&[&down, &up]).0, Rating::Down);
        assert_eq!(rating(&[&down, &said]).0, Rating::Up);
        assert_eq!(
            rating(&[&said, &down, &said]),
            (Rating::Up, vec![Disposition::Stored, Disposition::Stored, Disposition::Duplicate])
        );
        let (alone, _) = kept(&[&up]);
        assert_eq!((alone.at(), alone.is_joined()), (None, false));
    }

    #[test]
    fn one_word_in_two_spellings_is_a_duplicate_and_leaves_the_order_of_others() {
        let (plain, tolerated) = (feedback(0, "up", None), feedback(0, 1, None));
        let EventBody::Feedback(word) = &tolerated.body else { panic!("feedback was read") };
        assert!(!word.tolerated.is_empty());
        for (one, other) in [(&plain, &tolerated), (&tolerated, &plain)] {
            assert_eq!(kept(&[one, other]).1, [Disposition::Stored, Disposition::Duplicate]);
        }
        // With `"tolerated"` in it, the one spelling would stand before this word, and the other after it.
        let mut between = plain.clone();
        if let EventBody::Feedback(word) = &mut between.body {
            word.unknown.insert("u".to_owned(), json!(1));
        }
        let words = [&plain, &tolerated, &between];
        let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        let records = orders.map(|order| kept(&order.map(|word| words[word])).0);
        assert!(records.iter().all(|record| record == &records[0]));
    }

    proptest! {
        #[test]
        fn one_body_a_half_gives_one_record_in_any_order_and_repetition(
            order in proptest::collection::vec(0..5_usize, 2..14),
            asked in names(),
            answered in names(),
            self_contained in any::<bool>(),
            words in proptest::array::uniform3((0..2_i64, proptest::sample::select(vec!["up", "down"]))),
        ) {
            let [asked, mut answered] = flagged([asked, answered]);
            if !self_contained {
                answered = response(7);
            }
            let [first, second, third] = words.map(|(at, rating)| feedback(at, rating, None));
            let halves = [asked, answered, first, second, third];
            prop_assume!(order.contains(&0) && order.contains(&1));
            let events: Vec<&Event> = order.iter().map(|&half| &halves[half]).collect();
            let (record, receipts) = kept(&events);
            let in_turn: Vec<&Event> =
                (0..5).filter(|one| order.contains(one)).map(|one| &halves[one]).collect();
            let (reference, _) = kept(&in_turn);
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
