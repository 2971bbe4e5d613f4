//! The hosts that a request may be signed for.

use std::net::{IpAddr, SocketAddr};

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
        let is_public = |public: &str| {
            let bare =
                host.strip_suffix(":443").or_else(|| host.strip_suffix(":80")).unwrap_or(host);
            host.eq_ignore_ascii_case(public) || bare.eq_ignore_ascii_case(public)
        };
        self.listens_as(host) || self.public.as_deref().is_some_and(is_public)
    }

    /// The hosts to verify a signature with, the received one first.
    pub(super) fn candidates<'h>(&'h self, received: &'h [u8]) -> [Option<&'h [u8]>; 2] {
        let text = std::str::from_utf8(received).unwrap_or_default();
        let own = self.accepts(text);
        let public = self.public.as_deref().filter(|public| !text.eq_ignore_ascii_case(public));
        [own.then_some(received), public.map(str::as_bytes)]
    }

    /// The address listened on, or `localhost`; any address where all are listened on.
    fn listens_as(&self, host: &str) -> bool {
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => (name, port),
            _ => (host, "80"),
        };
        if port.parse() != Ok(self.listening.port()) {
            return false;
        }
        let name = name.trim_start_matches('[').trim_end_matches(']');
        let listening = self.listening.ip();
        match name.parse::<IpAddr>() {
            Ok(address) => {
                address == listening || address.is_loopback() || listening.is_unspecified()
            }
            Err(_) => name.eq_ignore_ascii_case("localhost"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(listening: &str, public: &str, received: &str, expect: [Option<&str>; 2]) {
        let public = (!public.is_empty()).then(|| PublicUrl::parse(public).unwrap());
        let hosts = AcceptedHosts::new(listening.parse().unwrap(), public.as_ref());
        let candidates = hosts.candidates(received.as_bytes());
        assert_eq!(
            candidates,
            expect.map(|host| host.map(str::as_bytes)),
            "{listening} {received}"
        );
    }

    #[test]
    fn the_received_host_comes_first_and_the_public_one_second() {
        check("127.0.0.1:8787", "", "127.0.0.1:8787", [Some("127.0.0.1:8787"), None]);
        check("127.0.0.1:8787", "", "localhost:8787", [Some("localhost:8787"), None]);
        check("127.0.0.1:8787", "", "LOCALHOST:8787", [Some("LOCALHOST:8787"), None]);
        check("[::1]:8787", "", "[::1]:8787", [Some("[::1]:8787"), None]);
        check("127.0.0.1:80", "", "localhost", [Some("localhost"), None]);
        check("[::]:80", "", "[::1]", [Some("[::1]"), None]);
        check("0.0.0.0:8787", "", "192.168.1.5:8787", [Some("192.168.1.5:8787"), None]);
        check("127.0.0.1:8787", "", "192.168.1.5:8787", [None, None]);
        check("0.0.0.0:8787", "", "evil.example:8787", [None, None]);
        check("127.0.0.1:8787", "", "127.0.0.1:9999", [None, None]);
        check("127.0.0.1:8787", "", "127.0.0.1", [None, None]);
        check("127.0.0.1:8787", "", "", [None, None]);
        check("127.0.0.1:8787", "https://cv.example", "cv.example", [Some("cv.example"), None]);
        check(
            "127.0.0.1:8787",
            "https://cv.example",
            "CV.example:443",
            [Some("CV.example:443"), Some("cv.example")],
        );
        check(
            "127.0.0.1:8787",
            "https://cv.example",
            "127.0.0.1:8787",
            [Some("127.0.0.1:8787"), Some("cv.example")],
        );
        check(
            "127.0.0.1:8787",
            "https://cv.example:444",
            "backend:9000",
            [None, Some("cv.example:444")],
        );
    }
}
