//! `/login` and `/logout`: the token becomes a session.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderValue, Method, Response, StatusCode, header};
use axum::response::{IntoResponse, Redirect};
use cv_analytics_server::{ClientAddress, TokenError};
use serde::Serialize;

use crate::access::too_many_failures;
use crate::dashboard::Dashboard;
use crate::form::Form;
use crate::page::owner::Owner;
use crate::page::{PageError, plain, render_bare};

#[derive(Serialize)]
struct LoginView<'v> {
    next: &'v str,
    wrong: bool,
}

/// Sends a browser without a session to the login page, and tells a program what is missing.
pub(crate) fn ask(request: &Request) -> Response<Body> {
    let header = |name: &str| {
        request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    };
    let is_page = header("accept").contains("text/html");
    if !is_page || *request.method() != Method::GET {
        let text = "sign in at /login, or send the header 'Authorization: Bearer …' with CV_ANALYTICS_TOKEN";
        return plain(StatusCode::UNAUTHORIZED, text);
    }
    let here = local(request.uri().path_and_query().map(PathAndQuery::as_str));
    // A link in a mail or another site: browsers keep a strict cookie back until one of our pages
    // asks for the same address.
    if header("sec-fetch-site") == "cross-site" && header("sec-fetch-mode") == "navigate" {
        return render_bare(
            StatusCode::OK,
            "continue.html",
            &LoginView { next: here, wrong: false },
        );
    }
    let next: String = form_urlencoded::byte_serialize(here.as_bytes()).collect();
    Redirect::to(&format!("/login?next={next}")).into_response()
}

pub(crate) async fn page(
    Extension(owner): Extension<Owner>,
    RawQuery(query): RawQuery,
) -> Response<Body> {
    let query = Form::read(query.unwrap_or_default().as_bytes());
    let next = local(query.get("next"));
    if !matches!(owner, Owner::Unknown) {
        return Redirect::to(next).into_response();
    }
    render_bare(StatusCode::OK, "login.html", &LoginView { next, wrong: false })
}

pub(crate) async fn sign_in(
    State(dashboard): State<Arc<Dashboard>>,
    address: Option<Extension<ClientAddress>>,
    Extension(form): Extension<Form>,
) -> Result<Response<Body>, PageError> {
    let next = local(form.get("next")).to_owned();
    let address = address.map(|Extension(address)| address);
    match dashboard.access.check_token(address, form.get("token")).await {
        Ok(()) => {}
        Err(TokenError::Wrong) => {
            let view = LoginView { next: &next, wrong: true };
            return Ok(render_bare(StatusCode::FORBIDDEN, "login.html", &view));
        }
        Err(TokenError::TooManyFailures { retry_after_seconds }) => {
            return Ok(too_many_failures(retry_after_seconds));
        }
    }
    let now = dashboard.now();
    let begun = Arc::clone(&dashboard);
    let session = tokio::task::spawn_blocking(move || begun.access.sessions.begin(now)).await?;
    let mut response = Redirect::to(&next).into_response();
    response.headers_mut().insert(header::SET_COOKIE, dashboard.access.cookie(Some(&session)));
    Ok(response)
}

pub(crate) async fn sign_out(
    State(dashboard): State<Arc<Dashboard>>,
    Extension(owner): Extension<Owner>,
) -> Result<Response<Body>, PageError> {
    if let Owner::Browser { session, .. } = owner {
        let ended = Arc::clone(&dashboard);
        tokio::task::spawn_blocking(move || ended.access.sessions.end(&session)).await?;
    }
    let mut response = Redirect::to("/login").into_response();
    let headers = response.headers_mut();
    headers.insert(header::SET_COOKIE, dashboard.access.cookie(None));
    headers.insert("clear-site-data", HeaderValue::from_static("\"cache\""));
    Ok(response)
}

/// One of our addresses to go on to; the first page for anything else.
pub(crate) fn local(next: Option<&str>) -> &str {
    let is_ours = |path: &&str| {
        path.starts_with('/')
            && !path.starts_with("//")
            && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    };
    next.filter(is_ours).unwrap_or("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_ours_are_gone_on_to() {
        for (next, expect) in [
            ("/weeks/2026-W47?x=1", "/weeks/2026-W47?x=1"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("/a\r\nset-cookie: a=b", "/"),
            ("", "/"),
        ] {
            assert_eq!(local(Some(next)), expect, "{next:?}");
        }
    }
}
