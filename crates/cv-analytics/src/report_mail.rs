//! Sending the report by mail: on AWS through SES, once for each week and recipient.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use cv_analytics_aws::ses::Ses;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_insights::report::Report;
use cv_analytics_mail::clock::Clock;
use cv_analytics_mail::message::Message;
use cv_analytics_mail::weekly_mail::{Delivery, Outcome, WeeklyMail};
use rand::RngExt;

use crate::aws_installation::AwsInstallation;
use crate::now;

/// From whom, to whom, and whether also to those who got the week's mail before.
pub(crate) struct Mailing<'a> {
    pub(crate) from: &'a str,
    /// Separated by commas.
    pub(crate) to: &'a str,
    pub(crate) again: bool,
}

/// Sends the report to each recipient, and says what became of each.
pub(crate) async fn send(
    aws: &AwsInstallation,
    report: &Report,
    mailing: &Mailing<'_>,
) -> Result<String> {
    let recipients = mailing.to.split(',').map(str::trim).filter(|to| !to.is_empty());
    let messages = recipients
        .map(|to| Message::for_report(report, mailing.from, to, now()))
        .collect::<Result<Vec<Message>, _>>()
        .context("the report cannot be written as a mail")?;
    if messages.is_empty() {
        bail!("name a recipient with --to, or in RECIPIENT_EMAIL");
    }
    let mail = WeeklyMail {
        ledger: &aws.store,
        by: &Ses::new(aws.mail()),
        clock: &ProgramClock,
        claimant: hex::encode(rand::rng().random::<[u8; 16]>()),
    };
    let deliveries = mail.send(messages, mailing.again).await;
    let (mut said, mut failed) = (String::new(), 0);
    for Delivery { to, outcome } in &deliveries {
        let to = to.address();
        match outcome {
            Outcome::Sent => said += &format!("sent to {to}\n"),
            Outcome::SentUnnoted(error) => {
                said += &format!(
                    "sent to {to}; that could not be noted ({error}), so that the next run sends it again\n"
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
        bail!("{failed} of {} mails were not sent, as said above", deliveries.len());
    }
    Ok(said)
}

/// The program's clock, and the runtime's sleep.
struct ProgramClock;

impl Clock for ProgramClock {
    fn now(&self) -> Timestamp {
        now()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
