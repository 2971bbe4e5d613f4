//! Threads of their own for pages and reports, so that one which counts for seconds keeps no message
//! waiting: those that take messages do nothing else.

use std::future::Future;
use std::sync::LazyLock;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::{JoinError, JoinSet};

use crate::page::PageError;

/// Pages that are counted at the same time.
const THREADS: usize = 2;

/// `None` where the system gives no more threads: the caller's do the work then. It ends with the process.
static RUNTIME: LazyLock<Option<Runtime>> = LazyLock::new(|| {
    let mut threads = Builder::new_multi_thread();
    threads.worker_threads(THREADS).thread_name("pages").enable_all().build().ok()
});

/// Runs `work` there. It ends early where nobody waits for it any more.
///
/// # Errors
/// Where it panicked.
pub async fn on_page_threads<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, JoinError> {
    let handle = RUNTIME.as_ref().map_or_else(Handle::current, |runtime| runtime.handle().clone());
    let mut tasks = JoinSet::new();
    tasks.spawn_on(work, &handle);
    loop {
        // There is one task, so that there is one answer.
        if let Some(done) = tasks.join_next().await {
            return done;
        }
    }
}

/// Answers a request there.
pub(crate) async fn answer(request: Request, next: Next) -> Response {
    let answered = on_page_threads(next.run(request)).await;
    answered.unwrap_or_else(|error| PageError::from(error).into_response())
}
