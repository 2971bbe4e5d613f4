//! Sending the report by mail at once: on AWS through SES, else through the mail server or into the
//! outbox, once for each week and recipient.

#[cfg(feature = "aws")]
pub(crate) mod ses;

use anyhow::{Context, Result, bail};
use cv_analytics_core::store::KeyValueStore;
use cv_analytics_insights::model::Report;
use cv_analytics_mail::message::Message;
use cv_analytics_mail::schedule::mailing::Mailing;
use cv_analytics_mail::schedule::recipient_record::RecipientRecord;
use cv_analytics_mail::transport::Transport;
use cv_analytics_mail::weekly_mail::delivery_lease::recipient_digest;
use cv_analytics_mail::weekly_mail::{Delivery, Outcome, WeeklyMail};
use rand::RngExt;

use crate::clock::now;
use crate::commands::serve::weekly_mailer::ProgramClock;
use crate::install::mail_options::MailTransport;

/// Whether the mail also goes to those who got the week's before, or unsubscribed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Insisting {
    /// To those who got it before.
    pub(crate) again: bool,
    /// To those who unsubscribed: they are taken back.
    pub(crate) resubscribe: bool,
}

/// Sends the report by `way` to each recipient of `mailing`, and says what became of each.
pub(crate) async fn send_by(
    way: &MailTransport,
    store: &dyn KeyValueStore,
    report: &Report,
    mailing: &Mailing,
    Insisting { again, resubscribe }: Insisting,
) -> Result<String> {
    let mut messages = Vec::new();
    let (mut said, mut left_out) = (String::new(), 0);
    for recipient in mailing.recipients() {
        let (address, digest) = (recipient.address(), recipient_digest(recipient));
        let record = RecipientRecord::load(store, &digest).await?;
        if let Some(since) = record.unsubscribed {
            if !resubscribe {
                left_out += 1;
                eprintln!(
                    "not sent to {address}: they unsubscribed at {since}; --resubscribe sends it and takes them back into the list"
                );
                continue;
            }
            RecipientRecord::change(store, &digest, |record| record.unsubscribed = None).await?;
            said += &format!("{address} is back in the list\n");
        }
        let message = mailing.message(report, recipient, now());
        messages.push(message.context("cannot write the report as a mail")?);
    }
    let said = send(store, way, messages, again, &format!(" {way}"), said).await?;
    if left_out > 0 {
        eprint!("{said}");
        bail!("{left_out} of {} recipients have unsubscribed", mailing.recipients().len());
    }
    Ok(said)
}

/// Sends `messages` and adds to `said` what became of each, and `way` where it was sent.
async fn send(
    store: &dyn KeyValueStore,
    by: &impl Transport,
    messages: Vec<Message>,
    again: bool,
    way: &str,
    mut said: String,
) -> Result<String> {
    let mail = WeeklyMail {
        store,
        by,
        clock: &ProgramClock,
        claimant: hex::encode(rand::rng().random::<[u8; 16]>()),
        order: None,
    };
    for fault in messages.first().map(|first| first.faults.clone()).unwrap_or_default() {
        eprintln!("warning: {fault}; the built-in form is sent");
    }
    let deliveries = mail.send(messages, again).await;
    let mut failed = 0;
    for Delivery { to, outcome } in &deliveries {
        let to = to.address();
        match outcome {
            Outcome::Sent => said += &format!("sent to {to}{way}\n"),
            Outcome::SentUnnoted(error) => {
                said += &format!(
                    "sent to {to}{way}; that could not be noted ({error}), so that the next run sends it again\n"
                );
            }
            Outcome::SentBefore => {
                said += &format!("sent to {to} before: --again sends it once more\n");
            }
            Outcome::Failed(error) => {
                failed += 1;
                eprintln!("not sent to {to}: {error}");
            }
        }
    }
    if failed > 0 {
        eprint!("{said}");
        bail!("cannot send {failed} of {} mails, see above", deliveries.len());
    }
    Ok(said)
}
