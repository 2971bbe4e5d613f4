//! Reads to its end what the routes left of a body.
//!
//! A connection that is closed while bytes come in is reset, and a client that still sends then
//! loses the answer: a refusal such as 413 would look like a broken connection (RFC 9112, 9.6).

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::runtime::Handle;
use tokio::time::timeout;

/// More than this is not read for a client that was refused.
const MAX_DRAINED_BYTES: u64 = 64 * 1024 * 1024;
/// How long a client may take for it, and pause in it.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
const DRAIN_IDLE_TIMEOUT: Duration = Duration::from_secs(1);

/// A request's body, of which the rest is read and thrown away when nobody wants it.
pub(crate) struct DrainOnDrop(Option<Incoming>);

impl DrainOnDrop {
    pub(crate) const fn new(body: Incoming) -> Self {
        Self(Some(body))
    }
}

impl Body for DrainOnDrop {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.0 {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or_else(SizeHint::default, Body::size_hint)
    }
}

impl Drop for DrainOnDrop {
    fn drop(&mut self) {
        let unread = self.0.take().filter(|body| !body.is_end_stream());
        if let (Some(body), Ok(runtime)) = (unread, Handle::try_current())
            && body.size_hint().lower() <= MAX_DRAINED_BYTES
        {
            runtime.spawn(timeout(DRAIN_TIMEOUT, drain(body)));
        }
    }
}

async fn drain(mut body: Incoming) {
    let mut allowed = MAX_DRAINED_BYTES;
    while let Ok(Some(Ok(frame))) = timeout(DRAIN_IDLE_TIMEOUT, body.frame()).await {
        let length = frame.data_ref().map_or(0, |data| data.len() as u64);
        match allowed.checked_sub(length) {
            Some(left) => allowed = left,
            None => break,
        }
    }
}
