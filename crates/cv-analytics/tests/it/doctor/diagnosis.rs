//! What one run of the program found.

use std::process::{Command, Output};

use serde_json::Value;

/// The checks of one run.
pub(crate) struct Diagnosis {
    pub(crate) code: Option<i32>,
    pub(crate) checks: Vec<Value>,
}

impl Diagnosis {
    /// Runs a program that ends with `doctor` and its options.
    pub(crate) fn of(program: &mut Command) -> Self {
        let Output { status, stdout, stderr } = program.arg("--json").output().unwrap();
        let said = String::from_utf8_lossy(&stderr);
        let found: Value = serde_json::from_slice(&stdout).unwrap_or_else(|_| panic!("{said}"));
        let wrong = found["wrong"].as_u64().unwrap();
        assert_eq!(status.code(), Some(i32::from(wrong > 0)), "{said}");
        assert_eq!(found["ok"], wrong == 0);
        Self { code: status.code(), checks: found["checks"].as_array().unwrap().clone() }
    }

    /// The names of the checks that ended so.
    pub(crate) fn that_are(&self, outcome: &str) -> Vec<&str> {
        let checks = self.checks.iter().filter(|check| check["outcome"] == outcome);
        checks.map(|check| check["check"].as_str().unwrap()).collect()
    }

    pub(crate) fn check(&self, name: &str) -> &Value {
        let found = self.checks.iter().find(|check| check["check"] == name);
        found.unwrap_or_else(|| panic!("no check {name}: {:#?}", self.checks))
    }

    /// Holds that nothing is wrong.
    #[track_caller]
    pub(crate) fn passed(&self) {
        let wrong: Vec<&Value> = self
            .checks
            .iter()
            .filter(|check| {
                check["outcome"] == "fail"
                    || (check["outcome"] == "skipped" && check["fix"].is_string())
            })
            .collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert_eq!(self.code, Some(0));
    }

    /// Holds that this check fails and no other, and what it says and how to fix it.
    #[track_caller]
    pub(crate) fn fails_alone(&self, name: &str, said: &str, fix: &str) {
        assert_eq!(self.that_are("fail"), [name], "{:#?}", self.checks);
        self.says(name, said, fix);
        assert_eq!(self.code, Some(1));
    }

    /// Holds what a check says and how to fix it.
    #[track_caller]
    pub(crate) fn says(&self, name: &str, said: &str, fix: &str) {
        let check = self.check(name);
        for (field, part) in [("message", said), ("fix", fix)] {
            let text = check[field].as_str().unwrap_or_default();
            assert!(text.contains(part), "{name} has the {field} {text:?}, not {part:?}");
        }
    }
}
