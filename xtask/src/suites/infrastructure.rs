//! The tests of `infra/`, the workflows and the documents: real Terraform with the real AWS provider
//! against emulated accounts in which the functions' own programs run as they are deployed, and lints.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use cv_analytics_harness::tools_cache::MINISTACK_VARIABLE;

use crate::commands::run;
use crate::product_program::{EVERY_TEST, built_program};
use crate::root;
use crate::tools::{Cache, require_terraform};

/// What the tests read where checkov is.
const CHECKOV_VARIABLE: &str = "CV_ANALYTICS_CHECKOV";
/// Where they find the folder of the functions' programs.
const FUNCTIONS_VARIABLE: &str = "CV_ANALYTICS_FUNCTIONS";
/// Where they find the program.
const PROGRAM_VARIABLE: &str = "CV_ANALYTICS_PROGRAM";

/// Installs what is missing, builds the functions, and runs every module of `tests/infrastructure`.
pub(crate) fn check(program: &Path, cache: &Cache) -> Result<()> {
    require_terraform()?;
    link_providers()?;
    let tests = root().join("tests/infrastructure");
    let python = cache.python_with(&tests.join("requirements.txt"))?;
    let checkov = cache.python_with(&tests.join("requirements-checkov.txt"))?;
    run(Command::new(python)
        .args(["-B", "all_tests.py"])
        .current_dir(&tests)
        .env(CHECKOV_VARIABLE, checkov.with_file_name("checkov"))
        .env(MINISTACK_VARIABLE, cache.ministack()?)
        .env(FUNCTIONS_VARIABLE, functions()?)
        .env(PROGRAM_VARIABLE, program))
}

/// The folder with the functions' programs, as the workspace's tests build them, so that after those nothing
/// is left to build.
fn functions() -> Result<PathBuf> {
    let mut build = crate::commands::cargo();
    build.args(EVERY_TEST).args(["--no-run", "--test", "it"]);
    let processor = built_program(&mut build, "processor")?;
    Ok(processor.parent().context("the functions lie in a folder")?.to_owned())
}

/// Where Terraform's registry cannot be reached, a program beside the clone may find
/// the AWS provider on this machine; elsewhere `terraform init` asks the registry.
fn link_providers() -> Result<()> {
    let beside: PathBuf = root().parent().context("the clone lies in a folder")?.to_owned();
    let program = beside.join("shared/bin/terraform-mirror");
    if program.is_file() {
        run(&mut Command::new(program))?;
    }
    Ok(())
}
