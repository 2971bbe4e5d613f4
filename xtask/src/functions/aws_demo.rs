//! `cargo xtask aws-demo`: the whole pipeline of AWS on this machine, from the first message to the mail.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use cv_analytics_harness::tools_cache::{DYNOXIDE_VARIABLE, MOTO_SERVER_VARIABLE};

use crate::commands::run;
use crate::product_program::built_program;
use crate::root;
use crate::tools::Cache;

/// Where the mail is written, at the repository's root.
const OUTPUT: &str = "cv-analytics-aws-demo";

/// Installs the emulators where they are missing, builds the functions, and runs it all.
pub(crate) fn run_demo() -> Result<()> {
    let cache = Cache::open()?;
    let (dynoxide, moto_server) = (cache.dynoxide()?, cache.moto_server()?);
    let processor = built("processor")?;
    let pipeline = built("whole_pipeline")?;
    let functions = processor.parent().context("the functions lie in a folder")?;
    run(Command::new(pipeline)
        .arg(functions)
        .arg(Path::new(OUTPUT))
        .env(DYNOXIDE_VARIABLE, dynoxide)
        .env(MOTO_SERVER_VARIABLE, moto_server)
        .current_dir(root()))
}

fn built(name: &str) -> Result<PathBuf> {
    let mut build = crate::commands::cargo();
    build.args([
        "build",
        "--package",
        "cv-analytics-lambda",
        "--bins",
        "--example",
        "whole_pipeline",
    ]);
    built_program(&mut build, name)
}
