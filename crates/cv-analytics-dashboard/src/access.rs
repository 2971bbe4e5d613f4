//! How the owner is known: the token, the sessions and their cookie, and the hosts that are ours.

pub mod sessions;

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use cookie::Cookie;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_server::configuration::{PublicUrl, Secret};
use cv_analytics_server::{AcceptedHosts, ClientAddress, RateLimits, TokenError};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::access::sessions::{LASTS_SECONDS, OwnerSessions};
use crate::page::owner::{Notices, Owner};
use crate::page::plain;

const COOKIE: &str = "cv-analytics-session";
/// The same where browsers come over TLS: the prefix makes them refuse one that is not Secure.
const SECURE_COOKIE: &str = "__Host-cv-analytics-session";

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

    /// Lets the owner's token through, of `address` as [`RateLimits::check_token`] does.
    pub(crate) async fn check_token(
        &self,
        address: Option<ClientAddress>,
        given: Option<&str>,
    ) -> Result<(), TokenError> {
        let is_right = || given.is_some_and(|token| hash(token.trim()).ct_eq(&self.token).into());
        self.rates.check_token(address, is_right).await
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

    pub(crate) fn signed_in(&self, headers: &HeaderMap, now: Timestamp) -> Option<Owner> {
        let lines = headers.get_all(header::COOKIE).into_iter();
        let sent = lines.filter_map(|line| line.to_str().ok()).flat_map(Cookie::split_parse);
        let mut ours = sent.flatten().filter(|cookie| cookie.name() == self.cookie_name());
        let session = ours.find(|cookie| self.sessions.is_going_on(cookie.value(), now))?;
        let session = session.value().to_owned();
        let form_token = self.sessions.form_token(&session);
        Some(Owner::Browser { session, form_token, notices: Notices::default() })
    }

    pub(crate) fn is_our_host(&self, host: Option<&str>) -> bool {
        host.is_some_and(|host| self.hosts.accepts(host))
    }

    /// Whether the browser reports a cross-site change; the form's token covers older browsers and plain HTTP.
    pub(crate) fn is_from_elsewhere(&self, headers: &HeaderMap) -> bool {
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

/// The answer to an address that failed too often.
pub(crate) fn too_many_failures(seconds: u64) -> Response<Body> {
    let mut response = plain(
        StatusCode::TOO_MANY_REQUESTS,
        "too many failed logins from this address: wait a little",
    );
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}
