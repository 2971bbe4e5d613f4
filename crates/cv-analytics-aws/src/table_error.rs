//! What a call to DynamoDB can fail with, and what it means for the message behind it.

use std::error::Error;

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use cv_analytics_core::store::StoreError;

use crate::attributes::UnknownAttribute;
use crate::sdk_failure;

/// Why a call to a table failed.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// Throttled, out of reach or out of order: the same call may succeed later.
    #[error("table {table}: {call} failed for now ({code})")]
    Unavailable {
        /// The table's name.
        table: String,
        /// The call, as AWS names it.
        call: &'static str,
        /// AWS's error code, or what went wrong on the way.
        code: String,
        /// The SDK's error.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The installation is wrong: no message is to blame, and none may be given up for it.
    #[error("table {table}: {problem}")]
    Misconfigured {
        /// The table's name.
        table: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// The table will never take this item.
    #[error("table {table} refuses the item: {message}")]
    Refused {
        /// The table's name.
        table: String,
        /// DynamoDB's own words, which name sizes and types, not contents.
        message: String,
    },
    /// An item was written by another program, or by a newer version.
    #[error("table {table}: {source}")]
    Unreadable {
        /// The table's name.
        table: String,
        /// The attribute.
        source: UnknownAttribute,
    },
}

impl TableError {
    /// Sorts what the SDK answered for `call` on `table`.
    pub(crate) fn from_sdk<E>(
        table: &str,
        call: &'static str,
        error: SdkError<E, HttpResponse>,
    ) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let table = table.to_owned();
        let code = sdk_failure::code(&error);
        let message = error.message().unwrap_or_default().to_owned();
        let misconfigured = |problem: String| Self::Misconfigured { table: table.clone(), problem };
        match code.as_str() {
            "ResourceNotFoundException" => misconfigured(
                "there is no such table in this region and account: create it from the template, or name it in \
                 QUERY_EVENTS_TABLE and ANALYTICS_TABLE"
                    .to_owned(),
            ),
            "AccessDeniedException" => misconfigured(format!(
                "no permission for dynamodb:{call}: give it to the role that calls ({message})"
            )),
            "UnrecognizedClientException" | "InvalidSignatureException" | "MissingAuthenticationToken"
            | "ExpiredTokenException" | "IncompleteSignature" => misconfigured(format!(
                "AWS does not accept the credentials ({code}): sign in again, or set AWS_PROFILE"
            )),
            "ValidationException" if is_about_the_table(&message) => misconfigured(format!(
                "its keys or its index are not those that are needed ({message})"
            )),
            "ValidationException" => Self::Refused { table, message },
            _ => Self::Unavailable { table, call, code, source: error.into() },
        }
    }

    /// The failure for an item of `table` that cannot be read.
    pub(crate) fn unreadable(table: &str) -> impl Fn(UnknownAttribute) -> Self {
        move |source| Self::Unreadable { table: table.to_owned(), source }
    }
}

/// Whether a validation error speaks of the table rather than of the item: messages that are
/// given up for a wrong table would be lost by the hundred.
fn is_about_the_table(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ["key", "index", "schema"].iter().any(|word| message.contains(word))
}

impl From<TableError> for StoreError {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Unavailable { .. } => {
                let message = error.to_string();
                Self::unavailable(message, error)
            }
            _ => Self::refused(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_about_the_table;

    #[test]
    fn a_wrong_table_is_told_from_a_wrong_item() {
        for table in [
            "The provided key element does not match the schema",
            "One or more parameter values were invalid: Missing the key id in the item",
            "The table does not have the specified index: week-index",
            "One or more parameter values were invalid: Type mismatch for Index Key timestamp Expected: S Actual: N",
        ] {
            assert!(is_about_the_table(table), "{table}");
        }
        for item in [
            "Item size has exceeded the maximum allowed size",
            "Item size to update has exceeded the maximum allowed size",
            "Nesting Levels have exceeded supported limits",
        ] {
            assert!(!is_about_the_table(item), "{item}");
        }
    }
}
