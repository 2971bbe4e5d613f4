//! The weekly mail against an independent mail server: the suite of `tests/mail`.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::commands::run;
use crate::root;
use crate::tools::Cache;

/// The suite's modules; each starts the mail servers and the programs that it needs.
const MODULES: [&str; 2] = ["conversations_test", "monday_test"];
/// What the tests read where the program is.
const PROGRAM_VARIABLE: &str = "CV_ANALYTICS_PROGRAM";

/// Runs the suite against `program`.
pub(crate) fn check(program: &Path, cache: &Cache) -> Result<()> {
    let tests = root().join("tests/mail");
    let python = cache.python_with(&tests.join("requirements.txt"))?;
    run(Command::new(python)
        .args(["-B", "-m", "unittest", "--verbose"])
        .args(MODULES)
        .current_dir(&tests)
        .env(PROGRAM_VARIABLE, program)
        .env("NO_PROXY", "127.0.0.1"))
}
