//! Halves whose partner is late, elsewhere, or erased.

use cv_analytics_aws::item::record::Record;
use cv_analytics_aws::joining::JoinOutcome;
use cv_analytics_core::event::RequestId;
use cv_analytics_core::interaction::Interaction;
use cv_analytics_core::store::Observation;
use cv_analytics_core::timestamp::Timestamp;

use crate::on_emulator::emulated_tables::{
    batch, bot_query, exported, joined, keep, observed, query, remove_row, reporter, response,
    self_contained, self_contained_of, store,
};

fn whole() -> Interaction {
    joined(&[query("r"), response("r")])
}

#[tokio::test]
async fn a_session_and_a_flag_count_from_either_event_in_any_order() {
    let id = RequestId::new("r").unwrap();
    for session in [None, Some("s"), Some("another")] {
        let events = [bot_query("r"), self_contained_of("r", session)];
        let law = joined(&events);
        let all = std::slice::from_ref(&law);
        for order in [[0, 1], [1, 0]] {
            for swept_between in [false, true] {
                let store = store();
                keep(&store, events[order[0]].clone()).await;
                if swept_between {
                    observed(&reporter(&store)).await;
                }
                keep(&store, events[order[1]].clone()).await;
                // A reader sees the two together at once; the sweep writes it down.
                assert_eq!(exported(&store).await, all);
                assert_eq!(store.interaction(&id).await.unwrap(), Some(law.clone()));
                let seen = [Observation::from(law.clone())];
                assert_eq!(observed(&store).await, seen);
                assert_eq!(observed(&reporter(&store)).await, seen);
                let record = Some(Record::Interaction(law.clone()));
                assert_eq!(store.tables().read_record(&id, true).await.unwrap(), record);
                assert_eq!(observed(&reporter(&store)).await, seen);
            }
        }
    }
}

#[tokio::test]
async fn a_session_of_a_promoted_query_whose_row_has_left_stays() {
    let id = RequestId::new("r").unwrap();
    let events = [bot_query("r"), self_contained_of("r", None)];
    let store = store();
    keep(&store, events[0].clone()).await;
    observed(&reporter(&store)).await;
    remove_row(&store, "r").await;
    assert_eq!(keep(&store, events[1].clone()).await, JoinOutcome::Stored);
    let record = Some(Record::Interaction(joined(&events)));
    assert_eq!(store.tables().read_record(&id, true).await.unwrap(), record);
}

#[tokio::test]
async fn a_query_in_one_batch_with_a_response_that_was_kept_before_adds_its_session() {
    let id = RequestId::new("r").unwrap();
    let events = [bot_query("r"), self_contained_of("r", None)];
    let store = store();
    keep(&store, events[1].clone()).await;
    let batch = batch(events.clone());
    let now = Timestamp::from_millis(0);
    store.join(&batch, now).await.unwrap();
    let record = Some(Record::Interaction(joined(&events)));
    assert_eq!(store.tables().read_record(&id, true).await.unwrap(), record);
    // And what was erased meanwhile stays erased.
    store.forget_request(&id).await.unwrap();
    let again = store.join(&batch, now).await.unwrap();
    assert_eq!(again.outcome, JoinOutcome::Erased);
}

#[tokio::test]
async fn a_lone_half_of_either_kind_is_counted_before_and_after_its_promotion() {
    for event in [query("r"), response("r")] {
        let store = store();
        keep(&store, event).await;
        let before = observed(&store).await;
        assert_eq!(before.len(), 1);
        assert_eq!(observed(&reporter(&store)).await, before);
        assert_eq!(observed(&store).await, before);
        assert_eq!(observed(&reporter(&store)).await, before);
    }
}

#[tokio::test]
async fn a_late_partner_completes_a_promoted_half_of_either_kind() {
    for (first, second) in [(query("r"), response("r")), (response("r"), query("r"))] {
        let store = store();
        keep(&store, first).await;
        observed(&reporter(&store)).await;
        assert_eq!(keep(&store, second).await, JoinOutcome::Stored);
        assert_eq!(exported(&store).await, [whole()]);
        assert_eq!(observed(&store).await.len(), 1);
    }
}

#[tokio::test]
async fn a_half_is_joined_to_the_record_where_the_partners_row_is_gone() {
    for (first, second) in [(query("r"), response("r")), (response("r"), query("r"))] {
        let store = store();
        keep(&store, first).await;
        observed(&reporter(&store)).await;
        let tables = store.tables();
        remove_row(&store, "r").await;
        assert_eq!(keep(&store, second).await, JoinOutcome::Stored);
        // A reader sees the two together at once; the sweep writes it down.
        assert_eq!(exported(&store).await, [whole()]);
        assert_eq!(observed(&store).await.len(), 1);
        assert_eq!(observed(&reporter(&store)).await.len(), 1);
        let id = RequestId::new("r").unwrap();
        let record = tables.read_record(&id, true).await.unwrap();
        assert_eq!(record, Some(Record::Interaction(whole())));
    }
}

#[tokio::test]
async fn a_half_younger_than_a_quarter_of_an_hour_waits() {
    let store = store();
    keep(&store, query("r")).await;
    assert_eq!(observed(&store.clone().promoting()).await.len(), 1);
    let id = RequestId::new("r").unwrap();
    assert_eq!(store.tables().read_record(&id, true).await.unwrap(), None);
}

#[tokio::test]
async fn an_erased_interaction_is_revived_by_nothing() {
    let events = [query("r"), response("r"), self_contained("r")];
    for erased_after in 0..=2 {
        let store = store();
        for event in events.iter().take(erased_after) {
            keep(&store, event.clone()).await;
        }
        let id = RequestId::new("r").unwrap();
        assert_eq!(store.forget_request(&id).await.unwrap(), erased_after > 0);
        for event in &events {
            assert_eq!(keep(&store, event.clone()).await, JoinOutcome::Erased);
        }
        assert_eq!(exported(&store).await, []);
        assert_eq!(observed(&reporter(&store)).await, []);
        let row = store.tables().read_row(&id).await.unwrap().unwrap();
        assert!(row.erased && row.query.is_none() && row.response.is_none());
    }
}

#[tokio::test]
async fn the_tombstone_holds_when_the_rows_mark_is_gone() {
    let store = store();
    keep(&store, query("r")).await;
    let id = RequestId::new("r").unwrap();
    store.forget_request(&id).await.unwrap();
    let tables = store.tables();
    remove_row(&store, "r").await;
    keep(&store, query("r")).await;
    assert_eq!(observed(&store).await, []);
    assert_eq!(observed(&reporter(&store)).await, []);
    assert!(tables.read_row(&id).await.unwrap().unwrap().erased, "the sweep erased the row again");
    assert_eq!(keep(&store, response("r")).await, JoinOutcome::Erased);
}
