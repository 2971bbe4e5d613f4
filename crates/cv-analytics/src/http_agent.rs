//! The HTTP client of commands that call a server.

use std::net::IpAddr;
use std::time::Duration;

/// A client for calls to `url`, each answered within `limit`. The proxy of the environment is used for
/// other machines only: none of them can reach this machine's loopback addresses.
pub(crate) fn http_agent(url: &str, limit: Duration) -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    let config = config.timeout_global(Some(limit));
    let config = if is_loopback(url) { config.proxy(None) } else { config };
    config.build().into()
}

/// Whether `url` is at this machine's loopback addresses.
pub(crate) fn is_loopback(url: &str) -> bool {
    let url = url.parse::<ureq::http::Uri>().unwrap_or_default();
    let host = url.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = host.parse::<IpAddr>() {
        return address.to_canonical().is_loopback() || address.is_unspecified();
    }
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, expect: bool) {
        assert_eq!(is_loopback(url), expect, "{url}");
    }

    #[test]
    fn loopback_is_known_by_name_and_by_address() {
        check("http://127.0.0.1:8787/healthz", true);
        check("http://127.8.9.1/", true);
        check("http://[::1]:8787/", true);
        check("http://[::ffff:127.0.0.1]/", true);
        check("http://LOCALHOST:1/", true);
        check("https://a.localhost/", true);
        check("http://0.0.0.0:8787/", true);
        check("http://192.168.1.5/", false);
        check("https://localhost.example/", false);
        check("https://cv.example/", false);
        check("", false);
    }
}
