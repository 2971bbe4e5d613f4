//! The one function that turns bytes into an event, or into a dead letter.
//!
//! **Invariant:** nothing else makes a half out of a message, so that unredacted text cannot
//! reach a store (a dead letter keeps the original bytes, as the contract asks).
//!
//! The intake is tolerant, because such shapes are really in use; what was tolerated is recorded in the half. The
//! shapes are those of the contract's section on events, and each has a golden file in `fixtures/events`.

pub(crate) mod field;
pub(crate) mod json_object;
pub mod known_bots;
pub(crate) mod match_fields;
pub mod message_ids;
pub mod named_ids;
pub mod refusal;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::dead_letter::{DeadLetter, Reason};
use crate::event::{
    Event, EventBody, EventType, Feedback, MatchType, Outcome, QueryHalf, Rating, RequestId,
    ResponseForm, ResponseHalf, SessionId, Traffic,
};
use crate::intake::field::{
    Fields, MAX_NAMES, NAME_MAX_CHARS, Unreadable, is_absent, is_textual, wrong_type,
};
use crate::intake::json_object::object;
use crate::intake::known_bots::is_known_bot;
use crate::intake::match_fields::{Blocks, match_type, outcome, score, total_time};
use crate::privacy::{Privacy, SessionKey, bare_name, session_rank};
use crate::timestamp::Timestamp;

/// The most characters of a question that are kept.
pub const QUERY_MAX_CHARS: usize = 2_000;
/// The most characters of an answer that are kept.
pub const ANSWER_MAX_CHARS: usize = 2_000;
/// The most characters of a comment in feedback that are kept.
pub const COMMENT_MAX_CHARS: usize = 500;
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

impl Content {
    /// What came in this message group: in a dead letter it may be all that names the request.
    #[must_use]
    pub fn in_group(self, group: Option<&str>) -> Self {
        match (self, group) {
            (Self::DeadLetter(letter), Some(group)) => Self::DeadLetter(letter.in_group(group)),
            (content, _) => content,
        }
    }
}

/// What stands for an answer that is not to be kept.
const ANSWER_MARKER: &str = "[answer]";
/// The most notes of what was tolerated that are kept of those that an event brings along.
const MAX_NOTES: usize = 50;

/// Reads messages under the owner's privacy settings.
#[derive(Clone, Debug)]
pub struct Intake {
    privacy: Privacy,
    /// Whether messages were read before and are to stay as they are.
    as_kept: bool,
}

impl Intake {
    /// An intake that takes out what `privacy` says.
    pub fn new(privacy: Privacy) -> Self {
        Self { privacy, as_kept: false }
    }

    /// Reads events in the canonical form of a store, without redacting or cutting again.
    pub fn as_kept() -> Self {
        let privacy = Privacy {
            redact_text: false,
            keep_answers: true,
            hash_sessions: false,
            drop_user_agent: false,
            session_key: SessionKey::new(Vec::new()),
        };
        Self::of_archive(privacy)
    }

    /// Reads the events of an untrusted archive and redacts them by `privacy`; redacted ones do not change.
    pub fn of_archive(privacy: Privacy) -> Self {
        Self { privacy, as_kept: true }
    }

    /// An intake with every rule on and a fixed key.
    #[cfg(test)]
    pub(crate) fn for_tests() -> Self {
        Self::new(Privacy::full(SessionKey::new(b"tests".to_vec())))
    }

    /// The privacy settings in force.
    pub fn privacy(&self) -> &Privacy {
        &self.privacy
    }

    /// Reads one message; an unreadable one becomes a dead letter with its reason and original bytes.
    pub fn read(&self, body: &[u8], arrived_at: Timestamp) -> Content {
        match self.event(body) {
            Ok(event) => Content::Event(Box::new(event)),
            Err((reason, detail)) => {
                Content::DeadLetter(DeadLetter { reason, detail, body: body.to_vec(), arrived_at })
            }
        }
    }

    fn event(&self, bytes: &[u8]) -> Result<Event, Unreadable> {
        let mut fields = object(bytes)?;
        let event_type = event_type(&mut fields)?;
        let request_id = request_id(&mut fields)?;
        let timestamp =
            fields.take_required("timestamp", &[]).ok_or_else(|| missing("timestamp"))?;
        let timestamp = moment("timestamp", &timestamp)?;
        let origin = self.origin(&mut fields);
        if !self.privacy.keep_answers {
            drop_answers(&mut fields);
        }
        // An answer without a word is one where the event says how well it matched.
        let is_given = |name: &str| fields.rest.get(name).is_some_and(|value| !is_absent(value));
        let answered = is_given("response")
            || fields.rest.get("response").is_some_and(|response| !response.is_null())
                && ["matchType", "outcome", "matchQuality", "meta"].into_iter().any(is_given);
        let body = match event_type {
            EventType::Feedback => EventBody::Feedback(self.feedback(&mut fields, timestamp)?),
            EventType::Query if answered => {
                fields.tolerate("question and answer came in one event");
                let query = self.question(&mut fields)?.ok_or_else(|| missing("query"))?;
                let response =
                    self.response(&mut fields, timestamp, &origin, ResponseForm::Combined)?;
                EventBody::Whole(query.half(timestamp, &origin), response)
            }
            EventType::Query => {
                fields.take("response");
                let query = self.question(&mut fields)?.ok_or_else(|| missing("query"))?;
                let mut half = query.half(timestamp, &origin);
                self.rest(&mut fields, &mut half.unknown, &mut half.tolerated)?;
                EventBody::Query(half)
            }
            EventType::Response => {
                let asked_at = match fields.rest.get("query") {
                    Some(query) if is_absent(query) => fields.take("query"),
                    Some(query) if is_textual(query) => {
                        fields.take_fit("queryTimestamp", "a number or a date and time", is_textual)
                    }
                    Some(_) => {
                        fields.ignore("query", "text");
                        None
                    }
                    None => None,
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
                        EventBody::Whole(query.half(asked_at, &origin), response)
                    }
                    None => EventBody::Response(self.response(
                        &mut fields,
                        timestamp,
                        &origin,
                        ResponseForm::Plain,
                    )?),
                }
            }
        };
        let event = Event { request_id, body };
        // The kept form is longer than the message by a few markers at most.
        if bytes.len() > KEPT_MAX_BYTES / 2 {
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

    /// Session and traffic, and the fields without what privacy takes out.
    fn origin(&self, fields: &mut Fields) -> Origin {
        let session = self.session(fields);
        let agents = self.privacy.take_headers(&mut fields.rest);
        let mut traffic = Traffic::Visitor;
        if let Some(Value::Object(metadata)) = fields.rest.get_mut("metadata") {
            if let Some(named) =
                metadata.get("traffic").and_then(Value::as_str).and_then(Traffic::from_code)
            {
                traffic = named;
                metadata.remove("traffic");
            }
            if metadata.is_empty() {
                fields.rest.remove("metadata");
            }
        }
        if traffic == Traffic::Visitor && agents.iter().any(|agent| is_known_bot(agent)) {
            traffic = Traffic::Bot;
        }
        Origin { session, traffic }
    }

    /// The session that `sessionId` names, else another name for it at the top level, else one in an
    /// object further in: the outermost, of several the first of the documented names.
    fn session(&self, fields: &mut Fields) -> Option<SessionId> {
        if let Some(id) = fields.take_fit("sessionId", "text", is_textual)
            && let Ok(id) = fields.text("sessionId", id)
            && let Some(session) = self.privacy.session(&id)
        {
            return Some(session);
        }
        if self.as_kept {
            return None;
        }
        if let Some((name, session)) = self.named_session(&fields.rest) {
            // The other fields of an object stay, its id hashed.
            if name == "sessionId" || !fields.rest.get(&name).is_some_and(Value::is_object) {
                fields.rest.remove(&name);
            }
            fields.tolerate(&format!("read {name} as sessionId"));
            return Some(session);
        }
        let mut level = vec![&fields.rest];
        while !level.is_empty() {
            level = level
                .iter()
                .flat_map(|fields| fields.values().filter_map(Value::as_object))
                .collect();
            let found = level.iter().find_map(|fields| self.named_session(fields));
            if let Some((name, session)) = found {
                fields.tolerate(&format!("read nested {name} as sessionId"));
                return Some(session);
            }
        }
        None
    }

    fn named_session(&self, fields: &Map<String, Value>) -> Option<(String, SessionId)> {
        let mut named: Vec<_> = fields
            .iter()
            .filter_map(|(name, value)| Some((session_rank(name)?, name, value)))
            .collect();
        named.sort_unstable_by_key(|(rank, name, _)| (*rank, *name));
        named.into_iter().find_map(|(_, name, value)| {
            let id = match value {
                Value::Object(session) => session.get("id")?,
                id => id,
            };
            let session = match id {
                Value::String(id) => self.privacy.session(id),
                Value::Number(id) => self.privacy.session(&id.to_string()),
                _ => None,
            };
            Some((name.clone(), session?))
        })
    }

    fn question(&self, fields: &mut Fields) -> Result<Option<Question>, Unreadable> {
        // A kept question may be blank: intakes of earlier versions took such.
        let blank =
            fields.rest.get("query").filter(|query| self.as_kept && query.is_string()).cloned();
        let Some(query) = fields.take("query").or(blank) else { return Ok(None) };
        let mut text = fields.text("query", query)?;
        let cut =
            self.privacy.redact_and_cut(&mut text, QUERY_MAX_CHARS) | was_cut(fields, "query");
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
        let match_type = fields
            .take_fit("matchType", "text", Value::is_string)
            .or_else(|| blocks.take_match_type(fields))
            .map(|value| match_type(fields, &value))
            .transpose()?;
        let outcome = fields
            .take_fit("outcome", "text", Value::is_string)
            .map(|value| outcome(fields, &value))
            .transpose()?;
        if match_type.is_none() && outcome.is_none() && form != ResponseForm::Combined {
            return Err((
                Reason::MissingField,
                "a response event needs matchType or outcome".to_owned(),
            ));
        }
        let match_type =
            match_type.or((outcome == Some(Outcome::NoMatch)).then_some(MatchType::None));
        let match_score = score(fields, &mut blocks)?;

        let reasoning = fields
            .take_fit("reasoning", "text", is_textual)
            .or_else(|| {
                let value = fields.take_fit("llmReasoning", "text", is_textual)?;
                fields.tolerate("read llmReasoning as reasoning");
                Some(value)
            })
            .or_else(|| blocks.take(fields, "reasoning", is_textual));
        let (reasoning, reasoning_cut) =
            self.free_text(fields, "reasoning", reasoning, REASONING_MAX_CHARS)?;
        let matched_skills = self.names(fields, &mut blocks, "matchedSkills", &["skillsMatched"]);
        let missing_skills =
            self.names(fields, &mut blocks, "missingSkills", &["skillsMissing", "missingConcepts"]);
        let topic = self.topic(fields);
        let answer = fields.take_fit("answer", "text", is_textual);
        let (answer, answer_cut) = self.free_text(fields, "answer", answer, ANSWER_MAX_CHARS)?;
        let total_time_ms = total_time(fields);

        let mut half = ResponseHalf {
            timestamp,
            match_type,
            match_score,
            named_outcome: outcome,
            reasoning,
            reasoning_cut,
            matched_skills,
            missing_skills,
            topic,
            answer,
            answer_cut,
            total_time_ms,
            session: origin.session.clone(),
            traffic: origin.traffic,
            form,
            unknown: Map::new(),
            tolerated: Vec::new(),
        };
        blocks.give_back(fields);
        if form == ResponseForm::Plain {
            self.tidy_unjoined_question(fields);
        }
        self.rest(fields, &mut half.unknown, &mut half.tolerated)?;
        Ok(half)
    }

    /// The names in a list, from the field of that name, from those that are tolerated for it and
    /// from the blocks: an agent that fills two of them means both.
    fn names(
        &self,
        fields: &mut Fields,
        blocks: &mut Blocks,
        name: &str,
        others: &[&str],
    ) -> Vec<String> {
        let mut values: Vec<Value> = fields.take(name).into_iter().collect();
        values.extend(others.iter().filter_map(|other| fields.take_or(name, &[other])));
        while let Some(value) = blocks.take(fields, name, |_| true) {
            values.push(value);
        }
        let mut names = Vec::new();
        for value in values {
            names.extend(fields.names(name, value));
        }
        if names.len() > MAX_NAMES {
            fields.tolerate(&format!("kept the first {MAX_NAMES} of {} {name}", names.len()));
            names.truncate(MAX_NAMES);
        }
        let mut cut = 0;
        for name in &mut names {
            if self.privacy.redact_and_cut(name, NAME_MAX_CHARS) {
                cut += 1;
                // A name has no blanks around it, so that it is the same when it is read again.
                name.truncate(name.trim_end().len());
            }
        }
        if cut > 0 {
            fields.tolerate(&format!("cut {cut} of the {name} to {NAME_MAX_CHARS} characters"));
        }
        names
    }

    /// What the question is about, by the agent's model.
    fn topic(&self, fields: &mut Fields) -> Option<String> {
        let topic = fields.take_fit("topic", "text", is_textual)?;
        let mut topic = fields.text("topic", topic).ok()?;
        if self.privacy.redact_and_cut(&mut topic, NAME_MAX_CHARS) {
            fields.tolerate(&format!("cut the topic to {NAME_MAX_CHARS} characters"));
        }
        Some(topic)
    }

    /// An optional text for people to read, redacted, and whether it was cut.
    fn free_text(
        &self,
        fields: &mut Fields,
        name: &str,
        value: Option<Value>,
        max_chars: usize,
    ) -> Result<(Option<String>, bool), Unreadable> {
        let Some(value) = value else { return Ok((None, false)) };
        let mut text = fields.text(name, value)?;
        let cut = self.privacy.redact_and_cut(&mut text, max_chars) | was_cut(fields, name);
        Ok((Some(text), cut))
    }

    fn feedback(&self, fields: &mut Fields, timestamp: Timestamp) -> Result<Feedback, Unreadable> {
        let value = fields.take("rating").ok_or_else(|| missing("rating"))?;
        let rating = rating(fields, &value)?;
        let comment = fields.take_fit("comment", "text", is_textual);
        let (comment, comment_cut) =
            self.free_text(fields, "comment", comment, COMMENT_MAX_CHARS)?;
        let (unknown, tolerated) = (Map::new(), Vec::new());
        let mut feedback = Feedback { timestamp, rating, comment, comment_cut, unknown, tolerated };
        self.rest(fields, &mut feedback.unknown, &mut feedback.tolerated)?;
        Ok(feedback)
    }

    /// Leaves a question without a timestamp, or the reverse, among the unknown fields.
    fn tidy_unjoined_question(&self, fields: &mut Fields) {
        if let Some(asked_at) = fields.rest.get_mut("queryTimestamp")
            && let Ok(moment) = Timestamp::read(asked_at)
        {
            *asked_at = Value::from(moment.as_millis());
        }
        let Some(Value::String(text)) = fields.rest.get_mut("query") else { return };
        if self.privacy.redact_and_cut(text, QUERY_MAX_CHARS) {
            mark_cut(&mut fields.rest, BTreeSet::from(["query".to_owned()]));
        }
    }

    /// What nobody took: kept, with its free text redacted.
    fn rest(
        &self,
        fields: &mut Fields,
        unknown: &mut Map<String, Value>,
        tolerated: &mut Vec<String>,
    ) -> Result<(), Unreadable> {
        if let Some(Value::Array(before)) = fields.rest.remove("tolerated") {
            let now = std::mem::take(&mut fields.tolerated);
            for what in before.iter().filter_map(Value::as_str).take(MAX_NOTES) {
                let mut what = what.to_owned();
                self.privacy.redact_and_cut(&mut what, NAME_MAX_CHARS);
                fields.tolerate(&what);
            }
            for what in now {
                fields.tolerate(&what);
            }
        }
        // Before any rule reads them: they would be looked through only to be refused.
        let bytes = json_bytes(&fields.rest);
        if bytes > KEPT_MAX_BYTES {
            return Err((
                Reason::TooLarge,
                format!("the other fields have {bytes} bytes, {KEPT_MAX_BYTES} at most"),
            ));
        }
        if !self.as_kept || self.privacy.redact_text || self.privacy.hash_sessions {
            let cut = self.privacy.fields(&mut fields.rest);
            mark_cut(&mut fields.rest, cut);
        }
        if matches!(fields.rest.get("cut"), Some(Value::Array(names)) if names.is_empty()) {
            fields.rest.remove("cut");
        }
        drop_empty_optional(&mut fields.rest);
        *unknown = std::mem::take(&mut fields.rest);
        *tolerated = std::mem::take(&mut fields.tolerated);
        Ok(())
    }
}

fn json_bytes(fields: &Map<String, Value>) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    match serde_json::to_writer(&mut count, fields) {
        Ok(()) => count.0,
        Err(_) => usize::MAX,
    }
}

/// Adds names of fields in which a text was cut to `cut`.
fn mark_cut(fields: &mut Map<String, Value>, names: BTreeSet<String>) {
    if !names.is_empty()
        && let Value::Array(known) = fields.entry("cut").or_insert_with(|| Value::Array(Vec::new()))
    {
        known.extend(names.into_iter().map(Value::from));
        known.sort_by(|one, other| one.as_str().cmp(&other.as_str()));
        known.dedup();
    }
}

/// The optional fields of the contract that may be left when all others were taken.
const OPTIONAL: [&str; 17] = [
    "answer",
    "cacheHit",
    "comment",
    "confidence",
    "coverage",
    "llmTime",
    "matchQuality",
    "matchSource",
    "model",
    "query",
    "queryTimestamp",
    "response",
    "retrievalTime",
    "sourcesUsed",
    "tokens",
    "totalTime",
    "vectorMatches",
];
/// The objects of the contract that hold optional fields.
const BLOCKS: [&str; 4] = ["performance", "metadata", "matchQuality", "meta"];

/// Drops empty texts in optional fields, and blocks of nothing else; unknown fields stay.
fn drop_empty_optional(fields: &mut Map<String, Value>) {
    let is_empty = |value: &Value| value.as_str().is_some_and(|text| text.trim().is_empty());
    fields.retain(|name, value| match value {
        Value::Object(block) if BLOCKS.contains(&name.as_str()) && !block.is_empty() => {
            drop_empty_optional(block);
            !block.is_empty()
        }
        value => !(OPTIONAL.contains(&name.as_str()) && is_empty(value)),
    });
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

fn missing(name: &str) -> Unreadable {
    (Reason::MissingField, format!("missing {name}"))
}

fn event_type(fields: &mut Fields) -> Result<EventType, Unreadable> {
    let value = fields.take_required("eventType", &["type"]).ok_or_else(|| missing("eventType"))?;
    let Value::String(text) = value else { return Err(wrong_type("eventType", "a text", &value)) };
    EventType::from_code(text.trim()).ok_or_else(|| {
        (
            Reason::UnknownEventType,
            "eventType is none of \"query\", \"response\" and \"feedback\"".to_owned(),
        )
    })
}

/// Takes out what the visitor read, of whatever type, at any depth and in any spelling of its name. An event that brings
/// question and answer at once is known by its `response`, of which a marker stays.
fn drop_answers(fields: &mut Fields) {
    fn drop_within(fields: &mut Map<String, Value>) {
        fields.retain(|name, _| bare_name(name) != "answer");
        fields.values_mut().for_each(drop_inside);
    }
    fn drop_inside(value: &mut Value) {
        match value {
            Value::Object(fields) => drop_within(fields),
            Value::Array(values) => values.iter_mut().for_each(drop_inside),
            _ => {}
        }
    }
    drop_within(&mut fields.rest);
    if let Some(response) = fields.rest.get_mut("response").filter(|value| !is_absent(value)) {
        *response = Value::from(ANSWER_MARKER);
    }
}

/// Reads the visitor's word, in the forms that are in use for it.
fn rating(fields: &mut Fields, value: &Value) -> Result<Rating, Unreadable> {
    let (code, is_code) = match value {
        Value::Bool(up) => (up.to_string(), false),
        Value::Number(number) => (number.as_f64().unwrap_or_default().to_string(), false),
        Value::String(text) => (text.trim().to_lowercase(), Rating::from_code(text).is_some()),
        other => return Err(wrong_type("rating", "\"up\" or \"down\"", other)),
    };
    let rating = match code.as_str() {
        "up" | "1" | "+1" | "true" | "thumbs_up" | "thumbs-up" | "thumbs up" | "thumbsup"
        | "👍" => Rating::Up,
        "down" | "-1" | "false" | "thumbs_down" | "thumbs-down" | "thumbs down" | "thumbsdown"
        | "👎" => Rating::Down,
        _ => {
            return Err((Reason::BadRating, "rating is neither \"up\" nor \"down\"".to_owned()));
        }
    };
    if !is_code {
        fields.tolerate("rating was written in another form than up or down");
    }
    Ok(rating)
}

fn request_id(fields: &mut Fields) -> Result<RequestId, Unreadable> {
    let value = fields
        .take_required("requestId", &["correlationId"])
        .ok_or_else(|| missing("requestId"))?;
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

/// Whether the event says that a text had been cut before: exports do.
fn was_cut(fields: &mut Fields, name: &str) -> bool {
    let Some(Value::Array(names)) = fields.rest.get_mut("cut") else { return false };
    let before = names.len();
    names.retain(|cut| cut.as_str() != Some(name));
    names.len() < before
}
