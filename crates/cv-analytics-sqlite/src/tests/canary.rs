//! What is sent to check an installation: kept, counted nowhere, taken out again.

use cv_analytics_core::canary::UNREADABLE_PREFIX;
use cv_analytics_core::event::{RequestId, Traffic};
use cv_analytics_core::interaction::Disposition;
use cv_analytics_core::store::{Deliveries, EventStore as _, ReportSource as _, Store as _};

use super::setup::{Folder, NOW, arrivals, everything, kept, letter_ids, query, week};

fn canary(request_id: &str) -> Vec<u8> {
    let event = String::from_utf8(query(request_id, "is it well?")).unwrap();
    event.replacen('{', r#"{"metadata":{"traffic":"canary"},"#, 1).into_bytes()
}

fn unreadable() -> Vec<u8> {
    format!("{UNREADABLE_PREFIX}r").into_bytes()
}

#[tokio::test]
async fn a_canarys_copies_and_what_cannot_be_read_of_it_count_in_no_deliveries() {
    let folder = Folder::new();
    let store = folder.open();
    let bodies =
        [canary("r"), canary("r"), unreadable(), query("s", "q"), query("s", "q"), b"{".to_vec()];
    let expect = [
        Disposition::Stored,
        Disposition::Duplicate,
        Disposition::DeadLetter,
        Disposition::Stored,
        Disposition::Duplicate,
        Disposition::DeadLetter,
    ];
    assert_eq!(kept(&store, &bodies).await, expect);
    let counted = Deliveries {
        duplicates: Some(1),
        conflicts: Some(0),
        dead_letters: 1,
        refused: Some(0),
        waiting: None,
        feedback_waiting: 0,
    };
    assert_eq!(store.deliveries(week()).await.unwrap(), counted);
    let seen = everything(&store).await;
    assert_eq!(
        seen.iter().map(|one| one.traffic).collect::<Vec<_>>(),
        [Traffic::Canary, Traffic::Visitor]
    );
}

#[tokio::test]
async fn a_canary_is_removed_for_good_and_nothing_else_is() {
    let folder = Folder::new();
    let store = folder.open();
    kept(&store, &[canary("r"), query("s", "q")]).await;
    let id = |text: &str| RequestId::new(text).unwrap();
    assert!(store.interaction(&id("r")).await.unwrap().is_some());
    assert!(store.remove_canary(&id("r")).await.unwrap());
    assert!(store.interaction(&id("r")).await.unwrap().is_none());
    // One that comes late finds the mark.
    assert_eq!(kept(&store, &[canary("r")]).await, [Disposition::Erased]);
    let visitors = RequestId::new("s").unwrap();
    assert!(!store.remove_canary(&visitors).await.unwrap());
    assert!(store.interaction(&visitors).await.unwrap().is_some());
}

#[tokio::test]
async fn only_letters_of_canaries_are_dropped_and_others_of_them_when_they_are_old() {
    let folder = Folder::new();
    let store = folder.open();
    let other = [unreadable(), b" and another".to_vec()].concat();
    store.append(arrivals(&[unreadable(), other.clone(), b"{".to_vec()])).await.unwrap();
    assert_eq!(store.reason_of(&unreadable()).await.unwrap().as_deref(), Some("not_json"));
    assert_eq!(store.drop_canary_letters(&unreadable(), NOW).await.unwrap(), 1);
    assert_eq!(store.reason_of(&unreadable()).await.unwrap(), None);
    assert_eq!(store.drop_canary_letters(&unreadable(), NOW.plus_millis(1)).await.unwrap(), 1);
    assert_eq!(letter_ids(&store).await.len(), 1);
}
