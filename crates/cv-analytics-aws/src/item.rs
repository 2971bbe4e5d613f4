//! Records and interim rows as DynamoDB items and back.
//!
//! | table | attribute | |
//! | --- | --- | --- |
//! | both | `requestId` | partition key |
//! | `CV-Analytics` | `week`, `timestamp` | keys of `week-index`: the ISO week, and the query's milliseconds (the response's where there is no query) |
//! | | `awaits` | `response` or `query`: the half that has not come; absent once both are there |
//! | | `feedback`, `feedbackTimestamp` | the visitor's last word as canonical JSON, and when it was given: milliseconds |
//! | | `feedbackTolerated` | what was tolerated on reading it, as sentences |
//! | | `erased` | the item is a tombstone and carries nothing else |
//! | `CV-Analytics-QueryEvents` | `queryHalf`, `responseHalf` | a map each |
//! | | `ttl` | seconds |
//! | | `erased` | the row takes no half any more |
//!
//! The attributes of the halves are in [`crate::item::attributes`].
//!
//! Feedback lies in the item of its interaction, and no record that is put there touches it. Where it came first, it
//! waits in an item without halves, whose `week` is `feedback:` and the week in which it was given, so that nothing
//! that lists interactions sees it; the record that comes takes it out of there. Such an item stays until then.

use aws_sdk_dynamodb::types::AttributeValue;
use cv_analytics_core::event::{EventType, RequestId, SessionDigest, Traffic};
use cv_analytics_core::interaction::Interaction;
use cv_analytics_core::week::IsoWeek;

use crate::item::attributes::{
    ANSWER, Attributes, FEEDBACK, FEEDBACK_TIMESTAMP, FORM, MATCH_SCORE, MATCH_TYPE,
    MATCHED_SKILLS, MISSING_SKILLS, OUTCOME, OUTCOME_IMPLIED, QUERY, QUERY_SESSION, QUERY_TRAFFIC,
    REASONING, REQUEST_ID, RESPONSE_EXTRA, RESPONSE_SESSION, RESPONSE_TIMESTAMP, RESPONSE_TRAFFIC,
    TOPIC, TOTAL_TIME_MS, UnknownAttribute, moment, read_feedback, read_query, read_response,
    take_map, take_moment, take_text, text, write_query, write_response,
};
use crate::item::record::Record;
use crate::item::row::{Half, InterimRow};

/// The index's partition key, e.g. `2026-W47`.
pub(crate) const WEEK: &str = "week";
/// The index's sort key, and the moment of a half in its map: milliseconds.
pub(crate) const TIMESTAMP: &str = "timestamp";
/// What the index has before the week of feedback that waits for its interaction.
pub(crate) const WAITING_FEEDBACK: &str = "feedback:";
/// The half that a lone one waits for.
pub(crate) const AWAITS: &str = "awaits";
/// The mark of a tombstone and of an erased row.
pub(crate) const ERASED: &str = "erased";
/// When DynamoDB may remove a row: seconds.
pub(crate) const TTL: &str = "ttl";
/// The query half's map in an interim row.
pub(crate) const QUERY_HALF: &str = "queryHalf";
/// The response half's map in an interim row.
pub(crate) const RESPONSE_HALF: &str = "responseHalf";
const ARRIVED_AT: &str = "arrivedAt";

/// What a report needs of a record, besides [`TIMESTAMP`]: the others say what was cut, what was tolerated, and which
/// unknown fields a question came with.
pub(crate) const REPORT_ATTRIBUTES: [&str; 22] = [
    REQUEST_ID,
    AWAITS,
    QUERY,
    QUERY_SESSION,
    QUERY_TRAFFIC,
    RESPONSE_TIMESTAMP,
    MATCH_TYPE,
    MATCH_SCORE,
    OUTCOME,
    OUTCOME_IMPLIED,
    REASONING,
    MATCHED_SKILLS,
    MISSING_SKILLS,
    TOPIC,
    ANSWER,
    TOTAL_TIME_MS,
    FORM,
    // Where match type and score come from.
    RESPONSE_EXTRA,
    RESPONSE_SESSION,
    RESPONSE_TRAFFIC,
    FEEDBACK,
    FEEDBACK_TIMESTAMP,
];

/// The item's key.
pub(crate) fn key(request_id: &str) -> Attributes {
    Attributes::from([(REQUEST_ID.to_owned(), text(request_id))])
}

pub(crate) fn request_id(item: &mut Attributes) -> Result<RequestId, UnknownAttribute> {
    let id = take_text(item, REQUEST_ID)?.ok_or(UnknownAttribute(REQUEST_ID))?;
    RequestId::new(id).map_err(|_| UnknownAttribute(REQUEST_ID))
}

/// A record as an item, but for the feedback.
pub(crate) fn write_record(record: &Interaction) -> Attributes {
    let mut item = key(record.request_id.as_str());
    if let Some(at) = record.at() {
        item.insert(WEEK.to_owned(), text(IsoWeek::containing(at).to_string()));
        item.insert(TIMESTAMP.to_owned(), moment(at));
    }
    if let Some(query) = &record.query {
        write_query(&mut item, query);
    }
    if let Some(response) = &record.response {
        write_response(&mut item, response);
    }
    let awaited = match (&record.query, &record.response) {
        (Some(_), None) => Some(EventType::Response),
        (None, Some(_)) => Some(EventType::Query),
        _ => None,
    };
    if let Some(awaited) = awaited {
        item.insert(AWAITS.to_owned(), text(awaited.code()));
    }
    item
}

/// An item as a record. A single half without [`AWAITS`] is another program's, and refused, like an item with nothing
/// in it.
pub(crate) fn read_record(mut item: Attributes) -> Result<Record, UnknownAttribute> {
    if item.contains_key(ERASED) {
        return Ok(Record::Erased);
    }
    let request_id = request_id(&mut item)?;
    let at = take_moment(&mut item, TIMESTAMP)?.ok_or(UnknownAttribute(TIMESTAMP))?;
    let query = read_query(&mut item, at)?;
    let response = read_response(&mut item)?;
    let feedback = read_feedback(&mut item)?;
    let record = Interaction { request_id, query, response, feedback };
    let is_lone = record.at().is_some() && !record.is_joined();
    let is_empty = record.at().is_none() && record.feedback.is_none();
    if is_empty || is_lone != item.contains_key(AWAITS) {
        return Err(UnknownAttribute(AWAITS));
    }
    Ok(Record::Interaction(record))
}

/// A half as the map in its row, and the attribute that holds it.
pub(crate) fn write_half(
    half: &Half,
    arrived_at: cv_analytics_core::timestamp::Timestamp,
) -> (&'static str, AttributeValue) {
    let mut map = Attributes::from([(ARRIVED_AT.to_owned(), moment(arrived_at))]);
    let name = match half {
        Half::Query(query) => {
            map.insert(TIMESTAMP.to_owned(), moment(query.timestamp));
            write_query(&mut map, query);
            QUERY_HALF
        }
        Half::Response(response) => {
            write_response(&mut map, response);
            RESPONSE_HALF
        }
    };
    (name, AttributeValue::M(map))
}

/// An interim row without its halves: whose it is, and the session and the traffic flag of its query half.
pub(crate) struct RowOrigin<'i> {
    pub(crate) request_id: &'i str,
    pub(crate) session: Option<SessionDigest>,
    pub(crate) traffic: Traffic,
}

/// Reads an item of [`crate::tables::Tables::row_origins_page`]; `None` of an erased row.
pub(crate) fn read_row_origin(item: &Attributes) -> Option<RowOrigin<'_>> {
    if item.contains_key(ERASED) {
        return None;
    }
    let query = item.get(QUERY_HALF).and_then(|half| half.as_m().ok());
    let text = |name| query?.get(name)?.as_s().ok();
    Some(RowOrigin {
        request_id: item.get(REQUEST_ID)?.as_s().ok()?,
        session: text(QUERY_SESSION).map(|session| SessionDigest::of(session)),
        traffic: text(QUERY_TRAFFIC)
            .and_then(|code| Traffic::from_code(code))
            .unwrap_or(Traffic::Visitor),
    })
}

pub(crate) fn read_row(mut item: Attributes) -> Result<InterimRow, UnknownAttribute> {
    if item.contains_key(ERASED) {
        return Ok(InterimRow { erased: true, ..InterimRow::default() });
    }
    let mut arrived_at = None;
    let query = match take_map(&mut item, QUERY_HALF)? {
        None => None,
        Some(mut map) => {
            arrived_at = take_moment(&mut map, ARRIVED_AT)?;
            let at = take_moment(&mut map, TIMESTAMP)?.ok_or(UnknownAttribute(TIMESTAMP))?;
            read_query(&mut map, at)?
        }
    };
    let response = match take_map(&mut item, RESPONSE_HALF)? {
        None => None,
        Some(mut map) => {
            let response_arrived_at = take_moment(&mut map, ARRIVED_AT)?;
            arrived_at = match (arrived_at, response_arrived_at) {
                (Some(query), Some(response)) => Some(query.min(response)),
                (query, response) => query.or(response),
            };
            read_response(&mut map)?
        }
    };
    Ok(InterimRow { query, response, arrived_at, erased: false })
}

pub mod attributes;
pub mod record;
pub mod row;
#[cfg(test)]
mod tests;
