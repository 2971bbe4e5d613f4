//! Halves whose partner is late, elsewhere, or erased.

use cv_analytics_aws::joining::Kept;
use cv_analytics_core::event::RequestId;
use cv_analytics_core::interaction::{Interaction, Joined};

use crate::emulated_tables::{
    exported, keep, observed, query, reporter, response, self_contained, store,
};

fn whole() -> Interaction {
    let mut present = None;
    for event in [query("r"), response("r")] {
        if let Joined::Changed(record) = Interaction::join(present.as_ref(), &event) {
            present = Some(record);
        }
    }
    present.unwrap()
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
        assert_eq!(keep(&store, second).await, Kept::AsDelivered);
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
        let key = aws_sdk_dynamodb::types::AttributeValue::S("r".to_owned());
        let rows = &tables.names().query_events;
        tables.client().delete_item().table_name(rows).key("requestId", key).send().await.unwrap();
        assert_eq!(keep(&store, second).await, Kept::AsDelivered);
        // A reader sees the two together at once; the sweep writes it down.
        assert_eq!(exported(&store).await, [whole()]);
        assert_eq!(observed(&store).await.len(), 1);
        assert_eq!(observed(&reporter(&store)).await.len(), 1);
        let id = RequestId::new("r").unwrap();
        let record = tables.read_record(&id, true).await.unwrap();
        assert_eq!(record, Some(cv_analytics_aws::record::Record::Interaction(whole())));
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
            assert_eq!(keep(&store, event.clone()).await, Kept::Erased);
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
    let key = aws_sdk_dynamodb::types::AttributeValue::S("r".to_owned());
    let rows = &tables.names().query_events;
    tables.client().delete_item().table_name(rows).key("requestId", key).send().await.unwrap();
    keep(&store, query("r")).await;
    assert_eq!(observed(&store).await, []);
    assert_eq!(observed(&reporter(&store)).await, []);
    assert!(tables.read_row(&id).await.unwrap().unwrap().erased, "the sweep erased the row again");
    assert_eq!(keep(&store, response("r")).await, Kept::Erased);
}
