//! The settings part by part: each as a text that a person writes, read by one reader for the
//! program's files and the dashboard's fields, and changed with the way back.

use std::collections::{BTreeMap, BTreeSet};

use cv_analytics_core::event::{RequestId, SessionDigest};
use cv_analytics_core::store::KeyValueStore;
use cv_analytics_core::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use crate::settings::{Exclusions, FigureSettings, SettingsError, cv_changes, rewrite};
use crate::skills::cv_list::{CvList, CvListError};
use crate::skills::{OwnerSkills, OwnerSkillsError, TopicRules, TopicRulesError};

/// The ledger's key of the last change of a part.
pub const LAST_CHANGE_KEY: &str = "cv-analytics:settings-change";

/// A part of the settings that is written and removed as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SettingsPart {
    /// The CV's skill list.
    Cv,
    /// The owner's skills and aliases.
    Aliases,
    /// The owner's topics.
    Topics,
    /// What is left out of reports.
    Exclusions,
}

/// Why the text of a part cannot be used. Its `Display` begins with the line where that is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PartError {
    /// The CV list.
    #[error(transparent)]
    Cv(#[from] CvListError),
    /// The aliases.
    #[error(transparent)]
    Aliases(#[from] OwnerSkillsError),
    /// The topics.
    #[error(transparent)]
    Topics(#[from] TopicRulesError),
    /// An excluded interaction.
    #[error("line {line}: invalid request id: {problem}")]
    RequestId {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// Nothing is in it, though it is not blank.
    #[error("missing {}: {}", .0.name(), .0.form())]
    Missing(SettingsPart),
}

/// The last change of a part, from which the part is put back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartChange {
    /// Which part.
    pub part: SettingsPart,
    /// The part before, with nothing beside it.
    pub before: FigureSettings,
    /// The part since.
    pub after: FigureSettings,
    /// When.
    pub at: Timestamp,
}

impl SettingsPart {
    /// Every part, in the order of pages.
    pub const ALL: [Self; 4] = [Self::Cv, Self::Aliases, Self::Topics, Self::Exclusions];

    /// The word that stands for it in addresses and options.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Cv => "cv",
            Self::Aliases => "aliases",
            Self::Topics => "topics",
            Self::Exclusions => "exclusions",
        }
    }

    /// The part that `code` stands for.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.code() == code)
    }

    /// What it is called within a sentence.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cv => "CV list",
            Self::Aliases => "aliases",
            Self::Topics => "topics",
            Self::Exclusions => "exclusions",
        }
    }

    /// How it is written.
    pub const fn form(self) -> &'static str {
        match self {
            Self::Cv => "write one skill a line, or paste JSON with \"skills\" (a JSON Resume)",
            Self::Aliases => "write lines like `Kubernetes: kube, k8`",
            Self::Topics => "write lines like `parking = car park, parking space`",
            Self::Exclusions => "write one request id a line",
        }
    }

    /// The settings with only this part of `settings`.
    pub fn only(self, settings: &FigureSettings) -> FigureSettings {
        let mut only = FigureSettings::default();
        self.copy(settings, &mut only);
        only
    }

    /// Puts this part of `from` into `into`.
    pub fn copy(self, from: &FigureSettings, into: &mut FigureSettings) {
        match self {
            Self::Cv => into.cv.clone_from(&from.cv),
            Self::Aliases => into.aliases.clone_from(&from.aliases),
            Self::Topics => into.topics.clone_from(&from.topics),
            Self::Exclusions => into.exclusions.clone_from(&from.exclusions),
        }
    }

    /// Whether both have the same of this part.
    pub fn is_same(self, one: &FigureSettings, other: &FigureSettings) -> bool {
        match self {
            Self::Cv => one.cv == other.cv,
            Self::Aliases => one.aliases == other.aliases,
            Self::Topics => one.topics == other.topics,
            Self::Exclusions => one.exclusions == other.exclusions,
        }
    }

    /// Reads the part as a person writes it (see [`SettingsPart::form`]) or as JSON, into settings
    /// with nothing beside it. Excluded sessions have no text, and are not among them.
    ///
    /// # Errors
    /// [`PartError`], with the line and what to write; also where nothing is in the text.
    pub fn read(self, text: &str) -> Result<FigureSettings, PartError> {
        let mut settings = FigureSettings::default();
        let is_empty = match self {
            Self::Cv => {
                settings.cv = Some(CvList::read_entries(text)?);
                false
            }
            Self::Aliases => {
                let skills = OwnerSkills::read(text)?;
                let own = |(name, aliases): (&str, &[String])| (name.to_owned(), aliases.to_vec());
                settings.aliases = skills.iter().map(own).collect();
                settings.aliases.is_empty()
            }
            Self::Topics => {
                settings.topics = TopicRules::read(text)?;
                settings.topics.is_empty()
            }
            Self::Exclusions => {
                settings.exclusions.request_ids = request_ids(text)?;
                settings.exclusions.request_ids.is_empty()
            }
        };
        if is_empty { Err(PartError::Missing(self)) } else { Ok(settings) }
    }

    /// The part in the form of [`SettingsPart::read`]: lines where they suffice, else JSON; empty where unset.
    pub fn to_text(self, settings: &FigureSettings) -> String {
        let lines = match self {
            Self::Cv => settings.cv.iter().flatten().cloned().collect(),
            Self::Aliases => pairs(&settings.aliases, ": "),
            Self::Topics => pairs(&settings.topics, " = "),
            Self::Exclusions => settings.exclusions.request_ids.iter().cloned().collect(),
        };
        let lines: String = lines.into_iter().map(|line: String| line + "\n").collect();
        let same = |read: FigureSettings| match self {
            Self::Exclusions => read.exclusions.request_ids == settings.exclusions.request_ids,
            Self::Cv | Self::Aliases | Self::Topics => self.is_same(&read, settings),
        };
        if lines.is_empty() || self.read(&lines).is_ok_and(same) {
            return lines;
        }
        let json = match self {
            Self::Cv => serde_json::to_string_pretty(&settings.cv),
            Self::Aliases => serde_json::to_string_pretty(&settings.aliases),
            Self::Topics => serde_json::to_string_pretty(&settings.topics),
            Self::Exclusions => serde_json::to_string_pretty(&settings.exclusions.request_ids),
        };
        json.unwrap_or_default()
    }

    /// What is in the part, each entry with what stands beside it.
    pub fn entries(self, settings: &FigureSettings) -> BTreeMap<String, String> {
        let named = |map: &BTreeMap<String, Vec<String>>| {
            map.iter().map(|(name, words)| (name.clone(), words.join(", "))).collect()
        };
        match self {
            Self::Cv => {
                settings.cv.iter().flatten().map(|entry| (entry.clone(), String::new())).collect()
            }
            Self::Aliases => named(&settings.aliases),
            Self::Topics => named(&settings.topics),
            Self::Exclusions => {
                let Exclusions { sessions, request_ids } = &settings.exclusions;
                let short = |session: &String| {
                    format!("conversation {}", SessionDigest::of(session).short())
                };
                let all = sessions.iter().map(short).chain(request_ids.iter().cloned());
                all.map(|entry| (entry, String::new())).collect()
            }
        }
    }
}

fn pairs(map: &BTreeMap<String, Vec<String>>, between: &str) -> Vec<String> {
    let line = |(name, words): (&String, &Vec<String>)| {
        if words.is_empty() { name.clone() } else { format!("{name}{between}{}", words.join(", ")) }
    };
    map.iter().map(line).collect()
}

/// The ids in a text: one a line, or a JSON list.
fn request_ids(text: &str) -> Result<BTreeSet<String>, PartError> {
    let text = text.trim_start_matches('\u{feff}');
    if let Ok(ids) = serde_json::from_str::<BTreeSet<String>>(text) {
        return Ok(ids);
    }
    let lines = (1..).zip(text.lines()).map(|(number, line)| (number, line.trim()));
    lines
        .filter(|(_, line)| !line.is_empty())
        .map(|(line, id)| match RequestId::new(id) {
            Ok(id) => Ok(id.as_str().to_owned()),
            Err(error) => Err(PartError::RequestId { line, problem: error.to_string() }),
        })
        .collect()
}

/// Puts `after` in the place of `before`, both with only `part`, and keeps the way back; `false`, and
/// nothing is changed, where the part in force is not `before` (any more).
///
/// # Errors
/// [`SettingsError`].
pub async fn change_part(
    store: &dyn KeyValueStore,
    part: SettingsPart,
    before: &FigureSettings,
    after: &FigureSettings,
    at: Timestamp,
) -> Result<bool, SettingsError> {
    if !part.is_same(&FigureSettings::load(store).await?, before) {
        return Ok(false);
    }
    // First, so that each change can be undone; a change that was not made is never offered.
    let change = PartChange { part, before: part.only(before), after: part.only(after), at };
    let change = serde_json::to_string(&change)?;
    rewrite(store, LAST_CHANGE_KEY, |_| Ok((change.clone(), ()))).await?;
    let mut fits = false;
    FigureSettings::change(store, |settings| {
        fits = part.is_same(settings, before);
        if fits {
            part.copy(after, settings);
        }
    })
    .await?;
    if fits && part == SettingsPart::Cv {
        cv_changes::note(store, before.cv.as_deref(), after.cv.as_deref(), at).await?;
    }
    Ok(fits)
}

/// The last change of a part, where it is what is in force.
///
/// # Errors
/// [`SettingsError`] where the store fails.
pub async fn last_change(
    store: &dyn KeyValueStore,
    settings: &FigureSettings,
) -> Result<Option<PartChange>, SettingsError> {
    let record = store.get(LAST_CHANGE_KEY).await?;
    // A record that this version cannot read only hides the button.
    let change = record.and_then(|record| serde_json::from_str::<PartChange>(&record.value).ok());
    Ok(change.filter(|change| change.part.is_same(&change.after, settings)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(json: &str) -> FigureSettings {
        FigureSettings::read(json).unwrap()
    }

    #[test]
    fn what_is_written_is_read_again_as_lines_or_where_lines_cannot_say_it_as_json() {
        let plain = settings(
            r#"{"cv":["Go","C#"],"aliases":{"Kubernetes":["kube","k8"],"Zig":[]},"topics":{"parking":["car park"]},
                "exclusions":{"sessions":[],"requestIds":["r1","r2"]}}"#,
        );
        let odd = settings(
            r##"{"cv":["- Go","# x"],"aliases":{"a: b":["c, d"]},"topics":{"a = b":["c, d"]},
                "exclusions":{"sessions":[],"requestIds":[" r1","two\nlines"]}}"##,
        );
        for (settings, is_json) in [(plain, false), (odd, true)] {
            for part in SettingsPart::ALL {
                let text = part.to_text(&settings);
                assert_eq!(text.starts_with(['[', '{']), is_json, "{text}");
                let read = part.read(&text).unwrap();
                assert_eq!(read, part.only(&settings), "{text}");
            }
        }
        for part in SettingsPart::ALL {
            assert_eq!(part.to_text(&FigureSettings::default()), "");
            assert_eq!(SettingsPart::from_code(part.code()), Some(part));
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (part, text, expect) in [
            (SettingsPart::Cv, "Go\n\n???", "line 3: invalid entry \"???\""),
            (SettingsPart::Cv, "{\"skills\":\n[\"Go\",\n\"?!\"]}", "line 3: invalid entry \"?!\""),
            (SettingsPart::Cv, " ", "missing skills"),
            (SettingsPart::Aliases, "# x\nGo: golang\n: x", "line 3: missing letter or digit"),
            (SettingsPart::Aliases, "# only a comment", "missing aliases: write lines like"),
            (SettingsPart::Topics, "a = b\nparking", "line 2: missing \"=\""),
            (SettingsPart::Exclusions, "r1\ncv-analytics:x", "line 2: invalid request id"),
            (SettingsPart::Exclusions, "\n", "missing exclusions"),
        ] {
            let error = part.read(text).unwrap_err().to_string();
            assert!(error.starts_with(expect), "{text:?}: {error}");
        }
    }

    #[test]
    fn an_alias_may_be_written_like_a_topic() {
        let read = SettingsPart::Aliases.read("Kubernetes = kube, k8").unwrap();
        assert_eq!(read, SettingsPart::Aliases.read("Kubernetes: kube, k8").unwrap());
    }
}
