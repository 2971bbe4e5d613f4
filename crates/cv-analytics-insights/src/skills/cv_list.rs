//! The CV's skill list: which skills it names, and in which words.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::skills::dictionary::{SkillDictionary, SkillId};
use crate::skills::owner::{OwnerSkills, line_of};

/// The skills of a CV with the words it uses for each, in lower case.
#[derive(Clone, Debug, Default)]
pub struct CvList {
    words: BTreeMap<SkillId, BTreeSet<String>>,
}

/// Why a CV file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CvListError {
    /// The file begins like JSON and is none.
    #[error("invalid JSON: {0}")]
    Json(String),
    /// The JSON has another form.
    #[error(
        "missing list of skills: write {{\"skills\":[{{\"name\":\"Go\",\"keywords\":[\"Gin\"]}}]}} as a JSON Resume has it, {{\"skills\":[\"Go\"]}}, [\"Go\"], or plain text with one skill a line"
    )]
    Form,
    /// There is no skill in it.
    #[error("missing skills: write one skill a line")]
    Empty,
    /// An entry cannot be a skill's name.
    #[error("line {line}: invalid entry {entry:?}: {problem}")]
    Entry {
        /// The line, from 1.
        line: usize,
        /// The entry, cut.
        entry: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl CvList {
    /// Reads a CV file: JSON with `skills` (texts, or objects with `skill` or `name`, and `keywords` as
    /// in a [JSON Resume](https://docs.jsonresume.org/schema)), a JSON array of the same, or plain text with one skill a line (`#` begins a comment, a leading `-`, `*` or
    /// `•` is dropped).
    ///
    /// # Errors
    /// [`CvListError`], which says what to write.
    pub fn read_entries(text: &str) -> Result<Vec<String>, CvListError> {
        let text = text.trim_start_matches('\u{feff}').trim_end();
        let entries: Vec<(usize, String)> = if text.trim_start().starts_with(['{', '[']) {
            let value: Value =
                serde_json::from_str(text).map_err(|error| CvListError::Json(error.to_string()))?;
            let list = match value {
                Value::Array(list) => list,
                Value::Object(mut fields) => match fields.remove("skills") {
                    Some(Value::Array(list)) => list,
                    _ => return Err(CvListError::Form),
                },
                _ => return Err(CvListError::Form),
            };
            let names: Vec<String> = list.iter().flat_map(names_of).collect();
            if names.is_empty() && !list.is_empty() {
                return Err(CvListError::Form);
            }
            names.into_iter().map(|name| (line_of(text, &name), name)).collect()
        } else {
            (1..)
                .zip(text.lines())
                .map(|(number, line)| {
                    (number, line.trim().trim_start_matches(['-', '*', '•']).trim())
                })
                .filter(|(_, line)| !line.is_empty() && !line.starts_with("# ") && *line != "#")
                .map(|(number, line)| (number, line.to_owned()))
                .collect()
        };
        let mut kept: Vec<String> = Vec::with_capacity(entries.len());
        for (line, entry) in entries {
            if entry.is_empty() || kept.contains(&entry) {
                continue;
            }
            let as_owner = serde_json::json!({ entry.as_str(): [] }).to_string();
            OwnerSkills::read(&as_owner).map_err(|error| CvListError::Entry {
                line,
                entry: entry.chars().take(40).collect(),
                problem: error.problem,
            })?;
            kept.push(entry);
        }
        if kept.is_empty() { Err(CvListError::Empty) } else { Ok(kept) }
    }

    /// The list's skills in `dictionary`.
    pub fn new(dictionary: &SkillDictionary, entries: &[String]) -> Self {
        let mut words: BTreeMap<SkillId, BTreeSet<String>> = BTreeMap::new();
        for entry in entries {
            for (skill, word) in Self::skills_of(dictionary, entry) {
                words.entry(skill).or_default().insert(word);
            }
        }
        Self { words }
    }

    /// The skills that an entry names, with its words for them: the whole entry as a name or alias, else those in it.
    pub(crate) fn skills_of(dictionary: &SkillDictionary, entry: &str) -> Vec<(SkillId, String)> {
        match dictionary.canonical(entry) {
            Some(skill) => vec![(skill, entry.to_lowercase())],
            None => dictionary
                .find_in_list_entry(entry)
                .into_iter()
                .map(|mention| (mention.skill(), mention.variant().into_owned()))
                .collect(),
        }
    }

    /// The skills that the CV names.
    pub fn skills(&self) -> impl Iterator<Item = SkillId> {
        self.words.keys().copied()
    }

    /// The CV's words for the skill, in their order.
    pub fn words(&self, skill: SkillId) -> Vec<String> {
        self.words.get(&skill).map(|words| words.iter().cloned().collect()).unwrap_or_default()
    }
}

/// The names in one element of a JSON list; none in an element that has no name, as JSON Resume allows.
fn names_of(value: &Value) -> Vec<String> {
    let name = value
        .as_str()
        .or_else(|| value.get("skill")?.as_str())
        .or_else(|| value.get("name")?.as_str());
    let keywords: Vec<&str> = match value.get("keywords") {
        Some(Value::String(keywords)) => keywords.split([',', ';']).collect(),
        Some(Value::Array(keywords)) => keywords.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    name.into_iter().chain(keywords).map(|name| name.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_and_plain_text_lists_are_read() {
        let expect = vec!["Go".to_owned(), "C#".to_owned()];
        for text in [
            r#"{"about":"x","skills":[{"skill":"Go","years":3},{"name":"C#"}]}"#,
            r#"{"skills":["Go","C#","Go"]}"#,
            r#"["Go","C#"]"#,
            r#"{"skills":[{"name":"Go","level":"Master","keywords":["C#"]}]}"#,
            r#"{"basics":{"name":"A"},"work":[{"name":"B"}],"skills":[{"name":"Go","keywords":["Go"," C# ",""]},{"name":"","keywords":null},{"keywords":["C#"]}]}"#,
            r#"{"skills":[{"name":"Go","keywords":"C#, Go"}]}"#,
            r#"{"skills":[{"name":"Go","keywords":[{"a":1},"C#"]},{"level":"Master"},null]}"#,
            "# my skills\n- Go\n\n* C#\n",
        ] {
            assert_eq!(CvList::read_entries(text), Ok(expect.clone()), "{text}");
        }
    }

    #[test]
    fn other_files_are_refused_with_what_to_write() {
        assert!(matches!(CvList::read_entries("{"), Err(CvListError::Json(_))));
        assert_eq!(CvList::read_entries("{\"cv\":1}"), Err(CvListError::Form));
        assert_eq!(CvList::read_entries("[{\"level\":1}]"), Err(CvListError::Form));
        assert_eq!(CvList::read_entries(" \n"), Err(CvListError::Empty));
    }
}
