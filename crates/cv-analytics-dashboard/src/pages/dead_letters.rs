//! `/dead-letters`: messages that could not be read, looked at, read again or dropped.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::Response;
use axum::response::{IntoResponse, Redirect};
use cv_analytics_core::store::dead_letters::{
    DeadLetterEntry, DeadLetterSelection, ReadAgain, RetryOutcome, StoredDeadLetter,
};
use cv_analytics_insights::view::links::DEAD_LETTERS_PAGE;
use cv_analytics_insights::view::text::{counted, number, sanitize};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use crate::dashboard::Dashboard;
use crate::form::Form;
use crate::page::owner::Owner;
use crate::page::{PageError, render};
use crate::times::{Moment, Times};

const MAX_LISTED_LETTERS: usize = 200;
/// Bytes of a letter that its page shows.
const MAX_SHOWN_BYTES: usize = 64 * 1024;

#[derive(Serialize)]
struct ListView {
    done: Option<&'static str>,
    /// Whether that failed.
    failed: bool,
    entries: Vec<EntryView>,
    more: Option<String>,
}

#[derive(Serialize)]
struct EntryView {
    id: String,
    href: String,
    reason: String,
    detail: String,
    at: Moment,
    size: String,
}

#[derive(Serialize)]
struct LetterView {
    entry: EntryView,
    body: String,
    is_text: bool,
    cut: bool,
}

/// A letter that was read in vain, in the address.
const STILL_UNREADABLE: &str = "still";
/// What was done, by the word in the address.
const DONE: [(&str, &str); 6] = [
    ("kept", "It could be read this time, and is stored."),
    (STILL_UNREADABLE, "Still unreadable. It stays."),
    ("sent", "Sent through the queue again. If it is still unreadable, it comes back."),
    ("erased", "It was of what you had erased, and is deleted."),
    ("dropped", "Deleted."),
    ("gone", "It was already gone."),
];

impl EntryView {
    fn of(entry: &DeadLetterEntry, times: &Times) -> Self {
        Self {
            href: address(&entry.id),
            reason: entry
                .reason
                .as_deref()
                .map_or("moved by SQS after its last delivery failed".to_owned(), |reason| {
                    sanitize(reason, 80)
                }),
            detail: sanitize(entry.detail.as_deref().unwrap_or_default(), 400),
            at: times.moment(entry.arrived_at),
            size: counted(entry.bytes, "byte", "bytes"),
            id: entry.id.clone(),
        }
    }
}

fn address(id: &str) -> String {
    format!("{DEAD_LETTERS_PAGE}/{}", utf8_percent_encode(id, NON_ALPHANUMERIC))
}

pub(crate) async fn list(
    State(dashboard): State<Arc<Dashboard>>,
    Extension(owner): Extension<Owner>,
    RawQuery(query): RawQuery,
) -> Result<Response<Body>, PageError> {
    let query = Form::read(query.unwrap_or_default().as_bytes());
    let done = query.get("done");
    let listed =
        dashboard.store.dead_letters(MAX_LISTED_LETTERS).await.map_err(PageError::DeadLetters)?;
    let more = listed.more + listed.blocked;
    let times = dashboard.times();
    let view = ListView {
        failed: done == Some(STILL_UNREADABLE),
        done: DONE.iter().find(|(word, _)| Some(*word) == done).map(|(_, text)| *text),
        entries: listed.entries.iter().map(|entry| EntryView::of(entry, &times)).collect(),
        more: (more > 0).then(|| number(more)),
    };
    render("dead_letters.html", ("Dead letters", "dead-letters"), &owner, &view)
}

pub(crate) async fn letter(
    State(dashboard): State<Arc<Dashboard>>,
    Extension(owner): Extension<Owner>,
    Path(id): Path<String>,
) -> Result<Response<Body>, PageError> {
    let found = dashboard.store.dead_letter(&id).await.map_err(PageError::DeadLetters)?;
    let StoredDeadLetter { entry, body } = found
        .ok_or(PageError::NotFound("unknown message: it may have been read again or deleted"))?;
    let shown = body.get(..MAX_SHOWN_BYTES).unwrap_or(&body);
    let view = LetterView {
        entry: EntryView::of(&entry, &dashboard.times()),
        is_text: std::str::from_utf8(&body).is_ok(),
        body: readable(&String::from_utf8_lossy(shown)),
        cut: body.len() > MAX_SHOWN_BYTES,
    };
    render("dead_letter.html", ("Dead letter", "dead-letters"), &owner, &view)
}

/// A stranger's bytes, with signs in place of what would show nothing or steer the line.
fn readable(text: &str) -> String {
    let sign = |sign: char| match sign {
        '\n' | '\t' => sign,
        _ if sign.is_control() => '\u{fffd}',
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        _ => sign,
    };
    text.chars().map(sign).collect()
}

pub(crate) async fn retry(
    State(dashboard): State<Arc<Dashboard>>,
    Path(id): Path<String>,
    _: Extension<Form>,
) -> Result<Response<Body>, PageError> {
    let one = DeadLetterSelection::one(id);
    let retried =
        dashboard.store.retry_dead_letters(&one, &dashboard.intake, dashboard.now(), &|_| {});
    let retried = retried.await.map_err(PageError::DeadLetters)?;
    dashboard.forget_dead_letter_count();
    Ok(done(match retried.outcome {
        RetryOutcome::SentAgain(1..) => "sent",
        RetryOutcome::ReadAgain(ReadAgain { kept: 1.., .. }) => "kept",
        RetryOutcome::ReadAgain(ReadAgain { still_dead: 1.., .. }) => STILL_UNREADABLE,
        RetryOutcome::ReadAgain(ReadAgain { erased: 1.., .. }) => "erased",
        _ => "gone",
    }))
}

pub(crate) async fn drop_letter(
    State(dashboard): State<Arc<Dashboard>>,
    Path(id): Path<String>,
    _: Extension<Form>,
) -> Result<Response<Body>, PageError> {
    let one = DeadLetterSelection::one(id);
    let dropped = dashboard.store.drop_dead_letters(&one, &|_| {}).await;
    let dropped = dropped.map_err(PageError::DeadLetters)?.dropped;
    dashboard.forget_dead_letter_count();
    Ok(done(if dropped > 0 { "dropped" } else { "gone" }))
}

fn done(word: &str) -> Response<Body> {
    Redirect::to(&format!("{DEAD_LETTERS_PAGE}?done={word}")).into_response()
}
