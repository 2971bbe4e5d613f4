//! A full disk, a crash, a crowd.

use cv_analytics_core::interaction::Disposition;
use cv_analytics_core::store::{EventStore as _, ReportSource as _, Store as _, StoreErrorKind};

use futures_util::StreamExt;

use super::setup::{Folder, NOW, arrival, arrivals, everything, kept, query, response, week};
use crate::SqliteStore;

/// Lets the file grow by `pages` and no more; `None` lifts the limit.
pub(super) async fn limit(store: &SqliteStore, pages: Option<i64>) {
    let limit = move |writer: &mut crate::writer::Writer| {
        let connection = writer.connection();
        let now: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
        let limit = pages.map_or(i64::from(u32::MAX) - 1, |pages| now + pages);
        Ok(connection.pragma_update_and_check(None, "max_page_count", limit, |_| Ok(()))?)
    };
    store.writer.run("limit the file", limit).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_is_no_success_and_the_store_recovers() {
    let folder = Folder::new();
    let store = folder.open();
    let first = store.append(vec![arrival(&query("first", "q"), NOW, Some(1))]).await.unwrap()[0];
    limit(&store, Some(2)).await;
    let body = query("too long", &"long ".repeat(380));
    let large: Vec<_> = (0..50)
        .map(|number| {
            arrival(&query(&format!("r{number}"), &"long ".repeat(380)), NOW, Some(100 + number))
        })
        .chain([arrival(&body, NOW, Some(2)), arrival(&body, NOW, None), arrival(b"{", NOW, None)])
        .collect();
    let error = store.append(large.clone()).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unavailable);
    assert_eq!(error.to_string(), "cannot keep the events: the disk is full");
    // Nothing of it is there, and none of its deduplication ids swallows the next attempt.
    assert_eq!(everything(&store).await.len(), 1);
    assert_eq!(store.deliveries(week()).await.unwrap().dead_letters, 0);
    limit(&store, None).await;
    store.check_writable().await.unwrap();
    let receipts = store.append(large).await.unwrap();
    assert_eq!(receipts[0].disposition, Disposition::Stored);
    assert!(receipts[0].sequence > first.sequence);
    assert_eq!(receipts[50].disposition, Disposition::Stored);
    assert_eq!(receipts[51].disposition, Disposition::Duplicate);
    assert_eq!(everything(&store).await.len(), 52);
    let again = store.append(vec![arrival(&query("first", "q"), NOW, Some(1))]).await.unwrap()[0];
    assert_eq!(again.disposition, Disposition::Deduplicated);
}

#[tokio::test]
async fn files_copied_at_any_moment_hold_every_acknowledged_event_once() {
    let folder = Folder::new();
    let store = folder.open();
    for number in 0..20 {
        kept(&store, &[query(&format!("r{number}"), "q"), query(&format!("r{number}"), "q")]).await;
        // What a crash would leave, the shared memory being gone.
        let after = Folder::new();
        std::fs::copy(folder.database(), after.database()).unwrap();
        let log = |folder: &Folder| folder.database().with_extension("db-wal");
        std::fs::copy(log(&folder), log(&after)).unwrap();
        assert_eq!(everything(&after.open()).await.len(), number + 1);
    }
}

#[tokio::test]
async fn a_torn_log_opens_at_the_last_whole_commit() {
    let folder = Folder::new();
    let store = folder.open();
    let log = folder.database().with_extension("db-wal");
    kept(&store, &[query("first", "q")]).await;
    let first = std::fs::metadata(&log).unwrap().len();
    kept(&store, &[query("second", "q")]).await;
    let whole = std::fs::read(&log).unwrap();
    let database = std::fs::read(folder.database()).unwrap();
    for cut in [1, 100, 4_096, 5_000] {
        let after = Folder::new();
        let torn = whole.len() - cut;
        assert!(torn as u64 > first);
        std::fs::write(after.database(), &database).unwrap();
        std::fs::write(after.database().with_extension("db-wal"), &whole[..torn]).unwrap();
        let store = after.open();
        assert_eq!(everything(&store).await[0].request_id, "first");
        // The sender was not answered, and sends again.
        kept(&store, &[query("second", "q")]).await;
        assert_eq!(everything(&store).await.len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_shares_commits_and_each_gets_its_own_receipts() {
    let folder = Folder::new();
    let store = folder.open();
    let callers: Vec<_> = (0..64)
        .map(|caller| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut sequences = Vec::new();
                for number in 0..20 {
                    let bodies = [query(&format!("{caller} {number}"), "q"), b"{".to_vec()];
                    let receipts = store.append(arrivals(&bodies)).await.unwrap();
                    assert_eq!(receipts[0].disposition, Disposition::Stored);
                    assert_eq!(receipts[1].disposition, Disposition::DeadLetter);
                    sequences.extend(receipts.iter().map(|receipt| receipt.sequence));
                }
                assert!(sequences.is_sorted());
                sequences
            })
        })
        .collect();
    let mut sequences = Vec::new();
    for caller in callers {
        sequences.extend(caller.await.unwrap());
    }
    sequences.sort_unstable();
    sequences.dedup();
    assert_eq!(sequences.len(), 64 * 40);
    let commits = store.commits();
    assert_eq!(commits.messages, 64 * 40);
    assert!(commits.commits < 64 * 20 / 2, "{commits:?}");
}

#[tokio::test]
async fn a_stream_that_nobody_reads_on_ends() {
    let folder = Folder::new();
    let store = folder.open();
    let many: Vec<_> = (0..9_000).map(|number| query(&format!("{number}"), "q")).collect();
    kept(&store, &many).await;
    drop(store.export());
    let seen = everything(&store).await;
    assert_eq!(seen.len(), 9_000);
    store.close().await.unwrap();
}

/// A closed store of two hundred questions, of which `pages`, or all, from the middle on are overwritten.
async fn damaged(pages: Option<usize>) -> Folder {
    let folder = Folder::new();
    let store = folder.open();
    let bodies: Vec<_> =
        (0..200).map(|number| query(&format!("r{number}"), &"q".repeat(900))).collect();
    kept(&store, &bodies).await;
    store.close().await.unwrap();
    let mut bytes = std::fs::read(folder.database()).unwrap();
    // Not those of the schema, which opening reads.
    let from = bytes.len() / 2 / 4_096 * 4_096;
    let to = pages.map_or(bytes.len(), |pages| from + pages * 4_096);
    bytes[from..to].fill(0xA5);
    std::fs::write(folder.database(), bytes).unwrap();
    folder
}

#[tokio::test]
async fn damage_that_a_read_meets_with_is_remembered() {
    let folder = damaged(None).await;
    let store = folder.open();
    store.check_sound().unwrap();
    let pages: Vec<_> = store.clone().export().collect().await;
    let error = pages.into_iter().find_map(Result::err).unwrap().to_string();
    assert_eq!(store.check_sound().unwrap_err().to_string(), error);
    assert!(error.contains("damaged"), "{error}");
}

#[tokio::test]
async fn damage_that_a_write_meets_with_is_remembered_and_fails_no_other_call() {
    let folder = damaged(Some(1)).await;
    let store = folder.open();
    let mut damaged = None;
    for number in 0..200 {
        let answer = response(&format!("r{number}"), 50);
        if let Err(error) = store.append(arrivals(std::slice::from_ref(&answer))).await {
            assert_eq!(error.kind, StoreErrorKind::Unavailable);
            damaged = Some((answer, error.to_string()));
            break;
        }
        store.check_sound().unwrap();
    }
    let (on_damage, told) = damaged.unwrap();
    assert!(told.contains("damaged"), "{told}");
    assert_eq!(store.check_sound().unwrap_err().to_string(), told);
    // All wait for one commit.
    let (release, released) = std::sync::mpsc::channel();
    let hold = store.writer.run("wait", move |_| {
        let _ = released.recv();
        Ok(())
    });
    let appends = (0..9).map(|number| {
        let bodies = match number {
            4 => vec![query("beside", "q"), on_damage.clone()],
            _ => vec![query(&format!("new{number}"), "q")],
        };
        let store = &store;
        async move { store.append(arrivals(&bodies)).await.is_ok() }
    });
    let releasing = async { release.send(()).unwrap() };
    let (_, kept, ()) = tokio::join!(hold, futures_util::future::join_all(appends), releasing);
    assert_eq!(kept.iter().filter(|kept| **kept).count(), 8);
    assert!(!kept[4]);
    store.check_writable().await.unwrap();
    // A call is kept as a whole or not at all.
    let again = store.append(arrivals(&[query("beside", "q"), query("new1", "q")])).await.unwrap();
    let again: Vec<_> = again.iter().map(|receipt| receipt.disposition).collect();
    assert_eq!(again, [Disposition::Stored, Disposition::Duplicate]);
    assert_eq!(store.check_sound().unwrap_err().to_string(), told);
}
