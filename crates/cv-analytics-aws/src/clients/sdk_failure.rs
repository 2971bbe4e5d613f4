//! What a failed call of any service is called: AWS's own code, or what went wrong on the way.

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// The service did not answer in time.
pub(crate) const NO_ANSWER: &str = "no answer in time";
/// No connection came about, or it broke.
pub(crate) const NOT_REACHED: &str = "not reached";

/// The code of `error`: all of it that a log may always keep.
pub(crate) fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> String {
    match error {
        SdkError::ServiceError(answer) => {
            answer.err().code().unwrap_or("an answer without a code").to_owned()
        }
        SdkError::TimeoutError(_) => NO_ANSWER.to_owned(),
        SdkError::DispatchFailure(_) => NOT_REACHED.to_owned(),
        _ => "the answer cannot be read".to_owned(),
    }
}
