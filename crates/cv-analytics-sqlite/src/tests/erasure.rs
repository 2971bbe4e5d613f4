//! Forgetting, down to the bytes.

use std::collections::BTreeSet;

use cv_analytics_core::event::{RequestId, SessionId};
use cv_analytics_core::interaction::Disposition;
use cv_analytics_core::store::Store as _;
use cv_analytics_core::store::archive::Archived;
use cv_analytics_core::store::dead_letters::DeadLetterSelection;
use cv_analytics_core::store::erasure::Erased;
use cv_analytics_core::store::session_key::SESSION_KEY;
use cv_analytics_core::store::{Arrival, EventStore, KeyValueStore, ReportSource};
use serde_json::json;

use super::setup::{
    Folder, NOW, arrival, arrivals, everything, exported, imported, intake, kept, letter_ids,
    query, replace, response, selected, week,
};
use crate::SqliteStore;

const SESSION: &str = "session of a visitor";

/// The session of every query, as it is kept.
fn session() -> SessionId {
    intake().privacy().session(SESSION).unwrap()
}

/// Both forms in which it may be kept.
fn forms(session: &SessionId) -> BTreeSet<SessionId> {
    BTreeSet::from([session.clone(), SessionId::from_store(SESSION.to_owned())])
}

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
async fn a_mark_of_the_id_that_the_agent_sends_keeps_a_session_out_under_any_key() {
    let folder = Folder::new();
    let store = folder.open();
    kept(&store, &[query("before", "q")]).await;
    assert!(!store.has_erased_sessions().await.unwrap());
    let of_another_key = SessionId::from_store(SESSION.to_owned()).mark();
    store.put_back(vec![Archived::ErasedSession(of_another_key)]).await.unwrap();
    assert!(store.has_erased_sessions().await.unwrap());
    assert_eq!(kept(&store, &[query("late", "q")]).await, [Disposition::Erased]);
    // It goes nowhere but to the marks, and makes no other session.
    let of_the_intake = session();
    let of_the_store = SessionId::from_store(of_the_intake.as_str().to_owned());
    assert_eq!(of_the_intake, of_the_store);
    assert_eq!(of_the_intake.cmp(&of_the_store), std::cmp::Ordering::Equal);
    assert_eq!(BTreeSet::from([of_the_intake.clone(), of_the_store.clone()]).len(), 1);
    assert_eq!(json!(of_the_intake), json!(of_the_store));
    assert!(of_the_store.was_hashed_before() && !of_the_intake.was_hashed_before());
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
    let id = letter_ids(&store).await[0];
    let retried = arrival(&query("never seen", "q"), NOW, None);
    assert_eq!(replace(&store, id, retried).await, Some(Disposition::Erased));
    assert_eq!(letter_ids(&store).await, [0; 0]);
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
    let erased = store.forget_session(&forms(&session), &|_| {}).await.unwrap();
    assert_eq!(erased, Erased { interactions: 2, dead_letters: 1 });
    assert_eq!(occurrences(&folder, &["session of a visitor", session.as_str()]), [0, 0]);
    assert_eq!(everything(&store).await[0].request_id, "c");
    assert_eq!(kept(&store, &[query("a", "one")]).await, [Disposition::Erased]);
    let nobody = BTreeSet::from([SessionId::from_store("nobody".to_owned())]);
    assert_eq!(store.forget_session(&nobody, &|_| {}).await.unwrap(), Erased::default());
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
    store.append(bodies.iter().map(|body| arrival(body, NOW, None)).collect()).await.unwrap();
    assert_eq!(store.forget_request(&request("1")).await.unwrap().dead_letters, 2);
    assert_eq!(letter_ids(&store).await.len(), 3);
}

#[tokio::test]
async fn a_forgotten_session_comes_back_in_no_way() {
    let folder = Folder::new();
    let (store, program) = (folder.open(), folder.open());
    kept(&store, &[query("before", "hunter one")]).await;
    // What names no session yet, as a response that comes first.
    kept(&store, &[response("half", 1)]).await;
    // By another program, while this one goes on.
    let erased = program.forget_session(&forms(&session()), &|_| {}).await.unwrap();
    assert_eq!(erased, Erased { interactions: 1, dead_letters: 0 });
    let later = [
        query("before", "hunter two"),
        query("later", "hunter three"),
        query("half", "hunter four"),
    ];
    assert_eq!(kept(&store, &later).await, [Disposition::Erased; 3]);
    // Nor its other half, which does not say whose it is.
    let others = [response("later", 1), response("half", 1), response("before", 1)];
    assert_eq!(kept(&store, &others).await, [Disposition::Erased; 3]);
    let bodies = [query("import", "hunter five")];
    assert_eq!(imported(&store, &bodies).await, [Disposition::Erased]);
    assert!(everything(&store).await.is_empty());
    assert_eq!(store.deliveries(week()).await.unwrap().duplicates, Some(0));
    // The half that was there left its bytes until the files are cleaned.
    assert!(store.clean_up().await.unwrap());
    assert!(!store.clean_up().await.unwrap());
    let needles = ["hunter", "\"half\"", "a-model", SESSION, session().as_str()].map(str::to_owned);
    let needles: Vec<&str> = needles.iter().map(String::as_str).collect();
    assert_eq!(occurrences(&folder, &needles), [0; 5]);
}

#[tokio::test]
async fn a_dead_letter_named_by_its_message_group_alone_is_kept_nowhere() {
    let folder = Folder::new();
    let store = folder.open();
    let came_in = |group: &str| {
        let cut_off = arrival(b"{\"query\":\"hunter", NOW, None);
        Arrival { content: cut_off.content.in_group(Some(group)), ..cut_off }
    };
    let append = async |group: &str| {
        let receipts = store.append(vec![came_in(group)]).await.unwrap();
        receipts[0].disposition
    };
    store.forget_request(&request("gone")).await.unwrap();
    assert_eq!(append("gone").await, Disposition::Erased);
    assert_eq!(append("gone:query").await, Disposition::Erased);
    // One that is there before its request or its session is forgotten, and that was read again meanwhile.
    for group in ["later", SESSION, "stays"] {
        assert_eq!(append(group).await, Disposition::DeadLetter);
    }
    let all = DeadLetterSelection::All;
    store.retry_dead_letters(&all, &intake(), NOW, &|_| {}).await.unwrap();
    let erased = store.forget_request(&request("later")).await.unwrap();
    assert_eq!(erased.dead_letters, 1);
    let erased = store.forget_session(&forms(&session()), &|_| {}).await.unwrap();
    assert_eq!(erased.dead_letters, 1);
    assert_eq!(letter_ids(&store).await.len(), 1);
}

#[tokio::test]
async fn a_dead_letter_of_what_was_erased_is_kept_nowhere() {
    let folder = Folder::new();
    let store = folder.open();
    // Forgotten only by its stored form: the letters have the agent's own.
    store.put(SESSION_KEY, "tests", None).await.unwrap();
    store.forget_session(&BTreeSet::from([session()]), &|_| {}).await.unwrap();
    store.forget_request(&request("gone")).await.unwrap();
    let letters = [
        format!("{{\"requestId\":\"x\",\"sessionId\":\"{SESSION}\",\"query\":\"hunter"),
        json!({"eventType": "query", "requestId": "gone", "query": "hunter"}).to_string(),
        json!([{"correlationId": " gone ", "note": "hunter"}]).to_string(),
    ]
    .map(String::into_bytes);
    let other = json!({"eventType": "query", "requestId": "gone 2", "query": "tourist"});
    let other = other.to_string().into_bytes();
    assert_eq!(kept(&store, &letters).await, [Disposition::Erased; 3]);
    assert_eq!(kept(&store, std::slice::from_ref(&other)).await, [Disposition::DeadLetter]);
    assert_eq!(store.deliveries(week()).await.unwrap().dead_letters, 1);
    assert_eq!(imported(&store, &letters).await, [Disposition::Erased; 3]);
    let archived = arrivals(&letters).into_iter().map(|arrival| match arrival.content {
        cv_analytics_core::intake::Content::DeadLetter(letter) => Archived::DeadLetter(letter),
        cv_analytics_core::intake::Content::Event(_) => unreachable!(),
    });
    store.put_back(archived.collect()).await.unwrap();
    assert_eq!(occurrences(&folder, &["hunter"]), [0]);
    // One that was there when its session was forgotten elsewhere, and is read again.
    let id = letter_ids(&store).await[0];
    let retried = replace(&store, id, arrival(&letters[0], NOW, None)).await;
    assert_eq!(retried, Some(Disposition::Erased));
    assert_eq!(letter_ids(&store).await, [0; 0]);
}

/// Everything that a store would archive.
async fn archived(store: &SqliteStore) -> Vec<Archived> {
    let (mut all, mut from) = (Vec::new(), None);
    loop {
        let page = store.archive_page(from).await.unwrap();
        all.extend(page.items);
        from = page.next;
        if from.is_none() {
            return all;
        }
    }
}

/// How many marks of sessions and of requests there are.
fn counted(archived: &[Archived]) -> (usize, usize) {
    let is = |wanted: fn(&&Archived) -> bool| archived.iter().filter(wanted).count();
    (
        is(|one| matches!(one, Archived::ErasedSession(_))),
        is(|one| matches!(one, Archived::Erased(_))),
    )
}

#[tokio::test]
async fn marks_go_along_with_an_archive_and_erase_what_is_there() {
    let (here, there) = (Folder::new(), Folder::new());
    let (store, other) = (here.open(), there.open());
    store.forget_session(&forms(&session()), &|_| {}).await.unwrap();
    store.forget_request(&request("gone")).await.unwrap();
    let marks = archived(&store).await;
    assert_eq!(counted(&marks), (2, 1));

    let letter = format!("{{\"sessionId\":\"{SESSION}\",\"query\":\"hunter");
    let bodies =
        [query("r", "hunter"), response("gone", 1), response("stays", 1), letter.into_bytes()];
    kept(&other, &bodies).await;
    other.put_back(marks.clone()).await.unwrap();
    assert_eq!(everything(&other).await.len(), 1);
    assert_eq!(letter_ids(&other).await, [0; 0]);
    assert_eq!(occurrences(&there, &["hunter", "gone"]), [0, 0]);
    let late = [query("s", "hunter"), response("gone", 1), response("r", 1)];
    assert_eq!(kept(&other, &late).await, [Disposition::Erased; 3]);
    // What is put back goes on from there.
    assert_eq!(counted(&archived(&other).await), (2, 3));
}

/// A store whose rows have moved about in the file, with two of everything that can be deleted: what is
/// to go says "zebra", what is to stay "horse".
async fn moved_about(folder: &Folder) -> SqliteStore {
    let store = folder.open();
    let at = |days: i64| NOW.plus_millis(-days * 24 * 3600 * 1000);
    let text = |number: usize| {
        let animal = if number.is_multiple_of(9) { "zebra" } else { "horse" };
        format!("{animal} {number} {}", "x".repeat(number))
    };
    let query = |number: usize| {
        let days = if number.is_multiple_of(9) { 90 } else { 1 };
        let event = json!({"eventType": "query", "requestId": format!("r{number}"), "timestamp": at(days),
                           "query": text(number), "sessionId": if number.is_multiple_of(9) { "z" } else { "h" }});
        event.to_string().into_bytes()
    };
    kept(&store, &(0..600).map(query).collect::<Vec<_>>()).await;
    // A second half makes a row longer: pages are split, and leave old bytes.
    let answers: Vec<_> = (0..600).rev().map(|number| response(&format!("r{number}"), 1)).collect();
    kept(&store, &answers).await;
    for (animal, days) in [("zebra", 90), ("horse", 1)] {
        for number in 0..20 {
            let body = format!("{{{animal} letter {number} {}", "y".repeat(number * 300));
            store.append(vec![arrival(body.as_bytes(), at(days), None)]).await.unwrap();
        }
    }
    store
}

/// Ids of the dead letters that are to go.
async fn zebras(store: &SqliteStore) -> Vec<i64> {
    let mut found = Vec::new();
    for id in letter_ids(store).await {
        let letter = store.letter(id).await.unwrap().unwrap();
        found.extend(letter.body.starts_with(b"{zebra").then_some(id));
    }
    found
}

#[tokio::test]
async fn what_is_deleted_in_any_way_leaves_no_byte() {
    let counts = |store: SqliteStore| async move {
        let counts = store.counts().await.unwrap();
        (counts.interactions, counts.dead_letters)
    };
    // Forgetting.
    let folder = Folder::new();
    let store = moved_about(&folder).await;
    let [rows, letters] = [["zebra 0", "zebra 297"], ["zebra letter 0", "zebra letter 19"]];
    assert!(occurrences(&folder, &[rows, letters].concat()).iter().all(|&count| count > 0));
    let session = intake().privacy().session("z").unwrap();
    let erased = store.forget_session(&BTreeSet::from([session]), &|_| {}).await.unwrap();
    assert_eq!(erased.interactions, 67);
    let left: usize = (0..600)
        .step_by(9)
        .map(|number| format!("zebra {number} "))
        .map(|text| occurrences(&folder, &[&text])[0])
        .sum();
    assert_eq!(left, 0);
    assert_eq!(counts(store.clone()).await, (533, 40));

    // Dropping those that are named, and all.
    let zebras_of_it = selected(&zebras(&store).await);
    let dropped = store.drop_dead_letters(&zebras_of_it, &|_| {}).await.unwrap();
    assert_eq!(dropped.missing, None);
    assert_eq!(occurrences(&folder, &["zebra"]), [0]);
    assert!(occurrences(&folder, &["horse letter"])[0] >= 20);
    store.drop_dead_letters(&DeadLetterSelection::All, &|_| {}).await.unwrap();
    assert_eq!(occurrences(&folder, &["horse letter"]), [0]);
    assert_eq!(counts(store).await, (533, 0));

    // A letter that could be read at last: what it was, word for word, is gone.
    let folder = Folder::new();
    let store = moved_about(&folder).await;
    for id in zebras(&store).await {
        replace(&store, id, arrival(&query("mended", "q"), NOW, None)).await;
    }
    assert!(store.clean_up().await.unwrap());
    assert_eq!(occurrences(&folder, &["zebra letter"]), [0]);

    // Growing old.
    let deleted = store.retain(NOW, 30).await.unwrap();
    assert_eq!(deleted, crate::Retained::Deleted(67));
    assert!(store.clean_up().await.unwrap());
    assert_eq!(occurrences(&folder, &["zebra"]), [0]);
    assert!(occurrences(&folder, &["horse 1 "])[0] > 0);
}

#[tokio::test]
async fn a_crash_between_deleting_and_cleaning_is_made_good() {
    let folder = Folder::new();
    let store = moved_about(&folder).await;
    store.delete_before(NOW.plus_millis(-30 * 24 * 3600 * 1000)).await.unwrap();
    // As a process that is killed leaves them: only the files.
    let copy = Folder::new();
    for path in folder.files() {
        std::fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
    }
    assert!(occurrences(&copy, &["zebra"])[0] > 0);
    let reopened = copy.open();
    assert!(reopened.clean_up().await.unwrap());
    assert_eq!(occurrences(&copy, &["zebra"]), [0]);
    let counts = reopened.counts().await.unwrap();
    assert_eq!((counts.interactions, counts.dead_letters), (533, 20));
    assert!(!reopened.clean_up().await.unwrap());
}
