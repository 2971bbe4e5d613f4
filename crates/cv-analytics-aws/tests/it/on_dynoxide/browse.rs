//! What a dashboard on a laptop asks of the tables.

use cv_analytics_core::event::RequestId;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use serde_json::json;

use crate::on_dynoxide::emulated_tables::{
    ASKED_AT, event, keep, observed, query, reporter, response, self_contained, store,
};

fn week() -> IsoWeek {
    IsoWeek::containing(Timestamp::from_millis(ASKED_AT))
}

#[tokio::test]
async fn an_interaction_is_whole_wherever_its_halves_lie() {
    let id = RequestId::new("r").unwrap();
    for (first, second) in [(query("r"), response("r")), (response("r"), query("r"))] {
        let store = store();
        assert_eq!(store.interaction(&id).await.unwrap(), None);
        keep(&store, first).await;
        assert!(!store.interaction(&id).await.unwrap().unwrap().is_joined());
        observed(&reporter(&store)).await;
        assert!(!store.interaction(&id).await.unwrap().unwrap().is_joined());
        keep(&store, second).await;
        assert!(store.interaction(&id).await.unwrap().unwrap().is_joined());
        store.forget_request(&id).await.unwrap();
        assert_eq!(store.interaction(&id).await.unwrap(), None);
    }
}

#[tokio::test]
async fn weeks_and_the_newest_are_found_by_the_index() {
    let store = store();
    let old = ASKED_AT - 20 * 7 * 24 * 3600 * 1000;
    let whole = json!({"eventType": "response", "requestId": "old", "timestamp": old + 1,
                       "matchType": "full", "query": "Go?", "queryTimestamp": old});
    keep(&store, event(&whole)).await;
    keep(&store, self_contained("new")).await;
    assert_eq!(store.weeks(week()).await.unwrap(), [week().earlier(20), week()]);
    assert_eq!(store.weeks(week().earlier(1)).await.unwrap(), [week().earlier(20)]);

    let latest = store.arrivals(None, 10).await.unwrap();
    assert_eq!(latest.interactions.len(), 1);
    assert_eq!(latest.interactions[0].request_id.as_str(), "new");
    keep(&store, self_contained("newer")).await;
    let next = store.arrivals(Some(latest.cursor), 10).await.unwrap();
    assert!(next.interactions.iter().any(|one| one.request_id.as_str() == "newer"));
    assert!(next.cursor >= latest.cursor);
}
