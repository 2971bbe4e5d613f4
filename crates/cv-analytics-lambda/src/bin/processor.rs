//! `cv-analytics-processor`: the function behind the queue.

use std::process::ExitCode;

use cv_analytics_aws::dead_letter_queue::DeadLetterQueue;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_lambda::processor::{Processor, SourceQueue};
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
            tracing::error!(error = %error, "the processor could not start");
            ExitCode::FAILURE
        }
    }
}

async fn run(surroundings: &Surroundings) -> Result<(), Error> {
    let aws = surroundings.aws()?;
    let store = surroundings.store(&aws)?;
    let sqs = aws_sdk_sqs::Client::new(&aws);
    // The first connection is made now, while a function that starts has a whole core. A table
    // that cannot be described is no reason not to start: its messages wait in the queue.
    if let Err(error) = store.tables().check().await {
        tracing::warn!(error = %error, "the tables could not be checked");
    }
    let processor = Processor {
        intake: surroundings.intake(&store).await?,
        dead_letters: surroundings
            .variable("DEAD_LETTER_QUEUE_URL")
            .map(|url| DeadLetterQueue::new(sqs.clone(), url)),
        queue: surroundings.variable("QUEUE_URL").map(|url| SourceQueue { client: sqs, url }),
        store,
        now: surroundings.now,
    };
    let environment = surroundings.variable("ENVIRONMENT").unwrap_or_else(|| "prod".to_owned());
    let (processor, environment) = (&processor, &environment);
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async move {
        let (response, metrics) = processor.process(&event.payload).await?;
        println!("{}", metrics.line(environment, now()));
        Ok::<_, Error>(response)
    }))
    .await
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
