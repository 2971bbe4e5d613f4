//! The first command of the README, as on a fresh clone: the program that is built there, and what that costs.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use wait4::Wait4;

use crate::commands::{cargo, output, run};
use crate::product_program::built_program;
use crate::root;
use crate::steps::Took;

/// What it has to say for each thing that only the install on AWS has.
const AWS_COMMANDS: [&[&str]; 3] = [
    &["report", "--store", "dynamodb"],
    &["cost", "--interactions", "1000"],
    &["archive", "s3://bucket/prefix"],
];

/// Builds the program as a clone does, but in the tests' profile: optimising it takes minutes and changes nothing of what
/// is seen here. Runs the demo, and sees that what this build leaves out says how to get it.
pub(crate) fn check() -> Result<()> {
    let build = || {
        let mut build = cargo();
        build.args(["build", "--locked"]).current_dir(root());
        build
    };
    let program = built_program(&mut build(), "cv-analytics")?;
    // A build that has nothing to do repeats its warnings; the lints see the program with AWS only.
    let again = build().output()?;
    let said = String::from_utf8_lossy(&again.stderr);
    ensure!(!said.contains("warning"), "{said}");
    let folder = tempfile::tempdir()?;
    let said = demo(&program, folder.path())?;
    let page = said.lines().last().unwrap_or_default();
    let page = page.strip_prefix("Look at this first: ").context(said.clone())?;
    ensure!(fs::metadata(folder.path().join(page))?.len() > 10_000, "{page} is too short");
    run(Command::new(&program)
        .args(["archive", "kept", "--data", "cv-analytics-demo"])
        .current_dir(folder.path()))?;
    for arguments in AWS_COMMANDS {
        let mut command = Command::new(&program);
        command.args(arguments).args(["--data", "cv-analytics-demo"]).current_dir(folder.path());
        let refused = command.output()?;
        let said = String::from_utf8_lossy(&refused.stderr);
        ensure!(
            !refused.status.success() && said.contains("--features aws"),
            "{arguments:?}: {said}"
        );
    }
    Ok(())
}

/// Builds the program of each of `commits` and of this tree from nothing, and prints what that took.
pub(crate) fn measure(commits: &[String]) -> Result<()> {
    println!(
        "Each row: `cargo build --release --locked` into an empty folder, sources fetched before, then `demo --exit`, one \
         after another.\nProcessor time is that of cargo and all that it starts (wait4); crates are those that cargo names.\n\
         {} cores.\n",
        std::thread::available_parallelism()?
    );
    println!(
        "| tree | processor | wall | crates | demo | program |\n| --- | ---: | ---: | ---: | ---: | ---: |"
    );
    for commit in commits {
        let folder = tempfile::tempdir()?;
        let tree = folder.path().join("tree");
        run(Command::new("git")
            .args(["clone", "--quiet", "--shared", "--no-checkout"])
            .arg(root())
            .arg(&tree))?;
        run(Command::new("git")
            .args(["checkout", "--quiet", "--detach", commit])
            .current_dir(&tree))?;
        measure_one(commit, &tree)?;
    }
    measure_one("this tree", &root())
}

fn measure_one(name: &str, tree: &Path) -> Result<()> {
    let target = tempfile::tempdir()?;
    run(cargo().args(["fetch", "--locked", "--quiet"]).current_dir(tree))?;
    let log = target.path().join("log");
    let began = Instant::now();
    let mut build = cargo();
    build.args(["build", "--release", "--locked", "--color", "never", "--target-dir"]);
    build.arg(target.path()).current_dir(tree).stderr(fs::File::create(&log)?);
    let ended = build.spawn().context("start cargo")?.wait4()?;
    let took = began.elapsed();
    let log = fs::read_to_string(log)?;
    ensure!(ended.status.success(), "cannot build {name}:\n{log}");
    let crates = log.lines().filter(|line| line.trim_start().starts_with("Compiling ")).count();
    let program = target.path().join("release/cv-analytics");
    let began = Instant::now();
    demo(&program, target.path())?;
    println!(
        "| {name} | {} | {} | {crates} | {} | {} MB |",
        Took(ended.rusage.utime + ended.rusage.stime),
        Took(took),
        Took(began.elapsed()),
        fs::metadata(&program)?.len() / 1_000_000
    );
    Ok(())
}

/// Runs the demo in `folder`, and gives what it said.
fn demo(program: &Path, folder: &Path) -> Result<String> {
    let mut demo = Command::new(program);
    demo.args(["demo", "--exit", "--listen", "127.0.0.1:0"]).current_dir(folder);
    let said = output(demo.stderr(Stdio::null()))?;
    String::from_utf8(said).context("the demo speaks UTF-8")
}
