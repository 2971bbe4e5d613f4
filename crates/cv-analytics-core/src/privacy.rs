//! What is taken out of a message before anything keeps it.
//!
//! Every rule is on by default and can be switched off by itself. Redaction is idempotent: the
//! markers hold nothing that another pass would replace.

mod email;
mod field_names;
mod findings;
mod folding;
mod links;
mod number_context;
mod numbers;
mod payment;
mod phone_plans;
mod redaction;
mod secrets;
mod session;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::event::SessionId;
use field_names::FieldKind;
pub(crate) use field_names::{bare_name, is_request, is_session, session_rank};
use findings::{API_KEY, is_begun_marker};
pub use findings::{EMAIL as EMAIL_MARKER, REDACTION_MARKERS};
use redaction::{Scope, redact};
pub use session::SessionKey;
pub(crate) use session::is_hashed;

/// What the intake takes out.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each rule is switched by itself")]
pub struct Privacy {
    /// Replace e-mail addresses, phone numbers, card and account numbers, passwords and API-key-like
    /// strings in free text by markers.
    pub redact_text: bool,
    /// Keep what the agent answered, where it says so.
    pub keep_answers: bool,
    /// Keep a keyed hash in place of `sessionId`.
    pub hash_sessions: bool,
    /// Drop user agent, referer and the other headers that tell of a visitor, once the agent was
    /// checked against the known bots.
    pub drop_user_agent: bool,
    /// The key of the session hash. Never rotated by itself: sessions would fall apart.
    pub session_key: SessionKey,
}

/// How many characters behind its limit a text is read, so that what the limit cuts through is known for what it is.
const MARGIN_CHARS: usize = 400;
/// The most characters of a free text in a field that nobody interprets: as many as of a question.
const TEXT_MAX_CHARS: usize = 2_000;

impl Privacy {
    /// Every rule on.
    pub fn full(session_key: SessionKey) -> Self {
        Self {
            redact_text: true,
            keep_answers: true,
            hash_sessions: true,
            drop_user_agent: true,
            session_key,
        }
    }

    /// The kept form of the agent's session id; `None` for "anonymous" and for an empty text.
    pub fn session(&self, id: &str) -> Option<SessionId> {
        let id = id.trim();
        if id.is_empty() || id.eq_ignore_ascii_case("anonymous") {
            return None;
        }
        if !self.hash_sessions || is_hashed(id) {
            return Some(SessionId::from_store(id.to_owned()));
        }
        Some(SessionId::hashed(self.session_key.hash(id), id))
    }

    /// Free text with its personal data replaced by markers.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.within(text, Scope::FreeText)
    }

    fn within<'t>(&self, text: &'t str, scope: Scope) -> Cow<'t, str> {
        if self.redact_text { redact(text, scope) } else { Cow::Borrowed(text) }
    }

    /// Redacts a free text and cuts it after `limit` characters; says whether it was cut.
    ///
    /// The rules see the text no further than they have to: a long text costs what its beginning
    /// costs. A number or token that the limit cuts through is left out whole.
    pub(crate) fn redact_and_cut(&self, text: &mut String, limit: usize) -> bool {
        if text.len() > limit && text.chars().nth(limit).is_some() {
            // So that its blanks are not all that is kept of it.
            let blanks = text.len() - text.trim_start().len();
            text.drain(..blanks);
        }
        if !self.redact_text {
            return cut(text, limit);
        }
        let beyond = cut(text, limit + MARGIN_CHARS);
        self.replace(text, Scope::FreeText);
        let mut was_cut = beyond;
        // What is left before a cut may look like another number.
        if beyond {
            drop_unfinished(text);
            self.replace(text, Scope::FreeText);
        }
        while cut_between_tokens(text, limit) {
            was_cut = true;
            self.replace(text, Scope::FreeText);
        }
        was_cut
    }

    /// Says whether a text in `value` was cut.
    fn value_of(&self, kind: FieldKind, value: &mut Value) -> bool {
        match value {
            Value::String(text) => return self.unknown_text(kind, text),
            Value::Array(values) => {
                return values
                    .iter_mut()
                    .fold(false, |cut, value| cut | self.value_of(kind, value));
            }
            Value::Object(fields) => {
                if kind == FieldKind::Session {
                    self.session_object(fields);
                }
                return !self.fields(fields).is_empty();
            }
            Value::Number(number) if kind == FieldKind::Session && self.hash_sessions => {
                let kept = self.session(&number.to_string());
                *value = kept.map_or(Value::Null, |kept| Value::from(kept.as_str()));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
        false
    }

    /// The text of an unknown field: free text where its name or its blanks say so. Says whether it was cut.
    fn unknown_text(&self, kind: FieldKind, text: &mut String) -> bool {
        let is_prose = text.trim().contains(char::is_whitespace);
        match kind {
            FieldKind::Session => {
                if let Some(kept) = self.session(text) {
                    kept.as_str().clone_into(text);
                }
            }
            FieldKind::Secret if self.redact_text && !text.trim().is_empty() => {
                API_KEY.clone_into(text);
            }
            FieldKind::Id if !is_prose => self.replace(text, Scope::Id),
            _ if is_prose || kind == FieldKind::Text => {
                return self.redact_and_cut(text, TEXT_MAX_CHARS);
            }
            _ => self.replace(text, Scope::Token),
        }
        false
    }

    fn session_object(&self, fields: &mut Map<String, Value>) {
        for (name, value) in fields.iter_mut() {
            if matches!(bare_name(name).as_str(), "id" | "uuid" | "key" | "token" | "value")
                && (value.is_string() || value.is_number())
            {
                self.value_of(FieldKind::Session, value);
            }
        }
    }

    /// Redacts and cuts free text in unknown fields and their names, at any depth; returns the fields that were cut.
    pub(crate) fn fields(&self, fields: &mut Map<String, Value>) -> BTreeSet<String> {
        let mut cut = BTreeSet::new();
        for (name, value) in fields.iter_mut() {
            if self.value_of(FieldKind::of(name), value) {
                cut.insert(self.field_name(name).into_owned());
            }
        }
        let renamed: Vec<(String, String)> = fields
            .keys()
            .filter_map(|name| match self.field_name(name) {
                Cow::Owned(redacted) => Some((name.clone(), redacted)),
                Cow::Borrowed(_) => None,
            })
            .collect();
        for (name, redacted) in renamed {
            if let Some(value) = fields.remove(&name) {
                fields.insert(redacted, value);
            }
        }
        cut
    }

    /// A field's name as it is kept.
    fn field_name<'n>(&self, name: &'n str) -> Cow<'n, str> {
        let is_prose = name.trim().contains(char::is_whitespace);
        self.within(name, if is_prose { Scope::FreeText } else { Scope::Token })
    }

    fn replace(&self, text: &mut String, scope: Scope) {
        if let Cow::Owned(redacted) = self.within(text, scope) {
            *text = redacted;
        }
    }

    /// The user agents in `fields`, at any depth; removed with the visitor's other headers where privacy says so.
    pub(crate) fn take_headers(&self, fields: &mut Map<String, Value>) -> Vec<String> {
        let mut agents = Vec::new();
        self.headers_of(fields, &mut agents);
        agents
    }

    fn headers_of(&self, fields: &mut Map<String, Value>, agents: &mut Vec<String>) {
        fields.retain(|name, value| {
            if FieldKind::of(name) == FieldKind::Header {
                if is_user_agent(name) {
                    agents.extend(texts(value));
                }
                return !self.drop_user_agent;
            }
            self.headers_within(value, agents)
        });
    }

    /// Says whether anything is left of `value`.
    fn headers_within(&self, value: &mut Value, agents: &mut Vec<String>) -> bool {
        match value {
            Value::Object(fields) => {
                let was_empty = fields.is_empty();
                self.headers_of(fields, agents);
                was_empty || !fields.is_empty()
            }
            Value::Array(values) => {
                let was_empty = values.is_empty();
                values.retain_mut(|value| {
                    if let Some(name) = header_entry(value) {
                        if is_user_agent(&name) {
                            agents.extend(texts(value).into_iter().filter(|text| *text != name));
                        }
                        return !self.drop_user_agent;
                    }
                    self.headers_within(value, agents)
                });
                was_empty || !values.is_empty()
            }
            _ => true,
        }
    }
}

/// The name of a header in a list of them: `["User-Agent", "…"]` or `{"name": "User-Agent", …}`.
fn header_entry(value: &Value) -> Option<String> {
    let name = match value {
        Value::Array(pair) if pair.len() == 2 => pair.first()?.as_str()?,
        Value::Object(entry) if entry.contains_key("value") => {
            entry.get("name").or_else(|| entry.get("key"))?.as_str()?
        }
        _ => return None,
    };
    (FieldKind::of(name) == FieldKind::Header).then(|| name.to_owned())
}

fn is_user_agent(name: &str) -> bool {
    let name = bare_name(name);
    name.contains("useragent") || name == "ua"
}

/// The texts in a value, itself included.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// Cuts `text` after `limit` characters, and says whether it had to.
fn cut(text: &mut String, limit: usize) -> bool {
    if text.len() <= limit {
        return false;
    }
    let Some((end, _)) = text.char_indices().nth(limit) else { return false };
    text.truncate(end);
    true
}

/// Cuts `text` after `limit` characters at most: before a marker, or a token with digits, that
/// the cut would go through.
fn cut_between_tokens(text: &mut String, limit: usize) -> bool {
    if text.len() <= limit {
        return false;
    }
    let Some((end, next)) = text.char_indices().nth(limit) else { return false };
    text.truncate(end);
    let marker = text.rfind('[').filter(|open| text.get(*open..).is_some_and(is_begun_marker));
    if let Some(open) = marker {
        text.truncate(open);
    } else if !next.is_whitespace() && has_digits(last_token(text)) {
        drop_last_token(text);
    }
    true
}

/// Drops the last token of a cut text and the numbers before it: they may begin something personal.
fn drop_unfinished(text: &mut String) {
    drop_last_token(text);
    for _ in 0..MAX_NUMBER_PARTS {
        if !has_digits(last_token(text.trim_end())) {
            break;
        }
        drop_last_token(text);
    }
}

/// The most parts that blanks make of one number: an account's of 34 letters and digits in fours.
const MAX_NUMBER_PARTS: usize = 9;
/// What is longer is neither a word nor a number; a cut through it is a cut like any other.
const MAX_TOKEN_BYTES: usize = 300;

/// Drops the last token, unless nothing would be left.
fn drop_last_token(text: &mut String) {
    let kept = text.trim_end().len() - last_token(text.trim_end()).len();
    let is_all = text.get(..kept).is_none_or(|kept| kept.trim().is_empty());
    if text.len() - kept <= MAX_TOKEN_BYTES && !is_all {
        text.truncate(kept);
    }
}

fn last_token(text: &str) -> &str {
    text.rsplit(char::is_whitespace).next().unwrap_or_default()
}

fn has_digits(token: &str) -> bool {
    token.contains(|letter: char| letter == '@' || letter.is_numeric())
}
