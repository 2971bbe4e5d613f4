//! What the program tells the server: one small structure a concern, plain values.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use axum::http::{HeaderMap, Uri};

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[secret]")
    }
}

/// Who may send and who may read.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// `AWS_ACCESS_KEY_ID`: names the key that signs queue requests.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`: signs them.
    pub secret_access_key: Secret,
    /// `AWS_REGION`: the only region that a signature may be scoped to.
    pub region: String,
    /// `CV_ANALYTICS_TOKEN`: the bearer token of everything that is not the queue.
    pub token: Secret,
}

/// The address that clients use, where it is not the one listened on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    scheme: &'static str,
    authority: String,
}

/// An invalid public URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "invalid public URL {0:?}: expected something like https://analytics.example.org or http://192.0.2.7:8787 \
     (a port from 1 to 65535), without a path"
)]
pub struct PublicUrlError(String);

impl PublicUrl {
    /// Reads `https://host` or `http://host:port`; a slash may follow, a path may not.
    ///
    /// # Errors
    /// [`PublicUrlError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, PublicUrlError> {
        let error = || PublicUrlError(text.to_owned());
        let uri: Uri = text.parse().map_err(|_| error())?;
        let (scheme, usual_port) = match uri.scheme_str() {
            Some("https") => ("https", ":443"),
            Some("http") => ("http", ":80"),
            _ => return Err(error()),
        };
        let parts = uri.authority().ok_or_else(error)?;
        let authority = parts.as_str().to_ascii_lowercase();
        let is_port_right =
            parts.host() == parts.as_str() || parts.port_u16().is_some_and(|port| port > 0);
        let is_bare = uri.path() == "/" && uri.query().is_none();
        if parts.host().is_empty() || authority.contains('@') || !is_port_right || !is_bare {
            return Err(error());
        }
        let authority =
            authority.strip_suffix(usual_port).map_or(authority.clone(), ToOwned::to_owned);
        Ok(Self { scheme, authority })
    }

    /// Whether clients come over TLS.
    pub fn is_https(&self) -> bool {
        self.scheme == "https"
    }

    /// Host and port, without a port that is usual for the scheme.
    pub fn authority(&self) -> &str {
        &self.authority
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}", self.scheme, self.authority)
    }
}

/// How much the server takes at once.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Requests a second over all clients; `None` for as many as there are.
    pub max_requests_per_second: Option<NonZeroU32>,
    /// Failed authentications a second that one client address may make.
    pub failures_per_second: NonZeroU32,
    /// Failed authentications that one client address may make at once.
    pub failure_burst: NonZeroU32,
    /// How long the answer to a failed authentication beyond these is held back.
    pub failure_delay: Duration,
    /// Connections held open at once; one more takes another's slot.
    pub max_connections: usize,
    /// How long a client may take to send a request's headers, or keep a connection idle.
    pub header_timeout: Duration,
    /// How long a client may take to send a request's body, and each 64 KiB of a longer one.
    pub body_timeout: Duration,
    /// How long a client may take nothing of an answer.
    pub write_timeout: Duration,
    /// Bytes of authenticated messages that wait for the store at once; more are answered 503.
    pub max_waiting_bytes: u32,
    /// How long [`crate::serve()`] waits for what is in flight when it is told to stop.
    pub shutdown_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_requests_per_second: None,
            failures_per_second: NonZeroU32::MIN.saturating_add(9),
            failure_burst: NonZeroU32::MIN.saturating_add(49),
            failure_delay: Duration::from_secs(2),
            max_connections: 1024,
            header_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(20),
            write_timeout: Duration::from_secs(30),
            max_waiting_bytes: 64 * 1024 * 1024,
            shutdown_timeout: Duration::from_secs(10),
        }
    }
}

/// Proxies in front of the server that are believed when they say who sent a request.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Vec<IpAddr>);

impl TrustedProxies {
    /// Those at `addresses`.
    pub fn new(addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        Self(addresses.into_iter().map(|address| address.to_canonical()).collect())
    }

    /// The client of a request with `headers` that came over a connection from `peer`. If `peer` is a trusted
    /// proxy, it is the last address in `X-Forwarded-For` that is not another one; anybody may have written
    /// what comes before that.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let lines = headers.get_all("x-forwarded-for").iter();
        let lines: Vec<&str> = lines.map(|line| line.to_str().unwrap_or_default()).collect();
        let mut named = lines.iter().rev().flat_map(|line| line.rsplit(','));
        let mut client = peer.to_canonical();
        while self.0.contains(&client) {
            let Some(next) = named.next().and_then(address) else { break };
            client = next;
        }
        client
    }
}

/// An address as proxies write it: with a port or without.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let with_port = || text.parse().ok().map(|address: SocketAddr| address.ip());
    let address = text.parse().ok().or_else(with_port)?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn check_client(peer: &str, forwarded: &[&str], expect: &str) {
        let proxies = ["127.0.0.1", "2001:db8::2"].map(|address| address.parse().unwrap());
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_str(line).unwrap());
        }
        let client = TrustedProxies::new(proxies).client(peer.parse().unwrap(), &headers);
        assert_eq!(client.to_string(), expect, "{peer} {forwarded:?}");
    }

    #[test]
    fn only_a_trusted_proxy_says_who_a_client_is() {
        check_client("192.0.2.1", &[], "192.0.2.1");
        check_client("192.0.2.1", &["192.0.2.9"], "192.0.2.1");
        check_client("127.0.0.1", &[], "127.0.0.1");
        check_client("127.0.0.1", &["192.0.2.9"], "192.0.2.9");
        check_client("::ffff:127.0.0.1", &["192.0.2.9"], "192.0.2.9");
        check_client("127.0.0.1", &["forged, 192.0.2.9"], "192.0.2.9");
        check_client("127.0.0.1", &["192.0.2.7", "192.0.2.8,192.0.2.9"], "192.0.2.9");
        check_client("127.0.0.1", &["192.0.2.9, 2001:db8::2"], "192.0.2.9");
        check_client("127.0.0.1", &["192.0.2.9:4711"], "192.0.2.9");
        check_client("127.0.0.1", &["[2001:db8::9]:4711"], "2001:db8::9");
        check_client("127.0.0.1", &["192.0.2.9, unknown"], "127.0.0.1");
        check_client("127.0.0.1", &["127.0.0.1, 127.0.0.1"], "127.0.0.1");
    }

    fn check(text: &str, expect: Option<&str>) {
        let url = PublicUrl::parse(text).ok().map(|url| url.to_string());
        assert_eq!(url.as_deref(), expect, "{text}");
    }

    #[test]
    fn a_public_url_is_a_scheme_and_an_authority() {
        check("https://cv.example", Some("https://cv.example"));
        check("https://CV.example/", Some("https://cv.example"));
        check("https://cv.example:443", Some("https://cv.example"));
        check("http://cv.example:443", Some("http://cv.example:443"));
        check("http://[::1]:8787", Some("http://[::1]:8787"));
        check("https://cv.example/path", None);
        check("https://cv.example/?a", None);
        check("https://user:pw@cv.example", None);
        check("https://cv.example:99999", None);
        check("https://cv.example:0", None);
        check("https://cv.example:", None);
        check("http://[::1]:70000", None);
        check("http://[::1]", Some("http://[::1]"));
        check("https://:443", None);
        check("ftp://cv.example", None);
        check("cv.example", None);
        check("https://", None);
        check("", None);
    }

    #[test]
    fn secrets_do_not_print() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "[secret]");
    }
}
