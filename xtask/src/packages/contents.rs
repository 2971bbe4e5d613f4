//! What every package holds: the program with what it prints of itself, and the licences.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::target::Target;
use crate::commands::{output, run};
use crate::functions::system_needs::SystemNeeds;
use crate::product_program::built_program;
use crate::root;
use crate::tools::Cache;

/// What is released can do everything.
const FEATURES: [&str; 2] = ["--features", "aws"];
/// The shells that the program has completions for, each with the file that it looks for.
const SHELLS: [(&str, &str); 5] = [
    ("bash", "cv-analytics.bash"),
    ("zsh", "_cv-analytics"),
    ("fish", "cv-analytics.fish"),
    ("powershell", "_cv-analytics.ps1"),
    ("elvish", "cv-analytics.elv"),
];
/// Files of the repository that each package has.
const DOCUMENTS: [&str; 4] = ["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"];
/// The unit by which systemd runs the server.
const UNIT: &str = "cv-analytics.service";
/// The licences of the crates that the program is made of.
const THIRD_PARTY: &str = "THIRD-PARTY.txt";

/// A folder with everything, of which each package takes what it needs.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) folder: PathBuf,
    pub(crate) target: Target,
    /// Whether it only has to show that it works.
    pub(crate) is_quick: bool,
}

impl Contents {
    /// Builds the program and lays out `target/packages/contents`, which the metadata of the Debian package names.
    ///
    /// A program that another system has built is taken as it is; what it would print of itself, one for this machine does.
    pub(crate) fn lay_out(
        target: Target,
        built_elsewhere: Option<&Path>,
        quick: bool,
        cache: &Cache,
    ) -> Result<Self> {
        let printing = match built_elsewhere {
            Some(_) => build(&Target::of_this_machine()?, true)?,
            None => build(&target, quick)?,
        };
        let folder = root().join("target/packages/contents");
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(folder.join("completions"))?;
        let contents = Self { folder, target, is_quick: quick };
        fs::copy(built_elsewhere.unwrap_or(&printing), contents.program())?;
        for name in DOCUMENTS {
            fs::copy(root().join(name), contents.folder.join(name))?;
        }
        if contents.target.is_linux() {
            let unit = root().join("packaging").join(UNIT);
            fs::copy(unit, contents.folder.join(UNIT))?;
        }
        for (shell, name) in SHELLS {
            let script = output(Command::new(&printing).args(["completions", shell]))?;
            fs::write(contents.folder.join("completions").join(name), script)?;
        }
        let pages = contents.folder.join("man");
        fs::create_dir_all(&pages)?;
        run(Command::new(&printing).arg("man").arg(&pages))?;
        contents.write_licences(cache)?;
        Ok(contents)
    }

    /// The program itself.
    pub(crate) fn program(&self) -> PathBuf {
        let name = if self.target.is_windows() { "cv-analytics.exe" } else { "cv-analytics" };
        self.folder.join(name)
    }

    /// Whether the program needs nothing of the system that it runs on.
    pub(crate) fn ensure_static(&self) -> Result<()> {
        let needs = SystemNeeds::of(&fs::read(self.program())?)?;
        let libraries = needs.libraries();
        ensure!(
            libraries.is_empty(),
            "the program needs {libraries:?}: build it for a target with musl"
        );
        Ok(())
    }

    fn write_licences(&self, cache: &Cache) -> Result<()> {
        let packaging = root().join("packaging");
        // Without a network, so that the list is the same everywhere: crates of other systems are read, too.
        run(crate::commands::cargo().args(["fetch", "--locked"]).current_dir(root()))?;
        run(Command::new(cache.cargo_about()?)
            .args(["generate", "--locked", "--offline", "--fail"])
            .args(FEATURES)
            .args(["--target", self.target.name(), "--config"])
            .arg(packaging.join("about.toml"))
            .arg("--manifest-path")
            .arg(root().join("crates/cv-analytics/Cargo.toml"))
            .arg("--output-file")
            .arg(self.folder.join(THIRD_PARTY))
            .arg(packaging.join("about.hbs"))
            .current_dir(root()))
    }
}

fn build(target: &Target, quick: bool) -> Result<PathBuf> {
    let mut build = crate::commands::cargo();
    let profile = if quick { "dev" } else { "dist" };
    build
        .args(["build", "--locked", "--package", "cv-analytics", "--bin", "cv-analytics"])
        .args(FEATURES)
        .args(["--profile", profile, "--target", target.name()]);
    target.link_statically(&mut build);
    built_program(&mut build, "cv-analytics")
}

/// The files below `folder`, in order, each as a path from there.
pub(crate) fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inner) = folders.pop() {
        for entry in fs::read_dir(&inner).with_context(|| format!("read {}", inner.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder)?.to_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}
