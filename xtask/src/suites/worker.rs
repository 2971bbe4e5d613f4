//! The Worker's client and its example: tests inside workerd, the way from an agent to the report, and the benchmark.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::commands::run;
use crate::root;
use crate::tools::Cache;

/// Lints, types, and the tests that run inside workerd.
pub(crate) fn check_inside_workerd(cache: &Cache) -> Result<()> {
    let work = tempfile::tempdir()?;
    let project = lay_out(cache, work.path())?;
    run(&mut npm(&project, "lint"))?;
    run(&mut npm(&project, "test"))
}

/// An agent in workerd, the server and its report, over a network that fails; and the packed package in a project.
pub(crate) fn check_to_the_report(program: &Path, cache: &Cache) -> Result<()> {
    let work = tempfile::tempdir()?;
    let project = lay_out(cache, work.path())?;
    link_packages(cache, "tests/tools", &project)?;
    run(npm(&project, "test:end-to-end").env("CV_ANALYTICS_PROGRAM", program))
}

/// The example agent: its types, each way out inside workerd, and a hundred questions to the report.
pub(crate) fn check_example(program: &Path, cache: &Cache) -> Result<()> {
    let work = tempfile::tempdir()?;
    let project = lay_out(cache, work.path())?;
    link_packages(cache, "example", &project)?;
    let example = project.join("example");
    run(&mut npm(&example, "check"))?;
    run(&mut npm(&example, "test"))?;
    run(npm(&example, "test:end-to-end").env("CV_ANALYTICS_PROGRAM", program))
}

/// What the visitor waits for the client, and what it adds to a bundle.
pub(crate) fn bench(options: &[&str]) -> Result<()> {
    let work = tempfile::tempdir()?;
    let project = lay_out(&Cache::open()?, work.path())?;
    run(npm(&project, "bench").arg("--").args(options))
}

/// What edits outputs of a model and reads them, ready to run.
pub(crate) struct Fuzzer {
    /// Holds the bundle as long as it is used.
    work: tempfile::TempDir,
}

/// Bundles it, so that it runs in whatever Node.js is there.
pub(crate) fn fuzzer(cache: &Cache) -> Result<Fuzzer> {
    let work = tempfile::tempdir()?;
    let project = lay_out(cache, work.path())?;
    link_packages(cache, "fuzz", &project)?;
    run(Command::new(project.join("node_modules/.bin/esbuild"))
        .args(["fuzz/main.ts", "--bundle", "--platform=node", "--format=esm"])
        .args(["--log-level=warning", "--outfile=../fuzz.mjs"])
        .current_dir(&project))?;
    Ok(Fuzzer { work })
}

impl Fuzzer {
    /// Begins with what is in `corpus`, and puts what breaks a property into `finds`.
    pub(crate) fn command(&self, finds: &Path, minutes: u64, corpus: &Path) -> Command {
        let mut command = Command::new("node");
        command.arg(self.work.path().join("fuzz.mjs")).args([
            finds,
            Path::new(&minutes.to_string()),
            corpus,
        ]);
        command
    }
}

/// A script of the project; npm puts the Node.js of its packages first.
fn npm(project: &Path, script: &str) -> Command {
    let mut command = Command::new("npm");
    command.args(["run", "--silent", script]).current_dir(project);
    for proxy in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        command.env_remove(proxy);
    }
    command
}

/// Copies the project beside a link to its packages, since modules are looked for from where a file is; with the
/// fixtures and names that its tests share with Rust, the corpus of its fuzzing, and the documents whose code they check.
fn lay_out(cache: &Cache, work: &Path) -> Result<PathBuf> {
    let project = work.join("worker");
    copy(&root().join("worker"), &project)?;
    copy(&root().join("fixtures"), &work.join("fixtures"))?;
    copy(&root().join("docs"), &work.join("docs"))?;
    copy(&root().join("fuzz"), &work.join("fuzz"))?;
    // The names of the topics, which the prompt has too.
    let data = "crates/cv-analytics-insights/data";
    copy(&root().join(data), &work.join(data))?;
    fs::copy(root().join("README.md"), work.join("README.md"))?;
    link_packages(cache, "", &project)?;
    Ok(project)
}

/// Links the packages of the project itself, or of a folder in it that has a lock file of its own.
fn link_packages(cache: &Cache, folder: &str, project: &Path) -> Result<()> {
    let packages = cache.node_modules(&root().join("worker").join(folder))?;
    let link = project.join(folder).join("node_modules");
    std::os::unix::fs::symlink(packages, &link).with_context(|| format!("link {}", link.display()))
}

/// Copies a folder, without what was installed, built or set only for this machine.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("make {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("read {}", from.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        if ["node_modules", "dist", ".wrangler", ".dev.vars", "artifacts"]
            .iter()
            .any(|left_out| name == *left_out)
        {
            continue;
        }
        let (from, to) = (entry.path(), to.join(&name));
        if entry.file_type()?.is_dir() {
            copy(&from, &to)?;
        } else {
            fs::copy(&from, &to).with_context(|| format!("copy {}", from.display()))?;
        }
    }
    Ok(())
}
