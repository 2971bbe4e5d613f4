//! `/connect`: how an agent is connected, whether a question arrives, and what to do if it does not.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode};
use axum::response::{IntoResponse, Redirect};
use cv_analytics_core::canary::REQUEST_ID_PREFIX;
use cv_analytics_core::event::RequestId;
use cv_analytics_core::store::Store;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::view::text::sanitize;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::agent_connection::{AgentConnection, Attempt, TestQuestion};
use crate::dashboard::Dashboard;
use crate::page::owner::Owner;
use crate::page::{PageError, render};
use crate::questions::view::interaction_href;

/// The ledger's key of when the agent's secrets were shown.
pub const SECRETS_SHOWN_KEY: &str = "cv-analytics:secrets-shown";
/// Columns of what a server said.
const FAILURE_COLUMNS: usize = 400;

/// When which of the agent's secrets were shown.
#[derive(Debug, Serialize, Deserialize)]
pub struct SecretsShown {
    at: Timestamp,
    /// The digest of their key id.
    key: String,
}

/// What the first pages say of the connection.
#[derive(Debug, Serialize)]
pub(crate) struct ConnectView {
    /// The file with the secrets; `None` where another program takes the events.
    secrets_file: Option<String>,
    has_public_address: bool,
    /// When the secrets were shown, and are shown no more.
    shown: Option<String>,
}

#[derive(Serialize)]
struct ConnectPage {
    connect: ConnectView,
    /// The secrets, this once.
    secrets: Option<[(&'static str, String); 4]>,
    test: Option<TestView>,
}

/// What became of a test question.
#[derive(Serialize)]
struct TestView {
    is_taken: bool,
    /// Where it was sent to, and what was wrong.
    attempts: Vec<(String, Option<String>)>,
    /// When its halves were asked and answered, where the store has them.
    question: Option<String>,
    answer: Option<String>,
    href: String,
}

/// Whether nothing has arrived but tests of the connection.
pub(crate) async fn is_first_run(
    dashboard: &Dashboard,
    weeks: &[IsoWeek],
    now: Timestamp,
) -> Result<bool, PageError> {
    let only = match weeks {
        [] => return Ok(true),
        [only] => *only,
        _ => return Ok(false),
    };
    let made = dashboard.reports.report(&*dashboard.store, only, now).await?;
    let provenance = &made.report.provenance;
    Ok(made.report.is_empty() && provenance.excluded == provenance.excluded_by.canaries)
}

impl ConnectView {
    pub(crate) async fn of(dashboard: &Dashboard) -> Result<Self, PageError> {
        let connection = dashboard.connection.as_deref();
        let shown = match connection {
            Some(connection) => shown(&*dashboard.store, connection).await?.0,
            None => None,
        };
        Ok(Self {
            secrets_file: connection.map(|connection| connection.secrets_file().to_owned()),
            has_public_address: connection.is_some_and(AgentConnection::has_public_address),
            shown: shown.map(|at| dashboard.times().exact(at)),
        })
    }
}

/// When the secrets were shown, where they were, and the version of the record.
async fn shown(
    store: &dyn Store,
    connection: &dyn AgentConnection,
) -> Result<(Option<Timestamp>, Option<u64>), PageError> {
    let Some(record) = store.get(SECRETS_SHOWN_KEY).await? else { return Ok((None, None)) };
    // A restored archive tells of the secrets of another installation.
    let of_these = |shown: &SecretsShown| shown.key == key_digest(connection);
    let known = serde_json::from_str::<SecretsShown>(&record.value).ok().filter(of_these);
    Ok((known.map(|shown| shown.at), Some(record.version)))
}

/// Tells one installation's secrets from another's, and says nothing of them.
fn key_digest(connection: &dyn AgentConnection) -> String {
    let [(_, key_id), ..] = connection.secrets();
    hex::encode(Sha256::digest(key_id.as_bytes()))
}

async fn show(
    dashboard: &Dashboard,
    owner: &Owner,
    secrets: Option<[(&'static str, String); 4]>,
    test: Option<TestView>,
) -> Result<Response<Body>, PageError> {
    let page = ConnectPage { connect: ConnectView::of(dashboard).await?, secrets, test };
    render("connect.html", ("Connect your agent", "settings"), owner, &page)
}

pub(crate) async fn page(
    State(dashboard): State<Arc<Dashboard>>,
    Extension(owner): Extension<Owner>,
) -> Result<Response<Body>, PageError> {
    show(&dashboard, &owner, None, None).await
}

/// Shows the secrets once, in a browser that is signed in.
pub(crate) async fn show_secrets(
    State(dashboard): State<Arc<Dashboard>>,
    Extension(owner): Extension<Owner>,
) -> Result<Response<Body>, PageError> {
    let connection = dashboard.connection.as_deref().ok_or(NO_INTAKE)?;
    let (before, version) = shown(&*dashboard.store, connection).await?;
    // A program has the file; what it sends about may be logged.
    let may_see = matches!(owner, Owner::Browser { .. }) && before.is_none();
    let note = SecretsShown { at: dashboard.now(), key: key_digest(connection) };
    let note = serde_json::to_string(&note).unwrap_or_default();
    let secrets = if may_see && dashboard.store.put(SECRETS_SHOWN_KEY, &note, version).await? {
        Some(connection.secrets())
    } else {
        None
    };
    show(&dashboard, &owner, secrets, None).await
}

/// Why there is nothing to connect to.
const NO_INTAKE: PageError =
    PageError::NotFound("this server takes no events: agents send theirs to the queue on AWS");

/// Sends a test question; where it was taken at once, its own page says what became of it.
pub(crate) async fn send_test(
    State(dashboard): State<Arc<Dashboard>>,
    Extension(owner): Extension<Owner>,
) -> Result<Response<Body>, PageError> {
    let connection = dashboard.connection.as_ref().ok_or(NO_INTAKE)?;
    let sent = connection.send_test().await;
    if sent.outside.failure.is_none() {
        return Ok(Redirect::to(&format!("/connect/test/{}", sent.request_id)).into_response());
    }
    let test = TestView::of(&dashboard, &sent.request_id, Some(&sent)).await?;
    let mut page = show(&dashboard, &owner, None, Some(test)).await?;
    *page.status_mut() = StatusCode::BAD_GATEWAY;
    Ok(page)
}

/// What became of a test question.
pub(crate) async fn test(
    State(dashboard): State<Arc<Dashboard>>,
    Extension(owner): Extension<Owner>,
    Path(request_id): Path<String>,
) -> Result<Response<Body>, PageError> {
    let is_test = request_id.starts_with(REQUEST_ID_PREFIX);
    let request_id = RequestId::new(request_id).ok().filter(|_| is_test);
    let request_id = request_id.ok_or(PageError::NotFound("unknown test question"))?;
    let test = TestView::of(&dashboard, &request_id, None).await?;
    show(&dashboard, &owner, None, Some(test)).await
}

impl TestView {
    async fn of(
        dashboard: &Dashboard,
        request_id: &RequestId,
        sent: Option<&TestQuestion>,
    ) -> Result<Self, PageError> {
        let found = dashboard.store.interaction(request_id).await?;
        let (query, response) = found.map_or((None, None), |found| (found.query, found.response));
        let attempts = sent.iter().flat_map(|sent| [Some(&sent.outside), sent.inside.as_ref()]);
        let attempt = |attempt: &Attempt| {
            let failure = attempt.failure.as_ref();
            (attempt.address.clone(), failure.map(|failure| sanitize(failure, FAILURE_COLUMNS)))
        };
        let times = dashboard.times();
        Ok(Self {
            is_taken: sent.is_none_or(TestQuestion::is_taken),
            attempts: attempts.flatten().map(attempt).collect(),
            question: query.map(|query| times.exact(query.timestamp)),
            answer: response.map(|response| times.exact(response.timestamp)),
            href: interaction_href(request_id.as_str()),
        })
    }
}
