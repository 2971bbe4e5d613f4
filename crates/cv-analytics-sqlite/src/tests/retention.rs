//! What is older than the owner wants to keep.

use cv_analytics_core::interaction::Disposition;
use cv_analytics_core::store::{EventStore, ReportSource};
use cv_analytics_core::timestamp::Timestamp;
use serde_json::json;

use super::setup::{Folder, NOW, arrival, everything, kept, query, week};
use crate::{OldData, Retained, RetentionHold, SqliteStore};

const DAY_MS: i64 = 24 * 3600 * 1000;

fn days_ago(days: i64) -> Timestamp {
    NOW.plus_millis(-days * DAY_MS)
}

/// A store with `per_day` questions on each of `days` days, the newest of them now.
async fn asked(folder: &Folder, days: i64, per_day: i64) -> SqliteStore {
    let store = folder.open();
    let event = |number: i64| {
        let at = days_ago(number % days);
        let id = format!("r{number}");
        json!({"eventType": "query", "requestId": id, "timestamp": at, "query": "q"})
            .to_string()
            .into_bytes()
    };
    kept(&store, &(0..days * per_day).map(event).collect::<Vec<_>>()).await;
    store
}

#[tokio::test]
async fn a_pass_deletes_what_is_older_than_the_newest_by_so_many_days() {
    let folder = Folder::new();
    let store = asked(&folder, 30, 10).await;
    assert_eq!(store.retain(NOW, 27).await.unwrap(), Retained::Deleted(20));
    assert_eq!(store.retain(NOW, 27).await.unwrap(), Retained::Deleted(0));
    // A visitor's clock, or a liar's, moves nothing.
    let event = json!({"eventType": "query", "requestId": "ahead", "timestamp": "2099-01-01T00:00:00Z", "query": "q"});
    kept(&store, &[event.to_string().into_bytes()]).await;
    assert_eq!(store.retain(NOW, 27).await.unwrap(), Retained::Deleted(0));
    assert_eq!(store.held_by_retention().await.unwrap(), None);
}

#[tokio::test]
async fn a_clock_that_runs_ahead_deletes_nothing_more() {
    for ahead in [1, 8, 400, 20_000] {
        let folder = Folder::new();
        let store = asked(&folder, 30, 10).await;
        let now = days_ago(-ahead);
        let deleted = match store.retain(now, 27).await.unwrap() {
            Retained::Deleted(deleted) | Retained::Silent { deleted, .. } => deleted,
            Retained::TooMany(aged) => panic!("{ahead} days ahead: {aged:?}"),
        };
        assert_eq!(deleted, 20, "{ahead} days ahead");
        assert_eq!(everything(&store).await.len(), 280, "{ahead} days ahead");
        // What is old only by the clock is reported once nothing has come for a week.
        let held = store.held_by_retention().await.unwrap().map_or(0, |held| held.rows);
        assert_eq!(held > 0, ahead > 7, "{ahead} days ahead");
    }
}

#[tokio::test]
async fn more_than_a_fifth_waits_for_the_owners_word() {
    let folder = Folder::new();
    let store = asked(&folder, 30, 10).await;
    let aged = OldData { before: days_ago(10), rows: 190, of: 300 };
    assert_eq!(store.retain(NOW, 10).await.unwrap(), Retained::TooMany(aged));
    assert_eq!(everything(&store).await.len(), 300);
    let held = store.held_by_retention().await.unwrap();
    assert_eq!(held, Some(RetentionHold { rows: 190, days: 10 }));
    // The word.
    assert_eq!(store.older_than(NOW, 10).await.unwrap(), aged);
    assert_eq!(store.delete_before(aged.before).await.unwrap(), 190);
    assert_eq!(store.retain(NOW, 10).await.unwrap(), Retained::Deleted(0));
    assert_eq!(store.held_by_retention().await.unwrap(), None);
}

#[tokio::test]
async fn a_few_rows_need_no_word_unless_they_are_most_of_a_small_store() {
    let folder = Folder::new();
    let store = asked(&folder, 10, 1).await;
    // More than half of ten, and then half of them.
    let aged = OldData { before: days_ago(1), rows: 8, of: 10 };
    assert_eq!(store.retain(NOW, 1).await.unwrap(), Retained::TooMany(aged));
    assert_eq!(store.retain(NOW, 4).await.unwrap(), Retained::Deleted(5));
    let small = Folder::new();
    let store = asked(&small, 10, 2).await;
    assert!(matches!(store.retain(NOW, 1).await.unwrap(), Retained::TooMany(_)));
    assert_eq!(everything(&store).await.len(), 20);
    let empty = Folder::new();
    assert_eq!(empty.open().retain(NOW, 1).await.unwrap(), Retained::Deleted(0));
}

#[tokio::test]
async fn what_is_older_goes_in_any_number_and_may_come_again() {
    let folder = Folder::new();
    let store = folder.open();
    let old = |number: i64| {
        let event = json!({"eventType": "query", "requestId": format!("old {number}"),
                           "timestamp": NOW.plus_millis(-number - 1), "query": "q"});
        event.to_string().into_bytes()
    };
    let mut bodies: Vec<_> = (0..1_250).map(old).collect();
    bodies.push(query("new", "stays"));
    kept(&store, &bodies).await;
    store
        .append(vec![arrival(b"{", NOW.plus_millis(-1), None), arrival(b"}", NOW, None)])
        .await
        .unwrap();
    assert_eq!(store.delete_before(NOW).await.unwrap(), 1_251);
    assert_eq!(store.delete_before(NOW).await.unwrap(), 0);
    assert_eq!(everything(&store).await.len(), 1);
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.interactions, counts.dead_letters), (1, 1));
    assert_eq!(store.deliveries(week()).await.unwrap().dead_letters, 2);
    assert_eq!(kept(&store, &[old(7)]).await, [Disposition::Stored]);
}
