//! An interaction as columns: what a row holds when it is written.

use cv_analytics_core::event::{
    Event, EventBody, Feedback, MatchSource, QueryHalf, RequestId, ResponseHalf, SessionId,
    Traffic, UnknownFields,
};
use cv_analytics_core::interaction::Interaction;
use rusqlite::{CachedStatement, params};

/// The columns in the order of [`Columns::execute`]'s parameters.
macro_rules! columns {
    () => {
        "request_id, at, query_at, query, query_cut, query_session, query_traffic, \
         response_at, match_type, match_score, outcome, total_time_ms, form, \
         response_session, response_traffic, matched_skills, missing_skills, \
         reasoning, reasoning_cut, query_unknown, query_tolerated, \
         response_unknown, response_tolerated, topic, match_source, outcome_named, \
         answer, answer_cut, feedback_at, rating, comment, comment_cut, feedback_unknown, feedback_tolerated"
    };
}

macro_rules! update_but_at {
    () => {
        "query_at = ?3, query = ?4, query_cut = ?5, query_session = ?6, query_traffic = ?7, \
         response_at = ?8, match_type = ?9, match_score = ?10, outcome = ?11, \
         total_time_ms = ?12, form = ?13, response_session = ?14, response_traffic = ?15, \
         matched_skills = ?16, missing_skills = ?17, reasoning = ?18, reasoning_cut = ?19, \
         query_unknown = ?20, query_tolerated = ?21, response_unknown = ?22, \
         response_tolerated = ?23, topic = ?24, match_source = ?25, outcome_named = ?26, \
         answer = ?27, answer_cut = ?28, feedback_at = ?29, rating = ?30, comment = ?31, \
         comment_cut = ?32, feedback_unknown = ?33, feedback_tolerated = ?34 \
         WHERE request_id = ?1"
    };
}

/// Every column of an interaction, as [`crate::schema::row`] reads them.
pub(crate) const COLUMNS: &str = columns!();

/// Makes a row; changes nothing where the request id is taken.
pub(crate) const INSERT: &str = concat!(
    "INSERT INTO interactions (",
    columns!(),
    ", id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, \
     ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35) ON CONFLICT (request_id) DO NOTHING"
);

/// Writes a row anew whose moment stays, so that its index need not be written.
pub(crate) const UPDATE_AT_THE_SAME_MOMENT: &str =
    concat!("UPDATE interactions SET ", update_but_at!());

/// Writes a row anew.
pub(crate) const UPDATE: &str = concat!("UPDATE interactions SET at = ?2, ", update_but_at!());

/// The JSON columns, serialized before the writer's thread, which everybody waits for.
#[derive(Debug, Default)]
pub(crate) struct JsonColumns {
    matched_skills: Option<String>,
    missing_skills: Option<String>,
    query_unknown: Option<String>,
    query_tolerated: Option<String>,
    response_unknown: Option<String>,
    response_tolerated: Option<String>,
    feedback_unknown: Option<String>,
    feedback_tolerated: Option<String>,
}

/// What one row holds.
pub(crate) struct Columns<'h> {
    request_id: &'h RequestId,
    query: Option<&'h QueryHalf>,
    response: Option<&'h ResponseHalf>,
    feedback: Option<&'h Feedback>,
}

impl<'h> From<&'h Event> for Columns<'h> {
    fn from(event: &'h Event) -> Self {
        let (query, response, feedback) = match &event.body {
            EventBody::Query(query) => (Some(query), None, None),
            EventBody::Response(response) => (None, Some(response), None),
            EventBody::Whole(query, response) => (Some(query), Some(response), None),
            EventBody::Feedback(feedback) => (None, None, Some(feedback)),
        };
        Self { request_id: &event.request_id, query, response, feedback }
    }
}

impl<'h> From<&'h Interaction> for Columns<'h> {
    fn from(interaction: &'h Interaction) -> Self {
        Self {
            request_id: &interaction.request_id,
            query: interaction.query.as_ref(),
            response: interaction.response.as_ref(),
            feedback: interaction.feedback.as_ref(),
        }
    }
}

impl Columns<'_> {
    /// Writes the columns that hold JSON.
    pub(crate) fn json(&self) -> JsonColumns {
        let mut json = JsonColumns::default();
        if let Some(query) = self.query {
            json.query_unknown = object(&query.unknown);
            json.query_tolerated = array(&query.tolerated);
        }
        if let Some(response) = self.response {
            json.matched_skills = array(&response.matched_skills);
            json.missing_skills = array(&response.missing_skills);
            json.response_unknown = object(&response.unknown);
            json.response_tolerated = array(&response.tolerated);
        }
        if let Some(feedback) = self.feedback {
            json.feedback_unknown = object(&feedback.unknown);
            json.feedback_tolerated = array(&feedback.tolerated);
        }
        json
    }

    /// Runs `statement` ([`INSERT`] with an id, an update without) and says whether it changed a row.
    pub(crate) fn execute(
        &self,
        statement: &mut CachedStatement<'_>,
        json: &JsonColumns,
        id: Option<i64>,
    ) -> rusqlite::Result<bool> {
        let Self { query, response, feedback, .. } = *self;
        let at = query
            .map(|half| half.timestamp)
            .or_else(|| response.map(|half| half.timestamp))
            .map(cv_analytics_core::timestamp::Timestamp::as_millis);
        let values = params![
            self.request_id.as_str(),
            at,
            query.map(|half| half.timestamp.as_millis()),
            query.map(|half| half.query.as_str()),
            query.map(|half| half.query_cut),
            query.and_then(|half| session(half.session.as_ref())),
            query.and_then(|half| traffic(half.traffic)),
            response.map(|half| half.timestamp.as_millis()),
            response
                .and_then(|half| half.match_type)
                .map(cv_analytics_core::event::MatchType::code),
            response
                .and_then(|half| half.match_score)
                .map(cv_analytics_core::event::MatchScore::value),
            response.map(|half| half.outcome().code()),
            response.and_then(|half| half.total_time_ms),
            response.map(|half| half.form.code()),
            response.and_then(|half| session(half.session.as_ref())),
            response.and_then(|half| traffic(half.traffic)),
            json.matched_skills,
            json.missing_skills,
            response.and_then(|half| half.reasoning.as_deref()),
            response.map(|half| half.reasoning_cut),
            json.query_unknown,
            json.query_tolerated,
            json.response_unknown,
            json.response_tolerated,
            response.and_then(|half| half.topic.as_deref()),
            response.and_then(|half| match_source(half.match_source())),
            response.map(|half| half.named_outcome.is_some()),
            response.and_then(|half| half.answer.as_deref()),
            response.map(|half| half.answer_cut),
            feedback.map(|given| given.timestamp.as_millis()),
            feedback.map(|given| given.rating.code()),
            feedback.and_then(|given| given.comment.as_deref()),
            feedback.map(|given| given.comment_cut),
            json.feedback_unknown,
            json.feedback_tolerated,
        ];
        for (index, value) in values.iter().enumerate() {
            statement.raw_bind_parameter(index + 1, value)?;
        }
        if let Some(id) = id {
            statement.raw_bind_parameter(values.len() + 1, id)?;
        }
        Ok(statement.raw_execute()? == 1)
    }
}

fn session(session: Option<&SessionId>) -> Option<&str> {
    session.map(SessionId::as_str)
}

fn traffic(traffic: Traffic) -> Option<&'static str> {
    (traffic != Traffic::Visitor).then(|| traffic.code())
}

fn match_source(source: MatchSource) -> Option<&'static str> {
    (source != MatchSource::Unknown).then(|| source.code())
}

fn object(fields: &UnknownFields) -> Option<String> {
    // A map of JSON values always has a JSON form.
    (!fields.is_empty()).then(|| serde_json::to_string(fields).unwrap_or_default())
}

fn array(texts: &[String]) -> Option<String> {
    (!texts.is_empty()).then(|| serde_json::to_string(texts).unwrap_or_default())
}
