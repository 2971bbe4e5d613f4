//! HTTP calls of the tests, all to this machine.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use reqwest::blocking::{Client, RequestBuilder};
use reqwest::redirect::Policy;

/// A client that follows no redirect.
pub(crate) fn client() -> Client {
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = Client::builder().no_proxy().tls_certs_only([]).redirect(Policy::none());
    client.build().unwrap()
}

/// The answer's status and body.
pub(crate) fn answer(request: RequestBuilder) -> (u16, String) {
    let answer = request.send().unwrap();
    (answer.status().as_u16(), answer.text().unwrap())
}
