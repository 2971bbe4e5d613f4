//! Files that are opened, and those that are refused.

use std::path::Path;

use cv_analytics_core::store::{StoreError, StoreErrorKind};
use rusqlite::Connection;

use super::setup::{Folder, everything, kept, query};
use crate::schema::{STEPS, bring_up_to_date};
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
        "FILE was written by a newer cv-analytics (schema version 99, this one knows up to 1): \
         use that newer version, or a copy of the file from before the upgrade"
    );
}

#[test]
fn what_is_no_database_of_ours_is_refused_and_stays_as_it_is() {
    let folder = Folder::new();
    let ending = ": name a file of cv-analytics, or one that does not exist yet";
    let text = "no database at all, but long enough to be taken for one".repeat(40);
    std::fs::write(folder.database(), &text).unwrap();
    assert_eq!(refusal(&folder.database()), format!("FILE is no SQLite database{ending}"));
    assert_eq!(std::fs::read_to_string(folder.database()).unwrap(), text);

    std::fs::remove_file(folder.database()).unwrap();
    let other = Connection::open(folder.database()).unwrap();
    other.execute_batch("CREATE TABLE theirs (x)").unwrap();
    assert_eq!(refusal(&folder.database()), format!("FILE is another program's database{ending}"));
    let mode: String = other.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(mode, "delete");
}

#[test]
fn a_folder_that_is_not_there_is_a_sentence() {
    let error = SqliteStore::open("/nowhere/cv-analytics.db").err().unwrap();
    assert!(error.to_string().starts_with("could not make /nowhere/cv-analytics.db: "), "{error}");
}

#[test]
fn an_older_file_is_brought_up_to_date_step_by_step() -> Result<(), StoreError> {
    let folder = Folder::new();
    let path = folder.database();
    let mut connection = Connection::open(&path).unwrap();
    bring_up_to_date(&mut connection, &path, &STEPS[..1])?;
    let mut steps = STEPS[..1].to_vec();
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

#[tokio::test]
async fn a_closed_store_says_so() {
    let folder = Folder::new();
    let store = folder.open();
    store.clone().close().await.unwrap();
    let error = store.check_writable().await.unwrap_err();
    assert_eq!(error.to_string(), "could not write to the database");
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
