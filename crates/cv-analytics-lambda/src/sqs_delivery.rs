//! What an event source mapping of a queue hands over, and what it wants back
//! (<https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>).
//!
//! Read message by message, so that a field of another type than its own spoils no other message.
//! A record without `messageId` fails the batch: it could be neither returned nor acknowledged.

use std::collections::HashMap;

use cv_analytics_core::timestamp::Timestamp;
use lambda_runtime::Diagnostic;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The value of `eventSource` in a record of SQS.
const SQS: &str = "aws:sqs";

/// What was handed over is not a batch of SQS messages: nothing can be acknowledged or returned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// There is no list of records.
    #[error(
        "missing `Records` in the event: only the queue's event source mapping may invoke the processor"
    )]
    NoRecords,
    /// A record is of another service.
    #[error(
        "invalid record {0}: it comes from {1:?}, not SQS; take the processor out of that service's targets"
    )]
    AnotherService(usize, String),
    /// A record has no id by which it could be returned.
    #[error("missing `messageId` in record {0}")]
    NoMessageId(usize),
}

/// What Lambda answers with: `errorType` stays the same whatever is wrong with the delivery.
impl From<DeliveryError> for Diagnostic {
    fn from(error: DeliveryError) -> Self {
        let error_message = error.to_string();
        Self { error_type: "DeliveryNotUnderstood".to_owned(), error_message }
    }
}

/// One message of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// By which it is returned.
    pub id: String,
    /// By which its visibility is changed.
    pub receipt_handle: Option<String>,
    /// The body; `None` where the record has none that is text.
    pub body: Option<String>,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
    /// How often it was received, this time included.
    pub receives: u32,
    /// Its message group.
    pub group: Option<String>,
    /// The id of the dead letter that it was, where it is one that is tried again.
    pub dead_letter_id: Option<String>,
}

impl Message {
    /// Reads a batch.
    ///
    /// # Errors
    /// [`DeliveryError`].
    pub fn read_batch(event: &Value) -> Result<Vec<Self>, DeliveryError> {
        let records = event.get("Records").and_then(Value::as_array);
        let records = records.ok_or(DeliveryError::NoRecords)?;
        records.iter().enumerate().map(|(place, record)| Self::read(place, record)).collect()
    }

    fn read(place: usize, record: &Value) -> Result<Self, DeliveryError> {
        let source = record.get("eventSource").or_else(|| record.get("EventSource"));
        let source = source.and_then(Value::as_str).unwrap_or_default();
        if source != SQS {
            return Err(DeliveryError::AnotherService(place, source.chars().take(40).collect()));
        }
        let text = |name: &str| record.get(name).and_then(Value::as_str).map(str::to_owned);
        let attributes = record
            .get("attributes")
            .and_then(|attributes| HashMap::<String, Value>::deserialize(attributes).ok())
            .unwrap_or_default();
        let attribute = |name: &str| attributes.get(name).and_then(Value::as_str);
        let sent_at = attribute("SentTimestamp").and_then(|millis| millis.parse().ok());
        Ok(Self {
            id: text("messageId").ok_or(DeliveryError::NoMessageId(place))?,
            receipt_handle: text("receiptHandle"),
            body: text("body"),
            sent_at: sent_at.map(Timestamp::from_millis),
            receives: attribute("ApproximateReceiveCount")
                .and_then(|count| count.parse().ok())
                .unwrap_or(1),
            group: attribute("MessageGroupId").map(str::to_owned),
            dead_letter_id: record
                .pointer("/messageAttributes/deadLetterId/stringValue")
                .and_then(Value::as_str)
                .map(str::to_owned),
        })
    }
}

/// The partial batch response: what is not in it is deleted from the queue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchResponse {
    /// Only the messages that failed.
    pub batch_item_failures: Vec<BatchItemFailure>,
}

/// A message that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchItemFailure {
    /// The message's id.
    pub item_identifier: String,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_record_is_read_as_the_mapping_writes_it() {
        let event = json!({"Records": [{
            "messageId": "m", "receiptHandle": "h", "body": "{}", "eventSource": "aws:sqs",
            "attributes": {"ApproximateReceiveCount": "3", "SentTimestamp": "1763000000000", "MessageGroupId": "g"},
            "messageAttributes": {"deadLetterId": {"stringValue": "d", "dataType": "String"}}}]});
        let messages = Message::read_batch(&event).unwrap();
        assert_eq!(
            messages,
            [Message {
                id: "m".to_owned(),
                receipt_handle: Some("h".to_owned()),
                body: Some("{}".to_owned()),
                sent_at: Some(Timestamp::from_millis(1_763_000_000_000)),
                receives: 3,
                group: Some("g".to_owned()),
                dead_letter_id: Some("d".to_owned()),
            }]
        );
    }

    #[test]
    fn what_is_no_batch_of_the_queue_is_refused_by_a_sentence() {
        for (event, error) in [
            (json!({}), DeliveryError::NoRecords),
            (json!([]), DeliveryError::NoRecords),
            (json!({"Records": {}}), DeliveryError::NoRecords),
            (
                json!({"Records": [{"EventSource": "aws:sns"}]}),
                DeliveryError::AnotherService(0, "aws:sns".to_owned()),
            ),
            (json!({"Records": [{"eventSource": "aws:sqs"}]}), DeliveryError::NoMessageId(0)),
        ] {
            assert_eq!(Message::read_batch(&event).unwrap_err(), error);
        }
    }

    #[test]
    fn an_empty_batch_is_one() {
        assert_eq!(Message::read_batch(&json!({"Records": []})).unwrap(), []);
    }
}
