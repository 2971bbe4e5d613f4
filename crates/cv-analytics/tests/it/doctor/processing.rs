//! The processor at work on an environment's queue, as Lambda lets it: the library that the function
//! is made of, fed batch by batch.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use aws_types::SdkConfig;
use cv_analytics_aws::queue::clients::Queues;
use cv_analytics_aws::queue::dead_letters::DeadLetterQueue;
use cv_analytics_aws::{DynamoDbStore, TableNames, Tables};
use cv_analytics_core::intake::Intake;
use cv_analytics_core::privacy::{Privacy, SessionKey};
use cv_analytics_lambda::batch_metrics::BatchMetrics;
use cv_analytics_lambda::processor::Processor;
use cv_analytics_lambda::start::now;
use serde_json::{Value, json};

use crate::doctor::account::Environment;

/// The deployed function's.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Works until it is stopped or dropped.
pub(crate) struct Processing {
    stop: Arc<AtomicBool>,
    working: Option<JoinHandle<Vec<BatchMetrics>>>,
}

impl Processing {
    pub(crate) fn start(environment: &Environment) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = Arc::clone(&stop);
        let sdk = environment.sdk.clone();
        let names = TableNames {
            query_events: environment.interim_table(),
            analytics: environment.records_table(),
        };
        let queue = environment.events_queue.clone();
        let dead_letters = environment.dead_letter_queue.clone();
        let working = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let processor = processor(&sdk, names, &dead_letters);
            runtime.unwrap().block_on(work(&sdk, &processor, &queue, &stopping))
        });
        Self { stop, working: Some(working) }
    }

    /// Ends it, and gives what each batch came to.
    pub(crate) fn stop(mut self) -> Vec<BatchMetrics> {
        self.stop.store(true, Ordering::Relaxed);
        self.working.take().unwrap().join().unwrap()
    }
}

impl Drop for Processing {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn processor(sdk: &SdkConfig, names: TableNames, dead_letters: &str) -> Processor {
    let tables = Tables::new(aws_sdk_dynamodb::Client::new(sdk), names);
    Processor {
        store: DynamoDbStore::new(tables, now),
        intake: Intake::new(Privacy::full(SessionKey::new("salt"))).into(),
        dead_letters: Some(DeadLetterQueue::new(Queues::new(sdk.clone()), dead_letters)),
        queue: None,
        now,
    }
}

async fn work(
    sdk: &SdkConfig,
    processor: &Processor,
    queue: &str,
    stop: &AtomicBool,
) -> Vec<BatchMetrics> {
    let client = aws_sdk_sqs::Client::new(sdk);
    let mut batches = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let receive = client.receive_message().queue_url(queue).max_number_of_messages(10);
        let receive = receive
            .wait_time_seconds(1)
            .message_attribute_names("All")
            .message_system_attribute_names(MessageSystemAttributeName::All);
        let messages = receive.send().await.unwrap().messages.unwrap_or_default();
        if messages.is_empty() {
            continue;
        }
        let records: Vec<Value> = messages.iter().map(record).collect();
        let processed = processor.process(&json!({"Records": records}), TIME_LIMIT).await;
        let (response, metrics) = processed.unwrap();
        assert!(response.batch_item_failures.is_empty(), "{response:?}");
        for message in messages {
            let delete = client.delete_message().queue_url(queue);
            delete.set_receipt_handle(message.receipt_handle).send().await.unwrap();
        }
        batches.push(metrics);
    }
    batches
}

/// A received message in the form that functions get.
fn record(message: &Message) -> Value {
    let attributes = message.attributes().into_iter().flatten();
    let attributes: serde_json::Map<String, Value> =
        attributes.map(|(name, value)| (name.as_str().to_owned(), json!(value))).collect();
    json!({
        "messageId": message.message_id(), "receiptHandle": message.receipt_handle(), "body": message.body(),
        "attributes": attributes, "messageAttributes": {}, "eventSource": "aws:sqs", "awsRegion": "eu-west-2",
    })
}
