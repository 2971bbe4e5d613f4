//! Small records with compare-and-set, beside the interactions and never among them.

use cv_analytics_core::store::{KeyValueStore, ReportSource, VersionedValue};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;

use crate::on_dynoxide::emulated_tables::{ASKED_AT, exported, observed, store};

#[tokio::test]
async fn of_two_writers_of_one_version_one_is_told_that_it_was_late() {
    let store = store();
    let key = "cv-analytics:settings";
    assert_eq!(store.get(key).await.unwrap(), None);
    assert!(store.put(key, "one", None).await.unwrap());
    assert!(!store.put(key, "two", None).await.unwrap());
    let read = store.get(key).await.unwrap().unwrap();
    assert_eq!(read, VersionedValue { value: "one".to_owned(), version: 1 });
    assert!(store.put(key, "three", Some(1)).await.unwrap());
    assert!(!store.put(key, "four", Some(1)).await.unwrap());
    let read = store.get(key).await.unwrap().unwrap();
    assert_eq!(read, VersionedValue { value: "three".to_owned(), version: 2 });
    assert_eq!(exported(&store).await, []);
}

#[tokio::test]
async fn a_dead_letter_is_counted_once_in_the_week_it_arrived_in() {
    let store = store();
    let arrived_at = Timestamp::from_millis(ASKED_AT);
    for id in ["a", "b", "a"] {
        store.tables().note_dead_letter(id, arrived_at).await.unwrap();
    }
    let week = IsoWeek::containing(arrived_at);
    let deliveries = store.deliveries(week).await.unwrap();
    assert_eq!(
        (deliveries.dead_letters, deliveries.duplicates, deliveries.conflicts),
        (2, None, None)
    );
    assert_eq!(store.deliveries(week.later(1)).await.unwrap().dead_letters, 0);
    assert_eq!(observed(&store).await, []);
    assert_eq!(exported(&store).await, []);
}
