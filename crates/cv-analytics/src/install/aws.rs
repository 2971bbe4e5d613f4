//! The installation on AWS: its tables and queues, reached as the AWS CLI reaches them.

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{SharedHttpConnector, http_client_fn};
use aws_types::SdkConfig;
use aws_types::region::Region;
use cv_analytics_aws::clients::trusted_roots::TrustedRoots;
use cv_analytics_aws::queue::clients::Queues;
use cv_analytics_aws::store::AwsSettings;
use cv_analytics_aws::{AwsStore, DynamoDbStore, TableNames, Tables, clients};
use tracing_subscriber::EnvFilter;

use crate::clock::now;
use crate::install::session_key::session_salt;
use crate::install::variable;

/// Where AWS is used unless the environment or the profile names another region.
const DEFAULT_REGION: &str = "eu-west-2";

/// Opens the tables: region and credentials are found as the AWS CLI finds them, and both tables are looked at.
pub(crate) async fn open() -> Result<AwsStore> {
    start_warnings();
    let sdk = sdk_config().await?;
    let tables = Tables::new(aws_sdk_dynamodb::Client::new(&sdk), table_names());
    let region = sdk.region().map(ToString::to_string).unwrap_or_default();
    tables.check().await.with_context(|| format!("cannot use the store in {region}"))?;
    let settings = AwsSettings {
        events_queue: variable("QUEUE_URL"),
        dead_letter_queue: variable("DEAD_LETTER_QUEUE_URL"),
        session_key: session_salt(),
    };
    Ok(AwsStore::new(DynamoDbStore::new(tables, now), Queues::new(sdk), settings))
}

pub(crate) fn table_names() -> TableNames {
    let TableNames { query_events, analytics } = TableNames::default();
    TableNames {
        query_events: variable("QUERY_EVENTS_TABLE").unwrap_or(query_events),
        analytics: variable("ANALYTICS_TABLE").unwrap_or(analytics),
    }
}

/// Refuses tables that another program filled: what is imported under a key of theirs would not be kept.
pub(crate) async fn check_before_import(store: &AwsStore) -> Result<()> {
    let tables = store.tables().tables();
    if tables.show_another_program().await? {
        let TableNames { query_events, analytics } = tables.names();
        bail!(
            "refused: {query_events} and {analytics} hold rows of another program; export those and import them into \
             separate tables, named by QUERY_EVENTS_TABLE and ANALYTICS_TABLE"
        );
    }
    Ok(())
}

/// Region, credentials and endpoints as the AWS CLI finds them.
pub(crate) async fn sdk_config() -> Result<SdkConfig> {
    Ok(sdk_with_connector().await?.0)
}

/// The same, and what calls need that are made without an SDK.
pub(crate) async fn sdk_with_connector()
-> Result<(SdkConfig, SharedHttpConnector, SharedCredentialsProvider)> {
    let region = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
        .or_else(ProfileFileRegionProvider::new())
        .or_else(Region::from_static(DEFAULT_REGION));
    // A company's proxy shows certificates of an authority that the system knows.
    let bundle = certificate_bundle();
    let roots = TrustedRoots::of_program(bundle.as_deref())?;
    let connector = clients::http_connector(roots);
    let shared = connector.clone();
    let sdk = aws_config::defaults(clients::behavior_version())
        .region(region)
        .http_client(http_client_fn(move |_, _| shared.clone()))
        .timeout_config(clients::timeouts())
        .load()
        .await;
    let credentials = checked_credentials(&sdk).await?;
    Ok((sdk, connector, credentials))
}

/// The endpoint of S3 where it is not AWS's own
/// (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>).
pub(crate) fn endpoint_of_s3(sdk: &SdkConfig) -> Option<String> {
    variable("AWS_ENDPOINT_URL_S3").or_else(|| sdk.endpoint_url().map(str::to_owned))
}

/// The file of certificates that `AWS_CA_BUNDLE` names.
pub(crate) fn certificate_bundle() -> Option<PathBuf> {
    variable("AWS_CA_BUNDLE").map(PathBuf::from)
}

/// Whether there are credentials: without them every call would only say that AWS was not reached.
async fn checked_credentials(sdk: &SdkConfig) -> Result<SharedCredentialsProvider> {
    let found = match sdk.credentials_provider() {
        Some(provider) => match provider.provide_credentials().await {
            Ok(_) => Ok(provider),
            Err(error) => Err(anyhow::Error::from(error)),
        },
        None => Err(anyhow!("missing AWS credentials provider")),
    };
    found.context(
        "missing AWS credentials: sign in (`aws sso login`), name a profile in AWS_PROFILE, or set \
         AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    )
}

/// Lets what the store warns of, as items that it cannot read, reach standard error.
fn start_warnings() {
    let log = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("cv_analytics_aws=warn"))
        .with_writer(std::io::stderr)
        .without_time()
        .with_target(false);
    drop(log.try_init());
}
