//! AWS's published signing test suite for Signature Version 4, request by request: those that an
//! HTTP server lets through, shared with the tests of the Worker's client.

use std::str::FromStr;

use axum::http::{HeaderName, HeaderValue, Method, Request, Uri};
use cv_analytics_core::timestamp::Timestamp;
use serde_json::Value;

use super::{AcceptedHosts, SignatureError, Verifier};
use crate::configuration::{Credentials, PublicUrl, Secret};

/// 2015-08-30T12:36:00Z, when all of them were signed.
const SIGNED_AT: Timestamp = Timestamp::from_millis(1_440_938_160_000);

fn verify(text: &str, tamper: impl FnOnce(&mut Request<()>)) -> Result<(), SignatureError> {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let head = head.replace("\n ", " ");
    let mut lines = head.lines();
    let (method, target) =
        lines.next().unwrap().trim_end_matches(" HTTP/1.1").split_once(' ').unwrap();
    let mut request = Request::new(());
    *request.method_mut() = Method::from_str(method).unwrap();
    *request.uri_mut() = Uri::from_str(target).unwrap();
    for line in lines {
        let (name, value) = line.split_once(':').unwrap();
        request.headers_mut().append(
            HeaderName::from_str(name).unwrap(),
            HeaderValue::from_str(value.trim()).unwrap(),
        );
    }
    tamper(&mut request);
    let credentials = Credentials {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        region: "us-east-1".to_owned(),
        token: Secret::new(""),
    };
    let public = PublicUrl::parse("https://example.amazonaws.com").unwrap();
    let hosts = AcceptedHosts::new("127.0.0.1:8787".parse().unwrap(), Some(&public));
    let verifier = Verifier { service: "service", ..Verifier::new(credentials, hosts) };
    let (parts, ()) = request.into_parts();
    let claim = verifier.read(&parts, SIGNED_AT)?;
    verifier.verify(&claim, &parts, body.as_bytes())
}

#[test]
fn every_vector_of_aws_is_accepted() {
    for (name, text) in vectors() {
        assert_eq!(verify(&text, |_| {}), Ok(()), "{name}");
    }
}

#[test]
fn no_vector_is_accepted_with_another_method() {
    for (name, text) in vectors() {
        let tampered = verify(&text, |request| *request.method_mut() = Method::PUT);
        assert_eq!(tampered, Err(SignatureError::Mismatch), "{name}");
    }
}

fn vectors() -> Vec<(String, String)> {
    let file = include_str!("../../../../fixtures/sigv4/vectors.json");
    let suite: Value = serde_json::from_str(file).unwrap();
    let text = |vector: &Value, name: &str| vector[name].as_str().unwrap().to_owned();
    let vectors = suite["vectors"].as_array().unwrap().iter();
    let vectors: Vec<_> =
        vectors.map(|vector| (text(vector, "name"), text(vector, "signedRequest"))).collect();
    assert_eq!(vectors.len(), 27);
    vectors
}
