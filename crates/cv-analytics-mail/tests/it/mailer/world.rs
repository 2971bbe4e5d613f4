//! A ledger, a clock that is set, a mail server of few words, and a program that starts and ends.

use std::error::Error;
use std::fs;
use std::future::pending;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use cv_analytics_core::store::{KeyValueStore, StoreError, VersionedValue};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::model::Report;
use cv_analytics_insights::view::render::owner_template::MailTemplate;
use cv_analytics_mail::clock::Clock;
use cv_analytics_mail::message::Message;
use cv_analytics_mail::message::unsubscribe_key::UnsubscribeKey;
use cv_analytics_mail::schedule::mailer::{MailTurn, Mailer, WeekReports};
use cv_analytics_mail::schedule::mailing::Mailing;
use cv_analytics_mail::schedule::{DeliveryStatus, MailState, Schedule};
use cv_analytics_mail::transport::{Transport, TransportError};
use cv_analytics_memory::MemoryStore;

/// What the mail server says to one recipient, once.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    Passing,
    Lasting,
    Never,
}

/// What outlives a program: the disk, the mail server, the time, and the owner's settings.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    records: Arc<MemoryStore>,
    fails: Arc<Mutex<bool>>,
    now: Arc<Mutex<i64>>,
    answers: Arc<Mutex<Vec<(&'static str, Answer)>>>,
    delivered: Arc<Mutex<Vec<String>>>,
    is_empty: Arc<Mutex<bool>>,
    pub(crate) recipients: Vec<&'static str>,
    pub(crate) schedule: Option<&'static str>,
    pub(crate) template: MailTemplate,
}

pub(crate) type TestMailer = Mailer<World, World, World>;

pub(crate) fn moment(text: &str) -> Timestamp {
    Timestamp::read(&serde_json::json!(text)).unwrap()
}

impl World {
    pub(crate) fn at(now: &str, recipients: &[&'static str]) -> Self {
        let world = Self { recipients: recipients.to_vec(), ..Self::default() };
        world.set_clock(now);
        world
    }

    pub(crate) fn set_clock(&self, now: &str) {
        *self.now.lock().unwrap() = moment(now).as_millis();
    }

    pub(crate) fn ledger_fails(&self, fails: bool) {
        *self.fails.lock().unwrap() = fails;
    }

    pub(crate) fn weeks_are_empty(&self) {
        *self.is_empty.lock().unwrap() = true;
    }

    /// The mail server's next answers; it takes everything else.
    pub(crate) fn answers(&self, answers: &[(&'static str, Answer)]) {
        *self.answers.lock().unwrap() = answers.to_vec();
    }

    /// Week and recipient of all that was delivered, in order.
    pub(crate) fn delivered(&self) -> Vec<String> {
        self.delivered.lock().unwrap().clone()
    }

    pub(crate) async fn mailing(&self) -> Mailing {
        let mut mailing = Mailing::new(
            "reports@example.com".parse().unwrap(),
            self.recipients.iter().map(|to| to.parse().unwrap()),
            self.schedule.unwrap_or(Schedule::DEFAULT).parse().unwrap(),
            Some("https://cv.example.org".to_owned()),
            Some(UnsubscribeKey::kept_or_made(self, || "k".repeat(64)).await.unwrap()),
        );
        mailing.template = self.template.clone();
        mailing
    }

    /// Starts the program.
    pub(crate) async fn start(&self) -> TestMailer {
        let claimant = format!("run at {}", self.now());
        let world = || self.clone();
        Mailer::new(Arc::new(world()), world(), world(), world(), self.mailing().await, claimant)
    }

    /// Takes turns until the clock says `until`.
    pub(crate) async fn run(&self, mailer: &mut TestMailer, until: &str) {
        while self.now() < moment(until) {
            let wait =
                mailer.turn().await.map_or(TestMailer::AFTER_FAILURE, |turn: MailTurn| turn.wait);
            self.sleep(wait).await;
        }
    }

    /// Starts the program, and ends it when the clock says `until`.
    pub(crate) async fn start_and_run(&self, until: &str) {
        let mut mailer = self.start().await;
        self.run(&mut mailer, until).await;
    }

    /// How the mail stands with the first recipient.
    pub(crate) async fn status(&self, started: &str) -> DeliveryStatus {
        let (mailing, now) = (self.mailing().await, Clock::now(self));
        let state = MailState::read(self, &mailing, moment(started), now).await.unwrap();
        state.recipients[0].1.clone()
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(*self.now.lock().unwrap())
    }
}

#[async_trait]
impl KeyValueStore for World {
    async fn get(&self, key: &str) -> Result<Option<VersionedValue>, StoreError> {
        if *self.fails.lock().unwrap() {
            return Err(StoreError::unavailable("the disk is gone", "test"));
        }
        self.records.get(key).await
    }

    async fn put(&self, key: &str, value: &str, expected: Option<u64>) -> Result<bool, StoreError> {
        if *self.fails.lock().unwrap() {
            return Err(StoreError::unavailable("the disk is gone", "test"));
        }
        self.records.put(key, value, expected).await
    }
}

impl Transport for World {
    async fn hand_over(&self, message: &Message) -> Result<(), TransportError> {
        let answer = {
            let mut answers = self.answers.lock().unwrap();
            let place = answers.iter().position(|(to, _)| *to == message.to.address());
            place.map(|place| answers.remove(place).1)
        };
        match answer {
            None => {
                let delivered = format!("{} {}", message.week, message.to.address());
                self.delivered.lock().unwrap().push(delivered);
                Ok(())
            }
            Some(Answer::Passing) => Err(TransportError::new("come again")),
            Some(Answer::Lasting) => Err(TransportError::new("no such user").permanent()),
            Some(Answer::Never) => pending().await,
        }
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        Self::now(self)
    }

    async fn sleep(&self, duration: Duration) {
        *self.now.lock().unwrap() += i64::try_from(duration.as_millis()).unwrap();
    }
}

impl WeekReports for World {
    async fn week_report(&self, week: IsoWeek) -> Result<Report, Box<dyn Error + Send + Sync>> {
        let is_empty = *self.is_empty.lock().unwrap();
        let name = if is_empty { "empty-week.json" } else { "rich-week.json" };
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/reports");
        let report: Report = serde_json::from_slice(&fs::read(folder.join(name))?)?;
        Ok(Report { week: week.to_string(), ..report })
    }
}
