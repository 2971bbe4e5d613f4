//! A database that is moved, deleted or replaced while it is open.

use std::fs;
use std::path::{Path, PathBuf};

use cv_analytics_core::store::{EventStore, KeyValueStore, StoreErrorKind};

use super::setup::{Folder, arrivals, everything, kept, query};
use crate::SqliteStore;
use crate::file::open_files::beside;

/// A store in a folder within another, so that both can be moved.
struct Moved {
    outer: Folder,
    store: SqliteStore,
}

impl Moved {
    async fn new() -> Self {
        let outer = Folder::new();
        fs::create_dir_all(outer.path().join("outer/data")).unwrap();
        let store = SqliteStore::open(Self::database_in(&outer)).unwrap();
        kept(&store, &[query("before", "q")]).await;
        store.check_in_place().unwrap();
        Self { outer, store }
    }

    fn database_in(outer: &Folder) -> PathBuf {
        outer.path().join("outer/data/cv-analytics.db")
    }

    fn database(&self) -> PathBuf {
        Self::database_in(&self.outer)
    }
}

async fn check(what: &str, spoil: impl FnOnce(&Path)) -> Moved {
    let moved = Moved::new().await;
    spoil(&moved.database());
    let error = moved.store.check_in_place().unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unavailable, "{what}");
    let error = moved.store.append(arrivals(&[query("after", "q")])).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unavailable, "{what}");
    let why = std::error::Error::source(&error).unwrap().to_string();
    assert!(why.contains("was moved, deleted or replaced"), "{what}: {why}");
    assert!(moved.store.put("key", "value", None).await.is_err(), "{what}");
    assert!(moved.store.check_writable().await.is_err(), "{what}");
    moved
}

fn rename(from: &Path, to: &str) {
    fs::rename(from, from.with_file_name(to)).unwrap();
}

#[tokio::test]
async fn nothing_is_acknowledged_that_is_not_in_the_file_at_the_path() {
    check("deleted", |database| fs::remove_file(database).unwrap()).await;
    check("moved", |database| rename(database, "moved.db")).await;
    check("replaced by a copy", |database| {
        let copy = database.with_file_name("copy.db");
        fs::copy(database, &copy).unwrap();
        fs::rename(copy, database).unwrap();
    })
    .await;
    check("the folder moved", |database| rename(database.parent().unwrap(), "elsewhere")).await;
    check("the folder above moved", |database| {
        rename(database.parent().unwrap().parent().unwrap(), "elsewhere");
    })
    .await;
    check("the index of the log deleted", |database| {
        fs::remove_file(beside(database, "-shm")).unwrap();
    })
    .await;
}

#[cfg(unix)]
#[tokio::test]
async fn the_log_of_a_database_behind_a_link_is_watched_too() {
    let folder = Folder::new();
    let (real, link) = (folder.path().join("real.db"), folder.path().join("link.db"));
    fs::write(&real, "").unwrap();
    std::os::unix::fs::symlink("real.db", &link).unwrap();
    let store = SqliteStore::open(&link).unwrap();
    kept(&store, &[query("before", "q")]).await;
    store.check_in_place().unwrap();
    fs::remove_file(folder.path().join("real.db-wal")).unwrap();
    assert!(store.check_in_place().is_err());
    assert!(store.append(arrivals(&[query("after", "q")])).await.is_err());
}

#[tokio::test]
async fn a_file_that_comes_back_is_written_again() {
    let moved = check("moved", |database| rename(database.parent().unwrap(), "elsewhere")).await;
    let elsewhere = moved.outer.path().join("outer/elsewhere");
    fs::rename(elsewhere, moved.outer.path().join("outer/data")).unwrap();
    moved.store.check_writable().await.unwrap();
    kept(&moved.store, &[query("after", "q"), query("later", "q")]).await;
    assert_eq!(everything(&moved.store).await.len(), 3);
}

#[tokio::test]
async fn what_a_deleted_log_held_is_saved() {
    let moved =
        check("the log deleted", |database| fs::remove_file(beside(database, "-wal")).unwrap())
            .await;
    // As a crash leaves it: nothing of the process goes into the file any more.
    let after = Folder::new();
    fs::copy(moved.database(), after.database()).unwrap();
    let ids: Vec<_> = everything(&after.open()).await;
    assert!(ids.iter().any(|one| one.request_id == "before"), "{ids:?}");
}
