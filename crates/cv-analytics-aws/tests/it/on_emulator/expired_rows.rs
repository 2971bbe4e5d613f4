//! A row whose time to live has passed changes no report, removed or not.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::on_emulator::emulated_tables::{
    ASKED_AT, keep, observed, query, reporter, response, store,
};

const TWENTY_DAYS_S: i64 = 20 * 24 * 60 * 60;

#[tokio::test]
async fn time_to_live_is_twenty_days_ahead_in_seconds() {
    let store = store();
    keep(&store, query("r")).await;
    let tables = store.tables();
    let rows =
        tables.client().scan().table_name(&tables.names().query_events).send().await.unwrap();
    let ttl: i64 = rows.items()[0]["ttl"].as_n().unwrap().parse().unwrap();
    assert_eq!(ttl, (ASKED_AT + 5_000) / 1000 + TWENTY_DAYS_S);
}

#[tokio::test]
async fn an_expired_row_still_there_or_removed_changes_no_report() {
    let store = store();
    for (id, answered) in [("answered", true), ("unanswered", false)] {
        keep(&store, query(id)).await;
        if answered {
            keep(&store, response(id)).await;
        }
    }
    keep(&store, response("alone")).await;
    let by_id = |mut all: Vec<cv_analytics_core::store::Observation>| {
        all.sort_by(|a, b| a.request_id.cmp(&b.request_id));
        all
    };
    let before = by_id(observed(&reporter(&store)).await);
    assert_eq!(before.len(), 3);

    let tables = store.tables();
    let (client, rows) = (tables.client(), &tables.names().query_events);
    let items = client.scan().table_name(rows).send().await.unwrap();
    for row in items.items() {
        let mut row = row.clone();
        row.insert("ttl".to_owned(), AttributeValue::N("1000".to_owned()));
        client.put_item().table_name(rows).set_item(Some(row)).send().await.unwrap();
    }
    assert_eq!(by_id(observed(&store).await), before, "expired and still there");
    assert_eq!(by_id(observed(&reporter(&store)).await), before, "swept when expired");
    for row in items.items() {
        let key = row["requestId"].clone();
        client.delete_item().table_name(rows).key("requestId", key).send().await.unwrap();
    }
    assert_eq!(by_id(observed(&store).await), before, "removed");
}
