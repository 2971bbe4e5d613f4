//! `cv-analytics-reporter`: the function behind the schedule.

use std::process::ExitCode;

use cv_analytics_aws::AwsStore;
use cv_analytics_aws::queue::clients::Queues;
use cv_analytics_aws::ses::Ses;
use cv_analytics_aws::store::AwsSettings;
use cv_analytics_lambda::reporter::{Mailing, Reported, Reporter, ReporterError};
use cv_analytics_lambda::start;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    start::start_log();
    start::exit_code("reporter", Box::pin(run()).await)
}

async fn run() -> Result<(), Error> {
    let aws = start::aws()?;
    let settings = AwsSettings {
        dead_letter_queue: start::variable("DEAD_LETTER_QUEUE_URL"),
        ..AwsSettings::default()
    };
    let ses = Ses::new(aws_sdk_sesv2::Client::new(&aws));
    let tables = start::store(&aws)?.promoting();
    let store = AwsStore::new(tables, Queues::new(aws), settings);
    let reporter = Reporter::new(store, ses, start::now);
    let reporter = &reporter;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async move {
        let result = answer(reporter, &event).await;
        match &result {
            Ok(done) => tracing::info!(
                week = %done.week,
                sent = done.sent,
                sent_before = done.sent_before,
                interactions = done.interactions,
                "the report is sent"
            ),
            Err(error) => tracing::error!(error = %error, "cannot send the report"),
        }
        result.map_err(Diagnostic::from)
    }))
    .await
}

/// Addresses that cannot be used fail the invocation, not the start: the caller reads why.
async fn answer(
    reporter: &Reporter<AwsStore, Ses>,
    event: &LambdaEvent<Value>,
) -> Result<Reported, ReporterError> {
    let sender = start::variable("SENDER_EMAIL");
    let recipients = start::variable("RECIPIENT_EMAIL");
    let mailing = Mailing::read(sender.as_deref(), recipients.as_deref());
    reporter.answer(&event.payload, &event.context.request_id, mailing).await
}
