//! Where an archive is: a folder, or S3 under a prefix.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use bytes::Bytes;
use cv_analytics_dashboard::private_file::{make_private_folder, write_private};
use object_store::aws::{AmazonS3, AmazonS3Builder, AwsCredential};
use object_store::path::Path as ObjectPath;
use object_store::prefix::PrefixStore;
use object_store::{Certificate, ClientOptions, CredentialProvider, ObjectStoreExt};

use crate::http_client::{choose_tls_provider, is_loopback};
use crate::install::aws;

/// A folder or a prefix of a bucket.
#[derive(Debug)]
pub(crate) struct ArchiveLocation {
    named: String,
    files: Files,
}

#[derive(Debug)]
enum Files {
    Folder(PathBuf),
    Bucket(Box<PrefixStore<AmazonS3>>),
}

impl ArchiveLocation {
    /// Opens what `named` names: `s3://BUCKET/PREFIX`, else a folder, which is made where `make` says so.
    pub(crate) async fn open(named: &str, make: bool) -> Result<Self> {
        let files = match named.split_once("://") {
            Some(("s3", rest)) => {
                let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
                if bucket.is_empty() {
                    bail!("missing bucket in {named:?}: write s3://BUCKET/PREFIX");
                }
                let bucket = open_bucket(bucket).await.with_context(|| named.to_owned())?;
                Files::Bucket(Box::new(PrefixStore::new(bucket, prefix.trim_end_matches('/'))))
            }
            Some((scheme, _)) => {
                bail!(
                    "unknown scheme {scheme}:// of an archive: name a folder, or s3://BUCKET/PREFIX"
                )
            }
            None => Files::Folder(open_folder(Path::new(named), make)?),
        };
        Ok(Self { named: named.to_owned(), files })
    }

    /// A file's bytes, `most` of them; `None` where there is none.
    pub(crate) async fn get(&self, name: &str, most: u64) -> Result<Option<Bytes>> {
        let fits = |bytes: u64| {
            ensure!(
                bytes <= most,
                "too large: {name} in {} has {bytes} bytes, at most {most} are accepted",
                self.named
            );
            Ok(())
        };
        let cannot = || self.cannot("read", name);
        match &self.files {
            Files::Folder(folder) => {
                let path = folder.join(name);
                let found = match fs::metadata(&path) {
                    Ok(found) => found,
                    Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                    Err(error) => return Err(error).with_context(cannot),
                };
                // A pipe may never say anything, and a device may never end.
                ensure!(found.is_file(), "{}: it is not a plain file", cannot());
                fits(found.len())?;
                let mut bytes = Vec::new();
                let file = File::open(path).with_context(cannot)?;
                file.take(most + 1).read_to_end(&mut bytes).with_context(cannot)?;
                fits(bytes.len() as u64)?;
                Ok(Some(bytes.into()))
            }
            Files::Bucket(bucket) => {
                let found = match bucket.get(&ObjectPath::from(name)).await {
                    Ok(found) => found,
                    Err(object_store::Error::NotFound { .. }) => return Ok(None),
                    Err(error) => return Err(error).with_context(cannot),
                };
                fits(found.meta.size)?;
                Ok(Some(found.bytes().await.with_context(cannot)?))
            }
        }
    }

    /// Writes a file, whole or not at all; in a folder it is on disk afterwards, and its owner's only.
    pub(crate) async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<()> {
        let cannot = || self.cannot("write", name);
        match &self.files {
            Files::Folder(folder) => write_private(&folder.join(name), &bytes).with_context(cannot),
            Files::Bucket(bucket) => {
                let put = bucket.put(&ObjectPath::from(name), bytes.into()).await;
                put.map(drop).with_context(cannot)
            }
        }
    }

    /// Removes a file; it need not be there.
    pub(crate) async fn remove(&self, name: &str) -> Result<()> {
        let cannot = || self.cannot("remove", name);
        match &self.files {
            Files::Folder(folder) => match fs::remove_file(folder.join(name)) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    Err(error).with_context(cannot)
                }
                _ => Ok(()),
            },
            Files::Bucket(bucket) => match bucket.delete(&ObjectPath::from(name)).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(error).with_context(cannot),
            },
        }
    }

    pub(crate) fn named(&self) -> &str {
        &self.named
    }

    fn cannot(&self, what: &str, name: &str) -> String {
        format!("cannot {what} {name} in {}", self.named)
    }
}

fn open_folder(folder: &Path, make: bool) -> Result<PathBuf> {
    if make && !folder.exists() {
        // An archive holds people's questions, and the key of the session hash.
        make_private_folder(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    if !folder.is_dir() {
        bail!("invalid folder {}: it is missing, or a file", folder.display());
    }
    Ok(folder.to_owned())
}

/// A bucket, reached with the region, credentials and endpoint that the AWS CLI would use.
async fn open_bucket(bucket: &str) -> Result<AmazonS3> {
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

#[async_trait::async_trait]
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
