//! What both functions need before their first event: the log, the tables, the session key.

use std::process::ExitCode;
use std::time::Duration;

use aws_types::SdkConfig;
use cv_analytics_aws::clients::{EnvironmentError, MissingVariable, function_config};
use cv_analytics_aws::{DynamoDbStore, TableNames, Tables};
use cv_analytics_core::intake::Intake;
use cv_analytics_core::privacy::{Privacy, SessionKey};
use cv_analytics_core::store::session_key;
use cv_analytics_core::store::{KeyValueStore, StoreError};
use cv_analytics_core::timestamp::Timestamp;
use rand::RngExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// A variable; `None` where it is missing or empty.
pub fn variable(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the function's configuration")]
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// The clock.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock and hands it on")]
pub fn now() -> Timestamp {
    let since_1970 =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
}

/// The time from `now` to an invocation's `deadline`, milliseconds since 1970 as Lambda says it.
pub fn time_left(deadline: u64, now: Timestamp) -> Duration {
    let now = u64::try_from(now.as_millis()).unwrap_or_default();
    Duration::from_millis(deadline.saturating_sub(now))
}

/// A variable that there has to be.
///
/// # Errors
/// [`MissingVariable`].
pub fn required(name: &'static str) -> Result<String, MissingVariable> {
    variable(name).ok_or(MissingVariable(name))
}

/// How AWS is reached.
///
/// # Errors
/// [`EnvironmentError`].
pub fn aws() -> Result<SdkConfig, EnvironmentError> {
    function_config(variable)
}

/// The store in the tables that `QUERY_EVENTS_TABLE` and `ANALYTICS_TABLE` name.
///
/// # Errors
/// [`MissingVariable`].
pub fn store(aws: &SdkConfig) -> Result<DynamoDbStore, MissingVariable> {
    let names = TableNames {
        query_events: required("QUERY_EVENTS_TABLE")?,
        analytics: required("ANALYTICS_TABLE")?,
    };
    let client = aws_sdk_dynamodb::Client::new(aws);
    Ok(DynamoDbStore::new(Tables::new(client, names), now))
}

/// The intake with every privacy rule on, and the key of the session hash: `SESSION_SALT`,
/// else one that is made once and kept in the table. Answers are kept unless `KEEP_ANSWERS` says something else
/// than `true`.
///
/// # Errors
/// [`StoreError`] where there is no `SESSION_SALT` and the table cannot be read.
pub async fn intake(store: &dyn KeyValueStore) -> Result<Intake, StoreError> {
    let key = if let Some(salt) = variable("SESSION_SALT") {
        SessionKey::new(salt)
    } else {
        let fresh = || hex::encode(rand::rng().random::<[u8; 32]>());
        session_key::kept_or_made(store, fresh).await?
    };
    let keep_answers =
        variable("KEEP_ANSWERS").is_none_or(|kept| kept.trim().eq_ignore_ascii_case("true"));
    Ok(Intake::new(Privacy { keep_answers, ..Privacy::full(key) }))
}

/// Writes the log as JSON lines to standard output, which Lambda keeps; at `info` unless `AWS_LAMBDA_LOG_LEVEL` says
/// otherwise. That level is the product's own: what the runtime and the SDK write below `info` holds whole events,
/// questions included. The functions log by themselves why they fail; the runtime would write the same once more, as
/// Rust's `Debug` has it. A panic is on standard error in any case.
pub fn start_log() {
    let level = variable("AWS_LAMBDA_LOG_LEVEL");
    let level = level.and_then(|level| level.parse().ok()).unwrap_or(tracing::Level::INFO);
    let own =
        ["cv_analytics_aws", "cv_analytics_core", "cv_analytics_lambda", "processor", "reporter"];
    let levels = Targets::new()
        .with_default(level.min(tracing::Level::INFO))
        .with_targets(own.map(|target| (target, level)))
        .with_target("lambda_runtime::layers::panic", LevelFilter::OFF);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(std::io::stdout);
    tracing_subscriber::registry().with(lines.with_filter(levels)).init();
}

/// How the process of `function` ends; what kept it from running is logged.
pub fn exit_code(function: &str, ended: Result<(), lambda_runtime::Error>) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = %error, "cannot run the {function}");
            ExitCode::FAILURE
        }
    }
}
