//! The bytes of a message as one JSON object (RFC 8259).

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::dead_letter::Reason;
use crate::field::{Fields, Unreadable, wrong_type};

pub(crate) fn object(body: &[u8]) -> Result<Fields, Unreadable> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let mut repaired = false;
    let read = serde_json::from_slice(body).or_else(|error| {
        let text = std::str::from_utf8(body).ok().and_then(with_whole_surrogates).ok_or(error)?;
        repaired = true;
        serde_json::from_str(&text)
    });
    match read {
        Ok(Value::Object(fields)) => {
            let mut fields = Fields::new(fields);
            if repaired {
                fields.tolerate("replaced half a surrogate pair with U+FFFD");
            }
            Ok(fields)
        }
        Ok(other) => {
            let (_, detail) = wrong_type("a message", "one JSON object", &other);
            Err((Reason::NotAnObject, detail))
        }
        Err(error) => Err((
            Reason::NotJson,
            format!("line {}, column {}: {}", error.line(), error.column(), kind(&error)),
        )),
    }
}

/// JavaScript that cuts a text within an emoji sends half a surrogate pair, which is no Unicode
/// text (RFC 8259, section 8.2): such an escape becomes U+FFFD. `None` where there is none.
fn with_whole_surrogates(text: &str) -> Option<String> {
    static ESCAPE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let pair = r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}";
        Regex::new(&format!(r"\\[^u]|{pair}|\\u[dD][89a-fA-F][0-9a-fA-F]{{2}}")).ok()
    });
    let mut lone = false;
    let repaired = ESCAPE.as_ref()?.replace_all(text, |found: &regex::Captures<'_>| {
        let escape = found.get(0).map_or("", |found| found.as_str());
        if escape.len() == 6 {
            lone = true;
            "\\ufffd".to_owned()
        } else {
            escape.to_owned()
        }
    });
    lone.then(|| repaired.into_owned())
}

/// The parser's own sentence may quote the message.
fn kind(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Eof => "the text ends too early",
        _ => "no JSON text",
    }
}
