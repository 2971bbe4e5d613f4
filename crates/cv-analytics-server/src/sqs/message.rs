//! One message on its way into the FIFO queue, and the rules that SQS has for it.

use std::borrow::Cow;

use cv_analytics_core::store::DeduplicationId;
use md5::Md5;
use sha2::{Digest, Sha256};

use super::attribute::{Attributes, MessageKind, has_valid_characters};
use super::error::{SqsError, shown};

/// The most bytes of body and attributes, of a message and of a batch: 1 MiB.
pub(crate) const MAX_MESSAGE_BYTES: usize = 1024 * 1024;
const MAX_ID_CHARS: usize = 128;

/// A message as a client sent it, in either protocol.
#[derive(Debug, Default)]
pub(crate) struct Message<'r> {
    pub(crate) body: Option<Cow<'r, str>>,
    pub(crate) group_id: Option<Cow<'r, str>>,
    pub(crate) deduplication_id: Option<Cow<'r, str>>,
    pub(crate) delay_seconds: Option<i64>,
    pub(crate) attributes: Attributes<'r>,
    pub(crate) system_attributes: Attributes<'r>,
}

/// A message of a batch, under the client's id.
#[derive(Debug, Default)]
pub(crate) struct BatchEntry<'r> {
    pub(crate) id: Option<Cow<'r, str>>,
    pub(crate) message: Message<'r>,
}

/// A message that the queue takes, with what its answer says about it.
#[derive(Debug)]
pub(crate) struct AcceptedMessage<'m> {
    pub(crate) body: &'m str,
    pub(crate) group_id: &'m str,
    pub(crate) deduplication_id: DeduplicationId,
    pub(crate) digests: Digests,
}

/// What a client compares with its own count: MD5 in hexadecimal.
#[derive(Debug)]
pub(crate) struct Digests {
    pub(crate) body: String,
    pub(crate) attributes: Option<String>,
    pub(crate) system_attributes: Option<String>,
}

impl Message<'_> {
    /// Bytes that count against SQS's limit: the body, and names, types and values of attributes.
    pub(crate) fn size(&self) -> usize {
        self.body.as_deref().unwrap_or_default().len() + self.attributes.size()
    }

    /// Holds the message against the rules of a FIFO queue with content-based deduplication.
    pub(crate) fn accept(&self) -> Result<AcceptedMessage<'_>, SqsError> {
        let Some(body) = self.body.as_deref().filter(|body| !body.is_empty()) else {
            return Err(SqsError::missing_parameter("MessageBody"));
        };
        if !has_valid_characters(body) {
            return Err(SqsError::invalid_contents());
        }
        self.attributes.check(MessageKind::Own)?;
        self.system_attributes.check(MessageKind::System)?;
        if self.size() > MAX_MESSAGE_BYTES {
            return Err(SqsError::message_too_long(MAX_MESSAGE_BYTES));
        }
        let Some(group_id) = self.group_id.as_deref() else {
            return Err(SqsError::missing_parameter("MessageGroupId"));
        };
        check_id("MessageGroupId", group_id)?;
        if let Some(delay) = self.delay_seconds.filter(|&delay| delay != 0) {
            return Err(SqsError::invalid_parameter(format!(
                "Value {delay} for parameter DelaySeconds is invalid. Reason: The request include parameter that is \
                 not valid for this queue type."
            )));
        }
        let deduplication_id = match self.deduplication_id.as_deref() {
            Some(id) => {
                check_id("MessageDeduplicationId", id)?;
                hashed(id)
            }
            // As SQS does: the id is the body's SHA-256.
            None => hashed(&hex::encode(Sha256::digest(body))),
        };
        let digests = Digests {
            body: hex::encode(Md5::digest(body)),
            attributes: self.attributes.md5(),
            system_attributes: self.system_attributes.md5(),
        };
        Ok(AcceptedMessage { body, group_id, deduplication_id, digests })
    }
}

fn hashed(id: &str) -> DeduplicationId {
    let digest = Sha256::digest(id);
    let leading = digest.first_chunk::<16>().copied().unwrap_or_default();
    DeduplicationId(u128::from_be_bytes(leading))
}

/// 1 to 128 letters, digits and punctuation marks of ASCII.
fn check_id(name: &str, id: &str) -> Result<(), SqsError> {
    let valid =
        (1..=MAX_ID_CHARS).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    if valid {
        return Ok(());
    }
    Err(SqsError::invalid_parameter(format!(
        "Value {} for parameter {name} is invalid. Reason: {name} can only include alphanumeric and punctuation \
         characters. 1 to 128 in length.",
        shown(id)
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message<'m>(body: &'m str, group_id: &'m str) -> Message<'m> {
        Message { body: Some(body.into()), group_id: Some(group_id.into()), ..Message::default() }
    }

    fn check(message: &Message<'_>, expect: &str) {
        assert_eq!(
            message.accept().map_or_else(|error| error.code, |_| "accepted"),
            expect,
            "{message:?}"
        );
    }

    #[test]
    fn the_rules_of_a_fifo_queue_hold() {
        check(&message("{}", "g"), "accepted");
        check(&message("", "g"), "MissingParameter");
        check(&Message { body: None, ..message("", "g") }, "MissingParameter");
        check(&Message { group_id: None, ..message("{}", "") }, "MissingParameter");
        check(&message("{}", ""), "InvalidParameterValue");
        check(&message("{}", &"g".repeat(128)), "accepted");
        check(&message("{}", &"g".repeat(129)), "InvalidParameterValue");
        check(&message("{}", "with blank"), "InvalidParameterValue");
        check(&message("{}", "gr\u{fc}n"), "InvalidParameterValue");
        check(&message("{}", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"), "accepted");
        check(
            &Message { deduplication_id: Some("".into()), ..message("{}", "g") },
            "InvalidParameterValue",
        );
        check(
            &Message { deduplication_id: Some("a b".into()), ..message("{}", "g") },
            "InvalidParameterValue",
        );
        check(
            &Message { deduplication_id: Some("a:query".into()), ..message("{}", "g") },
            "accepted",
        );
        check(&Message { delay_seconds: Some(0), ..message("{}", "g") }, "accepted");
        check(&Message { delay_seconds: Some(5), ..message("{}", "g") }, "InvalidParameterValue");
        check(&message("tab\tline\r\n", "g"), "accepted");
        check(&message("nul \0", "g"), "InvalidMessageContents");
        check(&message("bell \u{7}", "g"), "InvalidMessageContents");
        check(&message("\u{fffe}", "g"), "InvalidMessageContents");
        check(&message("\u{ffff}", "g"), "InvalidMessageContents");
        check(&message("\u{feff}\u{fffd}\u{1fffe}\u{202e}", "g"), "accepted");
        check(&message(&"x".repeat(MAX_MESSAGE_BYTES), "g"), "accepted");
        check(&message(&"x".repeat(MAX_MESSAGE_BYTES + 1), "g"), "InvalidParameterValue");
    }

    #[test]
    fn without_an_id_the_content_decides() {
        let id = |message: &Message<'_>| message.accept().unwrap().deduplication_id;
        let by_content = id(&message("{}", "g"));
        let hash = hex::encode(Sha256::digest("{}"));
        assert_eq!(by_content, id(&message("{}", "another-group")));
        assert_eq!(
            by_content,
            id(&Message { deduplication_id: Some(hash.into()), ..message("other", "g") })
        );
        assert_ne!(by_content, id(&message("{ }", "g")));
    }
}
