//! The weekly mail as an RFC 5322 message: the plain text and the HTML as alternatives.

pub mod address;
pub mod unsubscribe;
pub mod unsubscribe_key;

use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::{IsoWeek, WeekError};
use cv_analytics_insights::model::Report;
use cv_analytics_insights::view::links::{DashboardAddress, Links};
use cv_analytics_insights::view::render::RenderError;
use cv_analytics_insights::view::render::owner_template::{
    MailContext, MailTemplate, MailTemplateError,
};
use mail_builder::MessageBuilder;
use mail_builder::headers::HeaderType;
use mail_builder::headers::address::Address;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::date::Date;
use mail_builder::headers::raw::Raw;
use mail_builder::headers::text::Text;
use mail_builder::headers::url::URL;
use mail_builder::mime::MimePart;
use sha2::{Digest, Sha256};

use crate::message::address::{MailAddress, MailAddressError};
use crate::message::unsubscribe::Unsubscribe;

/// One mail to one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The week that the mail reports.
    pub week: IsoWeek,
    /// What the mail is about: the week, and its news in a few words.
    pub subject: String,
    /// Who sends.
    pub from: MailAddress,
    /// Who receives.
    pub to: MailAddress,
    /// The report as HTML.
    pub html: String,
    /// The report as plain text.
    pub text: String,
    /// How the recipient leaves the list.
    pub unsubscribe: Unsubscribe,
    /// When it is sent, to the second.
    pub date: Timestamp,
    /// Why a form is the built-in one, although the owner has a template.
    pub faults: Vec<MailTemplateError>,
}

/// What surrounds a report in a mail.
#[derive(Clone, Debug, Default)]
pub struct Surroundings<'a> {
    /// Where the recipient reaches the dashboard: numbers link to it.
    pub dashboard: Option<&'a DashboardAddress>,
    /// When the next report is due.
    pub next_report: Option<Timestamp>,
    /// How the recipient leaves the list [default: by a mail to the sender].
    pub unsubscribe: Option<Unsubscribe>,
    /// The owner's own form of the mail. Where it fails on this report the built-in one stands in,
    /// and [`Message::faults`] says why.
    pub template: Option<&'a MailTemplate>,
    /// Whether it shows what the agent answered, beside a gap's questions.
    pub answers: bool,
}

/// Why a message cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// The sender or the recipient is not an address.
    #[error(transparent)]
    Address(#[from] MailAddressError),
    /// The report names no week.
    #[error(transparent)]
    Week(#[from] WeekError),
    /// The report cannot be written in one of its forms.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The message cannot be written.
    #[error("cannot write the message: {0}")]
    Write(#[from] std::io::Error),
}

/// The subject of a week's mail, with its news where there is any:
/// `CV Analytics Weekly Report - Week [2026-W47]: can't answer GraphQL again, 7 of 8 questions`.
pub fn subject(week: IsoWeek, news: Option<&str>) -> String {
    let news = news.map(|news| format!(": {news}")).unwrap_or_default();
    format!("CV Analytics Weekly Report - Week [{week}]{news}")
}

impl Message {
    /// The mail of `report` without a dashboard, which the recipient leaves by a mail to the sender.
    ///
    /// # Errors
    /// [`MessageError::Address`] or [`MessageError::Week`] where one of them cannot be read.
    pub fn for_report(
        report: &Report,
        from: &str,
        to: &str,
        date: Timestamp,
    ) -> Result<Self, MessageError> {
        Self::in_context(report, from, to, date, &Surroundings::default())
    }

    /// The mail of `report` with what surrounds it; its last line and its header name the same way
    /// out of the list.
    ///
    /// # Errors
    /// [`MessageError::Address`] or [`MessageError::Week`] where one of them cannot be read.
    pub fn in_context(
        report: &Report,
        from: &str,
        to: &str,
        date: Timestamp,
        surroundings: &Surroundings<'_>,
    ) -> Result<Self, MessageError> {
        let from = from.parse::<MailAddress>()?;
        let unsubscribe =
            surroundings.unsubscribe.clone().unwrap_or_else(|| Unsubscribe::Mail(from.clone()));
        let context = MailContext {
            links: Links::from(surroundings.dashboard.cloned()),
            next_report: surroundings.next_report,
            unsubscribe: Some(unsubscribe.address()),
            answers: surroundings.answers,
        };
        let built_in = MailTemplate::default();
        let body = surroundings.template.unwrap_or(&built_in).render(report, &context)?;
        let week = report.week.parse()?;
        Ok(Self {
            week,
            subject: subject(week, body.news.as_deref()),
            to: to.parse()?,
            html: body.html,
            text: body.text,
            unsubscribe,
            from,
            date,
            faults: body.warnings,
        })
    }

    /// The whole message with CRLF line ends: `multipart/alternative`, the text first. The same
    /// message gives the same bytes: its id and its boundary are digests of it.
    ///
    /// # Errors
    /// [`MessageError::Write`]; none in practice.
    pub fn to_eml(&self) -> Result<Vec<u8>, MessageError> {
        let digest = self.digest();
        // "=_" stands in no quoted-printable or base64 line, so no body can hold the boundary.
        let alternatives =
            ContentType::new("multipart/alternative").attribute("boundary", format!("=_{digest}"));
        let parts = vec![
            MimePart::new("text/plain", self.text.as_str()),
            MimePart::new("text/html", self.html.as_str()),
        ];
        let mut message = MessageBuilder::new()
            .date(Date::new(self.date.as_millis().div_euclid(1000)))
            .from(header_address(&self.from))
            .to(header_address(&self.to))
            .header("Subject", self.subject_header())
            .message_id(format!("{digest}@{}", self.from.domain()))
            .header("List-Unsubscribe", URL::new(self.unsubscribe.address()));
        if self.unsubscribe.is_one_click() {
            message =
                message.header("List-Unsubscribe-Post", Raw::new("List-Unsubscribe=One-Click"));
        }
        Ok(message
            .header("Auto-Submitted", Raw::new("auto-generated"))
            .header("MIME-Version", HeaderType::from(Raw::new("1.0")))
            .body(MimePart::new(alternatives, parts))
            .write_to_vec()?)
    }

    /// The subject: folded where it is plain ASCII, which every reader and filter can search, else encoded (RFC 2047).
    fn subject_header(&self) -> HeaderType<'_> {
        let is_plain = self.subject.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if is_plain && !self.subject.contains("=?") {
            HeaderType::from(Raw::new(self.subject.as_str()))
        } else {
            HeaderType::from(Text::new(self.subject.as_str()))
        }
    }

    /// 32 hexadecimal digits that differ for every other message.
    fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for part in [
            self.subject.as_str(),
            &self.from.to_string(),
            &self.to.to_string(),
            &self.unsubscribe.address(),
            &self.date.as_millis().to_string(),
            &self.text,
            &self.html,
        ] {
            hash.update(part.len().to_string());
            hash.update(":");
            hash.update(part);
        }
        let mut digits = hex::encode(hash.finalize());
        digits.truncate(32);
        digits
    }
}

fn header_address(address: &MailAddress) -> Address<'_> {
    Address::new_address(address.name(), address.address())
}
