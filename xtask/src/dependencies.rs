//! What the product depends on: licences, sources, advisories, and which layer may know which, by cargo-deny.

use std::process::Command;

use anyhow::Result;

use crate::commands::run;
use crate::root;
use crate::tools::Cache;

/// Checks `what`, as cargo-deny names it (`bans`, `all`), by the rules in `deny.toml`.
///
/// # Errors
/// Where a rule is broken, or cargo-deny cannot be installed.
pub(crate) fn check(cache: &Cache, what: &[&str]) -> Result<()> {
    run(Command::new(cache.cargo_deny()?)
        .args(["--workspace", "check"])
        .args(what)
        .current_dir(root()))
}
