//! Who gets the weekly mail, from whom, when, and how they leave the list.

use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::model::Report;
use cv_analytics_insights::view::links::DashboardAddress;
use cv_analytics_insights::view::render::owner_template::MailTemplate;

use crate::message::address::MailAddress;
use crate::message::unsubscribe::{HttpsLink, Unsubscribe};
use crate::message::unsubscribe_key::UnsubscribeKey;
use crate::message::{Message, MessageError, Surroundings};
use crate::schedule::Schedule;
use crate::weekly_mail::delivery_lease::recipient_digest;

/// The weekly mail of one installation.
#[derive(Clone, Debug)]
pub struct Mailing {
    /// Who sends.
    pub sender: MailAddress,
    /// When, in UTC.
    pub schedule: Schedule,
    /// Where the owner and the recipients reach the server, where it is known.
    pub public_address: Option<String>,
    /// Where the mail's numbers link to: the server's pages at the public address, unless it is set.
    pub dashboard: Option<DashboardAddress>,
    /// The owner's own form of the mail.
    pub template: MailTemplate,
    /// Whether it shows what the agent answered, beside a gap's questions.
    pub answers: bool,
    /// From what the recipients' links are made; without it they leave by a mail to the sender.
    pub unsubscribe_key: Option<UnsubscribeKey>,
    recipients: Vec<MailAddress>,
}

impl Mailing {
    /// A mailing to `recipients`, each of them once.
    pub fn new(
        sender: MailAddress,
        recipients: impl IntoIterator<Item = MailAddress>,
        schedule: Schedule,
        public_address: Option<String>,
        unsubscribe_key: Option<UnsubscribeKey>,
    ) -> Self {
        let mut once: Vec<MailAddress> = Vec::new();
        for recipient in recipients {
            let digest = recipient_digest(&recipient);
            if !once.iter().any(|there| recipient_digest(there) == digest) {
                once.push(recipient);
            }
        }
        let dashboard = public_address.as_ref().and_then(|address| address.parse().ok());
        Self {
            sender,
            schedule,
            public_address,
            dashboard,
            template: MailTemplate::default(),
            answers: false,
            unsubscribe_key,
            recipients: once,
        }
    }

    /// Who receives, each once.
    pub fn recipients(&self) -> &[MailAddress] {
        &self.recipients
    }

    /// When the mail of `week` is due: at the first moment of the schedule after the week's end.
    pub fn due(&self, week: IsoWeek) -> Option<Timestamp> {
        self.schedule.next_from(week.end())
    }

    /// When the next report comes after that of `week`.
    pub fn due_after(&self, week: IsoWeek) -> Option<Timestamp> {
        self.due(week.later(1))
    }

    /// How `recipient` unsubscribes: by one click where the server has a public address, else by a mail to the sender.
    pub fn unsubscribe(&self, recipient: &MailAddress) -> Unsubscribe {
        let link = self.public_address.as_ref().zip(self.unsubscribe_key.as_ref());
        let link = link.and_then(|(address, key)| {
            let (address, token) = (address.trim_end_matches('/'), key.token(recipient));
            HttpsLink::new(&format!("{address}/unsubscribe/{token}")).ok()
        });
        link.map_or_else(|| Unsubscribe::Mail(self.sender.clone()), Unsubscribe::Link)
    }

    /// The mail with `report` to `recipient`.
    ///
    /// # Errors
    /// [`MessageError`].
    pub fn message(
        &self,
        report: &Report,
        recipient: &MailAddress,
        date: Timestamp,
    ) -> Result<Message, MessageError> {
        let (from, to) = (self.sender.to_string(), recipient.to_string());
        let week: IsoWeek = report.week.parse()?;
        let surroundings = Surroundings {
            dashboard: self.dashboard.as_ref(),
            next_report: self.due_after(week),
            unsubscribe: Some(self.unsubscribe(recipient)),
            template: Some(&self.template),
            answers: self.answers,
        };
        Message::in_context(report, &from, &to, date, &surroundings)
    }
}
