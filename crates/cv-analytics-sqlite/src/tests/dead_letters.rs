//! Dead letters in the file, beyond what any store does with them.

use cv_analytics_core::dead_letter::Reason;
use cv_analytics_core::interaction::Disposition;
use cv_analytics_core::store::dead_letters::{DeadLetterSelection, Dropped};
use cv_analytics_core::store::{ReportSource as _, Store as _};

use super::setup::{
    Folder, NOW, arrival, everything, kept, letter_ids, query, replace, response, selected, week,
};

#[tokio::test]
async fn what_still_cannot_be_read_stays_under_its_new_reason() {
    let folder = Folder::new();
    let store = folder.open();
    kept(&store, &[b"{".to_vec()]).await;
    let id = letter_ids(&store).await[0];
    assert_eq!(replace(&store, id, arrival(b"[]", NOW, None)).await, Some(Disposition::DeadLetter));
    let letter = store.letter(id).await.unwrap().unwrap();
    assert_eq!((letter.reason, letter.body.as_slice()), (Reason::NotAnObject, b"{".as_slice()));
    assert_eq!(store.deliveries(week()).await.unwrap().dead_letters, 1);
}

#[tokio::test]
async fn a_letter_that_repeats_what_is_kept_leaves_without_a_count() {
    let folder = Folder::new();
    let store = folder.open();
    kept(&store, &[response("r", 1), b"{".to_vec()]).await;
    let id = letter_ids(&store).await[0];
    let again = arrival(&response("r", 1), NOW, None);
    assert_eq!(replace(&store, id, again).await, Some(Disposition::Duplicate));
    assert_eq!(store.deliveries(week()).await.unwrap().duplicates, Some(0));
}

#[tokio::test]
async fn an_id_never_comes_again() {
    let folder = Folder::new();
    let store = folder.open();
    kept(&store, &[b"{".to_vec(), b"}".to_vec()]).await;
    let first = letter_ids(&store).await[0];
    let dropped = store.drop_dead_letters(&selected(&[first]), &|_| {}).await.unwrap();
    assert_eq!(dropped, Dropped { dropped: 1, missing: None });
    kept(&store, &[b"{".to_vec()]).await;
    let second = letter_ids(&store).await[0];
    assert!(second > first);
    for count in [2, 0] {
        let all = store.drop_dead_letters(&DeadLetterSelection::All, &|_| {}).await.unwrap();
        assert_eq!(all.dropped, count);
    }
    store.close().await.unwrap();
    let store = folder.open();
    kept(&store, &[b"{".to_vec()]).await;
    assert!(letter_ids(&store).await[0] > second);
    assert_eq!(store.deliveries(week()).await.unwrap().dead_letters, 4);
}

#[tokio::test]
async fn many_are_replaced_in_one_step() {
    let folder = Folder::new();
    let store = folder.open();
    kept(&store, &[b"{".to_vec(), b"}".to_vec()]).await;
    let ids = letter_ids(&store).await;
    let replacements = vec![
        (ids[0], arrival(&query("r", "mended"), NOW, None)),
        (99, arrival(&query("s", "of no letter"), NOW, None)),
        (ids[1], arrival(b"[]", NOW, None)),
    ];
    let receipts = store.replace_dead_letters(replacements).await.unwrap();
    let became: Vec<_> =
        receipts.iter().map(|receipt| receipt.map(|receipt| receipt.disposition)).collect();
    assert_eq!(became, [Some(Disposition::Stored), None, Some(Disposition::DeadLetter)]);
    assert_eq!(letter_ids(&store).await, [ids[1]]);
    let left = store.letter(ids[1]).await.unwrap().unwrap();
    assert_eq!(left.reason, Reason::NotAnObject);
    assert_eq!(everything(&store).await.len(), 1);
}
