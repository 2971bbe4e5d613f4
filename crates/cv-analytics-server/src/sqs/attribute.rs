//! Message attributes: SQS's rules for them, and the digest that clients check.

use std::borrow::Cow;

use md5::Md5;
use sha2::Digest;

use super::error::{SqsError, shown};

const MAX_ATTRIBUTES: usize = 10;
const MAX_NAME_CHARS: usize = 256;

/// Attributes of one message by name.
#[derive(Debug, Default)]
pub(crate) struct Attributes<'r>(pub(crate) Vec<(Cow<'r, str>, AttributeValue<'r>)>);

/// An attribute's value as a client sent it.
#[derive(Debug, Default)]
pub(crate) struct AttributeValue<'r> {
    pub(crate) data_type: Option<Cow<'r, str>>,
    pub(crate) string: Option<Cow<'r, str>>,
    pub(crate) binary: Option<Vec<u8>>,
    /// Whether it came with `StringListValues` or `BinaryListValues`, which SQS reserves.
    pub(crate) has_list: bool,
}

/// Whose attributes they are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum MessageKind {
    /// The sender's own.
    Own,
    /// Those that SQS knows: `AWSTraceHeader`.
    System,
}

impl Attributes<'_> {
    pub(super) fn size(&self) -> usize {
        let sizes = self.0.iter().map(|(name, value)| {
            name.len() + value.data_type.as_deref().unwrap_or_default().len() + value.bytes().len()
        });
        sizes.sum()
    }

    pub(super) fn check(&self, kind: MessageKind) -> Result<(), SqsError> {
        if self.0.len() > MAX_ATTRIBUTES {
            return Err(SqsError::invalid_parameter(format!(
                "Number of message attributes [{}] exceeds the allowed maximum [{MAX_ATTRIBUTES}].",
                self.0.len()
            )));
        }
        for (index, (name, value)) in self.0.iter().enumerate() {
            if self.0.iter().take(index).any(|(earlier, _)| earlier == name) {
                return Err(SqsError::invalid_parameter(format!(
                    "Message (user) attribute name '{}' already exists.",
                    shown(name)
                )));
            }
            check_name(name, kind)?;
            value.check(name)?;
        }
        Ok(())
    }

    /// The digest over all of them, sorted by name; none where there are none. The algorithm is that of
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>.
    pub(super) fn md5(&self) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        let mut sorted: Vec<_> = self.0.iter().collect();
        sorted.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
        let mut digest = Md5::new();
        for (name, value) in sorted {
            update_with_length(&mut digest, name.as_bytes());
            update_with_length(
                &mut digest,
                value.data_type.as_deref().unwrap_or_default().as_bytes(),
            );
            digest.update([if value.is_binary() { 2 } else { 1 }]);
            update_with_length(&mut digest, value.bytes());
        }
        Some(hex::encode(digest.finalize()))
    }
}

fn update_with_length(digest: &mut Md5, bytes: &[u8]) {
    digest.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    digest.update(bytes);
}

impl AttributeValue<'_> {
    /// `Number` of `Number.int`: a type may carry a label of the sender's.
    fn base_type(&self) -> &str {
        let data_type = self.data_type.as_deref().unwrap_or_default();
        data_type.split_once('.').map_or(data_type, |(base, _)| base)
    }

    fn is_binary(&self) -> bool {
        self.base_type() == "Binary"
    }

    fn bytes(&self) -> &[u8] {
        match (&self.binary, &self.string) {
            (Some(bytes), _) if self.is_binary() => bytes,
            (_, Some(text)) => text.as_bytes(),
            _ => &[],
        }
    }

    fn check(&self, name: &str) -> Result<(), SqsError> {
        let invalid = |message: String| Err(SqsError::invalid_parameter(message));
        let name = shown(name);
        if self.has_list {
            return Err(SqsError::unsupported("A message attribute with a list of values"));
        }
        let data_type = self.data_type.as_deref().unwrap_or_default();
        if data_type.is_empty() {
            return invalid(format!(
                "The message attribute '{name}' must contain a non-empty attribute type."
            ));
        }
        if !matches!(self.base_type(), "String" | "Number" | "Binary") {
            return invalid(format!(
                "The message attribute '{name}' has an invalid message attribute type, the set of supported type \
                 prefixes is Binary, Number, and String."
            ));
        }
        if data_type.len() > MAX_NAME_CHARS || !has_valid_characters(data_type) {
            return invalid(format!(
                "The type of the message attribute '{name}' is too long or has invalid characters."
            ));
        }
        let (right, wrong) = if self.is_binary() {
            (self.binary.is_some(), self.string.is_some())
        } else {
            (self.string.is_some(), self.binary.is_some())
        };
        if !right || wrong || self.bytes().is_empty() {
            let kind = if self.is_binary() { "binary" } else { "string" };
            return invalid(format!(
                "The message attribute '{name}' with type '{}' must use field '{kind}', and a value that is not empty.",
                self.base_type()
            ));
        }
        let text = self.string.as_deref().unwrap_or_default();
        if !has_valid_characters(text) {
            return Err(SqsError::invalid_contents());
        }
        if self.base_type() == "Number" && !text.parse::<f64>().is_ok_and(f64::is_finite) {
            return invalid(format!(
                "Can't cast the value of message (user) attribute '{name}' to a number."
            ));
        }
        Ok(())
    }
}

fn check_name(name: &str, kind: MessageKind) -> Result<(), SqsError> {
    if kind == MessageKind::System {
        return match name {
            "AWSTraceHeader" => Ok(()),
            _ => Err(SqsError::invalid_parameter(format!(
                "Message system attribute name '{}' is invalid.",
                shown(name)
            ))),
        };
    }
    let lower = name.to_ascii_lowercase();
    let reserved = lower.starts_with("aws.") || lower.starts_with("amazon.");
    let readable =
        name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    let dots = name.starts_with('.') || name.ends_with('.') || name.contains("..");
    if name.is_empty() || name.len() > MAX_NAME_CHARS || reserved || !readable || dots {
        return Err(SqsError::invalid_parameter(format!(
            "Message (user) attribute name '{}' is invalid.",
            shown(name)
        )));
    }
    Ok(())
}

/// Whether a body or an attribute may hold it: XML 1.0's characters: no control characters but tab and line ends, no U+FFFE and U+FFFF.
pub(super) fn has_valid_characters(text: &str) -> bool {
    let control = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r');
    !text.as_bytes().iter().any(control)
        && (!text.as_bytes().contains(&0xEF) || !text.contains(['\u{FFFE}', '\u{FFFF}']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text<'a>(data_type: &'a str, value: &'a str) -> AttributeValue<'a> {
        AttributeValue {
            data_type: Some(data_type.into()),
            string: Some(value.into()),
            ..AttributeValue::default()
        }
    }

    fn binary(value: &[u8]) -> AttributeValue<'static> {
        AttributeValue {
            data_type: Some("Binary".into()),
            binary: Some(value.to_vec()),
            ..AttributeValue::default()
        }
    }

    fn check(name: &str, value: AttributeValue<'_>, expect: &str) {
        let attributes = Attributes(vec![(name.into(), value)]);
        let answer =
            attributes.check(MessageKind::Own).map_or_else(|error| error.code, |()| "accepted");
        assert_eq!(answer, expect, "{attributes:?}");
    }

    #[test]
    fn names_types_and_values_keep_the_rules() {
        check("name", text("String", "value"), "accepted");
        check("a.b-c_D9", text("String.label", "value"), "accepted");
        check("n", text("Number", "-12.5e3"), "accepted");
        check("n", text("Number.int", "12"), "accepted");
        check("n", text("Number", "twelve"), "InvalidParameterValue");
        check("n", text("Number", "inf"), "InvalidParameterValue");
        check("b", binary(&[0, 255]), "accepted");
        check("b", binary(&[]), "InvalidParameterValue");
        check("b", text("Binary", "text"), "InvalidParameterValue");
        check("s", text("String", ""), "InvalidParameterValue");
        check("s", text("", "value"), "InvalidParameterValue");
        check("s", text("Text", "value"), "InvalidParameterValue");
        check("s", text("string", "value"), "InvalidParameterValue");
        check("s", text("String", "nul \0"), "InvalidMessageContents");
        check(
            "s",
            AttributeValue { has_list: true, ..text("String", "v") },
            "AWS.SimpleQueueService.UnsupportedOperation",
        );
        check("", text("String", "value"), "InvalidParameterValue");
        check("AWS.x", text("String", "value"), "InvalidParameterValue");
        check("amazon.x", text("String", "value"), "InvalidParameterValue");
        check(".x", text("String", "value"), "InvalidParameterValue");
        check("x..y", text("String", "value"), "InvalidParameterValue");
        check("x y", text("String", "value"), "InvalidParameterValue");
        check(&"n".repeat(257), text("String", "value"), "InvalidParameterValue");
    }

    #[test]
    fn there_are_ten_of_them_at_most_and_each_once() {
        let named = |count: usize| {
            Attributes((0..count).map(|n| (format!("n{n}").into(), text("String", "v"))).collect())
        };
        assert!(named(10).check(MessageKind::Own).is_ok());
        assert!(named(11).check(MessageKind::Own).is_err());
        let twice =
            Attributes(vec![("n".into(), text("String", "v")), ("n".into(), text("String", "w"))]);
        assert!(twice.check(MessageKind::Own).is_err());
    }

    #[test]
    fn system_attributes_are_those_that_sqs_knows() {
        let trace =
            |name: &'static str| Attributes(vec![(name.into(), text("String", "Root=1-5759e988"))]);
        assert!(trace("AWSTraceHeader").check(MessageKind::System).is_ok());
        assert!(trace("Other").check(MessageKind::System).is_err());
    }

    #[test]
    fn the_digest_is_that_of_aws_whatever_the_order() {
        let one = Attributes(vec![("timestamp".into(), text("Number", "1493147359900"))]);
        // From boto's and ElasticMQ's test suites.
        assert_eq!(one.md5().as_deref(), Some("235c5c510d26fb653d073faed50ae77c"));
        let forth = Attributes(vec![("a".into(), text("String", "1")), ("b".into(), binary(b"2"))]);
        let back = Attributes(vec![("b".into(), binary(b"2")), ("a".into(), text("String", "1"))]);
        assert_eq!(forth.md5(), back.md5());
        assert_eq!(Attributes::default().md5(), None);
    }
}
