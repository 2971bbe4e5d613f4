//! `/mail`: how the weekly mail stands with each recipient, and what would be sent.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderValue, Response, header};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::view::text::sanitize;
use cv_analytics_mail::message::Message;
use cv_analytics_mail::schedule::DeliveryStatus;
use serde::Serialize;

use crate::dashboard::Dashboard;
use crate::form::Form;
use crate::page::headers::POLICY;
use crate::page::owner::Owner;
use crate::page::{PageError, render};
use crate::times::Times;

/// The mail's frame allows inline styles only; links open outside the frame.
const MAIL_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
                           frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox";
/// Characters of what is wrong with the owner's template.
const FAULT_COLUMNS: usize = 400;

/// The mail of `week`, out of the report that the other pages show.
async fn preview(
    dashboard: &Dashboard,
    week: IsoWeek,
    now: Timestamp,
) -> Result<Message, PageError> {
    let made = dashboard.reports.report(&*dashboard.store, week, now).await?;
    dashboard.mails.preview(&made.report, now)
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
    /// What is wrong with the owner's templates, each in a sentence.
    faults: Vec<String>,
}

#[derive(Serialize)]
struct RecipientView {
    address: String,
    status: String,
    error: Option<String>,
}

pub(crate) async fn page(
    State(dashboard): State<Arc<Dashboard>>,
    Extension(owner): Extension<Owner>,
    RawQuery(query): RawQuery,
) -> Result<Response<Body>, PageError> {
    let times = dashboard.times();
    let now = times.now;
    let week = week(query, now)?;
    let mails = &dashboard.mails;
    let state = mails.state(&*dashboard.store, now).await?;
    let message = preview(&dashboard, week, now).await?;
    let recipients = state.recipients.iter().map(|(to, status)| RecipientView {
        address: to.to_string(),
        status: words(status, &times),
        error: match status {
            DeliveryStatus::Failing { last_error, .. } => Some(last_error.clone()),
            _ => None,
        },
    });
    let last_week = IsoWeek::last_closed(now);
    let view = MailView {
        way: mails.way().to_owned(),
        schedule: mails.schedule(),
        next: state.next.map(|next| times.exact(next)),
        last_week: last_week.to_string(),
        recipients: recipients.collect(),
        week: week.to_string(),
        earlier: week.earlier(1).to_string(),
        later: (week < last_week).then(|| week.later(1).to_string()),
        subject: message.subject,
        from: message.from.to_string(),
        text: message.text,
        faults: message
            .faults
            .iter()
            .map(|fault| sanitize(&fault.to_string(), FAULT_COLUMNS))
            .collect(),
    };
    let mut response = render("mail.html", ("Mail", "mail"), &owner, &view)?;
    let policy = format!("{POLICY}; frame-src 'self'");
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    Ok(response)
}

pub(crate) async fn html(
    State(dashboard): State<Arc<Dashboard>>,
    RawQuery(query): RawQuery,
) -> Result<Response<Body>, PageError> {
    let now = dashboard.now();
    let message = preview(&dashboard, week(query, now)?, now).await?;
    Ok(answer(message.html, "text/html; charset=utf-8"))
}

pub(crate) async fn text(
    State(dashboard): State<Arc<Dashboard>>,
    RawQuery(query): RawQuery,
) -> Result<Response<Body>, PageError> {
    let now = dashboard.now();
    let message = preview(&dashboard, week(query, now)?, now).await?;
    Ok(answer(message.text, "text/plain; charset=utf-8"))
}

fn week(query: Option<String>, now: Timestamp) -> Result<IsoWeek, PageError> {
    let query = Form::read(query.unwrap_or_default().as_bytes());
    query.get("week").map_or(Ok(IsoWeek::last_closed(now)), |week| Ok(week.parse()?))
}

fn answer(body: String, kind: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(MAIL_POLICY));
    response
}

/// How it stands, in a sentence without its end.
fn words(status: &DeliveryStatus, times: &Times) -> String {
    let time = |at: Timestamp| times.exact(at);
    match status {
        DeliveryStatus::Sent { at } => format!("sent on {}", time(*at)),
        DeliveryStatus::Due { at } if *at > times.now => format!("is sent on {}", time(*at)),
        DeliveryStatus::Due { at } => format!("due since {}, and being sent", time(*at)),
        DeliveryStatus::Failing { since, tries, next_try, .. } => {
            let next = next_try.map_or_else(
                || "not tried again until this server starts anew".to_owned(),
                |next| format!("tried again on {}", time(next)),
            );
            let times = if *tries == 1 { "once".to_owned() } else { format!("{tries} times") };
            format!("failing since {}, tried {times}, {next}", time(*since))
        }
        DeliveryStatus::Unsubscribed { since } => {
            format!("unsubscribed on {}: gets no mail", time(*since))
        }
        DeliveryStatus::NotTheirs => "not sent: their first mail is the next one".to_owned(),
    }
}
