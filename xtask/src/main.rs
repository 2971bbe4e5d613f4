//! The repository's own tasks, `cargo xtask TASK`: what a shell script would do elsewhere.
//!
//! In reading order:
//!
//! 1. [`test_parts`]: the parts of `cargo xtask test`; [`steps`]: a step says that it begins, how it ended and how long
//!    it took.
//! 2. [`commands`] runs other programs; [`product_program`] builds the product, [`first_build`] as a
//!    fresh clone does; [`tools`] is what tests need besides
//!    Rust, installed into a cache outside the clone.
//! 3. [`durability`]: nothing acknowledged is lost. [`suites`]: the program with clients, browsers, mail servers,
//!    proxies and clouds that others wrote.
//! 4. [`simulations`]: the stores beside a model, by random seeds; [`fuzzing`]: inputs that break a parser.
//! 5. [`functions`]: the functions of Lambda, built, packed and run.
//! 6. [`packages`]: what users install, built and run.
//! 7. [`dependencies`]: licences, sources and layers; `documents` (tests): what ARCHITECTURE.md and the index of `docs` name is there.

mod commands;
mod dependencies;
#[cfg(test)]
mod documents;
mod durability;
mod first_build;
mod functions;
mod fuzzing;
mod packages;
mod product_program;
mod simulations;
mod steps;
mod suites;
mod test_parts;
mod tools;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::{Parser, Subcommand};
use cv_analytics_harness::tools_cache::DYNOXIDE_VARIABLE;
use jiff::Timestamp;

use crate::commands::run;
use crate::functions::architecture::Architecture;
use crate::functions::bootstraps::build_for_lambda;
use crate::functions::{aws_demo, dist, lambda_subjects};
use crate::fuzzing::Fuzzing;
use crate::packages::Packing;
use crate::suites::{dashboard, worker};

/// The repository's own tasks
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
enum Task {
    /// Install what is missing and pass every test
    Test {
        /// Run only the parts whose name holds this, as `durability` or `worker`
        part: Option<String>,
        /// Name the parts, what each needs, and how long it took here
        #[arg(long, conflicts_with = "part")]
        list: bool,
    },
    /// Run the simulations of both stores with many seeds, and fail each of a real server's first hundred writes
    Simulate {
        /// So many seeds of each
        #[arg(long, default_value_t = 10_000)]
        seeds: u64,
    },
    /// Pass the tests of the tables with ten thousand events on each emulator of DynamoDB
    Tables,
    /// Measure, with a build as it is released
    #[command(subcommand)]
    Bench(Bench),
    /// Look for inputs that break a property of a parser, an hour for each
    Fuzz(Fuzzing),
    /// Build the functions of Lambda as dist/FUNCTION-ARCH.zip
    Dist {
        /// The processor that they run on
        #[arg(long, default_value = "arm64", value_parser = Architecture::parse)]
        arch: Architecture,
    },
    /// Pack what users of Linux install into dist (archive, image, Debian package), and run it; as root
    Packages(Packing),
    /// Pack the archive of one system into dist, and run the program in it
    Archive {
        #[command(flatten)]
        packing: Packing,
        /// Pack this program, which was built on the system of `--target`, and do not run it
        #[arg(long, value_name = "FILE", requires = "target")]
        program: Option<PathBuf>,
    },
    /// Write the Homebrew formula of a release beside its archives
    Formula {
        /// The folder with the archives
        folder: PathBuf,
        /// The address of the repository whose release has them
        repository: String,
    },
    /// Take the pictures of the dashboard in docs/images
    Screenshots,
    /// Run the pipeline of AWS on this machine, on emulators, from the first message to the mail
    AwsDemo,
    /// Check licences, sources, layers and (over the network) advisories, by cargo-deny
    Deny,
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// The ladder from an fsync to an acknowledged event
    Intake(Quick),
    /// The report over one, two and four million interactions
    Report {
        /// And over ten
        #[arg(long)]
        ten: bool,
    },
    /// Every page of the dashboard over two years and two million interactions
    Pages(Quick),
    /// The processor of Lambda beside a Node.js one and an empty function
    Lambda(Quick),
    /// The processor and the memory that the reporter of Lambda takes for an interaction
    Reporter {
        #[command(flatten)]
        quick: Quick,
        /// Also this `bootstrap`, as an earlier commit's, and how it compares
        #[arg(long, value_name = "FILE")]
        earlier: Option<PathBuf>,
    },
    /// What a visitor waits for the Worker's client, and its size beside the AWS SDK's
    Worker(Quick),
    /// How often the report's arrows would be wrong, by simulated weeks
    Trends,
    /// What the first build of a clone costs, of these commits and of this tree
    FirstBuild {
        /// Also of these, each from nothing
        commits: Vec<String>,
    },
}

#[derive(Debug, clap::Args)]
struct Quick {
    /// Only show that it works: no figures to quote
    #[arg(long)]
    quick: bool,
}

impl Quick {
    fn options(&self) -> &'static [&'static str] {
        if self.quick { &["--quick"] } else { &[] }
    }
}

fn main() -> ExitCode {
    match carry_out(Task::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn carry_out(task: Task) -> Result<()> {
    match task {
        Task::Test { list: true, .. } => {
            test_parts::list();
            Ok(())
        }
        Task::Test { part, .. } => test_parts::run(part.as_deref()),
        Task::Simulate { seeds } => simulations::simulate(seeds),
        Task::Bench(Bench::Intake(quick)) => {
            tools::require_strace()?;
            bench("intake", quick.options())
        }
        Task::Bench(Bench::Report { ten }) => bench("report", if ten { &["--ten"] } else { &[] }),
        Task::Bench(Bench::Pages(quick)) => bench("pages", quick.options()),
        Task::Bench(Bench::Lambda(quick)) => bench_lambda(quick.options()),
        Task::Bench(Bench::Reporter { quick, earlier }) => {
            bench_reporter(quick.options(), earlier.as_deref())
        }
        Task::Bench(Bench::Worker(quick)) => worker::bench(quick.options()),
        Task::Bench(Bench::Trends) => bench_trends(),
        Task::Bench(Bench::FirstBuild { commits }) => first_build::measure(&commits),
        Task::Fuzz(asked) => asked.run(),
        Task::Dist { arch } => dist::run(arch),
        Task::Packages(packing) => packages::pack_all(&packing),
        Task::Archive { packing, program } => packages::pack_archive(&packing, program.as_deref()),
        Task::Formula { folder, repository } => packages::write_formula(&folder, &repository),
        Task::Screenshots => dashboard::screenshots(),
        Task::AwsDemo => aws_demo::run_demo(),
        Task::Tables => test_parts::tables_on_every_emulator(),
        Task::Deny => dependencies::check(&tools::Cache::open()?, &["all"]),
    }
}

fn bench(what: &str, options: &[&str]) -> Result<()> {
    let program = product_program::build(product_program::Profile::Released, "cv-analytics")?;
    let bench = product_program::build(product_program::Profile::Released, "cv-analytics-bench")?;
    run(Command::new(bench).arg(what).arg(program).args(options).current_dir(root()))
}

fn bench_lambda(options: &[&str]) -> Result<()> {
    let dynoxide = tools::Cache::open()?.dynoxide()?;
    let folder = tempfile::tempdir()?;
    lambda_subjects::lay_out(folder.path())?;
    let bench = product_program::build(product_program::Profile::Released, "cv-analytics-bench")?;
    run(Command::new(bench)
        .arg("lambda")
        .arg(folder.path())
        .args(options)
        .env(DYNOXIDE_VARIABLE, dynoxide)
        .current_dir(root()))
}

fn bench_reporter(options: &[&str], earlier: Option<&Path>) -> Result<()> {
    let reporter = build_for_lambda("reporter", Architecture::of_this_machine()?)?;
    let bench = product_program::build(product_program::Profile::Released, "cv-analytics-bench")?;
    let mut command = Command::new(bench);
    command.arg("reporter").arg(reporter).args(options);
    if let Some(earlier) = earlier {
        command.arg("--earlier").arg(earlier.canonicalize()?);
    }
    run(command.current_dir(root()))
}

fn bench_trends() -> Result<()> {
    let example = ["--package", "cv-analytics-insights", "--example", "trends_simulation"];
    run(commands::cargo().args(["run", "--release"]).args(example).current_dir(root()))
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
