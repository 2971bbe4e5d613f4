//! The SQS-compatible intake: `POST /` and `POST /{account}/{queue}`.
//!
//! A request is authenticated ([`crate::sigv4`]), read in its protocol ([`json_protocol`], [`query_protocol`]) as an
//! [`action`], held against the rules of a FIFO queue ([`message`], [`attribute`]), kept, and answered in its protocol.

mod action;
mod attribute;
mod error;
mod form;
mod json_protocol;
mod message;
mod query_protocol;
mod queue;
#[cfg(test)]
mod reading_tests;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Response, header};
use bytes::Bytes;
use cv_analytics_core::intake::refusal::RefusalReason;
use cv_analytics_core::store::{Arrival, Receipt};
use uuid::Uuid;

use self::action::{Action, ActionOutput, SentMessage};
pub(crate) use self::error::SqsError;
pub(crate) use self::message::MAX_MESSAGE_BYTES;
use self::message::{AcceptedMessage, BatchEntry, Digests, Message};
use self::queue::QueuePath;
pub use self::queue::{ACCOUNT, QUEUE_NAME};
use crate::body::request::{BodyError, ReadBody, Sender};
use crate::limits::client_address::{ClientAddress, UNKNOWN_ADDRESS, network};
use crate::routes::metrics::Route;
use crate::serve::keep_connection;
use crate::server::Server;
use crate::sigv4::SignatureError;

/// The longest body: 1 MiB of messages with every byte escaped, and some for the rest.
const MAX_BODY_BYTES: usize = 3 * MAX_MESSAGE_BYTES + 64 * 1024;
const MAX_BATCH_ENTRIES: usize = 10;
const MAX_ENTRY_ID_CHARS: usize = 80;

pub(crate) async fn answer(State(server): State<Arc<Server>>, request: Request) -> Response<Body> {
    let begun = Instant::now();
    let (parts, mut body) = request.into_parts();
    let answer = handle(&server, &parts, &mut body).await;
    count_refused(&server, &parts, body, &answer).await;
    let request_id = server.next_request_id().to_string();
    let mut response = match (json_protocol::speaks(&parts.headers), &answer) {
        (true, Ok(answer)) => json_protocol::write(answer),
        (true, Err(error)) => json_protocol::write_error(error),
        (false, Ok(answer)) => query_protocol::write(answer, &request_id),
        (false, Err(error)) => query_protocol::write_error(error, &request_id),
    };
    if let Err(SqsError { retry_after_seconds: Some(seconds), .. }) = answer {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Ok(value) = HeaderValue::try_from(request_id) {
        response.headers_mut().insert("x-amzn-requestid", value);
    }
    server.metrics().answered(Route::Queue, response.status());
    if matches!(answer, Ok(ActionOutput::Sent(_) | ActionOutput::Batch { .. })) {
        server.metrics().acknowledged(begun.elapsed());
    }
    response.map(Body::from)
}

/// Counts the messages that `answer` refuses; `unread` is what it left of the body.
async fn count_refused(
    server: &Server,
    parts: &Parts,
    unread: Body,
    answer: &Result<ActionOutput, SqsError>,
) {
    match answer {
        Ok(ActionOutput::Batch { failed, .. }) => {
            failed.iter().filter_map(|(_, error)| error.refusal).for_each(|why| server.refuse(why));
        }
        Ok(_) => {}
        Err(error) => {
            // Every address of two parts could be a queue's: this one may be a wrong one of the plain intake's.
            let brings_events = server.brings_events(&parts.headers, &unread);
            if brings_messages(server, parts, unread).await {
                error.refusal.into_iter().for_each(|reason| server.refuse(reason));
            } else if brings_events {
                server.refuse(RefusalReason::Request);
            }
        }
    }
}

/// Whether a refused request looks like one that sends messages.
async fn brings_messages(server: &Server, parts: &Parts, unread: Body) -> bool {
    match parts.headers.get("x-amz-target") {
        Some(target) => target.as_bytes().windows(11).any(|part| part == b"SendMessage"),
        None => {
            is_signed(&parts.headers)
                || parts.uri.path().ends_with(QUEUE_NAME)
                || sends_message(parts.uri.query().unwrap_or_default().as_bytes())
                || sends_message(&server.read_beginning(unread).await)
        }
    }
}

/// Whether a request is signed in AWS's way, right or wrong.
pub(crate) fn is_signed(headers: &HeaderMap) -> bool {
    let given = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    given.is_some_and(|given| given.starts_with(b"AWS4-"))
}

/// Whether a form, or its beginning, has an action that brings messages.
fn sends_message(form: &[u8]) -> bool {
    form.split(|byte| *byte == b'&').any(|pair| pair.starts_with(b"Action=SendMessage"))
}

/// Why a request is not taken as one of the key's holder. A stranger can cause all of it, so no rule of the queue is
/// among it: that [`RefusalReason::Request`] is counted tells the owner that the key or the token was right.
pub(crate) enum NotAuthenticated {
    Signature(SignatureError),
    /// Too many failures of one address, with the seconds to wait.
    TooManyFailures(SignatureError, u64),
    Body(BodyError),
}

impl NotAuthenticated {
    /// Why a message is refused; `None` where it did not arrive as a whole, or may be taken later.
    pub(crate) fn refusal(&self) -> Option<RefusalReason> {
        match self {
            Self::Signature(error) | Self::TooManyFailures(error, _) => Some(error.refusal()),
            Self::Body(BodyError::TooLarge { .. }) => Some(RefusalReason::Size),
            Self::Body(BodyError::TimedOut | BodyError::Displaced | BodyError::Broken) => None,
        }
    }
}

/// The body of a request that the holder of the key signed.
pub(crate) async fn authenticate<'s>(
    server: &'s Server,
    parts: &Parts,
    body: &mut Body,
) -> Result<ReadBody<'s>, NotAuthenticated> {
    let claim = match server.verifier().read(parts, server.now()) {
        Ok(claim) => claim,
        Err(error) => return Err(not_authenticated(server, parts, error).await),
    };
    let sender = parts.extensions.get().map_or(UNKNOWN_ADDRESS, |&ClientAddress(address)| address);
    let sender = Sender::Stranger(network(sender));
    let body = server.read_body(std::mem::take(body), MAX_BODY_BYTES, sender).await;
    let body = body.map_err(NotAuthenticated::Body)?;
    if let Err(error) = server.verifier().verify(&claim, parts, &body.bytes) {
        // The answer may be held back, and the body's slot is for others.
        drop(body);
        return Err(not_authenticated(server, parts, error).await);
    }
    keep_connection(&parts.extensions);
    Ok(body)
}

/// The answer to a request whose signature is not right, counted as one.
async fn not_authenticated(
    server: &Server,
    parts: &Parts,
    error: SignatureError,
) -> NotAuthenticated {
    // The key and the signature are right: nobody guesses.
    if error == SignatureError::WrongHost {
        server.metrics().refused(error.label());
        return NotAuthenticated::Signature(error);
    }
    match server.authentication_failed(&parts.extensions, error.label()).await {
        Ok(()) => NotAuthenticated::Signature(error),
        Err(seconds) => NotAuthenticated::TooManyFailures(error, seconds),
    }
}

async fn handle(server: &Server, parts: &Parts, body: &mut Body) -> Result<ActionOutput, SqsError> {
    let body = authenticate(server, parts, body).await?;
    server.check_rate().map_err(|()| SqsError::throttled())?;
    let path = QueuePath(parts.uri.path());
    let action = if json_protocol::speaks(&parts.headers) {
        json_protocol::read(&parts.headers, &body.bytes, &path)?
    } else {
        query_protocol::read(parts.uri.query().unwrap_or_default(), &body.bytes, &path)?
    };
    match action {
        Action::SendMessage(message) => send(server, &message, &body.bytes).await,
        Action::SendMessageBatch(entries) => send_batch(server, &entries, &body.bytes).await,
        Action::GetQueueUrl { queue_name } => {
            queue::check_name(queue_name.as_deref()).map_err(SqsError::without_message)?;
            let received = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
            Ok(ActionOutput::QueueUrl(format!("{}/{ACCOUNT}/{QUEUE_NAME}", server.url(received))))
        }
        Action::GetQueueAttributes { names } => {
            let attributes = queue::attributes(&names, server.region(), server.created_at());
            Ok(ActionOutput::Attributes(attributes.map_err(SqsError::without_message)?))
        }
    }
}

async fn send(
    server: &Server,
    message: &Message<'_>,
    body: &Bytes,
) -> Result<ActionOutput, SqsError> {
    let accepted = message.accept()?;
    let arrival = accepted.arrival(server);
    match server.keep(vec![arrival], body.len()).await?.first() {
        Some(receipt) => {
            Ok(ActionOutput::Sent(sent(server.message_namespace(), *receipt, accepted.digests)))
        }
        None => Err(SqsError::unavailable()),
    }
}

async fn send_batch(
    server: &Server,
    entries: &[BatchEntry<'_>],
    body: &Bytes,
) -> Result<ActionOutput, SqsError> {
    check_batch(entries)?;
    let (mut kept, mut arrivals, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for entry in entries {
        let id = entry.id.as_deref().unwrap_or_default().to_owned();
        match entry.message.accept() {
            Ok(accepted) => {
                arrivals.push(accepted.arrival(server));
                kept.push((id, accepted.digests));
            }
            Err(error) => failed.push((id, error)),
        }
    }
    let receipts =
        if arrivals.is_empty() { Vec::new() } else { server.keep(arrivals, body.len()).await? };
    let namespace = server.message_namespace();
    let sent = kept
        .into_iter()
        .zip(receipts)
        .map(|((id, digests), receipt)| (id, sent(namespace, receipt, digests)));
    Ok(ActionOutput::Batch { sent: sent.collect(), failed })
}

impl AcceptedMessage<'_> {
    fn arrival(&self, server: &Server) -> Arrival {
        server.arrival(self.body.as_bytes(), Some(self.group_id), Some(self.deduplication_id))
    }
}

fn check_batch(entries: &[BatchEntry<'_>]) -> Result<(), SqsError> {
    if entries.is_empty() {
        return Err(SqsError::empty_batch());
    }
    if entries.len() > MAX_BATCH_ENTRIES {
        return Err(SqsError::too_many_entries(entries.len()));
    }
    let mut ids = HashSet::new();
    for (index, entry) in entries.iter().enumerate() {
        let parameter = |name: &str| format!("SendMessageBatchRequestEntry.{}.{name}", index + 1);
        let id =
            entry.id.as_deref().ok_or_else(|| SqsError::missing_parameter(&parameter("Id")))?;
        let readable =
            id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if !readable || id.is_empty() || id.len() > MAX_ENTRY_ID_CHARS {
            return Err(SqsError::invalid_entry_id());
        }
        if !ids.insert(id) {
            return Err(SqsError::repeated_entry(id));
        }
        if entry.message.body.is_none() {
            return Err(SqsError::missing_parameter(&parameter("MessageBody")));
        }
    }
    let bytes = entries.iter().map(|entry| entry.message.size()).sum();
    if bytes > MAX_MESSAGE_BYTES { Err(SqsError::batch_too_long(bytes)) } else { Ok(()) }
}

/// The message's ids: both follow from the store's number, so that a deduplicated message gets those of the first.
fn sent(namespace: Uuid, receipt: Receipt, digests: Digests) -> SentMessage {
    SentMessage {
        message_id: Uuid::new_v5(&namespace, &receipt.sequence.to_be_bytes()).to_string(),
        // Twenty digits, as on AWS.
        sequence_number: format!("{:020}", receipt.sequence),
        digests,
    }
}

impl From<NotAuthenticated> for SqsError {
    fn from(error: NotAuthenticated) -> Self {
        let refusal = error.refusal();
        let answer = match error {
            NotAuthenticated::Signature(error) => Self::from(error),
            NotAuthenticated::TooManyFailures(_, seconds) => Self::too_many_failures(seconds),
            NotAuthenticated::Body(BodyError::TooLarge { limit }) => Self::too_large(limit),
            NotAuthenticated::Body(BodyError::TimedOut) => Self::timed_out(),
            NotAuthenticated::Body(BodyError::Displaced) => Self::unavailable(),
            NotAuthenticated::Body(BodyError::Broken) => {
                Self::unreadable("The request's body broke off.")
            }
        };
        Self { refusal, ..answer }
    }
}
