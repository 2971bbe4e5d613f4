//! The dead-letter queue `cv-analytics-dlq.fifo`: messages that cannot be read, whole, with their
//! reason in message attributes.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::MessageAttributeValue;
use cv_analytics_core::dead_letter::DeadLetter;

use crate::queue::clients::Queues;
use crate::queue::error::QueueError;

/// The message attribute that says why: a reason code.
pub const REASON: &str = "reason";
/// The message attribute that says what was wrong and where.
pub const DETAIL: &str = "detail";
/// The message attribute that keeps a dead letter's own id through retries, so that it is counted once.
pub const DEAD_LETTER_ID: &str = "deadLetterId";

/// The most characters of a letter's id: those of a message group's.
const ID_MAX_CHARS: usize = 128;

/// A dead letter's id: the attribute [`DEAD_LETTER_ID`] where it fits a message group, else the message's own.
pub fn letter_id<'t>(attribute: Option<&'t str>, message_id: &'t str) -> &'t str {
    let is_fit = |id: &&str| {
        (1..=ID_MAX_CHARS).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
    };
    attribute.filter(is_fit).unwrap_or(message_id)
}

/// The dead-letter queue.
#[derive(Clone, Debug)]
pub struct DeadLetterQueue {
    queues: Queues,
    url: String,
}

impl DeadLetterQueue {
    /// The queue at `url`.
    pub fn new(queues: Queues, url: impl Into<String>) -> Self {
        Self { queues, url: url.into() }
    }

    /// The queue's address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The client behind it.
    pub fn client(&self) -> &Client {
        self.queues.client()
    }

    /// Sends a message that could not be read, in its own message group so that none waits
    /// for another. What comes from the same `source` within five minutes is sent once: the id of
    /// the message that could not be read, which no two messages share. `id` is the letter's, and
    /// stays the same through retries.
    ///
    /// A body that fills a message alone goes without its reason rather than not at all: how much
    /// a message may hold, its attributes included, is the queue's own setting.
    ///
    /// # Errors
    /// [`QueueError`]: the message is not in the queue.
    pub async fn send(
        &self,
        id: &str,
        source: &str,
        letter: &DeadLetter,
    ) -> Result<(), QueueError> {
        // A body that came through the queue is text; one that a table refused is, too.
        let body = String::from_utf8_lossy(&letter.body);
        let attributes =
            [(REASON, letter.reason.code()), (DETAIL, &letter.detail), (DEAD_LETTER_ID, id)];
        let bare = self
            .client()
            .send_message()
            .queue_url(&self.url)
            .message_group_id(id)
            .message_deduplication_id(source)
            .message_body(body);
        let whole = attributes.iter().fold(bare.clone(), |message, (name, text)| {
            message.message_attributes(*name, attribute(text))
        });
        let mut answer = whole.send().await;
        if answer.as_ref().is_err_and(is_not_valid) {
            answer = bare.send().await;
        }
        answer.map_err(|error| QueueError::from_sdk(&self.url, "SendMessage", error))?;
        Ok(())
    }
}

/// Whether SQS refused the message's contents: it has one code for every such error.
fn is_not_valid<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    code.is_some_and(|code| code.starts_with("InvalidParameterValue"))
}

/// A text as a message attribute, which may not be empty. Characters that SQS takes in no message
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>) are left out.
pub(crate) fn attribute(text: &str) -> MessageAttributeValue {
    let allowed = |char: &char| matches!(char, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
    let text: String = text.chars().filter(allowed).collect();
    let text = if text.is_empty() { "-".to_owned() } else { text };
    let mut value = MessageAttributeValue::builder().string_value(text);
    value = value.data_type("String");
    // The data type is set, so this cannot fail.
    value.build().unwrap_or_else(|_| unreachable!("the data type is set"))
}
