//! Where an archive is: a folder, or S3 under a prefix.

#[cfg(feature = "aws")]
mod bucket;

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use async_trait::async_trait;
use bytes::Bytes;
use cv_analytics_dashboard::private_file::{make_private_folder, write_private};

/// The files of an archive: in a folder, or under a prefix of a bucket.
pub(crate) struct ArchiveLocation {
    named: String,
    files: Box<dyn Files>,
}

/// Files by name, all at one level.
#[async_trait]
trait Files: Send + Sync {
    /// A file's bytes; `None` where there is none. One with more than `most` is an error.
    async fn get(&self, name: &str, most: u64) -> Result<Option<Bytes>>;
    /// Writes a file, whole or not at all.
    async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<()>;
    /// Removes a file; it need not be there.
    async fn remove(&self, name: &str) -> Result<()>;
}

impl ArchiveLocation {
    /// Opens what `named` names: `s3://BUCKET/PREFIX`, else a folder, which is made where `make` says so.
    pub(crate) async fn open(named: &str, make: bool) -> Result<Self> {
        let files: Box<dyn Files> = match named.split_once("://") {
            #[cfg(feature = "aws")]
            Some(("s3", rest)) => Box::new(bucket::open(named, rest).await?),
            #[cfg(not(feature = "aws"))]
            Some(("s3", _)) => bail!(crate::install::open_store::missing_aws("S3")),
            Some((scheme, _)) => {
                bail!(
                    "unknown scheme {scheme}:// of an archive: name a folder, or s3://BUCKET/PREFIX"
                )
            }
            None => Box::new(Folder(open_folder(Path::new(named), make)?)),
        };
        Ok(Self { named: named.to_owned(), files })
    }

    /// A file's bytes, `most` of them; `None` where there is none.
    pub(crate) async fn get(&self, name: &str, most: u64) -> Result<Option<Bytes>> {
        self.files.get(name, most).await.with_context(|| self.cannot("read", name))
    }

    /// Writes a file, whole or not at all; in a folder it is on disk afterwards, and its owner's only.
    pub(crate) async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<()> {
        self.files.put(name, bytes).await.with_context(|| self.cannot("write", name))
    }

    /// Removes a file; it need not be there.
    pub(crate) async fn remove(&self, name: &str) -> Result<()> {
        self.files.remove(name).await.with_context(|| self.cannot("remove", name))
    }

    pub(crate) fn named(&self) -> &str {
        &self.named
    }

    fn cannot(&self, what: &str, name: &str) -> String {
        format!("cannot {what} {name} in {}", self.named)
    }
}

fn ensure_fits(bytes: u64, most: u64) -> Result<()> {
    ensure!(bytes <= most, "too large: it has {bytes} bytes, at most {most} are accepted");
    Ok(())
}

struct Folder(PathBuf);

#[async_trait]
impl Files for Folder {
    async fn get(&self, name: &str, most: u64) -> Result<Option<Bytes>> {
        let path = self.0.join(name);
        let found = match fs::metadata(&path) {
            Ok(found) => found,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        // A pipe may never say anything, and a device may never end.
        ensure!(found.is_file(), "it is not a plain file");
        ensure_fits(found.len(), most)?;
        let mut bytes = Vec::new();
        File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
        ensure_fits(bytes.len() as u64, most)?;
        Ok(Some(bytes.into()))
    }

    async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<()> {
        Ok(write_private(&self.0.join(name), &bytes)?)
    }

    async fn remove(&self, name: &str) -> Result<()> {
        match fs::remove_file(self.0.join(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
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
