//! Reads request bodies within limits of size, memory and patience.

use std::net::IpAddr;
use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body as _;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout, timeout_at};

use crate::limits::slot_pool::{Slot, SlotPool};

/// Bodies up to this size need no slot; larger ones must bring as much per
/// [`crate::configuration::Limits::body_timeout`].
const MAX_SMALL_BODY_BYTES: usize = 64 * 1024;
/// What a larger one has to bring to be taken for one that goes on.
const STEP_BYTES: usize = 16 * 1024;
/// Larger ones are held by this many requests at the same time, of strangers and of others each.
const LARGE_BODY_CONCURRENCY: usize = 16;

/// Why a body could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyError {
    #[error("too large: the body has more than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the body did not arrive in time")]
    TimedOut,
    /// Others needed its slot: the same request may succeed later.
    #[error("too many large bodies at once")]
    Displaced,
    #[error("the body broke off")]
    Broken,
}

/// Who sends a body.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sender {
    /// A sender with the token, who waits for a large-body slot.
    Known,
    /// A sender of this address or network. A signature covers the body, so it is read first: where
    /// there are too many large ones, the one that has gone longest without progress ends.
    Stranger(IpAddr),
}

/// A body, with the slot that it takes among the large ones.
pub(crate) struct ReadBody<'b> {
    pub(crate) bytes: Bytes,
    slot: Option<LargeSlot<'b>>,
}

/// Held for as long as the body is.
enum LargeSlot<'b> {
    Waited { _permit: SemaphorePermit<'b> },
    Taken(Slot),
}

impl LargeSlot<'_> {
    fn show(&self) {
        if let Self::Taken(slot) = self {
            slot.show();
        }
    }

    /// Never comes for a slot that was waited for.
    async fn lost(slot: Option<&Self>) {
        match slot {
            Some(Self::Taken(slot)) => slot.lost().await,
            Some(Self::Waited { .. }) | None => std::future::pending().await,
        }
    }
}

/// Reads bodies.
pub(crate) struct BodyReader {
    known: Semaphore,
    strangers: SlotPool,
    timeout: Duration,
}

impl BodyReader {
    pub(crate) fn new(timeout: Duration) -> Self {
        Self {
            known: Semaphore::new(LARGE_BODY_CONCURRENCY),
            strangers: SlotPool::new("large bodies", LARGE_BODY_CONCURRENCY),
            timeout,
        }
    }

    /// The whole body, of `limit` bytes at most.
    pub(crate) async fn read(
        &self,
        mut body: Body,
        limit: usize,
        sender: Sender,
    ) -> Result<ReadBody<'_>, BodyError> {
        let too_large = BodyError::TooLarge { limit };
        let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        if announced > limit {
            return Err(too_large);
        }
        let mut slot = None;
        let mut first = Bytes::new();
        let mut gathered: Option<BytesMut> = None;
        let (mut deadline, mut progress, mut shown) = (Instant::now() + self.timeout, 0, 0);
        while !body.is_end_stream() {
            let frame = tokio::select! {
                frame = timeout_at(deadline, body.frame()) => frame.map_err(|_| BodyError::TimedOut)?,
                () = LargeSlot::lost(slot.as_ref()) => return Err(BodyError::Displaced),
            };
            let Some(frame) = frame else { break };
            let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
            let length = gathered.as_ref().map_or(first.len(), BytesMut::len) + data.len();
            if length > limit {
                return Err(too_large);
            }
            // What has arrived counts, and not what was announced.
            if length - progress > MAX_SMALL_BODY_BYTES {
                (deadline, progress) = (Instant::now() + self.timeout, length);
            }
            if length > MAX_SMALL_BODY_BYTES && length - shown > STEP_BYTES {
                match &slot {
                    Some(slot) => LargeSlot::show(slot),
                    None => slot = Some(self.large_slot(sender).await?),
                }
                shown = length;
            }
            match &mut gathered {
                Some(gathered) => gathered.extend_from_slice(&data),
                // Most bodies are one frame, which need not be copied.
                None if first.is_empty() => first = data,
                None => {
                    let mut bytes =
                        BytesMut::with_capacity(length.max(announced.min(MAX_SMALL_BODY_BYTES)));
                    bytes.extend_from_slice(&first);
                    bytes.extend_from_slice(&data);
                    gathered = Some(bytes);
                }
            }
        }
        Ok(ReadBody { bytes: gathered.map_or(first, BytesMut::freeze), slot })
    }

    /// Gives `body` of a sender with the token a large-body slot, where it has none.
    pub(crate) async fn hold_large_slot<'b>(
        &'b self,
        body: &mut ReadBody<'b>,
    ) -> Result<(), BodyError> {
        if body.slot.is_none() {
            body.slot = Some(self.large_slot(Sender::Known).await?);
        }
        Ok(())
    }

    /// What comes first of a body, about as much as a small one has; less where it breaks off or is late.
    pub(crate) async fn read_beginning(&self, mut body: Body) -> Vec<u8> {
        let mut beginning = Vec::new();
        let gather = async {
            while let Some(Ok(frame)) = body.frame().await {
                beginning.extend_from_slice(frame.data_ref().map_or(&[][..], Bytes::as_ref));
                if beginning.len() > MAX_SMALL_BODY_BYTES {
                    break;
                }
            }
        };
        // What came in time is looked at.
        let _ = timeout(self.timeout, gather).await;
        beginning
    }

    async fn large_slot(&self, sender: Sender) -> Result<LargeSlot<'_>, BodyError> {
        match sender {
            Sender::Stranger(network) => Ok(LargeSlot::Taken(self.strangers.take(network))),
            Sender::Known => {
                let waited = timeout(self.timeout, self.known.acquire()).await;
                let permit = waited.map_err(|_| BodyError::TimedOut)?;
                Ok(LargeSlot::Waited { _permit: permit.map_err(|_| BodyError::Broken)? })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::sync::Arc;

    use futures_util::{StreamExt, stream};
    use tokio::sync::mpsc;

    use super::*;

    const STRANGER: Sender = Sender::Stranger(IpAddr::V4(Ipv4Addr::LOCALHOST));
    const BODY_TIMEOUT: Duration = Duration::from_secs(5);

    /// A body of chunks of so many bytes, each after a pause.
    fn body(chunks: &[usize], pause: Duration) -> Body {
        let frames = stream::iter(chunks.to_vec()).then(move |length| async move {
            tokio::time::sleep(pause).await;
            Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; length]))
        });
        Body::from_stream(frames)
    }

    async fn check(chunks: &[usize], limit: usize, expect: Result<usize, BodyError>) {
        for sender in [STRANGER, Sender::Known] {
            let reader = BodyReader::new(BODY_TIMEOUT);
            let read = reader.read(body(chunks, Duration::ZERO), limit, sender).await;
            assert_eq!(read.map(|body| body.bytes.len()), expect, "{chunks:?} {sender:?}");
        }
    }

    #[tokio::test]
    async fn bodies_are_gathered_up_to_the_limit() {
        check(&[], 10, Ok(0)).await;
        check(&[10], 10, Ok(10)).await;
        check(&[4, 0, 6], 10, Ok(10)).await;
        check(&[11], 10, Err(BodyError::TooLarge { limit: 10 })).await;
        check(&[5, 5, 1], 10, Err(BodyError::TooLarge { limit: 10 })).await;
        check(&[60_000, 60_000, 60_000], 200_000, Ok(180_000)).await;
    }

    #[tokio::test]
    async fn an_announced_length_over_the_limit_is_refused_unread() {
        let reader = BodyReader::new(BODY_TIMEOUT);
        let refused = reader.read(Body::from(vec![0; 11]), 10, STRANGER).await.err();
        assert_eq!(refused, Some(BodyError::TooLarge { limit: 10 }));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_may_take_long_and_has_to_go_on() {
        let reader = BodyReader::new(BODY_TIMEOUT);
        let never = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        assert_eq!(reader.read(never, 10, STRANGER).await.err(), Some(BodyError::TimedOut));
        let second = Duration::from_secs(1);
        let trickle = body(&[1; 60], second);
        assert_eq!(reader.read(trickle, 100, STRANGER).await.err(), Some(BodyError::TimedOut));
        let steady = body(&[20_000; 60], second);
        let read = reader.read(steady, 2_000_000, STRANGER).await;
        assert_eq!(read.map(|body| body.bytes.len()), Ok(1_200_000));
        let stopping: Vec<_> = [70_000; 30].into_iter().chain([1; 30]).collect();
        let stopping = reader.read(body(&stopping, second), 4_000_000, Sender::Known).await;
        assert_eq!(stopping.err(), Some(BodyError::TimedOut));
    }

    #[tokio::test]
    async fn large_bodies_that_stall_hold_up_no_other() {
        let reader = Arc::new(BodyReader::new(Duration::from_hours(1)));
        let mut stalled = Vec::new();
        for _ in 0..3 * LARGE_BODY_CONCURRENCY {
            let (sender, mut chunks) = mpsc::channel(1);
            sender.send(Bytes::from(vec![b'x'; MAX_SMALL_BODY_BYTES + 1])).await.unwrap();
            let chunks = stream::poll_fn(move |context| chunks.poll_recv(context));
            let body = Body::from_stream(chunks.map(Ok::<_, std::io::Error>));
            let reader = Arc::clone(&reader);
            let reading = tokio::spawn(async move {
                reader.read(body, 1_000_000, STRANGER).await.map(|body| body.bytes.len())
            });
            // The chunk was taken.
            let _ = sender.reserve().await.unwrap();
            stalled.push((sender, reading));
        }
        let large = body(&[70_000; 4], Duration::ZERO);
        let read = reader.read(large, 1_000_000, STRANGER).await;
        assert_eq!(read.map(|body| body.bytes.len()), Ok(280_000));
        let small = reader.read(body(&[10], Duration::ZERO), 10, STRANGER).await;
        assert_eq!(small.map(|body| body.bytes.len()), Ok(10));
        let (mut ended, mut held) = (0, 0);
        for (sender, reading) in stalled {
            drop(sender);
            match reading.await.unwrap() {
                Ok(length) => held += usize::from(length == MAX_SMALL_BODY_BYTES + 1),
                Err(error) => ended += usize::from(error == BodyError::Displaced),
            }
        }
        assert_eq!((held, ended), (LARGE_BODY_CONCURRENCY - 1, 2 * LARGE_BODY_CONCURRENCY + 1));
    }
}
