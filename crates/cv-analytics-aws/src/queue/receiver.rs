//! The dead-letter queue as its owner goes through it: every letter that it gives, looked at, sent again or dropped.
//!
//! A queue has no list: its messages are received, which hides them for a while, and made visible
//! again. A FIFO queue gives no message of a group while an earlier one of it is hidden
//! (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html>);
//! the processor gives each letter its own group, but what SQS itself moved keeps its group.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, Message, MessageSystemAttributeName,
    QueueAttributeName,
};
use cv_analytics_core::dead_letter::group_in;
use cv_analytics_core::intake::message_ids::request_of;
use cv_analytics_core::intake::named_ids::NamedIds;
use cv_analytics_core::store::dead_letters::DeadLetterEntry;
use cv_analytics_core::timestamp::Timestamp;
use sha2::{Digest, Sha256};

use crate::queue::dead_letters::{
    DEAD_LETTER_ID, DETAIL, DeadLetterQueue, REASON, attribute, letter_id,
};
use crate::queue::error::QueueError;

/// As many messages are received, or made visible again, by one call (SQS's own limit).
const MAX_RECEIVED_MESSAGES: i32 = 10;
/// How long messages stay hidden where the one who goes through them ends without a word.
const VISIBILITY_TIMEOUT: Duration = Duration::from_mins(2);

/// A dead letter as the queue gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedDeadLetter {
    /// The attribute `deadLetterId`, which stays through retries; else the message's own id.
    pub id: String,
    /// The reason's code; `None` where SQS moved the message by itself.
    pub reason: Option<String>,
    /// What was wrong and where.
    pub detail: Option<String>,
    /// When it came into the queue.
    pub arrived_at: Timestamp,
    /// The original body.
    pub body: String,
    /// The message group in which it came first, where that is noted or SQS moved the message by itself.
    group: Option<String>,
    message_id: String,
    receipt: String,
}

impl ReceivedDeadLetter {
    /// What it names: in its body, and by the message group in which it came.
    pub(crate) fn named(&self) -> NamedIds {
        NamedIds::in_message(self.body.as_bytes(), self.group.as_deref())
    }

    /// What a list says of it.
    pub(crate) fn entry(&self) -> DeadLetterEntry {
        DeadLetterEntry {
            id: self.id.clone(),
            reason: self.reason.clone(),
            detail: self.detail.clone(),
            arrived_at: self.arrived_at,
            bytes: self.body.len() as u64,
        }
    }
}

/// One pass through the queue; messages stay hidden until deleted, [`released`](Self::release), or two minutes later.
#[derive(Debug)]
pub struct DeadLetterReceiver {
    queue: DeadLetterQueue,
    /// The receipts of what is hidden, by message id.
    hidden: HashMap<String, String>,
}

impl DeadLetterReceiver {
    /// Begins at the queue's front.
    pub fn new(queue: DeadLetterQueue) -> Self {
        Self { queue, hidden: HashMap::new() }
    }

    /// The next letters; none at the end.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn next_page(&mut self) -> Result<Vec<ReceivedDeadLetter>, QueueError> {
        let url = self.queue.url();
        let answer = self
            .queue
            .client()
            .receive_message()
            .queue_url(url)
            .max_number_of_messages(MAX_RECEIVED_MESSAGES)
            .visibility_timeout(i32::try_from(VISIBILITY_TIMEOUT.as_secs()).unwrap_or(i32::MAX))
            // Long polling asks every server; an answer without it may leave some out.
            .wait_time_seconds(1)
            .message_attribute_names("All")
            .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
            .message_system_attribute_names(MessageSystemAttributeName::MessageGroupId)
            .send()
            .await
            .map_err(|error| QueueError::from_sdk(url, "ReceiveMessage", error))?;
        let letters = answer.messages.unwrap_or_default().into_iter().filter_map(letter);
        // A message that comes for the second time was hidden for its whole time: the end.
        let mut page = Vec::new();
        for letter in letters {
            let known = self.hidden.insert(letter.message_id.clone(), letter.receipt.clone());
            if known.is_none() {
                page.push(letter);
            }
        }
        Ok(page)
    }

    /// Every letter that is left to give, the newest first, and how many are [`behind`](Self::behind).
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn list(&mut self) -> Result<(Vec<DeadLetterEntry>, u64), QueueError> {
        let mut entries = Vec::new();
        loop {
            let page = self.next_page().await?;
            if page.is_empty() {
                break;
            }
            entries.extend(page.iter().map(ReceivedDeadLetter::entry));
        }
        entries.sort_by(|one: &DeadLetterEntry, other| {
            (other.arrived_at, &other.id).cmp(&(one.arrived_at, &one.id))
        });
        Ok((entries, self.behind().await?))
    }

    /// How many messages the queue holds that were not given: behind others of their group, or
    /// hidden by another reader. By SQS's own approximate count.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn behind(&self) -> Result<u64, QueueError> {
        let url = self.queue.url();
        let answer = self
            .queue
            .client()
            .get_queue_attributes()
            .queue_url(url)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessages)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessagesNotVisible)
            .send()
            .await
            .map_err(|error| QueueError::from_sdk(url, "GetQueueAttributes", error))?;
        let total: u64 = answer
            .attributes()
            .into_iter()
            .flat_map(HashMap::values)
            .filter_map(|count| count.parse::<u64>().ok())
            .sum();
        Ok(total.saturating_sub(self.hidden.len() as u64))
    }

    /// Every letter with one of these ids: several messages may have one.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn find(&mut self, ids: &[String]) -> Result<Vec<ReceivedDeadLetter>, QueueError> {
        let mut found = Vec::new();
        loop {
            let page = self.next_page().await?;
            if page.is_empty() {
                return Ok(found);
            }
            found.extend(page.into_iter().filter(|letter| ids.contains(&letter.id)));
        }
    }

    /// Sends a letter to the events queue at `url` again, in the message group of its request where it names
    /// one, else in that in which it came, then deletes it here. A crash in between leaves both, which does no harm: what can be read now
    /// is joined once, what cannot is a dead letter under the same id.
    ///
    /// # Errors
    /// [`QueueError`]: the letter is still here.
    pub async fn send_again(
        &mut self,
        letter: &ReceivedDeadLetter,
        url: &str,
    ) -> Result<(), QueueError> {
        let group = request_of(&letter.body);
        let group = group.as_ref().or(letter.group.as_ref());
        // Another one at each try: the queue would take no second message with the same for five minutes.
        let deduplication_id = hex::encode(Sha256::digest(&letter.receipt));
        self.queue
            .client()
            .send_message()
            .queue_url(url)
            .message_group_id(group.unwrap_or(&letter.id))
            .message_deduplication_id(deduplication_id)
            .message_body(&letter.body)
            .message_attributes(DEAD_LETTER_ID, attribute(&letter.id))
            .send()
            .await
            .map_err(|error| QueueError::from_sdk(url, "SendMessage", error))?;
        self.delete(letter).await
    }

    /// Deletes a letter for good.
    ///
    /// # Errors
    /// [`QueueError`]: the letter is still here.
    pub async fn delete(&mut self, letter: &ReceivedDeadLetter) -> Result<(), QueueError> {
        let url = self.queue.url();
        let receipt = self.hidden.get(&letter.message_id).unwrap_or(&letter.receipt);
        self.queue
            .client()
            .delete_message()
            .queue_url(url)
            .receipt_handle(receipt)
            .send()
            .await
            .map_err(|error| QueueError::from_sdk(url, "DeleteMessage", error))?;
        self.hidden.remove(&letter.message_id);
        Ok(())
    }

    /// Makes visible again what was given and not deleted. What cannot be is visible in two minutes.
    pub async fn release(self) {
        let receipts: Vec<String> = self.hidden.into_values().collect();
        for some in receipts.chunks(usize::try_from(MAX_RECEIVED_MESSAGES).unwrap_or(1)) {
            let entries = some.iter().enumerate().map(|(place, receipt)| {
                ChangeMessageVisibilityBatchRequestEntry::builder()
                    .id(place.to_string())
                    .receipt_handle(receipt)
                    .visibility_timeout(0)
                    .build()
            });
            let Ok(entries) = entries.collect::<Result<Vec<_>, _>>() else { return };
            let url = self.queue.url();
            let call = self.queue.client().change_message_visibility_batch();
            let answer = call.queue_url(url).set_entries(Some(entries)).send().await;
            if let Err(error) = answer {
                let error = QueueError::from_sdk(url, "ChangeMessageVisibilityBatch", error);
                tracing::warn!(error = %error, "dead letters stay hidden for two minutes");
                return;
            }
        }
    }
}

/// The address of a queue by its name, in the client's region and account.
///
/// # Errors
/// [`QueueError`], also where there is no such queue.
pub async fn queue_url(client: &Client, name: &str) -> Result<String, QueueError> {
    let answer = client.get_queue_url().queue_name(name).send().await;
    let answer = answer.map_err(|error| QueueError::from_sdk(name, "GetQueueUrl", error))?;
    Ok(answer.queue_url.unwrap_or_default())
}

/// A message as a letter; one without a receipt cannot be held.
fn letter(message: Message) -> Option<ReceivedDeadLetter> {
    let text = |name: &str| {
        let value = message.message_attributes.as_ref()?.get(name)?;
        value.string_value().map(str::to_owned)
    };
    let system = |name| message.attributes.as_ref().and_then(|all| all.get(&name));
    let sent_at = system(MessageSystemAttributeName::SentTimestamp);
    let sent_at = sent_at.and_then(|millis| millis.parse().ok());
    let message_id = message.message_id.clone()?;
    Some(ReceivedDeadLetter {
        id: letter_id(text(DEAD_LETTER_ID).as_deref(), &message_id).to_owned(),
        reason: text(REASON),
        detail: text(DETAIL),
        group: text(DETAIL)
            .as_deref()
            .and_then(group_in)
            .map(str::to_owned)
            .or_else(|| system(MessageSystemAttributeName::MessageGroupId).cloned()),
        arrived_at: Timestamp::from_millis(sent_at.unwrap_or_default()),
        receipt: message.receipt_handle.clone()?,
        body: message.body.unwrap_or_default(),
        message_id,
    })
}
