//! The thread that owns the writing connection.
//!
//! Group commit: while one commit is on its way to disk, what arrives waits; all of it then
//! shares the next one. Nobody is answered before the commit that holds their events returned.

use std::path::Path;
use std::thread;

use cv_analytics_core::store::{Receipt, StoreError};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use crate::batch::{Batch, Prepared};
use crate::checkpointer::{Checkpointer, checkpoint};
use crate::connection::open_writer;
use crate::deduplication::Deduplication;
use crate::error::{Failure, Result, closed};

/// Calls that may wait for the writer; more are refused at once.
const QUEUE: usize = 4_096;
/// Arrivals in one commit, unless a single call brings more.
const BATCH: usize = 1_024;
const KEEPING: &str = "keep the events";

type Answer<T> = oneshot::Sender<std::result::Result<T, StoreError>>;

enum Command {
    Keep(Vec<Prepared>, Answer<Vec<Receipt>>),
    Run(Box<dyn FnOnce(&mut Writer) + Send>),
    Close(Answer<()>),
}

/// Sends work to the writer's thread.
#[derive(Clone)]
pub(crate) struct WriterHandle(mpsc::Sender<Command>);

/// What the writer's thread works with.
pub(crate) struct Writer {
    connection: Connection,
    deduplication: Deduplication,
    checkpointer: Checkpointer,
}

impl WriterHandle {
    /// Opens the file and starts the thread.
    pub(crate) fn start(path: &Path) -> std::result::Result<Self, StoreError> {
        let mut connection = open_writer(path)?;
        let checkpointer = Checkpointer::start(path, &mut connection)?;
        let (commands, waiting) = mpsc::channel(QUEUE);
        let writer = Writer { connection, deduplication: Deduplication::default(), checkpointer };
        thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer.work(waiting))
            .map_err(|error| StoreError::unavailable("could not start the store", error))?;
        Ok(Self(commands))
    }

    /// Keeps arrivals in the next commit. Refuses at once where too many calls wait.
    pub(crate) async fn keep(
        &self,
        arrivals: Vec<Prepared>,
    ) -> std::result::Result<Vec<Receipt>, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.0.try_send(Command::Keep(arrivals, answer)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::unavailable(
                format!("could not {KEEPING}"),
                format!("{QUEUE} calls are waiting for the disk"),
            ),
            mpsc::error::TrySendError::Closed(_) => closed(KEEPING),
        })?;
        answered.await.unwrap_or_else(|_| Err(closed(KEEPING)))
    }

    /// Runs `work` between two commits.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        what: &'static str,
        work: impl FnOnce(&mut Writer) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let work = move |writer: &mut Writer| {
            let done = work(writer).map_err(|failure| failure.to_store_error(what));
            // Nobody may be waiting any more.
            let _ = answer.send(done);
        };
        self.0.send(Command::Run(Box::new(work))).await.map_err(|_| closed(what))?;
        answered.await.unwrap_or_else(|_| Err(closed(what)))
    }

    /// Ends the thread once it has done what waits.
    pub(crate) async fn close(&self) -> std::result::Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        if self.0.send(Command::Close(answer)).await.is_err() {
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
                    next = calls.gather(&mut waiting);
                    let kept = self.keep(&calls.calls);
                    calls.answer(kept);
                }
                Command::Run(work) => work(&mut self),
                Command::Close(answer) => {
                    waiting.close();
                    let done = checkpoint(&self.connection, "truncate");
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

    fn keep(
        &mut self,
        calls: &[(Vec<Prepared>, Answer<Vec<Receipt>>)],
    ) -> Result<Vec<Vec<Receipt>>> {
        self.in_batch(|batch| {
            let keep = |(arrivals, _): &(Vec<Prepared>, _)| {
                arrivals.iter().map(|arrival| batch.keep(arrival)).collect()
            };
            calls.iter().map(keep).collect()
        })
    }

    /// Runs `work` on a batch of its own transaction; what it did is undone where it fails.
    pub(crate) fn in_batch<T>(
        &mut self,
        work: impl FnOnce(&mut Batch<'_>) -> Result<T>,
    ) -> Result<T> {
        let kept = Self::commit_batch(&mut self.connection, &mut self.deduplication, work);
        if kept.is_err() {
            // Hints for rows that are not there: they are read anew.
            self.deduplication = Deduplication::default();
        }
        kept
    }

    fn commit_batch<T>(
        connection: &mut Connection,
        deduplication: &mut Deduplication,
        work: impl FnOnce(&mut Batch<'_>) -> Result<T>,
    ) -> Result<T> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut batch = Batch::begin(&transaction, deduplication)?;
        let done = work(&mut batch)?;
        batch.finish()?;
        transaction.commit()?;
        Ok(done)
    }

    /// Runs `work` in a transaction; what it did is undone where it fails.
    pub(crate) fn in_transaction<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T>,
    ) -> Result<T> {
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = work(&transaction)?;
        transaction.commit()?;
        Ok(done)
    }

    /// The connection, for what no transaction may hold.
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }
}

/// The calls that share a commit.
struct Calls {
    calls: Vec<(Vec<Prepared>, Answer<Vec<Receipt>>)>,
    arrivals: usize,
}

impl Calls {
    /// Takes what waits, up to the first command of another kind, which it gives back.
    fn gather(&mut self, waiting: &mut mpsc::Receiver<Command>) -> Option<Command> {
        while self.arrivals < BATCH {
            match waiting.try_recv() {
                Ok(Command::Keep(arrivals, answer)) => {
                    self.arrivals += arrivals.len();
                    self.calls.push((arrivals, answer));
                }
                Ok(other) => return Some(other),
                Err(_) => return None,
            }
        }
        None
    }

    fn answer(self, kept: Result<Vec<Vec<Receipt>>>) {
        match kept {
            Ok(receipts) => {
                for ((_, answer), receipts) in self.calls.into_iter().zip(receipts) {
                    let _ = answer.send(Ok(receipts));
                }
            }
            Err(failure) => {
                for (_, answer) in self.calls {
                    let _ = answer.send(Err(unavailable(&failure)));
                }
            }
        }
    }
}

/// The events are good, whatever the file's trouble: the same call may succeed later.
fn unavailable(failure: &Failure) -> StoreError {
    let error = failure.to_store_error(KEEPING);
    let cause = std::error::Error::source(&error).map_or_else(String::new, ToString::to_string);
    StoreError::unavailable(error.to_string(), cause)
}
