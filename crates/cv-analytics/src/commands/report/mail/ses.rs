//! Sending the report through SES, on AWS.

use anyhow::{Context, Result};
use cv_analytics_aws::ses::Ses;
use cv_analytics_core::store::KeyValueStore;
use cv_analytics_insights::model::Report;
use cv_analytics_mail::message::address::MailAddress;
use cv_analytics_mail::message::{Message, Surroundings};

use super::send;
use crate::clock::now;
use crate::install::aws;

/// Sends the report through SES to each of `recipients`, and says what became of each.
pub(crate) async fn send_by_ses(
    store: &dyn KeyValueStore,
    (report, from, surroundings): (&Report, &MailAddress, &Surroundings<'_>),
    recipients: &[MailAddress],
    again: bool,
) -> Result<String> {
    let messages = recipients
        .iter()
        .map(|to| {
            let (from, to) = (from.to_string(), to.to_string());
            Message::in_context(report, &from, &to, now(), surroundings)
        })
        .collect::<Result<Vec<Message>, _>>()
        .context("cannot write the report as a mail")?;
    let ses = Ses::new(aws_sdk_sesv2::Client::new(&aws::sdk_config().await?));
    send(store, &ses, messages, again, "", String::new()).await
}
