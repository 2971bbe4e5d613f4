//! Verifies AWS Signature Version 4 on requests, whole: nothing of it is left to trust.
//!
//! A request goes through two steps, so that one that cannot be right costs no body:
//! [`Verifier::read`] looks at the headers (form, scope, date, key), [`Verifier::verify`] recomputes
//! the signature over method, path, query, signed headers and body. The rules are those of
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>
//! for every service but S3; key derivation and signature come from AWS's own crate.

mod amz_date;
mod authorization;
mod canonical_request;
mod error;
mod hosts;
#[cfg(test)]
mod round_trip_tests;
#[cfg(test)]
pub(crate) mod signing;
#[cfg(test)]
mod vector_tests;

use std::sync::{Arc, RwLock};
use std::time::{Duration, SystemTime};

use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};
use cv_analytics_core::timestamp::Timestamp;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use self::amz_date::AmzDate;
use self::authorization::Authorization;
use self::canonical_request::CanonicalRequest;
pub(crate) use self::error::SignatureError;
pub use self::hosts::AcceptedHosts;
use crate::configuration::Credentials;

/// How far a request's date may be from the clock, either way, in seconds: AWS's 15 minutes.
const ALLOWED_SKEW_SECONDS: u64 = 15 * 60;
/// The most parameters in the query of a signed request: a batch of ten messages with ten attributes each has 450.
/// Each is work before anything is proven.
const MAX_QUERY_PARAMETERS: usize = 500;
/// The service's name in a signature's scope.
const SERVICE: &str = "sqs";
const X_AMZ_DATE: HeaderName = HeaderName::from_static("x-amz-date");
const X_AMZ_CONTENT_SHA256: HeaderName = HeaderName::from_static("x-amz-content-sha256");
const X_AMZ_SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// What a request's headers claim, well formed and of the right time and scope, yet unproven.
pub(crate) struct Claim {
    authorization: Authorization,
    date: AmzDate,
}

/// Checks signatures against one access key.
pub(crate) struct Verifier {
    credentials: Credentials,
    hosts: AcceptedHosts,
    service: &'static str,
    /// Keys of the days in use: the skew allows two at most.
    signing_keys: RwLock<Vec<([u8; 8], SigningKey)>>,
}

type SigningKey = Arc<[u8]>;

impl Verifier {
    pub(crate) fn new(credentials: Credentials, hosts: AcceptedHosts) -> Self {
        Self { credentials, hosts, service: SERVICE, signing_keys: RwLock::default() }
    }

    /// Reads what the headers claim, and refuses what no body could make right.
    pub(crate) fn read(&self, parts: &Parts, now: Timestamp) -> Result<Claim, SignatureError> {
        if let Some(query) = parts.uri.query() {
            if query.split('&').nth(MAX_QUERY_PARAMETERS).is_some() {
                return Err(SignatureError::TooManyParameters { limit: MAX_QUERY_PARAMETERS });
            }
            if is_presigned(query) {
                return Err(SignatureError::Presigned);
            }
        }
        let headers = &parts.headers;
        let authorization = match only(headers, &header::AUTHORIZATION)? {
            Some(value) => Authorization::parse(value)?,
            None => return Err(SignatureError::MissingAuthentication),
        };
        self.check_scope(&authorization)?;
        if headers.contains_key(X_AMZ_SECURITY_TOKEN) {
            return Err(SignatureError::SessionToken);
        }
        let Some(date) = only(headers, &X_AMZ_DATE)?.and_then(AmzDate::parse) else {
            return Err(SignatureError::Incomplete(
                "The request must contain an 'X-Amz-Date' header of the form YYYYMMDD'T'HHMMSS'Z'."
                    .to_owned(),
            ));
        };
        if authorization.date() != date.day() {
            return Err(SignatureError::Incomplete(
                "Date in Credential scope does not match YYYYMMDD from X-Amz-Date.".to_owned(),
            ));
        }
        check_skew(date, now)?;
        check_signed_headers(&authorization, headers)?;
        let known = self.credentials.access_key_id.as_bytes();
        if !bool::from(authorization.access_key_id().as_bytes().ct_eq(known)) {
            return Err(SignatureError::UnknownKey);
        }
        Ok(Claim { authorization, date })
    }

    /// Proves the claim over the whole request.
    pub(crate) fn verify(
        &self,
        claim: &Claim,
        parts: &Parts,
        body: &[u8],
    ) -> Result<(), SignatureError> {
        let mut body_hash = [0; 64];
        hex_of(&Sha256::digest(body), &mut body_hash);
        check_payload_hash(&parts.headers, &body_hash)?;
        let Some(host) = only(&parts.headers, &header::HOST)? else {
            return Err(SignatureError::Incomplete(
                "The request must contain a 'Host' header.".to_owned(),
            ));
        };
        let signing_key = self.signing_key(claim.date);
        let canonical = CanonicalRequest::new(parts, &claim.authorization, &body_hash);
        for candidate in self.hosts.candidates(host) {
            let to_sign = string_to_sign(claim, &canonical.hash(&candidate.host));
            let signature = calculate_signature(&signing_key, &to_sign);
            if signature.as_bytes().ct_eq(claim.authorization.signature().as_bytes()).into() {
                // The holder of the key sent it, to an address that is not known as ours.
                return if candidate.is_ours { Ok(()) } else { Err(SignatureError::WrongHost) };
            }
        }
        Err(SignatureError::Mismatch)
    }

    fn check_scope(&self, authorization: &Authorization) -> Result<(), SignatureError> {
        let region = self.credentials.region.as_str();
        let wrong = |part, expected: &str| {
            Err(SignatureError::WrongScope { part, expected: expected.to_owned() })
        };
        match authorization.scope() {
            (_, _, ending) if ending != "aws4_request" => wrong("the ending", "aws4_request"),
            (_, service, _) if service != self.service => wrong("the service", self.service),
            (named, _, _) if named != region => wrong("the region", region),
            _ => Ok(()),
        }
    }

    fn signing_key(&self, date: AmzDate) -> SigningKey {
        let day = date.day();
        let found = |keys: &[([u8; 8], SigningKey)]| {
            keys.iter().find(|(known, _)| *known == day).map(|(_, key)| Arc::clone(key))
        };
        if let Ok(keys) = self.signing_keys.read()
            && let Some(key) = found(&keys)
        {
            return key;
        }
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(date.unix_seconds());
        let Credentials { secret_access_key, region, .. } = &self.credentials;
        let key: SigningKey =
            generate_signing_key(secret_access_key.reveal(), time, region, self.service)
                .as_ref()
                .into();
        if let Ok(mut keys) = self.signing_keys.write()
            && found(&keys).is_none()
        {
            keys.truncate(1);
            keys.insert(0, (day, Arc::clone(&key)));
        }
        key
    }
}

fn string_to_sign(claim: &Claim, canonical_hash: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(160);
    text.extend_from_slice(b"AWS4-HMAC-SHA256\n");
    text.extend_from_slice(claim.date.as_bytes());
    text.push(b'\n');
    text.extend_from_slice(claim.authorization.scope_text().as_bytes());
    text.push(b'\n');
    let mut hash = [0; 64];
    hex_of(canonical_hash, &mut hash);
    text.extend_from_slice(&hash);
    text
}

fn hex_of(digest: &[u8], into: &mut [u8; 64]) {
    // A SHA-256 digest has 32 bytes, so the length always fits.
    let _ = hex::encode_to_slice(digest, into);
}

/// The header's only value; duplicates are refused, since a proxy and this server could read different ones.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h [u8]>, SignatureError> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(SignatureError::Incomplete(format!(
            "The request has more than one '{name}' header."
        )));
    }
    Ok(first.map(axum::http::HeaderValue::as_bytes))
}

fn is_presigned(query: &str) -> bool {
    query.split('&').any(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        ["X-Amz-Algorithm", "X-Amz-Signature", "X-Amz-Credential", "Signature", "AWSAccessKeyId"]
            .iter()
            .any(|signing| name.eq_ignore_ascii_case(signing))
    })
}

fn check_skew(date: AmzDate, now: Timestamp) -> Result<(), SignatureError> {
    let now_seconds = u64::try_from(now.as_millis().div_euclid(1000)).unwrap_or_default();
    if date.unix_seconds().abs_diff(now_seconds) <= ALLOWED_SKEW_SECONDS {
        return Ok(());
    }
    let shown = AmzDate::from_unix_seconds(now_seconds);
    // SQS's own words: clients recognise a clock that is off by the code and the Date header.
    let message = if date.unix_seconds() < now_seconds {
        format!("Signature expired: {date} is now earlier than {shown} - 15 min.")
    } else {
        format!("Signature not yet current: {date} is still later than {shown} + 15 min.")
    };
    Err(SignatureError::Skewed(message))
}

fn check_signed_headers(
    authorization: &Authorization,
    headers: &HeaderMap,
) -> Result<(), SignatureError> {
    let incomplete = |message: String| Err(SignatureError::Incomplete(message));
    for required in ["host", "x-amz-date"] {
        if !authorization.signs(required) {
            return incomplete(format!(
                "'{required}' must be a 'SignedHeader' in the AWS Authorization."
            ));
        }
    }
    // It names the action: unsigned, anybody on the way could turn one request into another.
    if headers.contains_key("x-amz-target") && !authorization.signs("x-amz-target") {
        return incomplete(
            "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization.".to_owned(),
        );
    }
    match authorization.signed_headers().find(|name| !headers.contains_key(*name)) {
        Some(absent) => incomplete(format!("The signed header '{absent}' is not in the request.")),
        None => Ok(()),
    }
}

fn check_payload_hash(headers: &HeaderMap, body_hash: &[u8; 64]) -> Result<(), SignatureError> {
    match only(headers, &X_AMZ_CONTENT_SHA256)? {
        None => Ok(()),
        Some(sent) if bool::from(sent.ct_eq(body_hash)) => Ok(()),
        Some(sent) if sent.starts_with(b"UNSIGNED-PAYLOAD") || sent.starts_with(b"STREAMING-") => {
            Err(SignatureError::PayloadHash(
                "Unsigned and streamed payloads are not accepted: sign the body's SHA-256",
            ))
        }
        Some(_) => Err(SignatureError::PayloadHash(
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        )),
    }
}
