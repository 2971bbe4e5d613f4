//! Who is let in: every route passes here, before and after its own work.
//!
//! In this order: the host has to be ours, the owner has to be known (by the session's cookie, or by
//! the bearer token), and a change has to come from one of our own pages.

pub mod sessions;

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use axum::middleware::Next;
use cookie::Cookie;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_server::configuration::{PublicUrl, Secret};
use cv_analytics_server::{AcceptedHosts, ClientAddress, RateLimits, keep_connection};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::time::timeout;

use crate::access::sessions::{LASTS_SECONDS, OwnerSessions};
use crate::dashboard::{Dashboard, Notices};
use crate::form::{FORM_TOKEN, Form};
use crate::pages::login;

/// Bytes of a form, and how long it may take to come.
const MAX_FORM_BYTES: usize = 64 * 1024;
const FORM_TIMEOUT: Duration = Duration::from_secs(20);
const COOKIE: &str = "cv-analytics-session";
/// The same where browsers come over TLS: the prefix makes them refuse one that is not Secure.
const SECURE_COOKIE: &str = "__Host-cv-analytics-session";
/// Nothing from elsewhere, and nothing within a page.
pub(crate) const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
                      connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Who is asking.
#[derive(Clone, Debug)]
pub(crate) enum Owner {
    /// A browser that is signed in.
    Browser {
        /// The session's id.
        session: String,
        /// What its forms carry.
        form_token: String,
        notices: Notices,
    },
    /// A program with the token.
    Program { notices: Notices },
    /// Not signed in; only the login page sees one.
    Unknown,
}

impl Owner {
    pub(crate) fn form_token(&self) -> &str {
        match self {
            Self::Browser { form_token, .. } => form_token,
            Self::Program { .. } | Self::Unknown => "",
        }
    }

    /// What the frame of every page tells; `None` for those who see none.
    pub(crate) const fn notices(&self) -> Option<&Notices> {
        match self {
            Self::Browser { notices, .. } | Self::Program { notices } => Some(notices),
            Self::Unknown => None,
        }
    }

    const fn notices_mut(&mut self) -> Option<&mut Notices> {
        match self {
            Self::Browser { notices, .. } | Self::Program { notices } => Some(notices),
            Self::Unknown => None,
        }
    }
}

/// What decides who is let in.
pub(crate) struct Access {
    token: [u8; 32],
    hosts: AcceptedHosts,
    public_url: Option<PublicUrl>,
    rates: Arc<RateLimits>,
    pub(crate) sessions: OwnerSessions,
}

impl Access {
    pub(crate) fn new(
        token: &Secret,
        hosts: AcceptedHosts,
        public_url: Option<PublicUrl>,
        rates: Arc<RateLimits>,
        sessions: OwnerSessions,
    ) -> Self {
        Self { token: hash(token.reveal()), hosts, public_url, rates, sessions }
    }

    /// Whether it is the owner's token.
    pub(crate) fn is_token(&self, given: &str) -> bool {
        hash(given.trim()).ct_eq(&self.token).into()
    }

    /// Counts a failed login, as [`RateLimits::count_failure`] does.
    pub(crate) async fn count_failure(&self, address: Option<ClientAddress>) -> Result<(), u64> {
        self.rates.count_failure(address).await
    }

    fn cookie_name(&self) -> &'static str {
        if self.is_https() { SECURE_COOKIE } else { COOKIE }
    }

    fn is_https(&self) -> bool {
        self.public_url.as_ref().is_some_and(PublicUrl::is_https)
    }

    /// The cookie of a session; `None` ends it.
    pub(crate) fn cookie(&self, session: Option<&str>) -> HeaderValue {
        let seconds = if session.is_some() { LASTS_SECONDS } else { 0 };
        let cookie = Cookie::build((self.cookie_name(), session.unwrap_or_default()))
            .path("/")
            .http_only(true)
            .secure(self.is_https())
            .same_site(cookie::SameSite::Strict)
            .max_age(cookie::time::Duration::seconds(seconds));
        HeaderValue::try_from(cookie.build().to_string())
            .unwrap_or_else(|_| HeaderValue::from_static(""))
    }

    fn signed_in(&self, headers: &HeaderMap, now: Timestamp) -> Option<Owner> {
        let lines = headers.get_all(header::COOKIE).into_iter();
        let sent = lines.filter_map(|line| line.to_str().ok()).flat_map(Cookie::split_parse);
        let mut ours = sent.flatten().filter(|cookie| cookie.name() == self.cookie_name());
        let session = ours.find(|cookie| self.sessions.is_going_on(cookie.value(), now))?;
        let session = session.value().to_owned();
        let form_token = self.sessions.form_token(&session);
        Some(Owner::Browser { session, form_token, notices: Notices::default() })
    }

    fn is_our_host(&self, host: Option<&str>) -> bool {
        host.is_some_and(|host| self.hosts.accepts(host))
    }

    /// Whether the browser reports a cross-site change; the form's token covers older browsers and plain HTTP.
    fn is_from_elsewhere(&self, headers: &HeaderMap) -> bool {
        let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        if let Some(site) = text("sec-fetch-site") {
            return !matches!(site, "same-origin" | "none");
        }
        match text("origin") {
            // What `Referrer-Policy: no-referrer` makes of our own.
            None | Some("null") => false,
            Some(origin) => {
                let host = origin.split_once("://").map_or(origin, |(_, host)| host);
                !self.hosts.accepts(host)
            }
        }
    }
}

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

/// What every answer carries.
pub(crate) fn set_headers(response: &mut Response<Body>) {
    let headers = response.headers_mut();
    // A page that frames or is framed sets its own policy.
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
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
        None if has_token(access, headers) => Owner::Program { notices: Notices::default() },
        None if bearer(headers).is_some() => {
            let address = request.extensions().get::<ClientAddress>().copied();
            return Err(match access.count_failure(address).await {
                Ok(()) => plain(StatusCode::UNAUTHORIZED, "that is not the token"),
                Err(seconds) => too_many_failures(seconds),
            });
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

/// Paths without a navigation: files, exports, the stream of what arrives.
fn is_file(path: &str) -> bool {
    path.starts_with("/assets/") || path.starts_with("/questions.") || path == "/live/events"
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

/// Whether the only `Authorization` header has the token.
fn has_token(access: &Access, headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let is_only = values.next().is_some() && values.next().is_none();
    is_only && bearer(headers).is_some_and(|token| access.is_token(token))
}

/// The answer to an address that failed too often.
pub(crate) fn too_many_failures(seconds: u64) -> Response<Body> {
    let mut response = plain(
        StatusCode::TOO_MANY_REQUESTS,
        "too many failed logins from this address: wait a little",
    );
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

pub(crate) fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}
