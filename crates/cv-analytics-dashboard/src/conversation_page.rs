//! `/sessions/{session}`: what one visitor asked, in order.

use std::pin::pin;
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::Response;
use cv_analytics_core::browse::Browse;
use cv_analytics_core::interaction::Interaction;
use cv_analytics_core::store::Observation;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::model::OTHER_QUESTIONS;
use cv_analytics_insights::questions::filter::QuestionFilter;
use cv_analytics_insights::questions::parameters::OfSession;
use cv_analytics_insights::view::text::{questions, sanitize};
use futures_util::TryStreamExt;
use serde::Serialize;

use crate::access::Owner;
use crate::dashboard::Dashboard;
use crate::dead_letters::DeadLetters;
use crate::form::Form;
use crate::page::{PageError, render};
use crate::question_view::{QuestionView, answer, explained, whole};
use crate::reports::Naming;
use crate::times::{Times, between, length};
use crate::weeks::shown_week;

/// Questions of one conversation; a bot or a test asks more.
const MAX_QUESTIONS: usize = 500;
/// Columns of a skill's name, and of an answer.
const NAME_COLUMNS: usize = 60;
const ANSWER_COLUMNS: usize = 2_000;

#[derive(Serialize)]
struct ConversationView {
    name: String,
    /// `4 questions in 12 minutes`.
    count: String,
    weeks: String,
    cut: bool,
    note: String,
    turns: Vec<Turn>,
    /// The same conversation in the weeks before and after, where anything is stored then.
    earlier: Option<String>,
    later: Option<String>,
}

/// A question and what the agent made of it.
#[derive(Serialize)]
struct Turn {
    question: QuestionView,
    /// The hour and the minute.
    clock: String,
    /// The day, where it is another than that of the turn before.
    day: Option<String>,
    /// How long after the turn before: `2 minutes later`.
    pause: Option<String>,
    about: Vec<Chip>,
    answer: Option<String>,
}

/// A skill or topic, and the week's questions about it.
#[derive(Serialize)]
struct Chip {
    name: String,
    href: String,
}

pub(crate) async fn page<S: Browse, D: DeadLetters>(
    State(dashboard): State<Arc<Dashboard<S, D>>>,
    Extension(owner): Extension<Owner>,
    Path(session): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response<Body>, PageError> {
    let query = Form::read(query.unwrap_or_default().as_bytes());
    let stored = dashboard.weeks().await?;
    let named = query.get("week").filter(|week| !week.is_empty());
    let week = named.map(str::parse::<IsoWeek>).transpose()?;
    let week = week.unwrap_or_else(|| shown_week(&stored, dashboard.now()));
    let digest = OfSession::named(&session);
    // A conversation may go over midnight on a Sunday.
    let (first, last) = (week.earlier(1), week.later(1));
    let mut found: Vec<Observation> = Vec::new();
    {
        let mut pages = pin!(dashboard.store.observations(first.start()..last.end()));
        while let Some(page) = pages.try_next().await? {
            let theirs = page.iter().filter(|row| row.session == Some(digest));
            found.extend(
                theirs
                    .map(|row| row.to_owned())
                    .take(MAX_QUESTIONS + 1 - found.len().min(MAX_QUESTIONS + 1)),
            );
        }
    }
    if found.is_empty() && named.is_none() {
        return Err(PageError::NotFound("unknown conversation: nothing of it is stored"));
    }
    found.sort_by(|a, b| (a.at(), &a.request_id).cmp(&(b.at(), &b.request_id)));
    let cut = found.len() > MAX_QUESTIONS;
    found.truncate(MAX_QUESTIONS);
    let naming = dashboard.reports.naming(&dashboard.store, week, dashboard.now()).await?;
    let address = |week: IsoWeek| format!("/sessions/{digest}?week={week}");
    let times = dashboard.times();
    let span = found.first().and_then(Observation::at).zip(found.last().and_then(Observation::at));
    let span = span.filter(|_| found.len() > 1);
    let span = span.map(|(first, last)| between(first, last));
    let span = span.map(|span| format!(" in {}", length(span))).unwrap_or_default();
    let view = ConversationView {
        name: digest.short(),
        count: format!("{}{span}", questions(found.len() as u64)),
        weeks: format!("{first} to {last}"),
        cut,
        note: times.note(),
        turns: turns(&whole(&dashboard.store, &found).await?, &naming, &times),
        earlier: stored.iter().any(|stored| *stored < first).then(|| address(week.earlier(2))),
        later: stored.iter().any(|stored| *stored > last).then(|| address(week.later(2))),
    };
    render("conversation.html", ("Conversation", "questions"), &owner, &view)
}

fn turns(interactions: &[Interaction], naming: &Naming, times: &Times) -> Vec<Turn> {
    let mut before: Option<(String, Timestamp)> = None;
    let mut turns = Vec::new();
    for (interaction, seen) in interactions.iter().zip(explained(interactions, naming)) {
        let at = interaction.at().unwrap_or(times.now);
        let day = times.day(at);
        let pause = before.as_ref().map(|(_, last)| between(*last, at));
        let week = IsoWeek::containing(at).to_string();
        let week = || QuestionFilter::of_week(&week);
        let chip = |name: &str, filter: QuestionFilter| Chip {
            name: sanitize(name, NAME_COLUMNS),
            href: filter.path(),
        };
        let skills = seen.skills.iter().map(|skill| chip(skill, week().skill(skill)));
        let topic = seen.topics.iter().filter(|topic| *topic != OTHER_QUESTIONS);
        let topic = topic.map(|topic| chip(topic, week().topic(topic)));
        turns.push(Turn {
            about: skills.chain(topic).collect(),
            question: QuestionView::of(interaction, &seen, times),
            clock: times.clock(at),
            pause: pause.map(|pause| format!("{} later", length(pause))),
            day: Some(day.clone())
                .filter(|day| before.as_ref().is_none_or(|(before, _)| before != day)),
            answer: answer(interaction).map(|answer| sanitize(answer, ANSWER_COLUMNS)),
        });
        before = Some((day, at));
    }
    turns
}
