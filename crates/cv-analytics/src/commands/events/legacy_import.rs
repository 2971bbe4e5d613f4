//! Rows of an earlier, hand-written deployment's two tables as the events that they stand for.
//!
//! Its interim rows held a question (`status` says that it waits), its complete rows question and
//! answer side by side. Three forms are read: the items of `aws dynamodb scan`, the lines of
//! DynamoDB's export to S3, and the same rows as plain JSON. What is made here are events in the
//! contract's own shapes, which the intake then reads and redacts like any other.

use cv_analytics_core::dead_letter::Reason;
use cv_analytics_core::timestamp::Timestamp;
use serde_json::{Map, Value, json};

/// Bookkeeping fields of a row, computed again: the week was wrong on a third of all days.
const BOOKKEEPING: [&str; 4] = ["status", "ttl", "week", "expiresAt"];
/// Columns that only an answer fills.
const OF_ANSWERS: [&str; 9] = [
    "matchType",
    "matchScore",
    "outcome",
    "reasoning",
    "response",
    "responseTimestamp",
    "matchQuality",
    "meta",
    "matchedSkills",
];
/// What `status` says of a row that is complete.
const COMPLETE: [&str; 7] =
    ["complete", "completed", "joined", "answered", "matched", "processed", "done"];
/// Columns of this program's own tables, which `events export` reads better.
const OWN: [&str; 8] = [
    "queryHalf",
    "responseHalf",
    "awaits",
    "erased",
    "queryExtra",
    "responseExtra",
    "responseForm",
    "queryTolerated",
];

/// What a line of an import is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Line {
    /// No row: the intake reads it as it stands.
    Other,
    /// A row, as the event that it stands for.
    Row(Value),
    /// A row that stands for no event, and why.
    NotUnderstood(Reason, &'static str),
}

/// Says what `line` is: one row, or something else.
pub(crate) fn read(line: &[u8]) -> Line {
    let Ok(Value::Object(fields)) = serde_json::from_slice(line) else { return Line::Other };
    // DynamoDB's export to S3 wraps each row.
    if let (1, Some(Value::Object(item))) = (fields.len(), fields.get("Item")) {
        return match plain_fields(item) {
            Some(fields) => row(fields),
            None => {
                Line::NotUnderstood(Reason::WrongType, "its `Item` is not in DynamoDB's typed JSON")
            }
        };
    }
    if fields.contains_key("requestId")
        && let Some(fields) = plain_fields(&fields)
    {
        return row(fields);
    }
    let is_event = ["eventType", "type"].iter().any(|name| fields.contains_key(*name));
    let is_row = BOOKKEEPING.iter().any(|name| fields.contains_key(*name));
    if is_row && !is_event { row(fields) } else { Line::Other }
}

/// The event that a row stands for.
fn row(mut fields: Map<String, Value>) -> Line {
    if OWN.iter().any(|name| fields.contains_key(*name)) {
        return Line::NotUnderstood(
            Reason::UnknownEventType,
            "it is a row of this program's own tables, which `cv-analytics --store dynamodb events export` reads",
        );
    }
    fields.retain(|_, value| !is_nothing(value));
    let status = fields.get("status").and_then(Value::as_str).map(str::to_ascii_lowercase);
    for name in BOOKKEEPING.into_iter().chain(["eventType", "type"]) {
        fields.remove(name);
    }
    let answered = OF_ANSWERS.iter().any(|name| fields.contains_key(*name))
        || status.is_some_and(|status| COMPLETE.contains(&status.as_str()));
    let asked = fields.contains_key("query");
    match (asked, answered) {
        (true, true) => whole(fields),
        (true, false) => {
            let asked_at = fields.remove("queryTimestamp");
            event(fields, "query", asked_at)
        }
        (false, true) => {
            let answered_at = fields.remove("responseTimestamp");
            event(fields, "response", answered_at)
        }
        (false, false) => Line::NotUnderstood(
            Reason::MissingField,
            "the row holds neither a question nor an answer",
        ),
    }
}

/// A row with question and answer: self-contained where it knows two moments, else combined, which has no latency.
fn whole(mut fields: Map<String, Value>) -> Line {
    let timestamp = fields.remove("timestamp");
    let asked_at = fields.remove("queryTimestamp").or_else(|| timestamp.clone());
    let answered_at = fields.remove("responseTimestamp").or(timestamp);
    let two_moments = match (&asked_at, &answered_at) {
        (Some(asked_at), Some(answered_at)) => !is_same_moment(asked_at, answered_at),
        _ => false,
    };
    let judged = ["matchType", "outcome", "matchQuality", "meta"]
        .iter()
        .any(|name| fields.contains_key(*name));
    if two_moments && judged {
        if let Some(asked_at) = asked_at {
            fields.insert("queryTimestamp".to_owned(), asked_at);
        }
        return event(fields, "response", answered_at);
    }
    // The answer's own text, which makes an event a combined one, was never in these tables.
    fields.entry("response").or_insert_with(|| json!(""));
    if two_moments && let Some(answered_at) = answered_at {
        // It has no place in a combined event, and is kept as it is.
        fields.insert("responseTimestamp".to_owned(), answered_at);
    }
    event(fields, "query", asked_at)
}

fn event(mut fields: Map<String, Value>, event_type: &str, at: Option<Value>) -> Line {
    fields.insert("eventType".to_owned(), json!(event_type));
    if let Some(at) = at {
        fields.insert("timestamp".to_owned(), at);
    }
    Line::Row(Value::Object(fields))
}

/// Whether a column says nothing: such rows were written with every column there is.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

fn is_same_moment(one: &Value, other: &Value) -> bool {
    match (Timestamp::read(one), Timestamp::read(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

/// Fields in DynamoDB's typed JSON (`{"requestId":{"S":"…"}}`) as plain ones; `None` where one is in another form.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html>
fn plain_fields(fields: &Map<String, Value>) -> Option<Map<String, Value>> {
    fields.iter().map(|(name, value)| Some((name.clone(), plain(value)?))).collect()
}

fn plain(value: &Value) -> Option<Value> {
    let mut typed = value.as_object()?.iter();
    let (Some((name, value)), None) = (typed.next(), typed.next()) else { return None };
    let all = |read: fn(&Value) -> Option<Value>| {
        let values = value.as_array()?.iter().map(read);
        values.collect::<Option<Vec<Value>>>().map(Value::Array)
    };
    match name.as_str() {
        // Bytes stay in Base64.
        "S" | "B" => Some(value.as_str()?.into()),
        "N" => number(value),
        "BOOL" => Some(value.as_bool()?.into()),
        "NULL" => Some(Value::Null),
        "L" => all(plain),
        "SS" | "BS" => all(|text| Some(text.as_str()?.into())),
        "NS" => all(number),
        "M" => plain_fields(value.as_object()?).map(Value::Object),
        _ => None,
    }
}

fn number(value: &Value) -> Option<Value> {
    value.as_str()?.parse().ok().map(Value::Number)
}

#[cfg(test)]
mod tests;
