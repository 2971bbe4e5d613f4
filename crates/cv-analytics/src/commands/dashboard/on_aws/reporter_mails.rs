//! What the dashboard shows of the weekly mail of an installation on AWS, which its reporter sends.

use anyhow::Result;
use cv_analytics_dashboard::Mails;
use cv_analytics_mail::message::address::addresses;

use crate::commands::report::NO_RECIPIENT;
use crate::install::mail_options::NO_SENDER;

/// The function's mail as far as known here: by `SENDER_EMAIL` and `RECIPIENT_EMAIL`.
pub(crate) fn reporter_mails(sender: Option<&str>, recipients: Option<&str>) -> Result<Mails> {
    let mut way = "On AWS the function cv-analytics-reporter sends it, on Mondays where no other Schedule was \
                   deployed. To send one by hand: cv-analytics report --store dynamodb --send"
        .to_owned();
    if sender.is_none() {
        way += ". The sender below is a stand-in: set SENDER_EMAIL as the function has it";
    }
    let recipients = recipients.unwrap_or(NO_RECIPIENT);
    Ok(Mails::ByTheReporter {
        way,
        sender: sender.unwrap_or(NO_SENDER).parse()?,
        recipient: addresses(recipients).next().unwrap_or(NO_RECIPIENT).parse()?,
    })
}
