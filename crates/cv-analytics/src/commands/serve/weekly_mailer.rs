//! The weekly mail beside the server: turns of the mailer, told in the log, until the server stops.

use std::time::Duration;

use cv_analytics_core::store::SharedStore;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_mail::clock::Clock;
use cv_analytics_mail::schedule::mailer::{MailTurn, Mailer, WeekReports};
use cv_analytics_mail::schedule::mailing::Mailing;
use cv_analytics_mail::weekly_mail::delivery_lease::recipient_digest;
use cv_analytics_mail::weekly_mail::{Delivery, Outcome};
use rand::RngExt;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::clock::now;
use crate::install::mail_options::MailTransport;

/// How long a mail that is being sent is waited for at the end; one that is cut off is sent again after the next start.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);

/// The mailer as its own task.
pub(crate) struct WeeklyMailer {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl WeeklyMailer {
    /// Begins to send what is due.
    pub(crate) fn start<R: WeekReports + Send + 'static>(
        store: SharedStore,
        way: MailTransport,
        mailing: Mailing,
        reports: R,
    ) -> Self {
        let claimant = hex::encode(rand::rng().random::<[u8; 16]>());
        let mut mailer = Mailer::new(store, way, ProgramClock, reports, mailing, claimant);
        let (stop, mut stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            loop {
                let wait = match mailer.turn().await {
                    Ok(turn) => {
                        tell(&turn);
                        turn.wait
                    }
                    Err(error) => {
                        tracing::warn!(error = %error, "failed to see to the weekly mail; trying again in a minute");
                        Mailer::<MailTransport, ProgramClock, R>::AFTER_FAILURE
                    }
                };
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    _ = &mut stopped => break,
                }
            }
        });
        Self { stop, task }
    }

    /// Lets the mail that is being sent be finished.
    pub(crate) async fn stop(self) {
        let Self { stop, mut task } = self;
        let _ = stop.send(());
        if tokio::time::timeout(STOP_TIMEOUT, &mut task).await.is_err() {
            tracing::warn!("stopped while a mail was being sent: the next start sends it again");
            task.abort();
        }
    }
}

/// Says in the log what became of each mail.
fn tell(MailTurn { week, deliveries, faults, .. }: &MailTurn) {
    for fault in faults {
        tracing::warn!(
            week = %week, template = fault.file, template_line = fault.line, error = fault.problem,
            "the weekly mail goes out in its built-in form: its template failed on this week's report"
        );
    }
    for Delivery { to, outcome } in deliveries {
        let recipient = recipient_digest(to);
        match outcome {
            Outcome::Sent => {
                tracing::info!(week = %week, recipient = recipient, "a weekly mail was sent");
            }
            Outcome::SentUnnoted(error) => tracing::warn!(
                week = %week, recipient = recipient, error = %error,
                "a weekly mail was sent and could not be noted: the next start may send it again"
            ),
            Outcome::SentBefore => {}
            Outcome::Failed(error) => tracing::warn!(
                week = %week, recipient = recipient, is_permanent = error.is_permanent(), error = %error,
                "failed to send a weekly mail"
            ),
        }
    }
}

/// The program's clock, and the runtime's sleep.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProgramClock;

impl Clock for ProgramClock {
    fn now(&self) -> Timestamp {
        now()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
