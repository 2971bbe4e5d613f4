//! Which hosts are this machine.

use std::net::IpAddr;

/// Whether what is sent to `host` stays on this machine: `localhost`, a name below it, a loopback
/// address or the unspecified one. An IPv6 address may have its brackets.
pub fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = host.parse::<IpAddr>() {
        return address.to_canonical().is_loopback() || address.is_unspecified();
    }
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(host: &str, expect: bool) {
        assert_eq!(is_loopback(host), expect, "{host}");
    }

    #[test]
    fn loopback_is_known_by_name_and_by_address() {
        check("127.0.0.1", true);
        check("127.8.9.1", true);
        check("[::1]", true);
        check("::1", true);
        check("[::ffff:127.0.0.1]", true);
        check("LOCALHOST", true);
        check("a.localhost.", true);
        check("0.0.0.0", true);
        check("192.168.1.5", false);
        check("localhost.example", false);
        check("", false);
    }
}
