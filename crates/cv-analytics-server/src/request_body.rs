//! Reads request bodies within limits of size, time and memory.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body as _;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

/// Bodies up to this size are read at once, as many as there are connections.
const SMALL_BYTES: u64 = 64 * 1024;
/// Larger ones are held by this many requests at the same time.
const LARGE_AT_ONCE: usize = 16;

/// Why a body could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyError {
    #[error("the body is longer than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the body did not arrive in time")]
    TimedOut,
    #[error("the body broke off")]
    Broken,
}

/// A body, with the place that it takes among the large ones.
pub(crate) struct ReadBody<'b> {
    pub(crate) bytes: Bytes,
    place: Option<SemaphorePermit<'b>>,
}

/// Reads bodies.
pub(crate) struct BodyReader {
    large: Semaphore,
    timeout: Duration,
}

impl BodyReader {
    pub(crate) fn new(timeout: Duration) -> Self {
        Self { large: Semaphore::new(LARGE_AT_ONCE), timeout }
    }

    /// The whole body, of `limit` bytes at most.
    pub(crate) async fn read(&self, body: Body, limit: usize) -> Result<ReadBody<'_>, BodyError> {
        timeout(self.timeout, self.read_in_time(body, limit))
            .await
            .unwrap_or(Err(BodyError::TimedOut))
    }

    async fn read_in_time(&self, mut body: Body, limit: usize) -> Result<ReadBody<'_>, BodyError> {
        let too_large = BodyError::TooLarge { limit };
        let announced = body.size_hint().lower();
        if usize::try_from(announced).map_or(true, |announced| announced > limit) {
            return Err(too_large);
        }
        let mut place =
            if announced > SMALL_BYTES { Some(self.large_place().await?) } else { None };
        let mut first = Bytes::new();
        let mut gathered: Option<BytesMut> = None;
        while !body.is_end_stream() {
            let Some(frame) = body.frame().await else { break };
            let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
            let length = gathered.as_ref().map_or(first.len(), BytesMut::len) + data.len();
            if length > limit {
                return Err(too_large);
            }
            if place.is_none() && length as u64 > SMALL_BYTES {
                place = Some(self.large_place().await?);
            }
            match &mut gathered {
                Some(gathered) => gathered.extend_from_slice(&data),
                // Most bodies are one frame, which need not be copied.
                None if first.is_empty() => first = data,
                None => {
                    let mut bytes = BytesMut::with_capacity(
                        length.max(usize::try_from(announced).unwrap_or(0)),
                    );
                    bytes.extend_from_slice(&first);
                    bytes.extend_from_slice(&data);
                    gathered = Some(bytes);
                }
            }
        }
        Ok(ReadBody { bytes: gathered.map_or(first, BytesMut::freeze), place })
    }

    /// Gives `body` a place among the large ones, where it has none.
    pub(crate) async fn hold_large_place<'b>(
        &'b self,
        body: &mut ReadBody<'b>,
    ) -> Result<(), BodyError> {
        if body.place.is_none() {
            body.place = Some(self.large_place().await?);
        }
        Ok(())
    }

    /// What comes first of a body, about as much as a small one has; less where it breaks off or is late.
    pub(crate) async fn read_beginning(&self, mut body: Body) -> Vec<u8> {
        let mut beginning = Vec::new();
        let gather = async {
            while let Some(Ok(frame)) = body.frame().await {
                beginning.extend_from_slice(frame.data_ref().map_or(&[][..], Bytes::as_ref));
                if beginning.len() as u64 > SMALL_BYTES {
                    break;
                }
            }
        };
        // What came in time is looked at.
        let _ = timeout(self.timeout, gather).await;
        beginning
    }

    async fn large_place(&self) -> Result<SemaphorePermit<'_>, BodyError> {
        self.large.acquire().await.map_err(|_| BodyError::Broken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(chunks: &[usize], limit: usize, expect: Result<usize, BodyError>) {
        let reader = BodyReader::new(Duration::from_secs(5));
        let frames =
            chunks.iter().map(|&length| Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; length])));
        let body = Body::from_stream(futures_util::stream::iter(frames.collect::<Vec<_>>()));
        let read = reader.read(body, limit).await.map(|body| body.bytes.len());
        assert_eq!(read, expect, "{chunks:?}");
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
        let reader = BodyReader::new(Duration::from_secs(5));
        let refused = reader.read(Body::from(vec![0; 11]), 10).await.err();
        assert_eq!(refused, Some(BodyError::TooLarge { limit: 10 }));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_times_out() {
        let reader = BodyReader::new(Duration::from_secs(5));
        let never =
            Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());
        assert_eq!(reader.read(never, 10).await.err(), Some(BodyError::TimedOut));
    }
}
