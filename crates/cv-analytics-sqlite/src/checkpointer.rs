//! When the write-ahead log is copied into the database.
//!
//! SQLite would do it within a commit, and everybody would wait for it. Here a thread of its own
//! copies the bulk while the writer goes on; the writer then copies the little that came in
//! between, after which SQLite begins the log anew. That bounds the log at any load.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU8, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use cv_analytics_core::store::StoreError;
use rusqlite::Connection;

use crate::error::Result;
use crate::schema::opening_failed;

/// Frames of 4 KiB after which the thread begins: 16 MiB.
const BEGIN_AT: i32 = 4_096;
/// Frames on top after which the writer waits for the copying: 64 MiB.
const WAIT_AT: i32 = 16_384;

const IDLE: u8 = 0;
const COPYING: u8 = 1;
const COPIED: u8 = 2;

/// Watches the log's length.
pub(crate) struct Checkpointer {
    frames: Arc<AtomicI32>,
    stage: Arc<AtomicU8>,
    wake: SyncSender<()>,
    begin_at: i32,
}

impl Checkpointer {
    /// Starts the thread and has `writer` report the log's length.
    pub(crate) fn start(
        path: &Path,
        writer: &mut Connection,
    ) -> std::result::Result<Self, StoreError> {
        let failed = |error| opening_failed(path, error);
        let frames = Arc::new(AtomicI32::new(0));
        let counted = Arc::clone(&frames);
        writer
            .wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages| {
                counted.store(pages, Ordering::Relaxed);
                Ok(())
            }))
            .map_err(failed)?;
        let copying = Connection::open(path).map_err(failed)?;
        let stage = Arc::new(AtomicU8::new(IDLE));
        let (wake, woken) = sync_channel(1);
        let reached = Arc::clone(&stage);
        thread::Builder::new()
            .name("checkpointer".to_owned())
            .spawn(move || {
                while woken.recv().is_ok() {
                    if let Err(failure) = checkpoint(&copying, "passive") {
                        tracing::warn!(?failure, "could not copy the log into the database");
                    }
                    reached.store(COPIED, Ordering::Release);
                }
            })
            .map_err(|error| StoreError::unavailable("could not start the store", error))?;
        Ok(Self { frames, stage, wake, begin_at: BEGIN_AT })
    }

    /// Called by the writer between two transactions.
    pub(crate) fn after_commit(&mut self, writer: &Connection) {
        let frames = self.frames.load(Ordering::Relaxed);
        let stage = self.stage.load(Ordering::Acquire);
        // The log has begun anew.
        if frames < self.begin_at - BEGIN_AT {
            self.begin_at = BEGIN_AT;
        }
        if stage == COPIED || frames >= self.begin_at.saturating_add(WAIT_AT) {
            if let Err(failure) = checkpoint(writer, "passive") {
                tracing::warn!(?failure, "could not copy the log into the database");
            }
            self.begin_at = frames.saturating_add(BEGIN_AT);
            if stage == COPIED {
                self.stage.store(IDLE, Ordering::Release);
            }
        } else if stage == IDLE && frames >= self.begin_at {
            self.stage.store(COPYING, Ordering::Release);
            if self.wake.try_send(()).is_err() {
                self.stage.store(COPIED, Ordering::Release);
            }
        }
    }
}

/// Copies the log; `false` where another connection kept it from coming to its end.
pub(crate) fn checkpoint(connection: &Connection, how: &str) -> Result<bool> {
    let busy: i64 =
        connection.query_row(&format!("PRAGMA wal_checkpoint({how})"), [], |row| row.get(0))?;
    Ok(busy == 0)
}
