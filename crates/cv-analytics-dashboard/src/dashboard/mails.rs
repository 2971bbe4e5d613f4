//! The weekly mail: what is set, how it stands, and what would be sent.

use cv_analytics_core::store::Store;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::model::Report;
use cv_analytics_mail::message::Message;
use cv_analytics_mail::message::address::MailAddress;
use cv_analytics_mail::schedule::MailState;
use cv_analytics_mail::schedule::mailing::Mailing;
use serde::Serialize;

use crate::page::PageError;

/// Whom the preview is addressed to where nobody gets mails.
const NOBODY: &str = "owner@localhost.localdomain";

/// The weekly mail, by who sends it.
#[derive(Clone, Debug)]
pub enum Mails {
    /// This program does.
    FromHere {
        /// The way that mails take, in words (`through mail.example.org:587`), or why none are sent.
        way: String,
        /// Who gets it, when, and in which form.
        mailing: Box<Mailing>,
        /// Since when the program runs: a start tries anew what failed.
        started: Timestamp,
    },
    /// The function on AWS does, which knows whom it goes to and when.
    ByTheReporter {
        /// That it does, in words.
        way: String,
        /// The sender, or a stand-in.
        sender: MailAddress,
        /// A recipient, or a stand-in.
        recipient: MailAddress,
    },
}

/// Who gets the mail and when, as the page of settings shows it.
#[derive(Serialize)]
pub(crate) struct MailSettings {
    way: String,
    schedule: String,
    recipients: Vec<String>,
    /// Whether this program sends it: its options change what is shown.
    is_from_here: bool,
}

impl Mails {
    /// What is set, and where it is changed.
    pub(crate) fn settings(&self) -> MailSettings {
        let recipients = match self {
            Self::FromHere { mailing, .. } => mailing.recipients(),
            Self::ByTheReporter { .. } => &[],
        };
        MailSettings {
            way: self.way().to_owned(),
            schedule: self.schedule(),
            recipients: recipients.iter().map(ToString::to_string).collect(),
            is_from_here: matches!(self, Self::FromHere { .. }),
        }
    }

    /// The way that mails take, in words.
    pub(crate) fn way(&self) -> &str {
        match self {
            Self::FromHere { way, .. } | Self::ByTheReporter { way, .. } => way,
        }
    }

    /// When they are sent, in words.
    pub(crate) fn schedule(&self) -> String {
        match self {
            Self::FromHere { mailing, .. } => mailing.schedule.to_string(),
            Self::ByTheReporter { .. } => "as it was deployed".to_owned(),
        }
    }

    /// How the mail of the last week that is over stands.
    pub(crate) async fn state(
        &self,
        store: &dyn Store,
        now: Timestamp,
    ) -> Result<MailState, PageError> {
        match self {
            Self::FromHere { mailing, started, .. } => {
                let state = MailState::read(store, mailing, *started, now).await;
                state.map_err(|error| PageError::Mail(error.to_string()))
            }
            Self::ByTheReporter { .. } => {
                let week = IsoWeek::last_closed(now);
                Ok(MailState { week, recipients: Vec::new(), next: None })
            }
        }
    }

    /// The mail of `report`, as it would be sent now to the first recipient.
    pub(crate) fn preview(&self, report: &Report, now: Timestamp) -> Result<Message, PageError> {
        let message = match self {
            Self::FromHere { mailing, .. } => {
                let nobody = NOBODY.parse::<MailAddress>();
                let nobody = nobody.map_err(|error| PageError::Mail(error.to_string()))?;
                mailing.message(report, mailing.recipients().first().unwrap_or(&nobody), now)
            }
            Self::ByTheReporter { sender, recipient, .. } => {
                Message::for_report(report, &sender.to_string(), &recipient.to_string(), now)
            }
        };
        message.map_err(|error| PageError::Mail(error.to_string()))
    }
}
