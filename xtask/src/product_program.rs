//! Builds a program of the workspace, and says where it is.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use cv_analytics_harness::server_process::under;
use serde_json::Value;

use crate::commands::output;
use crate::root;

/// The arguments of cargo for the tests of every crate, with the whole program: the install on AWS is a feature that a
/// first build goes without.
pub(crate) const EVERY_TEST: [&str; 4] = ["test", "--workspace", "--features", "cv-analytics/aws"];

/// How a program is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// As `cargo test` builds it.
    Dev,
    /// Optimised as a release is.
    Released,
}

/// Builds the program of the package `name`, and gives its path.
pub(crate) fn build(profile: Profile, name: &str) -> Result<PathBuf> {
    let mut command = crate::commands::cargo();
    match profile {
        // As the tests of the workspace build it: with other features all that it needs would be compiled once more.
        Profile::Dev => command.args(EVERY_TEST).args(["--no-run", "--test", "it"]),
        Profile::Released => {
            command.args(["build", "--bin", name, "--package", name, "--profile", "dist"])
        }
    };
    built_program(&mut command, name)
}

/// Runs `command`, a `cargo build` of the program `name`, and gives its path.
pub(crate) fn built_program(command: &mut Command, name: &str) -> Result<PathBuf> {
    command.args(["--message-format", "json-render-diagnostics"]);
    let messages = output(command.current_dir(root()).stderr(Stdio::inherit()))?;
    let messages = String::from_utf8_lossy(&messages);
    let program = messages.lines().filter_map(|line| serde_json::from_str(line).ok()).find_map(
        |message: Value| {
            let named = message.pointer("/target/name")? == name;
            named.then(|| message.get("executable")?.as_str().map(PathBuf::from)).flatten()
        },
    );
    program.with_context(|| format!("cargo did not say where it put {name}"))
}

/// The events that `cv-analytics events export` prints for `data`.
pub(crate) fn exported_events(program: &Path, data: &Path) -> Result<Vec<Value>> {
    let lines = output(&mut under(&["env"], program, &["events", "export"], data))?;
    let lines = String::from_utf8(lines).context("the export is not UTF-8")?;
    let events = lines.split_terminator('\n');
    events.map(|line| serde_json::from_str(line).with_context(|| format!("read {line}"))).collect()
}

/// What `cv-analytics report` says of `week` for `data`, as JSON.
pub(crate) fn report(program: &Path, data: &Path, week: &str) -> Result<Value> {
    let arguments = ["report", "--format", "json", "--week", week];
    let report = output(&mut under(&["env"], program, &arguments, data))?;
    serde_json::from_slice(&report).context("read the report")
}
