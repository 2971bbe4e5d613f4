//! `cv-analytics doctor`: checks an installation end to end and says how to fix what is wrong.
//!
//! In reading order: `check`, what a check found; `self_hosted` with `files`, `database` and
//! `server`; `aws` with a file for each group of checks; `canary`, what travels through either.

#[cfg(feature = "aws")]
mod aws;
pub(crate) mod canary;
mod check;
mod clock;
mod database;
mod files;
mod self_hosted;
mod server;

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;

use self::check::Findings;
use crate::commands::serve::options::{DEFAULT_LISTEN, listen_address};
use crate::install::Installation;
use crate::install::data_folder::PublicUrlOption;

const HELP: &str = "Check an installation end to end, and say how to fix what is wrong

Each check prints a line: ok, warn, FAIL or skipped, what it found, and below it the fix. A check that lacks a permission names it, and the other checks continue. Then it sends a canary: a question with its answer, the question once more, and an unreadable message. It waits for them to arrive and removes them; no report counts them.

Exit code 0: every check passed. 1: a check failed, or lacked a permission. Only the canary changes anything.";

/// What to check.
#[derive(Debug, Args)]
#[command(long_about = HELP)]
pub(crate) struct Doctor {
    /// Send no canary
    #[arg(long)]
    no_canary: bool,
    /// Wait this many seconds for the canary
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=900))]
    wait: u64,
    /// Self-hosted: also check the server at this address, such as `https://analytics.example.org` [default: that of `serve`]
    #[arg(long, value_name = "URL", env = "CV_ANALYTICS_PUBLIC_URL", value_parser = PublicUrlOption::parse)]
    public_url: Option<PublicUrlOption>,
    /// Self-hosted: the address that the server listens on, where it also has a public one
    #[arg(long, value_name = "ADDR:PORT", env = "CV_ANALYTICS_LISTEN", default_value = DEFAULT_LISTEN, value_parser = listen_address)]
    listen: SocketAddr,
    /// Only ask the server at `--listen` whether it is ready, as the health check of a container does
    #[arg(long)]
    server_only: bool,
    #[cfg(feature = "aws")]
    #[command(flatten)]
    aws: aws::Scope,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

/// Checks the installation.
pub(crate) async fn run(installation: &Installation, doctor: Doctor) -> Result<()> {
    let mut findings = Findings::new(doctor.json);
    let canary_patience = (!doctor.no_canary).then(|| Duration::from_secs(doctor.wait));
    if doctor.server_only {
        findings.add(server::readiness(doctor.listen).await)?;
        return conclude(findings, "self-hosted");
    }
    #[cfg(feature = "aws")]
    if installation.is_on_aws() {
        aws::check(doctor.aws, canary_patience, &mut findings).await?;
        return conclude(findings, "aws");
    }
    let addresses = (doctor.listen, doctor.public_url.as_ref());
    self_hosted::check(installation, addresses, canary_patience, &mut findings).await?;
    conclude(findings, "self-hosted")
}

/// Says how the checks of an installation of this kind ended.
fn conclude(findings: Findings, kind: &str) -> Result<()> {
    match findings.finish(kind)? {
        0 => Ok(()),
        1 => bail!("1 check failed"),
        wrong => bail!("{wrong} checks failed"),
    }
}
