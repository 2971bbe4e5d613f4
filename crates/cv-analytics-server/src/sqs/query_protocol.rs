//! The Query protocol: `Action=…` and form-encoded parameters, XML in answer.

use std::borrow::Cow;

use axum::http::{HeaderValue, Response, StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use quick_xml::escape::escape;

use super::action::{Action, ActionName, ActionOutput, SentMessage};
use super::attribute::{AttributeValue, Attributes};
use super::error::{SqsError, shown};
use super::form::Form;
use super::message::{BatchEntry, Message};
use super::queue::QueuePath;

const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("text/xml");
const NAMESPACE: &str = "http://queue.amazonaws.com/doc/2012-11-05/";
const VERSION: &str = "2012-11-05";
/// One more than SQS takes, so that too many are seen.
const MAX_LISTED_ENTRIES: usize = 11;
/// Attribute names that are read at most.
const MAX_ATTRIBUTE_NAMES: usize = 50;

/// Reads the request.
pub(super) fn read<'r>(
    query: &'r str,
    body: &'r [u8],
    path: &QueuePath<'_>,
) -> Result<Action<'r>, SqsError> {
    let mut form = Form::parse(query, body)?;
    let name =
        form.take("Action").filter(|name| !name.is_empty()).ok_or_else(SqsError::missing_action)?;
    let name = ActionName::parse(&name)?;
    if let Some(version) = form.take("Version").filter(|version| version != VERSION) {
        return Err(SqsError::invalid_parameter(format!(
            "Value {} for parameter Version is invalid. Reason: only {VERSION} is known.",
            shown(&version)
        )));
    }
    if name == ActionName::GetQueueUrl {
        return Ok(Action::GetQueueUrl { queue_name: form.take("QueueName") });
    }
    let queue_url = form.take("QueueUrl");
    path.check(queue_url.as_deref())?;
    match name {
        ActionName::SendMessage => Ok(Action::SendMessage(message(&mut form, "")?)),
        ActionName::SendMessageBatch => {
            let entries =
                numbered(&mut form, "SendMessageBatchRequestEntry", 100, |form, prefix| {
                    let message = message(form, &format!("{prefix}."))?;
                    Ok(BatchEntry { id: form.take(&format!("{prefix}.Id")), message })
                });
            Ok(Action::SendMessageBatch(entries?))
        }
        ActionName::GetQueueUrl | ActionName::GetQueueAttributes => {
            let mut names: Vec<_> = (1..=MAX_ATTRIBUTE_NAMES)
                .map_while(|n| form.take(&format!("AttributeName.{n}")))
                .collect();
            names.extend(form.take("AttributeName"));
            Ok(Action::GetQueueAttributes { names })
        }
    }
}

fn message<'r>(form: &mut Form<'r>, prefix: &str) -> Result<Message<'r>, SqsError> {
    let name = |parameter: &str| format!("{prefix}{parameter}");
    let delay_seconds = match form.take(&name("DelaySeconds")) {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| {
            SqsError::invalid_parameter(format!(
                "Value {} for parameter DelaySeconds is invalid.",
                shown(&text)
            ))
        })?),
    };
    Ok(Message {
        body: form.take(&name("MessageBody")),
        group_id: form.take(&name("MessageGroupId")),
        deduplication_id: form.take(&name("MessageDeduplicationId")),
        delay_seconds,
        attributes: attributes(form, &name("MessageAttribute"))?,
        system_attributes: attributes(form, &name("MessageSystemAttribute"))?,
    })
}

fn attributes<'r>(form: &mut Form<'r>, prefix: &str) -> Result<Attributes<'r>, SqsError> {
    numbered(form, prefix, MAX_LISTED_ENTRIES, |form, prefix| {
        let name = form.take(&format!("{prefix}.Name")).unwrap_or_default();
        let binary = match form.take(&format!("{prefix}.Value.BinaryValue")) {
            None => None,
            Some(encoded) => Some(STANDARD.decode(encoded.as_bytes()).map_err(|_| {
                SqsError::unreadable("The binary value of a message attribute is not base64.")
            })?),
        };
        let value = AttributeValue {
            data_type: form.take(&format!("{prefix}.Value.DataType")),
            string: form.take(&format!("{prefix}.Value.StringValue")),
            binary,
            has_list: form.has_prefix(&format!("{prefix}.Value.StringListValue"))
                || form.has_prefix(&format!("{prefix}.Value.BinaryListValue")),
        };
        Ok((name, value))
    })
    .map(Attributes)
}

/// Reads `prefix.1`, `prefix.2` and so on, as many as there are.
fn numbered<'r, T>(
    form: &mut Form<'r>,
    prefix: &str,
    limit: usize,
    mut read: impl FnMut(&mut Form<'r>, &str) -> Result<T, SqsError>,
) -> Result<Vec<T>, SqsError> {
    let mut values = Vec::new();
    if form.has_prefix(prefix) {
        for number in 1..=limit {
            let prefix = format!("{prefix}.{number}");
            if !form.has_prefix(&format!("{prefix}.")) {
                break;
            }
            values.push(read(form, &prefix)?);
        }
        // What stands behind a gap would be lost without a word.
        if values.len() < limit && form.has_number_beyond(prefix, values.len()) {
            return Err(SqsError::invalid_parameter(format!(
                "The parameters {prefix}.N have to be numbered from 1 without a gap."
            )));
        }
    }
    Ok(values)
}

pub(super) fn write(answer: &ActionOutput, request_id: &str) -> Response<Bytes> {
    let action = answer.action().as_str();
    let mut xml = Xml::new();
    xml.open_root(&format!("{action}Response"));
    xml.open(&format!("{action}Result"));
    match answer {
        ActionOutput::Sent(message) => sent(&mut xml, message),
        ActionOutput::Batch { sent: messages, failed } => {
            for (id, message) in messages {
                xml.open("SendMessageBatchResultEntry");
                xml.text("Id", id);
                sent(&mut xml, message);
                xml.close("SendMessageBatchResultEntry");
            }
            for (id, error) in failed {
                xml.open("BatchResultErrorEntry");
                xml.text("Id", id);
                xml.text("Code", error.code);
                xml.text("Message", &error.message);
                xml.text("SenderFault", if error.is_senders_fault() { "true" } else { "false" });
                xml.close("BatchResultErrorEntry");
            }
        }
        ActionOutput::QueueUrl(url) => xml.text("QueueUrl", url),
        ActionOutput::Attributes(attributes) => {
            for (name, value) in attributes {
                xml.open("Attribute");
                xml.text("Name", name);
                xml.text("Value", value);
                xml.close("Attribute");
            }
        }
    }
    xml.close(&format!("{action}Result"));
    xml.open("ResponseMetadata");
    xml.text("RequestId", request_id);
    xml.close("ResponseMetadata");
    xml.close(&format!("{action}Response"));
    xml.response(StatusCode::OK)
}

fn sent(xml: &mut Xml, message: &SentMessage) {
    xml.text("MessageId", &message.message_id);
    xml.text("MD5OfMessageBody", &message.digests.body);
    if let Some(digest) = &message.digests.attributes {
        xml.text("MD5OfMessageAttributes", digest);
    }
    if let Some(digest) = &message.digests.system_attributes {
        xml.text("MD5OfMessageSystemAttributes", digest);
    }
    xml.text("SequenceNumber", &message.sequence_number);
}

pub(super) fn write_error(error: &SqsError, request_id: &str) -> Response<Bytes> {
    let mut xml = Xml::new();
    xml.open_root("ErrorResponse");
    xml.open("Error");
    xml.text("Type", if error.is_senders_fault() { "Sender" } else { "Receiver" });
    xml.text("Code", error.code);
    xml.text("Message", &error.message);
    xml.open("Detail");
    xml.close("Detail");
    xml.close("Error");
    xml.text("RequestId", request_id);
    xml.close("ErrorResponse");
    xml.response(error.status)
}

/// XML in the making. Names are the protocol's own; only texts come from outside.
struct Xml(String);

impl Xml {
    fn new() -> Self {
        let mut xml = String::with_capacity(640);
        xml.push_str("<?xml version=\"1.0\"?>");
        Self(xml)
    }

    fn open_root(&mut self, name: &str) {
        self.0.extend(["<", name, " xmlns=\"", NAMESPACE, "\">"]);
    }

    fn open(&mut self, name: &str) {
        self.0.extend(["<", name, ">"]);
    }

    fn close(&mut self, name: &str) {
        self.0.extend(["</", name, ">"]);
    }

    fn text(&mut self, name: &str, text: &str) {
        // XML 1.0 cannot hold every character, not even escaped.
        let readable = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..);
        let text = if text.chars().all(readable) {
            Cow::Borrowed(text)
        } else {
            text.replace(|c| !readable(c), "\u{FFFD}").into()
        };
        self.open(name);
        self.0.push_str(&escape(text.as_ref()));
        self.close(name);
    }

    fn response(self, status: StatusCode) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from(self.0));
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, CONTENT_TYPE);
        response
    }
}
