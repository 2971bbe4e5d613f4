//! The settings that change figures: they live in the store, and travel as one JSON document.

pub mod counting_rules;
pub mod cv_changes;
pub mod gap_marks;
pub mod marking;
pub mod parts;

use std::collections::{BTreeMap, BTreeSet};

use cv_analytics_core::store::{KeyValueStore, StoreError};
use serde::{Deserialize, Serialize};

use crate::settings::gap_marks::MarkedGap;
use crate::skills::cv_list::CvList;
use crate::skills::dictionary::SkillDictionary;
use crate::skills::owner::{OwnerSkills, OwnerSkillsError};

/// The key of the settings.
pub const SETTINGS_KEY: &str = "cv-analytics:settings";
/// How often a write is tried against others.
const MAX_TRIES: usize = 8;

/// What the owner set.
///
/// As JSON: `{"cv":["Go"],"aliases":{"Kubernetes":["kube"]},"topics":{"parking":["car park"]},
/// "gapMarks":{"visa":"noise"}, "exclusions":{"sessions":["…"],"requestIds":["…"]}}`; a field that is absent is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct FigureSettings {
    /// The entries of the CV's skill list, as written; `None` where there is no list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cv: Option<Vec<String>>,
    /// Skills and aliases that the owner adds to the dictionary.
    pub aliases: BTreeMap<String, Vec<String>>,
    /// The owner's topics, each with the phrases that stand for it.
    pub topics: BTreeMap<String, Vec<String>>,
    /// What the owner said of gaps, by skill or topic, since when, and what was said before.
    pub gap_marks: BTreeMap<String, MarkedGap>,
    /// What is left out of reports besides canaries and known bots.
    pub exclusions: Exclusions,
}

/// What the owner leaves out of reports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Exclusions {
    /// Sessions, as the store keeps them.
    pub sessions: BTreeSet<String>,
    /// Single interactions.
    pub request_ids: BTreeSet<String>,
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The document is not the settings' JSON.
    #[error("cannot read the settings: {0}; `cv-analytics settings export` shows the form")]
    Json(#[from] serde_json::Error),
    /// A skill or alias breaks the dictionary's rules.
    #[error("invalid aliases in the settings: {0}")]
    Aliases(#[from] OwnerSkillsError),
    /// The store failed.
    #[error("cannot read or write the settings in the store: {0}")]
    Store(#[from] StoreError),
    /// Another writer kept writing at the same time.
    #[error("refused: another writer changed the settings at the same time; try again")]
    Contended,
}

/// Replaces what the store has at `key` by what `change` makes of it, by compare-and-set: `change` is
/// asked again where others write at the same time.
///
/// # Errors
/// Those of `change` and of the store; [`SettingsError::Contended`] after [`MAX_TRIES`].
async fn rewrite<T>(
    store: &dyn KeyValueStore,
    key: &str,
    mut change: impl FnMut(Option<&str>) -> Result<(String, T), SettingsError>,
) -> Result<T, SettingsError> {
    for _ in 0..MAX_TRIES {
        let record = store.get(key).await?;
        let (value, made) = change(record.as_ref().map(|record| record.value.as_str()))?;
        if store.put(key, &value, record.map(|record| record.version)).await? {
            return Ok(made);
        }
    }
    Err(SettingsError::Contended)
}

impl FigureSettings {
    /// Reads the JSON document.
    ///
    /// # Errors
    /// [`SettingsError::Json`], which names line, column and field; [`SettingsError::Aliases`].
    pub fn read(text: &str) -> Result<Self, SettingsError> {
        let text = text.trim_start_matches('\u{feff}');
        // A structure can be read from a list too, field by field: not here.
        let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text)?;
        let settings: Self = serde_json::from_value(serde_json::Value::Object(fields))?;
        settings.owner_skills()?;
        Ok(settings)
    }

    /// The JSON document, fields in a fixed order: the same settings give the same bytes.
    ///
    /// # Errors
    /// None in practice: every field can be written.
    pub fn to_json(&self) -> Result<String, SettingsError> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// The settings in force.
    ///
    /// # Errors
    /// [`SettingsError`] where the store fails or holds something else.
    pub async fn load(store: &dyn KeyValueStore) -> Result<Self, SettingsError> {
        match store.get(SETTINGS_KEY).await? {
            Some(record) => Self::read(&record.value),
            None => Ok(Self::default()),
        }
    }

    /// Changes the settings in force, and gives those that hold now. Where others write at the same
    /// time, `change` is asked again, about what they wrote.
    ///
    /// # Errors
    /// [`SettingsError`]; [`SettingsError::Contended`] after several tries.
    pub async fn change(
        store: &dyn KeyValueStore,
        mut change: impl FnMut(&mut Self),
    ) -> Result<Self, SettingsError> {
        rewrite(store, SETTINGS_KEY, |known| {
            let mut settings = known.map_or(Ok(Self::default()), Self::read)?;
            change(&mut settings);
            Ok((settings.to_json()?, settings))
        })
        .await
    }

    /// The owner's additions, and the CV's entries that the dictionary does not know.
    fn owner_skills(&self) -> Result<OwnerSkills, SettingsError> {
        Ok(OwnerSkills::read(&serde_json::to_string(&self.aliases)?)?)
    }

    /// The dictionary under these settings: the built-in one, the owner's additions, and the CV's
    /// entries in which neither knows a skill.
    ///
    /// # Errors
    /// [`SettingsError::Aliases`].
    pub fn dictionary(&self, built_in: &SkillDictionary) -> Result<SkillDictionary, SettingsError> {
        let owner = self.owner_skills()?;
        let dictionary =
            if owner.is_empty() { built_in.clone() } else { built_in.with_owner_skills(&owner) };
        let Some(entries) = &self.cv else { return Ok(dictionary) };
        let unknown: Vec<_> = entries
            .iter()
            .filter(|entry| CvList::skills_of(&dictionary, entry).is_empty())
            .map(|entry| serde_json::json!({ "skill": entry }))
            .collect();
        if unknown.is_empty() {
            return Ok(dictionary);
        }
        Ok(dictionary.with_owner_skills(&OwnerSkills::read(&serde_json::to_string(&unknown)?)?))
    }
}
