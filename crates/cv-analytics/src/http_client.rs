//! The HTTP client of commands that call a server.

use std::time::Duration;

use anyhow::{Error, Result, anyhow};
use cv_analytics_core::loopback;
use reqwest::{Client, RequestBuilder, Response, Url};

/// A client for calls to `url`, each answered within `limit`. Calls to this machine's loopback addresses
/// go through no proxy, which could not reach them, and need no certificate authorities, which a
/// container may lack.
///
/// # Errors
/// Where the system has no certificate authorities, for any other address.
pub(crate) fn http_client(url: &str, limit: Duration) -> Result<Client> {
    choose_tls_provider();
    let client = Client::builder().timeout(limit);
    let client = if is_loopback(url) { client.no_proxy().tls_certs_only([]) } else { client };
    Ok(client.build()?)
}

/// Sends a request; where that fails, says what stopped it rather than which layers it went through.
///
/// # Errors
/// Where there is no answer.
pub(crate) async fn send(request: RequestBuilder) -> Result<Response> {
    request.send().await.map_err(|error| anyhow!(Error::from(error).root_cause().to_string()))
}

/// Whether `url` is at this machine's loopback addresses.
pub(crate) fn is_loopback(url: &str) -> bool {
    let url = Url::parse(url).ok();
    url.as_ref().and_then(Url::host_str).is_some_and(loopback::is_loopback)
}

/// One TLS provider for the process; another part of the program may have chosen it before.
pub(crate) fn choose_tls_provider() {
    drop(rustls::crypto::ring::default_provider().install_default());
}
