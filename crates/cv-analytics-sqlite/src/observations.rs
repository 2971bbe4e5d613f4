//! What a report reads: the columns it needs and no more.

use std::ops::Range;

use cv_analytics_core::event::{MatchType, Outcome, ResponseForm, SessionDigest};
use cv_analytics_core::store::{Observation, ObservedQuery, ObservedResponse};
use cv_analytics_core::timestamp::Timestamp;
use rusqlite::{Connection, Row};

use crate::error::Result;
use crate::reader::Pages;
use crate::row::{code, moment, score, texts, traffic, unknown_value};

/// Observations in a page.
const PAGE: usize = 2_000;

/// Gives every interaction of `period`, as the file held them at one moment.
pub(crate) fn observations(
    connection: &Connection,
    period: &Range<Timestamp>,
    pages: &Pages<Observation>,
) -> Result<()> {
    let mut statement = connection.prepare(
        "SELECT request_id, query_at, query, response_at, match_type, match_score, outcome, \
             total_time_ms, form, matched_skills, missing_skills, \
             coalesce(query_session, response_session), coalesce(query_traffic, response_traffic) \
         FROM interactions WHERE at >= ?1 AND at < ?2",
    )?;
    let mut rows = statement.query([period.start.as_millis(), period.end.as_millis()])?;
    let mut page = Vec::with_capacity(PAGE);
    while let Some(row) = rows.next()? {
        page.push(observation(row)?);
        if page.len() == PAGE && !pages.give(std::mem::replace(&mut page, Vec::with_capacity(PAGE)))
        {
            return Ok(());
        }
    }
    if !page.is_empty() {
        pages.give(page);
    }
    Ok(())
}

fn observation(row: &Row<'_>) -> Result<Observation> {
    let query = match moment(row, 1)? {
        Some(at) => Some(ObservedQuery { at, text: row.get(2)? }),
        None => None,
    };
    let response = match moment(row, 3)? {
        Some(at) => Some(response(row, at)?),
        None => None,
    };
    Ok(Observation {
        request_id: row.get(0)?,
        query,
        response,
        session: row
            .get_ref(11)?
            .as_str_or_null()
            .map_err(rusqlite::Error::from)?
            .map(SessionDigest::of),
        traffic: traffic(row, 12)?,
    })
}

fn response(row: &Row<'_>, at: Timestamp) -> Result<ObservedResponse> {
    Ok(ObservedResponse {
        at,
        match_type: code(row, 4, MatchType::from_code)?,
        match_score: score(row, 5)?,
        outcome: code(row, 6, Outcome::from_code)?.ok_or_else(|| unknown_value(row, 6))?,
        total_time_ms: row.get(7)?,
        combined: code(row, 8, ResponseForm::from_code)? == Some(ResponseForm::Combined),
        matched_skills: texts(row, 9)?,
        missing_skills: texts(row, 10)?,
    })
}
