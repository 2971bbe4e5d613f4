//! Halves and feedback as DynamoDB attributes and back: every attribute of these is named here.
//!
//! A record holds the attributes of both halves side by side; an interim row holds each half in a separate map. What
//! is usual (no cut, a visitor, a plain response) is left out, since a second kilobyte doubles the price of a write.
//! Feedback is its canonical JSON, as the law compares it, beside its moment.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use cv_analytics_core::event::{
    EventBody, Feedback, MatchScore, MatchType, Outcome, QueryHalf, ResponseForm, ResponseHalf,
    SessionId, Traffic, UnknownFields,
};
use cv_analytics_core::intake::{Content, Intake};
use cv_analytics_core::timestamp::Timestamp;
use serde_json::Value;

/// The attributes of an item, or of a map within one.
pub(crate) type Attributes = HashMap<String, AttributeValue>;

/// The partition key of both tables.
pub(crate) const REQUEST_ID: &str = "requestId";

pub(crate) const QUERY: &str = "query";
const QUERY_CUT: &str = "queryCut";
const QUERY_EXTRA: &str = "queryExtra";
pub(crate) const QUERY_SESSION: &str = "sessionId";
const QUERY_TOLERATED: &str = "queryTolerated";
pub(crate) const QUERY_TRAFFIC: &str = "traffic";

pub(crate) const RESPONSE_TIMESTAMP: &str = "responseTimestamp";
pub(crate) const MATCH_TYPE: &str = "matchType";
pub(crate) const MATCH_SCORE: &str = "matchScore";
pub(crate) const OUTCOME: &str = "outcome";
pub(crate) const OUTCOME_IMPLIED: &str = "outcomeImplied";
pub(crate) const REASONING: &str = "reasoning";
const REASONING_CUT: &str = "reasoningCut";
pub(crate) const MATCHED_SKILLS: &str = "matchedSkills";
pub(crate) const MISSING_SKILLS: &str = "missingSkills";
pub(crate) const TOPIC: &str = "topic";
pub(crate) const ANSWER: &str = "answer";
const ANSWER_CUT: &str = "answerCut";
pub(crate) const TOTAL_TIME_MS: &str = "totalTimeMs";
pub(crate) const FORM: &str = "responseForm";
pub(crate) const RESPONSE_EXTRA: &str = "responseExtra";
pub(crate) const RESPONSE_SESSION: &str = "responseSessionId";
const RESPONSE_TOLERATED: &str = "responseTolerated";
pub(crate) const RESPONSE_TRAFFIC: &str = "responseTraffic";

/// Every attribute of either half in a record: one that a new record has not is taken out of its item.
pub(crate) const HALF_ATTRIBUTES: [&str; 24] = [
    QUERY,
    QUERY_CUT,
    QUERY_EXTRA,
    QUERY_SESSION,
    QUERY_TOLERATED,
    QUERY_TRAFFIC,
    RESPONSE_TIMESTAMP,
    MATCH_TYPE,
    MATCH_SCORE,
    OUTCOME,
    OUTCOME_IMPLIED,
    REASONING,
    REASONING_CUT,
    MATCHED_SKILLS,
    MISSING_SKILLS,
    TOPIC,
    ANSWER,
    ANSWER_CUT,
    TOTAL_TIME_MS,
    FORM,
    RESPONSE_EXTRA,
    RESPONSE_SESSION,
    RESPONSE_TOLERATED,
    RESPONSE_TRAFFIC,
];

/// The feedback event's canonical JSON: DynamoDB compares texts byte by byte, as the joining law does.
pub(crate) const FEEDBACK: &str = "feedback";
pub(crate) const FEEDBACK_TOLERATED: &str = "feedbackTolerated";
/// When the feedback was given: milliseconds.
pub(crate) const FEEDBACK_TIMESTAMP: &str = "feedbackTimestamp";

/// The field in which the intake names the fields that it has cut.
const CUT: &str = "cut";

/// The largest magnitude that DynamoDB's numbers surely hold (they end at 9.9E+125).
const MAX_NUMBER: f64 = 1e100;

/// An item, or a half in it, that holds what this version does not know. Says nothing of what it holds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown content of attribute {0}")]
pub struct UnknownAttribute(pub(crate) &'static str);

type Read<T> = Result<T, UnknownAttribute>;

/// Writes the query half, but for its moment, which has its own name in each place.
pub(crate) fn write_query(attributes: &mut Attributes, half: &QueryHalf) {
    put(attributes, QUERY, Some(text(&half.query)));
    put(attributes, QUERY_CUT, half.query_cut.then_some(AttributeValue::Bool(true)));
    put(attributes, QUERY_SESSION, session(half.session.as_ref()));
    put(attributes, QUERY_TRAFFIC, traffic(half.traffic));
    put(attributes, QUERY_EXTRA, object(&half.unknown));
    put(attributes, QUERY_TOLERATED, texts(&half.tolerated));
}

/// Reads the query half that was written with the moment `timestamp`; `None` where there is none.
pub(crate) fn read_query(
    attributes: &mut Attributes,
    timestamp: Timestamp,
) -> Read<Option<QueryHalf>> {
    let Some(query) = take_text(attributes, QUERY)? else { return Ok(None) };
    Ok(Some(QueryHalf {
        timestamp,
        query,
        query_cut: attributes.remove(QUERY_CUT).is_some(),
        session: take_text(attributes, QUERY_SESSION)?.map(SessionId::from_store),
        traffic: take_code(attributes, QUERY_TRAFFIC, Traffic::from_code)?
            .unwrap_or(Traffic::Visitor),
        unknown: take_object(attributes, QUERY_EXTRA)?,
        tolerated: take_texts(attributes, QUERY_TOLERATED)?,
    }))
}

/// Writes the response half, its moment included.
pub(crate) fn write_response(attributes: &mut Attributes, half: &ResponseHalf) {
    put(attributes, RESPONSE_TIMESTAMP, Some(moment(half.timestamp)));
    put(attributes, MATCH_TYPE, half.match_type.map(|code| text(code.code())));
    put(attributes, MATCH_SCORE, half.match_score.map(|score| number(score.value())));
    put(attributes, OUTCOME, Some(text(half.outcome().code())));
    put(
        attributes,
        OUTCOME_IMPLIED,
        half.named_outcome.is_none().then_some(AttributeValue::Bool(true)),
    );
    put(attributes, REASONING, half.reasoning.as_deref().map(text));
    put(attributes, REASONING_CUT, half.reasoning_cut.then_some(AttributeValue::Bool(true)));
    put(attributes, MATCHED_SKILLS, texts(&half.matched_skills));
    put(attributes, MISSING_SKILLS, texts(&half.missing_skills));
    put(attributes, TOPIC, half.topic.as_deref().map(text));
    put(attributes, ANSWER, half.answer.as_deref().map(text));
    put(attributes, ANSWER_CUT, half.answer_cut.then_some(AttributeValue::Bool(true)));
    put(attributes, TOTAL_TIME_MS, half.total_time_ms.map(number));
    let form = (half.form != ResponseForm::Plain).then(|| text(half.form.code()));
    put(attributes, FORM, form);
    put(attributes, RESPONSE_SESSION, session(half.session.as_ref()));
    put(attributes, RESPONSE_TRAFFIC, traffic(half.traffic));
    put(attributes, RESPONSE_EXTRA, object(&half.unknown));
    put(attributes, RESPONSE_TOLERATED, texts(&half.tolerated));
}

/// Reads the response half; `None` where there is none.
pub(crate) fn read_response(attributes: &mut Attributes) -> Read<Option<ResponseHalf>> {
    let Some(timestamp) = take_moment(attributes, RESPONSE_TIMESTAMP)? else { return Ok(None) };
    let outcome = take_code(attributes, OUTCOME, Outcome::from_code)?;
    let outcome = outcome.ok_or(UnknownAttribute(OUTCOME))?;
    let is_named = attributes.remove(OUTCOME_IMPLIED).is_none();
    let match_score = take_number(attributes, MATCH_SCORE)?
        .map(|score| MatchScore::new(score).ok_or(UnknownAttribute(MATCH_SCORE)))
        .transpose()?;
    let mut unknown = take_object(attributes, RESPONSE_EXTRA)?;
    let topic = match take_text(attributes, TOPIC)? {
        None => take_earlier(&mut unknown, TOPIC).0,
        topic => topic,
    };
    let (answer, answer_cut) = match take_text(attributes, ANSWER)? {
        None => take_earlier(&mut unknown, ANSWER),
        answer => (answer, attributes.remove(ANSWER_CUT).is_some()),
    };
    Ok(Some(ResponseHalf {
        timestamp,
        match_type: take_code(attributes, MATCH_TYPE, MatchType::from_code)?,
        match_score,
        named_outcome: is_named.then_some(outcome),
        reasoning: take_text(attributes, REASONING)?,
        reasoning_cut: attributes.remove(REASONING_CUT).is_some(),
        matched_skills: take_texts(attributes, MATCHED_SKILLS)?,
        missing_skills: take_texts(attributes, MISSING_SKILLS)?,
        topic,
        answer,
        answer_cut,
        total_time_ms: take_number(attributes, TOTAL_TIME_MS)?,
        session: take_text(attributes, RESPONSE_SESSION)?.map(SessionId::from_store),
        traffic: take_code(attributes, RESPONSE_TRAFFIC, Traffic::from_code)?
            .unwrap_or(Traffic::Visitor),
        form: take_code(attributes, FORM, ResponseForm::from_code)?.unwrap_or(ResponseForm::Plain),
        unknown,
        tolerated: take_texts(attributes, RESPONSE_TOLERATED)?,
    }))
}

/// Reads the feedback; `None` where there is none.
pub(crate) fn read_feedback(attributes: &mut Attributes) -> Read<Option<Feedback>> {
    let Some(at) = take_moment(attributes, FEEDBACK_TIMESTAMP)? else { return Ok(None) };
    let json = take_text(attributes, FEEDBACK)?.ok_or(UnknownAttribute(FEEDBACK))?;
    match Intake::as_kept().read(json.as_bytes(), at) {
        Content::Event(event) => match event.body {
            EventBody::Feedback(feedback) if feedback.timestamp == at => {
                let tolerated = take_texts(attributes, FEEDBACK_TOLERATED)?;
                Ok(Some(Feedback { tolerated, ..feedback }))
            }
            _ => Err(UnknownAttribute(FEEDBACK)),
        },
        Content::DeadLetter(_) => Err(UnknownAttribute(FEEDBACK)),
    }
}

/// Takes a text or null out of the unknown fields, where earlier versions left it; the text, and whether it was cut.
fn take_earlier(unknown: &mut UnknownFields, name: &str) -> (Option<String>, bool) {
    if !matches!(unknown.get(name), Some(Value::String(_) | Value::Null)) {
        return (None, false);
    }
    let text = match unknown.remove(name) {
        Some(Value::String(text)) if !text.is_empty() => Some(text),
        _ => None,
    };
    let Some(Value::Array(names)) = unknown.get_mut(CUT) else { return (text, false) };
    let before = names.len();
    names.retain(|cut| cut != name);
    let was_cut = names.len() < before;
    if was_cut && names.is_empty() {
        unknown.remove(CUT);
    }
    (text, was_cut)
}

pub(crate) fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// A moment, in milliseconds.
pub(crate) fn moment(moment: Timestamp) -> AttributeValue {
    AttributeValue::N(moment.as_millis().to_string())
}

/// A session; `None` where none is known.
pub(crate) fn session(session: Option<&SessionId>) -> Option<AttributeValue> {
    session.map(|session| text(session.as_str()))
}

/// Takes a text out; `None` where there is none.
pub(crate) fn take_text(attributes: &mut Attributes, name: &'static str) -> Read<Option<String>> {
    match attributes.remove(name) {
        None => Ok(None),
        Some(AttributeValue::S(text)) => Ok(Some(text)),
        Some(_) => Err(UnknownAttribute(name)),
    }
}

/// Takes a moment out; `None` where there is none.
pub(crate) fn take_moment(
    attributes: &mut Attributes,
    name: &'static str,
) -> Read<Option<Timestamp>> {
    match attributes.remove(name) {
        None => Ok(None),
        Some(AttributeValue::N(millis)) => {
            let millis = millis.parse().map_err(|_| UnknownAttribute(name))?;
            Ok(Some(Timestamp::from_millis(millis)))
        }
        Some(_) => Err(UnknownAttribute(name)),
    }
}

/// Takes a map out; `None` where there is none.
pub(crate) fn take_map(
    attributes: &mut Attributes,
    name: &'static str,
) -> Read<Option<Attributes>> {
    match attributes.remove(name) {
        None => Ok(None),
        Some(AttributeValue::M(map)) => Ok(Some(map)),
        Some(_) => Err(UnknownAttribute(name)),
    }
}

fn put(attributes: &mut Attributes, name: &str, value: Option<AttributeValue>) {
    if let Some(value) = value {
        attributes.insert(name.to_owned(), value);
    }
}

/// A traffic flag; `None` for a visitor.
pub(crate) fn traffic(traffic: Traffic) -> Option<AttributeValue> {
    (traffic != Traffic::Visitor).then(|| text(traffic.code()))
}

/// A number with every digit that it needs to be read back as it was; as text where DynamoDB's numbers end before it.
fn number(number: f64) -> AttributeValue {
    let digits = number.to_string();
    let fits = number == 0.0 || (MAX_NUMBER.recip()..MAX_NUMBER).contains(&number.abs());
    if fits { AttributeValue::N(digits) } else { AttributeValue::S(digits) }
}

/// The fields as JSON text: DynamoDB's numbers would lose digits of theirs.
fn object(fields: &UnknownFields) -> Option<AttributeValue> {
    // A map of JSON values always has a JSON form.
    (!fields.is_empty()).then(|| text(serde_json::to_string(fields).unwrap_or_default()))
}

/// Texts in their order; `None` where there are none.
pub(crate) fn texts(texts: &[String]) -> Option<AttributeValue> {
    (!texts.is_empty()).then(|| AttributeValue::L(texts.iter().map(text).collect()))
}

fn take_number(attributes: &mut Attributes, name: &'static str) -> Read<Option<f64>> {
    match attributes.remove(name) {
        None => Ok(None),
        Some(AttributeValue::N(digits) | AttributeValue::S(digits)) => {
            digits.parse().map(Some).map_err(|_| UnknownAttribute(name))
        }
        Some(_) => Err(UnknownAttribute(name)),
    }
}

fn take_code<T>(
    attributes: &mut Attributes,
    name: &'static str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Read<Option<T>> {
    let Some(code) = take_text(attributes, name)? else { return Ok(None) };
    read(&code).map(Some).ok_or(UnknownAttribute(name))
}

fn take_object(attributes: &mut Attributes, name: &'static str) -> Read<UnknownFields> {
    let Some(json) = take_text(attributes, name)? else { return Ok(UnknownFields::new()) };
    match serde_json::from_str(&json) {
        Ok(Value::Object(fields)) => Ok(fields),
        _ => Err(UnknownAttribute(name)),
    }
}

fn take_texts(attributes: &mut Attributes, name: &'static str) -> Read<Vec<String>> {
    let values = match attributes.remove(name) {
        None => return Ok(Vec::new()),
        Some(AttributeValue::L(values)) => values,
        Some(_) => return Err(UnknownAttribute(name)),
    };
    let texts = values.into_iter().map(|value| match value {
        AttributeValue::S(text) => Ok(text),
        _ => Err(UnknownAttribute(name)),
    });
    texts.collect()
}
