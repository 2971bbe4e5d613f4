//! The two halves of an interaction, and the values in them.
//!
//! Only [`crate::intake`] makes halves out of bytes; a store gives back those that it kept.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};
use sha2::{Digest, Sha256};

use crate::privacy::is_hashed;
use crate::store::erasure::Mark;
use crate::timestamp::Timestamp;

/// Fields of an event that the product does not interpret; kept, with their free text redacted.
pub type UnknownFields = Map<String, Value>;

/// Whether fields say the same, whichever way their numbers are written.
fn is_same_value(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => is_same_number(one, other),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|(one, other)| is_same_value(one, other))
        }
        (Value::Object(one), Value::Object(other)) => is_same_object(one, other),
        _ => one == other,
    }
}

fn is_same_object(one: &UnknownFields, other: &UnknownFields) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).all(|((name, one), (other_name, other))| {
            name == other_name && is_same_value(one, other)
        })
}

/// Whether numbers are the same one: `1.5` and `1.50`, and a long decimal and what earlier versions
/// kept of it, a float of 17 digits at most.
fn is_same_number(one: &Number, other: &Number) -> bool {
    let digits = |number: &Number| {
        let mantissa = number.as_str().split(['e', 'E']).next().unwrap_or_default();
        let digits = mantissa.bytes().filter(u8::is_ascii_digit);
        digits.skip_while(|digit| *digit == b'0').count()
    };
    let is_whole = |number: &Number| number.is_i64() || number.is_u64();
    one == other
        || !(is_whole(one) && is_whole(other))
            && digits(one).min(digits(other)) <= 17
            && one.as_f64().is_some_and(|one| Some(one) == other.as_f64())
}

/// What joins the two halves: 1 to 119 characters, not beginning with `cv-analytics:`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RequestId(String);

/// A text that cannot be a request id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestIdError {
    /// `requestId:eventType` has to fit the 128 characters of SQS's ids.
    #[error("a request id has 1 to 119 characters, this one has {0}")]
    Length(usize),
    /// The product keeps its own small records under this prefix.
    #[error("a request id must not begin with \"cv-analytics:\"")]
    Reserved,
}

impl RequestId {
    /// The longest id, in characters.
    pub const MAX_CHARS: usize = 119;
    /// The prefix that is the product's own.
    pub const RESERVED_PREFIX: &'static str = "cv-analytics:";

    /// Takes a text that keeps the rules.
    ///
    /// # Errors
    /// [`RequestIdError`] where it does not.
    pub fn new(text: impl Into<String>) -> Result<Self, RequestIdError> {
        let text = text.into();
        let chars = text.chars().count();
        if chars == 0 || chars > Self::MAX_CHARS {
            return Err(RequestIdError::Length(chars));
        }
        if text.starts_with(Self::RESERVED_PREFIX) {
            return Err(RequestIdError::Reserved);
        }
        Ok(Self(text))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Declares a closed set of values with the codes that stand for them in JSON and in stores.
macro_rules! coded {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $code:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$doc])* $variant),+ }

        impl $name {
            /// Every value, in the order of the contract.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code that stands for it everywhere.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The value that `code` stands for, in any case.
            pub fn from_code(code: &str) -> Option<Self> {
                $(if code.eq_ignore_ascii_case($code) { return Some(Self::$variant); })+
                None
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(self.code())
            }
        }
    };
}

coded! {
    /// How well what the agent knows covers the question.
    MatchType {
        /// The question is covered.
        Full = "full",
        /// A part of it is covered.
        Partial = "partial",
        /// Nothing was found.
        None = "none",
    }
}

coded! {
    /// How the agent's handling ended.
    Outcome {
        /// The visitor got an answer.
        Answered = "answered",
        /// The agent found nothing to answer with.
        NoMatch = "no_match",
        /// A filter refused the question.
        Blocked = "blocked",
        /// The agent was closed at that hour.
        OffHours = "off_hours",
        /// A quota was used up.
        Quota = "quota",
        /// The model failed.
        AiError = "ai_error",
        /// Something else failed.
        Error = "error",
    }
}

coded! {
    /// Where an agent's match type and score come from, by its own word (`metadata.matchSource`).
    MatchSource {
        /// The model judged how much of the question the CV covers.
        Model = "model",
        /// The distance between question and CV in a vector index.
        Similarity = "similarity",
        /// The agent does not say.
        Unknown = "unknown",
    }
}

coded! {
    /// Whose question it was, as flagged at intake. All but visitors are left out of reports.
    Traffic {
        /// A person who is not the owner.
        Visitor = "visitor",
        /// A known bot, by its user agent.
        Bot = "bot",
        /// The owner's own test.
        Own = "own",
        /// A canary of the product's own checks.
        Canary = "canary",
    }
}

coded! {
    /// What an event says.
    EventType {
        /// What the visitor asked.
        Query = "query",
        /// How the agent handled it.
        Response = "response",
        /// What the visitor thought of it.
        Feedback = "feedback",
    }
}

coded! {
    /// The visitor's word on an answer.
    Rating {
        /// It helped.
        Up = "up",
        /// It did not.
        Down = "down",
    }
}

/// How well the answer fits the question, 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MatchScore(f64);

impl MatchScore {
    /// Takes a score from 0 to 100; `None` for anything else.
    pub fn new(score: f64) -> Option<Self> {
        (0.0..=100.0).contains(&score).then_some(Self(score))
    }

    /// Takes a match quality: values up to 1 are fractions, larger ones 0 to 100. Rounded to a
    /// millionth, so that 0.29 is 29.
    pub fn from_quality(quality: f64) -> Option<Self> {
        let score = if quality <= 1.0 { quality * 100.0 } else { quality };
        Self::new((score * 1e6).round() / 1e6)
    }

    /// The score, 0 to 100.
    pub const fn value(self) -> f64 {
        self.0
    }
}

/// Prefix of a hashed session; a text of exactly that form counts as hashed, so that exports can be imported.
pub(crate) const HASHED_PREFIX: &str = "hashed:";

/// A visitor's session, as it is kept: a keyed hash, or the agent's own text where the owner switched hashing off.
///
/// Where it was hashed here, the mark of the text comes along, by which an erasure is known that was made under another
/// key. It is kept nowhere, and two sessions are equal without it.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct SessionId {
    kept: String,
    #[serde(skip)]
    pub(crate) sent: Option<Box<Mark>>,
}

impl SessionId {
    /// Takes back what a store kept.
    pub fn from_store(kept: String) -> Self {
        Self { kept, sent: None }
    }

    /// The session `sent`, which is kept as the hash `kept`.
    pub(crate) fn hashed(kept: String, sent: &str) -> Self {
        Self { kept, sent: Some(Box::new(Sha256::digest(sent).into())) }
    }

    /// The kept form.
    pub fn as_str(&self) -> &str {
        &self.kept
    }

    /// Whether it is a hash that was made elsewhere, under a key that may be another.
    pub fn was_hashed_before(&self) -> bool {
        self.sent.is_none() && is_hashed(&self.kept)
    }
}

impl PartialEq for SessionId {
    fn eq(&self, other: &Self) -> bool {
        self.kept == other.kept
    }
}

impl Eq for SessionId {}

impl Hash for SessionId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.kept.hash(state);
    }
}

impl PartialOrd for SessionId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SessionId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.kept.cmp(&other.kept)
    }
}

/// A session within a report: 64 bits of a digest. Two of a million share one with a chance of one in thirty million.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionDigest(u64);

impl SessionDigest {
    /// The digest of a stored session: that in its hash, else of SHA-256.
    pub fn of(kept: &str) -> Self {
        let hashed = kept.strip_prefix(HASHED_PREFIX).filter(|digits| digits.len() == 32);
        let digest = hashed.and_then(|digits| u64::from_str_radix(digits.get(..16)?, 16).ok());
        Self(digest.unwrap_or_else(|| {
            let digest = Sha256::digest(kept.as_bytes());
            u64::from_be_bytes(digest.first_chunk::<8>().copied().unwrap_or_default())
        }))
    }
}

impl fmt::Display for SessionDigest {
    /// Sixteen digits of base 16, which [`SessionDigest::from_digits`] reads.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

impl SessionDigest {
    /// The bits.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// The first six digits, by which people tell conversations apart.
    pub fn short(self) -> String {
        self.to_string().chars().take(6).collect()
    }

    /// Reads what its `Display` writes.
    pub fn from_digits(digits: &str) -> Option<Self> {
        let plain = digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        plain.then(|| u64::from_str_radix(digits, 16).ok().map(Self)).flatten()
    }
}

/// The half with the question. Equality is the joining law's, which ignores tolerated forms.
#[derive(Clone, Debug)]
pub struct QueryHalf {
    /// When the visitor asked.
    pub timestamp: Timestamp,
    /// The question: redacted, at most 2,000 characters.
    pub query: String,
    /// Whether the question was longer and was cut.
    pub query_cut: bool,
    /// The visitor's session, where the agent knows one.
    pub session: Option<SessionId>,
    /// Whose question it was.
    pub traffic: Traffic,
    /// Everything else that the event carried.
    pub unknown: UnknownFields,
    /// What was tolerated on reading, as sentences.
    pub tolerated: Vec<String>,
}

impl PartialEq for QueryHalf {
    fn eq(&self, other: &Self) -> bool {
        self.timestamp == other.timestamp
            && self.query == other.query
            && self.query_cut == other.query_cut
            && self.session == other.session
            && self.traffic == other.traffic
            && is_same_object(&self.unknown, &other.unknown)
    }
}

/// The half with the agent's handling. Equality is the joining law's, which ignores tolerated forms.
#[derive(Clone, Debug)]
pub struct ResponseHalf {
    /// When the agent had finished.
    pub timestamp: Timestamp,
    /// How well the question is covered; `None` where the agent does not say.
    pub match_type: Option<MatchType>,
    /// 0 to 100; `None` where the agent does not say.
    pub match_score: Option<MatchScore>,
    /// How the handling ended, where the agent says so; [`ResponseHalf::outcome`] knows what its silence means.
    pub named_outcome: Option<Outcome>,
    /// The agent's reason for the match: redacted, at most 500 characters.
    pub reasoning: Option<String>,
    /// Whether the reason was longer and was cut.
    pub reasoning_cut: bool,
    /// Skills that the agent found, as it names them.
    pub matched_skills: Vec<String>,
    /// Skills that were asked for and not found, as the agent names them.
    pub missing_skills: Vec<String>,
    /// What the question is about, as the agent's model names it.
    pub topic: Option<String>,
    /// What the visitor read: redacted, at most 2,000 characters.
    pub answer: Option<String>,
    /// Whether the answer was longer and was cut.
    pub answer_cut: bool,
    /// `performance.totalTime`, milliseconds.
    pub total_time_ms: Option<f64>,
    /// The visitor's session, where the agent knows one.
    pub session: Option<SessionId>,
    /// Whose question it was.
    pub traffic: Traffic,
    /// How the event brought its question along.
    pub form: ResponseForm,
    /// Everything else that the event carried.
    pub unknown: UnknownFields,
    /// What was tolerated on reading, as sentences.
    pub tolerated: Vec<String>,
}

impl ResponseHalf {
    /// How the handling ended: what the agent says, else `no_match` where nothing matched, else `answered`.
    pub fn outcome(&self) -> Outcome {
        let implied = match self.match_type {
            Some(MatchType::None) => Outcome::NoMatch,
            _ => Outcome::Answered,
        };
        self.named_outcome.unwrap_or(implied)
    }

    /// Where match type and score come from: `metadata.matchSource`.
    pub fn match_source(&self) -> MatchSource {
        let metadata = self.unknown.get("metadata");
        let named = metadata.and_then(|metadata| metadata.get("matchSource")?.as_str());
        named.and_then(MatchSource::from_code).unwrap_or(MatchSource::Unknown)
    }
}

impl PartialEq for ResponseHalf {
    fn eq(&self, other: &Self) -> bool {
        self.timestamp == other.timestamp
            && self.match_type == other.match_type
            && self.match_score == other.match_score
            && self.outcome() == other.outcome()
            && self.reasoning == other.reasoning
            && self.reasoning_cut == other.reasoning_cut
            && self.matched_skills == other.matched_skills
            && self.missing_skills == other.missing_skills
            && self.topic == other.topic
            && self.answer == other.answer
            && self.answer_cut == other.answer_cut
            && self.total_time_ms == other.total_time_ms
            && self.session == other.session
            && self.traffic == other.traffic
            && self.form == other.form
            && is_same_object(&self.unknown, &other.unknown)
    }
}

/// The visitor's word on an interaction. Equality is the joining law's, which ignores tolerated forms.
#[derive(Clone, Debug)]
pub struct Feedback {
    /// When it was given: of several the latest stands.
    pub timestamp: Timestamp,
    /// Thumbs up or down.
    pub rating: Rating,
    /// What the visitor wrote beside it: redacted, at most 500 characters.
    pub comment: Option<String>,
    /// Whether the comment was longer and was cut.
    pub comment_cut: bool,
    /// Everything else that the event carried.
    pub unknown: UnknownFields,
    /// What was tolerated on reading, as sentences.
    pub tolerated: Vec<String>,
}

impl PartialEq for Feedback {
    fn eq(&self, other: &Self) -> bool {
        self.timestamp == other.timestamp
            && self.rating == other.rating
            && self.comment == other.comment
            && self.comment_cut == other.comment_cut
            && is_same_object(&self.unknown, &other.unknown)
    }
}

coded! {
    /// How a response event brings its question along.
    ResponseForm {
        /// It does not: the query event has to come by itself.
        Plain = "plain",
        /// It carries `query` and `queryTimestamp`, and makes the whole record alone.
        SelfContained = "self_contained",
        /// One event that carries question and answer under one timestamp: no latency.
        Combined = "combined",
    }
}

impl ResponseForm {
    /// Whether the event alone makes the whole record.
    pub const fn is_whole(self) -> bool {
        !matches!(self, Self::Plain)
    }
}

/// One message, read: a query half, a response half, (self-contained or combined) both, or feedback.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// What joins it to the other events of its interaction.
    pub request_id: RequestId,
    /// What it says.
    pub body: EventBody,
}

impl Event {
    /// The moment that decides the week of what it makes alone: the query's, else its own.
    pub fn at(&self) -> Timestamp {
        match &self.body {
            EventBody::Query(query) | EventBody::Whole(query, _) => query.timestamp,
            EventBody::Response(response) => response.timestamp,
            EventBody::Feedback(feedback) => feedback.timestamp,
        }
    }
}

/// What one event brings.
#[derive(Clone, Debug, PartialEq)]
pub enum EventBody {
    /// A query event.
    Query(QueryHalf),
    /// A response event that waits for its query event.
    Response(ResponseHalf),
    /// A response event that makes the whole record alone.
    Whole(QueryHalf, ResponseHalf),
    /// A feedback event.
    Feedback(Feedback),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(one: &str, other: &str, expect: bool) {
        let fields = |number: &str| -> UnknownFields {
            serde_json::from_str(&format!(r#"{{"a":[{{"b":{number}}}]}}"#)).unwrap()
        };
        assert_eq!(is_same_object(&fields(one), &fields(other)), expect, "{one} and {other}");
        assert_eq!(is_same_object(&fields(other), &fields(one)), expect, "{other} and {one}");
    }

    #[test]
    fn a_number_is_the_same_however_it_is_written() {
        check("1.5", "1.50", true);
        check("100", "1e2", true);
        check("1.5", "1.6", false);
        check("1.5", "\"1.5\"", false);
        check("9007199254740993", "9007199254740992", false);
        check(
            "340282366920938463463374607431768211455",
            "340282366920938463463374607431768211454",
            false,
        );
        check("1e400", "1e401", false);
        check("1e400", "1e400", true);
        // What versions before kept of a long number.
        check("340282366920938463463374607431768211455", "3.402823669209385e38", true);
        check("0.12345678901234567890123456789", "0.12345678901234568", true);
    }
}
