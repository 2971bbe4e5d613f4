//! Why a signature is not taken.

use cv_analytics_core::intake::refusal::RefusalReason;

/// Why a request is not taken as signed by the holder of the key.
///
/// An unknown key and a wrong signature have the same answer. Only the time they take differs, since nothing is
/// computed for an unknown key: the key id is not a secret, and letting anybody trigger that work would be worse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SignatureError {
    #[error("Request is missing Authentication Token")]
    MissingAuthentication,
    #[error("Signatures in the query string are not accepted: send an Authorization header")]
    Presigned,
    #[error("The query has too many parameters: at most {limit} are taken.")]
    TooManyParameters { limit: usize },
    #[error("{0}")]
    Incomplete(String),
    #[error("Credential should be scoped to {part} '{expected}'.")]
    WrongScope { part: &'static str, expected: String },
    #[error("{0}")]
    Skewed(String),
    #[error(
        "The security token included in the request is invalid: this server issues none, unset AWS_SESSION_TOKEN"
    )]
    SessionToken,
    #[error("{0}")]
    PayloadHash(&'static str),
    #[error(
        "The host that the request was sent to is not one of this server: set its public URL to the address in use"
    )]
    WrongHost,
    #[error(
        "The request signature we calculated does not match the signature you provided. \
         Check your AWS Access Key ID, AWS Secret Access Key and signing method."
    )]
    Mismatch,
    /// Told to nobody but the owner: see [`SignatureError`].
    #[error("{}", Self::Mismatch)]
    UnknownKey,
}

impl SignatureError {
    /// Why a message with this signature is refused.
    pub(crate) const fn refusal(&self) -> RefusalReason {
        match self {
            Self::WrongScope { .. } => RefusalReason::Region,
            Self::Skewed(_) => RefusalReason::Clock,
            Self::WrongHost => RefusalReason::Host,
            Self::UnknownKey => RefusalReason::Key,
            Self::MissingAuthentication
            | Self::Presigned
            | Self::TooManyParameters { .. }
            | Self::Incomplete(_)
            | Self::SessionToken
            | Self::PayloadHash(_)
            | Self::Mismatch => RefusalReason::Signature,
        }
    }

    /// The reason as a metric's label.
    pub(crate) const fn label(&self) -> &'static str {
        match self {
            Self::MissingAuthentication => "missing",
            Self::Presigned => "presigned",
            Self::TooManyParameters { .. } => "parameters",
            Self::Incomplete(_) => "incomplete",
            Self::WrongScope { .. } => "scope",
            Self::Skewed(_) => "skewed",
            Self::SessionToken => "session_token",
            Self::PayloadHash(_) => "payload_hash",
            Self::WrongHost => "host",
            Self::Mismatch => "mismatch",
            Self::UnknownKey => "key",
        }
    }
}
