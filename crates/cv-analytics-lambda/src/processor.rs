//! The processor: messages of the queue into the tables.
//!
//! A message is acknowledged last: it is left out of the response's failures once its half is
//! durable, or once it is in the dead-letter queue with its reason. What neither happened to before
//! the invocation's time is nearly up has failed, like what an error kept from it. State lives in one
//! invocation only. Canaries take the same way, and are in no metric and no count.

use std::time::Duration;

use cv_analytics_aws::DynamoDbStore;
use cv_analytics_aws::dynamodb_store::{CALL_CONCURRENCY, Joined};
use cv_analytics_aws::joining::event_batch::EventBatch;
use cv_analytics_aws::queue::clients::Queues;
use cv_analytics_aws::queue::dead_letters::{DeadLetterQueue, letter_id};
use cv_analytics_aws::queue::visibility::retry_seconds;
use cv_analytics_aws::tables::error::TableError;
use cv_analytics_core::dead_letter::{DeadLetter, Reason};
use cv_analytics_core::intake::{Content, Intake};
use cv_analytics_core::interaction::Disposition;
use cv_analytics_core::privacy::{Privacy, SessionKey};
use cv_analytics_core::store::StoreError;
use cv_analytics_core::timestamp::Timestamp;
use futures_util::{StreamExt, stream};
use rand::RngExt;
use serde_json::Value;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use crate::batch_metrics::BatchMetrics;
use crate::sqs_delivery::{BatchItemFailure, BatchResponse, DeliveryError, Message};
use crate::start;

/// The most time reserved for visibilities and the answer, of a fifth of the invocation's.
const MAX_SHUTDOWN_RESERVE: Duration = Duration::from_secs(5);

/// Everything that an invocation needs.
#[derive(Clone, Debug)]
pub struct Processor {
    /// The tables.
    pub store: DynamoDbStore,
    /// Reads and redacts. Made with the first batch, since its key may be in the table: a batch that
    /// finds no table is returned whole, with growing visibility, and the next one tries again.
    pub intake: OnceCell<Intake>,
    /// Receives unreadable messages; without it SQS moves them itself, without a reason.
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

/// The messages of one request in a batch, joined: those with halves, or those with feedback.
struct Request<'m> {
    gathered: EventBatch,
    messages: Vec<&'m Message>,
    arrived_at: Timestamp,
}

impl Request<'_> {
    /// The same messages, each as if it had come separately, in order.
    fn apart(self) -> impl Iterator<Item = Self> {
        let Self { gathered, messages, arrived_at } = self;
        gathered.into_events().into_iter().zip(messages).map(move |(event, message)| Self {
            gathered: EventBatch::first(event),
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

/// What a batch has come to so far. Whatever is not in it has failed.
#[derive(Default)]
struct Progress<'m> {
    /// Messages that do not count as received.
    uncounted: usize,
    kept: ProcessedMessages<'m>,
    rejects: ProcessedMessages<'m>,
}

/// Messages that may be acknowledged, and what they came to.
#[derive(Default)]
struct ProcessedMessages<'m> {
    messages: Vec<&'m Message>,
    metrics: BatchMetrics,
}

impl Progress<'_> {
    fn is_done(&self, message: &Message) -> bool {
        let mut done = self.kept.messages.iter().chain(&self.rejects.messages);
        // By place: the same message may be in a batch twice.
        done.any(|done| std::ptr::eq(*done, message))
    }
}

impl Processor {
    /// Processes one batch in `time_left`, which is the invocation's: the messages that really failed,
    /// and what the batch came to.
    ///
    /// # Errors
    /// [`DeliveryError`] where the event is not a batch of the queue.
    pub async fn process(
        &self,
        event: &Value,
        time_left: Duration,
    ) -> Result<(BatchResponse, BatchMetrics), DeliveryError> {
        let messages = Message::read_batch(event)?;
        let began = (self.now)();
        let reserve = (time_left / 5).min(MAX_SHUTDOWN_RESERVE);

        let mut progress = Progress::default();
        let worked = self.work(&messages, began, &mut progress);
        let worked = timeout(time_left.saturating_sub(reserve), worked).await;
        let failed: Vec<&Message> =
            messages.iter().filter(|message| !progress.is_done(message)).collect();
        if worked.is_err() {
            tracing::warn!(
                messages = failed.len(),
                "the invocation's time is nearly up: unstored messages are retried"
            );
        }
        let hidden = self.extend_visibility(&failed);
        if timeout(reserve / 5 * 4, hidden).await.is_err() {
            // The queue's own visibility timeout holds then.
            tracing::warn!("the invocation's time is up before all visibilities are changed");
        }

        let oldest = messages.iter().filter_map(|message| message.sent_at).min();
        let age = oldest.map_or(0, |oldest| began.as_millis() - oldest.as_millis());
        let Progress { uncounted, kept, rejects } = &progress;
        let metrics = BatchMetrics {
            received: (messages.len() - uncounted) as u64,
            erased: kept.metrics.erased + rejects.metrics.erased,
            dead_letters: kept.metrics.dead_letters + rejects.metrics.dead_letters,
            failed: failed.len() as u64,
            oldest_ms: u64::try_from(age).unwrap_or(0),
            ..kept.metrics
        };
        let failure = |message: &Message| BatchItemFailure { item_identifier: message.id.clone() };
        let batch_item_failures = failed.into_iter().map(failure).collect();
        Ok((BatchResponse { batch_item_failures }, metrics))
    }

    /// Stores or rejects the messages concurrently; notes `progress`, so that it may be stopped.
    async fn work<'m>(
        &self,
        messages: &'m [Message],
        began: Timestamp,
        progress: &mut Progress<'m>,
    ) {
        let intake = match self.intake().await {
            Ok(intake) => intake,
            Err(error) => {
                tracing::error!(
                    error = %error,
                    messages = messages.len(),
                    "cannot read the session hash key: the batch is retried"
                );
                return;
            }
        };
        let (requests, unreadable) = read(intake, messages, began);
        let Progress { uncounted: count, kept, rejects } = progress;
        *count = uncounted(&requests, &unreadable);
        tokio::join!(self.keep(requests, began, kept), self.reject_all(unreadable, rejects));
    }

    /// The intake, with the key of the environment or the table.
    async fn intake(&self) -> Result<&Intake, StoreError> {
        self.intake.get_or_try_init(|| start::intake(&self.store)).await
    }

    /// Keeps every request. Those that the table will never take are set aside.
    async fn keep<'m>(
        &self,
        requests: Vec<Request<'m>>,
        now: Timestamp,
        done: &mut ProcessedMessages<'m>,
    ) {
        let join = |request: Request<'m>| async move {
            let joined = self.join(&request).await;
            if request.messages.len() == 1 || !matches!(joined, Err(TableError::Refused { .. })) {
                return vec![(request, joined)];
            }
            // Too much together: each by itself, so that what fits by itself is stored.
            let mut each = Vec::with_capacity(request.messages.len());
            for request in request.apart() {
                let joined = self.join(&request).await;
                each.push((request, joined));
            }
            each
        };
        let mut kept = stream::iter(requests)
            .map(join)
            .buffer_unordered(CALL_CONCURRENCY)
            .flat_map(stream::iter);
        let mut refused = Vec::new();
        let mut tables_are_wrong = false;
        while let Some((request, joined)) = kept.next().await {
            match joined {
                Ok(joined) => {
                    if !request.gathered.is_canary() {
                        done.metrics.joined += u64::from(joined.record_put);
                        done.metrics.coalesced += u64::from(request.gathered.is_coalesced());
                        for disposition in request.gathered.dispositions(&joined.outcome) {
                            done.metrics.count(disposition);
                        }
                    }
                    done.messages.extend(request.messages);
                }
                Err(TableError::Refused { message: detail, .. }) => {
                    refused.extend(request.messages.into_iter().map(|message| Unreadable {
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
                        "cannot store an interaction: its messages are retried"
                    );
                }
            }
        }
        self.reject_all(refused, done).await;
        if tables_are_wrong && let Err(error) = self.store.tables().check().await {
            tracing::error!(error = %error, "invalid tables");
        }
    }

    async fn join(&self, request: &Request<'_>) -> Result<Joined, TableError> {
        self.store.join(&request.gathered, request.arrived_at).await
    }

    /// Sends what cannot be read to the dead-letter queue.
    async fn reject_all<'m>(
        &self,
        unreadable: Vec<Unreadable<'m>>,
        done: &mut ProcessedMessages<'m>,
    ) {
        let reject = |unreadable: Unreadable<'m>| async move {
            let became = self.reject(&unreadable).await;
            (unreadable, became)
        };
        let mut all = stream::iter(unreadable).map(reject).buffer_unordered(CALL_CONCURRENCY);
        while let Some((Unreadable { message, letter }, became)) = all.next().await {
            let Some(disposition) = became else { continue };
            done.messages.push(message);
            if !letter.is_canary() {
                done.metrics.count(disposition);
            }
        }
    }

    /// Notes a dead letter, then sends it, unless it names erased data; `None` where that failed.
    async fn reject(&self, Unreadable { message, letter }: &Unreadable<'_>) -> Option<Disposition> {
        match self.names_erased(letter).await {
            Ok(false) => {}
            Ok(true) => return Some(Disposition::Erased),
            Err(error) => {
                tracing::warn!(error = %error, "cannot check a dead letter for erasure: it is retried");
                return None;
            }
        }
        let Some(queue) = &self.dead_letters else {
            tracing::warn!(
                reason = letter.reason.code(),
                "unreadable message, and DEAD_LETTER_QUEUE_URL is not set: SQS moves it after its last receive"
            );
            return None;
        };
        let id = letter_id(message.dead_letter_id.as_deref(), &message.id);
        if !letter.is_canary()
            && let Err(error) = self.store.tables().note_dead_letter(id, letter.arrived_at).await
        {
            tracing::warn!(error = %error, "cannot note a dead letter: it is retried");
            return None;
        }
        if let Err(error) = queue.send(id, &message.id, letter).await {
            tracing::warn!(error = %error, "cannot send a dead letter: it is retried");
            return None;
        }
        tracing::info!(
            message_id = id,
            reason = letter.reason.code(),
            "unreadable message sent to the dead-letter queue"
        );
        Some(Disposition::DeadLetter)
    }

    /// Whether a dead letter names a request or a session that was erased.
    async fn names_erased(&self, letter: &DeadLetter) -> Result<bool, StoreError> {
        if letter.is_canary() {
            return Ok(false);
        }
        let privacy = self.intake().await?.privacy();
        Ok(self.store.names_erased(&letter.named(), privacy).await?)
    }

    /// Delays failed messages longer each time, but not in a group that several requests share.
    async fn extend_visibility(&self, failed: &[&Message]) {
        let Some(SourceQueue { queues, url }) = &self.queue else { return };
        let waiting = failed.iter().filter(|message| is_alone_in_its_group(message));
        stream::iter(waiting)
            .for_each_concurrent(CALL_CONCURRENCY, |message| async move {
                let handle = message.receipt_handle.as_deref().unwrap_or_default();
                let wait = rand::rng().random_range(retry_seconds(message.receives));
                let wait = Duration::from_secs(wait.into());
                if let Err(error) = queues.change_visibility(url, handle, wait).await {
                    // The queue's own visibility timeout holds then.
                    tracing::warn!(error = %error, "cannot change a message's visibility");
                }
            })
            .await;
    }
}

/// Reads every message, and gathers those of one request.
fn read<'m>(
    intake: &Intake,
    messages: &'m [Message],
    now: Timestamp,
) -> (Vec<Request<'m>>, Vec<Unreadable<'m>>) {
    let (mut events, mut unreadable) = (Vec::new(), Vec::new());
    for message in messages {
        let arrived_at = message.sent_at.unwrap_or(now);
        let body = message.body.as_deref().unwrap_or_default();
        // A retried letter may come in a separate group, named by its ID.
        let group =
            message.group.as_ref().filter(|&id| Some(id) != message.dead_letter_id.as_ref());
        let content = intake.read(body.as_bytes(), arrived_at);
        match content.in_group(group.map(String::as_str)) {
            Content::DeadLetter(letter) => unreadable.push(Unreadable { message, letter }),
            Content::Event(event) => events.push((*event, message)),
        }
    }
    let batches = EventBatch::gather(events).into_iter();
    let requests = batches.map(|(gathered, messages)| {
        let arrived_at = messages.iter().map(|message| message.sent_at.unwrap_or(now)).min();
        Request { gathered, messages, arrived_at: arrived_at.unwrap_or(now) }
    });
    (requests.collect(), unreadable)
}

fn is_alone_in_its_group(message: &Message) -> bool {
    let Some(group) = message.group.as_deref() else { return false };
    let body = message.body.as_deref().unwrap_or_default();
    // Nothing of it is kept, and no key is in a request's id.
    let intake = Intake::new(Privacy::full(SessionKey::new("")));
    match intake.read(body.as_bytes(), Timestamp::from_millis(0)) {
        Content::Event(event) => event.request_id.as_str() == group,
        Content::DeadLetter(_) => false,
    }
}

/// How many messages do not count as received: those sent to check the installation, and feedback, which would lower
/// the join rate.
fn uncounted(requests: &[Request<'_>], unreadable: &[Unreadable<'_>]) -> usize {
    let requests = requests
        .iter()
        .filter(|request| request.gathered.is_canary() || request.gathered.is_feedback());
    let messages: usize = requests.map(|request| request.messages.len()).sum();
    messages + unreadable.iter().filter(|unreadable| unreadable.letter.is_canary()).count()
}
