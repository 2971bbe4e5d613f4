//! Counts of refused messages.

use cv_analytics_core::intake::refusal::{RefusalReason, Refusals};
use cv_analytics_core::store::ReportSource;
use cv_analytics_core::store::Store as _;
use rusqlite::Connection;

use super::setup::{Folder, NOW, week};

const HOUR_MS: i64 = 3600 * 1000;

fn refused(reason: RefusalReason, hours_ago: i64, count: u64) -> Refusals {
    Refusals { reason, count, last_at: NOW.plus_millis(-hours_ago * HOUR_MS) }
}

#[tokio::test]
async fn refused_messages_count_by_reason_and_in_their_week() {
    let folder = Folder::new();
    let store = folder.open();
    let day_ago = NOW.plus_millis(-24 * HOUR_MS);
    assert_eq!(store.refusals_since(day_ago).await.unwrap(), []);
    store
        .add_refusals(vec![
            refused(RefusalReason::Key, 1, 20),
            refused(RefusalReason::Clock, 2, 2),
            refused(RefusalReason::Host, 25, 100),
            refused(RefusalReason::Host, 8 * 24, 1000),
        ])
        .await
        .unwrap();
    store.add_refusals(vec![refused(RefusalReason::Key, 0, 1)]).await.unwrap();
    let expect = [refused(RefusalReason::Key, 0, 21), refused(RefusalReason::Clock, 2, 2)];
    assert_eq!(store.refusals_since(day_ago).await.unwrap(), expect);
    assert_eq!(store.deliveries(week()).await.unwrap().refused, Some(123));
    assert_eq!(store.deliveries(week().earlier(1)).await.unwrap().refused, Some(1000));
    assert_eq!(store.deliveries(week().earlier(2)).await.unwrap().refused, Some(0));

    // An archive brings the weeks' counts along, however often it is put back.
    let other = Folder::new();
    let restored = other.open();
    for _ in 0..2 {
        let mut next = None;
        loop {
            let page = store.archive_page(next).await.unwrap();
            restored.put_back(page.items).await.unwrap();
            next = page.next;
            if next.is_none() {
                break;
            }
        }
    }
    assert_eq!(restored.deliveries(week()).await.unwrap().refused, Some(123));
}

#[tokio::test]
async fn a_flood_that_goes_on_for_a_year_takes_a_months_rows() {
    let folder = Folder::new();
    let store = folder.open();
    let all: Vec<_> = (0..365 * 24)
        .rev()
        .flat_map(|hours_ago| RefusalReason::ALL.map(|reason| refused(reason, hours_ago, 1_000)))
        .collect();
    for day in all.chunks(24 * 8) {
        store.add_refusals(day.to_vec()).await.unwrap();
    }
    let raw = Connection::open(folder.database()).unwrap();
    let rows: i64 = raw.query_row("SELECT count(*) FROM refusals", [], |row| row.get(0)).unwrap();
    assert!(rows <= 6_000, "{rows}");
    assert_eq!(store.deliveries(week().earlier(40)).await.unwrap().refused, Some(8_000 * 24 * 7));
}
