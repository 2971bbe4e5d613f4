//! The canonical form of a request, which its signature covers.

use std::borrow::Cow;

use axum::http::request::Parts;
use sha2::digest::Output;
use sha2::{Digest, Sha256};

use super::authorization::Authorization;

/// A request's canonical form, written once for all the hosts that it may have been signed for.
pub(super) struct CanonicalRequest {
    /// The hash so far, up to where the host's value is.
    until_host: Sha256,
    after_host: Vec<u8>,
}

impl CanonicalRequest {
    /// Writes the six parts of AWS's description, each on its line (or lines). The host is one of the signed headers.
    pub(super) fn new(parts: &Parts, authorization: &Authorization, body_hash: &[u8; 64]) -> Self {
        let mut canonical = Vec::with_capacity(640);
        let mut until_host = Sha256::new();
        canonical.extend_from_slice(parts.method.as_str().as_bytes());
        canonical.push(b'\n');
        write_path(&mut canonical, parts.uri.path());
        canonical.push(b'\n');
        write_query(&mut canonical, parts.uri.query().unwrap_or_default());
        canonical.push(b'\n');
        for name in authorization.signed_headers() {
            canonical.extend_from_slice(name.as_bytes());
            canonical.push(b':');
            if name == "host" {
                until_host.update(&canonical);
                canonical.clear();
            } else {
                for (index, value) in parts.headers.get_all(name).iter().enumerate() {
                    if index > 0 {
                        canonical.push(b',');
                    }
                    write_header_value(&mut canonical, value.as_bytes());
                }
            }
            canonical.push(b'\n');
        }
        canonical.push(b'\n');
        canonical.extend_from_slice(authorization.signed_headers_text().as_bytes());
        canonical.push(b'\n');
        canonical.extend_from_slice(body_hash);
        Self { until_host, after_host: canonical }
    }

    /// The SHA-256 of the form in which the request is sent to `host`.
    pub(super) fn hash(&self, host: &[u8]) -> Output<Sha256> {
        let mut value = Vec::with_capacity(host.len());
        write_header_value(&mut value, host);
        self.until_host.clone().chain_update(&value).chain_update(&self.after_host).finalize()
    }
}

/// RFC 3986's unreserved characters, the only ones that are not encoded.
const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn write_encoded(canonical: &mut Vec<u8>, byte: u8) {
    let digit = |value: u8| if value < 10 { b'0' + value } else { b'A' + value - 10 };
    canonical.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 15)]);
}

/// The path as it was sent, without dot segments and repeated slashes, encoded once more.
pub(super) fn write_path(canonical: &mut Vec<u8>, path: &str) {
    let normalized = if path.contains("//") || path.contains("/.") {
        normalized(path)
    } else {
        Cow::Borrowed(path)
    };
    if !normalized.starts_with('/') {
        canonical.push(b'/');
    }
    for byte in normalized.bytes() {
        if is_unreserved(byte) || byte == b'/' {
            canonical.push(byte);
        } else {
            write_encoded(canonical, byte);
        }
    }
}

/// RFC 3986, 5.2.4, and no empty segments.
fn normalized(path: &str) -> Cow<'_, str> {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            _ => kept.push(segment),
        }
    }
    let mut text = format!("/{}", kept.join("/"));
    let is_folder = ["/", "/.", "/.."].iter().any(|ending| path.ends_with(ending));
    if is_folder && !text.ends_with('/') {
        text.push('/');
    }
    Cow::Owned(text)
}

/// The parameters decoded, encoded strictly, and sorted by name, then by value.
pub(super) fn write_query(canonical: &mut Vec<u8>, query: &str) {
    if query.is_empty() {
        return;
    }
    let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (reencoded(name), reencoded(value))
        })
        .collect();
    pairs.sort_unstable();
    for (index, (name, value)) in pairs.iter().enumerate() {
        if index > 0 {
            canonical.push(b'&');
        }
        canonical.extend_from_slice(name);
        canonical.push(b'=');
        canonical.extend_from_slice(value);
    }
}

fn reencoded(text: &str) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let (byte, after) = match (first, after) {
            (b'%', [high, low, after @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                (hex_value(*high) << 4 | hex_value(*low), after)
            }
            (b'+', after) => (b' ', after),
            (byte, after) => (byte, after),
        };
        if is_unreserved(byte) {
            encoded.push(byte);
        } else {
            write_encoded(&mut encoded, byte);
        }
        rest = after;
    }
    encoded
}

const fn hex_value(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit - b'A' + 10,
    }
}

/// Without white space round it, and with one space for each run inside.
pub(super) fn write_header_value(canonical: &mut Vec<u8>, value: &[u8]) {
    let mut blank = false;
    for &byte in value.trim_ascii() {
        if byte.is_ascii_whitespace() {
            blank = true;
            continue;
        }
        if blank {
            canonical.push(b' ');
            blank = false;
        }
        canonical.push(byte);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(write: fn(&mut Vec<u8>, &str), input: &str, expect: &str) {
        let mut canonical = Vec::new();
        write(&mut canonical, input);
        assert_eq!(String::from_utf8(canonical).unwrap(), expect, "{input:?}");
    }

    #[test]
    fn paths_are_normalised_and_encoded_once_more() {
        check(write_path, "/", "/");
        check(write_path, "", "/");
        check(write_path, "*", "/%2A");
        check(
            write_path,
            "/000000000000/cv-analytics-events.fifo",
            "/000000000000/cv-analytics-events.fifo",
        );
        check(write_path, "/a%20b", "/a%2520b");
        check(write_path, "/example/..", "/");
        check(write_path, "/example1/example2/../..", "/");
        check(write_path, "/./", "/");
        check(write_path, "/./example", "/example");
        check(write_path, "//", "/");
        check(write_path, "//example//", "/example/");
        check(write_path, "/../../x", "/x");
        check(write_path, "/a/.b", "/a/.b");
        check(write_path, "/\u{1234}", "/%E1%88%B4");
        check(write_path, "/test/@c/J%3D", "/test/%40c/J%253D");
    }

    #[test]
    fn queries_are_sorted_and_encoded_strictly() {
        check(write_query, "", "");
        check(write_query, "Param2=value2&Param1=value1", "Param1=value1&Param2=value2");
        check(write_query, "Param1=value2&Param1=Value1", "Param1=Value1&Param1=value2");
        check(
            write_query,
            "Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
            "%E1%88%B4=Value1&Param=Value2&Param-3=Value3",
        );
        check(write_query, "a", "a=");
        check(write_query, "a=b=c", "a=b%3Dc");
        check(write_query, "a=x+y%20z", "a=x%20y%20z");
        check(write_query, "a=%7e%zz%", "a=~%25zz%25");
        check(write_query, "&&a=1&", "a=1");
    }

    #[test]
    fn header_values_are_trimmed_and_their_blanks_folded() {
        let write =
            |canonical: &mut Vec<u8>, value: &str| write_header_value(canonical, value.as_bytes());
        check(write, " value1 ", "value1");
        check(write, "\"a   b   c\"", "\"a b c\"");
        check(write, "value1\n  value2\r\n\tvalue3", "value1 value2 value3");
        check(write, "", "");
        check(write, "   ", "");
    }
}
