//! The one function that turns bytes into halves, or into a dead letter.
//!
//! **Invariant:** nothing else makes a half out of a message, so that unredacted text cannot
//! reach a store (a dead letter keeps the original bytes, as the contract asks).
//!
//! The intake is tolerant, because such shapes are really in use; what was tolerated is recorded
//! in the half. The shapes are those of the contract's section on events, and each has a golden
//! file in `fixtures/events`.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use crate::dead_letter::{DeadLetter, Reason};
use crate::event::{
    Event, EventType, Halves, MatchScore, MatchType, Outcome, QueryHalf, RequestId, ResponseForm,
    ResponseHalf, SessionId, Traffic,
};
use crate::field::{Fields, Unreadable, wrong_type};
use crate::known_bots::is_known_bot;
use crate::privacy::Privacy;
use crate::timestamp::Timestamp;

/// The most characters of a question that are kept.
pub const QUERY_MAX_CHARS: usize = 2_000;
/// The most characters of a reason that are kept.
pub const REASONING_MAX_CHARS: usize = 500;
/// The most bytes that the kept form of an event may have: 256 KiB.
pub const KEPT_MAX_BYTES: usize = 256 * 1024;

/// What a message holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// An event, ready to be joined.
    Event(Box<Event>),
    /// Bytes that cannot be read.
    DeadLetter(DeadLetter),
}

/// Reads messages under the owner's privacy settings.
#[derive(Clone, Debug)]
pub struct Intake {
    privacy: Privacy,
}

impl Intake {
    /// An intake that takes out what `privacy` says.
    pub fn new(privacy: Privacy) -> Self {
        Self { privacy }
    }

    /// An intake with every rule on and a fixed key.
    #[cfg(test)]
    pub(crate) fn for_tests() -> Self {
        Self::new(Privacy::full(crate::privacy::SessionKey::new(b"tests".to_vec())))
    }

    /// The privacy settings in force.
    pub fn privacy(&self) -> &Privacy {
        &self.privacy
    }

    /// Reads one message. Never fails: what cannot be read becomes a dead letter with its reason
    /// and its original bytes.
    pub fn read(&self, body: &[u8], arrived_at: Timestamp) -> Content {
        match self.event(body) {
            Ok(event) => Content::Event(Box::new(event)),
            Err((reason, detail)) => {
                Content::DeadLetter(DeadLetter { reason, detail, body: body.to_vec(), arrived_at })
            }
        }
    }

    fn event(&self, body: &[u8]) -> Result<Event, Unreadable> {
        let mut fields = object(body)?;
        let event_type = event_type(&mut fields)?;
        let request_id = request_id(&mut fields)?;
        let timestamp = fields.take("timestamp").ok_or_else(|| missing("timestamp"))?;
        let timestamp = moment("timestamp", &timestamp)?;
        let origin = self.origin(&mut fields)?;
        let halves = match event_type {
            EventType::Query
                if fields.rest.get("response").is_some_and(|response| !response.is_null()) =>
            {
                fields.tolerate("question and answer in one event");
                let query = self.question(&mut fields)?.ok_or_else(|| missing("query"))?;
                let response =
                    self.response(&mut fields, timestamp, &origin, ResponseForm::Combined)?;
                Halves::Whole(query.half(timestamp, &origin), response)
            }
            EventType::Query => {
                let query = self.question(&mut fields)?.ok_or_else(|| missing("query"))?;
                let mut half = query.half(timestamp, &origin);
                self.rest(&mut fields, &mut half.unknown, &mut half.tolerated);
                Halves::Query(half)
            }
            EventType::Response => {
                let asked_at = match fields.rest.get("query") {
                    Some(Value::Null) | None => None,
                    Some(_) => fields.take("queryTimestamp"),
                };
                match asked_at {
                    Some(asked_at) => {
                        let asked_at = moment("queryTimestamp", &asked_at)?;
                        let query = self.question(&mut fields)?.ok_or_else(|| missing("query"))?;
                        let response = self.response(
                            &mut fields,
                            timestamp,
                            &origin,
                            ResponseForm::SelfContained,
                        )?;
                        Halves::Whole(query.half(asked_at, &origin), response)
                    }
                    None => Halves::Response(self.response(
                        &mut fields,
                        timestamp,
                        &origin,
                        ResponseForm::Plain,
                    )?),
                }
            }
        };
        let event = Event { request_id, halves };
        // The kept form is longer than the message by a few markers at the most.
        if body.len() > KEPT_MAX_BYTES / 2 {
            let kept = event.to_json().to_string().len();
            if kept > KEPT_MAX_BYTES {
                return Err((
                    Reason::TooLarge,
                    format!("the kept form has {kept} bytes, {KEPT_MAX_BYTES} at most"),
                ));
            }
        }
        Ok(event)
    }

    /// Session and traffic, and the metadata without what privacy takes out.
    fn origin(&self, fields: &mut Fields) -> Result<Origin, Unreadable> {
        let session = match fields.take("sessionId") {
            Some(id) => self.privacy.session(&fields.text("sessionId", id)?),
            None => None,
        };
        let mut traffic = Traffic::Visitor;
        let mut agents = Vec::new();
        if let Some(Value::Object(metadata)) = fields.rest.get_mut("metadata") {
            if let Some(named) =
                metadata.get("traffic").and_then(Value::as_str).and_then(Traffic::from_code)
            {
                traffic = named;
                metadata.remove("traffic");
            }
            agents = self.user_agents(metadata);
            if metadata.is_empty() {
                fields.rest.remove("metadata");
            }
        }
        agents.extend(self.user_agents(&mut fields.rest));
        if traffic == Traffic::Visitor && agents.iter().any(|agent| is_known_bot(agent)) {
            traffic = Traffic::Bot;
        }
        Ok(Origin { session, traffic })
    }

    /// The user agents in `fields`; taken out, with the referers, where privacy says so.
    fn user_agents(&self, fields: &mut Map<String, Value>) -> Vec<String> {
        let named = |name: &String, known: &[&str]| {
            known.iter().any(|known| name.eq_ignore_ascii_case(known))
        };
        let agent = |name: &String| named(name, &["userAgent", "user-agent", "user_agent"]);
        let agents = fields.iter().filter(|(name, _)| agent(name));
        let agents = agents.filter_map(|(_, value)| value.as_str().map(str::to_owned)).collect();
        if self.privacy.drop_user_agent {
            fields.retain(|name, _| !agent(name) && !named(name, &["referer", "referrer"]));
        }
        agents
    }

    fn question(&self, fields: &mut Fields) -> Result<Option<Question>, Unreadable> {
        let Some(query) = fields.take("query") else { return Ok(None) };
        let mut text = fields.text("query", query)?;
        self.privacy.owned(&mut text);
        let cut = cut(&mut text, QUERY_MAX_CHARS) || was_cut(fields, "query");
        Ok(Some(Question { text, cut }))
    }

    fn response(
        &self,
        fields: &mut Fields,
        timestamp: Timestamp,
        origin: &Origin,
        form: ResponseForm,
    ) -> Result<ResponseHalf, Unreadable> {
        let mut blocks = Blocks::of(fields);
        let match_type = match fields
            .take("matchType")
            .or_else(|| blocks.take_either(fields, "type", "matchType"))
        {
            Some(value) => Some(match_type(fields, &value)?),
            None => None,
        };
        let outcome = match fields.take("outcome") {
            Some(value) => Some(outcome(fields, &value)?),
            None => None,
        };
        if match_type.is_none() && outcome.is_none() && form != ResponseForm::Combined {
            return Err((
                Reason::MissingField,
                "a response event needs matchType or outcome".to_owned(),
            ));
        }
        let match_type =
            match_type.or((outcome == Some(Outcome::NoMatch)).then_some(MatchType::None));
        let implied =
            if match_type == Some(MatchType::None) { Outcome::NoMatch } else { Outcome::Answered };
        let match_score = score(fields, &mut blocks)?;

        let reasoning = fields
            .take_or("reasoning", &["llmReasoning"])
            .or_else(|| blocks.take(fields, "reasoning"));
        let (reasoning, reasoning_cut) = match reasoning {
            Some(value) => {
                let mut text = fields.text("reasoning", value)?;
                self.privacy.owned(&mut text);
                let cut = cut(&mut text, REASONING_MAX_CHARS) || was_cut(fields, "reasoning");
                (Some(text), cut)
            }
            None => (None, false),
        };
        let matched = fields.take_or("matchedSkills", &["skillsMatched"]);
        let matched = matched.or_else(|| blocks.take(fields, "matchedSkills"));
        let missing = fields.take_or("missingSkills", &["skillsMissing", "missingConcepts"]);
        let missing = missing.or_else(|| blocks.take(fields, "missingSkills"));
        let mut names = |name, value: Option<Value>| -> Result<Vec<String>, Unreadable> {
            let mut names =
                value.map_or_else(|| Ok(Vec::new()), |value| fields.names(name, value))?;
            for name in &mut names {
                self.privacy.owned(name);
            }
            Ok(names)
        };
        let matched_skills = names("matchedSkills", matched)?;
        let missing_skills = names("missingSkills", missing)?;
        let total_time_ms = total_time(fields)?;

        let mut half = ResponseHalf {
            timestamp,
            match_type,
            match_score,
            outcome: outcome.unwrap_or(implied),
            reasoning,
            reasoning_cut,
            matched_skills,
            missing_skills,
            total_time_ms,
            session: origin.session.clone(),
            traffic: origin.traffic,
            form,
            unknown: Map::new(),
            tolerated: Vec::new(),
        };
        blocks.give_back(fields);
        if form == ResponseForm::Plain {
            self.cut_unjoined_question(fields);
        }
        self.rest(fields, &mut half.unknown, &mut half.tolerated);
        Ok(half)
    }

    /// A question without its timestamp makes no query half; it stays an unknown field, as short
    /// as any question.
    fn cut_unjoined_question(&self, fields: &mut Fields) {
        let Some(Value::String(text)) = fields.rest.get_mut("query") else { return };
        self.privacy.owned(text);
        if cut(text, QUERY_MAX_CHARS)
            && let Value::Array(names) = fields.rest.entry("cut").or_insert_with(|| Value::Array(Vec::new()))
        {
            names.push(Value::from("query"));
        }
    }

    /// What nobody took: kept, with its free text redacted.
    fn rest(
        &self,
        fields: &mut Fields,
        unknown: &mut Map<String, Value>,
        tolerated: &mut Vec<String>,
    ) {
        if let Some(Value::Array(before)) = fields.rest.remove("tolerated") {
            let now = std::mem::take(&mut fields.tolerated);
            for what in before
                .iter()
                .filter_map(Value::as_str)
                .map(|what| self.privacy.text(what).into_owned())
                .chain(now)
            {
                fields.tolerate(&what);
            }
        }
        if matches!(fields.rest.get("cut"), Some(Value::Array(names)) if names.is_empty()) {
            fields.rest.remove("cut");
        }
        self.privacy.fields(&mut fields.rest);
        *unknown = std::mem::take(&mut fields.rest);
        *tolerated = std::mem::take(&mut fields.tolerated);
    }
}

/// Where an event came from.
struct Origin {
    session: Option<SessionId>,
    traffic: Traffic,
}

struct Question {
    text: String,
    cut: bool,
}

impl Question {
    fn half(self, timestamp: Timestamp, origin: &Origin) -> QueryHalf {
        QueryHalf {
            timestamp,
            query: self.text,
            query_cut: self.cut,
            session: origin.session.clone(),
            traffic: origin.traffic,
            unknown: Map::new(),
            tolerated: Vec::new(),
        }
    }
}

/// The blocks that older agents wrap the match in: `matchQuality` and `meta`.
struct Blocks(Vec<(&'static str, Map<String, Value>)>);

impl Blocks {
    const NAMES: [&'static str; 2] = ["matchQuality", "meta"];

    fn of(fields: &mut Fields) -> Self {
        let mut blocks = Vec::new();
        for name in Self::NAMES {
            if fields.rest.get(name).is_some_and(Value::is_object)
                && let Some(Value::Object(block)) = fields.rest.remove(name)
            {
                blocks.push((name, block));
            }
        }
        Self(blocks)
    }

    fn take(&mut self, fields: &mut Fields, name: &str) -> Option<Value> {
        for (block, values) in &mut self.0 {
            if let Some(value) = values.remove(name).filter(|value| !value.is_null()) {
                fields.tolerate(&format!(
                    "{block}.{name} for {}",
                    if name == "confidence" { "matchScore" } else { name }
                ));
                return Some(value);
            }
        }
        None
    }

    /// `type` in one block, `matchType` in the other.
    fn take_either(&mut self, fields: &mut Fields, one: &str, other: &str) -> Option<Value> {
        self.take(fields, other).or_else(|| self.take(fields, one))
    }

    /// What nobody took out of a block stays in it.
    fn give_back(self, fields: &mut Fields) {
        for (name, values) in self.0 {
            if !values.is_empty() {
                fields.rest.insert(name.to_owned(), Value::Object(values));
            }
        }
    }
}

fn missing(name: &str) -> Unreadable {
    (Reason::MissingField, format!("{name} is missing"))
}

fn object(body: &[u8]) -> Result<Fields, Unreadable> {
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
                fields.tolerate("half a surrogate pair");
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

fn event_type(fields: &mut Fields) -> Result<EventType, Unreadable> {
    let value = fields.take_or("eventType", &["type"]).ok_or_else(|| missing("eventType"))?;
    let Value::String(text) = value else { return Err(wrong_type("eventType", "a text", &value)) };
    EventType::from_code(text.trim()).ok_or_else(|| {
        (Reason::UnknownEventType, "eventType is neither \"query\" nor \"response\"".to_owned())
    })
}

fn request_id(fields: &mut Fields) -> Result<RequestId, Unreadable> {
    let value =
        fields.take_or("requestId", &["correlationId"]).ok_or_else(|| missing("requestId"))?;
    let text = fields.text("requestId", value)?;
    RequestId::new(text).map_err(|error| (Reason::BadRequestId, error.to_string()))
}

fn moment(name: &str, value: &Value) -> Result<Timestamp, Unreadable> {
    Timestamp::read(value).map_err(|error| match error {
        crate::timestamp::TimestampError::OutOfRange(_) => (Reason::BadTimestamp, format!("{name}: {error}")),
        crate::timestamp::TimestampError::Unreadable(_) => (
            Reason::BadTimestamp,
            format!("{name} is neither a number of milliseconds or seconds nor an ISO 8601 date and time"),
        ),
    })
}

fn match_type(fields: &mut Fields, value: &Value) -> Result<MatchType, Unreadable> {
    let text = value.as_str().map(str::trim);
    let found = text.and_then(MatchType::from_code);
    let found = found.ok_or_else(|| {
        (Reason::BadMatch, "matchType is not one of full, partial, none".to_owned())
    })?;
    if text != Some(found.code()) {
        fields.tolerate("matchType in another case");
    }
    Ok(found)
}

fn outcome(fields: &mut Fields, value: &Value) -> Result<Outcome, Unreadable> {
    let text = value.as_str().map(str::trim);
    let found = text.and_then(Outcome::from_code).ok_or_else(|| {
        let codes: Vec<&str> = Outcome::ALL.iter().map(|outcome| outcome.code()).collect();
        (Reason::BadOutcome, format!("outcome is not one of {}", codes.join(", ")))
    })?;
    if text != Some(found.code()) {
        fields.tolerate("outcome in another case");
    }
    Ok(found)
}

/// `matchScore` is 0 to 100; under `matchQuality` and `confidence` values up to 1 are fractions.
fn score(fields: &mut Fields, blocks: &mut Blocks) -> Result<Option<MatchScore>, Unreadable> {
    if let Some(value) = fields.take("matchScore") {
        let number = fields.number("matchScore", &value).map_err(bad_score)?;
        let score =
            MatchScore::new(number).ok_or_else(|| bad_score((Reason::BadMatch, String::new())))?;
        return Ok(Some(score));
    }
    let named = ["matchQuality", "confidence"]
        .into_iter()
        .find(|name| fields.rest.get(*name).is_some_and(is_numeric));
    let confidence = match named {
        Some(name) => fields.take_or("matchScore", &[name]),
        None => blocks.take(fields, "confidence"),
    };
    let Some(value) = confidence else { return Ok(None) };
    let number = fields.number("confidence", &value).map_err(bad_score)?;
    MatchScore::from_confidence(number)
        .map(Some)
        .ok_or_else(|| bad_score((Reason::BadMatch, String::new())))
}

fn is_numeric(value: &Value) -> bool {
    value.is_number() || value.as_str().is_some_and(|text| text.trim().parse::<f64>().is_ok())
}

fn bad_score(_: Unreadable) -> Unreadable {
    (Reason::BadMatch, "the match score is not a number from 0 to 100".to_owned())
}

/// `performance.totalTime` in milliseconds; what is negative was not measured, and stays where
/// it was.
fn total_time(fields: &mut Fields) -> Result<Option<f64>, Unreadable> {
    let Some(Value::Object(performance)) = fields.rest.get_mut("performance") else {
        return Ok(None);
    };
    let Some(value) = performance.get("totalTime").filter(|value| !value.is_null()).cloned() else {
        return Ok(None);
    };
    let number = fields.number("performance.totalTime", &value)?;
    if number < 0.0 {
        return Ok(None);
    }
    if let Some(Value::Object(performance)) = fields.rest.get_mut("performance") {
        performance.remove("totalTime");
        if performance.is_empty() {
            fields.rest.remove("performance");
        }
    }
    Ok(Some(number))
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

/// Whether the event says that a text had been cut before: exports do.
fn was_cut(fields: &mut Fields, name: &str) -> bool {
    let Some(Value::Array(names)) = fields.rest.get_mut("cut") else { return false };
    let before = names.len();
    names.retain(|cut| cut.as_str() != Some(name));
    names.len() < before
}
