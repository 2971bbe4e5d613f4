//! `cv-analytics-processor`: the function behind the queue.

use std::process::ExitCode;
use std::time::Duration;

use cv_analytics_aws::queue::clients::Queues;
use cv_analytics_aws::queue::dead_letters::DeadLetterQueue;
use cv_analytics_lambda::processor::{Processor, SourceQueue};
use cv_analytics_lambda::start;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::Value;
use tokio::sync::OnceCell;
use tokio::time::timeout;

/// Lambda allows ten seconds for all that comes before the first event.
const CHECK_TIMEOUT: Duration = Duration::from_secs(5);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    start::start_log();
    start::exit_code("processor", run().await)
}

async fn run() -> Result<(), Error> {
    let aws = start::aws()?;
    let store = start::store(&aws)?;
    let queues = Queues::new(aws);
    // The first connection is made now, while a function that starts has a whole core. A table that cannot be described
    // is not a reason not to start: its messages wait in the queue. The other table is looked at once a call to it
    // fails, and the session key is read with the first batch.
    match timeout(CHECK_TIMEOUT, store.tables().check_analytics()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::warn!(error = %error, "cannot check the records table");
        }
        Err(_) => tracing::warn!("cannot check the records table in time"),
    }
    let processor = Processor {
        intake: OnceCell::new(),
        dead_letters: start::variable("DEAD_LETTER_QUEUE_URL")
            .map(|url| DeadLetterQueue::new(queues.clone(), url)),
        queue: start::variable("QUEUE_URL").map(|url| SourceQueue { queues, url }),
        store,
        now: start::now,
    };
    let environment = start::variable("ENVIRONMENT").unwrap_or_else(|| "prod".to_owned());
    let (processor, environment) = (&processor, &environment);
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async move {
        let time_left = start::time_left(event.context.deadline, start::now());
        match processor.process(&event.payload, time_left).await {
            Ok((response, metrics)) => {
                println!("{}", metrics.line(environment, start::now()));
                Ok(response)
            }
            Err(error) => {
                tracing::error!(error = %error, "cannot process the delivery");
                Err(Diagnostic::from(error))
            }
        }
    }))
    .await
}
