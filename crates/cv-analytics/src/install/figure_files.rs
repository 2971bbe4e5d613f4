//! A CV list and aliases from files, in place of those in the store.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use cv_analytics_core::store::KeyValueStore;
use cv_analytics_insights::settings::FigureSettings;
use cv_analytics_insights::settings::parts::{PartError, SettingsPart};

use crate::clock::now;
use crate::input;

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
