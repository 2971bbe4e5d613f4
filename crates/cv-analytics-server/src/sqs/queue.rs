//! The one queue there is: its name, its address and its attributes.

use std::borrow::Cow;

use cv_analytics_core::timestamp::Timestamp;

use super::error::SqsError;
use super::message::MAX_MESSAGE_BYTES;

/// The queue's name, the same as on AWS.
pub const QUEUE_NAME: &str = "cv-analytics-events.fifo";
/// An account number of AWS's form that belongs to nobody.
pub const ACCOUNT: &str = "000000000000";

/// The queue that a request's path names: `/account/queue`, or none (`/`).
pub(super) struct QueuePath<'r>(pub(super) &'r str);

impl QueuePath<'_> {
    /// Checks that path and `QueueUrl`, as far as given, name the queue.
    pub(super) fn check(&self, queue_url: Option<&str>) -> Result<(), SqsError> {
        let path = self.0.trim_start_matches('/');
        let in_path = path.split_once('/').map(|(_account, queue)| queue);
        let in_url = queue_url
            .filter(|url| !url.is_empty())
            .map(|url| url.rsplit('/').next().unwrap_or(url));
        match (in_path, in_url) {
            (None, None) => Err(SqsError::missing_parameter("QueueUrl")),
            (path, url) if path.is_none_or(is_queue) && url.is_none_or(is_queue) => Ok(()),
            _ => Err(SqsError::no_such_queue()),
        }
    }
}

fn is_queue(name: &str) -> bool {
    name == QUEUE_NAME
}

/// Checks the name that `GetQueueUrl` asks for.
pub(super) fn check_name(name: Option<&str>) -> Result<(), SqsError> {
    match name {
        None | Some("") => Err(SqsError::missing_parameter("QueueName")),
        Some(QUEUE_NAME) => Ok(()),
        Some(_) => Err(SqsError::no_such_queue()),
    }
}

/// What `GetQueueAttributes` may be asked for: every name that SQS knows.
const ATTRIBUTE_NAMES: [&str; 22] = [
    "All",
    "Policy",
    "VisibilityTimeout",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "QueueArn",
    "ApproximateNumberOfMessagesDelayed",
    "DelaySeconds",
    "ReceiveMessageWaitTimeSeconds",
    "RedrivePolicy",
    "FifoQueue",
    "ContentBasedDeduplication",
    "KmsMasterKeyId",
    "KmsDataKeyReusePeriodSeconds",
    "DeduplicationScope",
    "FifoThroughputLimit",
    "RedriveAllowPolicy",
    "SqsManagedSseEnabled",
];

/// The attributes asked for, those of a FIFO queue on AWS; messages are taken at once, so that none ever wait.
pub(super) fn attributes(
    names: &[Cow<'_, str>],
    region: &str,
    created_at: Timestamp,
) -> Result<Vec<(&'static str, String)>, SqsError> {
    if let Some(unknown) = names.iter().find(|name| !ATTRIBUTE_NAMES.contains(&name.as_ref())) {
        return Err(SqsError::invalid_attribute_name(unknown));
    }
    let created = created_at.as_millis().div_euclid(1000).to_string();
    let all = [
        ("QueueArn", format!("arn:aws:sqs:{region}:{ACCOUNT}:{QUEUE_NAME}")),
        ("ApproximateNumberOfMessages", "0".to_owned()),
        ("ApproximateNumberOfMessagesNotVisible", "0".to_owned()),
        ("ApproximateNumberOfMessagesDelayed", "0".to_owned()),
        ("CreatedTimestamp", created.clone()),
        ("LastModifiedTimestamp", created),
        ("VisibilityTimeout", "30".to_owned()),
        ("MaximumMessageSize", MAX_MESSAGE_BYTES.to_string()),
        ("MessageRetentionPeriod", "345600".to_owned()),
        ("DelaySeconds", "0".to_owned()),
        ("ReceiveMessageWaitTimeSeconds", "20".to_owned()),
        ("SqsManagedSseEnabled", "false".to_owned()),
        ("FifoQueue", "true".to_owned()),
        ("ContentBasedDeduplication", "true".to_owned()),
        ("DeduplicationScope", "queue".to_owned()),
        ("FifoThroughputLimit", "perQueue".to_owned()),
    ];
    let wanted = |name: &str| names.iter().any(|asked| asked == "All" || asked == name);
    Ok(all.into_iter().filter(|(name, _)| wanted(name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, queue_url: &str, expect: &str) {
        let queue_url = Some(queue_url).filter(|url| !url.is_empty());
        let answer = QueuePath(path).check(queue_url).map_or_else(|error| error.code, |()| "ok");
        assert_eq!(answer, expect, "{path} {queue_url:?}");
    }

    #[test]
    fn path_and_url_name_the_queue() {
        let absent = "AWS.SimpleQueueService.NonExistentQueue";
        check("/000000000000/cv-analytics-events.fifo", "", "ok");
        check(
            "/123/cv-analytics-events.fifo",
            "https://x.example/000000000000/cv-analytics-events.fifo",
            "ok",
        );
        check("/", "http://127.0.0.1:8787/000000000000/cv-analytics-events.fifo", "ok");
        check("/", "cv-analytics-events.fifo", "ok");
        check("/", "", "MissingParameter");
        check("/", "http://127.0.0.1:8787/000000000000/other.fifo", absent);
        check("/", "http://127.0.0.1:8787/000000000000/cv-analytics-events.fifo/", absent);
        check("/000000000000/other", "", absent);
        check("/000000000000/other", "http://x/0/cv-analytics-events.fifo", absent);
        check("/000000000000/cv-analytics-events.fifo", "http://x/0/other", absent);
        check("/000000000000/CV-Analytics-Events.fifo", "", absent);
    }
}
