//! R2 and R3: the product's HTTP server with less and less behind it, each its own process.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{Response, header};
use axum::routing::post;
use bytes::Bytes;
use cv_analytics_core::intake::Intake;
use cv_analytics_core::interaction::Disposition;
use cv_analytics_core::privacy::{Privacy, SessionKey};
use cv_analytics_core::store::{Arrival, EventStore, Receipt, StoreError};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_harness::server_process::READY;
use cv_analytics_server::configuration::{Credentials, Limits, Secret, TrustedProxies};
use cv_analytics_server::{Reports, Server, ServerSetup, app, serve as serve_connections};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// As long as the product's answer.
const CONSTANT: &str = r#"{"MD5OfMessageBody":"0123456789abcdef0123456789abcdef","MessageId":"01234567-89ab-5cde-8f01-23456789abcd","SequenceNumber":"00000000000000000001"}"#;
const KEY_ID: &str = "AKIABENCHMARK";
const SECRET: &str = "benchmark";
const REGION: &str = "eu-west-2";

/// Serves `rung` on a free port until SIGTERM, with `data` as the folder of its credentials.
pub(crate) fn serve(rung: &str, data: &Path) -> Result<()> {
    fs::create_dir_all(data)?;
    let credentials = [
        ("AWS_ACCESS_KEY_ID", KEY_ID),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("AWS_REGION", REGION),
        ("CV_ANALYTICS_TOKEN", SECRET),
    ];
    let lines = credentials.map(|(name, value)| format!("{name}={value}\n")).concat();
    fs::write(data.join("credentials.env"), lines)?;
    // As the program does: one thread a core.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(std::thread::available_parallelism()?.get())
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let limits = Limits::default();
        let router = if rung == "constant" {
            Router::new().route("/", post(constant))
        } else {
            app(Arc::new(Server::new(ServerSetup {
                credentials: Credentials {
                    access_key_id: KEY_ID.to_owned(),
                    secret_access_key: Secret::new(SECRET),
                    region: REGION.to_owned(),
                    token: Secret::new(SECRET),
                },
                listening: address,
                public_url: None,
                limits: limits.clone(),
                intake: Intake::new(Privacy::full(SessionKey::new(SECRET.as_bytes()))),
                store: Arc::new(NoStore::default()),
                reports: Arc::new(NoReports),
                not_found_page: || Response::new(Body::empty()),
                clock: now,
            })))
        };
        let mut stop = signal(SignalKind::terminate())?;
        println!("{READY}http://{address}");
        let stopped = async move {
            stop.recv().await;
        };
        Ok(serve_connections(listener, router, limits, TrustedProxies::default(), stopped).await?)
    })
}

async fn constant(_body: Bytes) -> ([(header::HeaderName, &'static str); 1], &'static str) {
    ([(header::CONTENT_TYPE, "application/x-amz-json-1.0")], CONSTANT)
}

#[expect(clippy::disallowed_methods, reason = "the program's clock, as its `main.rs` reads it")]
fn now() -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
}

/// Says at once that everything is kept.
#[derive(Default)]
struct NoStore(AtomicU64);

#[async_trait]
impl EventStore for NoStore {
    async fn append(&self, arrivals: Vec<Arrival>) -> Result<Vec<Receipt>, StoreError> {
        let receipt = |_: Arrival| Receipt {
            disposition: Disposition::Stored,
            sequence: self.0.fetch_add(1, Ordering::Relaxed),
        };
        Ok(arrivals.into_iter().map(receipt).collect())
    }
}

struct NoReports;

#[async_trait]
impl Reports for NoReports {
    async fn report_json(&self, _: IsoWeek) -> Result<String, Box<dyn Error + Send + Sync>> {
        Err("this server keeps nothing".into())
    }
}
