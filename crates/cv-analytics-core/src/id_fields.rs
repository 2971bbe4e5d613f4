//! The id fields of a message that could not be read: whether it belongs to somebody.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::privacy::is_session;

/// The fields of a message by which it belongs to a request.
const REQUEST_FIELDS: [&str; 2] = ["requestId", "correlationId"];

/// The longest name of a field that is looked at.
const MAX_FIELD_BYTES: usize = 40;

/// Whether an id field of a message's body holds one of `names`, so that the message goes when they
/// are forgotten. A body that is no JSON, as one that was cut off, is searched as text; so is one
/// that is, since a field that comes twice is read but once.
pub fn names_one_of(body: &[u8], names: &BTreeSet<String>) -> bool {
    let in_value = match serde_json::from_slice(body) {
        // A message that was made JSON twice.
        Ok(Value::String(text)) => names_one_of(text.as_bytes(), names),
        Ok(value) => holds_value(&value, names),
        Err(_) => false,
    };
    in_value || holds_text(&String::from_utf8_lossy(body), names)
}

fn holds_value(value: &Value, names: &BTreeSet<String>) -> bool {
    match value {
        Value::Array(values) => values.iter().any(|value| holds_value(value, names)),
        Value::Object(fields) => fields.iter().any(|(field, value)| match value {
            Value::String(text) => is_id(field) && is_named(text, names),
            Value::Number(number) => is_id(field) && is_named(&number.to_string(), names),
            value => holds_value(value, names),
        }),
        _ => false,
    }
}

fn holds_text(text: &str, names: &BTreeSet<String>) -> bool {
    // Every quoted text that is followed by a colon may be a field's name.
    let mut quotes = text.match_indices('"').map(|(place, _)| place).peekable();
    while let Some(start) = quotes.next() {
        let Some(end) = quotes.peek() else { break };
        let field = text.get(start + 1..*end).unwrap_or_default();
        if is_id(field)
            && text.get(end + 1..).and_then(text_value).is_some_and(|value| is_named(&value, names))
        {
            return true;
        }
    }
    false
}

/// The JSON string that follows a field's name; it may end with the text instead of a quote.
fn text_value(after_field: &str) -> Option<String> {
    let value = after_field.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    let mut escaped = false;
    let end = value.find(|letter| {
        let closes = letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
        closes
    });
    let value = end.and_then(|end| value.get(..end)).unwrap_or(value);
    // What JSON does not allow, such as a line's end in a string, is taken as it stands.
    Some(serde_json::from_str(&format!("\"{value}\"")).unwrap_or_else(|_| value.to_owned()))
}

fn is_id(field: &str) -> bool {
    REQUEST_FIELDS.contains(&field) || (field.len() <= MAX_FIELD_BYTES && is_session(field))
}

fn is_named(value: &str, names: &BTreeSet<String>) -> bool {
    names.contains(value) || names.contains(value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(id: &str, body: &str, expect: bool) {
        assert_eq!(
            names_one_of(body.as_bytes(), &BTreeSet::from([id.to_owned()])),
            expect,
            "{body}"
        );
    }

    #[test]
    fn only_id_fields_of_json_name_a_letter() {
        check("1", r#"{"requestId":"1"}"#, true);
        check("1", r#"{"requestId":1}"#, true);
        check("1", r#"{"correlationId":" 1 "}"#, true);
        check("1", r#"[{"event":{"sessionId":"1"}}]"#, true);
        check("1", r#"{"requestId":"1","requestId":"2"}"#, true);
        check("1", r#""{\"requestId\":\"1\"}""#, true);
        check("1", r#"{"requestId":"11","timestamp":0,"eventType":"query","query":"1"}"#, false);
        let elsewhere = r#"{"eventType":"query","requestId":"zz","sessionId":"zzz","query":"k8s","metadata":{"attempt":1}}"#;
        check("1", elsewhere, false);
        check("zzz", elsewhere, true);
        check("1", r#"{"requestId":{"of":"1"}}"#, false);
        check("1", r#"{"query":"\"requestId\":\"1\""}"#, false);
        check("1", r#""1""#, false);
        check("1", "1", false);
    }

    #[test]
    fn text_that_is_no_json_is_named_by_a_quoted_id_beside_its_field() {
        check("1", r#"{"requestId":"1","query":"cut o"#, true);
        check("1", "{\"query\":\"q\", \"sessionId\" :\n \"1\", nonsense", true);
        check("1", r#"{"requestId":"1"#, true);
        check("a\"b", r#"{"requestId":"a\"b","#, true);
        check("a\nb", "{\"requestId\":\"a\nb\"}", true);
        check("1", r#"{"requestId":"12","#, false);
        check("12", r#"{"requestId":"1"#, false);
        check("1", r#"{"requestId":"1 or 2"#, false);
        check("1", r#"{"requestId":"2","query":"1"#, false);
        check("1", "I have 1 question", false);
        check("1", "{1", false);
        check("1", r#"requestId: "1""#, false);
        check("", r#"{"requestId""#, false);
    }
}
