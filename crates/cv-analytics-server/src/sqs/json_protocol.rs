//! AWS JSON 1.0: the action in `X-Amz-Target`, JSON in both directions.

use std::borrow::Cow;

use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value, json};

use super::action::{Action, ActionName, ActionOutput, SentMessage};
use super::attribute::{AttributeValue, Attributes};
use super::error::SqsError;
use super::message::{BatchEntry, Message};
use super::queue::QueuePath;

const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.0");
const TARGET: &str = "x-amz-target";

/// Whether a request speaks this protocol.
pub(super) fn speaks(headers: &HeaderMap) -> bool {
    headers.contains_key(TARGET)
}

/// Reads the request.
pub(super) fn read<'r>(
    headers: &HeaderMap,
    body: &'r [u8],
    path: &QueuePath<'_>,
) -> Result<Action<'r>, SqsError> {
    let mut targets = headers.get_all(TARGET).iter();
    let target = targets.next().and_then(|target| target.to_str().ok()).unwrap_or_default();
    if targets.next().is_some() {
        return Err(SqsError::unreadable("The request has more than one X-Amz-Target header."));
    }
    let content_type = headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    if !content_type.to_ascii_lowercase().starts_with(b"application/x-amz-json-1.") {
        return Err(SqsError::unsupported_media_type());
    }
    let name = target.strip_prefix("AmazonSQS.").ok_or_else(|| SqsError::unknown_action(target))?;
    match ActionName::parse(name)? {
        ActionName::SendMessage => {
            let input: MessageInput = parse(body)?;
            path.check(input.queue_url.as_deref())?;
            Ok(Action::SendMessage(input.try_into()?))
        }
        ActionName::SendMessageBatch => {
            let input: BatchInput = parse(body)?;
            path.check(input.queue_url.as_deref())?;
            let entries = input.entries.ok_or_else(|| SqsError::missing_parameter("Entries"))?;
            let entries = entries.into_iter().map(|mut entry| {
                Ok(BatchEntry { id: entry.id.take(), message: entry.try_into()? })
            });
            Ok(Action::SendMessageBatch(entries.collect::<Result<_, SqsError>>()?))
        }
        ActionName::GetQueueUrl => {
            let input: QueueUrlInput = parse(body)?;
            Ok(Action::GetQueueUrl { queue_name: input.queue_name })
        }
        ActionName::GetQueueAttributes => {
            let input: QueueAttributesInput = parse(body)?;
            path.check(input.queue_url.as_deref())?;
            Ok(Action::GetQueueAttributes { names: input.attribute_names.unwrap_or_default() })
        }
    }
}

fn parse<'r, T: Deserialize<'r>>(body: &'r [u8]) -> Result<T, SqsError> {
    // The parser's message may quote what a visitor wrote: only the place is told.
    serde_json::from_slice(body).map_err(|error| {
        SqsError::unreadable(format!(
            "The request's body is not the JSON that the action takes (line {}, column {}).",
            error.line(),
            error.column()
        ))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct MessageInput<'r> {
    #[serde(borrow)]
    queue_url: Option<Cow<'r, str>>,
    #[serde(borrow)]
    id: Option<Cow<'r, str>>,
    #[serde(borrow)]
    message_body: Option<Cow<'r, str>>,
    #[serde(borrow)]
    message_group_id: Option<Cow<'r, str>>,
    #[serde(borrow)]
    message_deduplication_id: Option<Cow<'r, str>>,
    delay_seconds: Option<i64>,
    message_attributes: Option<AttributesInput>,
    message_system_attributes: Option<AttributesInput>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct BatchInput<'r> {
    #[serde(borrow)]
    queue_url: Option<Cow<'r, str>>,
    #[serde(borrow)]
    entries: Option<Vec<MessageInput<'r>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QueueUrlInput<'r> {
    #[serde(borrow)]
    queue_name: Option<Cow<'r, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QueueAttributesInput<'r> {
    #[serde(borrow)]
    queue_url: Option<Cow<'r, str>>,
    #[serde(borrow)]
    attribute_names: Option<Vec<Cow<'r, str>>>,
}

/// Attributes in the order they came, a repeated name kept so that it can be refused.
struct AttributesInput(Vec<(String, AttributeInput)>);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AttributeInput {
    data_type: Option<String>,
    string_value: Option<String>,
    binary_value: Option<String>,
    #[serde(default)]
    string_list_values: Vec<Value>,
    #[serde(default)]
    binary_list_values: Vec<Value>,
}

impl<'de> Deserialize<'de> for AttributesInput {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> serde::de::Visitor<'de> for Entries {
            type Value = AttributesInput;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object of attributes")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<AttributesInput, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(AttributesInput(entries))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

impl<'r> TryFrom<MessageInput<'r>> for Message<'r> {
    type Error = SqsError;

    fn try_from(input: MessageInput<'r>) -> Result<Self, SqsError> {
        Ok(Self {
            body: input.message_body,
            group_id: input.message_group_id,
            deduplication_id: input.message_deduplication_id,
            delay_seconds: input.delay_seconds,
            attributes: input
                .message_attributes
                .map_or_else(|| Ok(Attributes::default()), TryInto::try_into)?,
            system_attributes: input
                .message_system_attributes
                .map_or_else(|| Ok(Attributes::default()), TryInto::try_into)?,
        })
    }
}

impl TryFrom<AttributesInput> for Attributes<'_> {
    type Error = SqsError;

    fn try_from(input: AttributesInput) -> Result<Self, SqsError> {
        let values = input.0.into_iter().map(|(name, value)| {
            let binary = match value.binary_value {
                None => None,
                Some(encoded) => Some(STANDARD.decode(encoded).map_err(|_| {
                    SqsError::unreadable("The binary value of a message attribute is not base64.")
                })?),
            };
            let value = AttributeValue {
                data_type: value.data_type.map(Into::into),
                string: value.string_value.map(Into::into),
                binary,
                has_list: !value.string_list_values.is_empty()
                    || !value.binary_list_values.is_empty(),
            };
            Ok((name.into(), value))
        });
        Ok(Self(values.collect::<Result<_, SqsError>>()?))
    }
}

pub(super) fn write(answer: &ActionOutput) -> Response<Bytes> {
    let body = match answer {
        ActionOutput::Sent(message) => text(&sent(None, message)),
        ActionOutput::Batch { sent: messages, failed } => text(&BatchOutput {
            successful: messages.iter().map(|(id, message)| sent(Some(id), message)).collect(),
            failed: failed.iter().map(|(id, error)| refused(id, error)).collect(),
        }),
        ActionOutput::QueueUrl(url) => text(&json!({"QueueUrl": url})),
        ActionOutput::Attributes(attributes) if attributes.is_empty() => text(&json!({})),
        ActionOutput::Attributes(attributes) => {
            let attributes = attributes
                .iter()
                .map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str())));
            text(&json!({"Attributes": attributes.collect::<Map<_, _>>()}))
        }
    };
    response(StatusCode::OK, body)
}

fn text(output: &impl Serialize) -> String {
    serde_json::to_string(output).unwrap_or_default()
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SentOutput<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    message_id: &'a str,
    #[serde(rename = "MD5OfMessageBody")]
    body: &'a str,
    #[serde(rename = "MD5OfMessageAttributes", skip_serializing_if = "Option::is_none")]
    attributes: Option<&'a str>,
    #[serde(rename = "MD5OfMessageSystemAttributes", skip_serializing_if = "Option::is_none")]
    system_attributes: Option<&'a str>,
    sequence_number: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct BatchOutput<'a> {
    successful: Vec<SentOutput<'a>>,
    failed: Vec<FailedOutput<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct FailedOutput<'a> {
    id: &'a str,
    sender_fault: bool,
    code: &'a str,
    message: &'a str,
}

fn sent<'a>(id: Option<&'a str>, message: &'a SentMessage) -> SentOutput<'a> {
    SentOutput {
        id,
        message_id: &message.message_id,
        body: &message.digests.body,
        attributes: message.digests.attributes.as_deref(),
        system_attributes: message.digests.system_attributes.as_deref(),
        sequence_number: &message.sequence_number,
    }
}

fn refused<'a>(id: &'a str, error: &'a SqsError) -> FailedOutput<'a> {
    FailedOutput {
        id,
        sender_fault: error.is_senders_fault(),
        code: error.code,
        message: &error.message,
    }
}

/// Writes an error; the Query protocol's code goes with it, as clients expect of SQS.
pub(super) fn write_error(error: &SqsError) -> Response<Bytes> {
    let mut response =
        response(error.status, text(&json!({"__type": error.shape, "message": error.message})));
    let fault = if error.is_senders_fault() { "Sender" } else { "Receiver" };
    if let Ok(value) = HeaderValue::try_from(format!("{};{fault}", error.code)) {
        response.headers_mut().insert("x-amzn-query-error", value);
    }
    response
}

fn response(status: StatusCode, body: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, CONTENT_TYPE);
    response
}
