//! Signatures: requests with any headers, beside the same signed by AWS's own signer.

use axum::http::{HeaderName, HeaderValue, StatusCode, Uri};

use crate::queue::{Answered, signed, unsigned, with_queue};

/// Headers that the signer writes, or that it leaves out and a server may refuse a request for.
const OF_THE_SIGNER: [&str; 9] = [
    "authorization",
    "connection",
    "content-length",
    "expect",
    "host",
    "transfer-encoding",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
];
const MAX_HEADERS: usize = 30;

/// The first line is the target, then come headers, a blank line, and the body.
///
/// Holds that the request as it stands, by a sender without the key, is refused and leaves nothing behind; that,
/// with its signature made by AWS's own signer, it is nobody else's; and that it is refused again with another
/// body, another target, or another value of a header.
pub fn check(data: &[u8]) {
    let Some((target, headers, body)) = parse(data) else { return };
    let answered = with_queue(|queue| queue.send(unsigned(&target, &headers, body)));
    assert!(answered.status.is_client_error(), "{answered:?}");
    assert_eq!(answered.arrivals, []);

    // A signature in the query is refused, whatever there is beside it.
    let query = target.query().unwrap_or_default().to_ascii_lowercase();
    if ["x-amz-", "signature", "awsaccesskeyid"].iter().any(|name| query.contains(name)) {
        return;
    }
    let headers: Vec<_> =
        headers.into_iter().filter(|(name, _)| !OF_THE_SIGNER.contains(&name.as_str())).collect();
    let Some(request) = signed(&target, &headers, body) else { return };
    let (parts, _) = request.into_parts();
    let send = |target: &Uri, changed: Option<(&HeaderName, HeaderValue)>, body: &[u8]| {
        let mut request = unsigned(target, &[], body);
        request.headers_mut().clone_from(&parts.headers);
        if let Some((name, value)) = changed {
            request.headers_mut().insert(name.clone(), value);
        }
        with_queue(|queue| queue.send(request))
    };
    let answered = send(&target, None, body);
    if matches!(answered.status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED) {
        return;
    }
    assert!(!is_forged(&answered), "{answered:?}");
    assert!(answered.status == StatusCode::OK || answered.status.is_client_error(), "{answered:?}");

    let mut longer = body.to_vec();
    longer.push(b'!');
    assert!(is_forged(&send(&target, None, &longer)), "another body");
    let separator = if target.query().is_some() { '&' } else { '?' };
    let other: Uri = format!("{target}{separator}added=1").parse().expect("a target and more");
    assert!(is_forged(&send(&other, None, body)), "another target");
    let authorization = parts.headers["authorization"].to_str().expect("the signer's own");
    for (name, value) in &headers {
        let is_signed = authorization
            .split_once("SignedHeaders=")
            .and_then(|(_, rest)| rest.split_once(','))
            .is_some_and(|(names, _)| names.split(';').any(|signed| signed == name.as_str()));
        let mut changed = value.as_bytes().to_vec();
        changed.push(b'!');
        let changed = HeaderValue::from_bytes(&changed).expect("a value and more");
        if is_signed {
            assert!(is_forged(&send(&target, Some((name, changed)), body)), "another {name}");
        }
    }
}

/// Whether a request is refused for its signature.
fn is_forged(answered: &Answered) -> bool {
    let codes = [
        "MissingAuthenticationToken",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
    ];
    let told = answered.headers.get("x-amzn-query-error").and_then(|told| told.to_str().ok());
    answered.status != StatusCode::OK
        && codes.iter().any(|code| {
            told.is_some_and(|told| told.starts_with(code))
                || answered.body.contains(&format!("<Code>{code}</Code>"))
        })
}

type Headers = Vec<(HeaderName, HeaderValue)>;

fn parse(data: &[u8]) -> Option<(Uri, Headers, &[u8])> {
    let mut rest = data;
    let mut line = || {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let (line, after) = rest.split_at(end);
        rest = &after[1..];
        std::str::from_utf8(line).ok()
    };
    let target: Uri = line()?.parse().ok()?;
    if !target.path().starts_with('/') || target.authority().is_some() {
        return None;
    }
    let mut headers = Headers::new();
    loop {
        let line = line()?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        let value = value.trim_matches([' ', '\t']);
        // As a server over HTTP gets them; the signer takes only text.
        value.bytes().all(|byte| matches!(byte, b' '..=b'~')).then_some(())?;
        headers.push((HeaderName::try_from(name).ok()?, HeaderValue::from_str(value).ok()?));
        if headers.len() > MAX_HEADERS {
            return None;
        }
    }
    Some((target, headers, rest))
}
