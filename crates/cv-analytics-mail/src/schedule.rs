//! When the mail of a week is due to each recipient, and its status: what the mailer acts on, and what its owner is
//! shown.

mod cron;
pub mod mailer;
pub mod mailing;
pub mod recipient_record;
mod retry;

use cv_analytics_core::store::KeyValueStore;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;

pub use self::cron::{Pause, Schedule, ScheduleError};
use crate::message::address::MailAddress;
use crate::schedule::mailing::Mailing;
use crate::schedule::recipient_record::RecipientRecord;
use crate::weekly_mail::delivery_lease::{key, recipient_digest};
use crate::weekly_mail::{NotSent, sent_at};

/// The mail of one week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailState {
    /// The week that is over, and whose mail is the last to be sent.
    pub week: IsoWeek,
    /// Each recipient and how it stands with them.
    pub recipients: Vec<(MailAddress, DeliveryStatus)>,
    /// When the schedule sends next; `None` where it is over.
    pub next: Option<Timestamp>,
}

/// How a week's mail stands with one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryStatus {
    /// It was sent.
    Sent {
        /// When.
        at: Timestamp,
    },
    /// It is to be sent.
    Due {
        /// When, or since when.
        at: Timestamp,
    },
    /// It could not be sent yet.
    Failing {
        /// When it failed first.
        since: Timestamp,
        /// How often it failed.
        tries: u32,
        /// Why it failed last: a sentence without addresses or secrets.
        last_error: String,
        /// When it is tried again; `None` where the owner has to change something first.
        next_try: Option<Timestamp>,
    },
    /// They unsubscribed, and get none.
    Unsubscribed {
        /// When.
        since: Timestamp,
    },
    /// It is not for them: it was due before they were a recipient, or was empty.
    NotTheirs,
}

impl MailState {
    /// How the mail of the last week that is over at `now` stands, for a program that started at
    /// `started`.
    ///
    /// # Errors
    /// [`NotSent::Store`] or [`NotSent::Mark`].
    pub async fn read(
        store: &dyn KeyValueStore,
        mailing: &Mailing,
        started: Timestamp,
        now: Timestamp,
    ) -> Result<Self, NotSent> {
        let week = IsoWeek::last_closed(now);
        let mut recipients = Vec::new();
        for recipient in mailing.recipients() {
            let record = RecipientRecord::load(store, &recipient_digest(recipient)).await?;
            let status = delivery_status(store, mailing, recipient, &record, started, now).await?;
            recipients.push((recipient.clone(), status));
        }
        let is_ahead = |due: &Timestamp| *due > now;
        let next = mailing.due(week).filter(is_ahead).or_else(|| mailing.due_after(week));
        Ok(Self { week, recipients, next })
    }
}

/// How the mail of the last week that is over at `now` stands with `recipient`, of whom the store keeps `record`.
pub(crate) async fn delivery_status(
    store: &dyn KeyValueStore,
    mailing: &Mailing,
    recipient: &MailAddress,
    record: &RecipientRecord,
    started: Timestamp,
    now: Timestamp,
) -> Result<DeliveryStatus, NotSent> {
    if let Some(since) = record.unsubscribed {
        return Ok(DeliveryStatus::Unsubscribed { since });
    }
    let week = IsoWeek::last_closed(now);
    if let Some(at) = sent_at(store, &key(week, recipient, now)).await? {
        return Ok(DeliveryStatus::Sent { at });
    }
    let named = week.to_string();
    if record.left_out.as_ref() == Some(&named) {
        return Ok(DeliveryStatus::NotTheirs);
    }
    let Some(due) = mailing.due(week) else { return Ok(DeliveryStatus::NotTheirs) };
    // Who is new is one from now on; and no clock is believed that is behind what it said before.
    let since = record.since.map_or(now, |since| since.min(now));
    if due < since {
        return Ok(DeliveryStatus::NotTheirs);
    }
    Ok(match record.failing.as_ref().filter(|failing| failing.week == named) {
        Some(failing) => DeliveryStatus::Failing {
            since: failing.since,
            tries: failing.tries,
            last_error: failing.last_error.clone(),
            next_try: failing.next_try(started, now),
        },
        None => DeliveryStatus::Due { at: due },
    })
}
