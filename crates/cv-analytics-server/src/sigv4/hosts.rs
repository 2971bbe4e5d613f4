//! The hosts that a request may be signed for.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use cv_analytics_core::loopback::is_loopback;

use crate::configuration::PublicUrl;

/// The addresses under which this server is known.
///
/// A signature covers the `Host` header. A proxy may rewrite that header, and then the client
/// signed the public one; a request for any other host was not meant for this server.
#[derive(Clone, Debug)]
pub struct AcceptedHosts {
    listening: SocketAddr,
    public: Option<String>,
}

impl AcceptedHosts {
    /// The hosts of a server that listens on `listening` and is known to clients as `public`.
    pub fn new(listening: SocketAddr, public: Option<&PublicUrl>) -> Self {
        Self { listening, public: public.map(|url| url.authority().to_owned()) }
    }

    /// Whether a browser's request for this `Host` was meant for this server.
    pub fn accepts(&self, host: &str) -> bool {
        // A proxy may leave the port out, or write the usual one.
        let is_public = |public: &str| {
            let ((name, port), (public_name, public_port)) = (split_port(host), split_port(public));
            let is_its_port = port == public_port
                || port.is_none()
                || public_port.is_none() && matches!(port, Some("443" | "80"));
            name.eq_ignore_ascii_case(public_name) && is_its_port
        };
        self.listens_as(host) || self.public.as_deref().is_some_and(is_public)
    }

    /// The hosts to verify a signature with, each once, the received one first: as received and as the public URL
    /// has it, each with its port and without. A signer may leave the port out, or write the usual one.
    pub(super) fn candidates<'h>(
        &'h self,
        received: &'h [u8],
    ) -> impl Iterator<Item = Candidate<'h>> {
        let is_ours = self.accepts(std::str::from_utf8(received).unwrap_or_default());
        let first = Candidate { host: Cow::Borrowed(received), is_ours };
        // Made only where the first does not fit.
        std::iter::once(first)
            .chain(std::iter::once_with(move || self.others(received, is_ours)).flatten())
    }

    fn others(&self, received: &[u8], is_ours: bool) -> Vec<Candidate<'static>> {
        let mut others: Vec<Candidate<'static>> = Vec::new();
        let mut add = |host: String, is_ours| {
            let host = host.into_bytes();
            if host != received && others.iter().all(|other| *other.host != *host) {
                others.push(Candidate { host: Cow::Owned(host), is_ours });
            }
        };
        let text = std::str::from_utf8(received).ok();
        for (host, is_ours) in [(text, is_ours), (self.public.as_deref(), true)] {
            let Some(host) = host else { continue };
            add(host.to_owned(), is_ours);
            match split_port(host) {
                (name, Some(_)) => add(name.to_owned(), is_ours),
                (name, None) => {
                    for port in [self.listening.port(), 443, 80] {
                        add(format!("{name}:{port}"), is_ours);
                    }
                }
            }
        }
        others
    }

    /// The address listened on, or `localhost`; any address where all are listened on. A proxy may leave the port out.
    fn listens_as(&self, host: &str) -> bool {
        let (name, port) = split_port(host);
        if port.is_some_and(|port| port.parse() != Ok(self.listening.port())) {
            return false;
        }
        let listening = self.listening.ip();
        let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        is_loopback(name)
            || address.is_ok_and(|address| address == listening || listening.is_unspecified())
    }
}

/// A host that a request may have been signed for.
pub(super) struct Candidate<'h> {
    pub(super) host: Cow<'h, [u8]>,
    /// Whether it is one of this server's.
    pub(super) is_ours: bool,
}

/// Name and port; an IPv6 address keeps its brackets.
fn split_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(listening: &str, public: &str) -> AcceptedHosts {
        let public = (!public.is_empty()).then(|| PublicUrl::parse(public).unwrap());
        AcceptedHosts::new(listening.parse().unwrap(), public.as_ref())
    }

    fn check(listening: &str, public: &str, host: &str, expect: bool) {
        assert_eq!(hosts(listening, public).accepts(host), expect, "{listening} {public} {host}");
    }

    #[test]
    fn a_request_is_for_this_server_by_its_name_with_its_port_or_without() {
        check("127.0.0.1:8787", "", "127.0.0.1:8787", true);
        check("127.0.0.1:8787", "", "LOCALHOST:8787", true);
        check("127.0.0.1:8787", "", "127.0.0.1", true);
        check("127.0.0.1:8787", "", "localhost", true);
        check("[::1]:8787", "", "[::1]:8787", true);
        check("[::1]:8787", "", "[::1]", true);
        check("0.0.0.0:8787", "", "192.168.1.5:8787", true);
        check("127.0.0.1:8787", "", "192.168.1.5:8787", false);
        check("127.0.0.1:8787", "", "192.168.1.5", false);
        check("0.0.0.0:8787", "", "evil.example:8787", false);
        check("127.0.0.1:8787", "", "127.0.0.1:9999", false);
        check("127.0.0.1:8787", "", "", false);
        check("127.0.0.1:8787", "https://cv.example", "CV.example:443", true);
        check("127.0.0.1:8787", "https://cv.example", "backend:9000", false);
        check("127.0.0.1:8787", "https://cv.example:444", "cv.example:444", true);
        check("127.0.0.1:8787", "https://cv.example:444", "cv.example", true);
        check("127.0.0.1:8787", "https://cv.example:444", "cv.example:443", false);
    }

    fn check_candidates(public: &str, received: &str, expect: &str) {
        let hosts = hosts("127.0.0.1:8787", public);
        let seen = hosts.candidates(received.as_bytes()).skip(1).map(|candidate| {
            let host = String::from_utf8(candidate.host.into_owned()).unwrap();
            if candidate.is_ours { host } else { format!("({host})") }
        });
        assert_eq!(seen.collect::<Vec<_>>().join(" "), expect, "{public} {received}");
    }

    #[test]
    fn a_signer_may_leave_the_port_out_or_write_it() {
        check_candidates("", "127.0.0.1:8787", "127.0.0.1");
        check_candidates("", "[::1]:8787", "[::1]");
        check_candidates(
            "",
            "evil.example",
            "(evil.example:8787) (evil.example:443) (evil.example:80)",
        );
        check_candidates(
            "https://cv.example:444",
            "backend:9000",
            "(backend) cv.example:444 cv.example",
        );
        check_candidates(
            "https://cv.example:444",
            "cv.example",
            "cv.example:8787 cv.example:443 cv.example:80 cv.example:444",
        );
        check_candidates(
            "https://cv.example",
            "localhost:8787",
            "localhost cv.example cv.example:8787 cv.example:443 cv.example:80",
        );
    }
}
