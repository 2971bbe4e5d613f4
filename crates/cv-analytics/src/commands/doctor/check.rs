//! What a check found: data, written as a line for people or as JSON for machines.

use anyhow::Result;
use serde::Serialize;
use serde_json::{Value, json};

use crate::output;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    Ok,
    /// It works, but needs attention.
    Warn,
    /// It does not work, or not as it has to.
    Fail,
    /// It was not looked at.
    Skipped,
}

/// One check, what it saw and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Check {
    name: String,
    outcome: Outcome,
    message: String,
    fix: Option<String>,
}

impl Check {
    pub(crate) fn ok(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self { name: name.into(), outcome: Outcome::Ok, message: message.into(), fix: None }
    }

    pub(crate) fn warn(
        name: impl Into<String>,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        let (name, message, fix) = (name.into(), message.into(), Some(fix.into()));
        Self { name, outcome: Outcome::Warn, message, fix }
    }

    pub(crate) fn fail(
        name: impl Into<String>,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        let (name, message, fix) = (name.into(), message.into(), Some(fix.into()));
        Self { name, outcome: Outcome::Fail, message, fix }
    }

    /// It was not asked for, or what it needs has failed already.
    pub(crate) fn skipped(name: impl Into<String>, why: impl Into<String>) -> Self {
        Self { name: name.into(), outcome: Outcome::Skipped, message: why.into(), fix: None }
    }

    /// It could not be made; `fix` says which right or step is missing.
    pub(crate) fn inconclusive(
        name: impl Into<String>,
        why: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        let (name, message, fix) = (name.into(), why.into(), Some(fix.into()));
        Self { name, outcome: Outcome::Skipped, message, fix }
    }

    /// Ok where `problem` is none, else a failure that says it, with `fix`.
    pub(crate) fn of(
        name: impl Into<String>,
        good: impl Into<String>,
        problem: Option<(String, String)>,
    ) -> Self {
        match problem {
            None => Self::ok(name, good),
            Some((message, fix)) => Self::fail(name, message, fix),
        }
    }

    /// Whether all is well in spite of it.
    fn passed(&self) -> bool {
        match self.outcome {
            Outcome::Ok | Outcome::Warn => true,
            Outcome::Fail => false,
            Outcome::Skipped => self.fix.is_none(),
        }
    }

    /// As it stands in the JSON form: with the names of the version before, `said` and `mend`, for one more.
    fn json(&self) -> Value {
        let Self { name, outcome, message, fix } = self;
        json!({"check": name, "outcome": outcome, "message": message, "fix": fix, "said": message, "mend": fix})
    }

    fn lines(&self) -> String {
        let outcome = match self.outcome {
            Outcome::Ok => "ok",
            Outcome::Warn => "warn",
            Outcome::Fail => "FAIL",
            Outcome::Skipped => "skipped",
        };
        let mut lines = format!("{outcome:<8} {}: {}\n", self.name, one_line(&self.message));
        if let Some(fix) = &self.fix {
            lines += &format!("         fix: {}\n", one_line(fix));
        }
        lines
    }
}

/// What others answered may have control characters and line breaks.
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
        let wrong = self.checks.iter().filter(|check| !check.passed()).count();
        if self.json {
            output::print_line(json!({
                "installation": installation, "version": env!("CARGO_PKG_VERSION"), "ok": wrong == 0,
                "wrong": wrong, "checks": self.checks.iter().map(Check::json).collect::<Vec<_>>(),
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
    fn a_check_is_one_line_and_its_fix_another() {
        let check = Check::fail("queue", "gone\nwith a line", "make it");
        assert_eq!(check.lines(), "FAIL     queue: gone with a line\n         fix: make it\n");
        assert_eq!(Check::ok("queue", "there").lines(), "ok       queue: there\n");
    }

    #[test]
    fn what_could_not_be_looked_at_for_want_of_a_right_is_not_well() {
        assert!(Check::skipped("alarms", "not asked for").passed());
        assert!(!Check::inconclusive("alarms", "denied", "give the right").passed());
        assert!(Check::warn("alarms", "one rings", "look").passed());
    }
}
