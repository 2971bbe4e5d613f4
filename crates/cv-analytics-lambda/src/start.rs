//! What both functions need before their first event: the log, the tables, the session key.

use aws_types::SdkConfig;
use cv_analytics_aws::clients::{MissingVariable, function_config};
use cv_analytics_aws::{DynamoDbStore, TableNames, Tables};
use cv_analytics_core::intake::Intake;
use cv_analytics_core::privacy::{Privacy, SessionKey};
use cv_analytics_core::store::{Ledger, StoreError};
use cv_analytics_core::timestamp::Timestamp;
use rand::RngExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The ledger's key of the session hash's key, as in the self-hosted store.
const SESSION_KEY: &str = "cv-analytics:session-key";

/// The environment and the clock, as `main` hands them on.
#[derive(Clone, Copy)]
pub struct Surroundings {
    variable: fn(&str) -> Option<String>,
    /// The clock.
    pub now: fn() -> Timestamp,
}

impl Surroundings {
    /// Surroundings whose variables are what `variable` gives; an empty one counts as missing.
    pub fn new(variable: fn(&str) -> Option<String>, now: fn() -> Timestamp) -> Self {
        Self { variable, now }
    }

    /// A variable; `None` where it is missing or empty.
    pub fn variable(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.trim().is_empty())
    }

    /// A variable that there has to be.
    ///
    /// # Errors
    /// [`MissingVariable`].
    pub fn required(&self, name: &'static str) -> Result<String, MissingVariable> {
        self.variable(name).ok_or(MissingVariable(name))
    }

    /// How AWS is reached.
    ///
    /// # Errors
    /// [`MissingVariable`].
    pub fn aws(&self) -> Result<SdkConfig, MissingVariable> {
        function_config(|name| self.variable(name))
    }

    /// The store in the tables that `QUERY_EVENTS_TABLE` and `ANALYTICS_TABLE` name.
    ///
    /// # Errors
    /// [`MissingVariable`].
    pub fn store(&self, aws: &SdkConfig) -> Result<DynamoDbStore, MissingVariable> {
        let names = TableNames {
            query_events: self.required("QUERY_EVENTS_TABLE")?,
            analytics: self.required("ANALYTICS_TABLE")?,
        };
        let client = aws_sdk_dynamodb::Client::new(aws);
        Ok(DynamoDbStore::new(Tables::new(client, names), self.now))
    }

    /// The intake with every privacy rule on, and the key of the session hash: `SESSION_SALT`,
    /// else one that is made once and kept in the table.
    ///
    /// # Errors
    /// [`StoreError`] where there is no `SESSION_SALT` and the table cannot be read.
    pub async fn intake(&self, store: &impl Ledger) -> Result<Intake, StoreError> {
        let key = match self.variable("SESSION_SALT") {
            Some(salt) => SessionKey::new(salt),
            None => kept_session_key(store).await?,
        };
        Ok(Intake::new(Privacy::full(key)))
    }
}

async fn kept_session_key(store: &impl Ledger) -> Result<SessionKey, StoreError> {
    if let Some(record) = store.get(SESSION_KEY).await? {
        return Ok(SessionKey::new(record.value));
    }
    let made = hex::encode(rand::rng().random::<[u8; 32]>());
    store.put(SESSION_KEY, &made, None).await?;
    match store.get(SESSION_KEY).await? {
        Some(record) => Ok(SessionKey::new(record.value)),
        None => Err(StoreError::refused("the session key was not kept")),
    }
}

/// Writes the log as JSON lines to standard output, which Lambda keeps; at `info` unless
/// `AWS_LAMBDA_LOG_LEVEL` says otherwise. That level is the product's own: what the runtime and the
/// SDK write below `info` holds whole events, questions included.
pub fn start_log(level: Option<&str>) {
    let level = level.and_then(|level| level.parse().ok()).unwrap_or(tracing::Level::INFO);
    let own =
        ["cv_analytics_aws", "cv_analytics_core", "cv_analytics_lambda", "processor", "reporter"];
    let levels = Targets::new()
        .with_default(level.min(tracing::Level::INFO))
        .with_targets(own.map(|target| (target, level)));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(std::io::stdout);
    tracing_subscriber::registry().with(lines.with_filter(levels)).init();
}
