//! What a check found: data, written as a line for people or as JSON for machines.

use anyhow::Result;
use serde::Serialize;
use serde_json::json;

use crate::output;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    Ok,
    /// It works; somebody should look at it.
    Warn,
    /// It does not work, or not as it has to.
    Fail,
    /// It was not looked at.
    Skipped,
}

/// One check, what it saw and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Check {
    #[serde(rename = "check")]
    name: String,
    outcome: Outcome,
    said: String,
    mend: Option<String>,
}

impl Check {
    pub(crate) fn ok(name: impl Into<String>, said: impl Into<String>) -> Self {
        Self { name: name.into(), outcome: Outcome::Ok, said: said.into(), mend: None }
    }

    pub(crate) fn warn(
        name: impl Into<String>,
        said: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        let (name, said, mend) = (name.into(), said.into(), Some(mend.into()));
        Self { name, outcome: Outcome::Warn, said, mend }
    }

    pub(crate) fn fail(
        name: impl Into<String>,
        said: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        let (name, said, mend) = (name.into(), said.into(), Some(mend.into()));
        Self { name, outcome: Outcome::Fail, said, mend }
    }

    /// It was not asked for, or what it needs has failed already.
    pub(crate) fn skipped(name: impl Into<String>, why: impl Into<String>) -> Self {
        Self { name: name.into(), outcome: Outcome::Skipped, said: why.into(), mend: None }
    }

    /// It could not be made; `mend` says which right or step is missing.
    pub(crate) fn barred(
        name: impl Into<String>,
        why: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        let (name, said, mend) = (name.into(), why.into(), Some(mend.into()));
        Self { name, outcome: Outcome::Skipped, said, mend }
    }

    /// Ok where `problem` is none, else a failure that says it, with `mend`.
    pub(crate) fn of(
        name: impl Into<String>,
        good: impl Into<String>,
        problem: Option<(String, String)>,
    ) -> Self {
        match problem {
            None => Self::ok(name, good),
            Some((said, mend)) => Self::fail(name, said, mend),
        }
    }

    /// Whether all is well in spite of it.
    fn is_well(&self) -> bool {
        match self.outcome {
            Outcome::Ok | Outcome::Warn => true,
            Outcome::Fail => false,
            Outcome::Skipped => self.mend.is_none(),
        }
    }

    fn lines(&self) -> String {
        let outcome = match self.outcome {
            Outcome::Ok => "ok",
            Outcome::Warn => "warn",
            Outcome::Fail => "FAIL",
            Outcome::Skipped => "skipped",
        };
        let mut lines = format!("{outcome:<8} {}: {}\n", self.name, one_line(&self.said));
        if let Some(mend) = &self.mend {
            lines += &format!("         mend: {}\n", one_line(mend));
        }
        lines
    }
}

/// What others answered may have control characters and lines of its own.
fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// The checks so far; for people each is written as soon as it is made.
pub(crate) struct Findings {
    json: bool,
    checks: Vec<Check>,
}

impl Findings {
    pub(crate) fn new(json: bool) -> Self {
        Self { json, checks: Vec::new() }
    }

    pub(crate) fn add(&mut self, check: Check) -> Result<()> {
        if !self.json {
            output::print(check.lines())?;
        }
        self.checks.push(check);
        Ok(())
    }

    pub(crate) fn add_all(&mut self, checks: impl IntoIterator<Item = Check>) -> Result<()> {
        checks.into_iter().try_for_each(|check| self.add(check))
    }

    /// Writes the end, and gives the number of checks that are not well.
    pub(crate) fn finish(self, installation: &str) -> Result<usize> {
        let wrong = self.checks.iter().filter(|check| !check.is_well()).count();
        if self.json {
            output::print_line(json!({
                "installation": installation, "version": env!("CARGO_PKG_VERSION"), "ok": wrong == 0,
                "wrong": wrong, "checks": self.checks,
            }))?;
        } else if wrong == 0 {
            let warned = self.checks.iter().filter(|check| check.outcome == Outcome::Warn).count();
            let worth = if warned > 0 { format!(", {warned} worth a look") } else { String::new() };
            output::print_line(format!("\nall is well: {} checks{worth}", self.checks.len()))?;
        }
        Ok(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_one_line_and_its_mend_another() {
        let check = Check::fail("queue", "gone\nwith a line", "make it");
        assert_eq!(check.lines(), "FAIL     queue: gone with a line\n         mend: make it\n");
        assert_eq!(Check::ok("queue", "there").lines(), "ok       queue: there\n");
    }

    #[test]
    fn what_could_not_be_looked_at_for_want_of_a_right_is_not_well() {
        assert!(Check::skipped("alarms", "not asked for").is_well());
        assert!(!Check::barred("alarms", "denied", "give the right").is_well());
        assert!(Check::warn("alarms", "one rings", "look").is_well());
    }
}
