//! SES: whether the sender may send, and whom it may send to.

use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::types::VerificationStatus;

use super::Account;
use super::calls::call_error::CallError;
use crate::commands::doctor::check::Check;
use crate::install::variable;

const SENDER: &str = "sender";
const RECIPIENTS: &str = "recipients";

/// Looks at the sender's identity, and at the recipients' where the account is in the sandbox.
pub(crate) async fn check(
    account: &Account,
    sender: Option<&str>,
    recipients: Option<&str>,
) -> Vec<Check> {
    let client = Client::new(&account.sdk);
    let sender = sender.map(str::to_owned).or_else(|| variable("SENDER_EMAIL"));
    let mut checks = vec![match sender {
        Some(sender) => self::sender(&client, sender.trim()).await,
        None => Check::skipped(SENDER, "neither the reporter nor SENDER_EMAIL here names one"),
    }];
    let recipients = recipients.map(str::to_owned).or_else(|| variable("RECIPIENT_EMAIL"));
    checks.push(match recipients {
        Some(recipients) => self::recipients(&client, &recipients).await,
        None => {
            Check::skipped(RECIPIENTS, "neither the reporter nor RECIPIENT_EMAIL here names one")
        }
    });
    checks
}

async fn sender(client: &Client, sender: &str) -> Check {
    match is_verified(client, sender).await {
        Ok(true) => Check::ok(SENDER, format!("{sender} is verified")),
        Ok(false) => {
            Check::fail(SENDER, format!("SES does not know {sender} as verified"), verify(sender))
        }
        Err(error) => error.inconclusive(SENDER),
    }
}

async fn recipients(client: &Client, recipients: &str) -> Check {
    let answer = match client.get_account().send().await {
        Ok(answer) => answer,
        Err(error) => return CallError::of_sdk("ses:GetAccount", &error).inconclusive(RECIPIENTS),
    };
    if !answer.sending_enabled {
        let status = answer.enforcement_status.as_deref().unwrap_or("paused");
        let message = format!("SES sends nothing for this account ({status})");
        return Check::fail(
            RECIPIENTS,
            message,
            "look at the mails from AWS, and into SES's console",
        );
    }
    let listed = recipients.split(',').map(str::trim).filter(|address| !address.is_empty());
    if answer.production_access_enabled {
        return Check::ok(
            RECIPIENTS,
            format!("{} of them, and the account is out of SES's sandbox", listed.count()),
        );
    }
    let mut verified = 0;
    for recipient in listed {
        match is_verified(client, recipient).await {
            Ok(true) => verified += 1,
            Ok(false) => {
                let message = format!(
                    "the account is in SES's sandbox, and {recipient} is not verified: it gets no mail"
                );
                let fix =
                    format!("{}; or ask for production access in SES's console", verify(recipient));
                return Check::fail(RECIPIENTS, message, fix);
            }
            Err(error) => return error.inconclusive(RECIPIENTS),
        }
    }
    Check::ok(
        RECIPIENTS,
        format!("the account is in SES's sandbox, and all {verified} are verified"),
    )
}

/// Whether SES takes an address, by itself, by its domain or by a domain above that
/// (<https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html>).
async fn is_verified(client: &Client, address: &str) -> Result<bool, CallError> {
    // `Name <address>` is a sender too.
    let address = address.rsplit('<').next().unwrap_or(address).trim_end_matches('>').trim();
    let domain = address.rsplit('@').next().unwrap_or(address);
    let domains = std::iter::successors(Some(domain), |domain| Some(domain.split_once('.')?.1))
        .filter(|domain| domain.contains('.'));
    for identity in std::iter::once(address).chain(domains) {
        match client.get_email_identity().email_identity(identity).send().await {
            Ok(answer)
                if answer.verified_for_sending_status
                    || answer.verification_status == Some(VerificationStatus::Success) =>
            {
                return Ok(true);
            }
            Ok(_) => {}
            Err(error) => match CallError::of_sdk("ses:GetEmailIdentity", &error) {
                CallError::NotFound => {}
                error => return Err(error),
            },
        }
    }
    Ok(false)
}

fn verify(address: &str) -> String {
    format!(
        "follow the link in the mail from SES; without one: aws sesv2 create-email-identity --email-identity {address}"
    )
}
