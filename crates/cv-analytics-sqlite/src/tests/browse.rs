//! Single interactions, weeks, arrivals, and whether a period changed.

use cv_analytics_core::store::Store as _;
use cv_analytics_core::store::arrivals::ArrivalCursor;
use cv_analytics_core::store::{EventStore, KeyValueStore};
use serde_json::json;

use super::setup::{Folder, NOW, arrival, kept, query, response, week};
use crate::SqliteStore;

const WEEK_MS: i64 = 7 * 24 * 3600 * 1000;

fn asked(id: &str, weeks_ago: i64) -> Vec<u8> {
    let at = NOW.plus_millis(-weeks_ago * WEEK_MS);
    json!({"eventType": "query", "requestId": id, "timestamp": at, "query": "q"})
        .to_string()
        .into_bytes()
}

async fn marker(store: &SqliteStore, weeks_ago: u8) -> u64 {
    let week = week().earlier(weeks_ago);
    let period = week.start()..week.end().plus_millis(-1);
    store.change_marker(period).await.unwrap().unwrap()
}

#[tokio::test]
async fn arrivals_come_in_order_and_each_once() {
    let folder = Folder::new();
    let store = folder.open();
    assert!(store.arrivals(None, 5).await.unwrap().interactions.is_empty());
    kept(&store, &[asked("a", 0), asked("b", 9), asked("c", 1)]).await;
    let ids = |interactions: Vec<cv_analytics_core::interaction::Interaction>| {
        interactions.iter().map(|one| one.request_id.to_string()).collect::<Vec<_>>()
    };
    let latest = store.arrivals(None, 2).await.unwrap();
    assert_eq!(ids(latest.interactions), ["b", "c"]);
    kept(&store, &[asked("d", 0), asked("a", 0)]).await;
    let next = store.arrivals(Some(latest.cursor), 9).await.unwrap();
    assert_eq!(ids(next.interactions), ["d"]);
    assert!(store.arrivals(Some(next.cursor), 9).await.unwrap().interactions.is_empty());
    let first = store.arrivals(Some(ArrivalCursor(0)), 1).await.unwrap();
    assert_eq!(ids(first.interactions), ["a"]);
}

#[tokio::test]
async fn a_marker_moves_with_its_own_weeks() {
    let folder = Folder::new();
    let store = folder.open();
    kept(&store, &[asked("a", 0), asked("b", 5)]).await;
    let (this, old) = (marker(&store, 0).await, marker(&store, 5).await);
    assert!(store.put("cv-analytics:settings", "{}", None).await.unwrap());
    assert_eq!((marker(&store, 0).await, marker(&store, 5).await), (this, old));

    kept(&store, &[query("c", "q")]).await;
    assert_ne!(marker(&store, 0).await, this);
    assert_eq!(marker(&store, 5).await, old);

    // A late answer, and the query of an answer that lay in a later week.
    let this = marker(&store, 0).await;
    kept(&store, &[response("b", 7)]).await;
    assert_ne!(marker(&store, 5).await, old);
    let (lone, early) = (marker(&store, 0).await, marker(&store, 6).await);
    assert_eq!(lone, this);
    kept(&store, &[response("e", 7)]).await;
    kept(&store, &[asked("e", 6)]).await;
    assert_ne!(marker(&store, 0).await, lone);
    assert_ne!(marker(&store, 6).await, early);

    // Deliveries count in the week of their arrival.
    let this = marker(&store, 0).await;
    store.append(vec![arrival(b"{", NOW, None)]).await.unwrap();
    assert_ne!(marker(&store, 0).await, this);
}

#[tokio::test]
async fn another_programs_writes_move_every_marker() {
    let folder = Folder::new();
    let store = folder.open();
    kept(&store, &[asked("a", 0)]).await;
    let before = marker(&store, 5).await;
    kept(&folder.open(), &[asked("b", 5)]).await;
    assert_ne!(marker(&store, 5).await, before);
}
