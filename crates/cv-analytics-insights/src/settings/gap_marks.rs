//! What the owner said of gaps: each mark with its moment and those before it.

use std::collections::BTreeMap;

use cv_analytics_core::timestamp::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::model::GapMark;
use crate::skills::dictionary::SkillDictionary;
use crate::skills::{is_known_topic, name_key};

/// Marks that are kept of one gap besides the one in force.
const MAX_EARLIER_MARKS: usize = 20;

/// A gap's mark, since when it holds, and what the owner said before.
///
/// As JSON `{"mark":"have-it","at":"2026-11-02T09:00:00Z","earlier":[{"mark":"learning","at":"…"}]}`,
/// or only the mark (`"noise"`) where its date is unknown. `"mark":null` was taken back.
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
    pub(super) fn change(&mut self, mark: Option<GapMark>, at: Timestamp) {
        let before = std::mem::replace(&mut self.mark, mark);
        let since = self.at.replace(at);
        if before.is_some() || since.is_some() {
            self.earlier.push(EarlierMark { mark: before, at: since });
        }
        let surplus = self.earlier.len().saturating_sub(MAX_EARLIER_MARKS);
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
    /// Name and mark by the lowercase name, or by the [`name_key`] of an unknown name.
    by_name: BTreeMap<String, (String, MarkedGap)>,
}

impl MarksInForce {
    /// Resolves aliases and letter case to the reports' names; the exact spelling wins over others.
    pub(crate) fn new(marks: &BTreeMap<String, MarkedGap>, dictionary: &SkillDictionary) -> Self {
        let mut by_name = BTreeMap::new();
        for (name, marked) in marks {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> serde_json::Result<MarkedGap> {
        serde_json::from_str(json)
    }

    #[test]
    fn a_mark_without_a_moment_is_read_and_written_as_it_was() {
        let marked = read(r#""noise""#).unwrap();
        assert_eq!(marked, MarkedGap::from(GapMark::Noise));
        assert_eq!(serde_json::to_string(&marked).unwrap(), r#""noise""#);
    }

    #[test]
    fn a_mark_with_its_history_comes_back_as_it_was_written() {
        let mut marked = MarkedGap::default();
        let at = Timestamp::from_millis(1_763_000_000_000);
        marked.change(Some(GapMark::Learning), at);
        marked.change(Some(GapMark::HaveIt), at.plus_millis(500));
        marked.change(None, at.plus_millis(1000));
        assert_eq!(read(&serde_json::to_string(&marked).unwrap()).unwrap(), marked);
        assert_eq!(marked.earlier.len(), 2);
    }

    #[test]
    fn an_unknown_mark_or_moment_is_refused() {
        for json in [r#""fixed""#, r#"{"mark":"noise","at":"soon"}"#] {
            assert!(read(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_long_history_keeps_its_newest() {
        let mut marked = MarkedGap::default();
        for day in 0..30 {
            marked.change(Some(GapMark::Noise), Timestamp::from_millis(day));
        }
        assert_eq!(marked.earlier.len(), MAX_EARLIER_MARKS);
        assert_eq!(marked.earlier.last().unwrap().at, Some(Timestamp::from_millis(28)));
    }
}
