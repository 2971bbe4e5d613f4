//! Errors of the routes that are not the queue: a status and `{"error":…,"message":…}`.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use cv_analytics_core::intake::refusal::RefusalReason;
use cv_analytics_core::store::{StoreError, StoreErrorKind};
use serde_json::json;

use crate::body::request::BodyError;

/// What a client is told.
#[derive(Debug)]
pub(crate) struct PlainError {
    status: StatusCode,
    code: &'static str,
    message: Cow<'static, str>,
    retry_after_seconds: Option<u64>,
}

impl PlainError {
    pub(crate) fn new(
        status: StatusCode,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { status, code, message: message.into(), retry_after_seconds: None }
    }

    fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after_seconds: Some(seconds), ..self }
    }

    pub(crate) fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    pub(crate) fn unauthorized() -> Self {
        let message = "send the header 'Authorization: Bearer …' with CV_ANALYTICS_TOKEN";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
    }

    pub(crate) fn too_many_failures(seconds: u64) -> Self {
        let message = "too many failed authentications from this address";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_failures", message).retry_after(seconds)
    }

    pub(crate) fn throttled() -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "throttled", "too many requests").retry_after(1)
    }

    fn unavailable(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message).retry_after(1)
    }

    pub(crate) fn too_large(message: String) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "unknown route")
    }

    pub(crate) fn method_not_allowed() -> Self {
        let message = "this address does not take this method";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
    }

    /// Why the events of the request were refused; `None` where the same request may succeed later.
    pub(crate) fn refusal(&self) -> Option<RefusalReason> {
        match self.code {
            "unauthorized" | "too_many_failures" => Some(RefusalReason::Token),
            "too_large" => Some(RefusalReason::Size),
            _ if matches!(
                self.status,
                StatusCode::BAD_REQUEST
                    | StatusCode::REQUEST_TIMEOUT
                    | StatusCode::UNSUPPORTED_MEDIA_TYPE
            ) =>
            {
                Some(RefusalReason::Request)
            }
            _ => None,
        }
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        let body = json!({"error": self.code, "message": self.message}).to_string();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<BodyError> for PlainError {
    fn from(error: BodyError) -> Self {
        let message = error.to_string();
        match error {
            BodyError::TooLarge { .. } => Self::too_large(message),
            BodyError::TimedOut => Self::new(StatusCode::REQUEST_TIMEOUT, "timed_out", message),
            BodyError::Displaced => Self::unavailable(message),
            BodyError::Broken => Self::bad_request(message),
        }
    }
}

impl From<StoreError> for PlainError {
    fn from(error: StoreError) -> Self {
        match error.kind {
            StoreErrorKind::Unavailable => {
                Self::unavailable("the events could not be stored now, try again later")
            }
            StoreErrorKind::Refused => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "the events could not be stored",
            ),
        }
    }
}
