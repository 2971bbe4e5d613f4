//! The reporter: the report of a week, by mail, once for each recipient.
//!
//! Of its time, the 15 minutes that Lambda grants at most, up to a minute and a half go to waiting for a mail that
//! another invocation is sending or left behind in a crash; the rest is for the report.
//!
//! An invocation reads the tables once. Where a mail fails, the invocation does, so that Lambda tries twice more and the
//! alarm rings; such a retry sends the report that was made, as long as Lambda keeps the process.

mod mailing;
mod order;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cv_analytics_aws::AwsStore;
use cv_analytics_aws::tables::error::TableError;
use cv_analytics_core::store::ReportSource;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::model::Report;
use cv_analytics_insights::report::ReportError;
use cv_analytics_insights::report::builder::{build_report, period};
use cv_analytics_insights::settings::counting_rules::CountingRules;
use cv_analytics_insights::settings::{FigureSettings, SettingsError};
use cv_analytics_mail::clock::Clock;
use cv_analytics_mail::message::{Message, MessageError};
use cv_analytics_mail::transport::Transport;
use cv_analytics_mail::weekly_mail::delivery_lease::recipient_digest;
use cv_analytics_mail::weekly_mail::{Delivery, NotSent, Outcome, WeeklyMail};
use lambda_runtime::Diagnostic;
use rand::RngExt;
use serde::Serialize;
use serde_json::Value;

pub use self::mailing::{Mailing, MailingError};
pub use self::order::{OrderError, ReportOrder};

/// Everything that an invocation needs besides its addresses.
#[derive(Debug)]
pub struct Reporter<S, H> {
    store: S,
    by: H,
    now: fn() -> Timestamp,
    last_read: Mutex<Option<LastRead>>,
}

/// What the tables were last read for.
#[derive(Clone, Debug)]
struct LastRead {
    /// The invocation: Lambda's retries of it have the same id.
    request_id: String,
    /// `None` where the reading did not end, or was only to promote.
    report: Option<Arc<Report>>,
}

/// What an invocation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reported {
    /// The week that the report covers.
    #[serde(serialize_with = "as_text")]
    pub week: IsoWeek,
    /// Mails that were handed over.
    pub sent: usize,
    /// Recipients that had got theirs before.
    pub sent_before: usize,
    /// Interactions in the report; `None` where none had to be made.
    pub interactions: Option<u64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands on a reference")]
fn as_text<S: serde::Serializer>(week: &IsoWeek, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(week)
}

/// Why an invocation failed, without questions or addresses; Lambda retries it, and nobody gets a mail twice.
#[derive(Debug, thiserror::Error)]
pub enum ReporterError {
    /// The event orders nothing that can be done.
    #[error(transparent)]
    Order(#[from] OrderError),
    /// The function's addresses cannot be used.
    #[error(transparent)]
    Mailing(#[from] MailingError),
    /// The tables are not those that are needed.
    #[error(transparent)]
    Tables(#[from] TableError),
    /// The settings cannot be read.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The report cannot be made.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The report cannot be written as a mail.
    #[error("cannot write the report of {week} as a mail: {source}")]
    Message {
        /// The week.
        week: IsoWeek,
        /// What is wrong.
        source: MessageError,
    },
    /// What was sent before cannot be read.
    #[error(transparent)]
    Marks(#[from] NotSent),
    /// Some recipients did not get their mail.
    #[error("cannot send {failed} of {of} mails of {week}: {why}")]
    NotSent {
        /// The week.
        week: IsoWeek,
        /// How many were not sent.
        failed: usize,
        /// How many there are.
        of: usize,
        /// The recipients by their places in `RECIPIENT_EMAIL`, each with its sentence.
        why: String,
    },
}

/// What Lambda answers with: `errorType` is one of these names and stays the same.
impl From<ReporterError> for Diagnostic {
    fn from(error: ReporterError) -> Self {
        let kind = match &error {
            ReporterError::Order(_) => "OrderNotUnderstood",
            ReporterError::Mailing(_) => "AddressesNotUsable",
            ReporterError::Tables(_) => "TablesNotUsable",
            ReporterError::Settings(_) => "SettingsNotReadable",
            ReporterError::Report(_) | ReporterError::Message { .. } => "ReportNotMade",
            ReporterError::Marks(_) => "MarksNotReadable",
            ReporterError::NotSent { .. } => "MailNotSent",
        };
        Self { error_type: kind.to_owned(), error_message: error.to_string() }
    }
}

impl<H: Transport> Reporter<AwsStore, H> {
    /// Answers one invocation, of which Lambda's retries have the same `request_id`. Tables that are
    /// missing or have other keys are named before anything is read from them.
    ///
    /// # Errors
    /// [`ReporterError`].
    pub async fn answer(
        &self,
        event: &Value,
        request_id: &str,
        mailing: Result<Mailing, MailingError>,
    ) -> Result<Reported, ReporterError> {
        let order = ReportOrder::read(event, (self.now)())?;
        let tables = self.store.tables();
        match tables.tables().check().await {
            Ok(()) => {}
            Err(error @ TableError::Misconfigured { .. }) => return Err(error.into()),
            Err(error) => tracing::warn!(error = %error, "cannot check the tables"),
        }
        let claimant = hex::encode(rand::rng().random::<[u8; 16]>());
        let result = match mailing {
            Ok(mailing) => self.report(order, &mailing, claimant, request_id).await,
            Err(error) => Err(error.into()),
        };
        // A report promotes on its way. Where nothing was read, halves must not leave with their rows.
        if self.last_read(request_id).is_none() {
            match tables.promote_what_waits(period(order.week)).await {
                Ok(()) => self.note_read(request_id, None),
                Err(error) => tracing::warn!(error = %error, "cannot promote waiting halves"),
            }
        }
        result
    }
}

impl<S, H> Reporter<S, H> {
    /// `store` has what the report is made of and the marks of sent mails; `by` takes the mails.
    pub fn new(store: S, by: H, now: fn() -> Timestamp) -> Self {
        Self { store, by, now, last_read: Mutex::default() }
    }

    /// What was read for the invocation `request_id`, where it was the last to read.
    fn last_read(&self, request_id: &str) -> Option<LastRead> {
        let last = self.last_read.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone().filter(|last| last.request_id == request_id)
    }

    fn note_read(&self, request_id: &str, report: Option<Arc<Report>>) {
        let request_id = request_id.to_owned();
        let mut last = self.last_read.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some(LastRead { request_id, report });
    }
}

impl<S: ReportSource, H: Transport> Reporter<S, H> {
    /// Makes the report that is ordered, unless it was made for the same `request_id`, and sends it to everybody who has
    /// not got it, as `claimant`: what tells this try from any other. A recipient who got a mail again by the same
    /// `request_id` has got it.
    ///
    /// # Errors
    /// [`ReporterError`].
    pub async fn report(
        &self,
        ReportOrder { week, again }: ReportOrder,
        mailing: &Mailing,
        claimant: String,
        request_id: &str,
    ) -> Result<Reported, ReporterError> {
        let clock = FunctionClock { now: self.now };
        let order = again.then(|| request_id.to_owned());
        let mail = WeeklyMail { store: &self.store, by: &self.by, clock: &clock, claimant, order };
        let recipients = mailing.recipients();
        if !again && mail.is_sent_to_all(week, recipients).await? {
            tracing::info!(week = %week, "all recipients already have this week's mail");
            return Ok(Reported {
                week,
                sent: 0,
                sent_before: recipients.len(),
                interactions: None,
            });
        }
        let now = (self.now)();
        let report = match self.last_read(request_id).and_then(|last| last.report) {
            Some(report) => report,
            None => self.make_report(week, now, request_id).await?,
        };
        let messages = messages(&report, mailing, now)
            .map_err(|source| ReporterError::Message { week, source })?;
        let deliveries = mail.send(messages, again).await;
        summary(week, &deliveries, report.provenance.interactions)
    }

    async fn make_report(
        &self,
        week: IsoWeek,
        now: Timestamp,
        request_id: &str,
    ) -> Result<Arc<Report>, ReporterError> {
        let settings = FigureSettings::load(&self.store).await?;
        let rules = CountingRules::new(settings).map_err(ReportError::from)?;
        self.note_read(request_id, None);
        let report = Arc::new(build_report(&self.store, &rules, week, now).await?.report);
        self.note_read(request_id, Some(Arc::clone(&report)));
        Ok(report)
    }
}

/// One message for each recipient: the same but for the address.
fn messages(
    report: &Report,
    mailing: &Mailing,
    now: Timestamp,
) -> Result<Vec<Message>, MessageError> {
    let from = mailing.sender().to_string();
    let Some(first) = mailing.recipients().first() else { return Ok(Vec::new()) };
    let first = Message::for_report(report, &from, &first.to_string(), now)?;
    let to = |recipient: &_| Message { to: Clone::clone(recipient), ..first.clone() };
    Ok(mailing.recipients().iter().map(to).collect())
}

/// Says in the log what became of each mail, and in the result of them all.
fn summary(
    week: IsoWeek,
    deliveries: &[Delivery],
    interactions: u64,
) -> Result<Reported, ReporterError> {
    let mut reported = Reported { week, sent: 0, sent_before: 0, interactions: Some(interactions) };
    let mut why = Vec::new();
    for (place, Delivery { to, outcome }) in (1..).zip(deliveries) {
        let recipient = recipient_digest(to);
        match outcome {
            Outcome::Sent => {
                reported.sent += 1;
                tracing::info!(week = %week, place, recipient, "a mail was sent");
            }
            Outcome::SentUnnoted(error) => {
                reported.sent += 1;
                tracing::warn!(
                    week = %week, place, recipient, error = %error,
                    "a mail was sent and could not be noted: the next invocation for this week sends it again"
                );
            }
            Outcome::SentBefore => reported.sent_before += 1,
            Outcome::Failed(error) => {
                tracing::warn!(
                    week = %week, place, recipient, error = %error, "cannot send a mail"
                );
                why.push(format!("recipient {place}: {error}"));
            }
        }
    }
    if why.is_empty() {
        return Ok(reported);
    }
    let (failed, of) = (why.len(), deliveries.len());
    Err(ReporterError::NotSent { week, failed, of, why: why.join("; ") })
}

/// The function's clock, and the runtime's sleep.
#[derive(Clone, Copy, Debug)]
struct FunctionClock {
    now: fn() -> Timestamp,
}

impl Clock for FunctionClock {
    fn now(&self) -> Timestamp {
        (self.now)()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

#[cfg(test)]
mod tests;
