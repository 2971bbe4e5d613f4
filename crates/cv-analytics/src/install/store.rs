//! The store that `--store` chose: chosen once, and the same ports on either.

use std::ops::Range;

use anyhow::Result;
use cv_analytics_core::interaction::Interaction;
use cv_analytics_core::privacy::{Privacy, SessionKey};
use cv_analytics_core::store::archive::{Archive, ArchivePage, Archived, Cursor, PutBack};
use cv_analytics_core::store::observation_page::ObservationPage;
use cv_analytics_core::store::{
    Arrival, Deliveries, Keep, Ledger, LedgerRecord, Observe, Receipt, StoreError,
};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_sqlite::SqliteStore;
use futures_util::Stream;
use futures_util::future::Either;

use crate::install::aws::AwsInstallation;
use crate::install::session_key;

/// One of the two stores that there are.
#[derive(Clone)]
pub(crate) enum InstallationStore {
    /// A SQLite file.
    Sqlite(SqliteStore),
    /// Two tables on AWS.
    DynamoDb(Box<AwsInstallation>),
}

impl InstallationStore {
    /// The key under which new sessions are kept.
    pub(crate) async fn session_key_to_keep(&self) -> Result<SessionKey> {
        match self {
            Self::Sqlite(store) => session_key::kept_or_made(store).await,
            Self::DynamoDb(aws) => aws.session_key_to_keep().await,
        }
    }

    /// The key under which sessions are kept; `None` where none was made yet, or it is not known here.
    pub(crate) async fn known_session_key(&self) -> Result<Option<SessionKey>> {
        match self {
            Self::Sqlite(store) => Ok(cv_analytics_core::store::session_key::kept(store).await?),
            Self::DynamoDb(aws) => aws.known_session_key().await,
        }
    }

    /// Whether a message that cannot be read, and that goes elsewhere than into the store, names what was
    /// erased.
    pub(crate) async fn names_erased(&self, body: &[u8], privacy: &Privacy) -> Result<bool> {
        match self {
            // It takes them itself, and looks then.
            Self::Sqlite(_) => Ok(false),
            Self::DynamoDb(aws) => Ok(aws.store.names_erased(body, privacy).await?),
        }
    }

    /// What gives the kept form of `sessions`, so that they are found. Those that are given as the
    /// store keeps them need no key.
    pub(crate) async fn privacy_to_find(&self, sessions: &[String]) -> Result<Privacy> {
        let keyless = Privacy::full(SessionKey::new(Vec::new()));
        let is_kept = |id: &String| keyless.session(id).is_none_or(|kept| kept.as_str() == id);
        if sessions.iter().all(is_kept) {
            return Ok(keyless);
        }
        Ok(Privacy::full(match self {
            Self::Sqlite(store) => session_key::kept_or_made(store).await?,
            Self::DynamoDb(aws) => aws.session_key_to_find().await?,
        }))
    }

    /// Streams every interaction, page by page.
    pub(crate) fn export(
        &self,
    ) -> impl Stream<Item = Result<Vec<Interaction>, StoreError>> + Unpin + use<> {
        match self {
            Self::Sqlite(store) => Either::Left(store.export()),
            Self::DynamoDb(aws) => Either::Right(aws.store.export()),
        }
    }

    /// What an archive calls this kind of store.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::DynamoDb(_) => "dynamodb",
        }
    }

    /// Whether the store has a note for each dead letter, rather than their number.
    pub(crate) fn notes_dead_letters(&self) -> bool {
        matches!(self, Self::DynamoDb(_))
    }

    /// Keeps what an import or an archive brings, which counts as no delivery.
    pub(crate) async fn import(&self, arrivals: Vec<Arrival>) -> Result<Vec<Receipt>, StoreError> {
        match self {
            Self::Sqlite(store) => store.import(arrivals).await,
            Self::DynamoDb(aws) => aws.store.keep(arrivals).await,
        }
    }

    /// Finishes what waits.
    pub(crate) async fn close(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::DynamoDb(_) => Ok(()),
        }
    }
}

impl Keep for InstallationStore {
    async fn keep(&self, arrivals: Vec<Arrival>) -> Result<Vec<Receipt>, StoreError> {
        match self {
            Self::Sqlite(store) => store.keep(arrivals).await,
            Self::DynamoDb(aws) => aws.store.keep(arrivals).await,
        }
    }
}

impl Observe for InstallationStore {
    fn observations(
        &self,
        period: Range<Timestamp>,
    ) -> impl Stream<Item = Result<ObservationPage, StoreError>> + Send {
        match self {
            Self::Sqlite(store) => Either::Left(store.observations(period)),
            Self::DynamoDb(aws) => Either::Right(aws.store.observations(period)),
        }
    }

    async fn deliveries(&self, week: IsoWeek) -> Result<Deliveries, StoreError> {
        match self {
            Self::Sqlite(store) => store.deliveries(week).await,
            Self::DynamoDb(aws) => aws.store.deliveries(week).await,
        }
    }
}

impl Ledger for InstallationStore {
    async fn get(&self, key: &str) -> Result<Option<LedgerRecord>, StoreError> {
        match self {
            Self::Sqlite(store) => store.get(key).await,
            Self::DynamoDb(aws) => aws.store.get(key).await,
        }
    }

    async fn put(&self, key: &str, value: &str, expected: Option<u64>) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(store) => store.put(key, value, expected).await,
            Self::DynamoDb(aws) => aws.store.put(key, value, expected).await,
        }
    }
}

impl Archive for InstallationStore {
    async fn archive_page(&self, from: Option<Cursor>) -> Result<ArchivePage, StoreError> {
        match self {
            Self::Sqlite(store) => store.archive_page(from).await,
            Self::DynamoDb(aws) => aws.store.archive_page(from).await,
        }
    }

    async fn put_back(&self, items: Vec<Archived>) -> Result<PutBack, StoreError> {
        match self {
            Self::Sqlite(store) => store.put_back(items).await,
            Self::DynamoDb(aws) => aws.store.put_back(items).await,
        }
    }
}
