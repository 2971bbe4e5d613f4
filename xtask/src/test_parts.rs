//! `cargo xtask test`: every test there is, in parts, on a machine that has a Rust toolchain only.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use cv_analytics_harness::emulators::dynamodb::{DYNAMODB_EMULATOR_VARIABLE, DynamoDbEmulator};

use crate::commands;
use crate::dependencies;
use crate::durability::{full_disk, io_errors, kill_under_load, sync_before_answer};
use crate::first_build;
use crate::product_program::{self, EVERY_TEST, Profile};
use crate::root;
use crate::steps::{Steps, Took};
use crate::suites::clients::{self, Suite};
use crate::suites::{dashboard, infrastructure, mail, proxies, worker};
use crate::tools::Cache;

/// A part of the tests.
struct Part {
    name: &'static str,
    /// What it needs besides a Rust toolchain; installed where it is missing.
    needs: &'static str,
    run: fn(&Workshop) -> Result<()>,
}

/// In the order in which they run: what fails soonest comes first, but for the one that runs [`BESIDE`] the others.
const TEST_PARTS: &[Part] = &[
    Part {
        name: "workspace: every test of the crates",
        needs: "dynoxide, moto, Node.js",
        run: workspace,
    },
    Part {
        name: "tables: joined, kept and reported on dynalite",
        needs: "Node.js, moto",
        run: |at| tables_on("dynalite", &at.cache, MANY_EVENTS),
    },
    Part {
        name: "tables: joined, kept and reported on ministack",
        needs: "Python, moto",
        run: |at| tables_on("ministack", &at.cache, MANY_EVENTS),
    },
    Part {
        name: "dependencies: licences, sources and layers",
        needs: "cargo-deny",
        run: |at| dependencies::check(&at.cache, &["bans", "licenses", "sources"]),
    },
    Part {
        name: "first command: a clone's own build, and its demo",
        needs: "",
        run: |_| first_build::check(),
    },
    Part {
        name: BESIDE,
        needs: "Python, Terraform, zig",
        run: |at| infrastructure::check(at.program()?, &at.cache),
    },
    Part {
        name: "durability: a server killed under load loses nothing",
        needs: "",
        run: |at| kill_under_load::check(at.program()?),
    },
    Part {
        name: "durability: a full disk is no success",
        needs: "prlimit; as root, mount",
        run: |at| full_disk::check(at.program()?),
    },
    Part {
        name: "durability: a disk that fails is no success",
        needs: "strace",
        run: |at| io_errors::check(at.program()?),
    },
    Part {
        name: "durability: a sync comes before each answer",
        needs: "strace",
        run: |at| sync_before_answer::check(at.program()?),
    },
    Part { name: "recount: every figure of the report", needs: "Python", run: recount },
    Part {
        name: "clients: a form signed by hand",
        needs: "Python",
        run: |at| clients::run_suite(Suite::SignedForm, at.program()?, &at.cache),
    },
    Part {
        name: "clients: boto3, the AWS CLI, curl and requests",
        needs: "Python, curl",
        run: |at| clients::run_suite(Suite::Python, at.program()?, &at.cache),
    },
    Part {
        name: "clients: boto3 and the AWS CLI, Query protocol",
        needs: "Python",
        run: |at| clients::run_suite(Suite::PythonQueryProtocol, at.program()?, &at.cache),
    },
    Part {
        name: "clients: the AWS SDK for JavaScript and aws4fetch",
        needs: "Node.js",
        run: |at| clients::run_suite(Suite::JavaScript, at.program()?, &at.cache),
    },
    Part {
        name: "clients: an OpenAPI validator and Schemathesis",
        needs: "Python",
        run: |at| clients::run_suite(Suite::Interface, at.program()?, &at.cache),
    },
    Part {
        name: "mail: an independent SMTP server",
        needs: "Python",
        run: |at| mail::check(at.program()?, &at.cache),
    },
    Part {
        name: "proxies: behind nginx and Caddy",
        needs: "nginx, Caddy",
        run: |at| proxies::check(at.program()?, &at.cache),
    },
    Part {
        name: "dashboard: every page in a real browser",
        needs: "Chromium, Node.js",
        run: |at| dashboard::check(at.program()?, &at.cache),
    },
    Part {
        name: "worker: the client inside workerd",
        needs: "Node.js",
        run: |at| worker::check_inside_workerd(&at.cache),
    },
    Part {
        name: "worker: from an agent in workerd to the report",
        needs: "Node.js",
        run: |at| worker::check_to_the_report(at.program()?, &at.cache),
    },
    Part {
        name: "worker: the example agent, to the report",
        needs: "Node.js",
        run: |at| worker::check_example(at.program()?, &at.cache),
    },
];

/// The longest part after the workspace's. It waits for one program after another, so it runs in a process of its own
/// beside the parts that follow, and what it prints comes when they have ended. It follows the first command, whose
/// build leaves a program without AWS where the others look for theirs, until they build their own again.
const BESIDE: &str =
    "infrastructure: CloudFormation, Terraform, the way between them, and what they deploy";

/// What the parts share.
struct Workshop {
    cache: Cache,
    program: OnceCell<PathBuf>,
}

impl Workshop {
    /// The program, built once.
    fn program(&self) -> Result<&Path> {
        if let Some(program) = self.program.get() {
            return Ok(program);
        }
        let built = product_program::build(Profile::Dev, "cv-analytics")?;
        Ok(self.program.get_or_init(|| built))
    }
}

/// Runs the parts whose name holds `only`, all without it; the first that fails ends it.
///
/// # Errors
/// The part's own, and where no part has such a name.
pub(crate) fn run(only: Option<&str>) -> Result<()> {
    let wanted: Vec<&Part> =
        TEST_PARTS.iter().filter(|part| only.is_none_or(|only| part.name.contains(only))).collect();
    if wanted.is_empty() {
        bail!("unknown part {:?}: `cargo xtask test --list` names them", only.unwrap_or_default());
    }
    let at = Workshop { cache: Cache::open()?, program: OnceCell::new() };
    let mut steps = Steps::new();
    let mut beside = None;
    for part in &wanted {
        if part.name == BESIDE && wanted.len() > 1 {
            // Built by now, so that the other process replaces nothing that runs here.
            at.program()?;
            beside = Some(Beside::start()?);
            continue;
        }
        let began = Instant::now();
        steps.step(part.name, || (part.run)(&at))?;
        remember(part.name, began.elapsed());
    }
    if let Some(beside) = beside {
        steps.step(BESIDE, || beside.finish())?;
    }
    if wanted.len() < TEST_PARTS.len() {
        println!("\nleft out: {} parts", TEST_PARTS.len() - wanted.len());
    }
    steps.finish();
    Ok(())
}

/// [`BESIDE`], on its way.
struct Beside {
    process: Child,
    /// What it prints.
    log: PathBuf,
}

impl Beside {
    fn start() -> Result<Self> {
        let log = root().join("target/xtask-beside.log");
        let file = File::create(&log).with_context(|| format!("write {}", log.display()))?;
        let mut part = Command::new(std::env::current_exe()?);
        part.args(["test", BESIDE]).current_dir(root()).stdin(Stdio::null());
        let process = part.stdout(file.try_clone()?).stderr(file).spawn()?;
        println!("\n==> {BESIDE}: begun; {} has what it prints", log.display());
        Ok(Self { process, log })
    }

    fn finish(mut self) -> Result<()> {
        let ended = self.process.wait()?;
        println!("{}", String::from_utf8_lossy(&fs::read(&self.log)?));
        ensure!(ended.success(), "it ended with {ended}");
        Ok(())
    }
}

impl Drop for Beside {
    /// Where another part failed it ends too.
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Names the parts, with what each needs, and how long it took when it last passed here.
pub(crate) fn list() {
    let durations = durations();
    for part in TEST_PARTS {
        let took = durations.get(part.name).map_or_else(
            || "not run here yet".to_owned(),
            |seconds| Took(Duration::from_secs(*seconds)).to_string(),
        );
        println!(
            "{}\n    {took}{}{}",
            part.name,
            if part.needs.is_empty() { "" } else { "; needs " },
            part.needs
        );
    }
}

/// Seconds that each part took when it last passed here.
fn durations() -> BTreeMap<String, u64> {
    let read = fs::read(root().join(DURATIONS)).ok();
    read.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default()
}

/// Notes how long a part took. Nothing depends on it.
fn remember(name: &str, took: Duration) {
    let mut durations = durations();
    durations.insert(name.to_owned(), took.as_secs());
    if let Ok(json) = serde_json::to_vec_pretty(&durations) {
        let _ = fs::write(root().join(DURATIONS), json);
    }
}

const DURATIONS: &str = "target/xtask-test-durations.json";

fn workspace(at: &Workshop) -> Result<()> {
    // Not nextest: it starts a process for each of a thousand tests, and those that share an emulator would start
    // one each.
    commands::run(
        commands::cargo().args(EVERY_TEST).envs(at.cache.emulators()?).current_dir(root()),
    )
}

/// What of the tables' tests has five or ten thousand events, which takes minutes on the slower emulators.
const MANY_EVENTS: &[&str] =
    &["--skip", "ten_thousand_events", "--skip", "says_the_same_of_each_event"];

/// The tests of the tables on an emulator, without `left_out`, without those of what each path costs, which only
/// dynoxide counts, and without what is on moto whatever the emulator.
fn tables_on(emulator: &str, cache: &Cache, left_out: &[&str]) -> Result<()> {
    commands::run(
        commands::cargo()
            .args(EVERY_TEST)
            .args(["--test", "it", "--", "on_emulator::", "suite::", "parity::"])
            .args(["--skip", "on_emulator::prices", "--skip", "on_moto"])
            .args(left_out)
            .envs(cache.emulators()?)
            .env(DYNAMODB_EMULATOR_VARIABLE, emulator)
            .current_dir(root()),
    )
}

/// Runs all of the tables' tests, with many events too, on each emulator of DynamoDB.
///
/// # Errors
/// The first test's that fails.
pub(crate) fn tables_on_every_emulator() -> Result<()> {
    let cache = Cache::open()?;
    DynamoDbEmulator::ALL.iter().try_for_each(|(name, _)| tables_on(name, &cache, &[]))
}

fn recount(at: &Workshop) -> Result<()> {
    let mut recount = Command::new(Cache::bare_python()?);
    recount.args(["tests/recount/recount.py", "--seeds", "3", "--program"]).arg(at.program()?);
    commands::run(recount.current_dir(root()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_is_not_there_is_an_error() {
        let error = run(Some("dashbord")).unwrap_err().to_string();
        assert!(error.starts_with("unknown part \"dashbord\""), "{error}");
    }

    #[test]
    fn each_part_has_a_name_of_its_own_that_begins_with_its_kind() {
        for part in TEST_PARTS {
            assert!(part.name.contains(": "), "{}", part.name);
            assert_eq!(TEST_PARTS.iter().filter(|other| other.name == part.name).count(), 1);
        }
    }
}
