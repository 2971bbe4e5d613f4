//! Columns as an interaction again: what a row holds when it is read.

use std::str::Split;

use cv_analytics_core::event::{
    Feedback, MatchScore, MatchType, Outcome, QueryHalf, Rating, RequestId, ResponseForm,
    ResponseHalf, SessionId, Traffic, UnknownFields,
};
use cv_analytics_core::interaction::Interaction;
use cv_analytics_core::timestamp::Timestamp;
use rusqlite::Row;
use rusqlite::types::ValueRef;

use crate::error::{Failure, Result};

/// Reads the interaction whose columns, as [`crate::schema::columns::COLUMNS`] has them, begin at `row`'s first.
pub(crate) fn interaction(row: &Row<'_>) -> Result<Interaction> {
    let request_id = row.get::<_, String>(0)?;
    let request_id = RequestId::new(request_id).map_err(|error| Failure::Row(error.to_string()))?;
    Ok(Interaction {
        query: query(row)?,
        response: response(row)?,
        feedback: feedback(row)?,
        request_id,
    })
}

fn feedback(row: &Row<'_>) -> Result<Option<Feedback>> {
    let Some(timestamp) = moment(row, 28)? else { return Ok(None) };
    Ok(Some(Feedback {
        timestamp,
        rating: code(row, 29, Rating::from_code)?.ok_or_else(|| unknown_value(row, 29))?,
        comment: row.get(30)?,
        comment_cut: row.get(31)?,
        unknown: unknown(row, 32)?,
        tolerated: texts(row, 33)?,
    }))
}

fn query(row: &Row<'_>) -> Result<Option<QueryHalf>> {
    let Some(timestamp) = moment(row, 2)? else { return Ok(None) };
    Ok(Some(QueryHalf {
        timestamp,
        query: row.get(3)?,
        query_cut: row.get(4)?,
        session: row.get::<_, Option<String>>(5)?.map(SessionId::from_store),
        traffic: traffic(row, 6)?,
        unknown: unknown(row, 19)?,
        tolerated: texts(row, 20)?,
    }))
}

fn response(row: &Row<'_>) -> Result<Option<ResponseHalf>> {
    let Some(timestamp) = moment(row, 7)? else { return Ok(None) };
    let outcome = code(row, 10, Outcome::from_code)?.ok_or_else(|| unknown_value(row, 10))?;
    Ok(Some(ResponseHalf {
        timestamp,
        match_type: code(row, 8, MatchType::from_code)?,
        match_score: score(row, 9)?,
        named_outcome: row.get::<_, bool>(25)?.then_some(outcome),
        answer: row.get(26)?,
        answer_cut: row.get(27)?,
        total_time_ms: row.get(11)?,
        form: code(row, 12, ResponseForm::from_code)?.ok_or_else(|| unknown_value(row, 12))?,
        session: row.get::<_, Option<String>>(13)?.map(SessionId::from_store),
        traffic: traffic(row, 14)?,
        matched_skills: texts(row, 15)?,
        missing_skills: texts(row, 16)?,
        topic: row.get(23)?,
        reasoning: row.get(17)?,
        reasoning_cut: row.get(18)?,
        unknown: unknown(row, 21)?,
        tolerated: texts(row, 22)?,
    }))
}

/// A moment in milliseconds; `None` where there is none.
pub(crate) fn moment(row: &Row<'_>, index: usize) -> Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(index)?.map(Timestamp::from_millis))
}

/// A match score; `None` where there is none.
pub(crate) fn score(row: &Row<'_>, index: usize) -> Result<Option<MatchScore>> {
    row.get::<_, Option<f64>>(index)?
        .map(|score| MatchScore::new(score).ok_or_else(|| unknown_value(row, index)))
        .transpose()
}

/// Whose question it was.
pub(crate) fn traffic(row: &Row<'_>, index: usize) -> Result<Traffic> {
    Ok(code(row, index, Traffic::from_code)?.unwrap_or(Traffic::Visitor))
}

/// The value that a code stands for; `None` where there is none.
pub(crate) fn code<T>(
    row: &Row<'_>,
    index: usize,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>> {
    let Some(code) = text(row, index)? else { return Ok(None) };
    read(code).map(Some).ok_or_else(|| unknown_value(row, index))
}

/// A JSON array of texts; empty where there is none.
pub(crate) fn texts(row: &Row<'_>, index: usize) -> Result<Vec<String>> {
    let Some(json) = text(row, index)? else { return Ok(Vec::new()) };
    if let Some(texts) = plain_texts(json) {
        return Ok(texts.map(str::to_owned).collect());
    }
    serde_json::from_str(json).map_err(|_| unknown_value(row, index))
}

/// The texts of a JSON array without escapes: a report reads millions.
pub(crate) fn plain_texts(json: &str) -> Option<Split<'_, &'static str>> {
    let inner = json.strip_prefix("[\"")?.strip_suffix("\"]")?;
    let texts = inner.split("\",\"");
    let quotes = inner.bytes().filter(|byte| *byte == b'"').count();
    // No other quotation marks than those between two texts.
    let are_plain = quotes == 0 || quotes == 2 * (texts.clone().count() - 1);
    (are_plain && !inner.contains('\\')).then_some(texts)
}

fn unknown(row: &Row<'_>, index: usize) -> Result<UnknownFields> {
    let Some(json) = text(row, index)? else { return Ok(UnknownFields::new()) };
    serde_json::from_str(json).map_err(|_| unknown_value(row, index))
}

/// A text where it is; `None` where there is none.
pub(crate) fn text<'r>(row: &'r Row<'_>, index: usize) -> Result<Option<&'r str>> {
    match row.get_ref(index)? {
        ValueRef::Null => Ok(None),
        value => value.as_str().map(Some).map_err(|_| unknown_value(row, index)),
    }
}

/// The failure for a column that holds what the product does not write; says nothing of it.
pub(crate) fn unknown_value(row: &Row<'_>, index: usize) -> Failure {
    let name = row.as_ref().column_name(index).unwrap_or("a column").to_owned();
    Failure::Row(format!("unknown content of an interaction's {name}"))
}
