//! The owner's pages: week by week, the questions behind every number, live, dead letters, settings.
//!
//! In reading order:
//!
//! 1. [`Setup`] and [`Dashboard`]: what the pages share; [`app`] makes the routes.
//! 2. `access`, `login`, [`owner_sessions`]: who is let in.
//! 3. `reports`: reports and the rules that they are made under, remembered; `weeks`: the weeks that
//!    there are, `week_totals` their figures; [`times`]: moments as the owner reads them.
//! 4. `overview_page`, `periods`: every week at a glance; `week_page`: one, as the insights' view
//!    tells it; `charts`.
//! 5. `question_search`, `questions_page`, `question_view`: the questions behind a number;
//!    `interaction_page`, `conversation_page`, `export`: one of them, a session's, all of them.
//! 6. `live`, [`dead_letters`], `dead_letters_page`, `settings_page`, [`mail_page`]; `gap_marking`, from
//!    every page that shows a gap; `settings_editing`: the other settings, with what a change does;
//!    [`agent_connection`], `connect_page`: the first run.
//! 7. `page`, `form`, `assets`: templates, forms and files; [`private_file`]: how secrets are kept.

mod access;
pub mod agent_connection;
mod assets;
mod charts;
mod connect_page;
mod conversation_page;
mod dashboard;
pub mod dead_letters;
mod dead_letters_page;
mod export;
mod form;
mod gap_marking;
mod interaction_page;
mod live;
mod login;
pub mod mail_page;
mod overview_page;
pub mod owner_sessions;
mod page;
pub mod page_threads;
mod periods;
pub mod private_file;
mod question_search;
mod question_view;
mod questions_page;
mod reports;
mod settings_editing;
mod settings_page;
pub mod times;
mod week_page;
mod week_totals;
mod weeks;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use cv_analytics_core::browse::Browse;

pub use self::dashboard::{Dashboard, ProgramSetting, Setup};
pub use self::page::not_found_page;

use self::dead_letters::DeadLetters;

/// The routes of `dashboard`, to merge with those of the intake; it brings no fallback.
pub fn app<S: Browse, D: DeadLetters>(dashboard: Arc<Dashboard<S, D>>) -> Router {
    let routes = Router::new()
        .route("/", get(weeks::newest::<S, D>))
        .route("/login", get(login::page).post(login::sign_in::<S, D>))
        .route("/logout", post(login::sign_out::<S, D>))
        .route("/weeks", get(overview_page::page::<S, D>))
        .route("/weeks/{week}", get(week_page::page::<S, D>))
        .route("/questions", get(questions_page::page::<S, D>))
        .route("/questions.csv", get(export::csv::<S, D>))
        .route("/questions.jsonl", get(export::json_lines::<S, D>))
        .route("/interactions/{request_id}", get(interaction_page::page::<S, D>))
        .route("/sessions/{session}", get(conversation_page::page::<S, D>))
        .route("/live", get(live::page::<S, D>))
        .route("/live/events", get(live::events::<S, D>))
        .route("/dead-letters", get(dead_letters_page::list::<S, D>))
        .route("/dead-letters/{id}", get(dead_letters_page::letter::<S, D>))
        .route("/dead-letters/{id}/retry", post(dead_letters_page::retry::<S, D>))
        .route("/dead-letters/{id}/drop", post(dead_letters_page::drop_letter::<S, D>))
        .route("/settings", get(settings_page::page::<S, D>))
        .route("/settings/gap-marks", post(gap_marking::mark::<S, D>))
        .route("/settings/undo", post(settings_editing::undo::<S, D>))
        .route("/settings/{part}", post(settings_editing::change::<S, D>))
        .route("/connect", get(connect_page::page::<S, D>))
        .route("/connect/secrets", post(connect_page::show_secrets::<S, D>))
        .route("/connect/test", post(connect_page::send_test::<S, D>))
        .route("/connect/test/{request_id}", get(connect_page::test::<S, D>))
        .route("/mail", get(mail_page::page::<S, D>))
        .route("/mail/html", get(mail_page::html::<S, D>))
        .route("/mail/text", get(mail_page::text::<S, D>))
        .route("/assets/{file}", get(assets::file))
        .with_state(Arc::clone(&dashboard));
    let guarded = routes.layer(from_fn_with_state(dashboard, access::guard::<S, D>));
    guarded.layer(from_fn(page_threads::answer))
}
