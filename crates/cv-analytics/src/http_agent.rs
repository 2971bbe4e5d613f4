//! The HTTP client of commands that call a server.

use std::time::Duration;

use cv_analytics_core::loopback;

/// A client for calls to `url` with a timeout; the environment's proxy is used only for other machines.
pub(crate) fn http_agent(url: &str, limit: Duration) -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    let config = config.timeout_global(Some(limit));
    let config = if is_loopback(url) { config.proxy(None) } else { config };
    config.build().into()
}

/// Whether `url` is at this machine's loopback addresses.
pub(crate) fn is_loopback(url: &str) -> bool {
    let url = url.parse::<ureq::http::Uri>().unwrap_or_default();
    loopback::is_loopback(url.host().unwrap_or_default())
}
