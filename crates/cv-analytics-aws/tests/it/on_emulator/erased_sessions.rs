//! Sessions that were erased: what comes of them later, and their marks in an archive.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};

use cv_analytics_aws::DynamoDbStore;
use cv_analytics_aws::joining::JoinOutcome;
use cv_analytics_core::event::{RequestId, SessionId};
use cv_analytics_core::intake::named_ids::NamedIds;
use cv_analytics_core::privacy::{Privacy, SessionKey};
use cv_analytics_core::store::Store as _;
use cv_analytics_core::store::archive::{ArchivePage, Archived, Cursor};
use cv_analytics_core::store::erasure::Mark;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_sqlite::SqliteStore;
use serde_json::json;

use crate::on_emulator::emulated_tables::{
    ASKED_AT, exported, keep, query, response, self_contained_of, store,
};

fn privacy() -> Privacy {
    Privacy::full(SessionKey::new(b"tests".to_vec()))
}

/// The marks of the session of every event, in both forms in which it may be kept.
fn marks() -> BTreeSet<Mark> {
    let kept = privacy().session("s").unwrap();
    BTreeSet::from([kept.mark(), SessionId::from_store("s".to_owned()).mark()])
}

/// Forgets the session, as the program does.
async fn forget(store: &DynamoDbStore) {
    store.mark_sessions(&marks()).await.unwrap();
    for id in store.requests_of(&marks(), |_| {}).await.unwrap().requests {
        store.forget_request(&id).await.unwrap();
    }
}

/// The response of an agent that does not say whose it is.
fn anonymous(id: &str) -> cv_analytics_core::event::Event {
    let mut fields = response(id).to_json();
    fields["sessionId"].take();
    crate::on_emulator::emulated_tables::event(&fields)
}

#[tokio::test]
async fn nothing_of_an_erased_session_comes_back() {
    let store = store();
    keep(&store, query("before")).await;
    keep(&store, anonymous("half")).await;
    forget(&store).await;
    assert_eq!(keep(&store, query("later")).await, JoinOutcome::Erased);
    assert_eq!(keep(&store, self_contained_of("whole", Some("s"))).await, JoinOutcome::Erased);
    // Nor what does not say whose it is: it goes with its other half, whichever came first.
    assert_eq!(keep(&store, query("half")).await, JoinOutcome::Erased);
    for id in ["later", "half", "before", "whole"] {
        assert_eq!(keep(&store, anonymous(id)).await, JoinOutcome::Erased, "{id}");
    }
    assert_eq!(exported(&store).await, []);
    assert_eq!(keep(&store, self_contained_of("other", Some("t"))).await, JoinOutcome::Stored);
}

#[tokio::test]
async fn a_function_that_runs_knows_an_erased_session_after_a_minute() {
    static NOW: AtomicI64 = AtomicI64::new(ASKED_AT);
    let running = |store: &DynamoDbStore| {
        DynamoDbStore::new(store.tables().clone(), || {
            Timestamp::from_millis(NOW.load(Ordering::Relaxed))
        })
    };
    let store = store();
    let running = running(&store);
    assert_eq!(keep(&running, query("before")).await, JoinOutcome::Stored);
    forget(&store).await;
    assert_eq!(keep(&running, query("within")).await, JoinOutcome::Stored);
    NOW.fetch_add(60_000, Ordering::Relaxed);
    assert_eq!(keep(&running, query("after")).await, JoinOutcome::Erased);
    // Which forgetting again finds.
    forget(&store).await;
    assert_eq!(exported(&store).await, []);
}

#[tokio::test]
async fn a_dead_letter_names_what_was_erased() {
    let store = store();
    forget(&store).await;
    for request in ["gone", "request-77"] {
        store.forget_request(&RequestId::new(request).unwrap()).await.unwrap();
    }
    for (body, expect) in [
        (json!({"requestId": "gone", "query": 1}), true),
        (json!({"requestId": "here", "sessionId": "s"}), true),
        (json!({"requestId": "here", "sessionId": "t", "query": "gone"}), false),
        (json!({"requestId": "cv-analytics:settings"}), false),
        (json!("what came of request-77 was cut"), true),
        (json!("what came of request-78 was cut"), false),
    ] {
        let named = store
            .names_erased(&NamedIds::in_message(body.to_string().as_bytes(), None), &privacy())
            .await;
        assert_eq!(named.unwrap(), expect, "{body}");
    }
}

async fn archived(page: impl AsyncFn(Option<Cursor>) -> ArchivePage) -> Vec<Archived> {
    let (mut all, mut from) = (Vec::new(), None);
    loop {
        let page = page(from).await;
        assert_eq!(page.unreadable, 0);
        all.extend(page.items);
        from = page.next;
        if from.is_none() {
            return all;
        }
    }
}

async fn of_tables(store: &DynamoDbStore) -> Vec<Archived> {
    archived(async |from| store.archive_page(from).await.unwrap()).await
}

fn session_marks(archived: &[Archived]) -> BTreeSet<Mark> {
    let mark = |one: &Archived| match one {
        Archived::ErasedSession(mark) => Some(*mark),
        _ => None,
    };
    archived.iter().filter_map(mark).collect()
}

#[tokio::test]
async fn marks_go_along_with_an_archive_into_either_store_and_back() {
    let first = store();
    forget(&first).await;
    let of_first = of_tables(&first).await;
    assert_eq!(session_marks(&of_first), marks());
    let folder = tempfile::tempdir().unwrap();
    let sqlite = SqliteStore::open(folder.path().join("cv-analytics.db")).unwrap();
    sqlite.put_back(of_first).await.unwrap();
    let of_sqlite = archived(async |from| sqlite.archive_page(from).await.unwrap()).await;
    assert_eq!(session_marks(&of_sqlite), marks());
    // They erase what is there.
    let second = store();
    keep(&second, query("r")).await;
    keep(&second, self_contained_of("whole", Some("s"))).await;
    for _ in 0..2 {
        second.put_back(of_sqlite.clone()).await.unwrap();
        assert_eq!(exported(&second).await, []);
        assert_eq!(session_marks(&of_tables(&second).await), marks());
    }
    assert_eq!(keep(&second, anonymous("r")).await, JoinOutcome::Erased);
    sqlite.close().await.unwrap();
}

#[tokio::test]
async fn there_may_be_more_marks_than_one_record_holds() {
    let store = store();
    let many: BTreeSet<Mark> =
        (0..4_500_u32).map(|number| SessionId::from_store(number.to_string()).mark()).collect();
    assert_eq!(store.mark_sessions(&many).await.unwrap(), many);
    assert_eq!(store.mark_sessions(&many).await.unwrap(), BTreeSet::new());
    assert_eq!(store.mark_sessions(&marks()).await.unwrap(), marks());
    assert_eq!(session_marks(&of_tables(&store).await).len(), 4_502);
    assert_eq!(keep(&store, query("r")).await, JoinOutcome::Erased);
}
