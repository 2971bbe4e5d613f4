//! The bytes of a message as one JSON object (RFC 8259).

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::dead_letter::Reason;
use crate::intake::field::{Fields, Unreadable, wrong_type};

pub(crate) fn object(body: &[u8]) -> Result<Fields, Unreadable> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    if std::str::from_utf8(body).is_ok_and(has_reserved_name) {
        let detail = format!("a name begins with {RESERVED}, which the program keeps for itself");
        return Err((Reason::WrongType, detail));
    }
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

/// The parser's own name prefix for numbers and raw text: a message's field of that name would be misread.
const RESERVED: &str = "$serde_json::private::";

/// Whether an object in `text`, at any depth, has a name that the parser takes for its own.
fn has_reserved_name(text: &str) -> bool {
    static TEXTS: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#"(?s)"(?:[^"\\]|\\.)*""#).ok());
    // Any letter of a name may be written as an escape.
    if !text.contains(RESERVED) && !text.contains("\\u") {
        return false;
    }
    let mut texts = TEXTS.iter().flat_map(|pattern| pattern.find_iter(text));
    texts.any(|found| {
        let after = text.get(found.end()..).unwrap_or_default();
        after.trim_start().starts_with(':')
            && serde_json::from_str(found.as_str())
                .is_ok_and(|name: String| name.starts_with(RESERVED))
    })
}

/// JavaScript that cuts a text within an emoji sends half a surrogate pair, which is not Unicode
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_the_parser_takes_for_its_own_is_refused_however_it_is_written() {
        for body in [
            r#"{"x":{"$serde_json::private::Number":"1e5"}}"#,
            r#"{"$serde_json::private::RawValue":"{}"}"#,
            r#"{"a":"b","x":[[{"\u0024serde_json::private::RawValue" : "[[1]]"}]]}"#,
            r#"{"x":"\\",":":1,"$serde_\u006ason::private::Number":"1"}"#,
        ] {
            let refused = object(body.as_bytes()).err().map(|(reason, _)| reason);
            assert_eq!(refused, Some(Reason::WrongType), "{body}");
        }
        for body in [
            r#"{"query":"$serde_json::private::Number"}"#,
            r#"{"query":"What is \"$serde_json::private::Number\": a name?"}"#,
            r#"{"x":{"a $serde_json::private::Number":"\u00e9"}}"#,
        ] {
            assert!(object(body.as_bytes()).is_ok(), "{body}");
        }
    }
}
