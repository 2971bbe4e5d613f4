//! The queues: kind, retention, deduplication, visibility, what leads to the dead letters, and how many of those wait.

use std::collections::HashMap;

use anyhow::Result;
use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use cv_analytics_aws::install::INSTALL;
use serde_json::Value;

use super::Account;
use super::calls::call_error::{CallError, MISPLACED};
use crate::commands::doctor::check::{Check, Findings};

const DAY_S: u32 = 24 * 3600;
/// Lambda's own advice
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>).
const VISIBILITY_PER_TIMEOUT: u32 = 6;

/// The queues that are there.
#[derive(Debug, Default)]
pub(crate) struct FoundQueues {
    /// The events queue's address.
    pub(crate) events: Option<String>,
    /// The dead-letter queue's address.
    pub(crate) dead_letters: Option<String>,
    /// How many dead letters wait.
    pub(crate) waiting_letters: u64,
}

struct Queue {
    url: String,
    attributes: HashMap<Attribute, String>,
}

/// Looks at all three.
pub(crate) async fn check(
    account: &Account,
    timeout_s: Option<i64>,
    findings: &mut Findings,
) -> Result<FoundQueues> {
    let names = &account.names;
    let mut found = FoundQueues::default();
    let dead_letters = account.queue("dead-letter-queue", &names.dead_letter_queue).await;
    let events = account.queue("events-queue", &names.events_queue).await;
    match events {
        Ok(queue) => {
            let target = names.queue_arn(&names.dead_letter_queue);
            findings.add_all(events_checks(&queue, timeout_s, &target))?;
            found.events = Some(queue.url);
        }
        Err(check) => findings.add(check)?,
    }
    match dead_letters {
        Ok(queue) => {
            findings.add(queue.is_fifo("dead-letter-queue"))?;
            findings.add(queue.at_least(
                "dead-letter-queue-retention",
                &Attribute::MessageRetentionPeriod,
                "messages are kept",
                INSTALL.queues.dead_letters.retention_days * DAY_S,
            ))?;
            findings.add(queue.throughput("dead-letter-queue-throughput"))?;
            found.waiting_letters = queue.number(&Attribute::ApproximateNumberOfMessages);
            findings.add(waiting(
                "dead-letters",
                found.waiting_letters,
                "cv-analytics dead-letters list --store dynamodb",
            ))?;
            found.dead_letters = Some(queue.url);
        }
        Err(check) => findings.add(check)?,
    }
    let name = names.schedule_dead_letters();
    findings.add(match account.queue("schedule-dead-letters", &name).await {
        Ok(queue) => waiting(
            "schedule-dead-letters",
            queue.number(&Attribute::ApproximateNumberOfMessages),
            &format!(
                "the reporter could not be started: invoke it (aws lambda invoke --function-name {} /dev/stdout), then \
                 aws sqs purge-queue --queue-url {}",
                names.reporter(),
                queue.url
            ),
        ),
        Err(check) => check,
    })?;
    Ok(found)
}

fn events_checks(queue: &Queue, timeout_s: Option<i64>, dead_letter_arn: &str) -> [Check; 7] {
    let facts = &INSTALL.queues.events;
    // The template's, where the processor's own cannot be read.
    let timeout = timeout_s.map_or(INSTALL.processor.timeout_seconds, |seconds| {
        u32::try_from(seconds).unwrap_or_default()
    });
    let deduplicates = queue.text(&Attribute::ContentBasedDeduplication) == "true";
    [
        queue.is_fifo("events-queue"),
        Check::of(
            "events-queue-deduplication",
            "by content",
            (!deduplicates).then(|| {
                (
                    "it does not deduplicate by content: messages without an id of their own are refused".to_owned(),
                    queue.set("ContentBasedDeduplication=true"),
                )
            }),
        ),
        queue.at_least(
            "events-queue-retention",
            &Attribute::MessageRetentionPeriod,
            "messages are kept",
            facts.retention_days * DAY_S,
        ),
        queue.at_least_or_set(
            "events-queue-visibility",
            &Attribute::VisibilityTimeout,
            "messages that are worked on stay hidden",
            (VISIBILITY_PER_TIMEOUT * timeout, facts.visibility_seconds),
        ),
        queue.at_least(
            "events-queue-polling",
            &Attribute::ReceiveMessageWaitTimeSeconds,
            "a request for messages waits",
            facts.poll_seconds,
        ),
        queue.throughput("events-queue-throughput"),
        redrive(queue, dead_letter_arn),
    ]
}

/// What SQS does with a message that failed again and again.
fn redrive(queue: &Queue, dead_letter_arn: &str) -> Check {
    let policy: Value =
        serde_json::from_str(queue.text(&Attribute::RedrivePolicy)).unwrap_or_default();
    let target = policy.get("deadLetterTargetArn").and_then(Value::as_str).unwrap_or("nowhere");
    // A number or a text, by who wrote it.
    let receives = policy.get("maxReceiveCount").map(|count| match count {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    let receives = receives.and_then(|count| count.parse().ok()).unwrap_or(0_u32);
    let wanted_receives = INSTALL.queues.events.max_receives;
    let problem = (target != dead_letter_arn || receives != wanted_receives).then(|| {
        let wanted = format!(
            r#"{{"RedrivePolicy":"{{\"deadLetterTargetArn\":\"{dead_letter_arn}\",\"maxReceiveCount\":\"{wanted_receives}\"}}"}}"#
        );
        (
            format!(
                "after {receives} receives a message goes to {target}; {wanted_receives} and {dead_letter_arn} are right"
            ),
            format!("aws sqs set-queue-attributes --queue-url {} --attributes '{wanted}'", queue.url),
        )
    });
    Check::of("events-queue-redrive", format!("after {receives} receives to {target}"), problem)
}

fn waiting(name: &str, count: u64, fix: &str) -> Check {
    match count {
        0 => Check::ok(name, "none wait"),
        count => Check::warn(name, format!("{count} wait"), fix),
    }
}

impl Queue {
    fn text(&self, name: &Attribute) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }

    fn number(&self, name: &Attribute) -> u64 {
        self.text(name).parse().unwrap_or(0)
    }

    fn set(&self, attribute: &str) -> String {
        format!("aws sqs set-queue-attributes --queue-url {} --attributes {attribute}", self.url)
    }

    fn is_fifo(&self, name: &str) -> Check {
        let problem = (self.text(&Attribute::FifoQueue) != "true").then(|| {
            (
                format!("invalid queue {}: not a FIFO queue", self.url),
                "make a FIFO queue: a queue cannot change".to_owned(),
            )
        });
        Check::of(name, format!("{} is there", self.url), problem)
    }

    /// Whether calls are limited by group and not by queue, as the template has it
    /// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/high-throughput-fifo.html>).
    fn throughput(&self, name: &str) -> Check {
        let is_high = self.text(&Attribute::DeduplicationScope) == "messageGroup"
            && self.text(&Attribute::FifoThroughputLimit) == "perMessageGroupId";
        let problem = (!is_high).then(|| {
            (
                "high throughput is off: SQS takes 300 calls a second of the whole queue"
                    .to_owned(),
                self.set("DeduplicationScope=messageGroup,FifoThroughputLimit=perMessageGroupId"),
            )
        });
        Check::of(name, "high throughput: limited by message group", problem)
    }

    fn at_least(&self, name: &str, attribute: &Attribute, what: &str, wanted: u32) -> Check {
        self.at_least_or_set(name, attribute, what, (wanted, wanted))
    }

    /// Whether an attribute is so much at least; where it is not, the template's value is the fix if that is enough.
    fn at_least_or_set(
        &self,
        name: &str,
        attribute: &Attribute,
        what: &str,
        (wanted, template): (u32, u32),
    ) -> Check {
        let found = self.number(attribute);
        let problem = (found < u64::from(wanted)).then(|| {
            let fix = self.set(&format!("{}={}", attribute.as_str(), wanted.max(template)));
            (format!("{what} for {found} s, where {wanted} are needed"), fix)
        });
        Check::of(name, format!("{what} for {found} s"), problem)
    }
}

impl Account {
    /// A queue by its address, else by its name; the failed check where it is not to be seen.
    async fn queue(&self, check: &str, name: &str) -> Result<Queue, Check> {
        let client = self.queues.client();
        let missing = |error: &CallError| {
            let message = format!("missing queue {name} in {}", self.names.region);
            error.missing(check, message, MISPLACED.to_owned())
        };
        let url = if name.contains("://") {
            name.to_owned()
        } else {
            let answer = client.get_queue_url().queue_name(name).send().await;
            let answer = answer.map_err(|error| CallError::of_sdk("sqs:GetQueueUrl", &error));
            let answer = answer.map_err(|error| missing(&error))?;
            answer.queue_url.unwrap_or_default()
        };
        let answer =
            client.get_queue_attributes().queue_url(&url).attribute_names(Attribute::All).send();
        let answer =
            answer.await.map_err(|error| CallError::of_sdk("sqs:GetQueueAttributes", &error));
        let answer = answer.map_err(|error| missing(&error))?;
        Ok(Queue { url, attributes: answer.attributes.unwrap_or_default() })
    }
}
