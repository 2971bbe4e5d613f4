//! What is older than the owner wants to keep.

use cv_analytics_core::store::{Disposition, Keep, Observe};
use serde_json::json;

use super::setup::{Folder, NOW, arrival, everything, kept, query, week};

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
        .keep(vec![arrival(b"{", NOW.plus_millis(-1), None), arrival(b"}", NOW, None)])
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
