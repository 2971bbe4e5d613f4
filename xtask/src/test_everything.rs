//! `cargo xtask test`: every test there is, on a machine that has a Rust toolchain only.

use std::path::Path;
use std::process::Command;

use anyhow::Result;
use cv_analytics_harness::tools_cache::{DYNOXIDE_VARIABLE, MOTO_SERVER_VARIABLE};

use crate::client_suites::{self, Suite};
use crate::commands;
use crate::product_program::{self, Profile};
use crate::steps::Steps;
use crate::tools::Cache;
use crate::{
    dashboard_pages, full_disk, infrastructure, io_errors, kill_under_load, mail_conversations,
    proxies, root, sync_before_answer, worker_client,
};

/// Runs the steps in the order of their cost; the first that fails ends it. With `only`, runs
/// those whose name holds it.
pub(crate) fn run(only: Option<&str>) -> Result<()> {
    let is_wanted = |name: &str| only.is_none_or(|only| name.contains(only));
    let mut steps = Steps::new();
    let cache = Cache::open()?;
    if is_wanted(EMULATORS) || is_wanted(WORKSPACE) {
        steps.step(EMULATORS, || cache.dynoxide().and(cache.moto_server()))?;
    }
    if is_wanted(WORKSPACE) {
        steps.step(WORKSPACE, || {
            commands::run(
                crate::commands::cargo()
                    .args(["test", "--workspace"])
                    .env(DYNOXIDE_VARIABLE, cache.dynoxide()?)
                    .env(MOTO_SERVER_VARIABLE, cache.moto_server()?)
                    .current_dir(root()),
            )
        })?;
    }
    let program =
        steps.step("build the program", || product_program::build(Profile::Dev, "cv-analytics"))?;
    for (name, check) in DURABILITY {
        if is_wanted(name) {
            steps.step(name, || check(&program))?;
        }
    }
    if is_wanted(RECOUNT) {
        steps.step(RECOUNT, || {
            let mut recount = Command::new(Cache::bare_python()?);
            recount.args(["tests/recount/recount.py", "--seeds", "5", "--program"]).arg(&program);
            commands::run(recount.current_dir(root()))
        })?;
    }
    for suite in Suite::ALL {
        if is_wanted(suite.name()) {
            steps.step(suite.name(), || client_suites::run_suite(suite, &program, &cache))?;
        }
    }
    if is_wanted(MAIL) {
        steps.step(MAIL, || mail_conversations::check(&program, &cache))?;
    }
    if is_wanted(PROXIES) {
        steps.step(PROXIES, || proxies::check(&program, &cache))?;
    }
    if is_wanted(DASHBOARD) {
        steps.step(DASHBOARD, || dashboard_pages::check(&program, &cache))?;
    }
    if is_wanted(WORKER) {
        steps.step(WORKER, || worker_client::check_inside_workerd(&cache))?;
    }
    if is_wanted(WORKER_TO_REPORT) {
        steps.step(WORKER_TO_REPORT, || worker_client::check_to_the_report(&program, &cache))?;
    }
    if is_wanted(EXAMPLE) {
        steps.step(EXAMPLE, || worker_client::check_example(&program, &cache))?;
    }
    if is_wanted(INFRASTRUCTURE) {
        steps.step(INFRASTRUCTURE, || infrastructure::check(&program, &cache))?;
    }
    if let Some(only) = only {
        println!("\nleft out: every step without {only:?} in its name");
    }
    steps.finish();
    Ok(())
}

const EMULATORS: &str = "install the emulators of AWS";

const WORKSPACE: &str = "the workspace's tests";

const INFRASTRUCTURE: &str =
    "infrastructure: CloudFormation, Terraform, the way between them, and what they deploy";

const RECOUNT: &str = "the report: every figure recounted";

const MAIL: &str = "mail: an SMTP server that somebody else wrote";

const PROXIES: &str = "proxies: behind nginx and Caddy";

const DASHBOARD: &str = "dashboard: every page in a real browser";

const WORKER: &str = "worker: the client inside workerd";

const WORKER_TO_REPORT: &str = "worker: from an agent in workerd to the report";

const EXAMPLE: &str = "worker: the example agent, to the report";

type Check = fn(&Path) -> Result<()>;

const DURABILITY: [(&str, Check); 4] = [
    ("durability: a server killed under load loses nothing", kill_under_load::check),
    ("durability: a full disk is no success", full_disk::check),
    ("durability: a disk that fails is no success", io_errors::check),
    ("durability: a sync comes before each answer", sync_before_answer::check),
];
