//! What the owner says of gaps, with the moment of each mark and those before it, kept among the
//! settings and changed by compare-and-set.

use std::collections::BTreeMap;

use cv_analytics_core::store::Ledger;
use cv_analytics_core::timestamp::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::model::{GapMark, Report};
use crate::settings::{FigureSettings, SettingsError};
use crate::skills::dictionary::SkillDictionary;
use crate::skills::{is_known_topic, name_key};

/// Marks that are kept of one gap besides the one in force.
const MOST_EARLIER: usize = 20;
/// Names that are offered in place of one that nobody knows.
const NEAR_NAMES: usize = 3;
/// How alike two names are, of 1, before one is offered for the other.
const NEAR_FROM: f64 = 0.75;

/// A gap's mark, since when it holds, and what the owner said before.
///
/// As JSON `{"mark":"have-it","at":"2026-11-02T09:00:00Z","earlier":[{"mark":"learning","at":"…"}]}`,
/// or the mark alone (`"noise"`) where nobody knows since when. `"mark":null` was taken back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MarkedGap {
    /// The mark in force; `None` where it was taken back.
    pub mark: Option<GapMark>,
    /// Since when; `None` for a mark that was written without a moment.
    pub at: Option<Timestamp>,
    /// The marks before, oldest first.
    pub earlier: Vec<EarlierMark>,
}

/// A mark that holds no longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EarlierMark {
    /// What was said; `None` for having taken a mark back.
    pub mark: Option<GapMark>,
    /// When, where it is known.
    #[serde(default, with = "moment")]
    pub at: Option<Timestamp>,
}

impl From<GapMark> for MarkedGap {
    fn from(mark: GapMark) -> Self {
        Self { mark: Some(mark), ..Self::default() }
    }
}

impl MarkedGap {
    /// Puts another mark in force at `at`, and the one before into the history.
    fn change(&mut self, mark: Option<GapMark>, at: Timestamp) {
        let before = std::mem::replace(&mut self.mark, mark);
        let since = self.at.replace(at);
        if before.is_some() || since.is_some() {
            self.earlier.push(EarlierMark { mark: before, at: since });
        }
        let surplus = self.earlier.len().saturating_sub(MOST_EARLIER);
        self.earlier.drain(..surplus);
    }
}

/// The long form of the JSON.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    mark: Option<GapMark>,
    #[serde(default, with = "moment", skip_serializing_if = "Option::is_none")]
    at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    earlier: Vec<EarlierMark>,
}

impl Serialize for MarkedGap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self { mark: Some(mark), at: None, earlier } if earlier.is_empty() => {
                mark.serialize(serializer)
            }
            Self { mark, at, earlier } => {
                Written { mark: *mark, at: *at, earlier: earlier.clone() }.serialize(serializer)
            }
        }
    }
}

impl<'de> Deserialize<'de> for MarkedGap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let value = Value::deserialize(deserializer)?;
        if value.is_string() {
            return serde_json::from_value::<GapMark>(value)
                .map(Self::from)
                .map_err(D::Error::custom);
        }
        let Written { mark, at, earlier } =
            serde_json::from_value(value).map_err(D::Error::custom)?;
        Ok(Self { mark, at, earlier })
    }
}

/// A moment as ISO 8601 in JSON.
mod moment {
    use serde::de::Error;

    use super::{Deserialize, Deserializer, Serialize, Serializer, Timestamp, Value};

    #[expect(clippy::ref_option, reason = "serde asks for it so")]
    pub(super) fn serialize<S: Serializer>(
        at: &Option<Timestamp>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        at.map(|at| at.to_string()).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        match Option::<Value>::deserialize(deserializer)? {
            None => Ok(None),
            Some(value) => Timestamp::read(&value).map(Some).map_err(D::Error::custom),
        }
    }
}

/// The marks in force, to look up by the names of a report.
#[derive(Debug)]
pub(crate) struct MarksInForce {
    /// By the name in small letters, or by the [`name_key`] of one that neither the dictionary nor the
    /// table knows: the name as set, and the mark.
    by_name: BTreeMap<String, (String, MarkedGap)>,
}

impl MarksInForce {
    /// Names in any case, and a skill's aliases, stand for the name that reports use; where two
    /// settings mean one gap, the one that is written as in reports holds.
    pub(crate) fn new(settings: &FigureSettings, dictionary: &SkillDictionary) -> Self {
        let mut by_name = BTreeMap::new();
        for (name, marked) in &settings.gap_marks {
            let skill = dictionary.canonical(name).map(|id| dictionary.name(id));
            // A topic of an earlier table may be part of another one now.
            let canonical = skill.or_else(|| is_known_topic(name));
            let key = canonical.map_or_else(|| name_key(name), str::to_lowercase);
            if canonical == Some(name) || !by_name.contains_key(&key) {
                by_name.insert(key, (name.clone(), marked.clone()));
            }
        }
        by_name.retain(|_, (_, marked)| marked.mark.is_some());
        Self { by_name }
    }

    /// The mark of the gap of this name.
    pub(crate) fn of(&self, name: &str) -> Option<GapMark> {
        if self.by_name.is_empty() {
            return None;
        }
        let known = self.by_name.get(&name.to_lowercase());
        let marked = known.or_else(|| self.by_name.get(&name_key(name)));
        marked.and_then(|(_, marked)| marked.mark)
    }

    /// Every marked gap: its key, the mark, and the name as set.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &MarkedGap, &str)> {
        self.by_name.iter().map(|(key, (name, marked))| (key.as_str(), marked, name.as_str()))
    }
}

/// Why a gap was not marked.
#[derive(Debug, thiserror::Error)]
pub enum MarkGapError {
    /// No skill, topic or gap has the name.
    #[error("{name:?} is no skill or topic that reports know{}", offer(.near))]
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

/// Puts the mark before the last change in force again, since the moment that it had, as if nobody had
/// changed it; `name` as the settings have it. Nothing changes where there is no mark before.
///
/// # Errors
/// [`SettingsError`].
pub async fn undo_last_mark(ledger: &impl Ledger, name: &str) -> Result<(), SettingsError> {
    FigureSettings::change(ledger, |settings| {
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
    ledger: &impl Ledger,
    reports: &[Report],
    name: &str,
    mark: Option<GapMark>,
    at: Timestamp,
) -> Result<MarkedNow, MarkGapError> {
    let settings = FigureSettings::load(ledger).await?;
    let dictionary = settings.dictionary(SkillDictionary::shared())?;
    let name = known_name(&dictionary, &settings.gap_marks, reports, name)?;
    let aliases = |key: &String| {
        *key != name && dictionary.canonical(key).is_some_and(|id| dictionary.name(id) == name)
    };
    let mut before = None;
    FigureSettings::change(ledger, |settings| {
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
        let skills = report.skills.iter().map(|skill| skill.skill.as_str());
        let topics = report.topics.iter().map(|topic| topic.topic.as_str());
        gaps.chain(followed).chain(skills).chain(topics)
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
        .filter(|(alike, _)| *alike >= NEAR_FROM)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    near.dedup_by(|a, b| a.1 == b.1);
    let near = near.into_iter().take(NEAR_NAMES).map(|(_, name)| name.to_owned()).collect();
    Err(MarkGapError::Unknown { name, near })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<FigureSettings, SettingsError> {
        FigureSettings::read(json)
    }

    #[test]
    fn a_mark_without_a_moment_is_read_and_written_as_it_was() {
        let json = r#"{"gapMarks":{"visa":"noise"}}"#;
        let settings = read(json).unwrap();
        assert_eq!(settings.gap_marks["visa"], MarkedGap::from(GapMark::Noise));
        assert!(settings.to_json().unwrap().contains(r#""visa": "noise""#));
    }

    #[test]
    fn a_mark_with_its_history_comes_back_as_it_was_written() {
        let mut settings = FigureSettings::default();
        let mut marked = MarkedGap::default();
        let at = Timestamp::from_millis(1_763_000_000_000);
        marked.change(Some(GapMark::Learning), at);
        marked.change(Some(GapMark::HaveIt), at.plus_millis(500));
        marked.change(None, at.plus_millis(1000));
        settings.gap_marks.insert("Kubernetes".to_owned(), marked.clone());
        let read = read(&settings.to_json().unwrap()).unwrap();
        assert_eq!(read.gap_marks["Kubernetes"], marked);
        assert_eq!(marked.earlier.len(), 2);
    }

    #[test]
    fn a_mark_that_nobody_knows_is_refused_by_name() {
        for json in
            [r#"{"gapMarks":{"x":"fixed"}}"#, r#"{"gapMarks":{"x":{"mark":"noise","at":"soon"}}}"#]
        {
            assert!(read(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_long_history_keeps_its_newest() {
        let mut marked = MarkedGap::default();
        for day in 0..30 {
            marked.change(Some(GapMark::Noise), Timestamp::from_millis(day));
        }
        assert_eq!(marked.earlier.len(), MOST_EARLIER);
        assert_eq!(marked.earlier.last().unwrap().at, Some(Timestamp::from_millis(28)));
    }

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
