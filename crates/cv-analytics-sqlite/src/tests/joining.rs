//! The joining law, through the file.

use cv_analytics_core::event::Traffic;
use cv_analytics_core::intake::Content;
use cv_analytics_core::interaction::{Interaction, Joined};
use cv_analytics_core::store::{EventStore, Observation, ReportSource};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::setup::{
    Folder, NOW, arrival, arrivals, everything, exported, intake, kept, query, response, run, week,
};

fn whole(request_id: &str) -> Vec<u8> {
    let event = json!({"eventType": "response", "requestId": request_id, "query": "whole",
                       "timestamp": NOW.plus_millis(900), "queryTimestamp": NOW, "matchType": "full"});
    event.to_string().into_bytes()
}

/// The same event with a session and a traffic flag.
fn flagged(body: &[u8], session: &str, traffic: Traffic) -> Vec<u8> {
    let mut event: Value = serde_json::from_slice(body).unwrap();
    event["sessionId"] = json!(session);
    event["metadata"] = json!({"traffic": traffic.code()});
    event.to_string().into_bytes()
}

/// The messages of five requests, two halves each; of three the response is self-contained, and
/// what its session and its flag are comes from the query event, from the response, or from both.
fn messages() -> Vec<Vec<u8>> {
    vec![
        query("a", "one"),
        response("a", 1),
        query("b", "two"),
        response("b", 2),
        query("c", "whole"),
        whole("c"),
        flagged(&query("d", "whole"), "s", Traffic::Bot),
        flagged(&whole("d"), "t", Traffic::Own),
        query("e", "whole"),
        flagged(&whole("e"), "t", Traffic::Bot),
    ]
}

/// What the law makes of the messages, without a store.
fn reference(bodies: &[Vec<u8>]) -> Vec<Interaction> {
    let mut records: Vec<Interaction> = Vec::new();
    for body in bodies {
        let Content::Event(event) = intake().read(body, NOW) else { panic!("unreadable") };
        let place = records.iter().position(|record| record.request_id == event.request_id);
        match (Interaction::join(place.map(|place| &records[place]), &event), place) {
            (Joined::Changed(record), Some(place)) => records[place] = record,
            (Joined::Changed(record), None) => records.push(record),
            (Joined::Unchanged(_), _) => {}
        }
    }
    records.sort_by(|one, other| one.request_id.cmp(&other.request_id));
    records
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_order_batching_and_number_of_writers_gives_the_same_records(
        order in vec(0..10_usize, 1..40),
        batch in 1..6_usize,
        at_once in any::<bool>(),
    ) {
        let messages = messages();
        let bodies: Vec<Vec<u8>> = order.iter().map(|&message| messages[message].clone()).collect();
        let folder = Folder::new();
        let stores = [folder.open(), folder.open()];
        let mut records = run(async {
            let mut calls = Vec::new();
            for (number, bodies) in bodies.chunks(batch).enumerate() {
                let (store, arrivals) = (stores[number % 2].clone(), arrivals(bodies));
                let call = tokio::spawn(async move { store.append(arrivals).await.unwrap() });
                if at_once { calls.push(call) } else { call.await.unwrap(); }
            }
            for call in calls {
                call.await.unwrap();
            }
            exported(&stores[0]).await
        });
        records.sort_by(|one, other| one.request_id.cmp(&other.request_id));
        prop_assert_eq!(&records, &reference(&bodies));
        // What a report reads is what it reads of the interactions.
        let expect: Vec<Observation> = records.into_iter().map(Observation::from).collect();
        prop_assert_eq!(run(everything(&stores[0])), expect);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_duplicates_are_one_interaction() {
    let folder = Folder::new();
    let store = folder.open();
    let body = query("r", "again");
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let (store, body) = (store.clone(), body.clone());
            tokio::spawn(async move { store.append(vec![arrival(&body, NOW, None); 100]).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(everything(&store).await.len(), 1);
    assert_eq!(store.deliveries(week()).await.unwrap().duplicates, Some(9_999));
}

#[tokio::test]
async fn a_response_before_its_query_moves_to_the_querys_week() {
    let folder = Folder::new();
    let store = folder.open();
    let mut late = json!({"eventType": "query", "requestId": "r", "query": "years ago"});
    late["timestamp"] = json!(1_000_000_000_000_i64);
    kept(&store, &[response("r", 1)]).await;
    kept(&store, &[late.to_string().into_bytes()]).await;
    let at: i64 = store
        .reader
        .read("look", |connection| {
            Ok(connection.query_row("SELECT at FROM interactions", [], |row| row.get(0))?)
        })
        .await
        .unwrap();
    assert_eq!(at, 1_000_000_000_000);
}

#[tokio::test]
async fn an_export_kept_in_an_empty_store_gives_the_same_observations() {
    let (folder, other) = (Folder::new(), Folder::new());
    let (store, empty) = (folder.open(), other.open());
    kept(&store, &messages()).await;
    let more: Vec<_> = (0..1_203).map(|number| query(&format!("q{number}"), "more")).collect();
    kept(&store, &more).await;
    let events = exported(&store).await.into_iter().flat_map(Interaction::into_events);
    let bodies: Vec<_> = events.map(|event| event.to_json().to_string().into_bytes()).collect();
    kept(&empty, &bodies).await;
    assert_eq!(everything(&empty).await, everything(&store).await);
    assert_eq!(exported(&empty).await, exported(&store).await);
}
