//! `POST /v1/events`: events as plain JSON, one, an array, or JSON Lines.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Response, header};
use cv_analytics_core::dead_letter::Reason;
use cv_analytics_core::intake::Content;
use cv_analytics_core::store::{Disposition, Keep};
use hyper::body::Body as _;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::metrics::{Route, name_of};
use crate::plain_error::PlainError;
use crate::rate_limits::ClientAddress;
use crate::reports::Reports;
use crate::server::Server;
use crate::sqs::MAX_MESSAGE_BYTES;

const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;
/// Events that go to the store together; the writer serves others in between.
const EVENTS_A_BATCH: usize = 500;

pub(crate) async fn answer<K: Keep, R: Reports>(
    State(server): State<Arc<Server<K, R>>>,
    request: Request,
) -> Response<Body> {
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
struct Answer {
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

impl Answer {
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

async fn keep<K: Keep, R: Reports>(
    server: &Server<K, R>,
    parts: &Parts,
    body: Body,
) -> Result<Answer, PlainError> {
    server.check_bearer(&parts.headers, parts.extensions.get::<ClientAddress>().copied())?;
    server.check_rate().map_err(|()| PlainError::throttled())?;
    let body = server.read_body(body, MAX_BODY_BYTES).await?;
    let events = split(&parts.headers, &body.bytes)?;
    let mut answer = Answer::default();
    for batch in events.chunks(EVENTS_A_BATCH) {
        let arrivals: Vec<_> = batch.iter().map(|event| server.arrival(event, None)).collect();
        let results: Vec<_> = arrivals.iter().map(|arrival| result_of(&arrival.content)).collect();
        let receipts = server.keep(arrivals, batch.iter().map(|event| event.len()).sum()).await?;
        for (receipt, result) in receipts.into_iter().zip(results) {
            answer.add(receipt.disposition, result);
        }
    }
    Ok(answer)
}

/// The texts of the events; whatever is no JSON as a whole is one event that cannot be read.
fn split<'b>(headers: &HeaderMap, body: &'b [u8]) -> Result<Vec<&'b [u8]>, PlainError> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if body.trim_ascii().is_empty() {
        return Err(PlainError::bad_request(
            "the body is empty: send one event, an array, or JSON Lines",
        ));
    }
    let events = if is_json_lines(headers) {
        body.split(|&byte| byte == b'\n')
            .map(<[u8]>::trim_ascii)
            .filter(|line| !line.is_empty())
            .collect()
    } else if body.trim_ascii_start().starts_with(b"[") {
        match serde_json::from_slice::<Vec<&RawValue>>(body) {
            Ok(elements) => elements.into_iter().map(|element| element.get().as_bytes()).collect(),
            Err(_) => vec![body],
        }
    } else {
        vec![body]
    };
    match events.iter().enumerate().find(|(_, event)| event.len() > MAX_MESSAGE_BYTES) {
        None => Ok(events),
        Some((index, event)) => Err(PlainError::too_large(format!(
            "event {} of {} has {} bytes, {MAX_MESSAGE_BYTES} at most: nothing was stored",
            index + 1,
            events.len(),
            event.len()
        ))),
    }
}

fn is_json_lines(headers: &HeaderMap) -> bool {
    let content_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    ["application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"]
        .iter()
        .any(|lines| essence.eq_ignore_ascii_case(lines))
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
