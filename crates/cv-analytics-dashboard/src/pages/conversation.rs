//! `/sessions/{session}`: what one visitor asked, in order.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::Response;
use cv_analytics_core::interaction::Interaction;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::model::OTHER_QUESTIONS;
use cv_analytics_insights::questions::filter::QuestionFilter;
use cv_analytics_insights::questions::parameters::OfSession;
use cv_analytics_insights::view::text::{questions, sanitize};
use futures_util::TryStreamExt;
use serde::Serialize;

use crate::dashboard::Dashboard;
use crate::form::Form;
use crate::page::owner::Owner;
use crate::page::{PageError, render};
use crate::questions::view::{QuestionView, answer, explained, interaction_href, whole};
use crate::times::{Times, between, length};
use crate::weeks::reports::Naming;
use crate::weeks::shown_week;

/// Questions on one page; a bot or a test asks more.
const QUESTIONS_PER_PAGE: usize = 100;
/// Columns of a skill's name, and of an answer.
const NAME_COLUMNS: usize = 60;
/// Skills that are named beside a question.
const MAX_NAMES: usize = 12;
const ANSWER_COLUMNS: usize = 2_000;

#[derive(Serialize)]
struct ConversationView {
    name: String,
    /// `4 questions in 12 minutes`.
    count: String,
    weeks: String,
    /// `Page 2 of 3`, where there are several.
    page: Option<String>,
    note: String,
    turns: Vec<Turn>,
    /// The same conversation in the weeks before and after, where anything is stored then.
    earlier: Option<String>,
    later: Option<String>,
    /// The pages before and after this one.
    previous: Option<String>,
    next: Option<String>,
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

pub(crate) async fn page(
    State(dashboard): State<Arc<Dashboard>>,
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
    let mut found: Vec<(Option<Timestamp>, String)> = Vec::new();
    {
        let mut pages = dashboard.store.scan(first.start()..last.end());
        while let Some(page) = pages.try_next().await? {
            let theirs = page.iter().filter(|row| row.session == Some(digest));
            found.extend(theirs.map(|row| (row.at(), row.request_id.to_owned())));
        }
    }
    if found.is_empty() && named.is_none() {
        return Err(PageError::NotFound("unknown conversation: nothing of it is stored"));
    }
    found.sort_unstable();
    let last_page = found.chunks(QUESTIONS_PER_PAGE).len().max(1);
    let number = query.get("page").and_then(|page| page.parse::<usize>().ok()).unwrap_or(1);
    let number = number.clamp(1, last_page);
    let shown = found.chunks(QUESTIONS_PER_PAGE).nth(number - 1).unwrap_or_default();
    let naming = dashboard.reports.naming(&*dashboard.store, week, dashboard.now()).await?;
    let address = |week: IsoWeek| format!("/sessions/{digest}?week={week}");
    let times = dashboard.times();
    let span = found.first().and_then(|row| row.0).zip(found.last().and_then(|row| row.0));
    let span = span.filter(|_| found.len() > 1);
    let span = span.map(|(first, last)| between(first, last));
    let span = span.map(|span| format!(" in {}", length(span))).unwrap_or_default();
    let view = ConversationView {
        name: digest.short(),
        count: format!("{}{span}", questions(found.len() as u64)),
        weeks: format!("{first} to {last}"),
        page: (last_page > 1).then(|| format!("Page {number} of {last_page}")),
        note: times.note(),
        turns: turns(
            &whole(&*dashboard.store, shown.iter().map(|row| row.1.as_str())).await?,
            &naming,
            &times,
        ),
        earlier: stored.iter().any(|stored| *stored < first).then(|| address(week.earlier(2))),
        later: stored.iter().any(|stored| *stored > last).then(|| address(week.later(2))),
        previous: (number > 1).then(|| format!("{}&page={}", address(week), number - 1)),
        next: (number < last_page).then(|| format!("{}&page={}", address(week), number + 1)),
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
        let skills =
            seen.skills.iter().take(MAX_NAMES).map(|skill| chip(skill, week().skill(skill)));
        let others = seen.skills.len().saturating_sub(MAX_NAMES);
        let href = interaction_href(interaction.request_id.as_str());
        let others = (others > 0).then(|| Chip { name: format!("{others} more"), href });
        let topic = seen.topics.iter().filter(|topic| *topic != OTHER_QUESTIONS);
        let topic = topic.map(|topic| chip(topic, week().topic(topic)));
        turns.push(Turn {
            about: skills.chain(topic).chain(others).collect(),
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
