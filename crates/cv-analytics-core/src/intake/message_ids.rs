//! What a client names a message by on its way through a queue: the request's id, and the half that it brings.

use serde_json::Value;

use crate::event::RequestId;

/// The longest type of an event that is part of a name: `response`.
const MAX_TYPE_BYTES: usize = 8;

/// The request that a message's body names, where SQS takes its id as a message group: ASCII letters, digits and
/// punctuation.
pub fn request_of(body: &str) -> Option<String> {
    text(body, ["requestId", "correlationId"], RequestId::MAX_CHARS)
}

/// The type of event that a message's body names, under the same rule.
pub fn type_of(body: &str) -> Option<String> {
    text(body, ["eventType", "type"], MAX_TYPE_BYTES)
}

fn text(body: &str, names: [&str; 2], longest: usize) -> Option<String> {
    let event: Value = serde_json::from_str(body).ok()?;
    let value = names.iter().find_map(|name| event.get(name))?.as_str()?;
    let allowed =
        (1..=longest).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_graphic());
    allowed.then(|| value.to_owned())
}
