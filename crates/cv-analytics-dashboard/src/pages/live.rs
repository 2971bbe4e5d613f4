//! `/live`: questions as they arrive, by server-sent events.
//!
//! The store is looked at again and again while a live page is open, and only then.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderName, Response, StatusCode, header};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use cv_analytics_core::event::RequestId;
use cv_analytics_core::interaction::{Interaction, PROMOTED_AFTER_MS};
use cv_analytics_core::store::arrivals::{ArrivalCursor, Arrivals};
use cv_analytics_core::timestamp::Timestamp;
use futures_util::{StreamExt, stream};
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Interval;

use crate::dashboard::Dashboard;
use crate::form::Form;
use crate::page::owner::Owner;
use crate::page::{PageError, fill, plain, render};
use crate::questions::view::{QuestionView, is_waiting, rows};
use crate::weeks::reports::Naming;

/// Questions on the page when it is opened.
const INITIAL_QUESTIONS: usize = 30;
/// Questions of one look.
const MAX_ARRIVALS_PER_LOOK: usize = 100;
/// Unanswered questions that each look asks for, and for how long.
const MAX_WAITING: usize = 100;
const WAITING_MS: i64 = 20 * 60 * 1000;
/// Questions that are known to have been shown.
const MAX_REMEMBERED_ROWS: usize = 500;
/// What nginx asks before it gathers an answer.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
/// How often a quiet connection is kept alive.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(15);

#[derive(Serialize)]
struct LiveView {
    rows: Vec<QuestionView>,
    cursor: i64,
    /// How often the store is looked at, in words.
    every: String,
    /// Which zone the times are in.
    note: String,
}

#[derive(Serialize)]
struct RowView<'v> {
    question: &'v QuestionView,
}

pub(crate) async fn page(
    State(dashboard): State<Arc<Dashboard>>,
    Extension(owner): Extension<Owner>,
) -> Result<Response<Body>, PageError> {
    let Arrivals { mut interactions, cursor } =
        dashboard.store.arrivals(None, INITIAL_QUESTIONS).await?;
    interactions.reverse();
    let naming = naming(&dashboard).await?;
    let every = dashboard.live_every;
    let times = dashboard.times();
    let view = LiveView {
        rows: rows(&interactions, &naming, &times),
        note: times.note(),
        cursor: cursor.0,
        every: if every < Duration::from_secs(2) {
            "as they arrive".to_owned()
        } else {
            format!("within {} seconds", every.as_secs())
        },
    };
    render("live.html", ("Live", "live"), &owner, &view)
}

/// What names the questions: no report is made for one that has just arrived.
async fn naming(dashboard: &Dashboard) -> Result<Naming, PageError> {
    Ok(Naming::without_phrases(dashboard.reports.rules(&*dashboard.store).await?))
}

/// Whether the answer could still come in time at `moment`.
fn waits_at(interaction: &Interaction, moment: Timestamp) -> bool {
    is_waiting(interaction.at(), interaction.response.is_some(), moment)
}

/// A question that was shown without an answer.
struct Waiting {
    id: RequestId,
    /// When it was seen first.
    since: Timestamp,
    /// Whether its row says that the answer may still come.
    in_time: bool,
}

impl Waiting {
    fn of(interaction: &Interaction, now: Timestamp) -> Self {
        let id = interaction.request_id.clone();
        Self { id, since: now, in_time: waits_at(interaction, now) }
    }
}

/// An open live page.
struct Watcher {
    dashboard: Arc<Dashboard>,
    owner: Owner,
    cursor: ArrivalCursor,
    /// Questions that were shown without an answer.
    waiting: Vec<Waiting>,
    /// What the page may have shown before the stream was open: it may have been answered since.
    shown: Vec<Interaction>,
    /// Those that came last, with whether they were answered: a store may give them again.
    given: VecDeque<(RequestId, bool)>,
    ticks: Interval,
    stopping: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
}

pub(crate) async fn events(
    State(dashboard): State<Arc<Dashboard>>,
    Extension(owner): Extension<Owner>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response<Body>, PageError> {
    let Ok(place) = Arc::clone(&dashboard.watchers).try_acquire_owned() else {
        let text = "too many live pages are open: close some";
        return Ok(plain(StatusCode::SERVICE_UNAVAILABLE, text));
    };
    let query = Form::read(query.unwrap_or_default().as_bytes());
    // A browser that comes back says what it saw last.
    let seen = headers.get("last-event-id").and_then(|id| id.to_str().ok()).or(query.get("after"));
    let latest = dashboard.store.arrivals(None, INITIAL_QUESTIONS).await?;
    let now = dashboard.now();
    let waiting = latest.interactions.iter().filter(|one| one.response.is_none());
    let mut shown = if seen.is_some() { latest.interactions.clone() } else { Vec::new() };
    let a_while_ago = now.plus_millis(-PROMOTED_AFTER_MS);
    shown.retain(|one| one.response.is_some() || waits_at(one, a_while_ago));
    let watcher = Watcher {
        owner,
        cursor: seen.and_then(|id| id.parse().ok()).map_or(latest.cursor, ArrivalCursor),
        waiting: waiting.map(|one| Waiting::of(one, now)).collect(),
        shown,
        given: VecDeque::new(),
        ticks: tokio::time::interval(dashboard.live_every),
        stopping: dashboard.stopping(),
        _place: place,
        dashboard,
    };
    // The page sees by it that the way is open: a proxy may hold back what it gets.
    let open = stream::once(async { Ok::<_, Infallible>(alive()) });
    let events = stream::unfold(watcher, |mut watcher| async move {
        let events = watcher.next().await?;
        Some((stream::iter(events.into_iter().map(Ok::<_, Infallible>)), watcher))
    });
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE_INTERVAL).event(alive());
    // Proxies neither gather the stream nor change it.
    let headers = [(header::CACHE_CONTROL, "no-store, no-transform"), (X_ACCEL_BUFFERING, "no")];
    Ok((headers, Sse::new(open.chain(events.flatten())).keep_alive(keep_alive)).into_response())
}

/// An event that only says that the stream goes on.
fn alive() -> Event {
    Event::default().event("alive").data("1")
}

impl Watcher {
    /// What came since the last look; `None` where the stream ends.
    async fn next(&mut self) -> Option<Vec<Event>> {
        tokio::select! {
            _ = self.ticks.tick() => {}
            _ = self.stopping.wait_for(|stopping| *stopping) => return None,
        }
        if let Owner::Browser { session, .. } = &self.owner
            && !self.dashboard.access.sessions.is_going_on(session, self.dashboard.now())
        {
            return None;
        }
        match self.look().await {
            Ok(events) => Some(events),
            Err(error) => {
                // The browser comes back by itself, and asks from where it was.
                tracing::warn!(error = %error, "failed to read what arrived");
                None
            }
        }
    }

    async fn look(&mut self) -> Result<Vec<Event>, PageError> {
        let store = &*self.dashboard.store;
        let mut arrived = store.arrivals(Some(self.cursor), MAX_ARRIVALS_PER_LOOK).await?;
        arrived.interactions.retain(|one| {
            let now = (one.request_id.clone(), one.response.is_some());
            let is_new = !self.given.contains(&now);
            if is_new {
                self.given.push_back(now);
                if self.given.len() > MAX_REMEMBERED_ROWS {
                    self.given.pop_front();
                }
            }
            is_new
        });
        let mut changed = std::mem::take(&mut self.shown);
        let mut still = Vec::new();
        let times = self.dashboard.times();
        let look = times.now;
        self.waiting.retain(|one| look.as_millis() - one.since.as_millis() < WAITING_MS);
        for mut one in std::mem::take(&mut self.waiting) {
            match store.interaction(&one.id).await? {
                Some(answered) if answered.response.is_some() => changed.push(answered),
                Some(late) => {
                    if one.in_time && !waits_at(&late, look) {
                        one.in_time = false;
                        changed.push(late);
                    }
                    still.push(one);
                }
                None => {}
            }
        }
        let unanswered = arrived.interactions.iter().filter(|one| one.response.is_none());
        still.extend(unanswered.map(|one| Waiting::of(one, look)));
        let too_many = still.len().saturating_sub(MAX_WAITING);
        still.drain(..too_many);
        self.waiting = still;
        self.cursor = arrived.cursor;
        if arrived.interactions.is_empty() && changed.is_empty() {
            return Ok(Vec::new());
        }
        let naming = naming(&self.dashboard).await?;
        let events = [("question", arrived.interactions), ("answer", changed)];
        let mut made = Vec::new();
        for (name, interactions) in events {
            for view in rows(&interactions, &naming, &times) {
                let row = fill("live_row.html", &RowView { question: &view })?;
                let id = self.cursor.0.to_string();
                made.push(Event::default().event(name).id(id).data(row.trim()));
            }
        }
        Ok(made)
    }
}
