//! What a way to send mail has to offer: take one message, or say what to do.

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use crate::message::Message;

/// A hand-over that takes longer is given up: somebody else may send the mail soon after.
pub const HAND_OVER_LIMIT: Duration = Duration::from_secs(20);

/// A way to send mail: SES, SMTP, a folder.
pub trait HandOver: Sync {
    /// Hands `message` over to whoever delivers it. After an error it may be handed over again.
    ///
    /// Ends within [`HAND_OVER_LIMIT`].
    fn hand_over(
        &self,
        message: &Message,
    ) -> impl Future<Output = Result<(), HandOverError>> + Send;
}

/// Why a message was not taken: a sentence that says what to do, and names no address.
#[derive(Debug, thiserror::Error)]
#[error("{sentence}")]
pub struct HandOverError {
    sentence: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl HandOverError {
    /// A refusal in a sentence.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), source: None }
    }

    /// A refusal in a sentence, with what caused it.
    pub fn caused(
        sentence: impl Into<String>,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self { sentence: sentence.into(), source: Some(source.into()) }
    }
}
