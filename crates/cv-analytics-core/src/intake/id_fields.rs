//! Finds the ids of requests and sessions in an unreadable message.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::event::{RequestId, SessionId};
use crate::privacy::{Privacy, is_request, is_session};

/// What a client adds to a request's id to name one of its messages.
const HALVES: [&str; 2] = [":query", ":response"];

/// The longest name of a field that is looked at.
const MAX_FIELD_BYTES: usize = 40;
/// The longest id that is looked at in a body that is not JSON.
const MAX_ID_BYTES: usize = 1_024;
/// The most words of one message that are taken for ids.
const MAX_WORDS: usize = 10_000;
/// The shortest word with a digit that is taken for one, and the shortest without.
const MIN_WORD_CHARS: usize = 2;
const MIN_LETTERS: usize = 16;
/// What separates words, besides blanks, where a word may contain any other mark.
const SEPARATORS: &str = "\"'`“”,;=&<>(){}[]|\\\0";
/// What a name or a value may stand between.
const QUOTES: [char; 3] = ['"', '\'', '`'];
/// What stands between a field's name and its value.
const MARKS: [&str; 5] = ["=>", ":", "=", "><![CDATA[", ">"];

/// The ids that a message's body may name, as written and in lower case: what its id fields hold, and every
/// word that looks like an id, since nobody knows in which notation a message comes that cannot be read. A body that
/// is not JSON, as one that was cut off, is searched as text; so is one that is, since a field that comes twice is read
/// but once. One in base64 is searched as what it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedIds {
    in_fields: BTreeSet<String>,
    words: BTreeSet<String>,
}

impl NamedIds {
    /// Looks for them in a message's body and in its message group, which is often a request's or a session's id.
    pub fn in_message(body: &[u8], group: Option<&str>) -> Self {
        let mut named = Self::default();
        named.look_into(body);
        if let Some(group) = group {
            add(&mut named.in_fields, group);
        }
        named
    }

    /// Whether one of them is among `names`, so that the message goes when these are forgotten.
    pub fn any_of(&self, names: &BTreeSet<String>) -> bool {
        self.all().any(|id| names.contains(id))
    }

    /// The requests that they may be, what id fields hold before the words.
    pub fn requests(&self) -> impl Iterator<Item = RequestId> {
        self.all().filter_map(|id| RequestId::new(id.as_str()).ok())
    }

    /// The sessions that they may be, in both forms in which one may be kept.
    pub fn sessions(&self, privacy: &Privacy) -> impl Iterator<Item = SessionId> {
        self.all().flat_map(|id| {
            privacy.session(id).into_iter().chain([SessionId::from_store(id.clone())])
        })
    }

    fn all(&self) -> impl Iterator<Item = &String> {
        self.in_fields.iter().chain(&self.words)
    }

    fn look_into(&mut self, body: &[u8]) {
        match serde_json::from_slice(body) {
            // A message that was made JSON twice.
            Ok(Value::String(text)) => self.look_into(text.as_bytes()),
            Ok(value) => self.look_into_value(&value),
            Err(_) => {
                // Within another text, its quotation marks are written in other ways.
                let text = String::from_utf8_lossy(body);
                if text.contains('\0') {
                    // UTF-16.
                    self.look_into_text(&text.replace('\0', ""));
                }
                if text.contains("%22") {
                    self.look_into_text(&percent_decode_str(&text).decode_utf8_lossy());
                }
                let marks = ["\\\"", "&quot;", "“", "”"];
                let plain =
                    marks.iter().fold(text.into_owned(), |text, mark| text.replace(mark, "\""));
                self.look_into_text(&plain);
                if let Ok(held) = BASE64_STANDARD.decode(body.trim_ascii())
                    && let Ok(text) = std::str::from_utf8(&held)
                {
                    self.look_into_text(text);
                }
            }
        }
        self.look_into_text(&String::from_utf8_lossy(body));
    }

    fn look_into_value(&mut self, value: &Value) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| self.look_into_value(value)),
            Value::Object(fields) => {
                for (field, value) in fields {
                    match value {
                        Value::String(text) if is_id(field) => add(&mut self.in_fields, text),
                        Value::Number(number) if is_id(field) => {
                            add(&mut self.in_fields, &number.to_string());
                        }
                        Value::Array(ids) if is_id(field) => {
                            let ids = ids.iter().filter_map(Value::as_str);
                            ids.for_each(|id| add(&mut self.in_fields, id));
                        }
                        // A message in an envelope.
                        Value::String(text) if text.trim_start().starts_with(['{', '[']) => {
                            self.look_into(text.as_bytes());
                        }
                        value => self.look_into_value(value),
                    }
                }
            }
            _ => {}
        }
    }

    fn look_into_text(&mut self, text: &str) {
        // Every word that a value follows may be a field's name: in JSON that was cut off, in Python's or YAML's
        // way of writing, in a form's, in an element's.
        let is_of_word = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
        let mut rest = text;
        while let Some(start) = rest.find(is_of_word) {
            let word = rest.get(start..).unwrap_or_default();
            let end = word.find(|letter| !is_of_word(letter)).unwrap_or(word.len());
            let (field, after) = word.split_at(end);
            if is_id(field)
                && let Some(id) = text_value(after)
            {
                add(&mut self.in_fields, &id);
                if let Ok(decoded) = percent_decode_str(&id.replace('+', " ")).decode_utf8() {
                    add(&mut self.in_fields, &decoded);
                }
            }
            rest = after;
        }
        let separates = |letter: char| letter.is_whitespace() || SEPARATORS.contains(letter);
        let words = text.split(|letter| !is_of_word(letter)).chain(text.split(separates));
        for word in words.filter(|word| looks_like_an_id(word)) {
            if self.words.len() >= MAX_WORDS {
                break;
            }
            add(&mut self.words, word);
        }
    }
}

/// Adds an id in each form in which it may be known.
fn add(ids: &mut BTreeSet<String>, id: &str) {
    let trimmed = id.trim();
    let of_message = HALVES.iter().find_map(|half| trimmed.strip_suffix(half));
    let small = trimmed.to_ascii_lowercase();
    for id in [id, trimmed, of_message.unwrap_or(trimmed), &small] {
        if !id.is_empty() && !ids.contains(id) {
            ids.insert(id.to_owned());
        }
    }
}

/// Whether a word may be an id although no field says so: it has a digit, as made-up ids have, or it is long.
fn looks_like_an_id(word: &str) -> bool {
    let has_digit = word.bytes().any(|byte| byte.is_ascii_digit());
    (if has_digit { MIN_WORD_CHARS } else { MIN_LETTERS }..=MAX_ID_BYTES).contains(&word.len())
}

/// The value that follows a field's name: in quotation marks, or up to where a bare one ends. It may end with the text.
fn text_value(after_field: &str) -> Option<String> {
    let after_field = after_field.strip_prefix(QUOTES).unwrap_or(after_field).trim_start();
    let value = MARKS.iter().find_map(|mark| after_field.strip_prefix(mark))?.trim_start();
    let value = value.trim_start_matches('[').trim_start();
    let value = value.get(..value.floor_char_boundary(MAX_ID_BYTES)).unwrap_or(value);
    let Some(mark) = value.chars().next().filter(|mark| QUOTES.contains(mark)) else {
        let end = value.find(|letter: char| letter.is_whitespace() || ",;&<}])".contains(letter));
        return value.get(..end.unwrap_or(value.len())).map(str::to_owned);
    };
    let value = value.get(mark.len_utf8()..)?;
    let mut escaped = false;
    let end = value.find(|letter| {
        let closes = letter == mark && !escaped;
        escaped = letter == '\\' && !escaped;
        closes
    });
    let value = end.and_then(|end| value.get(..end)).unwrap_or(value);
    // What JSON does not allow, such as a line's end in a string, is taken as it stands.
    Some(serde_json::from_str(&format!("\"{value}\"")).unwrap_or_else(|_| value.to_owned()))
}

fn is_id(field: &str) -> bool {
    field.len() <= MAX_FIELD_BYTES && (is_session(field) || is_request(field))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::{Content, Intake};
    use crate::timestamp::Timestamp;

    #[track_caller]
    fn check(id: &str, body: &str, expect: bool) {
        let named = NamedIds::in_message(body.as_bytes(), None);
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
        check("1", r#""1""#, false);
        check("1", "1", false);
    }

    #[test]
    fn text_that_is_no_json_is_named_by_an_id_beside_its_field() {
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
        check("", r#"{"requestId""#, false);
        check("1", "my requestId is 1", false);
    }

    #[test]
    fn other_ways_of_writing_a_message_name_it_too() {
        check("a-1", "{'requestId': 'a-1', 'query': 'it\\'s'}", true);
        check("a-1", "requestId: a-1\nquery: Go?\n", true);
        check("a-1", "requestId: \"a-1\"", true);
        check("a-1", "query=Go&requestId=a-1&x=y", true);
        check("a 1", "sessionId=a%201", true);
        check("a-1", "<event><requestId>a-1</requestId></event>", true);
        check("a-1", "{requestId: `a-1`, query: 'Go'}", true);
        check("a-1", r#"{"requestId":"A-1"}"#, true);
        check("a-1", &BASE64_STANDARD.encode(r#"{"requestId":"a-1"}"#), true);
        check("a-1", r#"{"Request_ID":"a-1","correlation-id":["b-1"]}"#, true);
        check("b-1", r#"{"Request_ID":"a-1","correlation-id":["b-1"]}"#, true);
        check("a-1", r#"{"Type":"Notification","Message":"{\"requestId\":\"a-1\"}"}"#, true);
        check("a-1", r#""{\"requestId\":\"a-1\",\"query\":\"cut o"#, true);
        check("a-1", r#"{"requestId"=>"a-1", "query"=>"Go?"}"#, true);
        check("a-1", "<requestId><![CDATA[a-1]]></requestId>", true);
        check("a-1", "body=%7B%22requestId%22%3A%22a-1%22%7D", true);
        check("a-1", "{&quot;requestId&quot;:&quot;a-1&quot;}", true);
        check("a-1", "{“requestId”: “a-1”}", true);
        check("a-1", r#"{"requestId":["a-1"], cut"#, true);
        check("a-1", r#"{"requestId":"a-1:query"}"#, true);
        check("a-1", "requestId = a-12", false);
    }
    #[test]
    fn a_word_that_looks_like_an_id_names_a_letter_in_any_notation() {
        check("q-1", r#"{"requestId":{"S":"q-1"},"query":{"S":"Go?"}}"#, true);
        check("S1", r#"{"eventType":"zap","session":{"id":"S1"},"q":"Go?"}"#, true);
        check("S1", r#"{"name":"sessionId","value":"S1"}"#, true);
        check("S1", "2026-11-30 12:00 asked by S1: Go?", true);
        check("S1", "S1,Go?,none", true);
        check(
            "S1",
            "--b\r\nContent-Disposition: form-data; name=\"sessionId\"\r\n\r\nS1\r\n--b--",
            true,
        );
        check("S1", r#"a:1:{s:9:"sessionId";s:2:"S1";}"#, true);
        check("a.b:1", r#"{"Key":"sessionId","Value":"a.b:1"}"#, true);
        check("q-1", "X-Request: q-1:query", true);
        check("S1", "S\x001\x00", true);
        check("S1", "who is S12?", false);
        check("question", "a question", false);
    }

    #[test]
    fn a_message_group_names_a_letter_however_its_body_ends() {
        let letter = |group| {
            let content =
                Intake::for_tests().read(b"{\"query\":\"cut o", Timestamp::from_millis(0));
            let Content::DeadLetter(letter) = content.in_group(group) else { unreachable!() };
            letter
        };
        assert_eq!(letter(Some("a-1:query")).group(), Some("a-1:query"));
        for (group, names) in
            [(Some("a-1"), true), (Some("a-1:query"), true), (Some("b"), false), (None, false)]
        {
            let named = letter(group).named();
            assert_eq!(named.any_of(&BTreeSet::from(["a-1".to_owned()])), names, "{group:?}");
        }
    }
}
