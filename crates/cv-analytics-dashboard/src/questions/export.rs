//! `/questions.csv` and `/questions.jsonl`: every question that the filters find, streamed.
//!
//! Who takes a download may be slow, or stop. So the search, which holds one state of the store, runs to
//! its end first and keeps no more than ids; the questions are then looked up page by page as they are
//! taken, and nothing of the store is held between two pages.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderValue, Response, header};
use bytes::Bytes;
use cv_analytics_core::event::{MatchScore, MatchType, RequestId};
use cv_analytics_core::interaction::Interaction;
use cv_analytics_core::store::Store;
use cv_analytics_core::store::observation_page::{ObservationPage, PagedObservation};
use cv_analytics_core::store::{Observation, StoreError};
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::questions::filter::QuestionFilter;
use cv_analytics_insights::questions::parameters::Ended;
use cv_analytics_insights::tally::search::QuestionSearch;
use futures_util::{TryStreamExt, stream};
use serde::Serialize;
use tokio::sync::mpsc;

use crate::dashboard::Dashboard;
use crate::page::PageError;
use crate::questions::view::{answer, model, whole};
use crate::weeks::reports::Naming;
use crate::weeks::shown_week;

const QUESTIONS_PER_PAGE: usize = 500;
/// Pages that are made ahead of who takes them.
const MAX_PAGES_AHEAD: usize = 2;

/// A form of an export.
#[derive(Clone, Copy)]
enum Format {
    Csv,
    JsonLines,
}

/// One exported question.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Exported<'o> {
    request_id: &'o str,
    at: String,
    week: String,
    question: Option<&'o str>,
    outcome: &'static str,
    match_type: Option<&'static str>,
    match_score: Option<f64>,
    latency_ms: Option<u64>,
    session: Option<String>,
    matched_skills: Vec<&'o str>,
    missing_skills: Vec<&'o str>,
    skills: Vec<String>,
    topic: String,
    model: Option<&'o str>,
    reason: Option<&'o str>,
    answer: Option<&'o str>,
    rating: Option<&'static str>,
    comment: Option<&'o str>,
}

/// The first line of the CSV form.
const HEADS: [&str; 18] = [
    "requestId",
    "at",
    "week",
    "question",
    "outcome",
    "matchType",
    "matchScore",
    "latencyMs",
    "session",
    "matchedSkills",
    "missingSkills",
    "skills",
    "topic",
    "model",
    "reason",
    "answer",
    "rating",
    "comment",
];

type Pages = mpsc::Sender<Result<Bytes, ExportError>>;

/// Why an export broke off: the connection is cut, so that it cannot pass for a whole one.
#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Page(#[from] PageError),
    #[error("cannot write a line: {0}")]
    Csv(#[from] csv::Error),
    #[error("cannot write a line: {0}")]
    Json(#[from] serde_json::Error),
}

pub(crate) async fn csv(
    state: State<Arc<Dashboard>>,
    query: RawQuery,
) -> Result<Response<Body>, PageError> {
    export(state, query, Format::Csv).await
}

pub(crate) async fn json_lines(
    state: State<Arc<Dashboard>>,
    query: RawQuery,
) -> Result<Response<Body>, PageError> {
    export(state, query, Format::JsonLines).await
}

async fn export(
    State(dashboard): State<Arc<Dashboard>>,
    RawQuery(query): RawQuery,
    format: Format,
) -> Result<Response<Body>, PageError> {
    let query = QuestionFilter::read(&query.unwrap_or_default())?;
    let now = dashboard.now();
    let newest = match query.week {
        Some(week) => week,
        None => shown_week(&dashboard.weeks().await?, now),
    };
    let named_by = query.as_of.unwrap_or(newest);
    let naming = dashboard.reports.naming(&*dashboard.store, named_by, now).await?;
    let store = dashboard.store.clone();
    let (pages, mut made) = mpsc::channel(MAX_PAGES_AHEAD);
    tokio::spawn(async move {
        if let Err(error) = write(&*store, &naming, &query, newest, format, &pages).await {
            tracing::error!(error = %error, "an export broke off");
            // The reader may be gone.
            let _ = pages.send(Err(error)).await;
        }
    });
    let (kind, ending) = match format {
        Format::Csv => ("text/csv; charset=utf-8; header=present", "csv"),
        Format::JsonLines => ("application/x-ndjson", "jsonl"),
    };
    let name = format!("attachment; filename=\"questions-{newest}.{ending}\"");
    let mut response =
        Response::new(Body::from_stream(stream::poll_fn(move |context| made.poll_recv(context))));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(name) = HeaderValue::try_from(name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

async fn write(
    store: &dyn Store,
    naming: &Naming,
    filter: &QuestionFilter,
    newest: IsoWeek,
    format: Format,
    made: &Pages,
) -> Result<(), ExportError> {
    let mut search = QuestionSearch::new(filter, &naming.rules, naming.shared_phrases());
    if matches!(format, Format::Csv) {
        // By its mark Excel knows UTF-8.
        let mut line = csv::Writer::from_writer(Vec::from("\u{feff}"));
        line.write_record(HEADS)?;
        let _ = made.send(Ok(finished(line)?)).await;
    }
    for back in 0..filter.weeks.unwrap_or(1) {
        let week = newest.earlier(back);
        let mut ids = Vec::new();
        let mut pages = store.scan(week.start()..week.end());
        while let Some(page) = pages.try_next().await? {
            search.search(&page, |found| ids.extend(RequestId::new(found.request_id).ok()));
        }
        for page in ids.chunks(QUESTIONS_PER_PAGE) {
            let found = whole(store, page.iter().map(RequestId::as_str)).await?;
            let lines = lines(&found, &mut search, format)?;
            if !lines.is_empty() && made.send(Ok(lines)).await.is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

fn lines(
    found: &[Interaction],
    search: &mut QuestionSearch<'_>,
    format: Format,
) -> Result<Bytes, ExportError> {
    let page: ObservationPage = found.iter().cloned().map(Observation::from).collect();
    let exported = page.iter().zip(found).map(|(row, whole)| Exported::of(&row, whole, search));
    match format {
        Format::Csv => {
            let mut lines = csv::Writer::from_writer(Vec::new());
            for question in exported {
                lines.write_record(question.record())?;
            }
            Ok(finished(lines)?)
        }
        Format::JsonLines => {
            let mut lines = Vec::new();
            for question in exported {
                serde_json::to_writer(&mut lines, &question)?;
                lines.push(b'\n');
            }
            Ok(lines.into())
        }
    }
}

fn finished(writer: csv::Writer<Vec<u8>>) -> Result<Bytes, csv::Error> {
    let lines = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(lines.into())
}

impl<'o> Exported<'o> {
    fn of(
        observation: &PagedObservation<'o>,
        whole: &'o Interaction,
        search: &mut QuestionSearch<'_>,
    ) -> Self {
        let seen = search.explain(observation);
        let response = observation.response.as_ref();
        let at = observation.at();
        Self {
            request_id: observation.request_id,
            at: at.map(|at| at.to_string()).unwrap_or_default(),
            week: at.map(|at| IsoWeek::containing(at).to_string()).unwrap_or_default(),
            question: observation.query.as_ref().map(|query| query.text),
            outcome: Ended::from(response.map(|response| response.outcome)).code(),
            match_type: response.and_then(|response| response.match_type.map(MatchType::code)),
            match_score: response.and_then(|response| response.match_score.map(MatchScore::value)),
            latency_ms: seen.latency_ms,
            session: observation.session.map(|session| session.to_string()),
            matched_skills: response
                .map(|response| response.matched_skills.iter().collect())
                .unwrap_or_default(),
            missing_skills: response
                .map(|response| response.missing_skills.iter().collect())
                .unwrap_or_default(),
            skills: seen.skills,
            topic: seen.topics.join(", "),
            model: model(whole),
            reason: whole.response.as_ref().and_then(|response| response.reasoning.as_deref()),
            answer: answer(whole),
            rating: observation.feedback.as_ref().map(|given| given.rating.code()),
            comment: observation.feedback.as_ref().and_then(|given| given.comment),
        }
    }

    fn record(&self) -> [String; 18] {
        let number = |number: Option<f64>| number.map(|number| number.to_string());
        [
            harmless(self.request_id),
            self.at.clone(),
            self.week.clone(),
            harmless(self.question.unwrap_or_default()),
            self.outcome.to_owned(),
            self.match_type.unwrap_or_default().to_owned(),
            number(self.match_score).unwrap_or_default(),
            self.latency_ms.map(|ms| ms.to_string()).unwrap_or_default(),
            self.session.clone().unwrap_or_default(),
            harmless(&self.matched_skills.join("; ")),
            harmless(&self.missing_skills.join("; ")),
            harmless(&self.skills.join("; ")),
            harmless(&self.topic),
            harmless(self.model.unwrap_or_default()),
            harmless(self.reason.unwrap_or_default()),
            harmless(self.answer.unwrap_or_default()),
            self.rating.unwrap_or_default().to_owned(),
            harmless(self.comment.unwrap_or_default()),
        ]
    }
}

/// A text that no spreadsheet takes for a formula: one that begins like one gets an apostrophe
/// (<https://owasp.org/www-community/attacks/CSV_Injection>).
fn harmless(text: &str) -> String {
    let begins = |sign: char| {
        matches!(sign, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠')
    };
    let first = text.trim_start_matches(|sign: char| sign.is_whitespace() || sign.is_control());
    if text.starts_with(begins) || first.starts_with(begins) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_begins_like_a_formula() {
        for text in
            ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\u{a0}=1", "＝1", "\n-1"]
        {
            assert!(harmless(text).starts_with('\''), "{text:?}");
        }
        for text in ["Go?", "a=b", "", "'=1"] {
            assert_eq!(harmless(text), text);
        }
    }
}
