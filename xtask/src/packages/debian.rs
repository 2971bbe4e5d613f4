//! The Debian package with its service: installed, started, used, upgraded, removed and purged on a Debian that systemd
//! runs, in a container of systemd's own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::contents::Contents;
use super::{VERSION, say_made};
use crate::commands::output;
use crate::root;
use crate::tools::{Cache, require_packages};

/// A system that systemd starts, with Caddy's package.
pub(crate) const SYSTEM: &str = "caddy,systemd-sysv";
/// What the system runs when it has started; it ends with the result of `tests/packages/on-debian.sh`.
const CHECK: &str = "[Unit]\nSuccessAction=exit-force\nFailureAction=exit-force\n\
                     [Service]\nType=oneshot\nExecStart=/bin/sh /check/on-debian.sh\nTimeoutStartSec=300\n\
                     StandardOutput=file:/check/said\nStandardError=inherit\n";

/// Makes the package from what the metadata in `crates/cv-analytics/Cargo.toml` names, and puts it into `dist`.
pub(crate) fn pack(contents: &Contents, dist: &Path, cache: &Cache) -> Result<PathBuf> {
    let package = dist.join(format!("cv-analytics_{VERSION}_{}.deb", contents.target.processor()?));
    let mut pack = Command::new(cache.cargo_deb()?);
    // What is stripped, the profile of the release says.
    pack.args(["--no-build", "--no-strip", "--package", "cv-analytics"])
        .args(["--target", contents.target.name(), "--deb-version", VERSION, "--output"])
        .arg(&package);
    if contents.is_quick {
        pack.arg("--fast");
    }
    output(pack.current_dir(root()))?;
    say_made(&package)?;
    Ok(package)
}

/// Starts the system with an empty layer above it, in which the script does what an owner does.
pub(crate) fn check(package: &Path, cache: &Cache) -> Result<()> {
    require_packages(&["systemd-nspawn"], &["systemd-container"])?;
    let folder = tempfile::tempdir()?;
    fs::copy(package, folder.path().join("cv-analytics.deb"))?;
    fs::copy(root().join("tests/packages/on-debian.sh"), folder.path().join("on-debian.sh"))?;
    fs::write(folder.path().join("check.service"), CHECK)?;
    let shared = folder.path().to_str().context("a folder's name in UTF-8")?;
    let mut system = Command::new("systemd-nspawn");
    system
        .args([
            "--quiet",
            "--register=no",
            "--keep-unit",
            "--volatile=overlay",
            "--private-network",
        ])
        .args(["--console=pipe", "--boot", "--directory"])
        .arg(cache.debian_system(SYSTEM)?)
        .arg(format!("--bind={shared}:/check"))
        .arg(format!("--bind-ro={shared}/check.service:/etc/systemd/system/check.service"))
        .args(["systemd.wants=check.service", "systemd.mask=caddy.service", "quiet"]);
    let checked = output(&mut system);
    print!("{}", fs::read_to_string(folder.path().join("said")).unwrap_or_default());
    checked.map(drop)
}
