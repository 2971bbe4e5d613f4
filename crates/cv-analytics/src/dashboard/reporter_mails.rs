//! What the dashboard shows of the weekly mail of an installation on AWS, which its reporter sends.

use cv_analytics_core::week::IsoWeek;
use cv_analytics_dashboard::mail_page::{Mails, MailsError};
use cv_analytics_insights::report::Report;
use cv_analytics_mail::mail_address::{MailAddress, addresses};
use cv_analytics_mail::mail_state::MailState;
use cv_analytics_mail::message::Message;

use crate::mail_options::NO_SENDER;
use crate::now;
use crate::report::NO_RECIPIENT;

/// The mail as the function writes it, as far as it is known here.
pub(crate) struct ReporterMails {
    /// The function's `SENDER_EMAIL`, where it is set here too.
    pub(crate) sender: Option<String>,
    /// Its `RECIPIENT_EMAIL`, likewise.
    pub(crate) recipients: Option<String>,
}

impl Mails for ReporterMails {
    fn way(&self) -> String {
        let mut way = "On AWS the function cv-analytics-reporter sends it, on Mondays where no other Schedule was \
                       deployed. To send one by hand: cv-analytics report --store dynamodb --send"
            .to_owned();
        if self.sender.is_none() {
            way += ". The sender below is a stand-in: set SENDER_EMAIL as the function has it";
        }
        way
    }

    fn schedule(&self) -> String {
        "as it was deployed".to_owned()
    }

    /// Who gets it is the function's to know.
    async fn state(&self) -> Result<MailState, MailsError> {
        let week = IsoWeek::last_closed(now());
        Ok(MailState { week, recipients: Vec::new(), next: None })
    }

    fn preview(&self, report: &Report) -> Result<Message, MailsError> {
        let sender: MailAddress = self.sender.as_deref().unwrap_or(NO_SENDER).parse()?;
        let recipients = self.recipients.as_deref().unwrap_or(NO_RECIPIENT);
        let recipient = addresses(recipients).next().unwrap_or(NO_RECIPIENT);
        Ok(Message::for_report(report, &sender.to_string(), recipient, now())?)
    }
}
