//! `cv-analytics-reporter`: the function behind the schedule.

use std::process::ExitCode;

use cv_analytics_aws::ses::Ses;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_lambda::reporter::{Mailing, Reported, Reporter, ReporterError};
use cv_analytics_lambda::start::{Surroundings, start_log};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let surroundings = Surroundings::new(variable, now);
    start_log(surroundings.variable("AWS_LAMBDA_LOG_LEVEL").as_deref());
    match run(&surroundings).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = %error, "the reporter could not start");
            ExitCode::FAILURE
        }
    }
}

async fn run(surroundings: &Surroundings) -> Result<(), Error> {
    let aws = surroundings.aws()?;
    let reporter = Reporter {
        store: surroundings.store(&aws)?.promoting(),
        by: Ses::new(aws_sdk_sesv2::Client::new(&aws)),
        now: surroundings.now,
    };
    let reporter = &reporter;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async move {
        let result = answer(reporter, surroundings, &event.payload).await;
        match &result {
            Ok(done) => tracing::info!(
                week = %done.week,
                sent = done.sent,
                sent_before = done.sent_before,
                interactions = done.interactions,
                "the report is sent"
            ),
            Err(error) => tracing::error!(error = %error, "the report could not be sent"),
        }
        Ok::<_, Error>(result?)
    }))
    .await
}

/// Addresses that cannot be used fail the invocation, not the start: whoever invokes reads why.
async fn answer(
    reporter: &Reporter<cv_analytics_aws::DynamoDbStore, Ses>,
    surroundings: &Surroundings,
    event: &Value,
) -> Result<Reported, ReporterError> {
    let sender = surroundings.variable("SENDER_EMAIL");
    let recipients = surroundings.variable("RECIPIENT_EMAIL");
    let mailing = Mailing::read(sender.as_deref(), recipients.as_deref());
    reporter.answer(event, mailing).await
}

#[expect(clippy::disallowed_methods, reason = "the function's configuration")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock and hands it on")]
fn now() -> Timestamp {
    let since_1970 =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
}
