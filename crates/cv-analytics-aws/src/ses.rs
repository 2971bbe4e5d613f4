//! Mail through SES: one raw message a call, and what a refusal asks the owner to do.

use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::config::Config;
use aws_sdk_sesv2::config::http::HttpResponse;
use aws_sdk_sesv2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use aws_sdk_sesv2::primitives::Blob;
use aws_sdk_sesv2::types::{Destination, EmailContent, RawMessage};
use aws_smithy_types::timeout::TimeoutConfig;
use cv_analytics_mail::message::Message;
use cv_analytics_mail::transport::{
    TRANSPORT_TIMEOUT, Transport, TransportError, without_addresses,
};

use crate::clients::CALL_TIMEOUT;
use crate::clients::sdk_failure;

/// What marks a mail as being sent gives up on a hand-over after this, and may send it again.
const _: () = assert!(CALL_TIMEOUT.as_secs() <= TRANSPORT_TIMEOUT.as_secs());

/// SES in one region, behind one client.
#[derive(Clone, Debug)]
pub struct Ses {
    client: Client,
}

impl Ses {
    /// SES as `client` reaches it.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    async fn send(&self, message: &Message) -> Result<(), TransportError> {
        let eml = message
            .to_eml()
            .map_err(|error| TransportError::caused("cannot write the mail as a message", error))?;
        let raw = RawMessage::builder()
            .data(Blob::new(eml))
            .build()
            .map_err(|error| TransportError::caused("cannot write the mail for SES", error))?;
        // SES has no token by which it knows a repeated call, so an attempt gets the whole time:
        // one that is cut off may have been taken.
        let patient = TimeoutConfig::builder().operation_attempt_timeout(CALL_TIMEOUT).build();
        self.client
            .send_email()
            .from_email_address(message.from.address())
            .destination(Destination::builder().to_addresses(message.to.address()).build())
            .content(EmailContent::builder().raw(raw).build())
            .customize()
            .config_override(Config::builder().timeout_config(patient))
            .send()
            .await
            .map_err(|error| {
                TransportError::caused(self.sentence(&error, message), Code::of(&error))
            })?;
        Ok(())
    }

    /// What to do about `error`, in a sentence without addresses.
    fn sentence(
        &self,
        error: &SdkError<SendEmailError, HttpResponse>,
        message: &Message,
    ) -> String {
        let region = self.client.config().region().map_or("this region", |region| region.as_ref());
        match error {
            SdkError::ServiceError(answer) => {
                let code = answer.err().code().unwrap_or("an answer without a code");
                let words = answer.err().message().unwrap_or_default();
                refusal(code, words, region, message)
            }
            SdkError::TimeoutError(_) => format!(
                "SES in {region} did not answer within {} s: try again",
                CALL_TIMEOUT.as_secs()
            ),
            SdkError::DispatchFailure(_) => format!(
                "cannot reach SES in {region}: check AWS_REGION, that SES is available there, and outbound network access"
            ),
            _ => format!("cannot read the answer of SES in {region}: try again"),
        }
    }
}

impl Transport for Ses {
    async fn hand_over(&self, message: &Message) -> Result<(), TransportError> {
        self.send(message).await
    }
}

/// AWS's code of a failure: all of it that a log may keep, since SES's own words name addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("SendEmail failed ({0})")]
pub struct Code(String);

impl Code {
    fn of(error: &SdkError<SendEmailError, HttpResponse>) -> Self {
        Self(sdk_failure::code(error))
    }
}

/// What to do about a refusal (<https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html>,
/// <https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-error-messages.html>).
fn refusal(code: &str, words: &str, region: &str, message: &Message) -> String {
    let said = words.to_lowercase();
    match code {
        "MessageRejected"
            if said.contains("not verified") || said.contains("authority to send") =>
        {
            unverified(&said, region, message)
        }
        "MessageRejected" => format!("SES rejects the message ({})", without_addresses(words)),
        "MailFromDomainNotVerifiedException" => format!(
            "the sender's MAIL FROM domain is not set up in SES in {region}: add the MX record that its page shows, or choose SES's own domain there"
        ),
        "AccountSuspendedException" => format!(
            "AWS has ended this account's sending through SES in {region}: answer the case that AWS Support opened"
        ),
        "SendingPausedException" => format!(
            "sending is paused in SES in {region}: its account dashboard says why; fix that and resume"
        ),
        "TooManyRequestsException"
        | "LimitExceededException"
        | "ThrottlingException"
        | "Throttling"
            if said.contains("daily") || said.contains("quota") =>
        {
            format!(
                "the day's quota of SES in {region} is used up: try again tomorrow, or ask AWS for more"
            )
        }
        "TooManyRequestsException"
        | "LimitExceededException"
        | "ThrottlingException"
        | "Throttling" => {
            format!("SES in {region} takes no more mails for the moment: try again in a minute")
        }
        "AccessDeniedException" | "AccessDenied" => format!(
            "no permission to send through SES in {region}: give the role that calls ses:SendEmail and ses:SendRawEmail on the sender's identity, and in the sandbox on the recipient's"
        ),
        "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "ExpiredTokenException"
        | "ExpiredToken"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "IncompleteSignature" => format!(
            "AWS does not accept the credentials ({code}): sign in again, or set AWS_PROFILE"
        ),
        "BadRequestException" | "NotFoundException" => {
            format!("SES in {region} cannot use the message ({})", without_addresses(words))
        }
        _ => format!("SES in {region} failed for now ({code}): try again"),
    }
}

/// Which of the two is not verified: SES lists them, both in any case.
fn unverified(said: &str, region: &str, message: &Message) -> String {
    let names = |address: &str| said.contains(&address.to_lowercase());
    let sender = format!(
        "the sender is not verified in SES in {region}: verify SENDER_EMAIL, or its domain, there"
    );
    let recipient = format!(
        "the account is in SES's sandbox in {region}, which sends only to verified recipients: verify the recipient there, or ask AWS for production access"
    );
    match (names(message.from.address()), names(message.to.address())) {
        (true, true) => format!("{sender}; {recipient}"),
        (false, true) => recipient,
        _ => sender,
    }
}

#[cfg(test)]
mod tests;
