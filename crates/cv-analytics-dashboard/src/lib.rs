//! The owner's pages: week by week, the questions behind every number, live, dead letters, settings.
//!
//! In reading order:
//!
//! 1. [`Setup`] and [`Dashboard`]: what the pages share; [`app`] makes the routes.
//! 2. `access`: who is let in.
//! 3. `weeks`: the weeks that there are, their reports and figures, remembered; [`times`]: moments as the owner
//!    reads them.
//! 4. [`pages`]: one file each. `questions`: the questions behind a number.
//! 5. `form`: what a form of ours sent, and the settings that it changes.
//! 6. [`agent_connection`], [`dead_letters`]: what the pages ask of the program.
//! 7. [`page`]: templates, charts and files, and the threads that make pages; [`private_file`]: how secrets are
//!    kept.

pub mod access;
pub mod agent_connection;
mod dashboard;
pub mod dead_letters;
mod form;
pub mod page;
pub mod pages;
pub mod private_file;
mod questions;
pub mod times;
mod weeks;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use cv_analytics_core::store::browse::Browse;

pub use self::dashboard::{Dashboard, ProgramSetting, Setup};
pub use self::page::not_found_page;

use self::dead_letters::DeadLetters;
use self::form::{gap_marking, settings_editing};
use self::page::{assets, threads};
use self::pages::{
    connect, conversation, interaction, live, login, mail, overview, questions as question_list,
    settings, week,
};
use self::questions::export;

/// The routes of `dashboard`, to merge with those of the intake; it brings no fallback.
pub fn app<S: Browse, D: DeadLetters>(dashboard: Arc<Dashboard<S, D>>) -> Router {
    let routes = Router::new()
        .route("/", get(weeks::newest::<S, D>))
        .route("/login", get(login::page).post(login::sign_in::<S, D>))
        .route("/logout", post(login::sign_out::<S, D>))
        .route("/weeks", get(overview::page::<S, D>))
        .route("/weeks/{week}", get(week::page::<S, D>))
        .route("/questions", get(question_list::page::<S, D>))
        .route("/questions.csv", get(export::csv::<S, D>))
        .route("/questions.jsonl", get(export::json_lines::<S, D>))
        .route("/interactions/{request_id}", get(interaction::page::<S, D>))
        .route("/sessions/{session}", get(conversation::page::<S, D>))
        .route("/live", get(live::page::<S, D>))
        .route("/live/events", get(live::events::<S, D>))
        .route("/dead-letters", get(pages::dead_letters::list::<S, D>))
        .route("/dead-letters/{id}", get(pages::dead_letters::letter::<S, D>))
        .route("/dead-letters/{id}/retry", post(pages::dead_letters::retry::<S, D>))
        .route("/dead-letters/{id}/drop", post(pages::dead_letters::drop_letter::<S, D>))
        .route("/settings", get(settings::page::<S, D>))
        .route("/settings/gap-marks", post(gap_marking::mark::<S, D>))
        .route("/settings/undo", post(settings_editing::undo::<S, D>))
        .route("/settings/{part}", post(settings_editing::change::<S, D>))
        .route("/connect", get(connect::page::<S, D>))
        .route("/connect/secrets", post(connect::show_secrets::<S, D>))
        .route("/connect/test", post(connect::send_test::<S, D>))
        .route("/connect/test/{request_id}", get(connect::test::<S, D>))
        .route("/mail", get(mail::page::<S, D>))
        .route("/mail/html", get(mail::html::<S, D>))
        .route("/mail/text", get(mail::text::<S, D>))
        .route("/assets/{file}", get(assets::file))
        .with_state(Arc::clone(&dashboard));
    let guarded = routes.layer(from_fn_with_state(dashboard, access::guard::<S, D>));
    guarded.layer(from_fn(threads::answer))
}
