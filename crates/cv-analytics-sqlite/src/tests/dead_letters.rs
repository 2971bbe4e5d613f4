//! Dead letters: kept whole, listed, retried, dropped.

use cv_analytics_core::dead_letter::Reason;
use cv_analytics_core::store::{Disposition, Observe};

use super::setup::{Folder, NOW, arrival, everything, kept, query, response, week};

#[tokio::test]
async fn each_is_kept_whole_and_the_newest_is_listed_first() {
    let folder = Folder::new();
    let store = folder.open();
    let bodies = [b"\xff\x00{".to_vec(), b"[1]".to_vec(), b"[1]".to_vec()];
    assert_eq!(kept(&store, &bodies).await, [Disposition::DeadLetter; 3]);
    let listed = store.dead_letters(10).await.unwrap();
    let seen: Vec<_> = listed.iter().map(|entry| (entry.reason, entry.size)).collect();
    assert_eq!(seen, [(Reason::NotAnObject, 3), (Reason::NotAnObject, 3), (Reason::NotJson, 3)]);
    assert_eq!(store.dead_letters(2).await.unwrap(), listed[..2]);
    let whole = store.dead_letter(listed[2].id).await.unwrap().unwrap();
    assert_eq!((whole.body.as_slice(), whole.arrived_at), (b"\xff\x00{".as_slice(), NOW));
    assert_eq!(store.dead_letter(99).await.unwrap(), None);
}

#[tokio::test]
async fn the_count_stays_when_a_letter_is_dropped_or_retried() {
    let folder = Folder::new();
    let store = folder.open();
    kept(&store, &[b"{".to_vec(), b"}".to_vec()]).await;
    let listed = store.dead_letters(10).await.unwrap();
    let first = vec![listed[0].id];
    assert_eq!(store.drop_dead_letters(first.clone()).await.unwrap(), Vec::<i64>::new());
    assert_eq!(store.drop_dead_letters(first.clone()).await.unwrap(), first);
    let mended = arrival(&query("r", "mended"), NOW, None);
    let receipt = store.replace_dead_letter(listed[1].id, mended.clone()).await.unwrap().unwrap();
    assert_eq!(receipt.disposition, Disposition::Stored);
    assert_eq!(store.replace_dead_letter(listed[1].id, mended).await.unwrap(), None);
    assert!(store.dead_letters(10).await.unwrap().is_empty());
    assert_eq!(everything(&store).await.len(), 1);
    assert_eq!(store.deliveries(week()).await.unwrap().dead_letters, 2);
}

#[tokio::test]
async fn what_still_cannot_be_read_stays_under_its_new_reason() {
    let folder = Folder::new();
    let store = folder.open();
    kept(&store, &[b"{".to_vec()]).await;
    let id = store.dead_letters(1).await.unwrap()[0].id;
    let receipt = store.replace_dead_letter(id, arrival(b"[]", NOW, None)).await.unwrap().unwrap();
    assert_eq!(receipt.disposition, Disposition::DeadLetter);
    let letter = store.dead_letter(id).await.unwrap().unwrap();
    assert_eq!((letter.reason, letter.body.as_slice()), (Reason::NotAnObject, b"{".as_slice()));
    assert_eq!(store.deliveries(week()).await.unwrap().dead_letters, 1);
}

#[tokio::test]
async fn a_letter_that_repeats_what_is_kept_leaves_without_a_count() {
    let folder = Folder::new();
    let store = folder.open();
    kept(&store, &[response("r", 1), b"{".to_vec()]).await;
    let id = store.dead_letters(1).await.unwrap()[0].id;
    let again = arrival(&response("r", 1), NOW, None);
    let receipt = store.replace_dead_letter(id, again).await.unwrap().unwrap();
    assert_eq!(receipt.disposition, Disposition::Duplicate);
    assert_eq!(store.deliveries(week()).await.unwrap().duplicates, Some(0));
}

#[tokio::test]
async fn an_id_never_comes_again() {
    let folder = Folder::new();
    let store = folder.open();
    kept(&store, &[b"{".to_vec(), b"}".to_vec()]).await;
    let first = store.dead_letters(1).await.unwrap()[0].id;
    assert!(store.drop_dead_letters(vec![first]).await.unwrap().is_empty());
    kept(&store, &[b"{".to_vec()]).await;
    let second = store.dead_letters(1).await.unwrap()[0].id;
    assert!(second > first);
    assert_eq!(store.drop_all_dead_letters().await.unwrap(), 2);
    assert_eq!(store.drop_all_dead_letters().await.unwrap(), 0);
    store.close().await.unwrap();
    let store = folder.open();
    kept(&store, &[b"{".to_vec()]).await;
    assert!(store.dead_letters(1).await.unwrap()[0].id > second);
    assert_eq!(store.deliveries(week()).await.unwrap().dead_letters, 4);
}

#[tokio::test]
async fn many_are_replaced_in_one_step() {
    let folder = Folder::new();
    let store = folder.open();
    kept(&store, &[b"{".to_vec(), b"}".to_vec()]).await;
    let ids: Vec<_> = store.dead_letters(9).await.unwrap().iter().map(|letter| letter.id).collect();
    let replacements = vec![
        (ids[0], arrival(&query("r", "mended"), NOW, None)),
        (99, arrival(&query("s", "of no letter"), NOW, None)),
        (ids[1], arrival(b"[]", NOW, None)),
    ];
    let receipts = store.replace_dead_letters(replacements).await.unwrap();
    let became: Vec<_> = receipts
        .iter()
        .map(|receipt| receipt.as_ref().map(|receipt| receipt.disposition))
        .collect();
    assert_eq!(became, [Some(Disposition::Stored), None, Some(Disposition::DeadLetter)]);
    let left = store.dead_letters(9).await.unwrap();
    assert_eq!((left.len(), left[0].id, left[0].reason), (1, ids[1], Reason::NotAnObject));
    assert_eq!(everything(&store).await.len(), 1);
}
