//! What AWS's own signer signs is accepted, and nothing else.

use axum::body::Body;
use axum::http::Request;
use cv_analytics_core::timestamp::Timestamp;
use proptest::prelude::*;

use super::signing::{NOW, Signing, credentials};
use super::{AcceptedHosts, SignatureError, Verifier};
use crate::configuration::PublicUrl;

fn verifier(public: Option<&str>) -> Verifier {
    let public = public.map(|url| PublicUrl::parse(url).unwrap());
    Verifier::new(
        credentials(),
        AcceptedHosts::new("127.0.0.1:8787".parse().unwrap(), public.as_ref()),
    )
}

fn verify_at(
    request: Request<Body>,
    body: &[u8],
    public: Option<&str>,
    now: Timestamp,
) -> Result<(), SignatureError> {
    let (parts, _) = request.into_parts();
    let verifier = verifier(public);
    let claim = verifier.read(&parts, now)?;
    verifier.verify(&claim, &parts, body)
}

fn verify(request: Request<Body>, body: &[u8]) -> Result<(), SignatureError> {
    verify_at(request, body, None, NOW)
}

proptest! {
    #[test]
    fn what_the_signer_signs_is_accepted_and_a_changed_body_is_not(
        method in "(GET|POST|PUT|DELETE)",
        path in "(/[a-zA-Z0-9._~@:=+$&%20-]{0,12}){1,5}/?".prop_filter("readable", |path| path.parse::<axum::http::Uri>().is_ok()),
        query in "([a-zA-Z]{1,3}=[a-zA-Z0-9._~+-]{0,8}(&[a-zA-Z]{1,3}=(%[2-7][0-9A-F]|[a-z]){0,5}){0,3})?",
        value in "[a-zA-Z0-9]( {0,3}[a-zA-Z0-9,;\"=]){0,8}",
        mut body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let target = if query.is_empty() { path } else { format!("{path}?{query}") };
        let headers = [("content-type", "application/json"), ("x-amz-extra", value.as_str()), ("a-header", "1")];
        let request = || Signing::default().request(&method, &target, &headers, body.clone());
        prop_assert_eq!(verify(request(), &body), Ok(()), "{}", target);
        let request = request();
        body.push(b'!');
        prop_assert_eq!(verify(request, &body), Err(SignatureError::Mismatch));
    }

    #[test]
    fn no_authorization_header_makes_it_panic(header in "\\PC{0,200}") {
        let mut request = Signing::default().post("/", &[], "");
        if let Ok(value) = header.parse() {
            request.headers_mut().insert("authorization", value);
            prop_assert!(verify(request, b"").is_err());
        }
    }
}

fn check_time(seconds_after_signing: i64, expect: &str) {
    let request = Signing::default().post("/", &[], "");
    let now = NOW.plus_millis(seconds_after_signing * 1000);
    let answer = verify_at(request, b"", None, now).map_or_else(|error| error.label(), |()| "ok");
    assert_eq!(answer, expect, "{seconds_after_signing}");
}

#[test]
fn a_signature_holds_for_fifteen_minutes_either_way() {
    check_time(0, "ok");
    check_time(14 * 60 + 59, "ok");
    check_time(15 * 60, "ok");
    check_time(15 * 60 + 1, "skewed");
    check_time(-(14 * 60 + 59), "ok");
    check_time(-(15 * 60 + 1), "skewed");
    check_time(365 * 24 * 3600, "skewed");
    check_time(-40 * 365 * 24 * 3600, "skewed");
}

#[test]
fn a_key_of_yesterday_is_made_beside_that_of_today() {
    let verifier = verifier(None);
    let midnight = Timestamp::from_millis(1_795_392_000_000);
    for (signed_at, now) in [(-60, 0), (60, 0), (-60, 30), (60, 30), (-60, 0)] {
        let signing = Signing { at: midnight.plus_millis(signed_at * 1000), ..Signing::default() };
        let (parts, _) = signing.post("/", &[], "").into_parts();
        let claim = verifier.read(&parts, midnight.plus_millis(now * 1000)).unwrap();
        assert_eq!(verifier.verify(&claim, &parts, b""), Ok(()), "{signed_at}");
    }
    assert!(verifier.signing_keys.read().unwrap().len() <= 2);
}

fn check_host(signed: &'static str, received: &str, public: Option<&str>, expect: &str) {
    let mut request = Signing { host: signed, ..Signing::default() }.post("/", &[], "");
    request.headers_mut().insert("host", received.parse().unwrap());
    let answer = verify_at(request, b"", public, NOW).map_or_else(|error| error.label(), |()| "ok");
    assert_eq!(answer, expect, "signed {signed}, received {received}, public {public:?}");
}

#[test]
fn a_proxy_may_rewrite_the_host_where_the_public_one_is_known() {
    let public = Some("https://cv.example");
    check_host("127.0.0.1:8787", "127.0.0.1:8787", None, "ok");
    check_host("localhost:8787", "localhost:8787", None, "ok");
    check_host("cv.example", "cv.example", public, "ok");
    check_host("cv.example", "127.0.0.1:8787", public, "ok");
    check_host("cv.example", "backend:9000", public, "ok");
    check_host("cv.example", "cv.example:443", public, "ok");
    check_host("127.0.0.1:8787", "127.0.0.1:8787", public, "ok");
    check_host("cv.example", "127.0.0.1:8787", None, "mismatch");
    // The key is right, and the host is not known as ours.
    check_host("cv.example", "cv.example", None, "host");
    check_host("evil.example", "evil.example", public, "host");
    check_host("evil.example", "cv.example", public, "mismatch");
}

#[test]
fn a_signer_may_leave_the_port_out_of_the_host() {
    for host in ["127.0.0.1", "localhost", "[::1]"] {
        let received = format!("{host}:8787");
        check_host(host, &received, None, "ok");
        check_host(host, host, None, "ok");
    }
    let public = Some("https://cv.example:8443");
    check_host("cv.example", "cv.example:8443", public, "ok");
    check_host("cv.example", "127.0.0.1:8787", public, "ok");
    check_host("cv.example:443", "cv.example", Some("https://cv.example"), "ok");
    check_host("127.0.0.1:9999", "127.0.0.1:8787", None, "mismatch");
}

/// Prints the time of one verification: `cargo test --release -- --nocapture verification_takes`.
#[test]
fn verification_takes_microseconds() {
    let body = vec![b'x'; 512];
    let headers =
        [("content-type", "application/x-amz-json-1.0"), ("x-amz-target", "AmazonSQS.SendMessage")];
    let verifier = verifier(None);
    let (parts, _) = Signing::default().post("/", &headers, body.clone()).into_parts();
    let begun = std::time::Instant::now();
    let rounds = 2_000;
    for _ in 0..rounds {
        let claim = verifier.read(&parts, NOW).unwrap();
        verifier.verify(&claim, &parts, &body).unwrap();
    }
    println!("{:?} for each verification", begun.elapsed() / rounds);
}
