//! The processor: messages of the queue into the tables.
//!
//! A message is acknowledged last: it is left out of the response's failures once its half is
//! durable, or once it is in the dead-letter queue with its reason. State lives in one invocation
//! only. Canaries take the same way, and are in no metric and no count.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use cv_analytics_aws::DynamoDbStore;
use cv_analytics_aws::dead_letter_queue::{DeadLetterQueue, letter_id};
use cv_analytics_aws::dynamodb_store::Joined;
use cv_analytics_aws::gathering::Gathered;
use cv_analytics_aws::queues::Queues;
use cv_analytics_aws::table_error::TableError;
use cv_analytics_aws::visibility::wait_after;
use cv_analytics_core::dead_letter::{DeadLetter, Reason};
use cv_analytics_core::event::RequestId;
use cv_analytics_core::intake::{Content, Intake};
use cv_analytics_core::timestamp::Timestamp;
use futures_util::{StreamExt, stream};
use serde_json::Value;

use crate::batch_metrics::BatchMetrics;
use crate::sqs_delivery::{BatchItemFailure, BatchResponse, DeliveryError, Message};

/// As much is done at once as a batch has messages.
const AT_ONCE: usize = 10;

/// Everything that an invocation needs.
#[derive(Clone, Debug)]
pub struct Processor {
    /// The tables.
    pub store: DynamoDbStore,
    /// Reads and redacts.
    pub intake: Intake,
    /// Takes what cannot be read. Without it such messages are returned until SQS itself moves
    /// them, and carry no reason.
    pub dead_letters: Option<DeadLetterQueue>,
    /// The queue whose messages' visibility grows with their failures.
    pub queue: Option<SourceQueue>,
    /// The clock.
    pub now: fn() -> Timestamp,
}

/// The queue that the messages come from.
#[derive(Clone, Debug)]
pub struct SourceQueue {
    /// By which visibility is changed.
    pub queues: Queues,
    /// `QUEUE_URL`.
    pub url: String,
}

/// The messages of one request in a batch, joined.
struct Request<'m> {
    gathered: Gathered,
    messages: Vec<&'m Message>,
    arrived_at: Timestamp,
}

impl Request<'_> {
    /// The same messages, each as if it had come alone, in their order.
    fn apart(self) -> impl Iterator<Item = Self> {
        let Self { gathered, messages, arrived_at } = self;
        gathered.into_events().into_iter().zip(messages).map(move |(event, message)| Self {
            gathered: Gathered::first(event),
            messages: vec![message],
            arrived_at,
        })
    }
}

/// A message that cannot be kept as an event.
struct Unreadable<'m> {
    message: &'m Message,
    letter: DeadLetter,
}

impl Processor {
    /// Processes one batch: the messages that really failed, and what the batch came to.
    ///
    /// # Errors
    /// [`DeliveryError`] where the event is no batch of the queue.
    pub async fn process(
        &self,
        event: &Value,
    ) -> Result<(BatchResponse, BatchMetrics), DeliveryError> {
        let messages = Message::read_batch(event)?;
        let began = (self.now)();
        let oldest = messages.iter().filter_map(|message| message.sent_at).min();
        let age = oldest.map_or(0, |oldest| began.as_millis() - oldest.as_millis());
        let mut metrics =
            BatchMetrics { oldest_ms: u64::try_from(age).unwrap_or(0), ..BatchMetrics::default() };

        let (requests, mut unreadable) = self.read(&messages, began);
        metrics.received = (messages.len() - canaries(&requests, &unreadable)) as u64;
        let mut failed = self.keep(requests, &mut unreadable, began, &mut metrics).await;
        failed.extend(self.set_aside_all(unreadable, &mut metrics).await);
        metrics.failed = failed.len() as u64;

        self.keep_out_of_sight(&failed).await;
        let failure = |message: &Message| BatchItemFailure { item_identifier: message.id.clone() };
        let batch_item_failures = failed.into_iter().map(failure).collect();
        Ok((BatchResponse { batch_item_failures }, metrics))
    }

    /// Reads every message, and joins those of one request.
    fn read<'m>(
        &self,
        messages: &'m [Message],
        now: Timestamp,
    ) -> (Vec<Request<'m>>, Vec<Unreadable<'m>>) {
        let mut requests: HashMap<RequestId, Request<'m>> = HashMap::new();
        let mut unreadable = Vec::new();
        for message in messages {
            let arrived_at = message.sent_at.unwrap_or(now);
            let body = message.body.as_deref().unwrap_or_default();
            match self.intake.read(body.as_bytes(), arrived_at) {
                Content::DeadLetter(letter) => unreadable.push(Unreadable { message, letter }),
                Content::Event(event) => match requests.entry(event.request_id.clone()) {
                    Entry::Occupied(mut request) => {
                        let request = request.get_mut();
                        request.gathered.add(*event);
                        request.messages.push(message);
                        request.arrived_at = request.arrived_at.min(arrived_at);
                    }
                    Entry::Vacant(place) => {
                        let gathered = Gathered::first(*event);
                        place.insert(Request { gathered, messages: vec![message], arrived_at });
                    }
                },
            }
        }
        (requests.into_values().collect(), unreadable)
    }

    /// Keeps every request; gives the messages that failed. Those that the table will never take
    /// become `unreadable`.
    async fn keep<'m>(
        &self,
        requests: Vec<Request<'m>>,
        unreadable: &mut Vec<Unreadable<'m>>,
        now: Timestamp,
        metrics: &mut BatchMetrics,
    ) -> Vec<&'m Message> {
        let join = |request: Request<'m>| async move {
            let joined = self.join(&request).await;
            if request.messages.len() == 1 || !matches!(joined, Err(TableError::Refused { .. })) {
                return vec![(request, joined)];
            }
            // Too much together: each by itself, so that what fits alone is kept.
            let mut each = Vec::with_capacity(request.messages.len());
            for request in request.apart() {
                let joined = self.join(&request).await;
                each.push((request, joined));
            }
            each
        };
        let mut kept =
            stream::iter(requests).map(join).buffer_unordered(AT_ONCE).flat_map(stream::iter);
        let mut failed = Vec::new();
        let mut tables_are_wrong = false;
        while let Some((request, joined)) = kept.next().await {
            match joined {
                Ok(_) if request.gathered.is_canary() => {}
                Ok(joined) => {
                    metrics.joined += u64::from(joined.record_put);
                    metrics.coalesced += u64::from(request.gathered.is_coalesced());
                    for disposition in request.gathered.dispositions(&joined.kept) {
                        metrics.count(disposition);
                    }
                }
                Err(TableError::Refused { message: detail, .. }) => {
                    unreadable.extend(request.messages.into_iter().map(|message| Unreadable {
                        letter: DeadLetter {
                            reason: Reason::RefusedByStore,
                            detail: detail.clone(),
                            body: message.body.clone().unwrap_or_default().into_bytes(),
                            arrived_at: message.sent_at.unwrap_or(now),
                        },
                        message,
                    }));
                }
                Err(error) => {
                    tables_are_wrong |= matches!(error, TableError::Misconfigured { .. });
                    tracing::warn!(
                        error = %error,
                        messages = request.messages.len(),
                        "an interaction could not be kept: its messages come again"
                    );
                    failed.extend(request.messages);
                }
            }
        }
        if tables_are_wrong && let Err(error) = self.store.tables().check().await {
            tracing::error!(error = %error, "the tables are not those that are needed");
        }
        failed
    }

    async fn join(&self, request: &Request<'_>) -> Result<Joined, TableError> {
        self.store.join(request.gathered.delivered().clone(), request.arrived_at).await
    }

    /// Sends what cannot be read to the dead-letter queue; gives the messages for which that
    /// failed.
    async fn set_aside_all<'m>(
        &self,
        unreadable: Vec<Unreadable<'m>>,
        metrics: &mut BatchMetrics,
    ) -> Vec<&'m Message> {
        let set_aside = |unreadable: Unreadable<'m>| async move {
            let done = self.set_aside(&unreadable).await;
            (unreadable, done)
        };
        let mut all = stream::iter(unreadable).map(set_aside).buffer_unordered(AT_ONCE);
        let mut failed = Vec::new();
        while let Some((Unreadable { message, letter }, done)) = all.next().await {
            if !done {
                failed.push(message);
            } else if !letter.is_canary() {
                metrics.dead_letters += 1;
            }
        }
        failed
    }

    /// Notes a dead letter and sends it to its queue; `false` where that failed. Noted first: the
    /// note of one message is written once however often this is repeated.
    async fn set_aside(&self, Unreadable { message, letter }: &Unreadable<'_>) -> bool {
        let Some(queue) = &self.dead_letters else {
            tracing::warn!(
                reason = letter.reason.code(),
                "a message cannot be read and DEAD_LETTER_QUEUE_URL is not set: SQS moves it after its last receive"
            );
            return false;
        };
        let id = letter_id(message.dead_letter_id.as_deref(), &message.id);
        if !letter.is_canary()
            && let Err(error) = self.store.tables().note_dead_letter(id, letter.arrived_at).await
        {
            tracing::warn!(error = %error, "a dead letter could not be noted: it comes again");
            return false;
        }
        if let Err(error) = queue.send(id, &message.id, letter).await {
            tracing::warn!(error = %error, "a dead letter could not be sent: it comes again");
            return false;
        }
        tracing::info!(
            message_id = id,
            reason = letter.reason.code(),
            "a message cannot be read and lies in the dead-letter queue"
        );
        true
    }

    /// Lets the messages that failed wait, longer with every time, where they hold nobody else up:
    /// a group that several requests share would wait as a whole.
    async fn keep_out_of_sight(&self, failed: &[&Message]) {
        let Some(queue) = &self.queue else { return };
        let waiting = failed.iter().filter(|message| self.is_alone_in_its_group(message));
        stream::iter(waiting)
            .for_each_concurrent(AT_ONCE, |message| async move {
                let wait = wait_after(message.receives).as_secs();
                let changed = queue
                    .queues
                    .client()
                    .change_message_visibility()
                    .queue_url(&queue.url)
                    .set_receipt_handle(message.receipt_handle.clone())
                    .visibility_timeout(i32::try_from(wait).unwrap_or(i32::MAX))
                    .send()
                    .await;
                if let Err(error) = changed {
                    // The queue's own visibility timeout holds then.
                    tracing::warn!(error = %error, "a message's visibility could not be changed");
                }
            })
            .await;
    }

    fn is_alone_in_its_group(&self, message: &Message) -> bool {
        let Some(group) = message.group.as_deref() else { return false };
        let body = message.body.as_deref().unwrap_or_default();
        match self.intake.read(body.as_bytes(), Timestamp::from_millis(0)) {
            Content::Event(event) => event.request_id.as_str() == group,
            Content::DeadLetter(_) => false,
        }
    }
}

/// How many messages were sent to check the installation.
fn canaries(requests: &[Request<'_>], unreadable: &[Unreadable<'_>]) -> usize {
    let requests = requests.iter().filter(|request| request.gathered.is_canary());
    let messages: usize = requests.map(|request| request.messages.len()).sum();
    messages + unreadable.iter().filter(|unreadable| unreadable.letter.is_canary()).count()
}
