//! Fills in the templates, and says what went wrong.

pub(crate) mod assets;
pub(crate) mod charts;
pub(crate) mod headers;
pub(crate) mod owner;
pub mod threads;

use std::sync::LazyLock;

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use cv_analytics_core::store::{StoreError, StoreErrorKind};
use cv_analytics_core::week::WeekError;
use cv_analytics_insights::model::GapMark;
use cv_analytics_insights::questions::filter::FilterError;
use cv_analytics_insights::report::ReportError;
use cv_analytics_insights::settings::SettingsError;
use cv_analytics_insights::view::phrases::gap_mark_buttons::{GAP_MARKS, mark_name};
use cv_analytics_insights::view::text::{number, sanitize};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use crate::page::headers::set_headers;
use crate::page::owner::{Owner, RefusedNotice};

/// Columns of a sentence that says what is wrong with an address.
const MESSAGE_COLUMNS: usize = 600;

macro_rules! templates {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../templates/", $name)))),+]
    };
}

const TEMPLATES: &[(&str, &str)] = templates![
    "api.html",
    "base.html",
    "bare.html",
    "charts.html",
    "connect.html",
    "connect_steps.html",
    "continue.html",
    "conversation.html",
    "dead_letter.html",
    "dead_letters.html",
    "interaction.html",
    "live.html",
    "live_row.html",
    "login.html",
    "mail.html",
    "marks.html",
    "message.html",
    "overview.html",
    "question_row.html",
    "questions.html",
    "settings.html",
    "settings_preview.html",
    "times.html",
    "week.html",
];

static ENVIRONMENT: LazyLock<Result<Environment<'static>, minijinja::Error>> =
    LazyLock::new(|| {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let mut syntax = SyntaxConfig::builder();
        environment.set_syntax(syntax.trim_blocks(true).lstrip_blocks(true).build()?);
        let marks = GAP_MARKS.map(|(mark, name)| (mark.code(), name));
        environment.add_global(
            "GAP_MARKS",
            minijinja::Value::from_iter(
                marks.map(|(code, name)| minijinja::Value::from_iter([code, name])),
            ),
        );
        environment.add_global("NOT_MINE", mark_name(GapMark::NotMine));
        for (name, text) in TEMPLATES {
            environment.add_template(name, text)?;
        }
        Ok(environment)
    });

/// What every page shows around its own part.
#[derive(Debug, Serialize)]
pub(crate) struct Frame<'f, V> {
    /// The title, in the tab and in the history.
    pub(crate) title: &'f str,
    /// Which part of the navigation it belongs to.
    pub(crate) part: &'static str,
    /// What forms carry.
    pub(crate) form_token: &'f str,
    /// Dead letters, where there are any.
    pub(crate) dead_letters: Option<String>,
    /// Messages that were refused within a day, by reason.
    pub(crate) refused: &'f [RefusedNotice],
    /// The page's own part.
    pub(crate) view: &'f V,
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PageError {
    #[error("{0}")]
    NotFound(&'static str),
    #[error("{0}")]
    BadRequest(String),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Filter(#[from] FilterError),
    #[error("cannot reach the dead letters: {0}")]
    DeadLetters(StoreError),
    #[error("cannot show the weekly mail: {0}")]
    Mail(String),
    #[error("cannot fill in a page's template: {0:#}")]
    Template(String),
    #[error("cannot finish a thread: {0}")]
    Thread(#[from] tokio::task::JoinError),
}

impl From<minijinja::Error> for PageError {
    fn from(error: minijinja::Error) -> Self {
        Self::Template(format!("{error:#}"))
    }
}

/// A week in an address that is none.
impl From<WeekError> for PageError {
    fn from(error: WeekError) -> Self {
        Self::BadRequest(error.to_string())
    }
}

#[derive(Serialize)]
struct Message {
    title: &'static str,
    text: String,
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response<Body> {
        let (status, title, text) = match &self {
            Self::NotFound(what) => (StatusCode::NOT_FOUND, "Page not found", (*what).to_owned()),
            Self::BadRequest(what) => {
                (StatusCode::BAD_REQUEST, "This link does not work", what.clone())
            }
            Self::Filter(error) => (
                StatusCode::BAD_REQUEST,
                "This link does not work",
                sanitize(&error.to_string(), MESSAGE_COLUMNS),
            ),
            _ => {
                tracing::error!(error = %self, "failed to make a page");
                let passing = matches!(&self, Self::Store(error) if error.kind == StoreErrorKind::Unavailable);
                let status = if passing {
                    StatusCode::SERVICE_UNAVAILABLE
                } else {
                    StatusCode::INTERNAL_SERVER_ERROR
                };
                let text = "The store or the program failed; the log of `cv-analytics serve` says why. Nothing that \
                            was acknowledged is lost.";
                (status, "This page failed to load", text.to_owned())
            }
        };
        message(status, title, text)
    }
}

/// A page with a title and a sentence.
pub(crate) fn message(status: StatusCode, title: &'static str, text: String) -> Response<Body> {
    render_bare(status, "message.html", &Message { title, text })
}

/// The page where there is none; it tells nothing of what there is.
pub fn not_found_page() -> Response<Body> {
    let text = "No page has this address.".to_owned();
    let mut response = message(StatusCode::NOT_FOUND, "Page not found", text);
    set_headers(&mut response);
    response
}

/// Fills in a page of a signed-in owner.
pub(crate) fn render<V: Serialize>(
    template: &'static str,
    (title, part): (&str, &'static str),
    owner: &Owner,
    view: &V,
) -> Result<Response<Body>, PageError> {
    let notices = owner.notices();
    let dead_letters = notices.map_or(0, |notices| notices.dead_letters);
    let dead_letters = (dead_letters > 0).then(|| number(dead_letters));
    let refused = notices.map_or(&[][..], |notices| &notices.refused);
    let frame = Frame { title, part, form_token: owner.form_token(), dead_letters, refused, view };
    Ok(html(StatusCode::OK, fill(template, &frame)?))
}

/// Fills in a page without navigation.
pub(crate) fn render_bare<V: Serialize>(
    status: StatusCode,
    template: &'static str,
    view: &V,
) -> Response<Body> {
    match fill(template, view) {
        Ok(text) => html(status, text),
        Err(error) => {
            tracing::error!(error = %error, "failed to make a page");
            html(StatusCode::INTERNAL_SERVER_ERROR, "This page failed to load.".to_owned())
        }
    }
}

pub(crate) fn fill<V: Serialize>(template: &str, view: &V) -> Result<String, PageError> {
    let environment =
        ENVIRONMENT.as_ref().map_err(|error| PageError::Template(format!("{error:#}")))?;
    Ok(environment.get_template(template)?.render(Serde(view))?)
}

/// A sentence in place of a page.
pub(crate) fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = answer(status, "text/plain; charset=utf-8", text);
    if status == StatusCode::UNAUTHORIZED {
        let headers = response.headers_mut();
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

fn html(status: StatusCode, text: String) -> Response<Body> {
    answer(status, "text/html; charset=utf-8", text)
}

/// Text of a kind.
pub(crate) fn answer(
    status: StatusCode,
    kind: &'static str,
    body: impl Into<Body>,
) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
