//! What a report reads: the columns it needs and no more.

use std::borrow::Cow;
use std::ops::Range;
use std::str::Split;

use cv_analytics_core::event::{
    MatchSource, MatchType, Outcome, Rating, ResponseForm, SessionDigest,
};
use cv_analytics_core::store::observation_page::ObservationPage;
use cv_analytics_core::store::{Observation, ObservedFeedback, ObservedQuery, ObservedResponse};
use cv_analytics_core::timestamp::Timestamp;
use rusqlite::{Connection, Row};

use crate::error::Result;
use crate::reader::Pages;
use crate::schema::row::{code, moment, plain_texts, score, text, texts, traffic, unknown_value};

const OBSERVATIONS_PER_PAGE: usize = 2_000;

/// Gives every interaction of `period`, as the file held them at one moment. Until the last page is taken the log keeps
/// growing, so their consumer must wait for nothing else, as a download does for its client.
pub(crate) fn observations(
    connection: &Connection,
    period: &Range<Timestamp>,
    pages: &Pages<ObservationPage>,
) -> Result<()> {
    let mut statement = connection.prepare(
        "SELECT request_id, query_at, query, response_at, match_type, match_score, outcome, \
             total_time_ms, form, matched_skills, missing_skills, \
             coalesce(query_session, response_session), coalesce(query_traffic, response_traffic), \
             match_source, outcome_named, topic, \
             CASE match_type WHEN 'full' THEN NULL ELSE reasoning END, \
             CASE match_type WHEN 'full' THEN NULL ELSE answer END, feedback_at, rating, comment \
         FROM interactions WHERE at >= ?1 AND at < ?2",
    )?;
    let mut rows = statement.query([period.start.as_millis(), period.end.as_millis()])?;
    let mut page = ObservationPage::with_capacity(OBSERVATIONS_PER_PAGE);
    while let Some(row) = rows.next()? {
        page.push(observation(row)?);
        if page.len() == OBSERVATIONS_PER_PAGE
            && !pages.give(std::mem::replace(
                &mut page,
                ObservationPage::with_capacity(OBSERVATIONS_PER_PAGE),
            ))
        {
            return Ok(());
        }
    }
    if !page.is_empty() {
        pages.give(page);
    }
    Ok(())
}

fn observation<'r>(row: &'r Row<'_>) -> Result<Observation<&'r str, SkillTexts<'r>>> {
    let query = match moment(row, 1)? {
        Some(at) => Some(ObservedQuery { at, text: required(row, 2)? }),
        None => None,
    };
    let response = match moment(row, 3)? {
        Some(at) => Some(response(row, at)?),
        None => None,
    };
    Ok(Observation {
        request_id: required(row, 0)?,
        query,
        response,
        session: text(row, 11)?.map(SessionDigest::of),
        traffic: traffic(row, 12)?,
        feedback: match moment(row, 18)? {
            Some(at) => Some(ObservedFeedback {
                at,
                rating: code(row, 19, Rating::from_code)?.ok_or_else(|| unknown_value(row, 19))?,
                comment: text(row, 20)?,
            }),
            None => None,
        },
    })
}

fn response<'r>(
    row: &'r Row<'_>,
    at: Timestamp,
) -> Result<ObservedResponse<&'r str, SkillTexts<'r>>> {
    Ok(ObservedResponse {
        at,
        match_type: code(row, 4, MatchType::from_code)?,
        match_score: score(row, 5)?,
        match_source: code(row, 13, MatchSource::from_code)?.unwrap_or(MatchSource::Unknown),
        outcome: code(row, 6, Outcome::from_code)?.ok_or_else(|| unknown_value(row, 6))?,
        outcome_named: row.get(14)?,
        total_time_ms: row.get(7)?,
        form: code(row, 8, ResponseForm::from_code)?.ok_or_else(|| unknown_value(row, 8))?,
        matched_skills: SkillTexts::of(row, 9)?,
        missing_skills: SkillTexts::of(row, 10)?,
        topic: text(row, 15)?,
        reasoning: text(row, 16)?,
        answer: text(row, 17)?,
    })
}

fn required<'r>(row: &'r Row<'_>, index: usize) -> Result<&'r str> {
    text(row, index)?.ok_or_else(|| unknown_value(row, index))
}

/// The texts of a JSON array.
enum SkillTexts<'r> {
    /// Nearly always: without an escape, so that they are read where they are.
    Plain(Split<'r, &'static str>),
    Read(std::vec::IntoIter<String>),
}

impl<'r> SkillTexts<'r> {
    fn of(row: &'r Row<'_>, index: usize) -> Result<Self> {
        match text(row, index)?.and_then(plain_texts) {
            Some(plain) => Ok(Self::Plain(plain)),
            None => Ok(Self::Read(texts(row, index)?.into_iter())),
        }
    }
}

impl<'r> Iterator for SkillTexts<'r> {
    type Item = Cow<'r, str>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Plain(texts) => texts.next().map(Cow::Borrowed),
            Self::Read(texts) => texts.next().map(Cow::Owned),
        }
    }
}
