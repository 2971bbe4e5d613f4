//! Why AWS did not answer a question: denied, not there, or something else.

use std::error::Error;

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::commands::doctor::check::Check;

/// Why a call did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CallError {
    /// Who runs this lacks the right.
    Denied { right: String },
    /// There is no such thing.
    NotFound,
    /// No answer came; how that was, in a sentence.
    Unreached(String),
    /// Anything else, in a sentence.
    Failed(String),
}

/// Parts of the codes by which services say that something is not there.
const NOT_FOUND: [&str; 4] = ["NotFound", "NoSuchEntity", "NonExistentQueue", "QueueDoesNotExist"];
const DENIED: [&str; 4] =
    ["AccessDenied", "UnauthorizedOperation", "AuthorizationError", "NotAuthorized"];

impl CallError {
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }

    /// Sorts an answer that is not a success; `right` is what IAM calls the action.
    pub(crate) fn answered(right: &str, status: u16, code: &str, message: &str) -> Self {
        let is_one_of = |parts: &[&str]| parts.iter().any(|part| code.contains(part));
        if is_one_of(&DENIED) || (status == 403 && code.is_empty()) {
            return Self::Denied { right: right.to_owned() };
        }
        if is_one_of(&NOT_FOUND) {
            return Self::NotFound;
        }
        let code = if code.is_empty() { "no code" } else { code };
        Self::Failed(format!("{right} is answered {status} ({code}): {message}"))
    }

    /// Sorts what an SDK gave.
    pub(crate) fn of_sdk<E, R>(right: &str, error: &SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
        R: std::fmt::Debug,
    {
        let Some(answer) = error.as_service_error() else {
            let mut cause: &dyn Error = match error {
                SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
                    Some(error) => error,
                    None => return Self::Unreached(format!("{right} is not reached")),
                },
                _ => return Self::Unreached(format!("{right}: no answer that can be read")),
            };
            while let Some(deeper) = cause.source() {
                cause = deeper;
            }
            return Self::Unreached(format!("{right} is not reached: {cause}"));
        };
        let (code, message) = (answer.code().unwrap_or_default(), answer.message());
        Self::answered(right, 400, code, message.unwrap_or_default())
    }

    /// The check that could not be made for it; something that is not there has to be judged by who asked for it.
    pub(crate) fn inconclusive(&self, name: impl Into<String>) -> Check {
        match self {
            Self::Denied { right } => Check::inconclusive(
                name,
                format!("AWS does not let you look: {right} is denied"),
                format!(
                    "give who runs this the right {right}; docs/operate/doctor.md has the whole policy"
                ),
            ),
            Self::NotFound => {
                Check::inconclusive(name, "AWS knows nothing of that name", MISPLACED)
            }
            Self::Unreached(message) => Check::inconclusive(
                name,
                message.as_str(),
                "look at the network, the region and AWS_ENDPOINT_URL; then run this again",
            ),
            Self::Failed(message) => Check::inconclusive(
                name,
                message.as_str(),
                "run this again in a minute; if it stays, AWS's answer says what is wrong",
            ),
        }
    }

    /// The same, but a failure that says `said` and how to mend it where there is no such thing.
    pub(crate) fn missing(&self, name: impl Into<String>, message: String, fix: String) -> Check {
        match self {
            Self::NotFound => Check::fail(name, message, fix),
            other => other.inconclusive(name),
        }
    }
}

/// What to do where a name is not there.
pub(crate) const MISPLACED: &str = "set AWS_REGION and AWS_PROFILE to where the installation is, and --prefix to its \
                                    environment's; if it is not there, set it up anew by infra/README.md";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_all_services_are_sorted() {
        let of = |code| CallError::answered("x:Y", 400, code, "m");
        for code in ["AccessDenied", "AccessDeniedException", "AuthorizationError"] {
            assert_eq!(of(code), CallError::Denied { right: "x:Y".to_owned() });
        }
        for code in [
            "ResourceNotFoundException",
            "NoSuchEntity",
            "NotFound",
            "AWS.SimpleQueueService.NonExistentQueue",
        ] {
            assert_eq!(of(code), CallError::NotFound, "{code}");
        }
        let throttled = of("Throttling");
        assert_eq!(throttled, CallError::failed("x:Y is answered 400 (Throttling): m"));
    }
}
