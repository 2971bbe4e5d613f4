//! What a call to DynamoDB can fail with, and what it means for the message behind it.

use std::error::Error;

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use cv_analytics_core::store::StoreError;

use crate::clients::sdk_failure;
use crate::item::attributes::UnknownAttribute;

/// Why a call to a table failed.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// Throttled, out of reach or out of order: the same call may succeed later.
    #[error("table {table}: {call} failed for now ({code}): {}", advice(.code))]
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
    #[error("refused by table {table}: {message}")]
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
                "unknown table in this region and account: create it from the template, or name it in \
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

/// What to do about a passing fault: mostly to wait.
fn advice(code: &str) -> &'static str {
    match code {
        "ThrottlingException"
        | "ProvisionedThroughputExceededException"
        | "RequestLimitExceeded" => {
            "the table is throttled: try again later; if that does not pass, make it on-demand or raise its limit"
        }
        sdk_failure::NOT_REACHED | sdk_failure::NO_ANSWER => {
            "look at the region, the network (a VPC needs a way to DynamoDB) and AWS_ENDPOINT_URL"
        }
        _ => "try again later",
    }
}

/// Whether a validation error is about the table, where dropping messages would lose hundreds.
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
    use aws_credential_types::Credentials;
    use aws_sdk_dynamodb::Client;
    use aws_sdk_dynamodb::config::{Config, Region, SharedCredentialsProvider};
    use aws_smithy_runtime_api::client::http::{
        HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
    };
    use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::retry::RetryConfig;
    use cv_analytics_core::event::RequestId;

    use super::{HttpResponse, TableError, is_about_the_table};
    use crate::clients::behavior_version;
    use crate::{TableNames, Tables};

    /// Answers each call with one code, or not at all.
    #[derive(Clone, Copy, Debug)]
    struct Canned(Option<&'static str>);

    impl HttpConnector for Canned {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            let Some(code) = self.0 else {
                let error = ConnectorError::io("connection refused".into());
                return HttpConnectorFuture::ready(Err(error));
            };
            let kind = format!("com.amazonaws.dynamodb.v20120810#{code}");
            let body = serde_json::json!({"__type": kind, "message": "DynamoDB's words"});
            let status = 400.try_into().unwrap();
            let response = HttpResponse::new(status, SdkBody::from(body.to_string()));
            HttpConnectorFuture::ready(Ok(response))
        }
    }

    async fn failure(code: Option<&'static str>) -> TableError {
        let connector = SharedHttpConnector::new(Canned(code));
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "a test");
        let config = Config::builder()
            .behavior_version(behavior_version())
            .region(Region::new("eu-west-2"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .retry_config(RetryConfig::disabled())
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        let tables = Tables::new(Client::from_conf(config), TableNames::default());
        tables.read_row(&RequestId::new("r").unwrap()).await.unwrap_err()
    }

    #[tokio::test]
    async fn a_throttled_table_is_a_passing_fault_and_says_what_to_do() {
        for code in ["ThrottlingException", "ProvisionedThroughputExceededException"] {
            let error = failure(Some(code)).await;
            assert!(matches!(error, TableError::Unavailable { .. }), "{error}");
            let expect = format!(
                "table CV-Analytics-QueryEvents: GetItem failed for now ({code}): the table is throttled: try again \
                 later; if that does not pass, make it on-demand or raise its limit"
            );
            assert_eq!(error.to_string(), expect);
        }
    }

    #[tokio::test]
    async fn other_passing_faults_say_what_to_look_at() {
        let error = failure(Some("InternalServerError")).await;
        assert!(matches!(error, TableError::Unavailable { .. }), "{error}");
        assert!(error.to_string().ends_with("(InternalServerError): try again later"), "{error}");
        let error = failure(None).await;
        assert!(matches!(error, TableError::Unavailable { .. }), "{error}");
        assert!(error.to_string().contains("(not reached): look at the region"), "{error}");
    }

    #[tokio::test]
    async fn a_missing_permission_is_no_fault_of_a_message_and_is_named() {
        let error = failure(Some("AccessDeniedException")).await;
        assert!(matches!(error, TableError::Misconfigured { .. }), "{error}");
        assert_eq!(
            error.to_string(),
            "table CV-Analytics-QueryEvents: no permission for dynamodb:GetItem: give it to the role that calls \
             (DynamoDB's words)"
        );
        let error = failure(Some("ExpiredTokenException")).await;
        assert!(matches!(error, TableError::Misconfigured { .. }), "{error}");
        assert!(error.to_string().contains("sign in again"), "{error}");
    }

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
