//! A ledger, a way to send and a clock that tests can delay, fail and cut off, in paused time.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use cv_analytics_core::store::{KeyValueStore, StoreError, VersionedValue};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_mail::clock::Clock;
use cv_analytics_mail::message::Message;
use cv_analytics_mail::message::unsubscribe::Unsubscribe;
use cv_analytics_mail::transport::{Transport, TransportError};
use cv_analytics_mail::weekly_mail::{Delivery, Outcome, WeeklyMail};
use tokio::time::{Instant, sleep};

pub(crate) const MONDAY_NINE: Timestamp = Timestamp::from_millis(1_795_424_400_000);

/// What all runs share: the marks, and what was delivered.
#[derive(Debug, Clone)]
pub(crate) struct World {
    records: Arc<Mutex<BTreeMap<String, VersionedValue>>>,
    delivered: Arc<Mutex<Vec<String>>>,
    began: Instant,
}

/// One run: how slow, and what goes wrong in it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Run {
    /// Milliseconds before and after each call to the ledger has its effect, in turn.
    pub(crate) ledger_ms: Vec<u64>,
    /// Which call to write gets "another writer was faster" for an answer though it was applied.
    pub(crate) lost_answer: Option<usize>,
    /// Which call to write fails, and every later one.
    pub(crate) fails_from_write: Option<usize>,
    /// Milliseconds that a hand-over takes.
    pub(crate) hand_over_ms: u64,
    /// The recipient that is refused; `*` for all.
    pub(crate) refuses: Option<&'static str>,
    /// How far this run's clock is ahead.
    pub(crate) clock_ahead_ms: i64,
}

/// A run in its world.
#[derive(Debug)]
pub(crate) struct Running {
    world: World,
    run: Run,
    calls: AtomicUsize,
    writes: AtomicUsize,
}

impl World {
    pub(crate) fn new() -> Self {
        Self { records: Arc::default(), delivered: Arc::default(), began: Instant::now() }
    }

    /// The recipients of all that was delivered, in order.
    pub(crate) fn delivered(&self) -> Vec<String> {
        self.delivered.lock().unwrap().clone()
    }

    /// The marks' keys and values.
    pub(crate) fn marks(&self) -> Vec<(String, String)> {
        let records = self.records.lock().unwrap();
        records.iter().map(|(key, record)| (key.clone(), record.value.clone())).collect()
    }

    pub(crate) fn put(&self, key: &str, value: &str) {
        let record = VersionedValue { value: value.to_owned(), version: 1 };
        self.records.lock().unwrap().insert(key.to_owned(), record);
    }

    /// Sends to `recipients` as `claimant`.
    pub(crate) async fn send(
        &self,
        claimant: &str,
        recipients: &[&str],
        run: Run,
        again: bool,
    ) -> Vec<Delivery> {
        let world = self.clone();
        let running =
            Running { world, run, calls: AtomicUsize::new(0), writes: AtomicUsize::new(0) };
        let mail = WeeklyMail {
            store: &running,
            by: &running,
            clock: &running,
            claimant: claimant.to_owned(),
            order: None,
        };
        assert_is_send(mail.send(recipients.iter().map(|to| message(to)).collect(), again)).await
    }

    /// Sends to one recipient, in a word: `sent`, `unnoted`, `before`, or why it failed.
    pub(crate) async fn send_one(&self, claimant: &str, run: Run, again: bool) -> String {
        let deliveries = self.send(claimant, &["owner@example.org"], run, again).await;
        words(&deliveries).remove(0)
    }
}

/// Each outcome in a word.
pub(crate) fn words(deliveries: &[Delivery]) -> Vec<String> {
    let word = |delivery: &Delivery| match &delivery.outcome {
        Outcome::Sent => "sent".to_owned(),
        Outcome::SentUnnoted(_) => "unnoted".to_owned(),
        Outcome::SentBefore => "before".to_owned(),
        Outcome::Failed(error) => error.to_string(),
    };
    deliveries.iter().map(word).collect()
}

/// A server sends from its own task.
fn assert_is_send<F: Future + Send>(future: F) -> F {
    future
}

fn message(to: &str) -> Message {
    let from: cv_analytics_mail::message::address::MailAddress =
        "reports@example.com".parse().unwrap();
    Message {
        week: "2026-W47".parse().unwrap(),
        subject: "A report".to_owned(),
        to: to.parse().unwrap(),
        html: "<p>A report</p>".to_owned(),
        text: "A report".to_owned(),
        unsubscribe: Unsubscribe::Mail(from.clone()),
        from,
        date: MONDAY_NINE,
        faults: Vec::new(),
    }
}

impl Running {
    async fn delay(&self) {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let delays = &self.run.ledger_ms;
        let delay = delays.get(call % delays.len().max(1)).copied().unwrap_or(0);
        sleep(Duration::from_millis(delay)).await;
    }
}

#[async_trait]
impl KeyValueStore for Running {
    async fn get(&self, key: &str) -> Result<Option<VersionedValue>, StoreError> {
        self.delay().await;
        let found = self.world.records.lock().unwrap().get(key).cloned();
        self.delay().await;
        Ok(found)
    }

    async fn put(&self, key: &str, value: &str, expected: Option<u64>) -> Result<bool, StoreError> {
        self.delay().await;
        let write = self.writes.fetch_add(1, Ordering::Relaxed);
        if self.run.fails_from_write.is_some_and(|first| write >= first) {
            return Err(StoreError::unavailable("the table is throttled", "throttled"));
        }
        let applied = {
            let mut records = self.world.records.lock().unwrap();
            let version = records.get(key).map(|record| record.version);
            if version == expected {
                // Versions grow; nothing says by how much.
                let version = version.unwrap_or_default() + 3;
                records.insert(key.to_owned(), VersionedValue { value: value.to_owned(), version });
                true
            } else {
                false
            }
        };
        self.delay().await;
        Ok(applied && self.run.lost_answer != Some(write))
    }
}

impl Transport for Running {
    async fn hand_over(&self, message: &Message) -> Result<(), TransportError> {
        sleep(Duration::from_millis(self.run.hand_over_ms)).await;
        let to = message.to.address();
        if self.run.refuses.is_some_and(|refused| refused == "*" || refused == to) {
            return Err(TransportError::new("verify the sender"));
        }
        self.world.delivered.lock().unwrap().push(to.to_owned());
        Ok(())
    }
}

impl Clock for Running {
    fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.world.began.elapsed().as_millis()).unwrap();
        MONDAY_NINE.plus_millis(passed + self.run.clock_ahead_ms)
    }

    async fn sleep(&self, duration: Duration) {
        sleep(duration).await;
    }
}
