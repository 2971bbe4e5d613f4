//! What a failed call of any service is called: AWS's own code, or what went wrong on the way.

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// The code of `error`: all of it that a log may always keep.
pub(crate) fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> String {
    match error {
        SdkError::ServiceError(answer) => {
            answer.err().code().unwrap_or("an answer without a code").to_owned()
        }
        SdkError::TimeoutError(_) => "no answer in time".to_owned(),
        SdkError::DispatchFailure(_) => "not reached".to_owned(),
        _ => "the answer cannot be read".to_owned(),
    }
}
