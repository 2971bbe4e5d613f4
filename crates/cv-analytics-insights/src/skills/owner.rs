//! The owner's own skills and aliases, as JSON or as plain lines.

use serde::Deserialize;
use serde_json::{Map, Value};

/// Longest file of additions that is read, in bytes.
const MAX_TEXT_BYTES: usize = 1 << 20;
/// Longest name or alias, in characters.
const MAX_NAME_CHARS: usize = 100;

/// Skills and aliases that an owner adds to the dictionary.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct OwnerSkills {
    skills: Vec<(String, Vec<String>)>,
}

/// Why a file of additions cannot be read, and what to do.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct OwnerSkillsError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong and what to write instead.
    pub problem: String,
}

#[derive(Deserialize)]
struct SkillEntry {
    skill: String,
    #[serde(default)]
    aliases: Vec<String>,
}

impl OwnerSkills {
    /// Reads additions: JSON, `{"Kubernetes": ["k8s", "kube"]}` or `[{"skill": "Kubernetes", "aliases": ["k8s"]}]`, or
    /// lines, `Kubernetes: k8s, kube` or `Kubernetes = k8s, kube` with `#` for comments.
    pub fn read(text: &str) -> Result<Self, OwnerSkillsError> {
        let text = text.trim_start_matches('\u{feff}');
        if text.len() > MAX_TEXT_BYTES {
            return Err(error(
                1,
                format!(
                    "too large: more than {MAX_TEXT_BYTES} bytes; leave only skills and aliases in the file"
                ),
            ));
        }
        let mut owner = Self::default();
        match text.trim_start().chars().next() {
            Some('{') => {
                for (skill, aliases) in json::<Map<String, Value>>(text)? {
                    let line = line_of(text, &skill);
                    owner.add(&skill, &json_aliases(&skill, aliases, line)?, line)?;
                }
            }
            Some('[') => {
                for SkillEntry { skill, aliases } in json::<Vec<SkillEntry>>(text)? {
                    let line = line_of(text, &skill);
                    owner.add(&skill, &aliases, line)?;
                }
            }
            _ => {
                for (number, line) in (1..).zip(text.lines()) {
                    let line = line.trim();
                    if line.is_empty() || line.starts_with('#') {
                        continue;
                    }
                    let (skill, aliases) = line.split_once([':', '=']).unwrap_or((line, ""));
                    let aliases =
                        aliases.split(',').map(str::trim).filter(|alias| !alias.is_empty());
                    owner.add(skill, &aliases.map(str::to_owned).collect::<Vec<_>>(), number)?;
                }
            }
        }
        Ok(owner)
    }

    /// Skills with their aliases, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.skills.iter().map(|(skill, aliases)| (skill.as_str(), aliases.as_slice()))
    }

    /// Whether nothing is added.
    pub fn is_empty(&self) -> bool {
        self.skills.is_empty()
    }

    fn add(
        &mut self,
        skill: &str,
        aliases: &[String],
        line: usize,
    ) -> Result<(), OwnerSkillsError> {
        let skill = skill.trim();
        for name in std::iter::once(skill).chain(aliases.iter().map(String::as_str)) {
            check_name(name, line)?;
        }
        let aliases = aliases.iter().map(|alias| alias.trim().to_owned());
        match self.skills.iter_mut().find(|(known, _)| known == skill) {
            Some((_, known)) => known.extend(aliases),
            None => self.skills.push((skill.to_owned(), aliases.collect())),
        }
        Ok(())
    }
}

fn check_name(name: &str, line: usize) -> Result<(), OwnerSkillsError> {
    if !name.chars().any(char::is_alphanumeric) {
        return Err(error(
            line,
            "missing letter or digit in a skill or alias; write `Canonical name: alias, alias`"
                .into(),
        ));
    }
    if name.chars().count() > MAX_NAME_CHARS {
        return Err(error(
            line,
            format!(
                "too large: a skill or alias has more than {MAX_NAME_CHARS} characters; shorten it"
            ),
        ));
    }
    Ok(())
}

fn json_aliases(skill: &str, aliases: Value, line: usize) -> Result<Vec<String>, OwnerSkillsError> {
    serde_json::from_value(aliases).map_err(|_| {
        error(line, format!("invalid aliases of {skill:?}: expected a list of texts; write \"{skill}\": [\"alias\", \"alias\"]"))
    })
}

fn json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, OwnerSkillsError> {
    serde_json::from_str(text).map_err(|fault| {
        error(
            fault.line(),
            format!("{fault}; write {{\"Skill\": [\"alias\"]}} or [{{\"skill\": \"Skill\", \"aliases\": [\"alias\"]}}]"),
        )
    })
}

/// The line in which a name of a JSON file first stands.
pub(super) fn line_of(text: &str, name: &str) -> usize {
    let before = text.find(name).and_then(|at| text.get(..at)).unwrap_or_default();
    before.matches('\n').count() + 1
}

fn error(line: usize, problem: String) -> OwnerSkillsError {
    OwnerSkillsError { line, problem }
}
