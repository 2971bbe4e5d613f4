//! The one function that turns bytes into halves, or into a dead letter.
//!
//! **Invariant:** nothing else makes a half out of a message, so that unredacted text cannot
//! reach a store (a dead letter keeps the original bytes, as the contract asks).
//!
//! The intake is tolerant, because such shapes are really in use; what was tolerated is recorded
//! in the half. The shapes are those of the contract's section on events, and each has a golden
//! file in `fixtures/events`.

use serde_json::{Map, Value};

use crate::dead_letter::{DeadLetter, Reason};
use crate::event::{
    Event, EventType, Halves, MatchType, Outcome, QueryHalf, RequestId, ResponseForm, ResponseHalf,
    SessionId, Traffic,
};
use crate::field::{Fields, Unreadable, wrong_type};
use crate::json_object::object;
use crate::known_bots::is_known_bot;
use crate::match_fields::{Blocks, match_type, outcome, score, total_time};
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
        let cut = self.redact_and_cut(&mut text, QUERY_MAX_CHARS) | was_cut(fields, "query");
        Ok(Some(Question { text, cut }))
    }

    /// Redacts a text and cuts it after `limit` characters; what the cut leaves of a number may
    /// look like another one, so that it is redacted again. Says whether anything was cut.
    fn redact_and_cut(&self, text: &mut String, limit: usize) -> bool {
        self.privacy.owned(text);
        let mut was_cut = false;
        while cut(text, limit) {
            was_cut = true;
            self.privacy.owned(text);
        }
        was_cut
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
        let match_score = score(fields, &mut blocks)?;

        let reasoning = fields
            .take_or("reasoning", &["llmReasoning"])
            .or_else(|| blocks.take(fields, "reasoning"));
        let (reasoning, reasoning_cut) = match reasoning {
            Some(value) => {
                let mut text = fields.text("reasoning", value)?;
                let cut = self.redact_and_cut(&mut text, REASONING_MAX_CHARS)
                    | was_cut(fields, "reasoning");
                (Some(text), cut)
            }
            None => (None, false),
        };
        let matched_skills =
            self.names(fields, &mut blocks, "matchedSkills", &["skillsMatched"])?;
        let missing_skills = self.names(
            fields,
            &mut blocks,
            "missingSkills",
            &["skillsMissing", "missingConcepts"],
        )?;
        let topic =
            fields.take("topic").map(|topic| self.name("topic", fields, topic)).transpose()?;
        let total_time_ms = total_time(fields)?;

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
        self.rest(fields, &mut half.unknown, &mut half.tolerated);
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
    ) -> Result<Vec<String>, Unreadable> {
        let mut values: Vec<Value> = fields.take(name).into_iter().collect();
        values.extend(others.iter().filter_map(|other| fields.take_or(name, &[other])));
        while let Some(value) = blocks.take(fields, name) {
            values.push(value);
        }
        let mut names = Vec::new();
        for value in values {
            names.extend(fields.names(name, value)?);
        }
        for name in &mut names {
            self.privacy.owned(name);
        }
        Ok(names)
    }

    /// One name, redacted.
    fn name(&self, field: &str, fields: &mut Fields, value: Value) -> Result<String, Unreadable> {
        let mut name = fields.text(field, value)?;
        self.privacy.owned(&mut name);
        Ok(name)
    }

    /// A question without its timestamp, or a timestamp without its question, makes no query half:
    /// each stays an unknown field, in the form that it has in one.
    fn tidy_unjoined_question(&self, fields: &mut Fields) {
        if let Some(asked_at) = fields.rest.get_mut("queryTimestamp")
            && let Ok(moment) = Timestamp::read(asked_at)
        {
            *asked_at = Value::from(moment.as_millis());
        }
        let Some(Value::String(text)) = fields.rest.get_mut("query") else { return };
        if self.redact_and_cut(text, QUERY_MAX_CHARS)
            && let Value::Array(names) =
                fields.rest.entry("cut").or_insert_with(|| Value::Array(Vec::new()))
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

fn missing(name: &str) -> Unreadable {
    (Reason::MissingField, format!("{name} is missing"))
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
