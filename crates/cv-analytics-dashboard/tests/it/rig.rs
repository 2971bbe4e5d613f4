//! A dashboard over a SQLite file, and a browser that is signed in.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use cv_analytics_core::event::RequestId;
use cv_analytics_core::intake::Intake;
use cv_analytics_core::privacy::{Privacy, SessionKey};
use cv_analytics_core::store::{Arrival, EventStore as _};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_dashboard::access::sessions::OwnerSessions;
use cv_analytics_dashboard::agent_connection::{
    AgentConnection, Attempt, Refused, Sending, TestQuestion,
};
use cv_analytics_dashboard::times::OwnerZone;
use cv_analytics_dashboard::{Dashboard, DashboardSetup, Mails, app};
use cv_analytics_mail::schedule::Schedule;
use cv_analytics_mail::schedule::mailing::Mailing;
use cv_analytics_server::configuration::{Limits, PublicUrl, Secret};
use cv_analytics_server::{AcceptedHosts, RateLimits};
use cv_analytics_sqlite::SqliteStore;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

pub(crate) const TOKEN: &str = "the owner's own token";
pub(crate) const HOST: &str = "127.0.0.1:8787";
/// Tuesday of 2026-W48: 2026-W47 is over.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_795_516_200_000);
/// Monday of 2026-W47, 10:00.
pub(crate) const MONDAY: i64 = 1_794_823_200_000;
pub(crate) const WEEK_MS: i64 = 7 * 24 * 3600 * 1000;

pub(crate) const WAY: &str = "through mail.example.org:587";

pub(crate) struct Rig {
    pub(crate) app: Router,
    pub(crate) store: SqliteStore,
    pub(crate) dashboard: Arc<Dashboard>,
    pub(crate) folder: TempDir,
    pub(crate) cookie: String,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answered {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn form_token(&self) -> String {
        let (_, after) = self.body.split_once("name=\"form-token\" value=\"").unwrap();
        after.split('"').next().unwrap().to_owned()
    }

    /// How many questions a page of them found.
    pub(crate) fn total(&self) -> u64 {
        let (_, after) = self.body.split_once("data-total=\"").expect(&self.body);
        after.split('"').next().unwrap().parse().unwrap()
    }
}

pub(crate) fn intake() -> Intake {
    Intake::new(Privacy::full(SessionKey::new(b"tests".to_vec())))
}

/// The mailing of an owner who changed nothing.
pub(crate) fn mailing(recipients: &[&str]) -> Mailing {
    let recipients = recipients.iter().map(|to| to.parse().unwrap());
    let schedule = Schedule::DEFAULT.parse().unwrap();
    Mailing::new("Reports <reports@example.com>".parse().unwrap(), recipients, schedule, None, None)
}

impl Rig {
    pub(crate) async fn new() -> Self {
        Self::with(None).await
    }

    pub(crate) async fn with(public_url: Option<&str>) -> Self {
        Self::mailing(public_url, mailing(&[])).await
    }

    /// One that sends mails.
    pub(crate) async fn mailing(public_url: Option<&str>, mailing: Mailing) -> Self {
        Self::at(|| NOW, public_url, mailing).await
    }

    /// One with its own clock.
    pub(crate) async fn at(
        clock: fn() -> Timestamp,
        public_url: Option<&str>,
        mailing: Mailing,
    ) -> Self {
        Self::reached(true, clock, public_url, mailing).await
    }

    /// One that an agent reaches by the address in its secrets, or does not.
    pub(crate) async fn reached(
        is_reached: bool,
        clock: fn() -> Timestamp,
        public_url: Option<&str>,
        mailing: Mailing,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("cv-analytics.db")).unwrap();
        let token = Secret::new(TOKEN);
        let public_url = public_url.map(|url| PublicUrl::parse(url).unwrap());
        let file = folder.path().join("dashboard-sessions.json");
        let dashboard = Arc::new(Dashboard::new(DashboardSetup {
            store: Arc::new(store.clone()),
            intake: intake(),
            mails: Mails::FromHere {
                way: WAY.to_owned(),
                mailing: Box::new(mailing),
                started: NOW.plus_millis(-60_000),
            },
            hosts: AcceptedHosts::new(HOST.parse().unwrap(), public_url.as_ref()),
            sessions: OwnerSessions::open(&token, &file).unwrap(),
            token,
            public_url,
            rates: Arc::new(RateLimits::new(&Limits {
                failure_delay: Duration::ZERO,
                ..Limits::default()
            })),
            connection: Some(Arc::new(Connection { store: store.clone(), is_reached })),
            program_settings: Vec::new(),
            live_every: Duration::from_millis(5),
            time_zone: OwnerZone::UTC,
            clock,
        }));
        let app = app(Arc::clone(&dashboard));
        let mut rig = Self { app, store, dashboard, folder, cookie: String::new() };
        rig.cookie = rig.sign_in().await;
        rig
    }

    /// A new session's cookie, as a browser sends it back.
    pub(crate) async fn sign_in(&self) -> String {
        let form = format!("token={}", TOKEN.replace(' ', "+"));
        let request = Request::post("/login").header("host", HOST).body(Body::from(form)).unwrap();
        let answer = self.send(request).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        answer.header("set-cookie").split(';').next().unwrap().to_owned()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answered {
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8(bytes.to_vec()).unwrap();
        Answered { status: parts.status, headers: parts.headers, body }
    }

    /// A page as the signed-in browser sees it.
    pub(crate) async fn get(&self, path: &str) -> Answered {
        let request = Request::get(path)
            .header("host", HOST)
            .header("accept", "text/html")
            .header("cookie", &self.cookie);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// A page that has to be there.
    pub(crate) async fn page(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    /// Sends one of our forms with its token.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answered {
        let token = self.get("/settings").await.form_token();
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("form-token", &token);
        form.extend_pairs(fields);
        let request = Request::post(path)
            .header("host", HOST)
            .header("cookie", &self.cookie)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(form.finish())).unwrap()).await
    }

    /// Keeps events as they would arrive.
    pub(crate) async fn keep(&self, events: &[Value]) {
        let bodies: Vec<String> = events.iter().map(Value::to_string).collect();
        self.keep_bytes(&bodies.iter().map(String::as_bytes).collect::<Vec<_>>()).await;
    }

    pub(crate) async fn keep_bytes(&self, bodies: &[&[u8]]) {
        keep(&self.store, bodies).await;
    }
}

async fn keep(store: &SqliteStore, bodies: &[&[u8]]) {
    let intake = intake();
    let arrival = |body: &&[u8]| Arrival {
        content: intake.read(body, NOW),
        arrived_at: NOW,
        deduplication_id: None,
    };
    store.append(bodies.iter().map(arrival).collect()).await.unwrap();
}

/// The id of every test question.
pub(crate) const TEST_ID: &str = "doctor-canary-0123456789abcdef";
/// What an agent needs of the server.
pub(crate) const SECRETS: [(&str, &str); 4] = [
    ("AWS_ACCESS_KEY_ID", "CVAKTEST"),
    ("AWS_SECRET_ACCESS_KEY", "the/secret+key"),
    ("AWS_REGION", "eu-west-2"),
    ("AWS_SQS_URL", "https://cv.example/000000000000/cv-analytics-events.fifo"),
];

/// An intake that keeps what it is sent in the store, by an address that can be reached or not.
struct Connection {
    store: SqliteStore,
    is_reached: bool,
}

impl AgentConnection for Connection {
    fn refused_since(&self, moment: Timestamp) -> Refused<'_> {
        Box::pin(self.store.refusals_since(moment))
    }

    fn secrets_file(&self) -> &'static str {
        "/data/credentials.env"
    }

    fn has_public_address(&self) -> bool {
        false
    }

    fn secrets(&self) -> [(&'static str, String); 4] {
        SECRETS.map(|(name, value)| (name, value.to_owned()))
    }

    fn send_test(&self) -> Sending<'_> {
        Box::pin(async move {
            let flag = json!({"traffic": "canary"});
            let query = json!({"eventType": "query", "requestId": TEST_ID, "timestamp": NOW,
                "query": "Does it arrive?", "metadata": flag});
            let response = json!({"eventType": "response", "requestId": TEST_ID,
                "timestamp": NOW.plus_millis(1), "outcome": "answered", "metadata": flag});
            let bodies = [query, response].map(|event| event.to_string());
            keep(&self.store, &bodies.each_ref().map(String::as_bytes)).await;
            let attempt = |address: &str, failure: Option<&str>| Attempt {
                address: address.to_owned(),
                failure: failure.map(str::to_owned),
            };
            let failure = (!self.is_reached).then_some("<b>refused</b>");
            TestQuestion {
                request_id: RequestId::new(TEST_ID).unwrap(),
                outside: attempt("https://cv.example/queue", failure),
                inside: (!self.is_reached).then(|| attempt("http://127.0.0.1:8787/queue", None)),
            }
        })
    }
}

pub(crate) fn whole(id: &str, at: i64, question: &str, answer: &Value) -> Value {
    let mut event = json!({
        "eventType": "response", "requestId": id, "timestamp": at + 900,
        "query": question, "queryTimestamp": at,
    });
    for (name, value) in answer.as_object().unwrap() {
        event[name] = value.clone();
    }
    event
}
