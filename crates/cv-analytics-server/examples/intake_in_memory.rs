//! A server that forgets: for trying clients and measuring the way to the store.
//!
//! `cargo run --release --example intake_in_memory -- 127.0.0.1:8787`

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use axum::body::Body;
use axum::http::Response;
use cv_analytics_core::intake::{Content, Intake};
use cv_analytics_core::interaction::Disposition;
use cv_analytics_core::privacy::{Privacy, SessionKey};
use cv_analytics_core::store::{Arrival, EventStore, Receipt, StoreError};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_server::configuration::{Credentials, Limits, Secret, TrustedProxies};
use cv_analytics_server::{Reports, Server, ServerSetup, app, serve};
use tokio::net::TcpListener;

/// Counts messages and keeps none.
#[derive(Default)]
struct Forgetful(AtomicU64);

#[async_trait]
impl EventStore for Forgetful {
    async fn append(&self, arrivals: Vec<Arrival>) -> Result<Vec<Receipt>, StoreError> {
        let receipt = |arrival: Arrival| Receipt {
            disposition: match arrival.content {
                Content::Event(_) => Disposition::Stored,
                Content::DeadLetter(_) => Disposition::DeadLetter,
            },
            sequence: self.0.fetch_add(1, Ordering::Relaxed) + 1,
        };
        Ok(arrivals.into_iter().map(receipt).collect())
    }
}

struct NoReports;

#[async_trait]
impl Reports for NoReports {
    async fn report_json(&self, week: IsoWeek) -> Result<String, Box<dyn Error + Send + Sync>> {
        Ok(format!("{{\"week\":\"{week}\"}}"))
    }
}

#[expect(clippy::disallowed_methods, reason = "an example is a program: it reads the clock")]
fn now() -> Timestamp {
    Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8787".to_owned());
    let listener = TcpListener::bind(&address).await?;
    let limits = Limits::default();
    let server = Server::new(ServerSetup {
        credentials: Credentials {
            access_key_id: "AKIAEXAMPLE".to_owned(),
            secret_access_key: Secret::new("example-secret"),
            region: "eu-west-2".to_owned(),
            token: Secret::new("example-token"),
        },
        listening: listener.local_addr()?,
        public_url: None,
        limits: limits.clone(),
        intake: Intake::new(Privacy::full(SessionKey::new(b"example".to_vec()))),
        store: Arc::new(Forgetful::default()),
        reports: Arc::new(NoReports),
        not_found_page: || Response::new(Body::empty()),
        clock: now,
    });
    println!("http://{}", listener.local_addr()?);
    let stop = async {
        // Without a signal handler the program only ends sooner.
        let _ = tokio::signal::ctrl_c().await;
    };
    serve(listener, app(Arc::new(server)), limits, TrustedProxies::default(), stop).await?;
    Ok(())
}
