//! `/mail`: how the weekly mail stands with each recipient, and what would be sent.

use std::error::Error;
use std::future::Future;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, Response, header};
use axum::routing::get;
use axum::{Extension, Router};
use cv_analytics_core::browse::Browse;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::{IsoWeek, WeekError};
use cv_analytics_insights::report::Report;
use cv_analytics_mail::mail_state::{MailState, Standing};
use cv_analytics_mail::message::{Message, subject};
use serde::{Deserialize, Serialize};

use crate::access::{Owner, POLICY};
use crate::dashboard::Dashboard;
use crate::dead_letters::DeadLetters;
use crate::page::{PageError, render};

/// The page frames the mail, which has styles within and nothing else of its own; in the frame it
/// is nobody's page, and its links open beside it.
const MAIL_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
                           frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox";

/// A failure of those who keep mails, in a sentence.
pub type MailsError = Box<dyn Error + Send + Sync>;

/// Knows the weekly mail; the program joins this to what sends it.
pub trait Mails: Send + Sync + 'static {
    /// The way that mails take, in words: `through mail.example.org:587`.
    fn way(&self) -> String;

    /// When mails are sent, as it was set.
    fn schedule(&self) -> String;

    /// How the last week's mail stands.
    fn state(&self) -> impl Future<Output = Result<MailState, MailsError>> + Send;

    /// The mail of `report`, as it would be sent now to the first recipient.
    ///
    /// # Errors
    /// Where an address or the template cannot be used.
    fn preview(&self, report: &Report) -> Result<Message, MailsError>;
}

/// What the mail's pages share.
struct MailPages<S, D, M> {
    dashboard: Arc<Dashboard<S, D>>,
    mails: M,
}

impl<S: Browse, D: DeadLetters, M: Mails> MailPages<S, D, M> {
    /// The mail of `week`, out of the report that the other pages show.
    async fn preview(&self, week: IsoWeek, now: Timestamp) -> Result<Message, PageError> {
        let Dashboard { reports, store, .. } = &*self.dashboard;
        let made = reports.report(store, week, now).await?;
        self.mails.preview(&made.report).map_err(|error| failed(&error))
    }
}

/// The routes of the mail's pages, behind the access of `dashboard`.
pub fn mail_pages<S: Browse, D: DeadLetters, M: Mails>(
    dashboard: Arc<Dashboard<S, D>>,
    mails: M,
) -> Router {
    let pages = Arc::new(MailPages { dashboard: Arc::clone(&dashboard), mails });
    let routes = Router::new()
        .route("/mail", get(page::<S, D, M>))
        .route("/mail/html", get(html::<S, D, M>))
        .route("/mail/text", get(text::<S, D, M>))
        .with_state(pages);
    crate::protect(routes, dashboard)
}

#[derive(Deserialize)]
struct WhichWeek {
    week: Option<String>,
}

#[derive(Serialize)]
struct MailView {
    way: String,
    schedule: String,
    next: Option<String>,
    last_week: String,
    recipients: Vec<RecipientView>,
    week: String,
    earlier: String,
    later: Option<String>,
    subject: String,
    from: String,
    text: String,
}

#[derive(Serialize)]
struct RecipientView {
    address: String,
    standing: String,
    error: Option<String>,
}

async fn page<S: Browse, D: DeadLetters, M: Mails>(
    State(pages): State<Arc<MailPages<S, D, M>>>,
    Extension(owner): Extension<Owner>,
    Query(which): Query<WhichWeek>,
) -> Result<Response<Body>, PageError> {
    let now = pages.dashboard.now();
    let week = week(which, now)?;
    let mails = &pages.mails;
    let state = mails.state().await.map_err(|error| failed(&error))?;
    let message = pages.preview(week, now).await?;
    let recipients = state.recipients.iter().map(|(to, standing)| RecipientView {
        address: to.to_string(),
        standing: words(standing, now),
        error: match standing {
            Standing::Failing { last_error, .. } => Some(last_error.clone()),
            _ => None,
        },
    });
    let last_week = IsoWeek::last_closed(now);
    let view = MailView {
        way: mails.way(),
        schedule: mails.schedule(),
        next: state.next.map(time),
        last_week: last_week.to_string(),
        recipients: recipients.collect(),
        week: week.to_string(),
        earlier: week.earlier(1).to_string(),
        later: (week < last_week).then(|| week.later(1).to_string()),
        subject: subject(week),
        from: message.from.to_string(),
        text: message.text,
    };
    let mut response = render("mail.html", ("Mail", "mail"), &owner, &view)?;
    let policy = format!("{POLICY}; frame-src 'self'");
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    Ok(response)
}

async fn html<S: Browse, D: DeadLetters, M: Mails>(
    State(pages): State<Arc<MailPages<S, D, M>>>,
    Query(which): Query<WhichWeek>,
) -> Result<Response<Body>, PageError> {
    let now = pages.dashboard.now();
    let message = pages.preview(week(which, now)?, now).await?;
    Ok(answer(message.html, "text/html; charset=utf-8"))
}

async fn text<S: Browse, D: DeadLetters, M: Mails>(
    State(pages): State<Arc<MailPages<S, D, M>>>,
    Query(which): Query<WhichWeek>,
) -> Result<Response<Body>, PageError> {
    let now = pages.dashboard.now();
    let message = pages.preview(week(which, now)?, now).await?;
    Ok(answer(message.text, "text/plain; charset=utf-8"))
}

fn week(which: WhichWeek, now: Timestamp) -> Result<IsoWeek, PageError> {
    which.week.map_or(Ok(IsoWeek::last_closed(now)), |week| {
        week.parse().map_err(|error: WeekError| PageError::BadRequest(error.to_string()))
    })
}

fn failed(error: &MailsError) -> PageError {
    PageError::Mail(error.to_string())
}

fn answer(body: String, kind: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(MAIL_POLICY));
    response
}

/// How it stands, in a sentence without its end.
fn words(standing: &Standing, now: Timestamp) -> String {
    match standing {
        Standing::Sent { at } => format!("sent at {}", time(*at)),
        Standing::Due { at } if *at > now => format!("is sent at {}", time(*at)),
        Standing::Due { at } => format!("due since {}, and being sent", time(*at)),
        Standing::Failing { since, tries, next_try, .. } => {
            let next = next_try.map_or_else(
                || "not tried again until this server starts anew".to_owned(),
                |next| format!("tried again at {}", time(next)),
            );
            let times = if *tries == 1 { "once".to_owned() } else { format!("{tries} times") };
            format!("failing since {}, tried {times}, {next}", time(*since))
        }
        Standing::Unsubscribed { since } => {
            format!("unsubscribed at {}: gets no mail", time(*since))
        }
        Standing::NotTheirs => "gets the next one first".to_owned(),
    }
}

fn time(at: Timestamp) -> String {
    let seconds = at.plus_millis(-at.as_millis().rem_euclid(1000)).to_string();
    format!("{} UTC", seconds.trim_end_matches('Z').replace('T', " "))
}
