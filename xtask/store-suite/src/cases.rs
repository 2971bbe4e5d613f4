//! The cases. Each gets an empty store.

use std::collections::BTreeSet;

use cv_analytics_core::event::{Rating, RequestId, SessionId};
use cv_analytics_core::interaction::Disposition;
use cv_analytics_core::store::archive::{ArchivePage, Archived};
use cv_analytics_core::store::dead_letters::{
    DeadLetterSelection, Dropped, ReadAgain, RetryOutcome,
};
use cv_analytics_core::store::erasure::Erased;
use cv_analytics_core::store::observation_page::ObservationPage;
use cv_analytics_core::store::{SharedStore, Store};
use futures_util::TryStreamExt as _;

use crate::events::{
    NOW, SESSION, append, arrival, exported, feedback, ids, intake, keep_session_key, letters,
    query, query_at, response, unread, week, whole, whole_at, with_id,
};
use Disposition::{Conflict, DeadLetter, Deduplicated, Duplicate, Erased as Gone, Stored};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const MARK: &str = "cv-analytics:mark";
const OTHER: &str = "cv-analytics:other";

fn request(id: &str) -> RequestId {
    RequestId::new(id).unwrap()
}

/// Two halves are one interaction, and each message is answered as the joining law says.
pub async fn joins_halves_and_says_what_became_of_each(store: SharedStore) {
    let bodies = [
        query("a", "one"),
        query("a", "one"),
        query("a", "two"),
        response("a", 70),
        response("b", 1),
        query("b", "later"),
        whole("c"),
        query("c", "other"),
        whole("c"),
    ];
    let expect = [Stored, Duplicate, Conflict, Stored, Stored, Stored, Stored, Stored, Duplicate];
    assert_eq!(append(&*store, &bodies).await, expect);
    let all = exported(&*store).await;
    assert_eq!(ids(&all), ["a", "b", "c"]);
    assert!(all.iter().all(|one| one.query.is_some() && one.response.is_some()), "{all:?}");
    assert_eq!(all[0].query.as_ref().unwrap().query, "one");
    assert_eq!(store.interaction(&request("b")).await.unwrap().as_ref(), Some(&all[1]));
    assert_eq!(store.interaction(&request("none")).await.unwrap(), None);
    let receipts = store.append(vec![arrival(&query("d", "q")), arrival(&response("d", 1))]).await;
    assert_eq!(
        receipts.unwrap().iter().map(|receipt| receipt.disposition).collect::<Vec<_>>(),
        [Stored; 2]
    );
}

/// A message that comes again within five minutes changes nothing.
pub async fn swallows_or_repeats_a_message_that_comes_again(store: SharedStore) {
    for (id, expect) in [(1, [Stored; 2]), (1, [Deduplicated, Duplicate]), (2, [Duplicate; 2])] {
        let receipts = store.append(vec![with_id(&query("r", "q"), id)]).await.unwrap();
        assert!(expect.contains(&receipts[0].disposition), "{receipts:?}");
    }
    assert_eq!(exported(&*store).await.len(), 1);
}

/// Deliveries are counted in the week of their arrival.
pub async fn counts_deliveries_in_the_week_of_arrival(store: SharedStore) {
    append(&*store, &[query("r", "one"), query("r", "one"), query("r", "two"), b"{".to_vec()])
        .await;
    for (week, count) in [(week(), 1), (week().earlier(1), 0)] {
        let counts = store.deliveries(week).await.unwrap();
        assert_eq!(counts.dead_letters, count);
        assert!(counts.duplicates.is_none_or(|duplicates| duplicates == count), "{counts:?}");
        assert!(counts.conflicts.is_none_or(|conflicts| conflicts == count), "{counts:?}");
    }
}

/// A value is compared and set.
pub async fn writes_a_value_only_at_the_version_that_was_read(store: SharedStore) {
    assert_eq!(store.get(MARK).await.unwrap(), None);
    assert!(store.put(MARK, "one", None).await.unwrap());
    assert!(!store.put(MARK, "two", None).await.unwrap());
    let version = store.get(MARK).await.unwrap().unwrap().version;
    assert!(store.put(MARK, "two", Some(version)).await.unwrap());
    assert!(!store.put(MARK, "three", Some(version)).await.unwrap());
    assert!(!store.put(OTHER, "one", Some(1)).await.unwrap());
    let found = store.get(MARK).await.unwrap().unwrap();
    assert!(found.value == "two" && found.version > version, "{found:?}");
    assert_eq!(exported(&*store).await, []);
}

/// A scan gives the interactions whose moment is in the period, its end left out.
pub async fn scans_the_interactions_of_a_period(store: SharedStore) {
    let (first, next) = (week().start(), week().end());
    let bodies = [
        query_at("before", first.plus_millis(-1), "q"),
        query_at("first", first, "q"),
        query_at("last", next.plus_millis(-1), "q"),
        response("last", 1),
        query_at("after", next, "q"),
    ];
    append(&*store, &bodies).await;
    let pages: Vec<ObservationPage> = store.scan(first..next).try_collect().await.unwrap();
    let mut found: Vec<String> = pages
        .iter()
        .flat_map(|page| page.iter().map(|row| row.request_id.to_owned()).collect::<Vec<_>>())
        .collect();
    found.sort();
    assert_eq!(found, ["first", "last"]);
}

/// The weeks that hold interactions, the oldest first.
pub async fn knows_its_weeks(store: SharedStore) {
    assert_eq!(store.weeks(week()).await.unwrap(), []);
    let at = |weeks: i64| NOW.plus_millis(-weeks * 7 * DAY_MS);
    let asked = |id: &str, weeks| whole_at(id, at(weeks));
    append(&*store, &[asked("a", 9), asked("b", 3), asked("c", 3), asked("d", -2)]).await;
    assert_eq!(store.weeks(week()).await.unwrap(), [week().earlier(9), week().earlier(3)]);
    assert_eq!(store.weeks(week().earlier(4)).await.unwrap(), [week().earlier(9)]);
}

/// Who follows the arrivals gets each, the newest last; one may come twice.
pub async fn gives_what_arrived_after_a_cursor(store: SharedStore) {
    assert!(store.arrivals(None, 5).await.unwrap().interactions.is_empty());
    let asked = |id: &str, minutes: i64| whole_at(id, NOW.plus_millis(minutes * 60_000));
    append(&*store, &[asked("a", -30), asked("b", -20), asked("c", -10)]).await;
    let latest = store.arrivals(None, 2).await.unwrap();
    assert_eq!(ids(&latest.interactions), ["b", "c"]);
    append(&*store, &[asked("d", 0)]).await;
    let next = store.arrivals(Some(latest.cursor), 9).await.unwrap();
    assert_eq!(ids(&next.interactions).last(), Some(&"d"));
    assert!(!ids(&next.interactions).contains(&"a"));
    let none = store.arrivals(Some(next.cursor), 9).await.unwrap().interactions;
    assert!(ids(&none).iter().all(|id| *id == "d"), "{none:?}");
}

/// Feedback waits for its interaction without being one, and of several words the last stands.
pub async fn keeps_feedback_and_lets_it_wait_for_its_interaction(store: SharedStore) {
    let period = week().start()..week().end();
    let seen = async || -> Vec<_> {
        let pages: Vec<_> = store.scan(period.clone()).try_collect().await.unwrap();
        let all = pages.iter().flat_map(|page| page.iter().map(|one| one.to_owned()));
        all.map(|one| (one.request_id, one.feedback.map(|given| given.rating))).collect()
    };
    let waiting = async || store.deliveries(week()).await.unwrap().feedback_waiting;

    assert_eq!(append(&*store, &[feedback("r", 1, "down")]).await, [Stored]);
    assert_eq!((seen().await.len(), waiting().await), (0, 1));
    assert_eq!(store.weeks(week()).await.unwrap(), []);
    assert_eq!(store.arrivals(None, 9).await.unwrap().interactions, []);
    let lone = store.interaction(&request("r")).await.unwrap().unwrap();
    assert_eq!((lone.at(), lone.feedback.unwrap().rating), (None, Rating::Down));
    assert_eq!(ids(&exported(&*store).await), ["r"]);

    assert_eq!(append(&*store, &[query("r", "q"), response("r", 1)]).await, [Stored; 2]);
    assert_eq!(seen().await, [("r".to_owned(), Some(Rating::Down))]);
    assert_eq!(waiting().await, 0);
    let words = [feedback("r", 3, "up"), feedback("r", 2, "down"), feedback("r", 3, "up")];
    assert_eq!(append(&*store, &words).await, [Stored, Stored, Duplicate]);
    assert_eq!(seen().await, [("r".to_owned(), Some(Rating::Up))]);

    // Over a lone half, and over a whole record.
    let more = [response("half", 1), feedback("half", 1, "up"), query("half", "q")];
    assert_eq!(append(&*store, &more).await, [Stored; 3]);
    assert_eq!(append(&*store, &[feedback("w", 1, "up"), whole("w")]).await, [Stored; 2]);
    let up = |id: &str| (id.to_owned(), Some(Rating::Up));
    let mut all = seen().await;
    all.sort();
    assert_eq!(all, [up("half"), up("r"), up("w")]);

    store.forget_request(&request("r")).await.unwrap();
    assert_eq!(append(&*store, &[feedback("r", 4, "down")]).await, [Gone]);
    assert_eq!(store.interaction(&request("r")).await.unwrap(), None);
}

/// An import joins and keeps dead letters, and counts as no delivery.
pub async fn imports_what_counts_as_no_delivery(store: SharedStore) {
    let bodies = [query("r", "q"), b"{".to_vec(), query("r", "other"), response("s", 1)];
    for expect in
        [[Stored, DeadLetter, Conflict, Stored], [Duplicate, DeadLetter, Conflict, Duplicate]]
    {
        let answers = store.import(bodies.iter().map(|body| arrival(body)).collect()).await;
        let became: Vec<_> =
            answers.unwrap().into_iter().map(|answer| answer.unwrap().disposition).collect();
        assert_eq!(became, expect);
    }
    assert_eq!(ids(&exported(&*store).await), ["r", "s"]);
    assert_eq!(letters(&*store).await.len(), 1, "the same bytes are one letter");
    let counts = store.deliveries(week()).await.unwrap();
    assert_eq!(counts.dead_letters, 0);
    assert!(counts.duplicates.is_none_or(|duplicates| duplicates == 0), "{counts:?}");
}

/// What is forgotten is gone, and does not come back.
pub async fn erases_a_request_and_what_comes_of_it_later(store: SharedStore) {
    let letter = br#"{"requestId":"gone","query":"cut off"#.to_vec();
    let bodies = [query("gone", "q"), response("stays", 1), letter.clone(), b"{".to_vec()];
    append(&*store, &bodies).await;
    let erased = store.forget_request(&request("gone")).await.unwrap();
    assert_eq!(erased, Erased { interactions: 1, dead_letters: 1 });
    assert_eq!(store.forget_request(&request("gone")).await.unwrap(), Erased::default());
    // Nor one that had not come yet.
    assert_eq!(store.forget_request(&request("to come")).await.unwrap(), Erased::default());
    assert_eq!(letters(&*store).await.len(), 1);
    let later = [query("gone", "q"), response("gone", 1), letter.clone(), query("to come", "q")];
    assert_eq!(append(&*store, &later).await, [Gone; 4]);
    let imported = store.import(vec![arrival(&letter), arrival(&whole("gone"))]).await.unwrap();
    assert!(imported.into_iter().all(|answer| answer.unwrap().disposition == Gone));
    assert_eq!(store.interaction(&request("gone")).await.unwrap(), None);
    assert_eq!(ids(&exported(&*store).await), ["stays"]);
    assert_eq!(letters(&*store).await.len(), 1);
}

/// With a session goes every request of which a half is its.
pub async fn erases_a_session_and_what_comes_of_it_later(store: SharedStore) {
    keep_session_key(&*store).await;
    let letter = format!("{{\"sessionId\":\"{SESSION}\",\"query\":\"cut off").into_bytes();
    let bodies = [query("a", "one"), response("a", 1), query("b", "two"), response("half", 1)];
    append(&*store, &bodies).await;
    append(&*store, std::slice::from_ref(&letter)).await;
    let kept = intake().privacy().session(SESSION).unwrap();
    let forms = BTreeSet::from([kept, SessionId::from_store(SESSION.to_owned())]);
    let erased = store.forget_session(&forms, &|_| {}).await.unwrap();
    assert_eq!(erased, Erased { interactions: 2, dead_letters: 1 });
    // The half did not say whose it was.
    let later =
        [query("half", "q"), response("half", 1), query("new", "q"), response("new", 1), letter];
    assert_eq!(append(&*store, &later).await, [Gone; 5]);
    assert_eq!(ids(&exported(&*store).await), [""; 0]);
    assert_eq!(letters(&*store).await, []);
    let nobody = BTreeSet::from([SessionId::from_store("nobody".to_owned())]);
    assert_eq!(store.forget_session(&nobody, &|_| {}).await.unwrap(), Erased::default());
}

/// A session that was erased in a store with another key is known by the agent's own text.
pub async fn knows_a_session_that_was_erased_under_another_key(store: SharedStore) {
    let of_the_text = SessionId::from_store(SESSION.to_owned()).mark();
    store.put_back(vec![Archived::ErasedSession(of_the_text)]).await.unwrap();
    assert!(store.has_erased_sessions().await.unwrap());
    assert_eq!(append(&*store, &[query("late", "q"), response("late", 1)]).await, [Gone; 2]);
    assert_eq!(ids(&exported(&*store).await), [""; 0]);
}

/// Dead letters are listed up to a limit, counted, and given whole.
pub async fn lists_dead_letters_and_gives_them_whole(store: SharedStore) {
    assert_eq!(store.dead_letters(9).await.unwrap().entries, []);
    let bodies = [b"{ not JSON".to_vec(), b"[1]".to_vec(), b"[1, 2]".to_vec()];
    assert_eq!(append(&*store, &bodies).await, [DeadLetter; 3]);
    assert_eq!(store.count_dead_letters().await.unwrap(), 3);
    let some = store.dead_letters(2).await.unwrap();
    assert_eq!((some.entries.len(), some.more, some.blocked), (2, 1, 0));
    let all = letters(&*store).await;
    assert_eq!(all[..2], some.entries);
    let mut seen: Vec<_> =
        all.iter().map(|entry| (entry.bytes, entry.reason.as_deref().unwrap())).collect();
    seen.sort_unstable();
    assert_eq!(seen, [(3, "not_an_object"), (6, "not_an_object"), (10, "not_json")]);
    for entry in all {
        let letter = store.dead_letter(&entry.id).await.unwrap().unwrap();
        assert!(bodies.contains(&letter.body), "{letter:?}");
        assert_eq!(letter.entry, entry);
    }
    assert_eq!(store.dead_letter("none").await.unwrap(), None);
}

/// Dead letters are dropped one by one or all, and stay counted.
pub async fn drops_dead_letters(store: SharedStore) {
    append(&*store, &[b"{".to_vec(), b"[1]".to_vec(), b"[2]".to_vec()]).await;
    let first = letters(&*store).await.remove(0).id;
    let one = DeadLetterSelection::one(first.clone());
    let dropped = store.drop_dead_letters(&one, &|_| {}).await.unwrap();
    assert_eq!(dropped, Dropped { dropped: 1, missing: None });
    let dropped = store.drop_dead_letters(&one, &|_| {}).await.unwrap();
    assert_eq!(dropped, Dropped { dropped: 0, missing: Some(first) });
    for count in [2, 0] {
        let all = store.drop_dead_letters(&DeadLetterSelection::All, &|_| {}).await.unwrap();
        assert_eq!(all, Dropped { dropped: count, missing: None });
    }
    assert_eq!(letters(&*store).await, []);
    assert_eq!(store.deliveries(week()).await.unwrap().dead_letters, 3);
}

/// What can be read by now is kept, what still cannot stays; or both are on their way through the queue.
pub async fn retries_dead_letters(store: SharedStore) {
    store.append(vec![unread(&query("r", "readable by now")), unread(b"{")]).await.unwrap();
    let retry = async |selection: DeadLetterSelection| {
        store.retry_dead_letters(&selection, &intake(), NOW, &|_| {}).await.unwrap()
    };
    let none = retry(DeadLetterSelection::one("none")).await;
    assert_eq!(none.missing.as_deref(), Some("none"));
    let done = retry(DeadLetterSelection::All).await;
    assert_eq!(done.missing, None);
    match done.outcome {
        RetryOutcome::ReadAgain(done) => {
            assert_eq!(done, ReadAgain { kept: 1, still_dead: 1, erased: 0 });
            assert_eq!(ids(&exported(&*store).await), ["r"]);
            assert_eq!(letters(&*store).await.len(), 1);
        }
        RetryOutcome::SentAgain(sent) => {
            assert_eq!(sent, 2);
            assert_eq!(letters(&*store).await, []);
        }
    }
    assert_eq!(store.deliveries(week()).await.unwrap().dead_letters, 2);
}

/// Everything that `store` would archive.
async fn archived(store: &dyn Store) -> Vec<Archived> {
    let (mut all, mut from) = (Vec::new(), None);
    loop {
        let ArchivePage { items, next, unreadable } = store.archive_page(from).await.unwrap();
        assert_eq!(unreadable, 0);
        all.extend(items);
        from = next;
        if from.is_none() {
            return all;
        }
    }
}

/// An archive holds all, and what of it is put back, twice, changes nothing that is there.
pub async fn puts_an_archive_back(store: SharedStore) {
    keep_session_key(&*store).await;
    append(&*store, &[query("r", "q"), response("r", 1), response("lone", 1)]).await;
    assert!(store.put(MARK, "one", None).await.unwrap());
    store.forget_request(&request("gone")).await.unwrap();
    let nobody = SessionId::from_store("nobody".to_owned());
    store.forget_session(&BTreeSet::from([nobody.clone()]), &|_| {}).await.unwrap();

    let all = archived(&*store).await;
    let holds = |wanted: &dyn Fn(&Archived) -> bool| all.iter().any(wanted);
    for id in ["r", "lone"] {
        let is = |one: &Archived| matches!(one, Archived::Interaction(one) if one.request_id.as_str() == id);
        assert!(holds(&is), "{all:?}");
    }
    assert!(holds(
        &|one| matches!(one, Archived::Ledger { key, value } if key == MARK && value == "one")
    ));
    assert!(holds(&|one| matches!(one, Archived::Erased(_))));
    assert!(holds(&|one| *one == Archived::ErasedSession(nobody.mark())));

    let before = exported(&*store).await;
    let is_state = |one: &Archived| !matches!(one, Archived::Interaction(_));
    for _ in 0..2 {
        let state: Vec<_> = all.iter().filter(|one| is_state(one)).cloned().collect();
        let count = state.len() as u64;
        let done = store.put_back(state).await.unwrap();
        assert_eq!((done.kept, done.differing, done.no_place), (count, 0, 0));
    }
    assert_eq!(exported(&*store).await, before);
    let other = Archived::Ledger { key: MARK.to_owned(), value: "two".to_owned() };
    assert_eq!(store.put_back(vec![other]).await.unwrap().differing, 1);
    assert_eq!(store.get(MARK).await.unwrap().unwrap().value, "one");
    // A mark erases what is there.
    let mark = intake().privacy().session(SESSION).unwrap().mark();
    store.put_back(vec![Archived::ErasedSession(mark)]).await.unwrap();
    assert_eq!(ids(&exported(&*store).await), ["lone"]);
    assert_eq!(append(&*store, &[query("gone", "q"), response("r", 1)]).await, [Gone; 2]);
}
