//! `POST /v1/events`: events as plain JSON: one, an array, JSON Lines, or one after another.

use std::io::Read as _;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use cv_analytics_core::dead_letter::Reason;
use cv_analytics_core::intake::Content;
use cv_analytics_core::interaction::Disposition;
use cv_analytics_core::store::Arrival;
use hyper::body::Body as _;
use serde::Serialize;

use crate::body::json_texts::JsonTexts;
use crate::body::request::Sender;
use crate::body::text_encoding::{decode, is_packed};
use crate::routes::metrics::{Route, name_of};
use crate::routes::plain_error::PlainError;
use crate::server::Server;
use crate::sqs::MAX_MESSAGE_BYTES;

/// The most bytes of a body, as it comes and unpacked.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;
/// The most entries of a body: one line of an answer, and one row or dead letter, comes of each.
const MAX_ENTRIES: usize = 100_000;
/// Events that go to the store together; the writer serves others in between.
const MAX_BATCH_EVENTS: usize = 500;

pub(crate) async fn answer(State(server): State<Arc<Server>>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    // A request without a body brings no events.
    let has_body = !body.is_end_stream();
    let response = match keep(&server, &parts, body).await {
        Ok(answer) => {
            let mut response =
                Response::new(Body::from(serde_json::to_string(&answer).unwrap_or_default()));
            response
                .headers_mut()
                .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
        }
        Err(error) => {
            if let Some(reason) = error.refusal().filter(|_| has_body) {
                server.refuse(reason);
            }
            error.into_response()
        }
    };
    server.metrics().answered(Route::Events, response.status());
    response
}

/// What became of each event, in their order.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct EventsResponse {
    results: Vec<EventResult>,
    stored: u64,
    duplicates: u64,
    conflicts: u64,
    dead_letters: u64,
    #[serde(skip_serializing_if = "is_zero")]
    erased: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct EventResult {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl EventsResponse {
    fn add(&mut self, disposition: Disposition, mut result: EventResult) {
        result.status = name_of(disposition);
        let count = match disposition {
            Disposition::Stored => &mut self.stored,
            Disposition::Duplicate | Disposition::Deduplicated => &mut self.duplicates,
            Disposition::Conflict => &mut self.conflicts,
            Disposition::DeadLetter => &mut self.dead_letters,
            Disposition::Erased => &mut self.erased,
        };
        *count += 1;
        self.results.push(result);
    }
}

async fn keep(
    server: &Arc<Server>,
    parts: &Parts,
    body: Body,
) -> Result<EventsResponse, PlainError> {
    server.check_bearer(parts).await?;
    server.check_rate().map_err(|()| PlainError::throttled())?;
    check_coding(&parts.headers)?;
    let mut body = server.read_body(body, MAX_BODY_BYTES, Sender::Known).await?;
    // However short a packed body is, it may unpack to a long one.
    if is_packed(&body.bytes) {
        server.hold_large_slot(&mut body).await?;
    }
    let bytes = std::mem::take(&mut body.bytes);
    let mut events = off_thread(move || events_of(&bytes)).await??.into_iter();
    let mut answer = EventsResponse::default();
    while events.len() > 0 {
        let batch: Vec<_> = events.by_ref().take(MAX_BATCH_EVENTS).collect();
        let bytes = batch.iter().map(Vec::len).sum();
        let reader = Arc::clone(server);
        let read = move || batch.iter().map(|event| reader.arrival(event, None, None)).collect();
        let arrivals: Vec<Arrival> = off_thread(read).await?;
        let results: Vec<_> = arrivals.iter().map(|arrival| result_of(&arrival.content)).collect();
        let receipts = server.keep(arrivals, bytes).await?;
        for (receipt, result) in receipts.into_iter().zip(results) {
            answer.add(receipt.disposition, result);
        }
    }
    Ok(answer)
}

/// Runs `work` off the threads that answer requests.
async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, PlainError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| {
        tracing::error!(error = %error, "failed to read events");
        let message = "cannot read the events";
        PlainError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    })
}

/// Refuses a content coding that is not taken. Whether a body is packed is read from the body itself.
fn check_coding(headers: &HeaderMap) -> Result<(), PlainError> {
    let codings = headers.get_all(header::CONTENT_ENCODING).iter();
    let codings = codings.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let is_one_of =
        |name: &[u8], known: &[&[u8]]| known.iter().any(|known| name.eq_ignore_ascii_case(known));
    let codings: Vec<_> = codings
        .map(<[u8]>::trim_ascii)
        .filter(|name| !is_one_of(name, &[b"", b"identity"]))
        .collect();
    match codings[..] {
        [] => Ok(()),
        [coding] if is_one_of(coding, &[b"gzip", b"x-gzip"]) => Ok(()),
        _ => Err(PlainError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unknown_coding",
            format!(
                "unknown content coding {:?}: send the body as it is, or packed once by gzip",
                String::from_utf8_lossy(&codings.join(&b", "[..]))
            ),
        )),
    }
}

/// A body as UTF-8, unpacked.
fn text_of(body: &[u8]) -> Result<Vec<u8>, PlainError> {
    let mut text = Vec::with_capacity(body.len());
    decode(body)
        .and_then(|body| body.take(MAX_BODY_BYTES as u64 + 1).read_to_end(&mut text))
        .map_err(unreadable)?;
    if text.len() > MAX_BODY_BYTES {
        return Err(PlainError::too_large(format!(
            "too large: the unpacked body has more than {MAX_BODY_BYTES} bytes; nothing was stored"
        )));
    }
    Ok(text)
}

/// The events of a body. Refuses a body without events, one with too many, and one with an event that is too large.
fn events_of(body: &[u8]) -> Result<Vec<Vec<u8>>, PlainError> {
    let text = text_of(body)?;
    if text.trim_ascii().is_empty() {
        return Err(PlainError::bad_request(
            "the body is empty: send one event, an array, or JSON Lines",
        ));
    }
    let (mut events, mut count, mut too_large) = (Vec::new(), 0_usize, None);
    for event in JsonTexts::new(&*text) {
        let event = event.map_err(unreadable)?.bytes;
        count += 1;
        if count > MAX_ENTRIES {
            return Err(PlainError::too_large(format!(
                "too many events: at most {MAX_ENTRIES} in one body, send them in several requests; nothing was stored"
            )));
        }
        if event.len() > MAX_MESSAGE_BYTES {
            too_large = too_large.or(Some((count, event.len())));
        } else {
            events.push(event);
        }
    }
    match too_large {
        None => Ok(events),
        Some((number, bytes)) => Err(PlainError::too_large(format!(
            "event {number} of {count} has {bytes} bytes, {MAX_MESSAGE_BYTES} at most: nothing was stored"
        ))),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "takes what a Result holds")]
fn unreadable(error: std::io::Error) -> PlainError {
    PlainError::bad_request(format!("cannot unpack the body ({error}): nothing was stored"))
}

fn result_of(content: &Content) -> EventResult {
    match content {
        Content::Event(event) => EventResult {
            status: "",
            request_id: Some(event.request_id.as_str().to_owned()),
            reason: None,
            detail: None,
        },
        Content::DeadLetter(letter) => EventResult {
            status: "",
            request_id: None,
            reason: Some(letter.reason),
            detail: Some(letter.detail.clone()),
        },
    }
}
