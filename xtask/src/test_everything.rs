//! `cargo xtask test`: every test there is, on a machine that has a Rust toolchain only.

use std::process::Command;

use anyhow::Result;

use crate::client_suites::{self, Suite};
use crate::commands;
use crate::product_program::{self, Profile};
use crate::steps::Steps;
use crate::tools::Cache;
use crate::{full_disk, kill_under_load, root, sync_before_answer};

/// Runs the steps in the order of their cost; the first that fails ends it.
pub(crate) fn run() -> Result<()> {
    let mut steps = Steps::new();
    steps.step("the workspace's tests", || {
        commands::run(Command::new("cargo").args(["test", "--workspace"]).current_dir(root()))
    })?;
    let program =
        steps.step("build the program", || product_program::build(Profile::Dev, "cv-analytics"))?;
    steps.step("a server killed under load loses nothing", || kill_under_load::check(&program))?;
    steps.step("a full disk is no success", || full_disk::check(&program))?;
    steps.step("a sync comes before each answer", || sync_before_answer::check(&program))?;
    let cache = Cache::open()?;
    for suite in Suite::ALL {
        steps.step(suite.name(), || client_suites::run_suite(suite, &program, &cache))?;
    }
    steps.finish();
    Ok(())
}
