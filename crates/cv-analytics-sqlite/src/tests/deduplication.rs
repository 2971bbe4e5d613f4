//! The queue's five minutes.

use cv_analytics_core::interaction::Disposition;
use cv_analytics_core::store::{
    DEDUPLICATION_WINDOW_MS, EventStore as _, Receipt, ReportSource as _, Store as _,
};
use cv_analytics_core::timestamp::Timestamp;

use super::setup::{Folder, NOW, arrival, query, week};
use crate::SqliteStore;

async fn send(store: &SqliteStore, text: &str, id: u128, arrived_at: Timestamp) -> Receipt {
    let body = query(text, text);
    store.append(vec![arrival(&body, arrived_at, Some(id))]).await.unwrap()[0]
}

#[tokio::test]
async fn an_id_is_swallowed_for_five_minutes_from_its_first_arrival() {
    let folder = Folder::new();
    let store = folder.open();
    let first = send(&store, "a", 1, NOW).await;
    let last = send(&store, "b", 1, NOW.plus_millis(DEDUPLICATION_WINDOW_MS - 1)).await;
    assert_eq!(last, Receipt { disposition: Disposition::Deduplicated, ..first });
    // From the first one's arrival: what was swallowed does not prolong it.
    let next = send(&store, "c", 1, NOW.plus_millis(DEDUPLICATION_WINDOW_MS)).await;
    assert_eq!(next.disposition, Disposition::Stored);
    assert!(next.sequence > first.sequence);
    let again = send(&store, "d", 1, NOW.plus_millis(DEDUPLICATION_WINDOW_MS + 1)).await;
    assert_eq!(again, Receipt { disposition: Disposition::Deduplicated, ..next });
}

#[tokio::test]
async fn what_is_swallowed_is_counted_nowhere() {
    let folder = Folder::new();
    let store = folder.open();
    for _ in 0..3 {
        store
            .append(vec![arrival(b"{", NOW, Some(7)), arrival(&query("r", "q"), NOW, Some(8))])
            .await
            .unwrap();
    }
    let counts = store.deliveries(week()).await.unwrap();
    assert_eq!((counts.duplicates, counts.conflicts, counts.dead_letters), (Some(0), Some(0), 1));
}

#[tokio::test]
async fn a_restart_forgets_nothing() {
    let folder = Folder::new();
    let store = folder.open();
    let first = send(&store, "a", 1, NOW).await;
    store.close().await.unwrap();
    let store = folder.open();
    let again = send(&store, "a", 1, NOW.plus_millis(1_000)).await;
    assert_eq!(again, Receipt { disposition: Disposition::Deduplicated, ..first });
    let next = send(&store, "b", 2, NOW.plus_millis(1_000)).await;
    assert!(next.sequence > first.sequence);
}

#[tokio::test]
async fn a_store_beside_this_one_swallows_too() {
    let folder = Folder::new();
    let (store, other) = (folder.open(), folder.open());
    let first = send(&store, "a", 1, NOW).await;
    let again = send(&other, "a", 1, NOW).await;
    assert_eq!(again, Receipt { disposition: Disposition::Deduplicated, ..first });
    assert!(send(&other, "b", 2, NOW).await.sequence > first.sequence);
    assert_eq!(send(&store, "b", 2, NOW).await.disposition, Disposition::Deduplicated);
}

/// Found by seed 193 of the simulation.
#[tokio::test]
async fn what_comes_after_a_clock_went_back_is_swallowed_too() {
    let folder = Folder::new();
    let store = folder.open();
    send(&store, "a", 1, NOW.plus_millis(-2 * DEDUPLICATION_WINDOW_MS)).await;
    send(&store, "b", 2, NOW).await;
    let first = send(&store, "c", 3, NOW.plus_millis(-5_000)).await;
    let again = send(&store, "c", 3, NOW.plus_millis(-4_500)).await;
    assert_eq!(again, Receipt { disposition: Disposition::Deduplicated, ..first });
}

#[tokio::test]
async fn a_clock_that_went_back_loses_nothing() {
    let folder = Folder::new();
    let store = folder.open();
    send(&store, "a", 1, NOW).await;
    // A little out of order is the same message; long before it is another time.
    let receipt = send(&store, "b", 1, NOW.plus_millis(-200)).await;
    assert_eq!(receipt.disposition, Disposition::Deduplicated);
    let receipt = send(&store, "c", 1, NOW.plus_millis(-60_000)).await;
    assert_eq!(receipt.disposition, Disposition::Stored);
}

#[tokio::test]
async fn the_table_holds_no_more_than_the_window() {
    let folder = Folder::new();
    let store = folder.open();
    for minute in 0..30_u32 {
        let arrivals = (0..100).map(|number| {
            let body = query(&format!("{minute} {number}"), "q");
            arrival(
                &body,
                NOW.plus_millis(i64::from(minute) * 60_000),
                Some(number + 1_000 * u128::from(minute)),
            )
        });
        store.append(arrivals.collect()).await.unwrap();
    }
    let rows: i64 = store
        .reader
        .read("count", |connection| {
            Ok(connection.query_row("SELECT count(*) FROM deduplication", [], |row| row.get(0))?)
        })
        .await
        .unwrap();
    assert_eq!(rows, 500);
}
