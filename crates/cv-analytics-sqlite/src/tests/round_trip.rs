//! Events, columns, and the same events again.

use cv_analytics_core::event::{
    Event, EventBody, Feedback, MatchScore, MatchType, Outcome, QueryHalf, Rating, RequestId,
    ResponseForm, ResponseHalf, SessionId, Traffic, UnknownFields,
};
use cv_analytics_core::intake::Content;
use cv_analytics_core::interaction::Interaction;
use cv_analytics_core::store::{Arrival, EventStore, Observation};
use cv_analytics_core::timestamp::Timestamp;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use super::setup::{Folder, NOW, everything, exported, run};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[a-z '\"\\\\\u{0}\u{202e}é🦀]{0,40}"]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        prop::num::f64::NORMAL.prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            vec((text(), inner), 0..3)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn unknown() -> impl Strategy<Value = UnknownFields> {
    vec((text(), value()), 0..3).prop_map(|fields| fields.into_iter().collect())
}

fn moment() -> impl Strategy<Value = Timestamp> {
    (946_684_800_000_i64..4_133_980_800_000).prop_map(Timestamp::from_millis)
}

fn session() -> impl Strategy<Value = Option<SessionId>> {
    option::of(text().prop_map(SessionId::from_store))
}

prop_compose! {
    fn query_half()(
        timestamp in moment(), query in text(), query_cut in any::<bool>(), session in session(),
        traffic in select(Traffic::ALL), unknown in unknown(), tolerated in vec(text(), 0..3),
    ) -> QueryHalf {
        QueryHalf { timestamp, query, query_cut, session, traffic, unknown, tolerated }
    }
}

prop_compose! {
    fn response_half()(
        timestamp in moment(),
        match_type in option::of(select(MatchType::ALL)),
        match_score in option::of((0.0..=100.0).prop_map(|score| MatchScore::new(score).unwrap())),
        named_outcome in option::of(select(Outcome::ALL)),
        reasoning in option::of(text()),
        flags in any::<bool>(),
        matched_skills in vec(text(), 0..3),
        (missing_skills, topic, answer) in (vec(text(), 0..3), option::of(text()), option::of(text())),
        total_time_ms in option::of(0.0..1e12),
        session in session(),
        traffic in select(Traffic::ALL),
        (unknown, tolerated) in (unknown(), vec(text(), 0..3)),
    ) -> ResponseHalf {
        ResponseHalf {
            timestamp, match_type, match_score, named_outcome, reasoning, reasoning_cut: flags,
            matched_skills, missing_skills, topic, answer, answer_cut: flags, total_time_ms, session, traffic,
            form: ResponseForm::Plain, unknown, tolerated,
        }
    }
}

prop_compose! {
    fn feedback()(
        timestamp in moment(), rating in select(Rating::ALL), comment in option::of(text()),
        comment_cut in any::<bool>(), unknown in unknown(), tolerated in vec(text(), 0..3),
    ) -> Feedback {
        Feedback { timestamp, rating, comment, comment_cut, unknown, tolerated }
    }
}

fn body() -> impl Strategy<Value = EventBody> {
    prop_oneof![
        feedback().prop_map(EventBody::Feedback),
        query_half().prop_map(EventBody::Query),
        response_half().prop_map(EventBody::Response),
        (query_half(), response_half(), any::<bool>()).prop_map(|(query, response, combined)| {
            let form = if combined { ResponseForm::Combined } else { ResponseForm::SelfContained };
            // One event has one session and one flag.
            let (session, traffic) = (response.session.clone(), response.traffic);
            EventBody::Whole(
                QueryHalf { session, traffic, ..query },
                ResponseHalf { form, ..response },
            )
        }),
    ]
}

fn arrived(event: Event) -> Arrival {
    let content = Content::Event(Box::new(event));
    Arrival { content, arrived_at: NOW, deduplication_id: None }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn what_is_kept_is_read_as_it_was(all in vec(body(), 1..12), split in (query_half(), response_half(), feedback())) {
        let folder = Folder::new();
        let store = folder.open();
        let mut events: Vec<Event> = all
            .into_iter()
            .enumerate()
            .map(|(number, body)| Event { request_id: RequestId::new(format!("r {number}")).unwrap(), body })
            .collect();
        // One whose events come one by one, and in three commits.
        let split = [EventBody::Query(split.0), EventBody::Response(split.1), EventBody::Feedback(split.2)]
            .map(|body| Event { request_id: RequestId::new("split").unwrap(), body });
        run(async {
            events.push(split[0].clone());
            store.append(events.iter().cloned().map(arrived).collect()).await.unwrap();
            for later in &split[1..] {
                store.append(vec![arrived(later.clone())]).await.unwrap();
            }
            let exported = exported(&store).await;
            prop_assert_eq!(exported.len(), events.len());
            let again: Vec<Event> = exported.iter().cloned().flat_map(Interaction::into_events).collect();
            events.extend_from_slice(&split[1..]);
            // As text, since equality leaves out what was tolerated.
            prop_assert_eq!(format!("{again:#?}"), format!("{events:#?}"));
            let counted = exported.into_iter().filter(|one| one.at().is_some());
            let mut expect: Vec<Observation> = counted.map(Observation::from).collect();
            expect.sort_by(|one, other| one.request_id.cmp(&other.request_id));
            prop_assert_eq!(everything(&store).await, expect);
            Ok(())
        })?;
    }
}
