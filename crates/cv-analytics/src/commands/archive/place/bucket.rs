//! An archive in S3.

use std::fs;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use bytes::Bytes;
use object_store::aws::{AmazonS3, AmazonS3Builder, AwsCredential};
use object_store::path::Path as ObjectPath;
use object_store::prefix::PrefixStore;
use object_store::{Certificate, ClientOptions, CredentialProvider, ObjectStoreExt};

use super::{Files, ensure_fits};
use crate::http_client::{choose_tls_provider, is_loopback};
use crate::install::aws;

/// Opens what `named` names, of which `rest` is `BUCKET/PREFIX`.
pub(super) async fn open(named: &str, rest: &str) -> Result<impl Files + use<>> {
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() {
        bail!("missing bucket in {named:?}: write s3://BUCKET/PREFIX");
    }
    let bucket = connect(bucket).await.with_context(|| named.to_owned())?;
    Ok(PrefixStore::new(bucket, prefix.trim_end_matches('/')))
}

#[async_trait]
impl Files for PrefixStore<AmazonS3> {
    async fn get(&self, name: &str, most: u64) -> Result<Option<Bytes>> {
        let found = match ObjectStoreExt::get(self, &ObjectPath::from(name)).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        ensure_fits(found.meta.size, most)?;
        Ok(Some(found.bytes().await?))
    }

    async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<()> {
        ObjectStoreExt::put(self, &ObjectPath::from(name), bytes.into()).await?;
        Ok(())
    }

    async fn remove(&self, name: &str) -> Result<()> {
        match self.delete(&ObjectPath::from(name)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// A bucket, reached with the region, credentials and endpoint that the AWS CLI would use.
async fn connect(bucket: &str) -> Result<AmazonS3> {
    choose_tls_provider();
    let sdk = aws::sdk_config().await?;
    let mut builder = AmazonS3Builder::new().with_bucket_name(bucket);
    if let Some(region) = sdk.region() {
        builder = builder.with_region(region.as_ref());
    }
    if let Some(provider) = sdk.credentials_provider() {
        builder = builder.with_credentials(Arc::new(SdkCredentials(provider)));
    }
    let mut client = ClientOptions::new();
    if let Some(endpoint) = aws::endpoint_of_s3(&sdk) {
        client = client.with_allow_http(endpoint.starts_with("http://"));
        if is_loopback(&endpoint) {
            // A proxy that is named takes the place of the environment's, and is used for no host.
            client = client.with_proxy_url(&endpoint).with_proxy_excludes("*");
        }
        builder = builder.with_endpoint(endpoint);
    }
    if let Some(bundle) = aws::certificate_bundle() {
        let cannot = || format!("invalid AWS_CA_BUNDLE {}", bundle.display());
        let pem = fs::read(&bundle).with_context(cannot)?;
        for certificate in Certificate::from_pem_bundle(&pem).with_context(cannot)? {
            client = client.with_root_certificate(certificate);
        }
    }
    Ok(builder.with_client_options(client).build()?)
}

/// The SDK's credentials, whichever profile or sign-on they come from.
#[derive(Debug)]
struct SdkCredentials(SharedCredentialsProvider);

#[async_trait]
impl CredentialProvider for SdkCredentials {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let found = self.0.provide_credentials().await;
        let found = found.map_err(|error| object_store::Error::Generic {
            store: "S3",
            source: Box::new(error),
        })?;
        Ok(Arc::new(AwsCredential {
            key_id: found.access_key_id().to_owned(),
            secret_key: found.secret_access_key().to_owned(),
            token: found.session_token().map(str::to_owned),
        }))
    }
}
