//! What a client asks of the queue, in whichever protocol it came.

use std::borrow::Cow;

use super::error::{SqsError, shown};
use super::message::{BatchEntry, Digests, Message};

/// A request, read and not yet held against the queue's rules.
#[derive(Debug)]
pub(super) enum Action<'r> {
    SendMessage(Message<'r>),
    SendMessageBatch(Vec<BatchEntry<'r>>),
    GetQueueUrl { queue_name: Option<Cow<'r, str>> },
    GetQueueAttributes { names: Vec<Cow<'r, str>> },
}

/// The actions that are offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ActionName {
    SendMessage,
    SendMessageBatch,
    GetQueueUrl,
    GetQueueAttributes,
}

impl ActionName {
    /// # Errors
    /// `UnsupportedOperation` for what SQS has and this server has not, else `InvalidAction`.
    pub(super) fn parse(name: &str) -> Result<Self, SqsError> {
        match name {
            "SendMessage" => Ok(Self::SendMessage),
            "SendMessageBatch" => Ok(Self::SendMessageBatch),
            "GetQueueUrl" => Ok(Self::GetQueueUrl),
            "GetQueueAttributes" => Ok(Self::GetQueueAttributes),
            _ if OTHER_ACTIONS.contains(&name) => Err(SqsError::unsupported(name)),
            _ => Err(SqsError::unknown_action(shown(name))),
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::SendMessage => "SendMessage",
            Self::SendMessageBatch => "SendMessageBatch",
            Self::GetQueueUrl => "GetQueueUrl",
            Self::GetQueueAttributes => "GetQueueAttributes",
        }
    }
}

/// What SQS has besides.
const OTHER_ACTIONS: [&str; 19] = [
    "AddPermission",
    "CancelMessageMoveTask",
    "ChangeMessageVisibility",
    "ChangeMessageVisibilityBatch",
    "CreateQueue",
    "DeleteMessage",
    "DeleteMessageBatch",
    "DeleteQueue",
    "ListDeadLetterSourceQueues",
    "ListMessageMoveTasks",
    "ListQueueTags",
    "ListQueues",
    "PurgeQueue",
    "ReceiveMessage",
    "RemovePermission",
    "SetQueueAttributes",
    "StartMessageMoveTask",
    "TagQueue",
    "UntagQueue",
];

/// What the queue answers, for either protocol to write.
#[derive(Debug)]
pub(super) enum ActionOutput {
    Sent(SentMessage),
    Batch { sent: Vec<(String, SentMessage)>, failed: Vec<(String, SqsError)> },
    QueueUrl(String),
    Attributes(Vec<(&'static str, String)>),
}

impl ActionOutput {
    pub(super) const fn action(&self) -> ActionName {
        match self {
            Self::Sent(_) => ActionName::SendMessage,
            Self::Batch { .. } => ActionName::SendMessageBatch,
            Self::QueueUrl(_) => ActionName::GetQueueUrl,
            Self::Attributes(_) => ActionName::GetQueueAttributes,
        }
    }
}

/// A message that is durable.
#[derive(Debug)]
pub(super) struct SentMessage {
    pub(super) message_id: String,
    pub(super) sequence_number: String,
    pub(super) digests: Digests,
}
