//! What tests need besides Rust, installed once into a cache outside the clone.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use cv_analytics_harness::tools_cache::{
    DYNALITE_PROJECT, DYNALITE_VARIABLE, DYNOXIDE_VARIABLE, DYNOXIDE_VERSION,
    MINISTACK_REQUIREMENTS, MINISTACK_VARIABLE, MOTO_REQUIREMENTS, MOTO_SERVER_VARIABLE,
    ToolsCache, variable,
};

use crate::commands::{output, run};

const CARGO_ABOUT_VERSION: &str = "0.9.3";
const CARGO_DEB_VERSION: &str = "3.8.0";
const CARGO_DENY_VERSION: &str = "0.20.2";
/// The oldest Node.js that the pinned AWS SDK runs on.
const NODE_MAJOR: u32 = 20;
/// What Chromium is called, here and there.
const CHROMIUM: [&str; 4] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// The oldest Terraform that infra/ is for.
const TERRAFORM: (u32, u32) = (1, 11);
const TERRAFORM_MINOR: &str = "1.11";

/// Tools, each installed where it is asked for and not there.
#[derive(Clone, Debug)]
pub(crate) struct Cache(ToolsCache);

impl Cache {
    pub(crate) fn open() -> Result<Self> {
        let cache = ToolsCache::locate()?;
        let path = cache.path();
        fs::create_dir_all(path).with_context(|| format!("make {}", path.display()))?;
        Ok(Self(cache))
    }

    /// A Python with the packages of the file `requirements`, all pinned.
    pub(crate) fn python_with(&self, requirements: &Path) -> Result<PathBuf> {
        let requirements = read(requirements)?;
        Ok(self.python_environment(&requirements)?.join("bin/python"))
    }

    /// moto's server: SQS, DynamoDB and SES.
    pub(crate) fn moto_server(&self) -> Result<PathBuf> {
        Ok(self.python_environment(MOTO_REQUIREMENTS.as_bytes())?.join("bin/moto_server"))
    }

    /// ministack, which emulates most of AWS.
    pub(crate) fn ministack(&self) -> Result<PathBuf> {
        Ok(self.python_environment(MINISTACK_REQUIREMENTS.as_bytes())?.join("bin/ministack"))
    }

    /// dynalite, which emulates DynamoDB.
    fn dynalite(&self) -> Result<PathBuf> {
        require_node()?;
        let files = DYNALITE_PROJECT.map(|(name, content)| (name, content.as_bytes()));
        Ok(self.node_packages(&files)?.join(".bin/dynalite"))
    }

    /// The variables that name the emulators to the tests of the crates; each is installed where it is missing.
    pub(crate) fn emulators(&self) -> Result<[(&'static str, PathBuf); 4]> {
        Ok([
            (DYNOXIDE_VARIABLE, self.dynoxide()?),
            (MOTO_SERVER_VARIABLE, self.moto_server()?),
            (DYNALITE_VARIABLE, self.dynalite()?),
            (MINISTACK_VARIABLE, self.ministack()?),
        ])
    }

    fn python_environment(&self, requirements: &[u8]) -> Result<PathBuf> {
        self.installed("python", &[requirements], |folder| {
            install_where_missing(
                "python3",
                "import ensurepip, venv",
                &["python3", "python3-venv"],
            )?;
            run(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
            let file = folder.join("requirements.txt");
            fs::write(&file, requirements)?;
            run(Command::new(folder.join("bin/pip"))
                // Python compiles what it imports; most of it is never imported.
                .args([
                    "install",
                    "--quiet",
                    "--no-compile",
                    "--disable-pip-version-check",
                    "--requirement",
                ])
                .arg(file))
        })
    }

    /// A Python with nothing but its standard library.
    pub(crate) fn bare_python() -> Result<PathBuf> {
        install_where_missing("python3", "", &["python3"])?;
        Ok(PathBuf::from("python3"))
    }

    /// The `node_modules` that the lock file in `project` pins.
    pub(crate) fn node_modules(&self, project: &Path) -> Result<PathBuf> {
        require_node()?;
        let names = [".npmrc", "package.json", "package-lock.json"];
        let contents =
            names.iter().map(|name| read(&project.join(name))).collect::<Result<Vec<_>>>()?;
        let files: Vec<_> = names.into_iter().zip(contents.iter().map(Vec::as_slice)).collect();
        self.node_packages(&files)
    }

    /// The `node_modules` that these files pin, each with its name.
    fn node_packages(&self, files: &[(&str, &[u8])]) -> Result<PathBuf> {
        let contents: Vec<&[u8]> = files.iter().map(|(_, content)| *content).collect();
        let folder = self.installed("javascript", &contents, |folder| {
            fs::create_dir_all(folder)?;
            for (name, content) in files {
                fs::write(folder.join(name), content)?;
            }
            run(Command::new("npm")
                .args(["ci", "--no-fund", "--no-audit", "--loglevel", "error"])
                .current_dir(folder))
        })?;
        Ok(folder.join("node_modules"))
    }

    /// A program of this machine, or else of the Debian package of its name, which is unpacked and not
    /// installed: an installed proxy would start to serve. `place` is where the program is in it.
    pub(crate) fn unpacked(&self, package: &str, place: &str) -> Result<PathBuf> {
        if succeeds(Command::new(package).arg("-h")) {
            return Ok(PathBuf::from(package));
        }
        let folder = self.installed("debian", &[package.as_bytes()], |folder| {
            fs::create_dir_all(folder)?;
            let download = || {
                let mut download = Command::new("apt-get");
                download.args(["download", "--quiet=2", package]).current_dir(folder);
                download
            };
            if !succeeds(&mut download()) {
                update_packages(&[package])?;
                run(&mut download())?;
            }
            let files: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
            files.iter().try_for_each(|file| {
                run(Command::new("dpkg-deb").arg("--extract").arg(file.path()).arg(folder))
            })
        })?;
        Ok(folder.join(place))
    }

    /// cargo-deny, compiled where it is not there: for a minute, since it runs for a second.
    pub(crate) fn cargo_deny(&self) -> Result<PathBuf> {
        let options = ["--config", "profile.release.opt-level=0"];
        self.cargo_program("cargo-deny", "cargo-deny", CARGO_DENY_VERSION, &options)
    }

    /// cargo-about, which lists the licences of what a program is made of.
    pub(crate) fn cargo_about(&self) -> Result<PathBuf> {
        // Optimised: it compares each text with every licence that there is.
        let options = ["--features", "cli"];
        self.cargo_program("cargo-about", "cargo-about", CARGO_ABOUT_VERSION, &options)
    }

    /// cargo-deb, which makes a Debian package.
    pub(crate) fn cargo_deb(&self) -> Result<PathBuf> {
        let options = ["--config", "profile.release.opt-level=0"];
        self.cargo_program("cargo-deb", "cargo-deb", CARGO_DEB_VERSION, &options)
    }

    /// A minimal Debian system with these packages, comma-separated, in a folder; nothing may be changed in it.
    pub(crate) fn debian_system(&self, packages: &str) -> Result<PathBuf> {
        const SUITE: &str = "bookworm";
        let packages = format!("--include={packages}");
        self.installed("debian-system", &[SUITE.as_bytes(), packages.as_bytes()], |folder| {
            require_packages(&["debootstrap"], &["debootstrap"])?;
            let mut debootstrap = Command::new("debootstrap");
            debootstrap.args(["--variant=minbase", &packages, SUITE]).arg(folder);
            output(&mut debootstrap).map(drop)
        })
    }

    /// dynoxide, which emulates DynamoDB: compiled where it is not there, which takes minutes.
    pub(crate) fn dynoxide(&self) -> Result<PathBuf> {
        let features = ["--no-default-features", "--features", "native-sqlite,http-server,cli"];
        self.cargo_program("dynoxide-rs", "dynoxide", DYNOXIDE_VERSION, &features)
    }

    fn cargo_program(
        &self,
        package: &str,
        name: &str,
        version: &str,
        options: &[&str],
    ) -> Result<PathBuf> {
        let program = self.0.cargo_program(name, version);
        if !program.exists() {
            println!("compiling {name} {version}");
            let folder = program.ancestors().nth(2).context("a program has a folder")?;
            // Its own profile is for its releases, and takes twice as long to compile.
            run(crate::commands::cargo()
                .args(["install", "--locked", "--quiet", package, "--version", version])
                .args(["--config", "profile.release.lto=false"])
                .args(["--config", "profile.release.codegen-units=16"])
                .args(options)
                .arg("--root")
                .arg(folder))?;
        }
        Ok(program)
    }

    /// The folder that `install` made for what its files say; kept until they say something else.
    fn installed(
        &self,
        kind: &str,
        contents: &[&[u8]],
        install: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<PathBuf> {
        let folder = self.0.folder_for(kind, contents);
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

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("read {}", file.display()))
}

/// strace, which shows the system calls of a server.
pub(crate) fn require_strace() -> Result<()> {
    if succeeds(Command::new("strace").arg("-V")) {
        return Ok(());
    }
    install_packages(&["strace"])
}

/// A program of Debian's that has its package's name.
pub(crate) fn require_program(name: &str) -> Result<()> {
    if succeeds(Command::new(name).arg("--version")) {
        return Ok(());
    }
    install_packages(&[name])
}

/// Programs of these packages of Debian's.
pub(crate) fn require_packages(programs: &[&str], packages: &[&str]) -> Result<()> {
    if programs.iter().all(|program| succeeds(Command::new(program).arg("--version"))) {
        return Ok(());
    }
    install_packages(packages)
}

/// Chromium, or a browser made of it; `CV_ANALYTICS_CHROMIUM` names another.
pub(crate) fn chromium() -> Result<PathBuf> {
    if let Some(program) = variable("CV_ANALYTICS_CHROMIUM") {
        return Ok(program);
    }
    let found = || {
        let folders = variable("PATH")?;
        let all = std::env::split_paths(&folders).flat_map(|folder| {
            CHROMIUM.iter().map(move |name| folder.join(name)).collect::<Vec<_>>()
        });
        all.into_iter().find(|program| succeeds(Command::new(program).arg("--version")))
    };
    if let Some(program) = found() {
        return Ok(program);
    }
    install_packages(&["chromium"])?;
    found().context("find Chromium, which was installed, in PATH")
}

/// Terraform, which no package registry has.
pub(crate) fn require_terraform() -> Result<()> {
    let mut terraform = Command::new("terraform");
    let Ok(version) = output(terraform.args(["version", "-json"])) else {
        bail!(
            "install Terraform {TERRAFORM_MINOR} or newer, which the tests of infra/ need: \
             https://developer.hashicorp.com/terraform/install says how, for every system"
        )
    };
    let version: serde_json::Value =
        serde_json::from_slice(&version).context("read Terraform's version")?;
    let version = version.get("terraform_version").and_then(serde_json::Value::as_str);
    let version = version.context("Terraform says its version")?;
    let mut numbers = version.split('.').map(|number| number.parse::<u32>().unwrap_or_default());
    let number = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    if number < TERRAFORM {
        bail!(
            "Terraform {version} is too old for infra/, which locks its state without a table: \
             install {TERRAFORM_MINOR} or newer (https://developer.hashicorp.com/terraform/install)"
        )
    }
    Ok(())
}

/// What compiles the parts of Node.js packages that are not JavaScript.
pub(crate) fn require_compilers_of_node_modules() -> Result<()> {
    require_packages(
        &["cmake", "autoreconf", "libtoolize", "make", "g++", "python3"],
        &["cmake", "autoconf", "automake", "libtool", "make", "g++", "python3"],
    )
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
    update_packages(packages)?;
    println!("installing {}", packages.join(" "));
    let install = ["install", "--quiet=2", "--yes", "--no-install-recommends"];
    run(Command::new("apt-get")
        .args(install)
        .args(packages)
        .env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Reads anew which packages Debian has, as root; says otherwise to install `needed`.
fn update_packages(needed: &[&str]) -> Result<()> {
    if !rustix::process::geteuid().is_root() || !succeeds(Command::new("apt-get").arg("--version"))
    {
        let list = needed.join(" ");
        bail!("install {list}, which the tests need: on Debian `sudo apt-get install {list}`");
    }
    run(Command::new("apt-get").args(["update", "--quiet=2"]))
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
        let cache = Cache(ToolsCache::within(folder.path()));
        let mut installs = 0;
        let mut install = |requirements: &[u8]| {
            let make = |folder: &Path| {
                installs += 1;
                Ok(fs::create_dir_all(folder)?)
            };
            cache.installed("tool", &[requirements], make).unwrap()
        };
        let first = install(b"a==1");
        assert_eq!(install(b"a==1"), first);
        assert_ne!(install(b"a==2"), first);
        assert_eq!(installs, 2);
    }

    #[test]
    fn an_install_that_failed_is_done_again() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache(ToolsCache::within(folder.path()));
        assert!(cache.installed("tool", &[b"a==1"], |_| bail!("no network")).is_err());
        let again = cache.installed("tool", &[b"a==1"], |folder| Ok(fs::create_dir_all(folder)?));
        assert!(again.is_ok());
    }
}
