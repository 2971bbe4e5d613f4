//! The repository's own tasks, `cargo xtask TASK`: what a shell script would do elsewhere.
//!
//! In reading order:
//!
//! 1. [`steps`]: a step says that it begins, how it ended and how long it took.
//! 2. [`commands`]: runs other programs.
//! 3. [`product_program`]: builds the program and says where it lies.
//! 4. [`tools`]: what tests need besides Rust, installed into a cache outside the clone.
//! 5. [`test_everything`]: the steps of `cargo xtask test`.
//! 6. [`client_suites`]: real AWS clients against a real server.
//! 7. [`acknowledged_events`]: load that remembers what the server has acknowledged.
//! 8. [`kill_under_load`], [`full_disk`], [`io_errors`], [`sync_before_answer`]: nothing acknowledged is lost.
//! 9. [`simulations`]: the stores beside a model, by random seeds.
//! 10. [`dist`]: the functions of Lambda as zip files; [`bootstraps`] builds them for an
//!     [`architecture`], and [`system_needs`] says whether they run there.
//! 11. [`lambda_subjects`]: what the benchmark of Lambda measures.
//! 12. [`aws_demo`]: the whole pipeline of AWS on this machine.
//! 13. [`worker_client`]: the client for Cloudflare Workers inside workerd.
//! 14. [`infrastructure`]: `infra/` against an emulated account, the workflows and the documents.
//! 15. [`dashboard_pages`]: the dashboard in a real Chromium.
//! 16. [`mail_conversations`]: the weekly mail against a mail server that somebody else wrote.
//! 17. [`fuzzing`]: looks for inputs that break a property of a parser.
//! 18. `documents` (tests): what ARCHITECTURE.md and the index of `docs` name is there.

mod acknowledged_events;
mod architecture;
mod aws_demo;
mod bootstraps;
mod client_suites;
mod commands;
mod dashboard_pages;
mod dist;
#[cfg(test)]
mod documents;
mod full_disk;
mod fuzzing;
mod infrastructure;
mod io_errors;
mod kill_under_load;
mod lambda_subjects;
mod mail_conversations;
mod product_program;
mod proxies;
mod simulations;
mod steps;
mod sync_before_answer;
mod system_needs;
mod test_everything;
mod tools;
mod worker_client;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Result;
use cv_analytics_harness::tools_cache::DYNOXIDE_VARIABLE;
use jiff::Timestamp;

use crate::architecture::Architecture;
use crate::commands::run;
use crate::fuzzing::Fuzzing;

const USAGE: &str = "\
Usage: cargo xtask TASK

  test [PART]             installs what is missing and passes every test; PART of a step's name
                          (durability, clients, mail, dashboard, worker, infrastructure) leaves the others out
  simulate [--seeds N]    the simulations of both stores with N seeds each, 10,000 where N is left out, and errors
                          of the disk at each of the first hundred writes
  bench intake [--quick]  the ladder from an fsync to an acknowledged event
  bench report [--ten]    the report over one, two and four (and ten) million interactions
  bench pages [--quick]   every page of the dashboard over two years and two million interactions
  bench lambda [--quick]  the processor of Lambda beside a Node.js one and an empty function
  bench worker [--quick]  what a visitor waits for the Worker's client, and its size beside the AWS SDK's
  bench trends            how often the report's arrows would be wrong, by simulated weeks
  fuzz [TARGET] [--minutes N]
                          looks for inputs that break a property of a parser, an hour a target or N minutes
  fuzz [TARGET] --minimise
                          takes what reaches further into the committed corpus
  dist [--arch ARCH]      the functions of Lambda as dist/FUNCTION-ARCH.zip; ARCH is arm64 (the default)
                          or x86_64
  screenshots             the pictures of the dashboard in docs/images
  aws-demo                the pipeline of AWS on this machine, on emulators: from the first message to the mail
  deny                    licences, advisories and layers, by cargo-deny";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        ["test"] => test_everything::run(None),
        ["test", only] => test_everything::run(Some(only)),
        ["simulate"] => simulations::simulate("10000"),
        ["simulate", "--seeds", seeds] if seeds.parse::<u64>().is_ok() => {
            simulations::simulate(seeds)
        }
        ["bench", what @ ("intake" | "report" | "pages"), options @ ..] => bench(what, options),
        ["bench", "lambda", options @ ..] => bench_lambda(options),
        ["bench", "worker", options @ ..] => worker_client::bench(options),
        ["bench", "trends"] => bench_trends(),
        ["fuzz", options @ ..] if let Some(asked) = Fuzzing::from_arguments(options) => asked.run(),
        ["aws-demo"] => aws_demo::run_demo(),
        ["screenshots"] => dashboard_pages::screenshots(),
        ["deny"] => deny(),
        ["dist"] => dist::run(Architecture::Arm64),
        ["dist", "--arch", name] if let Some(architecture) = Architecture::from_name(name) => {
            dist::run(architecture)
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn bench(what: &str, options: &[&str]) -> Result<()> {
    if what == "intake" {
        tools::require_strace()?;
    }
    let program = product_program::build(product_program::Profile::Release, "cv-analytics")?;
    let bench = product_program::build(product_program::Profile::Release, "cv-analytics-bench")?;
    run(Command::new(bench).arg(what).arg(program).args(options).current_dir(root()))
}

fn bench_lambda(options: &[&str]) -> Result<()> {
    let dynoxide = tools::Cache::open()?.dynoxide()?;
    let folder = tempfile::tempdir()?;
    lambda_subjects::lay_out(folder.path())?;
    let bench = product_program::build(product_program::Profile::Release, "cv-analytics-bench")?;
    run(Command::new(bench)
        .arg("lambda")
        .arg(folder.path())
        .args(options)
        .env(DYNOXIDE_VARIABLE, dynoxide)
        .current_dir(root()))
}

fn bench_trends() -> Result<()> {
    let example = ["--package", "cv-analytics-insights", "--example", "trends_simulation"];
    run(commands::cargo().args(["run", "--release"]).args(example).current_dir(root()))
}

fn deny() -> Result<()> {
    let deny = tools::Cache::open()?.cargo_deny()?;
    run(Command::new(deny).args(["--workspace", "check"]).current_dir(root()))
}

/// The repository's root.
fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_owned()
}

#[expect(clippy::disallowed_methods, reason = "only a `main.rs` reads the clock")]
fn now() -> Timestamp {
    Timestamp::now()
}
