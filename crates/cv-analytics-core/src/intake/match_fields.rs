//! The match in a response event: its type, score and outcome, and the blocks that older agents wrap them in.

use serde_json::{Map, Value};

use crate::dead_letter::Reason;
use crate::event::{MatchScore, MatchType, Outcome};
use crate::intake::field::{Fields, Unreadable, is_absent, is_numeric};

/// The blocks that older agents wrap the match in: `matchQuality` and `meta`.
pub(crate) struct Blocks(Vec<(&'static str, Map<String, Value>)>);

impl Blocks {
    const NAMES: [&'static str; 2] = ["matchQuality", "meta"];

    pub(crate) fn of(fields: &mut Fields) -> Self {
        let mut blocks = Vec::new();
        for name in Self::NAMES {
            if fields.rest.get(name).is_some_and(Value::is_object)
                && let Some(Value::Object(block)) = fields.rest.remove(name)
            {
                blocks.push((name, block));
            }
        }
        Self(blocks)
    }

    /// Takes a field out of the first block where its value is `fit`.
    pub(crate) fn take(
        &mut self,
        fields: &mut Fields,
        name: &str,
        fit: fn(&Value) -> bool,
    ) -> Option<Value> {
        for (block, values) in &mut self.0 {
            if values.get(name).is_some_and(|value| is_absent(value) || fit(value))
                && let Some(value) = values.remove(name).filter(|value| !is_absent(value))
            {
                let meant = if name == "type" { "matchType" } else { name };
                fields.tolerate(&format!("read {block}.{name} as {meant}"));
                return Some(value);
            }
        }
        None
    }

    /// `type` in one block, `matchType` in the other.
    pub(crate) fn take_match_type(&mut self, fields: &mut Fields) -> Option<Value> {
        let named = self.take(fields, "matchType", Value::is_string);
        named.or_else(|| self.take(fields, "type", Value::is_string))
    }

    /// The score in a block: `matchScore` or `coverage`, else a number under `matchQuality`.
    fn take_score(&mut self, fields: &mut Fields) -> Option<(&'static str, Value)> {
        for score in SCORES {
            for (block, values) in &mut self.0 {
                if values.get(score).is_some_and(is_numeric)
                    && let Some(value) = values.remove(score)
                {
                    fields.tolerate(&format!("read {block}.{score} as matchScore"));
                    return Some((score, value));
                }
            }
        }
        None
    }

    /// What nobody took out of a block stays in it.
    pub(crate) fn give_back(self, fields: &mut Fields) {
        for (name, values) in self.0 {
            if !values.is_empty() {
                fields.rest.insert(name.to_owned(), Value::Object(values));
            }
        }
    }
}

pub(crate) fn match_type(fields: &mut Fields, value: &Value) -> Result<MatchType, Unreadable> {
    let text = value.as_str().map(str::trim);
    let found = text.and_then(MatchType::from_code);
    let found = found.ok_or_else(|| {
        (Reason::BadMatch, "matchType is not one of full, partial, none".to_owned())
    })?;
    if text != Some(found.code()) {
        fields.tolerate("matchType was not in lowercase");
    }
    Ok(found)
}

pub(crate) fn outcome(fields: &mut Fields, value: &Value) -> Result<Outcome, Unreadable> {
    let text = value.as_str().map(str::trim);
    let found = text.and_then(Outcome::from_code).ok_or_else(|| {
        let codes: Vec<&str> = Outcome::ALL.iter().map(|outcome| outcome.code()).collect();
        (Reason::BadOutcome, format!("outcome is not one of {}", codes.join(", ")))
    })?;
    if text != Some(found.code()) {
        fields.tolerate("outcome was not in lowercase");
    }
    Ok(found)
}

/// The names of a score, first come.
const SCORES: [&str; 3] = ["matchScore", "coverage", "matchQuality"];

/// How much of what was asked the CV covers: `matchScore` or `coverage`, 0 to 100, or a number under
/// `matchQuality`, where values up to 1 are fractions; at the top level, else in a block, else the
/// agent's own `metadata.matchQuality`. A `confidence` is none: a model can be sure of `none`.
pub(crate) fn score(
    fields: &mut Fields,
    blocks: &mut Blocks,
) -> Result<Option<MatchScore>, Unreadable> {
    let at_the_top = SCORES.into_iter().find_map(|name| {
        // Under the other names only a number can be a score.
        let value = if name == "matchScore" {
            fields.take_fit(name, "a number", is_numeric)
        } else {
            fields.rest.get(name).is_some_and(is_numeric).then(|| fields.take(name)).flatten()
        }?;
        if name != "matchScore" {
            fields.tolerate(&format!("read {name} as matchScore"));
        }
        Some((name, value))
    });
    let Some((name, value)) = at_the_top.or_else(|| blocks.take_score(fields)) else {
        return Ok(score_in_metadata(fields));
    };
    let number = fields.number(name, &value).map_err(bad_score)?;
    let score = if name == "matchQuality" {
        MatchScore::from_quality(number)
    } else {
        MatchScore::new(number)
    };
    score.map(Some).ok_or_else(|| bad_score((Reason::BadMatch, String::new())))
}

/// Reads `metadata.matchQuality` and leaves it in place: metadata is the agent's own.
fn score_in_metadata(fields: &mut Fields) -> Option<MatchScore> {
    let value = fields.rest.get("metadata")?.get("matchQuality")?;
    let score = MatchScore::from_quality(value.as_f64()?)?;
    fields.tolerate("read metadata.matchQuality as matchScore");
    Some(score)
}

fn bad_score(_: Unreadable) -> Unreadable {
    (Reason::BadMatch, "the match score is not a number from 0 to 100".to_owned())
}

/// The longest plausible time: 2⁵³ ms, the largest whole number that every JSON reader knows.
const MAX_TOTAL_TIME_MS: f64 = 9_007_199_254_740_992.0;

/// `performance.totalTime` in milliseconds, also a negative one, which no report counts; what is no
/// number, or so large that nobody measured it, stays where it was.
pub(crate) fn total_time(fields: &mut Fields) -> Option<f64> {
    const NAME: &str = "performance.totalTime";
    let value = fields.rest.get("performance")?.get("totalTime")?;
    let value = Some(value).filter(|value| !is_absent(value))?.clone();
    let Ok(number) = fields.number(NAME, &value) else {
        fields.ignore(NAME, "a number");
        return None;
    };
    if number.abs() > MAX_TOTAL_TIME_MS {
        return None;
    }
    if let Some(Value::Object(performance)) = fields.rest.get_mut("performance") {
        performance.remove("totalTime");
        if performance.is_empty() {
            fields.rest.remove("performance");
        }
    }
    Some(number)
}
