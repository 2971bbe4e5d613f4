//! Where an installation keeps its data, by `--store` and `--data`.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use cv_analytics_core::intake::Intake;
use cv_analytics_core::privacy::{Privacy, SessionKey};
use cv_analytics_core::store::{KeyValueStore, SharedStore, Store};
use cv_analytics_insights::settings::FigureSettings;
use cv_analytics_insights::settings::parts::{PartError, SettingsPart};
use cv_analytics_sqlite::SqliteStore;

use crate::clock::now;
use crate::input;
use crate::install::data_folder::DataFolder;
use crate::install::{Installation, aws};
use crate::usage_error::usage_error;

/// What is taken out of events at intake; everything by default.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct PrivacySwitches {
    /// Keep e-mail addresses, phone numbers and keys in free text
    #[arg(long, env = "CV_ANALYTICS_KEEP_PERSONAL_DATA", value_parser = clap::builder::BoolishValueParser::new())]
    keep_personal_data: bool,
    /// Keep session IDs as the agent sends them, instead of a keyed hash
    #[arg(long, env = "CV_ANALYTICS_KEEP_SESSION_IDS", value_parser = clap::builder::BoolishValueParser::new())]
    keep_session_ids: bool,
    /// Keep user agents and referers
    #[arg(long, env = "CV_ANALYTICS_KEEP_USER_AGENTS", value_parser = clap::builder::BoolishValueParser::new())]
    keep_user_agents: bool,
}

impl Installation {
    /// What `--store` says for the store on AWS.
    const DYNAMODB: &'static str = "dynamodb";

    pub(crate) fn folder(&self) -> DataFolder {
        DataFolder::new(self.data.as_deref().unwrap_or(Path::new("cv-analytics-data")))
    }

    /// Whether the store is on AWS.
    pub(crate) fn is_on_aws(&self) -> bool {
        self.store.as_deref() == Some(Self::DYNAMODB)
    }

    pub(crate) fn database(&self) -> Result<PathBuf> {
        let Some(store) = self.store.as_deref() else { return Ok(self.folder().database()) };
        match store.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Ok(PathBuf::from(path)),
            _ => Err(usage_error(format!(
                "unknown store {store:?}: write --store sqlite:PATH or --store dynamodb"
            ))),
        }
    }

    /// Opens the store that is there: the one place where it is chosen.
    pub(crate) async fn open(&self) -> Result<SharedStore> {
        if self.is_on_aws() {
            return Ok(Arc::new(aws::open().await?));
        }
        Ok(Arc::new(self.open_sqlite()?))
    }

    /// Opens the store; a database is made where it is missing, tables are not.
    pub(crate) async fn open_or_create(&self) -> Result<SharedStore> {
        if self.is_on_aws() {
            return self.open().await;
        }
        Ok(Arc::new(self.open_or_create_sqlite()?))
    }

    /// Opens the store for an import, which tables of another program do not take.
    pub(crate) async fn open_to_import(&self) -> Result<SharedStore> {
        if !self.is_on_aws() {
            return self.open_or_create().await;
        }
        let store = aws::open().await?;
        aws::check_before_import(&store).await?;
        Ok(Arc::new(store))
    }

    /// Opens the database that is there, for reading where it cannot be written.
    pub(crate) fn open_sqlite(&self) -> Result<SqliteStore> {
        let database = self.database()?;
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
        Ok(SqliteStore::open(self.database()?)?)
    }

    /// The intake for `store`; where sessions are kept as they come, no key is needed.
    pub(crate) async fn intake(
        &self,
        privacy: PrivacySwitches,
        store: &dyn Store,
    ) -> Result<Intake> {
        if privacy.keep_session_ids {
            return Ok(privacy.intake(SessionKey::new(Vec::new())));
        }
        Ok(privacy.intake(self.session_key_to_keep(store).await?))
    }
}

impl PrivacySwitches {
    /// What is taken out, for a person.
    pub(crate) fn describe(self) -> impl Iterator<Item = (&'static str, String)> {
        let words =
            |keep: bool, done: &str| if keep { "kept as they come" } else { done }.to_owned();
        [
            ("Personal data in free text", words(self.keep_personal_data, "replaced by markers")),
            ("Session ids", words(self.keep_session_ids, "kept as keyed hashes")),
            ("User agents and referers", words(self.keep_user_agents, "dropped")),
        ]
        .into_iter()
    }

    /// The intake under these switches, with the installation's own session key.
    pub(crate) fn intake(self, session_key: SessionKey) -> Intake {
        Intake::new(self.privacy(Some(session_key)))
    }

    /// What is taken out under these switches; where there is no session key, sessions stay as they are.
    pub(crate) fn privacy(self, session_key: Option<SessionKey>) -> Privacy {
        Privacy {
            redact_text: !self.keep_personal_data,
            hash_sessions: !self.keep_session_ids && session_key.is_some(),
            drop_user_agent: !self.keep_user_agents,
            session_key: session_key.unwrap_or_else(|| SessionKey::new(Vec::new())),
        }
    }

    /// Whether sessions are kept as they come.
    pub(crate) fn keeps_session_ids(self) -> bool {
        self.keep_session_ids
    }
}

/// The settings in force, with a CV list and aliases from files in place of those in the store.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct FigureFiles {
    /// Read the CV's skills from this file: JSON with "skills", or plain text with one skill a line
    #[arg(long, value_name = "FILE", env = "CV_ANALYTICS_CV")]
    cv: Option<PathBuf>,
    /// Read your own skills and aliases: lines like `Kubernetes: kube, k8`, or JSON
    #[arg(long, value_name = "FILE", env = "CV_ANALYTICS_ALIASES")]
    aliases: Option<PathBuf>,
}

/// Reads a part of the settings from a file, or from standard input for `-`.
pub(crate) fn read_part(part: SettingsPart, path: &Path) -> Result<FigureSettings> {
    let text = input::read_whole(path)?;
    match part.read(&text) {
        Err(PartError::Missing(part)) => bail!(
            "missing {name} in {}: {}; `cv-analytics settings import --clear {}` removes your {name}",
            path.display(),
            part.form(),
            part.code(),
            name = part.name(),
        ),
        read => read.with_context(|| format!("invalid {} in {}", part.name(), path.display())),
    }
}

impl FigureFiles {
    /// The options that are set, as the dashboard shows them.
    pub(crate) fn describe(&self) -> impl Iterator<Item = (&'static str, String)> {
        let files = [("CV list at each start", &self.cv), ("Aliases at each start", &self.aliases)];
        files.into_iter().filter_map(|(name, path)| {
            let path = path.as_ref()?.display();
            Some((name, format!("from {path}, in place of what is set here")))
        })
    }

    /// Whether neither file is named.
    pub(crate) fn is_empty(&self) -> bool {
        self.cv.is_none() && self.aliases.is_none()
    }

    /// Puts what the files say into `settings`.
    pub(crate) fn apply(&self, settings: &mut FigureSettings) -> Result<()> {
        for (part, path) in [(SettingsPart::Cv, &self.cv), (SettingsPart::Aliases, &self.aliases)] {
            if let Some(path) = path {
                part.copy(&read_part(part, path)?, settings);
            }
        }
        Ok(())
    }

    /// Puts what the files say into the store, for good.
    pub(crate) async fn keep(&self, store: &dyn KeyValueStore) -> Result<FigureSettings> {
        if self.is_empty() {
            return Ok(FigureSettings::load(store).await?);
        }
        let mut wanted = FigureSettings::default();
        self.apply(&mut wanted)?;
        let changed = FigureSettings::change_at(store, now(), |settings| {
            if self.cv.is_some() {
                settings.cv.clone_from(&wanted.cv);
            }
            if self.aliases.is_some() {
                settings.aliases.clone_from(&wanted.aliases);
            }
        });
        Ok(changed.await?)
    }
}
