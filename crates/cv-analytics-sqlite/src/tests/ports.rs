//! The three ports.

use cv_analytics_core::store::{Disposition, EventStore, KeyValueStore, ReportSource};

use super::setup::{Folder, arrivals, everything, query, response, week};

#[tokio::test]
async fn two_halves_become_one_observation() {
    let folder = Folder::new();
    let store = folder.open();
    let receipts =
        store.append(arrivals(&[query("r", "Go or Rust?"), response("r", 70)])).await.unwrap();
    assert_eq!(receipts[0].disposition, Disposition::Stored);
    assert!(receipts[0].sequence < receipts[1].sequence);
    let seen = everything(&store).await;
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].query.as_ref().unwrap().text, "Go or Rust?");
    assert!(seen[0].response.is_some());
}

#[tokio::test]
async fn a_record_is_written_only_at_the_version_that_was_read() {
    let folder = Folder::new();
    let store = folder.open();
    assert!(store.put("mark", "one", None).await.unwrap());
    assert!(!store.put("mark", "two", None).await.unwrap());
    let version = store.get("mark").await.unwrap().unwrap().version;
    assert!(store.put("mark", "two", Some(version)).await.unwrap());
    assert!(!store.put("mark", "three", Some(version)).await.unwrap());
    assert!(!store.put("other", "one", Some(1)).await.unwrap());
    assert_eq!(store.get("mark").await.unwrap().unwrap().value, "two");
}

#[tokio::test]
async fn deliveries_are_counted_in_the_week_of_arrival() {
    let folder = Folder::new();
    let store = folder.open();
    let unreadable = b"{".to_vec();
    let bodies = [query("r", "one"), query("r", "one"), query("r", "two"), unreadable];
    store.append(arrivals(&bodies)).await.unwrap();
    let counts = store.deliveries(week()).await.unwrap();
    assert_eq!((counts.duplicates, counts.conflicts, counts.dead_letters), (Some(1), Some(1), 1));
    let before = store.deliveries(week().earlier(1)).await.unwrap();
    assert_eq!((before.duplicates, before.conflicts, before.dead_letters), (Some(0), Some(0), 0));
}
