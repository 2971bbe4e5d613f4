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
use cv_analytics_aws::queue::dead_letters::DeadLetterQueue;
use cv_analytics_aws::queue::receiver::queue_url;
use cv_analytics_aws::{DynamoDbStore, TableNames, Tables, clients};
use cv_analytics_core::privacy::SessionKey;
use tracing_subscriber::EnvFilter;

use crate::clock::now;
use crate::install::data_folder::QUEUE;
use crate::install::session_key;

/// Where AWS is used unless the environment or the profile names another region.
const DEFAULT_REGION: &str = "eu-west-2";
/// The dead-letter queue's name.
pub(crate) const DEAD_LETTER_QUEUE: &str = "cv-analytics-dlq.fifo";
const NO_SESSION_KEY: &str = "set SESSION_SALT to the processor's: the sessions in the tables are hashed with it, and \
                              with another key they would never match";

/// Tables, queues, and how to reach them.
#[derive(Clone, Debug)]
pub(crate) struct AwsInstallation {
    pub(crate) store: DynamoDbStore,
    sdk: SdkConfig,
}

impl AwsInstallation {
    /// Opens the tables: region and credentials are found as the AWS CLI finds them, and both tables
    /// are looked at.
    pub(crate) async fn open() -> Result<Self> {
        start_warnings();
        let sdk = sdk_config().await?;
        let mut names = TableNames::default();
        if let Some(name) = variable("QUERY_EVENTS_TABLE") {
            names.query_events = name;
        }
        if let Some(name) = variable("ANALYTICS_TABLE") {
            names.analytics = name;
        }
        let tables = Tables::new(aws_sdk_dynamodb::Client::new(&sdk), names);
        let region = sdk.region().map(ToString::to_string).unwrap_or_default();
        tables.check().await.with_context(|| format!("the store in {region} cannot be used"))?;
        Ok(Self { store: DynamoDbStore::new(tables, now), sdk })
    }

    /// Refuses tables that another program filled: what is imported under a key of theirs would not
    /// be kept.
    pub(crate) async fn check_before_import(&self) -> Result<()> {
        let tables = self.store.tables();
        if tables.show_another_program().await? {
            let TableNames { query_events, analytics } = tables.names();
            bail!(
                "{query_events} and {analytics} hold rows of another program: export those, and import them into tables \
                 of their own, which QUERY_EVENTS_TABLE and ANALYTICS_TABLE then name"
            );
        }
        Ok(())
    }

    /// The queues.
    pub(crate) fn queues(&self) -> Queues {
        Queues::new(self.sdk.clone())
    }

    /// The client of SES.
    pub(crate) fn mail(&self) -> aws_sdk_sesv2::Client {
        aws_sdk_sesv2::Client::new(&self.sdk)
    }

    /// The dead-letter queue that `DEAD_LETTER_QUEUE_URL` names.
    pub(crate) fn named_dead_letter_queue(&self) -> Option<DeadLetterQueue> {
        variable("DEAD_LETTER_QUEUE_URL").map(|url| DeadLetterQueue::new(self.queues(), url))
    }

    /// The dead-letter queue, by `DEAD_LETTER_QUEUE_URL` or by its name.
    pub(crate) async fn dead_letter_queue(&self) -> Result<DeadLetterQueue> {
        if let Some(queue) = self.named_dead_letter_queue() {
            return Ok(queue);
        }
        let url = queue_url(self.queues().client(), DEAD_LETTER_QUEUE).await.with_context(
            || "the dead-letter queue is not found by its name: set DEAD_LETTER_QUEUE_URL",
        )?;
        Ok(DeadLetterQueue::new(self.queues(), url))
    }

    /// The events queue's address, by `QUEUE_URL` or by its name.
    pub(crate) async fn events_queue_url(&self) -> Result<String> {
        if let Some(url) = variable("QUEUE_URL") {
            return Ok(url);
        }
        let found = queue_url(self.queues().client(), QUEUE).await;
        found.context("the events queue is not found by its name: set QUEUE_URL")
    }

    /// The key of the session hash: the processor's `SESSION_SALT`, else the one that is kept in the
    /// table; `None` where there is neither.
    pub(crate) async fn known_session_key(&self) -> Result<Option<SessionKey>> {
        match variable("SESSION_SALT") {
            Some(salt) => Ok(Some(SessionKey::new(salt))),
            None => Ok(cv_analytics_core::store::session_key::kept(&self.store).await?),
        }
    }

    /// The key by which a session that is kept is found.
    pub(crate) async fn session_key_to_find(&self) -> Result<SessionKey> {
        self.known_session_key().await?.ok_or_else(|| anyhow!(NO_SESSION_KEY))
    }

    /// The key under which new sessions are kept. One is made only for tables that are empty, where
    /// no processor has been at work yet.
    pub(crate) async fn session_key_to_keep(&self) -> Result<SessionKey> {
        if let Some(key) = self.known_session_key().await? {
            return Ok(key);
        }
        if !self.store.tables().are_empty().await? {
            bail!(NO_SESSION_KEY);
        }
        eprintln!(
            "the tables are empty and SESSION_SALT is not set: a key for session ids is made and kept in {}; a \
             processor that has a SESSION_SALT of its own will hash the same sessions differently",
            self.store.tables().names().analytics
        );
        session_key::kept_or_made(&self.store).await
    }
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
        None => Err(anyhow!("there is no provider of credentials")),
    };
    found.context(
        "no AWS credentials were found: sign in (`aws sso login`), name a profile in AWS_PROFILE, or set \
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

/// A variable under AWS's own name, or the functions'; `None` where it is missing or empty.
pub(crate) fn variable(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "this is the installation's configuration")]
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}
