//! The owner's pages: week by week, the questions behind every number, live, dead letters, settings.
//!
//! In reading order:
//!
//! 1. [`DashboardSetup`] and [`Dashboard`]: what the pages share, such as the weekly mail ([`Mails`]); [`app`] makes
//!    the routes.
//! 2. `guard`: who is let in; [`access`]: how the owner is known.
//! 3. `weeks`: the weeks that there are, their reports and figures, remembered; [`times`]: moments as the owner
//!    reads them.
//! 4. `pages`: one file each. `questions`: the questions behind a number.
//! 5. `form`: our forms, and what one of them sent.
//! 6. [`agent_connection`]: what the pages ask of the program.
//! 7. [`page`]: templates, whom they are for, headers, charts and files, and the threads that make pages;
//!    [`private_file`]: how secrets are kept.

pub mod access;
pub mod agent_connection;
mod dashboard;
mod form;
mod guard;
pub mod page;
mod pages;
pub mod private_file;
mod questions;
pub mod times;
mod weeks;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};

pub use self::dashboard::mails::Mails;
pub use self::dashboard::{Dashboard, DashboardSetup, ProgramSetting};
pub use self::page::not_found_page;
pub use self::pages::connect::{SECRETS_SHOWN_KEY, SecretsShown};

use self::page::{assets, threads};
use self::pages::{
    connect, conversation, http_interface, interaction, live, login, mail, overview,
    questions as question_list, settings, week,
};
use self::questions::export;

/// The routes of `dashboard`, to merge with those of the intake; it brings no fallback.
pub fn app(dashboard: Arc<Dashboard>) -> Router {
    let routes = Router::new()
        .route("/", get(weeks::newest))
        .route("/login", get(login::page).post(login::sign_in))
        .route("/logout", post(login::sign_out))
        .route("/weeks", get(overview::page))
        .route("/weeks/{week}", get(week::page))
        .route("/questions", get(question_list::page))
        .route("/questions.csv", get(export::csv))
        .route("/questions.jsonl", get(export::json_lines))
        .route("/interactions/{request_id}", get(interaction::page))
        .route("/sessions/{session}", get(conversation::page))
        .route("/live", get(live::page))
        .route("/live/events", get(live::events))
        .route("/dead-letters", get(pages::dead_letters::list))
        .route("/dead-letters/{id}", get(pages::dead_letters::letter))
        .route("/dead-letters/{id}/retry", post(pages::dead_letters::retry))
        .route("/dead-letters/{id}/drop", post(pages::dead_letters::drop_letter))
        .route("/settings", get(settings::page))
        .route("/settings/gap-marks", post(settings::gap_marking::mark))
        .route("/settings/undo", post(settings::editing::undo))
        .route("/settings/{part}", post(settings::editing::change))
        .route("/connect", get(connect::page))
        .route("/connect/secrets", post(connect::show_secrets))
        .route("/connect/test", post(connect::send_test))
        .route("/connect/test/{request_id}", get(connect::test))
        .route("/mail", get(mail::page))
        .route("/mail/html", get(mail::html))
        .route("/mail/text", get(mail::text))
        .route("/api", get(http_interface::page))
        .route("/schemas/{file}", get(http_interface::schema))
        .route("/assets/{file}", get(assets::file))
        .with_state(Arc::clone(&dashboard));
    let guarded = routes.layer(from_fn_with_state(dashboard, guard::guard));
    guarded.layer(from_fn(threads::answer))
}
