//! The id fields of a message that could not be read: whether it belongs to somebody.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::event::{RequestId, SessionId};
use crate::privacy::{Privacy, is_session};

/// The fields of a message by which it belongs to a request.
const REQUEST_FIELDS: [&str; 2] = ["requestId", "correlationId"];

/// The longest name of a field that is looked at.
const MAX_FIELD_BYTES: usize = 40;
/// The longest id that is looked at in a body that is no JSON.
const MAX_ID_BYTES: usize = 1_024;

/// What the id fields of a message's body hold. A body that is no JSON, as one that was cut off, is
/// searched as text; so is one that is, since a field that comes twice is read but once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedIds(BTreeSet<String>);

impl NamedIds {
    /// Looks for them.
    pub fn in_body(body: &[u8]) -> Self {
        let mut named = Self::default();
        named.look_into(body);
        named
    }

    /// Whether one of them is among `names`, so that the message goes when these are forgotten.
    pub fn any_of(&self, names: &BTreeSet<String>) -> bool {
        self.0.iter().any(|id| names.contains(id))
    }

    /// The requests that they may be.
    pub fn requests(&self) -> impl Iterator<Item = RequestId> {
        self.0.iter().filter_map(|id| RequestId::new(id.as_str()).ok())
    }

    /// The sessions that they may be, in both forms in which one may be kept.
    pub fn sessions(&self, privacy: &Privacy) -> impl Iterator<Item = SessionId> {
        self.0.iter().flat_map(|id| {
            privacy.session(id).into_iter().chain([SessionId::from_store(id.clone())])
        })
    }

    fn look_into(&mut self, body: &[u8]) {
        match serde_json::from_slice(body) {
            // A message that was made JSON twice.
            Ok(Value::String(text)) => self.look_into(text.as_bytes()),
            Ok(value) => self.look_into_value(&value),
            Err(_) => {}
        }
        self.look_into_text(&String::from_utf8_lossy(body));
    }

    fn look_into_value(&mut self, value: &Value) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| self.look_into_value(value)),
            Value::Object(fields) => {
                for (field, value) in fields {
                    match value {
                        Value::String(text) if is_id(field) => self.add(text),
                        Value::Number(number) if is_id(field) => self.add(&number.to_string()),
                        value => self.look_into_value(value),
                    }
                }
            }
            _ => {}
        }
    }

    fn look_into_text(&mut self, text: &str) {
        // Every quoted text that is followed by a colon may be a field's name.
        let mut quotes = text.match_indices('"').map(|(place, _)| place).peekable();
        while let Some(start) = quotes.next() {
            let Some(end) = quotes.peek() else { break };
            let field = text.get(start + 1..*end).unwrap_or_default();
            if is_id(field)
                && let Some(id) = text.get(end + 1..).and_then(text_value)
            {
                self.add(&id);
            }
        }
    }

    fn add(&mut self, id: &str) {
        for id in [id, id.trim()] {
            if !id.is_empty() && !self.0.contains(id) {
                self.0.insert(id.to_owned());
            }
        }
    }
}

/// The JSON string that follows a field's name; it may end with the text instead of a quote.
fn text_value(after_field: &str) -> Option<String> {
    let value = after_field.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    let value = value.get(..value.floor_char_boundary(MAX_ID_BYTES)).unwrap_or(value);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(id: &str, body: &str, expect: bool) {
        let named = NamedIds::in_body(body.as_bytes());
        assert_eq!(named.any_of(&BTreeSet::from([id.to_owned()])), expect, "{body}");
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
