//! `cv-analytics-processor`: the function behind the queue.

use std::process::ExitCode;

use cv_analytics_aws::dead_letter_queue::DeadLetterQueue;
use cv_analytics_aws::queues::Queues;
use cv_analytics_lambda::processor::{Processor, SourceQueue};
use cv_analytics_lambda::sqs_delivery::DeliveryError;
use cv_analytics_lambda::start;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    start::start_log();
    start::exit_code("processor", run().await)
}

async fn run() -> Result<(), Error> {
    let aws = start::aws()?;
    let store = start::store(&aws)?;
    let queues = Queues::new(aws);
    // The first connection is made now, while a function that starts has a whole core. A table
    // that cannot be described is no reason not to start: its messages wait in the queue. The
    // other table is looked at once a call to it fails.
    if let Err(error) = store.tables().check_analytics().await {
        tracing::warn!(error = %error, "the table of the records could not be checked");
    }
    let processor = Processor {
        intake: start::intake(&store).await?,
        dead_letters: start::variable("DEAD_LETTER_QUEUE_URL")
            .map(|url| DeadLetterQueue::new(queues.clone(), url)),
        queue: start::variable("QUEUE_URL").map(|url| SourceQueue { queues, url }),
        store,
        now: start::now,
    };
    let environment = start::variable("ENVIRONMENT").unwrap_or_else(|| "prod".to_owned());
    let (processor, environment) = (&processor, &environment);
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async move {
        let (response, metrics) = processor.process(&event.payload).await?;
        println!("{}", metrics.line(environment, start::now()));
        Ok::<_, DeliveryError>(response)
    }))
    .await
}
