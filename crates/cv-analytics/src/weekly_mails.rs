//! What the dashboard shows of the weekly mail, out of a store and the mailing that is set.

use std::error::Error;

use cv_analytics_core::store::{Ledger, Observe};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_dashboard::mail_page::{Mails, MailsError};
use cv_analytics_insights::SkillDictionary;
use cv_analytics_insights::figure_settings::FigureSettings;
use cv_analytics_insights::report::Report;
use cv_analytics_insights::report_builder::build_report;
use cv_analytics_mail::mail_address::MailAddress;
use cv_analytics_mail::mail_state::MailState;
use cv_analytics_mail::mailer::WeekReports;
use cv_analytics_mail::mailing::Mailing;
use cv_analytics_mail::message::Message;

use crate::now;
use crate::report::NO_RECIPIENT;

/// Makes reports out of a store.
#[derive(Clone)]
pub(crate) struct StoreReports<S>(pub(crate) S);

impl<S: Observe + Ledger> WeekReports for StoreReports<S> {
    async fn week_report(&self, week: IsoWeek) -> Result<Report, Box<dyn Error + Send + Sync>> {
        let settings = FigureSettings::load(&self.0).await?;
        let dictionary = tokio::task::spawn_blocking(SkillDictionary::shared).await?;
        Ok(build_report(&self.0, dictionary, &settings, week, now()).await?)
    }
}

/// The mail of one installation.
pub(crate) struct WeeklyMails<S> {
    pub(crate) store: S,
    pub(crate) mailing: Mailing,
    /// The way that mails take, or why none are sent from here.
    pub(crate) way: String,
    pub(crate) started: Timestamp,
}

impl<S: Observe + Ledger + Clone + 'static> Mails for WeeklyMails<S> {
    fn way(&self) -> String {
        self.way.clone()
    }

    fn schedule(&self) -> String {
        self.mailing.schedule.to_string()
    }

    async fn state(&self) -> Result<MailState, MailsError> {
        Ok(MailState::read(&self.store, &self.mailing, self.started, now()).await?)
    }

    fn preview(&self, report: &Report) -> Result<Message, MailsError> {
        let nobody: MailAddress = NO_RECIPIENT.parse()?;
        let recipient = self.mailing.recipients().first().unwrap_or(&nobody);
        Ok(self.mailing.message(report, recipient, now())?)
    }
}
