//! A first-in-first-out queue that delivers at least once, with its dead-letter queue.

use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_harness::seeded::Seeded;

use super::traffic::{DAY_MS, MINUTE_MS};

/// How long a delivered message stays out of sight.
const VISIBILITY_MS: i64 = MINUTE_MS;
/// Deliveries before a message goes to the dead-letter queue: few, so that it happens often.
const MAX_RECEIVES: u32 = 10;
/// The longest that the owner leaves a message in the dead-letter queue, which keeps it for 14.
const RETRIED_WITHIN_MS: i64 = 12 * DAY_MS;
/// The most messages in a batch.
const BATCH: usize = 10;

/// A message, by the request and the place of its event.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message {
    pub(super) request: usize,
    pub(super) event: usize,
    /// From when on it can be delivered.
    visible_at: Timestamp,
    receives: u32,
    is_in_flight: bool,
    is_acknowledged: bool,
}

impl Message {
    fn is_waiting(&self, now: Timestamp) -> bool {
        !self.is_acknowledged && self.visible_at <= now
    }

    /// Whether it is out of sight and of the same group.
    fn blocks(&self, other: &Self, now: Timestamp) -> bool {
        self.is_in_flight
            && !self.is_acknowledged
            && self.visible_at > now
            && self.request == other.request
    }
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    messages: Vec<Message>,
    pub(super) dead_letters: u64,
}

impl Queue {
    /// Sends a message that arrives at `at`. Messages keep the order in which they are sent.
    pub(super) fn send(&mut self, at: Timestamp, request: usize, event: usize) {
        self.messages.push(Message {
            request,
            event,
            visible_at: at,
            receives: 0,
            is_in_flight: false,
            is_acknowledged: false,
        });
    }

    pub(super) fn message(&self, place: usize) -> Message {
        self.messages[place]
    }

    /// When messages can be delivered, for each that is not acknowledged.
    pub(super) fn moments(&self) -> impl Iterator<Item = Timestamp> {
        let waiting = self.messages.iter().filter(|message| !message.is_acknowledged);
        waiting.map(|message| message.visible_at)
    }

    /// Whether a message can be delivered.
    pub(super) fn has_some(&self, now: Timestamp) -> bool {
        self.messages.iter().any(|message| {
            message.is_waiting(now) && !self.messages.iter().any(|other| other.blocks(message, now))
        })
    }

    /// Delivers some messages: of one request in their order, and none while an earlier delivery
    /// of the request is out of sight.
    pub(super) fn receive(&mut self, now: Timestamp, random: &mut Seeded) -> Vec<usize> {
        let most = 1 + random.below(BATCH);
        let mut left_out: Vec<usize> = Vec::new();
        let mut batch = Vec::new();
        for place in 0..self.messages.len() {
            let message = self.messages[place];
            let is_free = message.is_waiting(now) && !left_out.contains(&message.request);
            let is_ours = |&place: &usize| self.messages[place].request == message.request;
            if batch.len() == most
                || !is_free
                || !batch.iter().any(is_ours)
                    && self.messages.iter().any(|other| other.blocks(&message, now))
            {
                continue;
            }
            if random.chance(20) {
                // Another part of the queue: the request's later messages wait with it.
                left_out.push(message.request);
                continue;
            }
            let message = &mut self.messages[place];
            message.receives += 1;
            if message.receives > MAX_RECEIVES {
                // Into the dead-letter queue, from which the owner sends it again.
                self.dead_letters += 1;
                message.receives = 0;
                message.is_in_flight = false;
                message.visible_at = now.plus_millis(random.millis(RETRIED_WITHIN_MS));
                continue;
            }
            message.is_in_flight = true;
            message.visible_at = now.plus_millis(VISIBILITY_MS);
            batch.push(place);
        }
        batch
    }

    /// The message was worked on to its end.
    pub(super) fn acknowledge(&mut self, place: usize) {
        self.messages[place].is_acknowledged = true;
    }

    /// The message failed, and comes again after a while that grows.
    pub(super) fn hand_back(&mut self, place: usize, now: Timestamp) {
        let message = &mut self.messages[place];
        let wait_ms = 5_000_i64 << message.receives.saturating_sub(1).min(7);
        message.visible_at = now.plus_millis(wait_ms.min(5 * MINUTE_MS));
    }
}
