//! When the write-ahead log is copied into the database.
//!
//! SQLite would do it within a commit, and everybody would wait for it. Here a separate thread copies the bulk while
//! the writer goes on, then what came in between, and so on; the writer copies the last little, after which SQLite
//! begins the log anew. That bounds the log at any load.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU8, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use cv_analytics_core::store::StoreError;
use rusqlite::Connection;

use crate::error::Result;
use crate::schema::opening_failed;

/// Frames of 4 KiB after which the thread begins, 1 MiB: commits wait behind a round, so rounds are short.
const CHECKPOINT_FROM_FRAMES: i32 = 256;
/// Frames that are left to the writer itself: 256 KiB.
const MAX_REMAINING_FRAMES: i32 = 64;
/// Times that the thread copies before the writer does what is left.
const MAX_CHECKPOINT_ROUNDS: u8 = 6;
/// Frames after which the writer waits for the thread and copies what is left: 64 MiB.
const BLOCKING_FROM_FRAMES: i32 = 16_384;

const IDLE: u8 = 0;
const COPYING: u8 = 1;
const COPIED: u8 = 2;

/// Watches the log's length.
pub(crate) struct Checkpointer {
    frames: Arc<AtomicI32>,
    stage: Arc<AtomicU8>,
    wake: SyncSender<()>,
    /// The log's length when the copying that ended last, or goes on, began.
    copied: i32,
    rounds: u8,
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
                        tracing::warn!(error = ?failure, "cannot copy the log into the database");
                    }
                    reached.store(COPIED, Ordering::Release);
                }
            })
            .map_err(|error| StoreError::unavailable("cannot start the store", error))?;
        Ok(Self { frames, stage, wake, copied: 0, rounds: 0 })
    }

    /// Called by the writer between two transactions.
    pub(crate) fn after_commit(&mut self, writer: &Connection) {
        let frames = self.frames.load(Ordering::Relaxed);
        // The log has begun anew.
        if frames < self.copied {
            self.copied = 0;
        }
        let uncopied = frames.saturating_sub(self.copied);
        match self.stage.load(Ordering::Acquire) {
            COPYING if uncopied < BLOCKING_FROM_FRAMES => {}
            IDLE if uncopied < CHECKPOINT_FROM_FRAMES => {}
            // Each round copies what came during the one before, which is less each time.
            IDLE => self.copy(frames, 1),
            COPIED if uncopied > MAX_REMAINING_FRAMES && self.rounds < MAX_CHECKPOINT_ROUNDS => {
                self.copy(frames, self.rounds + 1);
            }
            _ => {
                self.wait_until_idle();
                if let Err(failure) = checkpoint(writer, "passive") {
                    tracing::warn!(error = ?failure, "cannot copy the log into the database");
                }
                self.copied = frames;
                self.stage.store(IDLE, Ordering::Release);
            }
        }
    }

    /// Waits until the thread is idle: SQLite refuses a second checkpoint.
    pub(crate) fn wait_until_idle(&self) {
        while self.stage.load(Ordering::Acquire) == COPYING {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Has the thread copy what the log holds now.
    fn copy(&mut self, frames: i32, round: u8) {
        self.copied = frames;
        self.rounds = round;
        self.stage.store(COPYING, Ordering::Release);
        // Without its thread the writer copies itself.
        if self.wake.try_send(()).is_err() {
            self.stage.store(COPIED, Ordering::Release);
        }
    }
}

/// Copies the log; `false` where another connection kept it from coming to its end.
pub(crate) fn checkpoint(connection: &Connection, how: &str) -> Result<bool> {
    let busy: i64 =
        connection.query_row(&format!("PRAGMA wal_checkpoint({how})"), [], |row| row.get(0))?;
    Ok(busy == 0)
}
