//! What a call to a queue failed with.

use std::error::Error;

use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use cv_analytics_core::store::StoreError;

use crate::clients::sdk_failure;

/// A call to a queue failed. Names the queue, the call and AWS's code; no contents.
#[derive(Debug, thiserror::Error)]
#[error("queue {queue}: {call} failed ({code}){hint}")]
pub struct QueueError {
    queue: String,
    call: &'static str,
    code: String,
    hint: &'static str,
    source: Box<dyn Error + Send + Sync>,
}

impl From<QueueError> for StoreError {
    fn from(error: QueueError) -> Self {
        Self::unavailable(error.to_string(), error.source)
    }
}

impl QueueError {
    /// Whether the queue refused the message itself, now and later; others it may take.
    pub fn is_about_the_message(&self) -> bool {
        ["InvalidMessageContents", "InvalidParameterValue"]
            .iter()
            .any(|code| self.code.starts_with(code))
    }

    /// Sorts what the SDK answered.
    pub(crate) fn from_sdk<E>(
        queue: &str,
        call: &'static str,
        error: SdkError<E, HttpResponse>,
    ) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let code = sdk_failure::code(&error);
        let hint = match code.as_str() {
            "AccessDenied" | "AccessDeniedException" => {
                ": give the role that calls the permission for it"
            }
            "QueueDoesNotExist" | "AWS.SimpleQueueService.NonExistentQueue" => {
                ": unknown queue in this region and account; check its URL"
            }
            _ => "",
        };
        Self { queue: queue.to_owned(), call, code, hint, source: error.into() }
    }
}
