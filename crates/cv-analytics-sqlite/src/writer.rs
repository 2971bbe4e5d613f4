//! The thread that owns the writing connection.
//!
//! Group commit: while one commit is on its way to disk, what arrives waits; all of it then
//! shares the next one. Nobody is answered before the commit that holds their events returned.
//! If one of them makes the commit fail, for instance at a damaged page, each call is committed separately.

pub(crate) mod batch;
pub(crate) mod canary;
pub(crate) mod changes;
pub(crate) mod checkpointer;
pub(crate) mod deduplication;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use cv_analytics_core::store::{Receipt, StoreError};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use crate::error::{Damage, Failure, Result, closed};
use crate::file::connection::open_writer;
use crate::file::open_files::OpenFiles;
use crate::writer::batch::{Batch, Prepared};
use crate::writer::changes::{Changes, WeekNumber};
use crate::writer::checkpointer::{Checkpointer, checkpoint};
use crate::writer::deduplication::Deduplication;

/// Calls that may wait for the writer; more are refused at once.
const MAX_QUEUED_CALLS: usize = 4_096;
/// Arrivals in one commit, unless a single call brings more.
const MAX_ARRIVALS_PER_COMMIT: usize = 1_024;
/// Times that the writer lets others run before a commit that few share.
const MAX_YIELDS_PER_COMMIT: usize = 16;
const APPEND_TASK: &str = "keep the events";

type ReplySender<T> = oneshot::Sender<std::result::Result<T, StoreError>>;

/// A call's arrivals with its receipts: the caller frees them, not the writer's thread.
type Appended = (Vec<Prepared>, Vec<Receipt>);

enum Command {
    Keep(Vec<Prepared>, ReplySender<Appended>),
    Run(Box<dyn FnOnce(&mut Writer) + Send>),
    Close(ReplySender<()>),
}

/// Sends work to the writer's thread.
#[derive(Clone)]
pub(crate) struct WriterHandle {
    thread: Option<WriterThread>,
    commits: Arc<CommitCounts>,
    changes: Arc<Changes>,
}

/// The thread; there is none where the file is read only.
#[derive(Clone)]
struct WriterThread {
    commands: mpsc::Sender<Command>,
    files: Arc<OpenFiles>,
}

/// How well commits are shared.
#[derive(Debug, Default)]
pub(crate) struct CommitCounts {
    /// Commits that kept arrivals.
    pub(crate) commits: AtomicU64,
    /// Arrivals in them.
    pub(crate) arrivals: AtomicU64,
}

/// What the writer's thread works with.
pub(crate) struct Writer {
    connection: Connection,
    files: Arc<OpenFiles>,
    deduplication: Deduplication,
    checkpointer: Checkpointer,
    commits: Arc<CommitCounts>,
    changes: Arc<Changes>,
    damage: Damage,
    /// Calls in the commit before.
    shared_by: usize,
}

impl WriterHandle {
    /// Opens the file and starts the thread, which notes `damage`.
    pub(crate) fn start(path: &Path, damage: Damage) -> std::result::Result<Self, StoreError> {
        let mut connection = open_writer(path)?;
        let checkpointer = Checkpointer::start(path, &mut connection)?;
        let files = OpenFiles::note(path).map_err(|error| {
            StoreError::unavailable(format!("cannot look at {}", path.display()), error)
        })?;
        let files = Arc::new(files);
        let (commands, waiting) = mpsc::channel(MAX_QUEUED_CALLS);
        let commits = Arc::new(CommitCounts::default());
        let changes = Arc::new(Changes::default());
        let writer = Writer {
            connection,
            files: Arc::clone(&files),
            deduplication: Deduplication::default(),
            checkpointer,
            commits: Arc::clone(&commits),
            changes: Arc::clone(&changes),
            damage,
            shared_by: 0,
        };
        thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer.work(waiting))
            .map_err(|error| StoreError::unavailable("cannot start the store", error))?;
        Ok(Self { thread: Some(WriterThread { commands, files }), commits, changes })
    }

    /// A handle that refuses every write.
    pub(crate) fn read_only() -> Self {
        Self { thread: None, commits: Arc::default(), changes: Arc::default() }
    }

    pub(crate) fn is_read_only(&self) -> bool {
        self.thread.is_none()
    }

    /// Fails where the open files are no longer those at their paths.
    pub(crate) fn check_in_place(&self) -> std::result::Result<(), StoreError> {
        let what = "write to the database";
        let checked = self.thread.as_ref().map_or(Ok(()), |thread| thread.files.check());
        checked.map_err(|failure| failure.to_store_error(what))
    }

    fn commands(&self, what: &str) -> std::result::Result<&mpsc::Sender<Command>, StoreError> {
        let thread = self.thread.as_ref().ok_or_else(|| {
            StoreError::refused(format!(
                "cannot {what}: the database can be read here and not written"
            ))
        })?;
        Ok(&thread.commands)
    }

    /// Keeps arrivals in the next commit. Refuses at once where too many calls wait.
    pub(crate) async fn keep(
        &self,
        arrivals: Vec<Prepared>,
    ) -> std::result::Result<Vec<Receipt>, StoreError> {
        let (answer, answered) = oneshot::channel();
        let commands = self.commands(APPEND_TASK)?;
        commands.try_send(Command::Keep(arrivals, answer)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::unavailable(
                format!("cannot {APPEND_TASK}"),
                format!("{MAX_QUEUED_CALLS} calls are waiting for the disk"),
            ),
            mpsc::error::TrySendError::Closed(_) => closed(APPEND_TASK),
        })?;
        let (_, receipts) = answered.await.unwrap_or_else(|_| Err(closed(APPEND_TASK)))?;
        Ok(receipts)
    }

    /// Runs `work` between two commits.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        what: &'static str,
        work: impl FnOnce(&mut Writer) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let work = move |writer: &mut Writer| {
            let done = work(writer).map_err(|failure| writer.damage.told(&failure, what));
            // Nobody may be waiting any more.
            let _ = answer.send(done);
        };
        let commands = self.commands(what)?;
        commands.send(Command::Run(Box::new(work))).await.map_err(|_| closed(what))?;
        answered.await.unwrap_or_else(|_| Err(closed(what)))
    }

    /// Which weeks changed.
    pub(crate) fn changes(&self) -> &Changes {
        &self.changes
    }

    /// How well commits are shared.
    pub(crate) fn commits(&self) -> &CommitCounts {
        &self.commits
    }

    /// Ends the thread once it has done what waits.
    pub(crate) async fn close(&self) -> std::result::Result<(), StoreError> {
        let Some(thread) = &self.thread else { return Ok(()) };
        let (answer, answered) = oneshot::channel();
        if thread.commands.send(Command::Close(answer)).await.is_err() {
            return Ok(());
        }
        answered.await.unwrap_or(Ok(()))
    }
}

impl Writer {
    fn work(mut self, mut waiting: mpsc::Receiver<Command>) {
        // So that the first caller need not wait for it; a failure shows in the first commit.
        let _ = self.deduplication.catch_up(&self.connection);
        let mut next = None;
        while let Some(command) = next.take().or_else(|| waiting.blocking_recv()) {
            match command {
                Command::Keep(arrivals, answer) => {
                    let mut calls =
                        Calls { arrivals: arrivals.len(), calls: vec![(arrivals, answer)] };
                    next = calls.gather(&mut waiting, self.shared_by);
                    self.shared_by = calls.calls.len();
                    self.keep(calls);
                }
                Command::Run(work) => work(&mut self),
                Command::Close(answer) => {
                    waiting.close();
                    let done = self.checkpoint_truncate();
                    let done = done
                        .map(|_| ())
                        .map_err(|failure| failure.to_store_error("close the store"));
                    drop(self);
                    let _ = answer.send(done);
                    return;
                }
            }
            self.checkpointer.after_commit(&self.connection);
        }
    }

    /// Keeps calls in one commit, or each in its own where one of them makes the others fail.
    fn keep(&mut self, calls: Calls) {
        let shared = self.in_batch(|batch| {
            calls.calls.iter().map(|(arrivals, _)| batch.keep_all(arrivals)).collect()
        });
        match shared {
            Ok(receipts) => {
                self.commits.commits.fetch_add(1, Ordering::Relaxed);
                self.commits.arrivals.fetch_add(calls.arrivals as u64, Ordering::Relaxed);
                calls.answer(receipts);
            }
            Err(failure) if calls.calls.len() == 1 || failure.is_of_every_write() => {
                for (_, answer) in calls.calls {
                    let _ = answer.send(Err(self.unavailable(&failure)));
                }
            }
            Err(_) => {
                for (arrivals, answer) in calls.calls {
                    self.keep(Calls { arrivals: arrivals.len(), calls: vec![(arrivals, answer)] });
                }
            }
        }
    }

    /// The events are good, whatever the file's trouble: the same call may succeed later.
    fn unavailable(&self, failure: &Failure) -> StoreError {
        let error = self.damage.told(failure, APPEND_TASK);
        let cause = std::error::Error::source(&error).map_or_else(String::new, ToString::to_string);
        StoreError::unavailable(error.to_string(), cause)
    }

    /// Runs `work` on a batch in its own transaction; what it did is undone where it fails.
    pub(crate) fn in_batch<T>(
        &mut self,
        work: impl FnOnce(&mut Batch<'_>) -> Result<T>,
    ) -> Result<T> {
        let kept = Self::commit_batch(&mut self.connection, &mut self.deduplication, work);
        match kept.and_then(|kept| self.in_place().map(|()| kept)) {
            Ok((done, weeks)) => {
                self.changes.note(&weeks);
                Ok(done)
            }
            Err(failure) => {
                // Hints for rows that are not there: they are read anew.
                self.deduplication = Deduplication::default();
                Err(failure)
            }
        }
    }

    fn commit_batch<T>(
        connection: &mut Connection,
        deduplication: &mut Deduplication,
        work: impl FnOnce(&mut Batch<'_>) -> Result<T>,
    ) -> Result<(T, Vec<WeekNumber>)> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut batch = Batch::begin(&transaction, deduplication)?;
        let done = work(&mut batch)?;
        let weeks = batch.finish()?;
        transaction.commit()?;
        Ok((done, weeks))
    }

    /// Fails where the file at the path lacks what was committed; a deleted log is copied into the database first.
    fn in_place(&self) -> Result<()> {
        let checked = self.files.check();
        if checked.is_err()
            && self.files.has_database()
            && let Err(failure) = self.checkpoint_truncate()
        {
            tracing::error!(error = ?failure, "cannot copy the deleted log into the database");
        }
        checked
    }

    /// Runs `work`, which leaves interactions as they are and changes the deliveries of `weeks`.
    pub(crate) fn on_deliveries<T>(
        &mut self,
        weeks: &[WeekNumber],
        work: impl FnOnce(&Transaction<'_>) -> Result<T>,
    ) -> Result<T> {
        let done = self.transaction_without_invalidation(work)?;
        self.changes.note(weeks);
        Ok(done)
    }

    /// Runs `work` in a transaction; what it did is undone where it fails. Any week may be another one after it.
    pub(crate) fn in_transaction<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T>,
    ) -> Result<T> {
        let done = self.transaction_without_invalidation(work)?;
        self.changes.note_any();
        Ok(done)
    }

    /// Runs `work`, which leaves interactions and deliveries as they are, in a transaction.
    pub(crate) fn transaction_without_invalidation<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T>,
    ) -> Result<T> {
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = work(&transaction)?;
        transaction.commit()?;
        self.in_place()?;
        Ok(done)
    }

    /// Copies all of the log and cuts it to nothing; `false` where another program kept it from coming to its end.
    pub(crate) fn checkpoint_truncate(&self) -> Result<bool> {
        self.checkpointer.wait_until_idle();
        checkpoint(&self.connection, "truncate")
    }

    /// The connection, for what no transaction may hold.
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }
}

/// The calls that share a commit.
struct Calls {
    calls: Vec<(Vec<Prepared>, ReplySender<Appended>)>,
    arrivals: usize,
}

impl Calls {
    /// Takes what waits, up to the first command of another kind, which it gives back.
    ///
    /// Callers that were just answered come back one by one. The first of them would get a commit of its own, and the
    /// others wait for it: while far fewer are here than `before`, they are let run first.
    fn gather(&mut self, waiting: &mut mpsc::Receiver<Command>, before: usize) -> Option<Command> {
        let mut patience = MAX_YIELDS_PER_COMMIT;
        while self.arrivals < MAX_ARRIVALS_PER_COMMIT {
            match waiting.try_recv() {
                Ok(Command::Keep(arrivals, answer)) => {
                    self.arrivals += arrivals.len();
                    self.calls.push((arrivals, answer));
                }
                Ok(other) => return Some(other),
                Err(_) if patience > 0 && self.calls.len() < before / 4 * 3 => {
                    patience -= 1;
                    thread::yield_now();
                }
                Err(_) => return None,
            }
        }
        None
    }

    fn answer(self, receipts: Vec<Vec<Receipt>>) {
        for ((arrivals, answer), receipts) in self.calls.into_iter().zip(receipts) {
            let _ = answer.send(Ok((arrivals, receipts)));
        }
    }
}
