//! The canary on AWS: into the events queue, through the processor, into the tables and the
//! dead-letter queue, and out of them again.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use cv_analytics_aws::DynamoDbStore;
use cv_analytics_aws::item::record::Record;
use cv_analytics_aws::queue::clients::Queues;
use cv_analytics_aws::queue::dead_letters::DeadLetterQueue;
use cv_analytics_aws::queue::receiver::{DeadLetterReceiver, ReceivedDeadLetter};
use cv_analytics_core::canary::UNREADABLE_PREFIX;

use super::calls::call_error::CallError;
use super::names::ResourceNames;
use crate::clock::now;
use crate::commands::doctor::canary::{self, Canary, SeenCanary};
use crate::commands::doctor::check::Check;
use crate::queue_client::Message;

/// With more letters than this in its way, that of the canary is not looked for.
const MAX_SEARCHED_LETTERS: u64 = 2_000;
const ELSEWHERE: &str = "look at the processor's log (aws logs tail /aws/lambda/cv-analytics-processor, with the \
                         environment's prefix), at the mapping and at the rights above; a function that starts may need \
                         longer: --wait 180";
const UNCOUNTED: &str = "canary-uncounted";

/// The way that a message takes.
pub(crate) struct Pipeline<'p> {
    pub(crate) queues: &'p Queues,
    /// The events queue's address.
    pub(crate) events: &'p str,
    /// The dead-letter queue's address.
    pub(crate) dead_letters: &'p str,
    /// How many letters were in that queue before.
    pub(crate) waiting_letters: u64,
    pub(crate) store: &'p DynamoDbStore,
    pub(crate) names: &'p ResourceNames,
}

impl Pipeline<'_> {
    /// Sends a canary, looks for it, and takes it out again.
    pub(crate) async fn send_through(&self, patience: Duration) -> Vec<Check> {
        if self.waiting_letters > MAX_SEARCHED_LETTERS {
            let message = format!(
                "{} dead letters are in the way of the canary's, {MAX_SEARCHED_LETTERS} at most",
                self.waiting_letters
            );
            let fix = "retry or drop them: cv-analytics dead-letters retry --all --store dynamodb";
            return vec![Check::inconclusive(canary::NAME, message, fix)];
        }
        let canary = Canary::new(now());
        let mut checks = Vec::new();
        let mut letters = self.letters();
        let mut letter = None;
        match self.send_all(&canary).await {
            Ok(()) => {
                let message = format!("{} is sent to {}", canary.id(), self.events);
                checks.push(Check::ok(canary::NAME, message));
                let look = async || self.look(&canary, &mut letters, &mut letter).await;
                let seen = canary::watch(patience, look).await;
                checks.extend(canary::judge(seen, ELSEWHERE));
            }
            Err(error) => checks.push(error.inconclusive(canary::NAME)),
        }
        if let Some(letter) = &letter {
            checks.push(self.uncounted(letter).await);
        }
        let removed = self.remove(&canary, &mut letters, letter.as_ref()).await;
        letters.release().await;
        checks.push(canary.removed(removed));
        checks
    }

    fn letters(&self) -> DeadLetterReceiver {
        DeadLetterReceiver::new(DeadLetterQueue::new(self.queues.clone(), self.dead_letters))
    }

    async fn send_all(&self, canary: &Canary) -> Result<(), CallError> {
        for Message { body, deduplication_id, group_id } in canary.messages() {
            let call = self.queues.client().send_message().queue_url(self.events);
            let call = call.message_group_id(group_id).message_deduplication_id(deduplication_id);
            let answer = call.message_body(body).send().await;
            answer.map_err(|error| CallError::of_sdk("sqs:SendMessage", &error))?;
        }
        Ok(())
    }

    /// What is there of the canary; its letter is kept in `letter` once it was seen.
    async fn look(
        &self,
        canary: &Canary,
        letters: &mut DeadLetterReceiver,
        letter: &mut Option<ReceivedDeadLetter>,
    ) -> Result<SeenCanary> {
        if letter.is_none() {
            let body = canary.unreadable_body();
            let page = letters.next_page().await.context("cannot read the dead-letter queue")?;
            for found in page {
                if found.body == body {
                    *letter = Some(found);
                } else if is_left_over(canary, &found) {
                    letters.delete(&found).await?;
                }
            }
        }
        let interaction = match self.store.tables().read_record(canary.id(), true).await? {
            Some(Record::Interaction(record)) => Some(record),
            Some(Record::Erased) | None => None,
        };
        let reason = letter.as_ref().map(|letter| {
            letter.reason.clone().unwrap_or_else(|| "none: SQS moved it by itself".to_owned())
        });
        Ok(SeenCanary { interaction, reason })
    }

    /// Whether the processor left the letter out of the week's count.
    async fn uncounted(&self, letter: &ReceivedDeadLetter) -> Check {
        match self.store.tables().has_noted_dead_letter(&letter.id).await {
            Ok(false) => Check::ok(UNCOUNTED, "the week's count of dead letters is without it"),
            Ok(true) => Check::fail(
                UNCOUNTED,
                "the processor counted it as a dead letter of this week: it runs an older version",
                format!(
                    "release the functions ({}); the week's report says one too many",
                    self.names.release()
                ),
            ),
            Err(error) => CallError::Failed(error.to_string()).inconclusive(UNCOUNTED),
        }
    }

    async fn remove(
        &self,
        canary: &Canary,
        letters: &mut DeadLetterReceiver,
        letter: Option<&ReceivedDeadLetter>,
    ) -> Result<SeenCanary> {
        self.store.forget_request(canary.id()).await?;
        if let Some(letter) = letter {
            letters.delete(letter).await?;
        }
        let left = self.store.tables().read_record(canary.id(), true).await?;
        if !matches!(left, Some(Record::Erased)) {
            bail!("the record's place has no mark");
        }
        Ok(SeenCanary::default())
    }
}

/// Whether a letter is what an earlier canary left.
fn is_left_over(canary: &Canary, letter: &ReceivedDeadLetter) -> bool {
    letter.body.starts_with(UNREADABLE_PREFIX) && letter.arrived_at < canary.left_before()
}
