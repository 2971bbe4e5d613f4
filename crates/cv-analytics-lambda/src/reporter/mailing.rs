//! Who sends and who receives, out of the function's variables.

use cv_analytics_aws::clients::MissingVariable;
use cv_analytics_mail::message::address::{MailAddress, addresses};
use cv_analytics_mail::weekly_mail::delivery_lease::recipient_digest;

/// The sender and the recipients, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailing {
    sender: MailAddress,
    recipients: Vec<MailAddress>,
}

/// Addresses that cannot be used. Repeats none: it is written to the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailingError {
    /// A variable is missing.
    #[error(transparent)]
    Missing(#[from] MissingVariable),
    /// The sender is none.
    #[error(
        "invalid mail address in SENDER_EMAIL: write it as me@example.com or My Name <me@example.com>"
    )]
    Sender,
    /// A recipient is none.
    #[error(
        "invalid mail address {0} in RECIPIENT_EMAIL: write it as me@example.com or My Name <me@example.com>, several with commas between them"
    )]
    Recipient(usize),
}

impl Mailing {
    /// Reads `SENDER_EMAIL` and `RECIPIENT_EMAIL`, addresses with commas between them.
    ///
    /// # Errors
    /// [`MailingError`].
    pub fn read(sender: Option<&str>, recipients: Option<&str>) -> Result<Self, MailingError> {
        let sender = sender.ok_or(MissingVariable("SENDER_EMAIL"))?;
        let list = recipients.ok_or(MissingVariable("RECIPIENT_EMAIL"))?;
        let sender = sender.trim().parse().map_err(|_| MailingError::Sender)?;
        let mut recipients: Vec<MailAddress> = Vec::new();
        for (place, text) in (1..).zip(addresses(list)) {
            let address = text.parse().map_err(|_| MailingError::Recipient(place))?;
            let mailbox = recipient_digest(&address);
            if !recipients.iter().any(|there| recipient_digest(there) == mailbox) {
                recipients.push(address);
            }
        }
        if recipients.is_empty() {
            return Err(MissingVariable("RECIPIENT_EMAIL").into());
        }
        Ok(Self { sender, recipients })
    }

    /// Who sends.
    pub fn sender(&self) -> &MailAddress {
        &self.sender
    }

    /// Who receives: one at least.
    pub fn recipients(&self) -> &[MailAddress] {
        &self.recipients
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(recipients: &str, expect: &str) {
        let mailing = Mailing::read(Some("CV Analytics <cv@example.com>"), Some(recipients));
        let read = mailing.map_or_else(
            |error| error.to_string(),
            |mailing| {
                let texts: Vec<_> = mailing.recipients().iter().map(ToString::to_string).collect();
                texts.join(" | ")
            },
        );
        assert_eq!(read, expect, "{recipients}");
    }

    #[test]
    fn recipients_are_read_with_commas_between_them_each_once() {
        check("a@example.org", "a@example.org");
        check(" a@example.org, B <b@example.org> ,", "a@example.org | B <b@example.org>");
        check("\"B, C\" <b@example.org>,a@example.org", "B, C <b@example.org> | a@example.org");
        check("a@example.org,Me <A@example.org>,b@example.org", "a@example.org | b@example.org");
    }

    #[test]
    fn what_cannot_be_used_is_named_by_its_place() {
        let ending = "write it as me@example.com or My Name <me@example.com>";
        check(
            "a@example.org,someone",
            &format!(
                "invalid mail address 2 in RECIPIENT_EMAIL: {ending}, several with commas between them"
            ),
        );
        check(
            " , ",
            "missing variable RECIPIENT_EMAIL: it comes with the function's configuration",
        );
        let sender = Mailing::read(Some("someone"), Some("a@example.org")).unwrap_err();
        assert_eq!(sender.to_string(), format!("invalid mail address in SENDER_EMAIL: {ending}"));
        let sender = Mailing::read(None, Some("a@example.org")).unwrap_err();
        assert!(sender.to_string().starts_with("missing variable SENDER_EMAIL"));
    }
}
