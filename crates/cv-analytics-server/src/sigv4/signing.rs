//! Signs requests for the tests, with AWS's own signer.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials as AwsCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Request};
use cv_analytics_core::timestamp::Timestamp;

use crate::configuration::{Credentials, Secret};

pub(crate) const KEY_ID: &str = "AKIATEST";
pub(crate) const SECRET: &str = "a secret key/that+is=long enough";
pub(crate) const REGION: &str = "eu-west-2";
pub(crate) const HOST: &str = "127.0.0.1:8787";
/// 2026-11-23T09:00:00Z.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_795_424_400_000);

pub(crate) fn credentials() -> Credentials {
    Credentials {
        access_key_id: KEY_ID.to_owned(),
        secret_access_key: Secret::new(SECRET),
        region: REGION.to_owned(),
        token: Secret::new("a bearer token"),
    }
}

/// How a request is signed, where it differs from the usual.
#[derive(Clone)]
pub(crate) struct Signing {
    pub(crate) key_id: &'static str,
    pub(crate) secret: &'static str,
    pub(crate) region: &'static str,
    pub(crate) service: &'static str,
    pub(crate) at: Timestamp,
    pub(crate) host: &'static str,
}

impl Default for Signing {
    fn default() -> Self {
        Self { key_id: KEY_ID, secret: SECRET, region: REGION, service: "sqs", at: NOW, host: HOST }
    }
}

impl Signing {
    /// A `POST` whose every header is signed.
    pub(crate) fn post(
        &self,
        target: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Request<Body> {
        self.request("POST", target, headers, body)
    }

    pub(crate) fn request(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Request<Body> {
        let body = body.into();
        let identity = AwsCredentials::new(self.key_id, self.secret, None, None, "tests").into();
        let seconds = u64::try_from(self.at.as_millis() / 1000).unwrap();
        let params = SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let uri = format!("http://{}{target}", self.host);
        let signable =
            SignableRequest::new(method, uri, headers.iter().copied(), SignableBody::Bytes(&body))
                .unwrap();
        let (instructions, _) = sign(signable, &params).unwrap().into_parts();
        let mut request = Request::builder().method(method).uri(target).header("host", self.host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::from(body)).unwrap();
        for (name, value) in instructions.headers() {
            let name = HeaderName::try_from(name).unwrap();
            request.headers_mut().insert(name, HeaderValue::from_str(value).unwrap());
        }
        request
    }
}
