//! Sends the weekly mail by its schedule, for as long as the program runs.
//!
//! Each turn looks at what the store says, and at nothing that was planned earlier: a restart, a
//! machine that was off, and a clock that jumps change when something is sent, never whether.

use std::collections::BTreeSet;
use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use cv_analytics_core::store::{KeyValueStore, StoreError};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::model::Report;
use cv_analytics_insights::view::render::owner_template::MailTemplateError;

use crate::clock::Clock;
use crate::message::Message;
use crate::message::address::MailAddress;
use crate::schedule::mailing::Mailing;
use crate::schedule::recipient_record::RecipientRecord;
use crate::schedule::{DeliveryStatus, delivery_status};
use crate::transport::Transport;
use crate::weekly_mail::delivery_lease::recipient_digest;
use crate::weekly_mail::{Delivery, NotSent, Outcome, WeeklyMail};

/// The longest between two looks at the clock: it may be set, and the machine may have slept.
const POLL_INTERVAL: Duration = Duration::from_mins(1);

/// Makes the report of a week.
pub trait WeekReports: Sync {
    /// The report of `week`; one with nothing in it has one too.
    fn week_report(
        &self,
        week: IsoWeek,
    ) -> impl Future<Output = Result<Report, Box<dyn Error + Send + Sync>>> + Send;
}

/// Sends the mails of a [`Mailing`], each week's once to each recipient.
pub struct Mailer<H, C, R> {
    store: Arc<dyn KeyValueStore>,
    by: H,
    clock: C,
    reports: R,
    mailing: Mailing,
    claimant: String,
    started: Timestamp,
    turns: u64,
    /// The week of which nothing is left to do.
    completed_week: Option<IsoWeek>,
    /// Mails that were handed over, and that the store could not note.
    unnoted: BTreeSet<(IsoWeek, String)>,
    /// The last week whose template's faults were told.
    told: Option<IsoWeek>,
}

/// A recipient's mail, or why it could not be made.
type Made = (Result<Message, String>, MailAddress);

/// What a turn did.
#[derive(Debug)]
pub struct MailTurn {
    /// The week whose mails were looked at.
    pub week: IsoWeek,
    /// What became of those that were tried.
    pub deliveries: Vec<Delivery>,
    /// Why the built-in form replaced the owner's templates; only in a week's first sending turn.
    pub faults: Vec<MailTemplateError>,
    /// When to come again, from now.
    pub wait: Duration,
}

/// Why a turn could not do its work: it is tried again soon.
#[derive(Debug, thiserror::Error)]
pub enum TurnError {
    /// What was sent cannot be read or noted.
    #[error(transparent)]
    Marks(#[from] NotSent),
    /// What is known of the recipients cannot be read or noted.
    #[error("cannot read or write the recipients' records: {0}")]
    Store(#[from] StoreError),
}

impl<H: Transport, C: Clock, R: WeekReports> Mailer<H, C, R> {
    /// How long to wait after a turn that failed.
    pub const AFTER_FAILURE: Duration = POLL_INTERVAL;

    /// A mailer that marks what it sends in `store`. `claimant` tells this run from any other at any time: random.
    pub fn new(
        store: Arc<dyn KeyValueStore>,
        by: H,
        clock: C,
        reports: R,
        mailing: Mailing,
        claimant: String,
    ) -> Self {
        let started = clock.now();
        Self {
            store,
            by,
            clock,
            reports,
            mailing,
            claimant,
            started,
            turns: 0,
            completed_week: None,
            unnoted: BTreeSet::new(),
            told: None,
        }
    }

    /// Sends what is due and was not sent.
    ///
    /// # Errors
    /// [`TurnError`].
    pub async fn turn(&mut self) -> Result<MailTurn, TurnError> {
        let now = self.clock.now();
        let week = IsoWeek::last_closed(now);
        let mut turn =
            MailTurn { week, deliveries: Vec::new(), faults: Vec::new(), wait: POLL_INTERVAL };
        if self.completed_week == Some(week) {
            return Ok(turn);
        }
        let mut ready = Vec::new();
        let mut next: Option<Timestamp> = None;
        for recipient in self.mailing.recipients() {
            let digest = recipient_digest(recipient);
            let record = self.note_since(&digest, now).await?;
            if self.unnoted.contains(&(week, digest)) {
                continue;
            }
            let at = match delivery_status(
                &*self.store,
                &self.mailing,
                recipient,
                &record,
                self.started,
                now,
            )
            .await?
            {
                DeliveryStatus::Due { at } => Some(at),
                DeliveryStatus::Failing { next_try, .. } => next_try,
                DeliveryStatus::Sent { .. }
                | DeliveryStatus::Unsubscribed { .. }
                | DeliveryStatus::NotTheirs => None,
            };
            match at {
                Some(at) if at <= now => ready.push((recipient.clone(), record)),
                Some(at) => next = Some(next.map_or(at, |next| next.min(at))),
                None => {}
            }
        }
        if ready.is_empty() {
            match next {
                Some(at) => turn.wait = wait(now, at),
                None => self.completed_week = Some(week),
            }
            return Ok(turn);
        }
        let messages = self.messages(week, ready).await?;
        let faults = messages.iter().find_map(|(message, _)| message.as_ref().ok());
        if let Some(message) = faults.filter(|_| self.told != Some(week)) {
            turn.faults.clone_from(&message.faults);
            self.told = Some(week);
        }
        turn.deliveries = self.send(week, messages).await?;
        turn.wait = Duration::ZERO;
        Ok(turn)
    }

    /// The recipient's record, which says from now on since when they are one.
    async fn note_since(
        &self,
        digest: &str,
        now: Timestamp,
    ) -> Result<RecipientRecord, StoreError> {
        RecipientRecord::change(&*self.store, digest, |record| {
            // A moment that is still to come is from a clock that was ahead.
            record.since = Some(record.since.map_or(now, |since| since.min(now)));
        })
        .await
    }

    /// Makes the report and the mail to each of `ready`, or says why there is none.
    async fn messages(
        &self,
        week: IsoWeek,
        ready: Vec<(MailAddress, RecipientRecord)>,
    ) -> Result<Vec<Made>, StoreError> {
        let report = match self.reports.week_report(week).await {
            Ok(report) => report,
            Err(error) => {
                let why = format!("cannot make the report of {week} ({error})");
                return Ok(ready.into_iter().map(|(to, _)| (Err(why.clone()), to)).collect());
            }
        };
        let ready = self.leave_out(week, &report, ready).await?;
        let date = self.clock.now();
        let message = |to: &MailAddress| {
            self.mailing.message(&report, to, date).map_err(|error| error.to_string())
        };
        Ok(ready.into_iter().map(|to| (message(&to), to)).collect())
    }

    /// Sends each of `messages`, and keeps what became of it.
    async fn send(
        &mut self,
        week: IsoWeek,
        messages: Vec<Made>,
    ) -> Result<Vec<Delivery>, TurnError> {
        let mut deliveries = Vec::new();
        let mut to_send = Vec::new();
        for (message, to) in messages {
            match message {
                Ok(message) => to_send.push(message),
                Err(why) => deliveries
                    .push(Delivery { to, outcome: Outcome::Failed(NotSent::NotMade(why)) }),
            }
        }
        self.turns += 1;
        let mail = WeeklyMail {
            store: &*self.store,
            by: &self.by,
            clock: &self.clock,
            claimant: format!("{}/{}", self.claimant, self.turns),
            order: None,
        };
        deliveries.extend(mail.send(to_send, false).await);
        for delivery in &deliveries {
            self.note(week, delivery).await?;
        }
        Ok(deliveries)
    }

    /// Notes for those who were no recipients before an empty week ended that it is not theirs, and returns the others.
    async fn leave_out(
        &self,
        week: IsoWeek,
        report: &Report,
        ready: Vec<(MailAddress, RecipientRecord)>,
    ) -> Result<Vec<MailAddress>, StoreError> {
        let mut others = Vec::new();
        for (recipient, record) in ready {
            let was_over = record.since.is_some_and(|since| since >= week.end());
            if report.provenance.interactions > 0 || !was_over {
                others.push(recipient);
                continue;
            }
            RecipientRecord::change(&*self.store, &recipient_digest(&recipient), |record| {
                record.left_out = Some(week.to_string());
            })
            .await?;
        }
        Ok(others)
    }

    /// Keeps what became of a mail for the next turn and for the owner.
    async fn note(&mut self, week: IsoWeek, delivery: &Delivery) -> Result<(), StoreError> {
        let digest = recipient_digest(&delivery.to);
        let now = self.clock.now();
        match &delivery.outcome {
            Outcome::Sent | Outcome::SentBefore => {
                RecipientRecord::change(&*self.store, &digest, |record| record.failing = None)
                    .await?;
            }
            Outcome::SentUnnoted(_) => {
                self.unnoted.insert((week, digest));
            }
            Outcome::Failed(error) => {
                let (is_permanent, why) = (error.is_permanent(), error.to_string());
                RecipientRecord::change(&*self.store, &digest, |record| {
                    record.failed(&week.to_string(), now, is_permanent, &why);
                })
                .await?;
            }
        }
        Ok(())
    }
}

/// From `now` until `at`, and no longer than a look at the clock may wait.
fn wait(now: Timestamp, at: Timestamp) -> Duration {
    let millis = at.as_millis().saturating_sub(now.as_millis());
    Duration::from_millis(u64::try_from(millis).unwrap_or(0)).min(POLL_INTERVAL)
}
