//! The queue of events and its dead letters, as SQS's guide describes them: message groups, visibility, receives,
//! redrive and retention
//! (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html>).

use std::time::Duration;

use cv_analytics_aws::install::INSTALL;
use cv_analytics_harness::seeded::Seeded;
use serde_json::{Value, json};

use super::virtual_clock::{elapsed, timestamp};

/// A message received more often than this is left out of `ApproximateAgeOfOldestMessage`
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html>).
const AGED_RECEIVES: u32 = 3;

/// What an agent sends.
#[derive(Clone, Debug)]
pub(super) struct Sending {
    /// After the start.
    pub(super) at: Duration,
    pub(super) group: String,
    pub(super) body: String,
}

#[derive(Debug)]
struct Message {
    id: String,
    sending: Sending,
    receives: u32,
    visible_at: Duration,
}

impl Message {
    fn is_in_flight(&self, now: Duration) -> bool {
        self.receives > 0 && self.visible_at > now
    }
}

/// Both queues. Messages that are sent later are in it from the start.
#[derive(Debug)]
pub(super) struct Queue {
    messages: Vec<Message>,
    /// Which messages come together is SQS's to choose.
    random: Seeded,
    pub(super) dead_letters: Vec<String>,
    /// What was deleted because the queue keeps nothing for longer.
    pub(super) expired: usize,
    pub(super) most_receives: u32,
}

impl Queue {
    pub(super) fn new(mut sendings: Vec<Sending>) -> Self {
        sendings.sort_by_key(|sending| sending.at);
        let messages = sendings.into_iter().enumerate().map(|(place, sending)| Message {
            id: format!("message-{place}"),
            visible_at: sending.at,
            sending,
            receives: 0,
        });
        Self {
            messages: messages.collect(),
            random: Seeded::new(1),
            dead_letters: Vec::new(),
            expired: 0,
            most_receives: 0,
        }
    }

    /// A batch as the event source mapping hands it over; empty where nothing is visible.
    pub(super) fn receive(&mut self) -> Vec<Value> {
        let now = elapsed();
        let facts = &INSTALL.queues.events;
        let retention = Duration::from_secs((facts.retention_days * 86_400).into());
        let before = self.messages.len();
        self.messages.retain(|message| message.sending.at + retention > now);
        self.expired += before - self.messages.len();

        let most = 1 + self.random.below(INSTALL.mapping.batch_size as usize);
        let mut batch = Vec::new();
        let (mut taken, mut left_out): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        let mut place = 0;
        while place < self.messages.len() && batch.len() < most {
            let message = &self.messages[place];
            let group = &message.sending.group;
            let is_before =
                |other: &Message| other.sending.group == *group && other.is_in_flight(now);
            // Only what is in the same batch may be in flight before it.
            let is_blocked = !taken.contains(group) && self.messages.iter().any(is_before);
            if message.visible_at > now || is_blocked || left_out.contains(group) {
                place += 1;
                continue;
            }
            if !batch.is_empty() && self.random.chance(20) {
                left_out.push(group.clone());
                place += 1;
                continue;
            }
            if message.receives == facts.max_receives {
                self.dead_letters.push(self.messages.remove(place).sending.body);
                continue;
            }
            let message = &mut self.messages[place];
            message.receives += 1;
            message.visible_at = now + Duration::from_secs(facts.visibility_seconds.into());
            self.most_receives = self.most_receives.max(message.receives);
            taken.push(message.sending.group.clone());
            batch.push(record(message));
            place += 1;
        }
        batch
    }

    pub(super) fn change_visibility(&mut self, id: &str, seconds: u64) {
        let now = elapsed();
        let found = self.messages.iter_mut().find(|message| message.id == id);
        found.unwrap().visible_at = now + Duration::from_secs(seconds);
    }

    pub(super) fn delete(&mut self, id: &str) {
        self.messages.retain(|message| message.id != id);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// When a message becomes visible next.
    pub(super) fn next_visible_at(&self) -> Option<Duration> {
        let now = elapsed();
        let later = self.messages.iter().map(|message| message.visible_at);
        later.filter(|&at| at > now).min()
    }

    /// Seconds since the oldest message was sent that counts.
    pub(super) fn oldest_seconds(&self) -> u64 {
        let now = elapsed();
        let counts =
            |message: &&Message| message.sending.at <= now && message.receives <= AGED_RECEIVES;
        let oldest = self.messages.iter().filter(counts).map(|message| message.sending.at).min();
        oldest.map_or(0, |oldest| now.saturating_sub(oldest).as_secs())
    }
}

fn record(message: &Message) -> Value {
    json!({
        "messageId": message.id, "receiptHandle": message.id, "body": message.sending.body, "eventSource": "aws:sqs",
        "attributes": {
            "ApproximateReceiveCount": message.receives.to_string(),
            "SentTimestamp": timestamp(message.sending.at).as_millis().to_string(),
            "MessageGroupId": message.sending.group,
        },
    })
}
