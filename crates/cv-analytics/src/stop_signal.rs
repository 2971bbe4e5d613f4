//! The wish to stop, by Ctrl-C or from the system.

/// Ctrl-C or SIGTERM; a second one ends the program at once.
pub(crate) async fn stop_signal() {
    one_signal().await;
    tracing::info!("stopping: finishing what was accepted; once more ends at once");
    tokio::spawn(async {
        one_signal().await;
        std::process::exit(130);
    });
}

async fn one_signal() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminated) => tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            },
            Err(_) => drop(interrupted.await),
        }
    }
    #[cfg(not(unix))]
    drop(interrupted.await);
}
