//! Reading beside the writer: short questions on one thread, long streams on one each.

pub(crate) mod browse;
pub(crate) mod export;
pub(crate) mod observations;

use std::path::{Path, PathBuf};
use std::thread;

use cv_analytics_core::store::StoreError;
use futures_util::Stream;
use futures_util::stream;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::error::{Damage, Result, closed};
use crate::file::connection::open_reader;
use crate::schema::{check_version, opening_failed};

/// Questions that may wait.
const MAX_QUEUED_READS: usize = 256;
/// Pages that a stream reads ahead of who takes them.
const MAX_PAGES_AHEAD: usize = 2;

type Question = Box<dyn FnOnce(&Connection) + Send>;

/// Sends questions to the reader's thread.
#[derive(Clone)]
pub(crate) struct ReaderHandle {
    questions: mpsc::Sender<Question>,
    damage: Damage,
}

impl ReaderHandle {
    /// Starts the thread on a file of this version; it notes `damage`.
    pub(crate) fn start(path: &Path, damage: Damage) -> std::result::Result<Self, StoreError> {
        let connection = open_reader(path).map_err(|error| opening_failed(path, error))?;
        check_version(&connection, path)?;
        let (questions, mut waiting) = mpsc::channel::<Question>(MAX_QUEUED_READS);
        thread::Builder::new()
            .name("store-reader".to_owned())
            .spawn(move || {
                while let Some(question) = waiting.blocking_recv() {
                    question(&connection);
                }
            })
            .map_err(|error| StoreError::unavailable("cannot start the store", error))?;
        Ok(Self { questions, damage })
    }

    /// Runs `read`; an error is a failure to do `what`.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        what: &'static str,
        read: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let damage = self.damage.clone();
        let question = move |connection: &Connection| {
            let found = read(connection).map_err(|failure| damage.told(&failure, what));
            // Nobody may be waiting any more.
            let _ = answer.send(found);
        };
        self.questions.send(Box::new(question)).await.map_err(|_| closed(what))?;
        answered.await.unwrap_or_else(|_| Err(closed(what)))
    }

    /// Streams the pages of `read` from its own thread and connection.
    pub(crate) fn stream_pages<Page: Send + 'static>(
        self,
        path: PathBuf,
        what: &'static str,
        read: impl FnOnce(&Connection, &Pages<Page>) -> Result<()> + Send + 'static,
    ) -> impl Stream<Item = std::result::Result<Page, StoreError>> + Send + Unpin + 'static {
        let (pages, mut given) = mpsc::channel(MAX_PAGES_AHEAD);
        let refused = pages.clone();
        let started = thread::Builder::new().name("store-stream".to_owned()).spawn(move || {
            let pages = Pages(pages);
            let done = open_reader(&path)
                .map_err(Into::into)
                .and_then(|connection| read(&connection, &pages));
            if let Err(failure) = done {
                let _ = pages.0.blocking_send(Err(self.damage.told(&failure, what)));
            }
        });
        if let Err(error) = started {
            let _ = refused.try_send(Err(StoreError::unavailable(format!("cannot {what}"), error)));
        }
        drop(refused);
        stream::poll_fn(move |context| given.poll_recv(context))
    }
}

/// Where a stream's thread puts its pages.
pub(crate) struct Pages<Page>(mpsc::Sender<std::result::Result<Page, StoreError>>);

impl<Page> Pages<Page> {
    /// Waits until there is room; `false` where nobody reads on.
    pub(crate) fn give(&self, page: Page) -> bool {
        self.0.blocking_send(Ok(page)).is_ok()
    }
}
