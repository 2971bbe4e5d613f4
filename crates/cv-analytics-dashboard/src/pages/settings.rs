//! `/settings`: what changes figures, and the owner's marks of gaps.

pub(crate) mod editing;
pub(crate) mod gap_marking;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::Response;
use cv_analytics_core::event::SessionDigest;
use cv_analytics_insights::settings::FigureSettings;
use cv_analytics_insights::settings::gap_marks;
use cv_analytics_insights::view::phrases::gap_mark_buttons::GAP_MARKS;
use cv_analytics_insights::view::text::sanitize;
use serde::Serialize;

use crate::dashboard::mails::MailSettings;
use crate::dashboard::{Dashboard, ProgramSetting};
use crate::form::editors::{ChangedView, Editor, Typed, editors};
use crate::form::marks::MarkedView;
use crate::page::owner::Owner;
use crate::page::{PageError, render};
use crate::questions::view::interaction_href;

#[derive(Serialize)]
struct SettingsView<'v> {
    cv: Option<Vec<String>>,
    aliases: Vec<(String, String)>,
    marks: Vec<MarkView>,
    choices: Vec<(&'static str, &'static str)>,
    /// What was marked a moment ago.
    marked: Option<MarkedView>,
    refused: Option<Refused>,
    /// What was changed last, and may be undone.
    changed: Option<ChangedView>,
    /// Why it was not undone.
    not_undone: Option<&'static str>,
    /// The forms, by part.
    editors: BTreeMap<&'static str, Editor>,
    topics: Vec<(String, String)>,
    sessions: Vec<String>,
    requests: Vec<(String, String)>,
    mail: MailSettings,
    program: &'v [ProgramSetting],
    version: &'static str,
}

/// What happened to a form that the page answers.
#[derive(Default)]
pub(crate) struct Happened {
    /// A mark that was not set.
    pub(crate) refused: Option<Refused>,
    /// A part that is being written.
    pub(crate) typed: Option<Typed>,
    /// Why a change was not undone.
    pub(crate) not_undone: Option<&'static str>,
}

/// A mark that was not set: what the form said, and why not.
#[derive(Serialize)]
pub(crate) struct Refused {
    pub(crate) name: String,
    pub(crate) mark: String,
    pub(crate) text: String,
    /// Names that look like it.
    pub(crate) near: Vec<String>,
}

#[derive(Serialize)]
struct MarkView {
    key: String,
    name: String,
    mark: &'static str,
    since: Option<String>,
}

pub(crate) async fn page(
    State(dashboard): State<Arc<Dashboard>>,
    Extension(owner): Extension<Owner>,
    RawQuery(query): RawQuery,
) -> Result<Response<Body>, PageError> {
    settings(&dashboard, &owner, &query.unwrap_or_default(), Happened::default()).await
}

/// The page, with what `happened`.
pub(crate) async fn settings(
    dashboard: &Dashboard,
    owner: &Owner,
    query: &str,
    happened: Happened,
) -> Result<Response<Body>, PageError> {
    let Happened { refused, typed, not_undone } = happened;
    let settings = FigureSettings::load(&*dashboard.store).await?;
    let exclusions = &settings.exclusions;
    let times = dashboard.times();
    let mark = |(name, marked): (&String, &gap_marks::MarkedGap)| {
        let mark = marked.mark?;
        let known = GAP_MARKS.iter().find(|(known, _)| *known == mark)?;
        let since = marked.at.map(|at| times.day(at));
        Some(MarkView { name: sanitize(name, 80), key: name.clone(), mark: known.1, since })
    };
    let pairs = |map: &BTreeMap<String, Vec<String>>| {
        let pair = |(name, words): (&String, &Vec<String>)| {
            (sanitize(name, 80), sanitize(&words.join(", "), 400))
        };
        map.iter().map(pair).collect()
    };
    let view = SettingsView {
        cv: settings
            .cv
            .as_ref()
            .map(|entries| entries.iter().map(|entry| sanitize(entry, 80)).collect()),
        aliases: pairs(&settings.aliases),
        topics: pairs(&settings.topics),
        marks: settings.gap_marks.iter().filter_map(mark).collect(),
        choices: GAP_MARKS.iter().map(|(mark, name)| (mark.code(), *name)).collect(),
        marked: MarkedView::of(&settings, query, dashboard.now()),
        refused,
        changed: ChangedView::of(&*dashboard.store, &settings, &times).await?,
        not_undone,
        editors: editors(&settings, typed),
        sessions: exclusions
            .sessions
            .iter()
            .map(|session| SessionDigest::of(session).short())
            .collect(),
        requests: exclusions
            .request_ids
            .iter()
            .map(|id| (sanitize(id, 120), interaction_href(id)))
            .collect(),
        mail: dashboard.mails.settings(),
        program: &dashboard.program_settings,
        version: env!("CARGO_PKG_VERSION"),
    };
    render("settings.html", ("Settings", "settings"), owner, &view)
}
