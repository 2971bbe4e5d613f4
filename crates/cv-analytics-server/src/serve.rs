//! Serves connections until told to stop, and lets go of none that was acknowledged.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::Service;

use crate::configuration::Limits;
use crate::rate_limits::ClientAddress;
use crate::unread_body::ReadToItsEnd;

/// The most bytes of a request's headers, and of what is read of a body at once.
const MAX_BUFFER_BYTES: usize = 64 * 1024;
/// A pause after the system refused a connection, for want of file handles.
const PAUSE_AFTER_REFUSAL: Duration = Duration::from_millis(50);

/// Serves `app` on `listener` until `shutdown` comes. Then no more connections are accepted,
/// and requests under way are answered, for [`Limits::shutdown_timeout`] at the most.
///
/// A caller that wants to stop at once drops the future.
///
/// # Errors
/// Where the listener has no address.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    tracing::debug!(address = %listener.local_addr()?, "serving");
    let connections = Arc::new(Semaphore::new(limits.max_connections));
    let graceful = GracefulShutdown::new();
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            accepted = accept(&listener, &connections) => match accepted {
                Ok((stream, address, place)) => serve_connection(stream, address, place, app.clone(), &limits, &graceful),
                // The client went away before it was served.
                Err(error) if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset) => {}
                Err(error) => {
                    tracing::warn!(error = %error, "failed to accept a connection");
                    tokio::time::sleep(PAUSE_AFTER_REFUSAL).await;
                }
            },
        }
    }
    drop(listener);
    if tokio::time::timeout(limits.shutdown_timeout, graceful.shutdown()).await.is_err() {
        tracing::warn!("stopped with requests under way: they were not acknowledged");
    }
    Ok(())
}

async fn accept(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> io::Result<(TcpStream, IpAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(connections).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, address) = listener.accept().await?;
    // Only a connection that is gone refuses this, and reading will tell.
    let _ = stream.set_nodelay(true);
    Ok((stream, address.ip(), place))
}

fn serve_connection(
    stream: TcpStream,
    address: IpAddr,
    place: OwnedSemaphorePermit,
    app: Router,
    limits: &Limits,
    graceful: &GracefulShutdown,
) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ClientAddress(address));
        // A client that asks first whether to send is not made to.
        let asks_first = request.headers().contains_key(header::EXPECT);
        app.clone().call(request.map(|body| {
            if asks_first { Body::new(body) } else { Body::new(ReadToItsEnd::new(body)) }
        }))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(MAX_BUFFER_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        // A client that goes away, or sends no HTTP, is its own affair.
        if let Err(error) = connection.await {
            tracing::debug!(error = %error, "a connection ended early");
        }
        drop(place);
    });
}
