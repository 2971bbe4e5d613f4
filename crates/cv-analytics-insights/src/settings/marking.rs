//! Marks gaps, and takes marks back, by compare-and-set.

use std::collections::BTreeMap;

use cv_analytics_core::store::KeyValueStore;
use cv_analytics_core::timestamp::Timestamp;

use crate::model::{GapMark, Report};
use crate::settings::gap_marks::{EarlierMark, MarkedGap};
use crate::settings::{FigureSettings, SettingsError};
use crate::skills::dictionary::SkillDictionary;
use crate::skills::is_known_topic;

/// Names that are offered in place of one that nobody knows.
const MAX_SUGGESTIONS: usize = 3;
/// How alike two names are, of 1, before one is offered for the other.
const MIN_SIMILARITY: f64 = 0.75;

/// Why a gap was not marked.
#[derive(Debug, thiserror::Error)]
pub enum MarkGapError {
    /// No skill, topic or gap has the name.
    #[error("unknown skill or topic {name:?}{}", offer(.near))]
    Unknown {
        /// The name.
        name: String,
        /// Names that look like it, the nearest first.
        near: Vec<String>,
    },
    /// The settings could not be read or written.
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

fn offer(near: &[String]) -> String {
    match near {
        [] => "; `cv-analytics gaps list` has the names".to_owned(),
        near => format!("; did you mean {}?", near.join(" or ")),
    }
}

/// A gap that was marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkedNow {
    /// The name that reports use.
    pub name: String,
    /// The mark that was in force before.
    pub before: Option<GapMark>,
    /// The mark in force now.
    pub mark: Option<GapMark>,
}

/// Restores the mark before the last change, with the moment that it had; `name` as the settings have
/// it. Does nothing if the mark was the first.
///
/// # Errors
/// [`SettingsError`].
pub async fn undo_last_mark(store: &dyn KeyValueStore, name: &str) -> Result<(), SettingsError> {
    FigureSettings::change(store, |settings| {
        if let Some(marked) = settings.gap_marks.get_mut(name)
            && let Some(EarlierMark { mark, at }) = marked.earlier.pop()
        {
            (marked.mark, marked.at) = (mark, at);
        }
    })
    .await
    .map(drop)
}

/// Marks the gap `name` from `at` on, or takes its mark back (`None`).
///
/// The name is a skill's, an alias's, that of a gap in `reports`, or of an earlier mark, in any
/// case; what is kept is the name that reports use. The mark that was in force before stays in the
/// history. The same mark again begins anew, for who has added a skill once more.
///
/// # Errors
/// [`MarkGapError`].
pub async fn mark_gap(
    store: &dyn KeyValueStore,
    reports: &[Report],
    name: &str,
    mark: Option<GapMark>,
    at: Timestamp,
) -> Result<MarkedNow, MarkGapError> {
    let settings = FigureSettings::load(store).await?;
    let dictionary = settings.dictionary(SkillDictionary::shared())?;
    let name = known_name(&dictionary, &settings.gap_marks, reports, name)?;
    let aliases = |key: &String| {
        *key != name && dictionary.canonical(key).is_some_and(|id| dictionary.name(id) == name)
    };
    let mut before = None;
    FigureSettings::change(store, |settings| {
        // A mark under an alias, of an earlier version or by hand, moves to the skill's own name.
        let under_alias = settings.gap_marks.keys().find(|key| aliases(key)).cloned();
        let moved = under_alias.and_then(|key| settings.gap_marks.remove(&key));
        let marked = settings.gap_marks.entry(name.clone()).or_insert(moved.unwrap_or_default());
        before = marked.mark;
        if mark.is_some() || before.is_some() {
            marked.change(mark, at);
        }
        if *marked == MarkedGap::default() {
            settings.gap_marks.remove(&name);
        }
    })
    .await?;
    Ok(MarkedNow { name, before, mark })
}

/// The name under which reports know what the owner calls `name`.
fn known_name(
    dictionary: &SkillDictionary,
    marks: &BTreeMap<String, MarkedGap>,
    reports: &[Report],
    name: &str,
) -> Result<String, MarkGapError> {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some(id) = dictionary.canonical(&name) {
        return Ok(dictionary.name(id).to_owned());
    }
    if let Some(topic) = is_known_topic(&name) {
        return Ok(topic.to_owned());
    }
    let reported = reports.iter().flat_map(|report| {
        let gaps = report.gaps.iter().map(|gap| gap.name.as_str());
        let followed = report.followed.iter().map(|gap| gap.name.as_str());
        gaps.chain(followed).chain(report.names().map(|(_, name, _)| name))
    });
    let known: Vec<&str> = reported.chain(marks.keys().map(String::as_str)).collect();
    let lower = name.to_lowercase();
    if let Some(same) = known.iter().find(|other| other.to_lowercase() == lower) {
        return Ok((*same).to_owned());
    }
    let skills = dictionary.iter().map(|(_, skill)| skill);
    let mut near: Vec<(f64, &str)> = known
        .into_iter()
        .chain(skills)
        .map(|other| (strsim::jaro_winkler(&other.to_lowercase(), &lower), other))
        .filter(|(alike, _)| *alike >= MIN_SIMILARITY)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    near.dedup_by(|a, b| a.1 == b.1);
    let near = near.into_iter().take(MAX_SUGGESTIONS).map(|(_, name)| name.to_owned()).collect();
    Err(MarkGapError::Unknown { name, near })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case_and_by_alias_and_others_are_offered() {
        let dictionary = SkillDictionary::built_in();
        let mut marks = BTreeMap::new();
        marks.insert("notice period".to_owned(), MarkedGap::from(GapMark::Noise));
        let find = |name: &str| known_name(&dictionary, &marks, &[], name);
        assert_eq!(find("k8s").unwrap(), "Kubernetes");
        assert_eq!(find(" KUBERNETES ").unwrap(), "Kubernetes");
        assert_eq!(find("Notice  Period").unwrap(), "notice period");
        let said = find("Kubernetties").unwrap_err().to_string();
        assert!(said.contains("did you mean Kubernetes"), "{said}");
        assert!(find("zzzz qqqq").unwrap_err().to_string().contains("gaps list"));
    }
}
