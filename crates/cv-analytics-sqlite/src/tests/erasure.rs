//! Forgetting, down to the bytes.

use cv_analytics_core::event::{RequestId, SessionId};
use cv_analytics_core::store::{Disposition, Keep, Observe};
use serde_json::json;

use super::setup::{Folder, NOW, arrival, everything, exported, kept, query, response, week};
use crate::Erased;

fn request(id: &str) -> RequestId {
    RequestId::new(id).unwrap()
}

/// How often each of `needles` occurs in the files.
fn occurrences(folder: &Folder, needles: &[&str]) -> Vec<usize> {
    let files: Vec<Vec<u8>> =
        folder.files().iter().map(|path| std::fs::read(path).unwrap()).collect();
    let count = |needle: &&str| {
        let found = |file: &Vec<u8>| {
            file.windows(needle.len()).filter(|window| *window == needle.as_bytes()).count()
        };
        files.iter().map(found).sum()
    };
    needles.iter().map(count).collect()
}

#[tokio::test]
async fn nothing_of_a_forgotten_request_is_left_in_the_files() {
    let folder = Folder::new();
    let store = folder.open();
    // Rows that grow when the second half comes move about in the file, and leave old bytes.
    let others: Vec<_> =
        (0..400).map(|number| query(&format!("other {number}"), &"x".repeat(number + 1))).collect();
    kept(&store, &others).await;
    kept(&store, &[query("zebra-request", "a question about zebras")]).await;
    let others: Vec<_> =
        (0..400).rev().map(|number| response(&format!("other {number}"), 1)).collect();
    kept(&store, &others).await;
    kept(&store, &[response("zebra-request", 5), b"{\"requestId\":\"zebra-request\",".to_vec()])
        .await;
    let needles = ["zebra-request", "about zebras"];
    assert!(occurrences(&folder, &needles).iter().all(|&count| count > 0));

    let erased = store.forget_request(&request("zebra-request")).await.unwrap();
    assert_eq!(erased, Erased { interactions: 1, dead_letters: 1 });
    assert_eq!(occurrences(&folder, &needles), [0, 0]);
    assert_eq!(everything(&store).await.len(), 400);
    assert_eq!(store.deliveries(week()).await.unwrap().dead_letters, 1);
}

#[tokio::test]
async fn a_tombstone_keeps_what_comes_later_from_reviving_it() {
    let folder = Folder::new();
    let (store, program) = (folder.open(), folder.open());
    kept(&store, &[query("r", "forget me")]).await;
    // By another program, while this one goes on.
    program.forget_request(&request("r")).await.unwrap();
    let later = [query("r", "forget me"), response("r", 1), query("s", "stays")];
    let expect = [Disposition::Erased, Disposition::Erased, Disposition::Stored];
    assert_eq!(kept(&store, &later).await, expect);
    assert_eq!(everything(&store).await.len(), 1);
    // Nor may one that had not come yet, nor a dead letter that is retried.
    program.forget_request(&request("never seen")).await.unwrap();
    kept(&store, &[b"{".to_vec()]).await;
    let id = store.dead_letters(1).await.unwrap()[0].id;
    let retried = arrival(&query("never seen", "q"), NOW, None);
    let receipt = store.replace_dead_letter(id, retried).await.unwrap().unwrap();
    assert_eq!(receipt.disposition, Disposition::Erased);
    assert!(store.dead_letters(1).await.unwrap().is_empty());
    assert_eq!(occurrences(&folder, &["never seen"]), [0]);
}

#[tokio::test]
async fn a_session_is_forgotten_with_its_dead_letters() {
    let folder = Folder::new();
    let store = folder.open();
    let unreadable =
        json!({"eventType": "query", "requestId": "x", "sessionId": "session of a visitor"});
    let other = json!({"eventType": "query", "requestId": "y", "sessionId": "session of another"});
    let bodies = [
        query("a", "one"),
        query("b", "two"),
        response("c", 1),
        unreadable.to_string().into_bytes(),
        other.to_string().into_bytes(),
    ];
    kept(&store, &bodies).await;
    let session = exported(&store).await[0].query.clone().unwrap().session.unwrap();
    let erased = store.forget_session(&session, Some("session of a visitor")).await.unwrap();
    assert_eq!(erased, Erased { interactions: 2, dead_letters: 1 });
    assert_eq!(occurrences(&folder, &["session of a visitor", session.as_str()]), [0, 0]);
    assert_eq!(everything(&store).await[0].request_id, "c");
    assert_eq!(kept(&store, &[query("a", "one")]).await, [Disposition::Erased]);
    let nobody = SessionId::from_store("nobody".to_owned());
    assert_eq!(store.forget_session(&nobody, None).await.unwrap(), Erased::default());
}

#[tokio::test]
async fn only_dead_letters_that_the_whole_id_names_are_erased() {
    let folder = Folder::new();
    let store = folder.open();
    let bodies: Vec<Vec<u8>> = [
        r#"{"requestId":"12"}"#,
        r#"{"requestId":1}"#,
        r#"{"requestId":"1""#,
        "{1",
        r#"{"query":"1"}"#,
    ]
    .map(|body| body.as_bytes().to_vec())
    .into();
    store.keep(bodies.iter().map(|body| arrival(body, NOW, None)).collect()).await.unwrap();
    assert_eq!(store.forget_request(&request("1")).await.unwrap().dead_letters, 2);
    assert_eq!(store.dead_letters(9).await.unwrap().len(), 3);
}
