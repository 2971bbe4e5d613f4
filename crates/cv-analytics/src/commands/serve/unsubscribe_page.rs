//! `/unsubscribe/{token}`: unsubscribing and subscribing again, with the link's own secret and no login.
//!
//! A GET changes nothing, since programs that look into mails follow links. A POST acts: that of a
//! mail program (RFC 8058) and that of the page's button.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::routing::get;
use cv_analytics_core::store::{KeyValueStore, StoreError};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_mail::message::unsubscribe_key::UnsubscribeKey;
use cv_analytics_mail::schedule::recipient_record::RecipientRecord;

/// The most bytes of a form that is read, and how long it may take.
const MAX_FORM_BYTES: usize = 8 * 1024;
const FORM_TIMEOUT: Duration = Duration::from_secs(20);

/// What the page needs.
#[derive(Clone)]
struct UnsubscribePage {
    store: Arc<dyn KeyValueStore>,
    key: UnsubscribeKey,
    clock: fn() -> Timestamp,
}

/// What a form asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SubscriptionChange {
    Unsubscribe,
    Subscribe,
}

/// The page for the links that `key` made, which notes in `store`.
pub(crate) fn unsubscribe_page(
    store: Arc<dyn KeyValueStore>,
    key: UnsubscribeKey,
    clock: fn() -> Timestamp,
) -> Router {
    Router::new().route("/unsubscribe/{token}", get(show).post(act)).with_state(UnsubscribePage {
        store,
        key,
        clock,
    })
}

async fn show(
    State(setup): State<UnsubscribePage>,
    token: Result<Path<String>, PathRejection>,
) -> Response<Body> {
    let Some(digest) = recipient(&setup, token) else { return not_found() };
    match RecipientRecord::load(&*setup.store, &digest).await {
        Ok(record) if record.unsubscribed.is_some() => page(StatusCode::OK, &GONE),
        Ok(_) => page(StatusCode::OK, &ASKS),
        Err(error) => failed(&error),
    }
}

async fn act(
    State(setup): State<UnsubscribePage>,
    token: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response<Body> {
    let Some(digest) = recipient(&setup, token) else { return not_found() };
    let body =
        tokio::time::timeout(FORM_TIMEOUT, to_bytes(request.into_body(), MAX_FORM_BYTES)).await;
    let wish = body.ok().and_then(Result::ok).and_then(|body| wish(&body));
    let Some(wish) = wish else { return page(StatusCode::BAD_REQUEST, &NOT_UNDERSTOOD) };
    let now = (setup.clock)();
    let changed = RecipientRecord::change(&*setup.store, &digest, |record| {
        record.unsubscribed = match wish {
            // The first time counts.
            SubscriptionChange::Unsubscribe => Some(record.unsubscribed.unwrap_or(now)),
            SubscriptionChange::Subscribe => None,
        };
    });
    match changed.await {
        Ok(_) => {
            tracing::info!(recipient = digest, wish = ?wish, "a recipient changed their subscription");
            page(
                StatusCode::OK,
                if wish == SubscriptionChange::Unsubscribe { &GONE } else { &BACK },
            )
        }
        Err(error) => failed(&error),
    }
}

fn recipient(
    setup: &UnsubscribePage,
    token: Result<Path<String>, PathRejection>,
) -> Option<String> {
    setup.key.recipient_of(&token.ok()?.0)
}

/// Reads a form in either encoding: the one pair of RFC 8058, or the page's own.
fn wish(body: &[u8]) -> Option<SubscriptionChange> {
    let body = std::str::from_utf8(body).ok()?;
    let is_set = |name: &str, value: &str| {
        let pair = format!("{name}={value}");
        let part = format!("name=\"{name}\"");
        let is_pair = body.trim().split('&').any(|given| given == pair);
        is_pair || body.split_once(&part).is_some_and(|(_, rest)| rest.trim().starts_with(value))
    };
    if is_set("List-Unsubscribe", "One-Click") || is_set("wish", "unsubscribe") {
        Some(SubscriptionChange::Unsubscribe)
    } else if is_set("wish", "subscribe") {
        Some(SubscriptionChange::Subscribe)
    } else {
        None
    }
}

/// A heading, a sentence, and a button with the wish that it sends.
struct PageText {
    heading: &'static str,
    sentence: &'static str,
    button: Option<(&'static str, &'static str)>,
}

const ASKS: PageText = PageText {
    heading: "The weekly report",
    sentence: "This address gets the CV Analytics report by mail every week.",
    button: Some(("unsubscribe", "Unsubscribe")),
};
const GONE: PageText = PageText {
    heading: "Unsubscribed",
    sentence: "This address gets no more weekly reports.",
    button: Some(("subscribe", "Subscribe again")),
};
const BACK: PageText = PageText {
    heading: "Subscribed again",
    sentence: "This address gets the next weekly report.",
    button: Some(("unsubscribe", "Unsubscribe")),
};
const NOT_UNDERSTOOD: PageText = PageText {
    heading: "Nothing was changed",
    sentence: "The request could not be read. Open the link in the mail and use the button there.",
    button: None,
};
const NOTHING_HERE: PageText = PageText {
    heading: "Page not found",
    sentence: "The link is not whole, or not from this server.",
    button: None,
};
const FAILED: PageText = PageText {
    heading: "This did not work",
    sentence: "Nothing was changed. Try again in a few minutes.",
    button: None,
};

fn not_found() -> Response<Body> {
    page(StatusCode::NOT_FOUND, &NOTHING_HERE)
}

fn failed(error: &StoreError) -> Response<Body> {
    tracing::error!(error = %error, "failed to read or note a subscription");
    page(StatusCode::SERVICE_UNAVAILABLE, &FAILED)
}

fn page(status: StatusCode, PageText { heading, sentence, button }: &PageText) -> Response<Body> {
    let form = button.map_or(String::new(), |(wish, words)| {
        format!("<form method=\"post\"><input type=\"hidden\" name=\"wish\" value=\"{wish}\"><button class=\"primary\">{words}</button></form>\n")
    });
    let html = format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{heading}</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/dashboard.css">
</head>
<body class="bare">
<main>
<p class="brand"><span class="mark" aria-hidden="true"></span>cv-analytics</p>
<h1>{heading}</h1>
<p>{sentence}</p>
{form}</main>
</body>
</html>
"#
    );
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex"));
    response
}

#[cfg(test)]
mod tests;
