//! The threads that make pages and reports. Those that take messages do nothing else, so that a page which
//! counts for seconds delays no message.

use std::future::Future;
use std::sync::LazyLock;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::JoinError;
use tokio_util::task::AbortOnDropHandle;

use crate::page::PageError;

/// Pages that are counted at the same time.
const PAGE_CONCURRENCY: usize = 2;

/// `None` where the system gives no more threads: the caller's do the work then. It ends with the process.
static RUNTIME: LazyLock<Option<Runtime>> = LazyLock::new(|| {
    let mut threads = Builder::new_multi_thread();
    threads.worker_threads(PAGE_CONCURRENCY).thread_name("pages").enable_all().build().ok()
});

static TURN: Mutex<()> = Mutex::const_new(());

/// Runs `work` on these threads. It ends early if its caller does.
///
/// # Errors
/// Where it panicked.
pub async fn on_page_threads<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, JoinError> {
    let threads = RUNTIME.as_ref().map_or_else(Handle::current, |runtime| runtime.handle().clone());
    AbortOnDropHandle::new(threads.spawn(work)).await
}

/// Waits for the turn to make a report: one is made at a time, since each may take hundreds of megabytes.
pub async fn turn_to_report() -> MutexGuard<'static, ()> {
    TURN.lock().await
}

/// Answers a request on these threads.
pub(crate) async fn answer(request: Request, next: Next) -> Response {
    let answered = on_page_threads(next.run(request)).await;
    answered.unwrap_or_else(|error| PageError::from(error).into_response())
}
