//! Files that are opened, and those that are refused.

use std::path::Path;

use cv_analytics_core::event::MatchSource;
use cv_analytics_core::interaction::Disposition;
use cv_analytics_core::store::{Observation, Store as _, StoreError, StoreErrorKind};
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use super::setup::{Folder, NOW, everything, exported, kept, query};
use crate::schema::{MIGRATIONS, bring_up_to_date};
use crate::{SqliteStore, lock_for_serving};

fn refusal(path: &Path) -> String {
    let error = SqliteStore::open(path).err().unwrap();
    assert_eq!(error.kind, StoreErrorKind::Refused);
    error.to_string().replace(&path.display().to_string(), "FILE")
}

#[tokio::test]
async fn a_file_is_made_and_opened_again() {
    let folder = Folder::new();
    let store = folder.open();
    kept(&store, &[query("r", "q")]).await;
    store.close().await.unwrap();
    assert_eq!(everything(&folder.open()).await.len(), 1);
}

#[test]
fn a_file_of_a_newer_version_is_refused() {
    let folder = Folder::new();
    drop(folder.open());
    let raw = Connection::open(folder.database()).unwrap();
    raw.pragma_update(None, "user_version", 99).unwrap();
    assert_eq!(
        refusal(&folder.database()),
        "FILE was written by a newer cv-analytics (schema version 99, this one knows up to 5): \
         use that newer version, or a copy of the file from before the upgrade"
    );
}

#[test]
fn what_is_no_database_of_ours_is_refused_and_stays_as_it_is() {
    let folder = Folder::new();
    let ending = "; name a cv-analytics database or a new file";
    let text = "no database at all, but long enough to be taken for one".repeat(40);
    std::fs::write(folder.database(), &text).unwrap();
    assert_eq!(
        refusal(&folder.database()),
        format!("invalid database FILE: not an SQLite file{ending}")
    );
    assert_eq!(std::fs::read_to_string(folder.database()).unwrap(), text);

    std::fs::remove_file(folder.database()).unwrap();
    let other = Connection::open(folder.database()).unwrap();
    other.execute_batch("CREATE TABLE theirs (x)").unwrap();
    assert_eq!(
        refusal(&folder.database()),
        format!("invalid database FILE: it is another program's{ending}")
    );
    let mode: String = other.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(mode, "delete");
}

#[test]
fn a_folder_that_is_not_there_is_a_sentence() {
    let error = SqliteStore::open("/nowhere/cv-analytics.db").err().unwrap();
    assert!(error.to_string().starts_with("cannot make /nowhere/cv-analytics.db: "), "{error}");
}

#[test]
fn an_older_file_is_brought_up_to_date_step_by_step() -> Result<(), StoreError> {
    let folder = Folder::new();
    let path = folder.database();
    let mut connection = Connection::open(&path).unwrap();
    bring_up_to_date(&mut connection, &path, &MIGRATIONS[..1])?;
    let mut steps = MIGRATIONS[..1].to_vec();
    steps.push("ALTER TABLE ledger ADD COLUMN note TEXT");
    bring_up_to_date(&mut connection, &path, &steps)?;
    bring_up_to_date(&mut connection, &path, &steps)?;
    connection.execute("INSERT INTO ledger VALUES ('k', 'v', 1, 'note')", []).unwrap();
    // A step that fails leaves the file as it was.
    steps.push("CREATE TABLE new (x); CREATE TABLE ledger (x)");
    assert!(bring_up_to_date(&mut connection, &path, &steps).is_err());
    let version: i64 =
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'new'", [], |row| row.get(0))
        .unwrap();
    assert_eq!((version, tables), (2, 0));
    Ok(())
}

/// A response event whose fields include `unknown`, and the row that the first version of the schema had for it.
fn response_and_first_row(id: &str, unknown: &Value) -> (Vec<u8>, Option<String>) {
    let mut event = unknown.clone();
    event["eventType"] = json!("response");
    event["requestId"] = json!(id);
    event["timestamp"] = json!(NOW);
    event["matchType"] = json!("none");
    let kept = unknown.as_object().is_some_and(|fields| !fields.is_empty());
    (event.to_string().into_bytes(), kept.then(|| unknown.to_string()))
}

#[tokio::test]
async fn rows_of_the_first_version_keep_their_topic_and_answer_and_a_replay_is_a_duplicate() {
    let folder = Folder::new();
    let path = folder.database();
    let mut first = Connection::open(&path).unwrap();
    bring_up_to_date(&mut first, &path, &MIGRATIONS[..1]).unwrap();
    let cases = [
        json!({"topic": "notice period", "metadata": {"matchSource": "Model", "x": 0.1}, "n": 1e300}),
        json!({"topic": "a \"quoted\"\u{1f980} topic"}),
        json!({"topic": null, "tokens": 12_345_678_901_234_567_890_u64}),
        json!({"metadata": {"matchSource": ["model"]}}),
        json!({}),
        json!({"answer": "Yes.", "tokens": 12_345_678_901_234_567_890_u64}),
        json!({"answer": "Yes, it does.", "cut": ["answer"]}),
        json!({"answer": "Yes, it did.", "cut": ["answer", "note"], "note": "a b"}),
        json!({"answer": null, "cut": ["note"], "note": "a b"}),
        json!({"answer": {"text": "an object"}, "cut": ["answer"]}),
    ];
    let (bodies, rows): (Vec<_>, Vec<_>) = cases
        .into_iter()
        .enumerate()
        .map(|(number, unknown)| response_and_first_row(&format!("r{number}"), &unknown))
        .unzip();
    for (number, unknown) in rows.iter().enumerate() {
        first
            .execute(
                "INSERT INTO interactions (id, request_id, at, response_at, match_type, outcome, form, \
                     reasoning_cut, response_unknown) \
                 VALUES (?1, 'r' || ?2, ?3, ?3, 'none', 'no_match', 'plain', 0, ?4)",
                params![i64::try_from(number + 1).unwrap(), i64::try_from(number).unwrap(), NOW.as_millis(), unknown],
            )
            .unwrap();
    }
    first.execute("UPDATE state SET sequence = 10", []).unwrap();
    drop(first);

    let store = folder.open();
    let observed: Vec<_> = everything(&store)
        .await
        .into_iter()
        .filter_map(|observation| observation.response)
        .map(|one| (one.topic, one.match_source, one.outcome_named, one.answer))
        .collect();
    let answered =
        |answer: Option<&str>| (None, MatchSource::Unknown, true, answer.map(str::to_owned));
    let expect = [
        (Some("notice period".to_owned()), MatchSource::Model, true, None),
        (Some("a \"quoted\"\u{1f980} topic".to_owned()), MatchSource::Unknown, true, None),
        answered(None),
        answered(None),
        answered(None),
        answered(Some("Yes.")),
        answered(Some("Yes, it does.")),
        answered(Some("Yes, it did.")),
        answered(None),
        answered(None),
    ];
    assert_eq!(observed, expect);
    assert_eq!(kept(&store, &bodies).await, [Disposition::Duplicate; 10]);
    // What a report reads of a migrated row is what it reads of the interaction.
    let mut all: Vec<_> = exported(&store).await.into_iter().map(Observation::from).collect();
    all.sort_by(|one, other| one.request_id.cmp(&other.request_id));
    assert_eq!(everything(&store).await, all);
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let store = folder.open();
    kept(&store, &[query("r", "q")]).await;
    let files = folder.files();
    assert_eq!(files.len(), 3);
    for file in files {
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn one_server_a_folder() {
    let folder = Folder::new();
    let lock = lock_for_serving(folder.path()).unwrap();
    let refusal = lock_for_serving(folder.path()).unwrap_err().to_string();
    assert!(refusal.starts_with("another server runs on "), "{refusal}");
    drop(lock);
    lock_for_serving(folder.path()).unwrap();
}

#[cfg(unix)]
#[test]
fn a_lock_that_is_a_link_is_not_followed() {
    let folder = Folder::new();
    let elsewhere = Folder::new();
    let target = elsewhere.path().join("made");
    std::os::unix::fs::symlink(&target, folder.path().join("serve.lock")).unwrap();
    let refusal = lock_for_serving(folder.path()).unwrap_err().to_string();
    assert!(refusal.starts_with("cannot open ") && refusal.ends_with("serve.lock"), "{refusal}");
    assert!(!target.exists());
}

#[tokio::test]
async fn a_closed_store_says_so() {
    let folder = Folder::new();
    let store = folder.open();
    store.clone().close().await.unwrap();
    let error = store.check_writable().await.unwrap_err();
    assert_eq!(error.to_string(), "cannot write to the database");
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_closed_store_leaves_no_log() {
    let folder = Folder::new();
    let store = folder.open();
    // Enough for the checkpointer to be in the middle of its work.
    for batch in 0..40 {
        let bodies: Vec<Vec<u8>> =
            (0..100).map(|number| query(&format!("{batch}-{number}"), &"q".repeat(900))).collect();
        kept(&store, &bodies).await;
    }
    store.close().await.unwrap();
    let log = folder.database().with_extension("db-wal");
    assert_eq!(std::fs::metadata(log).map_or(0, |log| log.len()), 0);
}
