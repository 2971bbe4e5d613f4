//! `/questions`: the questions behind a number, filtered, searched, page by page.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::Response;
use axum::response::{IntoResponse, Redirect};
use cv_analytics_core::event::{MatchSource, MatchType, Outcome, Rating};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::model::GapKind;
use cv_analytics_insights::questions::filter::{MAX_WEEKS, QuestionFilter};
use cv_analytics_insights::questions::parameters::{
    Coverage, Ended, Halves, Handled, LatencyRange, LeftOut, OfSession, ScoreRange,
};
use cv_analytics_insights::view::links::week_page;
use cv_analytics_insights::view::phrases::gaps::{GAP_KINDS, kind_name};
use cv_analytics_insights::view::phrases::{
    ANSWER_WITHOUT_QUESTION, coverage_words, outcome_words,
};
use cv_analytics_insights::view::text::{
    capitalised, conversations, counted, duration, number, questions, sanitize,
};
use serde::Serialize;

use crate::dashboard::Dashboard;
use crate::form::Form;
use crate::form::marks::{MarkForm, MarkedView, without_marked};
use crate::page::owner::Owner;
use crate::page::{PageError, render};
use crate::pages::interaction::left_out_words;
use crate::questions::search::{QUESTIONS_PER_PAGE, SearchResult, search};
use crate::questions::view::{QuestionView, rating_words, rows, whole};
use crate::times::Times;
use crate::weeks::reports::Naming;
use crate::weeks::{WeekChoice, choices, shown_week};

/// The field of the search box, which finds a skill, a topic or a text.
const FIND: &str = "find";
/// Fields that the form offers; it keeps the others as they are.
const OFFERED: [&str; 9] =
    ["week", "weeks", "outcome", "match", "kind", "rating", "score", "page", "text"];
/// Columns of a stranger's text in a filter's words.
const VALUE_COLUMNS: usize = 60;

/// A filter that is set, with the address without it.
#[derive(Serialize)]
struct Chip {
    text: String,
    remove: String,
}

/// A choice of a list.
#[derive(Serialize)]
struct Choice {
    value: String,
    name: String,
    chosen: bool,
}

#[derive(Serialize)]
struct QuestionsView {
    week: String,
    week_href: String,
    weeks: Vec<WeekChoice>,
    span: Vec<Choice>,
    outcomes: Vec<Choice>,
    coverages: Vec<Choice>,
    kinds: Vec<Choice>,
    ratings: Vec<Choice>,
    text: String,
    score: String,
    hidden: Vec<(String, String)>,
    chips: Vec<Chip>,
    clear: String,
    total: u64,
    /// `111 questions in 41 conversations`.
    summary: String,
    searched: String,
    /// Which zone the times are in.
    note: String,
    rows: Vec<QuestionView>,
    pages: String,
    newer: Option<String>,
    older: Option<String>,
    search_older: Option<String>,
    csv: String,
    jsonl: String,
    /// The gap whose questions these are, where they are one's, and where its form goes on to.
    gap: Option<MarkForm>,
    here: String,
    /// What was marked a moment ago.
    marked: Option<MarkedView>,
    /// That no skill of the name is known.
    unknown_skill: Option<String>,
    /// The same words as a search in the text, where the search box took them for a name.
    in_the_text: Option<String>,
}

pub(crate) async fn page(
    State(dashboard): State<Arc<Dashboard>>,
    Extension(owner): Extension<Owner>,
    RawQuery(raw): RawQuery,
) -> Result<Response<Body>, PageError> {
    let raw = raw.unwrap_or_default();
    let without_marked = without_marked(&raw);
    let (find, query) = take_find(&without_marked);
    let filter = QuestionFilter::read(&query)?;
    let times = dashboard.times();
    let now = times.now;
    let weeks = dashboard.weeks().await?;
    let newest = filter.week.unwrap_or_else(|| shown_week(&weeks, now));
    let store = &*dashboard.store;
    let naming = dashboard.reports.naming(store, filter.as_of.unwrap_or(newest), now).await?;
    if let Some(find) = find {
        return Ok(Redirect::to(&taken(&find, filter, &naming).path()).into_response());
    }
    let found = search(store, &naming, &filter, newest).await?;
    let rows = rows(
        &whole(store, found.rows.iter().map(|row| row.request_id.as_str())).await?,
        &naming,
        &times,
    );
    let marked = MarkedView::of(naming.rules.settings(), &raw, now);
    let view =
        QuestionsView { rows, marked, ..view(&filter, newest, &weeks, &naming, &found, &times) };
    render("questions.html", ("Questions", "questions"), &owner, &view)
}

/// What the search box sent, and the address without it.
fn take_find(query: &str) -> (Option<String>, String) {
    let sent = Form::read(query.as_bytes()).get(FIND).map(|find| find.trim().to_owned());
    let others = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != FIND);
    let others = form_urlencoded::Serializer::new(String::new()).extend_pairs(others).finish();
    (sent, others)
}

/// The filter with the searched words as a skill, a topic of the week, or a text.
fn taken(find: &str, filter: QuestionFilter, naming: &Naming) -> QuestionFilter {
    let filter = QuestionFilter { skill: None, topic: None, text: None, page: None, ..filter };
    let dictionary = naming.rules.dictionary();
    if find.is_empty() {
        return filter;
    }
    if let Some(skill) = dictionary.canonical(find) {
        return filter.skill(dictionary.name(skill));
    }
    match naming.topic(find) {
        Some(topic) => filter.topic(topic),
        None => QuestionFilter { text: Some(find.to_owned()), ..filter },
    }
}

fn view(
    filter: &QuestionFilter,
    newest: IsoWeek,
    weeks: &[IsoWeek],
    naming: &Naming,
    found: &SearchResult,
    times: &Times,
) -> QuestionsView {
    // With its week, which may be another one when the page is turned.
    let here = QuestionFilter { week: Some(newest), ..filter.clone() };
    let all = QuestionFilter { page: None, ..here.clone() };
    let oldest = found.oldest.unwrap_or(newest);
    let page_number = filter.page.unwrap_or(1);
    let pages = found.total.div_ceil(QUESTIONS_PER_PAGE as u64).max(1);
    let has_older = weeks.first().is_some_and(|first| *first < oldest);
    let page = |page: u32| QuestionFilter { page: Some(page), ..here.clone() }.path();
    let is_last = u64::from(page_number) >= pages;
    let span = |span: u8| Choice {
        value: span.to_string(),
        name: counted(u64::from(span), "week", "weeks"),
        chosen: span == filter.weeks.unwrap_or(1),
    };
    let outcome = |outcome: Option<Outcome>| Choice {
        value: Ended::from(outcome).code().to_owned(),
        name: outcome_words(outcome).to_owned(),
        chosen: filter.outcome.is_some_and(|ended| ended.outcome() == outcome),
    };
    let coverage = |(value, name, coverage): (&str, &str, Coverage)| Choice {
        value: value.to_owned(),
        name: name.to_owned(),
        chosen: filter.coverage == Some(coverage),
    };
    let rated = |kind: &MatchType| (kind.code(), coverage_words(*kind), Coverage::Rated(*kind));
    let kind = |(kind, name, _): &(GapKind, &str, &str)| Choice {
        value: kind.code().to_owned(),
        name: (*name).to_owned(),
        chosen: filter.kind == Some(*kind),
    };
    let rating = |rating: &Rating| Choice {
        value: rating.code().to_owned(),
        name: rating_words(*rating).to_owned(),
        chosen: filter.rating == Some(*rating),
    };
    let box_text = [&filter.skill, &filter.topic, &filter.text].into_iter().flatten().next();
    let name = filter.skill.as_ref().or(filter.topic.as_ref());
    QuestionsView {
        week: newest.to_string(),
        week_href: week_page(newest),
        weeks: choices(weeks, newest),
        span: [1, 2, 4, MAX_WEEKS].map(span).into(),
        outcomes: Outcome::ALL.iter().copied().map(Some).chain([None]).map(outcome).collect(),
        coverages: MatchType::ALL
            .iter()
            .map(rated)
            .chain([("unrated", "not rated", Coverage::Unrated)])
            .map(coverage)
            .collect(),
        kinds: GAP_KINDS.iter().map(kind).collect(),
        ratings: Rating::ALL.iter().map(rating).collect(),
        text: box_text.cloned().unwrap_or_default(),
        score: filter.score.as_ref().map(ToString::to_string).unwrap_or_default(),
        hidden: hidden(filter),
        chips: chips(filter, times),
        note: times.note(),
        clear: QuestionFilter { week: Some(newest), ..QuestionFilter::default() }.path(),
        total: found.total,
        summary: format!("{} in {}", questions(found.total), conversations(found.conversations)),
        searched: if newest == oldest {
            format!("week {newest}")
        } else {
            format!("weeks {oldest} to {newest}")
        },
        rows: Vec::new(),
        pages: format!("page {} of {}", number(page_number.into()), number(pages)),
        newer: page_number.checked_sub(1).filter(|before| *before > 0).map(page),
        older: (!is_last).then(|| page(page_number.saturating_add(1))),
        search_older: (has_older && (found.cut_short || is_last))
            .then(|| QuestionFilter { week: Some(oldest.earlier(1)), ..all.clone() }.path()),
        csv: all.at("/questions.csv"),
        jsonl: all.at("/questions.jsonl"),
        gap: gap(filter, naming),
        here: filter.path(),
        marked: None,
        unknown_skill: unknown_skill(filter, naming, found),
        in_the_text: name.map(|name| {
            let text = Some(name.clone());
            QuestionFilter { skill: None, topic: None, word: None, text, ..all.clone() }.path()
        }),
    }
}

/// What the form sends along as it is.
fn hidden(filter: &QuestionFilter) -> Vec<(String, String)> {
    let kept = QuestionFilter { skill: None, topic: None, ..filter.clone() }.query();
    form_urlencoded::parse(kept.as_bytes())
        .filter(|(name, _)| !OFFERED.contains(&name.as_ref()))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

/// The form of the gap that is asked for, with the mark that the settings have for it.
fn gap(filter: &QuestionFilter, naming: &Naming) -> Option<MarkForm> {
    let name = filter.gap.as_ref()?;
    let marks = &naming.rules.settings().gap_marks;
    Some(MarkForm::of(name, marks.get(name).and_then(|marked| marked.mark)))
}

/// A sentence where the skill that is asked for is in no dictionary, and nobody asked about it.
fn unknown_skill(filter: &QuestionFilter, naming: &Naming, found: &SearchResult) -> Option<String> {
    let name = filter.skill.as_ref()?;
    let is_unknown = naming.rules.dictionary().canonical(name).is_none() && found.total == 0;
    is_unknown.then(|| {
        let name = sanitize(name, VALUE_COLUMNS);
        format!("No skill is known as “{name}”: its name may be written in another way.")
    })
}

/// Every filter that is set, in words, with the address without it.
fn chips(filter: &QuestionFilter, times: &Times) -> Vec<Chip> {
    let mut chips = Vec::new();
    let mut chip = |text: Option<String>, remove: fn(&mut QuestionFilter)| {
        if let Some(text) = text {
            let mut others = QuestionFilter { page: None, ..filter.clone() };
            remove(&mut others);
            chips.push(Chip { text: capitalised(&text), remove: others.path() });
        }
    };
    let named = |words: &str, value: &Option<String>| {
        value.as_ref().map(|value| format!("{words} {}", sanitize(value, VALUE_COLUMNS)))
    };
    let quoted = |words: &str, value: &Option<String>| {
        value.as_ref().map(|value| format!("{words} “{}”", sanitize(value, VALUE_COLUMNS)))
    };
    chip(named("skill:", &filter.skill), |filter| filter.skill = None);
    chip(named("topic:", &filter.topic), |filter| filter.topic = None);
    chip(named("skill or topic:", &filter.about), |filter| filter.about = None);
    chip(quoted("with the word", &filter.word), |filter| filter.word = None);
    // A gap's type says nothing without its name, and goes with it.
    chip(named("gap:", &filter.gap), |filter| (filter.gap, filter.gap_type) = (None, None));
    let any_of_type = filter.gap_type.filter(|_| filter.gap.is_none());
    chip(any_of_type.map(|of| format!("in the gap of a {}", of.code())), |filter| {
        filter.gap_type = None;
    });
    chip(filter.kind.map(|kind| kind_name(kind).to_owned()), |filter| filter.kind = None);
    chip(filter.coverage.map(|coverage| coverage_text(coverage).to_owned()), |filter| {
        filter.coverage = None;
    });
    chip(filter.source.map(|source| source_text(source).to_owned()), |filter| {
        filter.source = None;
    });
    let outcome = filter.outcome.map(Ended::outcome);
    chip(outcome.map(|outcome| outcome_words(outcome).to_owned()), |filter| {
        filter.outcome = None;
    });
    chip(filter.handled.map(|handled| handled_text(handled).to_owned()), |filter| {
        filter.handled = None;
    });
    chip(filter.rating.map(|rating| rating_words(rating).to_owned()), |filter| {
        filter.rating = None;
    });
    chip(filter.score.map(score_text), |filter| filter.score = None);
    chip(filter.disagrees.map(|_| "score and outcome disagree".to_owned()), |filter| {
        filter.disagrees = None;
    });
    chip(filter.session.map(session_text), |filter| filter.session = None);
    chip(filter.halves.map(|halves| halves_text(halves).to_owned()), |filter| {
        filter.halves = None;
    });
    chip(filter.took.as_ref().map(took_text), |filter| filter.took = None);
    let moment = |words: &str, at: Timestamp| format!("{words} {}", times.exact(at));
    chip(filter.since.map(|since| moment("since", since)), |filter| filter.since = None);
    chip(filter.until.map(|until| moment("before", until)), |filter| filter.until = None);
    chip(filter.left_out.map(left_out_text), |filter| filter.left_out = None);
    chip(quoted("text:", &filter.text), |filter| filter.text = None);
    chip(filter.as_of.map(|week| format!("topics as of {week}")), |filter| filter.as_of = None);
    chips
}

const fn coverage_text(coverage: Coverage) -> &'static str {
    match coverage {
        Coverage::Rated(match_type) => coverage_words(match_type),
        Coverage::AnyRating => "rated by the agent",
        Coverage::Unrated => "not rated by the agent",
    }
}

const fn source_text(source: MatchSource) -> &'static str {
    match source {
        MatchSource::Model => "rated by the model",
        MatchSource::Similarity => "rated by similarity search",
        MatchSource::Unknown => "rated by an unknown source",
    }
}

const fn handled_text(handled: Handled) -> &'static str {
    match handled {
        Handled::Well => "in no gap",
        Handled::Unmatched => "not covered, or only in part",
        Handled::Failed => "agent failed",
        Handled::Refused => "refused by a filter or the hour",
    }
}

fn score_text(score: ScoreRange) -> String {
    if score == ScoreRange::ALL {
        return "with a score".to_owned();
    }
    let end = if score.to >= 100.0 { "to" } else { "to below" };
    format!("score {} {end} {}", score.from, score.to)
}

fn session_text(session: OfSession) -> String {
    match session {
        OfSession::Known => "with a session".to_owned(),
        OfSession::None => "without a session".to_owned(),
        OfSession::Is(digest) => format!("conversation {}", digest.short()),
    }
}

const fn halves_text(halves: Halves) -> &'static str {
    match halves {
        Halves::Query => "with a question",
        Halves::Response => "with an answer",
        Halves::Both => "with question and answer",
        Halves::One => "question or answer missing",
        Halves::ResponseOnly => ANSWER_WITHOUT_QUESTION.0,
    }
}

fn took_text(took: &LatencyRange) -> String {
    match (*took.0.start(), *took.0.end()) {
        (0, u64::MAX) => "answer time known".to_owned(),
        (from, u64::MAX) => format!("took {} or longer", duration(from)),
        (from, to) => format!("took {} to {}", duration(from), duration(to)),
    }
}

fn left_out_text(left_out: LeftOut) -> String {
    match left_out {
        LeftOut::Any => "left out of the figures".to_owned(),
        reason => format!("left out: {}", left_out_words(reason)),
    }
}
