//! What AWS runs between a FIFO queue and a function: batches, visibility, partial failures.
//!
//! As <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html> says. The queue
//! itself keeps a message group out of other batches while one of its messages is in flight.

use std::collections::HashSet;

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};

use crate::lambda::sqs_client::SqsClient;
use crate::lambda::{Invocation, LambdaFunction, LambdaRuntime, Outcome};

/// The most messages of a FIFO queue that one batch has.
pub const BATCH_SIZE: usize = 10;

/// Feeds one queue to one function, one batch at a time. Several on one queue feed it side by side.
#[derive(Debug)]
pub struct EventSourceMapping {
    queue: SqsClient,
    queue_url: String,
    queue_arn: String,
    function: LambdaFunction,
    runtime: Option<LambdaRuntime>,
    batches: u64,
}

/// One batch, and what became of it.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The event that the function got.
    pub event: Value,
    /// How the function ended.
    pub invocation: Invocation,
    /// Message ids that were deleted from the queue.
    pub acknowledged: Vec<String>,
    /// Message ids that come again once their visibility timeout is over.
    pub returned: Vec<String>,
}

impl EventSourceMapping {
    /// Feeds the queue at `queue_url` to `function`, whose environment is started when it is needed.
    pub fn new(queue: SqsClient, queue_url: &str, function: LambdaFunction) -> Result<Self> {
        let attributes = queue.call(
            "GetQueueAttributes",
            &json!({"QueueUrl": queue_url, "AttributeNames": ["QueueArn"]}),
        )?;
        let arn = attributes.pointer("/Attributes/QueueArn").and_then(Value::as_str);
        let queue_arn = arn.context("find the queue's ARN")?.to_owned();
        let queue_url = queue_url.to_owned();
        Ok(Self { queue, queue_url, queue_arn, function, runtime: None, batches: 0 })
    }

    /// Receives one batch and hands it to the function; `None` where nothing is to be seen now.
    ///
    /// # Errors
    /// Faults of the queue, and a function that does not start: its messages come again.
    pub fn deliver(&mut self) -> Result<Option<Delivery>> {
        let messages = self.receive()?;
        if messages.is_empty() {
            return Ok(None);
        }
        self.batches += 1;
        let records: Vec<Value> = (1..)
            .zip(&messages)
            .map(|(place, message)| self.record(message, self.batches * 100 + place))
            .collect::<Result<_>>()?;
        let event = json!({ "Records": records });
        let runtime = self.runtime()?;
        let invocation = runtime.invoke(&event)?;
        let ids: Vec<String> = messages.iter().map(|message| text(message, "MessageId")).collect();
        let failed = failures(&invocation.outcome, &ids);
        let (mut acknowledged, mut returned) = (Vec::new(), Vec::new());
        for (message, id) in messages.iter().zip(ids) {
            if failed.contains(&id) {
                returned.push(id);
                continue;
            }
            let handle = text(message, "ReceiptHandle");
            let input = json!({"QueueUrl": self.queue_url, "ReceiptHandle": handle});
            self.queue.call("DeleteMessage", &input)?;
            acknowledged.push(id);
        }
        Ok(Some(Delivery { event, invocation, acknowledged, returned }))
    }

    /// Delivers until nothing is to be seen.
    pub fn deliver_all(&mut self) -> Result<Vec<Delivery>> {
        std::iter::from_fn(|| self.deliver().transpose()).collect()
    }

    /// The environment that runs, if any: a function that ended is started anew at the next batch.
    pub fn environment(&mut self) -> Option<&mut LambdaRuntime> {
        self.runtime.as_mut()
    }

    fn runtime(&mut self) -> Result<&mut LambdaRuntime> {
        if self.runtime.as_mut().is_some_and(|runtime| !runtime.is_alive()) {
            self.runtime = None;
        }
        if self.runtime.is_none() {
            self.runtime = Some(LambdaRuntime::start(&self.function)?);
        }
        self.runtime.as_mut().context("an environment was started")
    }

    fn receive(&self) -> Result<Vec<Value>> {
        let mut answer = self.queue.call(
            "ReceiveMessage",
            &json!({
                "QueueUrl": self.queue_url,
                "MaxNumberOfMessages": BATCH_SIZE,
                "WaitTimeSeconds": 0,
                "AttributeNames": ["All"],
                "MessageAttributeNames": ["All"],
            }),
        )?;
        match answer.get_mut("Messages").map(Value::take) {
            Some(Value::Array(messages)) => {
                ensure!(messages.len() <= BATCH_SIZE, "the queue gave more than was asked for");
                Ok(messages)
            }
            _ => Ok(Vec::new()),
        }
    }

    /// A received message in the form that functions get.
    fn record(&self, message: &Value, sequence_number: u64) -> Result<Value> {
        let attributes = message.get("Attributes").and_then(Value::as_object);
        let mut attributes = attributes.context("a message has attributes")?.clone();
        // moto leaves it out of what it gives.
        attributes
            .entry("SequenceNumber")
            .or_insert_with(|| Value::from(format!("{sequence_number:020}")));
        Ok(json!({
            "messageId": text(message, "MessageId"),
            "receiptHandle": text(message, "ReceiptHandle"),
            "body": text(message, "Body"),
            "attributes": attributes,
            "messageAttributes": message_attributes(message),
            "md5OfBody": text(message, "MD5OfBody"),
            "eventSource": "aws:sqs",
            "eventSourceARN": self.queue_arn,
            "awsRegion": self.queue.region(),
        }))
    }
}

fn text(message: &Value, name: &str) -> String {
    message.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Message attributes under the names that functions get.
fn message_attributes(message: &Value) -> Map<String, Value> {
    let attributes = message.get("MessageAttributes").and_then(Value::as_object);
    let attributes = attributes.into_iter().flatten();
    let convert = |(name, value): (&String, &Value)| {
        let mut converted = json!({"stringListValues": [], "binaryListValues": []});
        for (from, to) in [
            ("StringValue", "stringValue"),
            ("BinaryValue", "binaryValue"),
            ("DataType", "dataType"),
        ] {
            if let (Some(value), Some(object)) = (value.get(from), converted.as_object_mut()) {
                object.insert(to.to_owned(), value.clone());
            }
        }
        (name.clone(), converted)
    };
    attributes.map(convert).collect()
}

/// The message ids that a function's end leaves in the queue.
///
/// All of them where it failed or where its answer is not a partial batch response: one that is not
/// an object, a list that is not one, an identifier that is empty, null or of no message.
fn failures(outcome: &Outcome, ids: &[String]) -> HashSet<String> {
    let all = || ids.iter().cloned().collect();
    let Outcome::Response(response) = outcome else { return all() };
    let failures = match (response, response.get("batchItemFailures")) {
        (Value::Null, _) | (Value::Object(_), None | Some(Value::Null)) => return HashSet::new(),
        (Value::Object(_), Some(Value::Array(failures))) => failures,
        _ => return all(),
    };
    let named: Option<HashSet<String>> = failures
        .iter()
        .map(|failure| {
            let id = failure.get("itemIdentifier")?.as_str()?;
            ids.iter().any(|known| known == id).then(|| id.to_owned())
        })
        .collect();
    named.unwrap_or_else(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(response: Value, expect: &[&str]) {
        let ids = ["a".to_owned(), "b".to_owned()];
        let mut failed: Vec<String> =
            failures(&Outcome::Response(response), &ids).into_iter().collect();
        failed.sort();
        assert_eq!(failed, expect);
    }

    #[test]
    fn an_answer_says_which_messages_stay() {
        check(json!(null), &[]);
        check(json!({}), &[]);
        check(json!({"batchItemFailures": null}), &[]);
        check(json!({"batchItemFailures": []}), &[]);
        check(json!({"batchItemFailures": [{"itemIdentifier": "b"}]}), &["b"]);
    }

    #[test]
    fn an_answer_that_lambda_cannot_read_leaves_all() {
        for response in [
            json!([]),
            json!("done"),
            json!({"batchItemFailures": {}}),
            json!({"batchItemFailures": [{"itemIdentifier": ""}]}),
            json!({"batchItemFailures": [{"itemIdentifier": null}]}),
            json!({"batchItemFailures": [{"itemIdentifier": "unknown"}]}),
            json!({"batchItemFailures": [{"itemidentifier": "a"}]}),
        ] {
            check(response, &["a", "b"]);
        }
        let ids = ["a".to_owned()];
        assert_eq!(failures(&Outcome::TimedOut, &ids).len(), 1);
    }
}
