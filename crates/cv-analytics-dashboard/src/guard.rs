//! Who is let in: every route passes here, before and after its own work.
//!
//! In this order: the host has to be ours, a change has to come from one of our own origins, the owner has to be known
//! (by the session's cookie, or by the bearer token), and a change has to have its page's token.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, Response, StatusCode, header};
use axum::middleware::Next;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_server::{ClientAddress, TokenError, keep_connection};
use subtle::ConstantTimeEq;
use tokio::time::timeout;

use crate::access::{Access, too_many_failures};
use crate::dashboard::Dashboard;
use crate::form::{FORM_TOKEN, Form};
use crate::page::headers::set_headers;
use crate::page::owner::{Notices, Owner};
use crate::page::plain;
use crate::pages::login;

/// Bytes of a form, and how long it may take to come.
const MAX_FORM_BYTES: usize = 64 * 1024;
const FORM_TIMEOUT: Duration = Duration::from_secs(20);

/// Lets the owner through, and sets what every answer carries.
pub(crate) async fn guard(
    State(dashboard): State<Arc<Dashboard>>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let shows_navigation = !is_file(request.uri().path());
    let mut response = match admit(&dashboard.access, dashboard.now(), request).await {
        Ok(mut request) => {
            let owner = request.extensions_mut().get_mut::<Owner>();
            if shows_navigation && let Some(notices) = owner.and_then(Owner::notices_mut) {
                *notices = dashboard.notices().await;
            }
            next.run(request).await
        }
        Err(refusal) => refusal,
    };
    set_headers(&mut response);
    response
}

async fn admit(
    access: &Access,
    now: Timestamp,
    mut request: Request,
) -> Result<Request, Response<Body>> {
    let headers = request.headers();
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    if !access.is_our_host(
        host.or_else(|| request.uri().authority().map(axum::http::uri::Authority::as_str)),
    ) {
        let text = "this server does not answer for that host: open it by the address that `cv-analytics serve` \
                    prints, or name yours with --public-url";
        return Err(plain(StatusCode::MISDIRECTED_REQUEST, text));
    }
    let is_change = !matches!(*request.method(), Method::GET | Method::HEAD);
    if is_change && access.is_from_elsewhere(headers) {
        return Err(plain(StatusCode::FORBIDDEN, "changes are made from this server's own pages"));
    }
    let is_open = is_open(request.uri().path());
    let owner = match access.signed_in(headers, now) {
        Some(owner) => owner,
        None if bearer(headers).is_some() => {
            let address = request.extensions().get::<ClientAddress>().copied();
            access.check_token(address, only_token(headers)).await.map_err(
                |error| match error {
                    TokenError::Wrong => plain(StatusCode::UNAUTHORIZED, "that is not the token"),
                    TokenError::TooManyFailures { retry_after_seconds } => {
                        too_many_failures(retry_after_seconds)
                    }
                },
            )?;
            Owner::Program { notices: Notices::default() }
        }
        None if is_open => Owner::Unknown,
        None => return Err(login::ask(&request)),
    };
    if !matches!(owner, Owner::Unknown) {
        keep_connection(request.extensions());
    }
    if is_change {
        let (parts, body) = request.into_parts();
        let bytes = match timeout(FORM_TIMEOUT, to_bytes(body, MAX_FORM_BYTES)).await {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(_)) => {
                return Err(plain(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "too large: a form may have at most 64 KiB",
                ));
            }
            Err(_) => {
                return Err(plain(StatusCode::REQUEST_TIMEOUT, "the form did not arrive in time"));
            }
        };
        let form = Form::read(&bytes);
        let is_ours = match &owner {
            Owner::Browser { form_token, .. } => {
                let given = form.get(FORM_TOKEN).unwrap_or_default();
                is_open || bool::from(given.as_bytes().ct_eq(form_token.as_bytes()))
            }
            Owner::Program { .. } | Owner::Unknown => true,
        };
        if !is_ours {
            let text =
                "this form is not of your session: go back, load the page again and send it again";
            return Err(plain(StatusCode::FORBIDDEN, text));
        }
        request = Request::from_parts(parts, Body::empty());
        request.extensions_mut().insert(form);
    }
    request.extensions_mut().insert(owner);
    Ok(request)
}

/// Paths without a navigation: files, schemas, exports, the stream of what arrives.
fn is_file(path: &str) -> bool {
    ["/assets/", "/schemas/", "/questions."].iter().any(|start| path.starts_with(start))
        || path == "/live/events"
}

/// What the login page needs.
fn is_open(path: &str) -> bool {
    matches!(path, "/login" | "/assets/tokens.css" | "/assets/dashboard.css" | "/assets/icon.svg")
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) =
        headers.get(header::AUTHORIZATION)?.to_str().ok().unwrap_or("? ?").split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// The token of the only `Authorization` header.
fn only_token(headers: &HeaderMap) -> Option<&str> {
    let has_others = headers.get_all(header::AUTHORIZATION).iter().nth(1).is_some();
    bearer(headers).filter(|_| !has_others)
}
