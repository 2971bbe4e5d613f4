//! What a dashboard on a laptop asks of the tables.

use cv_analytics_core::event::RequestId;

use crate::on_emulator::emulated_tables::{keep, observed, query, reporter, response, store};

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
