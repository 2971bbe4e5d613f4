//! What a way to send mail has to offer: take one message, or say what to do.

#[cfg(feature = "schedule")]
pub mod outbox;
#[cfg(feature = "smtp")]
pub mod smtp;

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use cv_analytics_core::privacy::EMAIL_MARKER;

use crate::message::Message;

/// The longest that a hand-over takes where its way says nothing else.
pub const TRANSPORT_TIMEOUT: Duration = Duration::from_secs(20);

/// A way to send mail: SES, SMTP, a folder.
pub trait Transport: Sync {
    /// A hand-over that takes longer is given up: another process may send the mail soon after.
    ///
    /// All who send from one store have the same.
    fn limit(&self) -> Duration {
        TRANSPORT_TIMEOUT
    }

    /// Hands `message` over for delivery. After an error it may be handed over again.
    ///
    /// Ends within [`Transport::limit`].
    fn hand_over(
        &self,
        message: &Message,
    ) -> impl Future<Output = Result<(), TransportError>> + Send;
}

/// A server's words on one line, with every word that holds an `@` replaced.
pub fn without_addresses(words: &str) -> String {
    let one = |word| if str::contains(word, '@') { EMAIL_MARKER } else { word };
    let words = words.split(|letter: char| letter.is_whitespace() || letter.is_control());
    words.filter(|word| !word.is_empty()).map(one).collect::<Vec<_>>().join(" ")
}

/// Why a message was not taken: a sentence that says what to do, and names no address.
#[derive(Debug, thiserror::Error)]
#[error("{sentence}")]
pub struct TransportError {
    sentence: String,
    is_permanent: bool,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl TransportError {
    /// A refusal in a sentence.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), is_permanent: false, source: None }
    }

    /// A refusal in a sentence, with what caused it.
    pub fn caused(
        sentence: impl Into<String>,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self { sentence: sentence.into(), is_permanent: false, source: Some(source.into()) }
    }

    /// The same, of a refusal that a retry without a change does not fix.
    #[must_use]
    pub fn permanent(self) -> Self {
        Self { is_permanent: true, ..self }
    }

    /// Whether the owner has to change something before a retry can succeed.
    pub const fn is_permanent(&self) -> bool {
        self.is_permanent
    }
}
