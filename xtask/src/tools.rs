//! What tests need besides Rust, installed once into a cache outside the clone.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::commands::{output, run};
use crate::variable;

const CARGO_DENY_VERSION: &str = "0.20.2";
/// The oldest Node.js that the pinned AWS SDK runs on.
const NODE_MAJOR: u32 = 20;

/// `$XDG_CACHE_HOME/cv-analytics`, else `~/.cache/cv-analytics`.
#[derive(Clone, Debug)]
pub(crate) struct Cache(PathBuf);

impl Cache {
    pub(crate) fn open() -> Result<Self> {
        let base = variable("XDG_CACHE_HOME")
            .or_else(|| variable("HOME").map(|home| home.join(".cache")))
            .context("set HOME or XDG_CACHE_HOME: the tests' tools are kept there")?;
        let cache = base.join("cv-analytics");
        fs::create_dir_all(&cache).with_context(|| format!("make {}", cache.display()))?;
        Ok(Self(cache))
    }

    /// A Python with the packages of `requirements`, all pinned.
    pub(crate) fn python_with(&self, requirements: &Path) -> Result<PathBuf> {
        let folder = self.installed("python", &[requirements], |folder| {
            install_where_missing(
                "python3",
                "import ensurepip, venv",
                &["python3", "python3-venv"],
            )?;
            run(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
            run(Command::new(folder.join("bin/pip"))
                .args(["install", "--quiet", "--disable-pip-version-check", "--requirement"])
                .arg(requirements))
        })?;
        Ok(folder.join("bin/python"))
    }

    /// A Python with nothing but its standard library.
    pub(crate) fn bare_python() -> Result<PathBuf> {
        install_where_missing("python3", "", &["python3"])?;
        Ok(PathBuf::from("python3"))
    }

    /// The `node_modules` that the lock file in `project` pins.
    pub(crate) fn node_modules(&self, project: &Path) -> Result<PathBuf> {
        require_node()?;
        let files = [".npmrc", "package.json", "package-lock.json"].map(|name| project.join(name));
        let folder =
            self.installed("javascript", &files.each_ref().map(PathBuf::as_path), |folder| {
                fs::create_dir_all(folder)?;
                for file in &files {
                    fs::copy(file, folder.join(file.file_name().unwrap_or_default()))?;
                }
                run(Command::new("npm")
                    .args(["ci", "--no-fund", "--no-audit", "--loglevel", "error"])
                    .current_dir(folder))
            })?;
        Ok(folder.join("node_modules"))
    }

    /// Where the AWS SDK for Rust is compiled: once for all clones.
    pub(crate) fn rust_clients_target(&self) -> PathBuf {
        self.0.join("rust-clients-target")
    }

    /// cargo-deny, compiled where it is not there: that takes minutes.
    pub(crate) fn cargo_deny(&self) -> Result<PathBuf> {
        let folder = self.0.join(format!("cargo-deny-{CARGO_DENY_VERSION}"));
        let program = folder.join("bin/cargo-deny");
        if !program.exists() {
            println!("compiling cargo-deny {CARGO_DENY_VERSION}");
            run(Command::new("cargo")
                .args([
                    "install",
                    "--locked",
                    "--quiet",
                    "cargo-deny",
                    "--version",
                    CARGO_DENY_VERSION,
                ])
                .arg("--root")
                .arg(&folder))?;
        }
        Ok(program)
    }

    /// The folder that `install` made for what `files` say; kept until they say something else.
    fn installed(
        &self,
        kind: &str,
        files: &[&Path],
        install: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<PathBuf> {
        let mut hash = Sha256::new();
        for file in files {
            hash.update(fs::read(file).with_context(|| format!("read {}", file.display()))?);
        }
        let mut name = hex::encode(hash.finalize());
        name.truncate(16);
        let folder = self.0.join(format!("{kind}-{name}"));
        let complete = folder.join("installed");
        if !complete.exists() {
            // A rest of one that was interrupted.
            if folder.exists() {
                fs::remove_dir_all(&folder)?;
            }
            println!("installing into {}", folder.display());
            install(&folder)?;
            fs::write(&complete, "")?;
        }
        Ok(folder)
    }
}

/// strace, which shows the system calls of a server.
pub(crate) fn require_strace() -> Result<()> {
    if succeeds(Command::new("strace").arg("-V")) {
        return Ok(());
    }
    install_packages(&["strace"])
}

fn install_where_missing(python: &str, program: &str, packages: &[&str]) -> Result<()> {
    if succeeds(Command::new(python).args(["-c", program])) {
        return Ok(());
    }
    install_packages(packages)
}

fn require_node() -> Result<()> {
    if !succeeds(Command::new("npm").arg("--version")) {
        install_packages(&["nodejs", "npm"])?;
    }
    let version = output(Command::new("node").arg("--version"))?;
    let version = String::from_utf8_lossy(&version);
    let major = version.trim().trim_start_matches('v').split('.').next().unwrap_or_default();
    if major.parse().is_ok_and(|major: u32| major >= NODE_MAJOR) {
        return Ok(());
    }
    bail!(
        "Node.js {} is too old for the AWS SDK for JavaScript: install {NODE_MAJOR} or newer (https://nodejs.org)",
        version.trim()
    )
}

/// Installs Debian's packages as root; says what to install otherwise.
fn install_packages(packages: &[&str]) -> Result<()> {
    let list = packages.join(" ");
    if !rustix::process::geteuid().is_root() || !succeeds(Command::new("apt-get").arg("--version"))
    {
        bail!("install {list}, which the tests need: on Debian `sudo apt-get install {list}`");
    }
    println!("installing {list}");
    run(Command::new("apt-get").args(["update", "--quiet=2"]))?;
    let install = ["install", "--quiet=2", "--yes", "--no-install-recommends"];
    run(Command::new("apt-get")
        .args(install)
        .args(packages)
        .env("DEBIAN_FRONTEND", "noninteractive"))
}

fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_is_installed_once_for_what_its_files_say() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache(folder.path().to_owned());
        let file = folder.path().join("requirements.txt");
        let mut installs = 0;
        let mut install = || {
            let make = |folder: &Path| {
                installs += 1;
                Ok(fs::create_dir_all(folder)?)
            };
            cache.installed("tool", &[&file], make).unwrap()
        };
        fs::write(&file, "a==1").unwrap();
        let first = install();
        assert_eq!(install(), first);
        fs::write(&file, "a==2").unwrap();
        assert_ne!(install(), first);
        assert_eq!(installs, 2);
    }

    #[test]
    fn an_install_that_failed_is_done_again() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache(folder.path().to_owned());
        let file = folder.path().join("requirements.txt");
        fs::write(&file, "a==1").unwrap();
        assert!(cache.installed("tool", &[&file], |_| bail!("no network")).is_err());
        assert!(
            cache.installed("tool", &[&file], |folder| Ok(fs::create_dir_all(folder)?)).is_ok()
        );
    }
}
