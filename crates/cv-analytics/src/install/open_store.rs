//! Opens the store that `--store` names.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use cv_analytics_core::intake::Intake;
use cv_analytics_core::privacy::SessionKey;
use cv_analytics_core::store::{SharedStore, Store};
use cv_analytics_sqlite::SqliteStore;

use crate::install::Installation;
#[cfg(feature = "aws")]
use crate::install::aws;
use crate::install::data_folder::DataFolder;
use crate::install::privacy_switches::PrivacySwitches;

/// A kind of store, as `--store` names it; without it, the database in the data folder is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreKind {
    /// A file of SQLite.
    Sqlite(PathBuf),
    /// Two tables of DynamoDB, with their queues.
    #[cfg(feature = "aws")]
    DynamoDb,
}

impl FromStr for StoreKind {
    type Err = String;

    fn from_str(store: &str) -> Result<Self, Self::Err> {
        match store.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(path.into())),
            #[cfg(feature = "aws")]
            None if store == "dynamodb" => Ok(Self::DynamoDb),
            #[cfg(not(feature = "aws"))]
            None if store == "dynamodb" => Err(missing_aws("dynamodb")),
            _ => Err("unknown store: write --store sqlite:PATH or --store dynamodb".to_owned()),
        }
    }
}

/// What a program says that was compiled without the feature `aws`, asked for `wanted`.
#[cfg(not(feature = "aws"))]
pub(crate) fn missing_aws(wanted: &str) -> String {
    format!(
        "missing feature: this program was compiled without AWS, which {wanted} needs; take the program of a release, or \
         compile it with `cargo install --path crates/cv-analytics --features aws`"
    )
}

/// What a store is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To use what is there.
    Use,
    /// To put something in; a database is made where it is missing.
    Fill,
    /// To import events, which tables of another program do not take.
    Import,
}

impl Installation {
    pub(crate) fn folder(&self) -> DataFolder {
        DataFolder::new(self.data.as_deref().unwrap_or(Path::new("cv-analytics-data")))
    }

    /// Whether the store is on AWS.
    pub(crate) fn is_on_aws(&self) -> bool {
        !matches!(self.store, None | Some(StoreKind::Sqlite(_)))
    }

    /// The file of a store that is in SQLite.
    pub(crate) fn database(&self) -> PathBuf {
        match &self.store {
            Some(StoreKind::Sqlite(path)) => path.clone(),
            _ => self.folder().database(),
        }
    }

    /// Opens the store: the one place where it is chosen. A database may be made where it is missing, tables are not.
    pub(crate) async fn open(&self, purpose: Purpose) -> Result<SharedStore> {
        Ok(match (&self.store, purpose) {
            (None | Some(StoreKind::Sqlite(_)), Purpose::Use) => Arc::new(self.open_sqlite()?),
            (None | Some(StoreKind::Sqlite(_)), Purpose::Fill | Purpose::Import) => {
                Arc::new(self.open_or_create_sqlite()?)
            }
            #[cfg(feature = "aws")]
            (Some(StoreKind::DynamoDb), Purpose::Use | Purpose::Fill) => {
                Arc::new(aws::open().await?)
            }
            #[cfg(feature = "aws")]
            (Some(StoreKind::DynamoDb), Purpose::Import) => {
                let store = aws::open().await?;
                aws::check_before_import(&store).await?;
                Arc::new(store)
            }
        })
    }

    /// Opens the database that is there, for reading where it cannot be written.
    pub(crate) fn open_sqlite(&self) -> Result<SqliteStore> {
        let database = self.database();
        if let Err(error) = File::open(&database) {
            let shown = database.display();
            match error.kind() {
                ErrorKind::NotFound => bail!(
                    "missing database {shown}: name the data folder with --data DIR; `cv-analytics serve` or \
                     `cv-analytics events import` makes one"
                ),
                ErrorKind::PermissionDenied => {
                    bail!(
                        "cannot read {shown}: permission denied; run it as the user of the server"
                    )
                }
                _ => return Err(error).with_context(|| format!("cannot read {shown}")),
            }
        }
        Ok(SqliteStore::open_or_read(database)?)
    }

    /// Opens the database, made where it is missing.
    pub(crate) fn open_or_create_sqlite(&self) -> Result<SqliteStore> {
        if self.store.is_none() {
            self.folder().create()?;
        }
        Ok(SqliteStore::open(self.database())?)
    }

    /// The intake for `store`; where sessions are kept as they come, no key is needed.
    pub(crate) async fn intake(
        &self,
        privacy: PrivacySwitches,
        store: &dyn Store,
    ) -> Result<Intake> {
        if privacy.keeps_session_ids() {
            return Ok(privacy.intake(SessionKey::new(Vec::new())));
        }
        Ok(privacy.intake(self.session_key_to_keep(store).await?))
    }
}
