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
use axum::http::{Extensions, HeaderMap, HeaderValue, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutWriter;
use tower::Service;

use crate::body::unread::DrainOnDrop;
use crate::configuration::{Limits, TrustedProxies};
use crate::limits::client_address::{ClientAddress, network};
use crate::limits::occasional_log::OccasionalLog;
use crate::limits::slot_pool::{Slot, SlotPool};
use crate::routes::plain_error::PlainError;

/// The most bytes of a request's headers, and of what is read of a body at once.
const MAX_BUFFER_BYTES: usize = 64 * 1024;
/// Connections that have lost their slot and are not closed yet; where there are more, accepting waits.
const MAX_CLOSING_SOCKETS: usize = 16;
/// A pause after the system refused a connection because no file handle was free.
const PAUSE_AFTER_REFUSAL: Duration = Duration::from_millis(50);

/// Serves `app` on `listener` until `shutdown` comes. Then no more connections are accepted,
/// and requests under way are answered, for [`Limits::shutdown_timeout`] at most.
///
/// Every connection is accepted. Where there are more than [`Limits::max_connections`], one of those from
/// the address (or IPv6 network) that holds most is closed: the one that has gone longest without an
/// answer, and none that [`keep_connection`] spoke for as long as there are others.
///
/// A caller that wants to stop at once drops the future.
///
/// # Errors
/// Where the listener has no address.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    limits: Limits,
    proxies: TrustedProxies,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    tracing::debug!(listen_address = %listener.local_addr()?, "serving");
    let connections = SlotPool::new("connections", limits.max_connections);
    let sockets = Arc::new(Semaphore::new(limits.max_connections + MAX_CLOSING_SOCKETS));
    let graceful = GracefulShutdown::new();
    let proxies = Arc::new(proxies);
    let refused = OccasionalLog::default();
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            accepted = accept(&listener, &sockets) => match accepted {
                Ok((stream, address, socket)) => {
                    let slot = Arc::new(connections.take(network(address)));
                    let client = Client { peer: address, proxies: Arc::clone(&proxies), slot };
                    serve_connection(stream, socket, client, app.clone(), &limits, &graceful);
                }
                // The client went away before it was served.
                Err(error) if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset) => {}
                Err(error) => {
                    if let Some(count) = refused.count() {
                        tracing::warn!(error = %error, failures = count, "failed to accept connections");
                    }
                    connections.free_one();
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
    sockets: &Arc<Semaphore>,
) -> io::Result<(TcpStream, IpAddr, OwnedSemaphorePermit)> {
    let socket = Arc::clone(sockets).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, address) = listener.accept().await?;
    // Only a connection that is gone refuses this, and reading will tell.
    let _ = stream.set_nodelay(true);
    Ok((stream, address.ip(), socket))
}

/// Protects the connection of an authenticated request from making room for strangers until its next request.
pub fn keep_connection(extensions: &Extensions) {
    if let Some(slot) = extensions.get::<Arc<Slot>>() {
        slot.set_proven(true);
    }
}

/// The other end of a connection.
#[derive(Clone)]
struct Client {
    peer: IpAddr,
    proxies: Arc<TrustedProxies>,
    slot: Arc<Slot>,
}

fn serve_connection(
    stream: TcpStream,
    socket: OwnedSemaphorePermit,
    client: Client,
    app: Router,
    limits: &Limits,
    graceful: &GracefulShutdown,
) {
    let mut stream = TimeoutWriter::new(stream);
    stream.set_timeout(Some(limits.write_timeout));
    let slot = Arc::clone(&client.slot);
    let service = service_fn(move |request| answer(app.clone(), client.clone(), request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(MAX_BUFFER_BYTES)
        .serve_connection(TokioIo::new(Box::pin(stream)), service);
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        tokio::select! {
            ended = connection => if let Err(error) = ended {
                // A client that goes away, or sends no HTTP, is its own affair.
                tracing::debug!(error = %error, "a connection ended early");
            },
            () = slot.lost() => tracing::debug!("a connection gave way"),
        }
        drop(socket);
    });
}

async fn answer(
    mut app: Router,
    client: Client,
    mut request: Request<Incoming>,
) -> Result<Response<Body>, std::convert::Infallible> {
    // Another's, where a proxy sends it.
    client.slot.set_proven(false);
    if let Some(error) = ambiguity(request.headers()) {
        let mut refusal = error.into_response();
        refusal.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        return Ok(refusal);
    }
    name_one_host(&mut request);
    let address = client.proxies.client(client.peer, request.headers());
    request.extensions_mut().insert(ClientAddress(address));
    request.extensions_mut().insert(Arc::clone(&client.slot));
    // A client that asks first whether to send is not made to.
    let asks_first = request.headers().contains_key(header::EXPECT);
    let request = request
        .map(|body| if asks_first { Body::new(body) } else { Body::new(DrainOnDrop::new(body)) });
    let answer = app.call(request).await;
    client.slot.show();
    answer
}

/// What a proxy may read otherwise: a body in a coding that is not undone here, and so where it ends, or two hosts.
fn ambiguity(headers: &HeaderMap) -> Option<PlainError> {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let is_chunked = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"chunked");
    if codings.next().is_some_and(|coding| !is_chunked(coding) || codings.next().is_some()) {
        let message = "send the body as it is, or with the one transfer coding 'chunked'";
        return Some(PlainError::new(StatusCode::NOT_IMPLEMENTED, "unknown_coding", message));
    }
    let has_two_hosts = headers.get_all(header::HOST).iter().nth(1).is_some();
    has_two_hosts.then(|| PlainError::bad_request("send one Host header"))
}

/// Lets the request line's host replace the header (RFC 9112, 3.2.2).
fn name_one_host(request: &mut Request<Incoming>) {
    let named = request.uri().authority();
    let named = named.and_then(|named| HeaderValue::from_str(named.as_str()).ok());
    if let Some(host) = named {
        request.headers_mut().insert(header::HOST, host);
    }
}
