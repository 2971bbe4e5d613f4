//! Messages refused at the door: what is known of them, and who has to change what.

use cv_analytics_core::intake::refusal::{RefusalReason, Refusals};

use crate::view::text::counted;

/// `12 messages with an unknown access key were refused`.
pub fn refused_messages(refused: &Refusals) -> String {
    let how = match refused.reason {
        RefusalReason::Signature => "with a wrong or missing signature",
        RefusalReason::Key => "with an unknown access key",
        RefusalReason::Region => "signed for another region or service",
        RefusalReason::Host => "sent to an address that this server does not know",
        RefusalReason::Clock => "with a date more than 15 minutes off",
        RefusalReason::Size => "over the limit of 1 MiB",
        RefusalReason::Request => "against a rule of the queue",
        RefusalReason::Token => "with a wrong or missing token",
    };
    let was = if refused.count == 1 { "was" } else { "were" };
    format!("{} {how} {was} refused", counted(refused.count, "message", "messages"))
}

/// How to fix refusals of this reason; only a valid key proves that the sender is the owner's agent.
pub const fn what_to_change(reason: RefusalReason) -> &'static str {
    match reason {
        RefusalReason::Signature => {
            "Give your agent AWS_SECRET_ACCESS_KEY of credentials.env again, and look at how it signs \
             (AWS Signature Version 4). If both are right, another sender sent them."
        }
        RefusalReason::Key => {
            "Give your agent the four secrets in credentials.env again. If it has them, another sender sent \
             them."
        }
        RefusalReason::Region => {
            "Give your agent AWS_REGION of credentials.env again, and sign for the service sqs. If both are \
             right, another sender sent them."
        }
        RefusalReason::Host => {
            "Your agent's key signed them. Start the server with --public-url and the address that your agent \
             sends to, or give your agent AWS_SQS_URL of credentials.env again."
        }
        RefusalReason::Clock => {
            "Set the clocks of the agent's machine and of the server by the network. If both are right, \
             another sender sent them."
        }
        RefusalReason::Size => {
            "Have your agent send less: a message has 1 MiB at most. If it sends less, another sender sent them."
        }
        RefusalReason::Request => {
            "Your agent's key signed them, or its token came with them. Look at what your agent was answered: it \
             names the rule."
        }
        RefusalReason::Token => {
            "Send CV_ANALYTICS_TOKEN of credentials.env to /v1/events as a bearer token. If your sender does, \
             another sender sent them."
        }
    }
}

#[cfg(test)]
mod tests {
    use cv_analytics_core::timestamp::Timestamp;

    use super::*;

    #[test]
    fn every_reason_is_a_sentence() {
        for reason in RefusalReason::ALL {
            let one = Refusals::one(reason, Timestamp::from_millis(0));
            let said = refused_messages(&one);
            assert!(said.starts_with("1 message ") && said.ends_with(" was refused"), "{said}");
            let said = refused_messages(&Refusals { count: 21, ..one });
            assert!(said.starts_with("21 messages ") && said.ends_with(" were refused"), "{said}");
            assert!(what_to_change(reason).ends_with('.'));
        }
    }
}
