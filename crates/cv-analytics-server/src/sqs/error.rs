//! What the queue refuses, in the words and codes of SQS.

use std::borrow::Cow;

use axum::http::StatusCode;
use cv_analytics_core::intake::refusal::RefusalReason;
use cv_analytics_core::store::{StoreError, StoreErrorKind};

use crate::sigv4::SignatureError;

/// An error as both protocols name it.
///
/// Codes: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html> and those of each
/// action. The JSON protocol names the error's shape, and repeats the Query protocol's code in `x-amzn-query-error`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SqsError {
    pub(crate) code: &'static str,
    pub(crate) shape: &'static str,
    pub(crate) status: StatusCode,
    pub(crate) message: Cow<'static, str>,
    /// Set where the client should come back later.
    pub(crate) retry_after_seconds: Option<u64>,
    /// Why a message is refused; `None` where it is none, or may be taken later.
    pub(crate) refusal: Option<RefusalReason>,
}

impl SqsError {
    pub(crate) fn new(
        code: &'static str,
        shape: &'static str,
        status: StatusCode,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        let message = message.into();
        Self { code, shape, status, message, retry_after_seconds: None, refusal: None }
    }

    /// The error where no message is refused by it.
    pub(crate) fn without_message(self) -> Self {
        Self { refusal: None, ..self }
    }

    fn of_size(self) -> Self {
        Self { refusal: Some(RefusalReason::Size), ..self }
    }

    fn bad_request(
        code: &'static str,
        shape: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        let error = Self::new(code, shape, StatusCode::BAD_REQUEST, message);
        Self { refusal: Some(RefusalReason::Request), ..error }
    }

    /// Whether the sender is to blame, as batches and the JSON protocol say it.
    pub(crate) fn is_senders_fault(&self) -> bool {
        !self.status.is_server_error()
    }

    pub(crate) fn missing_parameter(name: &str) -> Self {
        Self::bad_request(
            "MissingParameter",
            "com.amazon.coral.service#MissingRequiredParameterException",
            format!("The request must contain the parameter {name}."),
        )
    }

    pub(crate) fn invalid_parameter(message: impl Into<Cow<'static, str>>) -> Self {
        Self::bad_request(
            "InvalidParameterValue",
            "com.amazon.coral.service#InvalidParameterValueException",
            message,
        )
    }

    pub(crate) fn message_too_long(limit: usize) -> Self {
        Self::invalid_parameter(format!(
            "One or more parameters are invalid. Reason: Message must be shorter than {limit} bytes."
        ))
        .of_size()
    }

    pub(crate) fn invalid_attribute_name(name: &str) -> Self {
        let message = format!("Unknown Attribute {}.", shown(name));
        Self::bad_request("InvalidAttributeName", "com.amazonaws.sqs#InvalidAttributeName", message)
    }

    pub(crate) fn invalid_contents() -> Self {
        Self::bad_request(
            "InvalidMessageContents",
            "com.amazonaws.sqs#InvalidMessageContents",
            "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF \
             | #xE000 to #xFFFD | #x10000 to #x10FFFF",
        )
    }

    pub(crate) fn no_such_queue() -> Self {
        Self::bad_request(
            "AWS.SimpleQueueService.NonExistentQueue",
            "com.amazonaws.sqs#QueueDoesNotExist",
            "The specified queue does not exist.",
        )
    }

    pub(crate) fn unsupported(action: &str) -> Self {
        Self::bad_request(
            "AWS.SimpleQueueService.UnsupportedOperation",
            "com.amazonaws.sqs#UnsupportedOperation",
            format!("{action} is not offered here: this endpoint only takes messages in."),
        )
        .without_message()
    }

    pub(crate) fn unknown_action(action: &str) -> Self {
        Self::bad_request(
            "InvalidAction",
            "com.amazon.coral.service#UnknownOperationException",
            format!("The action {} is not valid for this endpoint.", shown(action)),
        )
    }

    pub(crate) fn missing_action() -> Self {
        Self::bad_request(
            "MissingAction",
            "com.amazon.coral.service#UnknownOperationException",
            "The request must contain the parameter Action, or the header X-Amz-Target.",
        )
    }

    pub(crate) fn unreadable(message: impl Into<Cow<'static, str>>) -> Self {
        Self::bad_request(
            "MalformedInput",
            "com.amazon.coral.service#SerializationException",
            message,
        )
    }

    pub(crate) fn unsupported_media_type() -> Self {
        let error = Self::bad_request(
            "UnsupportedMediaType",
            "com.amazon.coral.service#UnsupportedMediaTypeException",
            "A request with X-Amz-Target must have the content type application/x-amz-json-1.0.",
        );
        Self { status: StatusCode::UNSUPPORTED_MEDIA_TYPE, ..error }
    }

    pub(crate) fn empty_batch() -> Self {
        Self::bad_request(
            "AWS.SimpleQueueService.EmptyBatchRequest",
            "com.amazonaws.sqs#EmptyBatchRequest",
            "There should be at least one SendMessageBatchRequestEntry in the request.",
        )
    }

    pub(crate) fn too_many_entries(sent: usize) -> Self {
        Self::bad_request(
            "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
            "com.amazonaws.sqs#TooManyEntriesInBatchRequest",
            format!("Maximum number of entries per request are 10. You have sent {sent}."),
        )
    }

    pub(crate) fn repeated_entry(id: &str) -> Self {
        Self::bad_request(
            "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
            "com.amazonaws.sqs#BatchEntryIdsNotDistinct",
            format!("Id {id} repeated."),
        )
    }

    pub(crate) fn invalid_entry_id() -> Self {
        Self::bad_request(
            "AWS.SimpleQueueService.InvalidBatchEntryId",
            "com.amazonaws.sqs#InvalidBatchEntryId",
            "A batch entry id can only contain alphanumeric characters, hyphens and underscores. \
             It can be at most 80 letters long.",
        )
    }

    pub(crate) fn batch_too_long(bytes: usize) -> Self {
        Self::bad_request(
            "AWS.SimpleQueueService.BatchRequestTooLong",
            "com.amazonaws.sqs#BatchRequestTooLong",
            format!(
                "Batch requests cannot be longer than 1048576 bytes. You have sent {bytes} bytes."
            ),
        )
        .of_size()
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        Self::new(
            "RequestEntityTooLarge",
            "com.amazon.coral.service#RequestEntityTooLargeException",
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("The request's body is longer than {limit} bytes."),
        )
    }

    pub(crate) fn timed_out() -> Self {
        Self::new(
            "RequestTimeout",
            "com.amazon.coral.service#RequestTimeoutException",
            StatusCode::REQUEST_TIMEOUT,
            "The request's body did not arrive in time.",
        )
    }

    /// Every client retries this code; `RequestThrottled`, SQS's own, only some.
    pub(crate) fn throttled() -> Self {
        let error = Self::bad_request(
            "ThrottlingException",
            "com.amazon.coral.availability#ThrottlingException",
            "Rate exceeded",
        );
        Self { retry_after_seconds: Some(1), ..error.without_message() }
    }

    /// Too many failed authentications from one address.
    pub(crate) fn too_many_failures(retry_after_seconds: u64) -> Self {
        let error = Self::new(
            "Throttling",
            "com.amazon.coral.availability#ThrottlingException",
            StatusCode::TOO_MANY_REQUESTS,
            "Too many failed authentications from this address.",
        );
        Self { retry_after_seconds: Some(retry_after_seconds), ..error }
    }

    pub(crate) fn unavailable() -> Self {
        let error = Self::new(
            "ServiceUnavailable",
            "com.amazon.coral.service#ServiceUnavailableException",
            StatusCode::SERVICE_UNAVAILABLE,
            "The message could not be stored now. Try again later.",
        );
        Self { retry_after_seconds: Some(1), ..error }
    }

    fn internal() -> Self {
        Self::new(
            "InternalFailure",
            "com.amazon.coral.service#InternalFailure",
            StatusCode::INTERNAL_SERVER_ERROR,
            "The message could not be stored.",
        )
    }
}

impl From<StoreError> for SqsError {
    fn from(error: StoreError) -> Self {
        match error.kind {
            StoreErrorKind::Unavailable => Self::unavailable(),
            StoreErrorKind::Refused => Self::internal(),
        }
    }
}

/// Clients correct a clock that is off on `SignatureDoesNotMatch` and the `Date` header.
impl From<SignatureError> for SqsError {
    fn from(error: SignatureError) -> Self {
        let (code, shape, status) = match error {
            SignatureError::MissingAuthentication => (
                "MissingAuthenticationToken",
                "com.amazon.coral.service#MissingAuthenticationTokenException",
                StatusCode::FORBIDDEN,
            ),
            SignatureError::Presigned | SignatureError::Incomplete(_) => (
                "IncompleteSignature",
                "com.amazon.coral.service#IncompleteSignatureException",
                StatusCode::BAD_REQUEST,
            ),
            SignatureError::TooManyParameters { .. } => (
                "InvalidQueryParameter",
                "com.amazon.coral.service#InvalidQueryParameterException",
                StatusCode::BAD_REQUEST,
            ),
            SignatureError::SessionToken => (
                "InvalidClientTokenId",
                "com.amazon.coral.service#UnrecognizedClientException",
                StatusCode::FORBIDDEN,
            ),
            SignatureError::WrongScope { .. }
            | SignatureError::Skewed(_)
            | SignatureError::PayloadHash(_)
            | SignatureError::WrongHost
            | SignatureError::UnknownKey
            | SignatureError::Mismatch => (
                "SignatureDoesNotMatch",
                "com.amazon.coral.service#InvalidSignatureException",
                StatusCode::FORBIDDEN,
            ),
        };
        Self::new(code, shape, status, error.to_string())
    }
}

/// A value of the sender's, short enough for a message.
pub(crate) fn shown(value: &str) -> &str {
    value.char_indices().nth(128).and_then(|(end, _)| value.get(..end)).unwrap_or(value)
}
