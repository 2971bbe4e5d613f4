//! The wish to stop, by Ctrl-C or from the system.

use std::future::Future;

/// Ctrl-C or SIGTERM; a second one ends the program at once. It listens from the call on, so call it
/// before the program says that it is ready.
pub(crate) fn stop_signal() -> impl Future<Output = ()> {
    let first = one_signal();
    async {
        first.await;
        tracing::info!("stopping: finishing what was accepted; once more ends at once");
        tokio::spawn(async {
            one_signal().await;
            std::process::exit(130);
        });
    }
}

#[cfg(unix)]
fn one_signal() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = [SignalKind::interrupt(), SignalKind::terminate()].map(signal);
    async {
        match signals {
            [Ok(mut interrupted), Ok(mut terminated)] => tokio::select! {
                _ = interrupted.recv() => {}
                _ = terminated.recv() => {}
            },
            _ => drop(tokio::signal::ctrl_c().await),
        }
    }
}

#[cfg(not(unix))]
async fn one_signal() {
    drop(tokio::signal::ctrl_c().await);
}
