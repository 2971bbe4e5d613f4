//! Dead letters on the page.

use crate::rig::Rig;

const LATER: &[u8] =
    br#"{"eventType":"query","requestId":"r1","timestamp":1794823200000,"query":"Go?"}"#;

fn address(page: &str) -> String {
    let page = page.replace("&#x2f;", "/");
    let (_, after) = page.split_once("href=\"/dead-letters/").unwrap();
    format!("/dead-letters/{}", after.split('"').next().unwrap())
}

#[tokio::test]
async fn a_letter_is_shown_whole_read_again_and_dropped() {
    let rig = Rig::new().await;
    rig.keep_bytes(&[b"{\"eventType\":\"click\"}"]).await;
    let list = rig.page("/dead-letters").await;
    assert!(list.contains("unknown_event_type"), "{list}");
    let path = address(&list);
    assert!(rig.page(&path).await.contains("click"));
    let answer = rig.post(&format!("{path}/retry"), &[]).await;
    assert_eq!(answer.header("location"), "/dead-letters?done=still");
    let said = rig.page("/dead-letters?done=still").await;
    assert!(said.contains("role=\"status\""), "{said}");
    let answer = rig.post(&format!("{path}/drop"), &[]).await;
    assert_eq!(answer.header("location"), "/dead-letters?done=dropped");
    assert_eq!(rig.get(&path).await.status, 404);
    let answer = rig.post(&format!("{path}/drop"), &[]).await;
    assert_eq!(answer.header("location"), "/dead-letters?done=gone");
}

#[tokio::test]
async fn what_can_be_read_by_now_becomes_a_question() {
    let rig = Rig::new().await;
    // As from an older version, which could not read it.
    let letter = cv_analytics_core::dead_letter::DeadLetter {
        reason: cv_analytics_core::dead_letter::Reason::NotJson,
        detail: "it could not be read then".to_owned(),
        body: LATER.to_vec(),
        arrived_at: crate::rig::NOW,
    };
    let arrival = cv_analytics_core::store::Arrival {
        content: cv_analytics_core::intake::Content::DeadLetter(letter),
        arrived_at: crate::rig::NOW,
        deduplication_id: None,
    };
    cv_analytics_core::store::EventStore::append(&rig.store, vec![arrival]).await.unwrap();
    let path = address(&rig.page("/dead-letters").await);
    let answer = rig.post(&format!("{path}/retry"), &[]).await;
    assert_eq!(answer.header("location"), "/dead-letters?done=kept");
    assert!(rig.page("/interactions/r1").await.contains("Go?"));
}
