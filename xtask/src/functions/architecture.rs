//! The processors that functions of Lambda run on, and what a build for them needs.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::commands::output;
use crate::root;

/// A processor, under Lambda's name for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Architecture {
    Arm64,
    X86_64,
}

impl Architecture {
    pub(crate) const ALL: [Self; 2] = [Self::Arm64, Self::X86_64];

    /// Reads Lambda's name of it.
    pub(crate) fn parse(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|architecture| architecture.name() == name);
        found.context("unknown processor: take arm64 or x86_64")
    }

    pub(crate) fn of_this_machine() -> Result<Self> {
        let found = Self::ALL
            .into_iter()
            .find(|known| known.target().split('-').next() == Some(std::env::consts::ARCH));
        found.context("Lambda has no processor like this machine's")
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86_64 => "x86_64",
        }
    }

    /// Rust's name of what a program is built for.
    pub(crate) fn target(self) -> &'static str {
        match self {
            Self::Arm64 => "aarch64-unknown-linux-gnu",
            Self::X86_64 => "x86_64-unknown-linux-gnu",
        }
    }

    fn compiler(self) -> &'static str {
        match self {
            Self::Arm64 => "aarch64-linux-gnu-gcc",
            Self::X86_64 => "x86_64-linux-gnu-gcc",
        }
    }

    fn compiler_package(self) -> &'static str {
        match self {
            Self::Arm64 => "gcc-aarch64-linux-gnu",
            Self::X86_64 => "gcc-x86-64-linux-gnu",
        }
    }

    /// The C compiler that compiles and links for it: the machine's own, or a cross compiler.
    ///
    /// # Errors
    /// Where something is not installed, a sentence that says how to install it.
    pub(crate) fn installed_compiler(self) -> Result<&'static str> {
        let rustc = |arguments: &[&str]| -> Result<String> {
            let printed = output(Command::new("rustc").args(arguments).current_dir(root()))?;
            Ok(String::from_utf8_lossy(&printed).trim().to_owned())
        };
        let library = rustc(&["--print", "target-libdir", "--target", self.target()])?;
        let is_native = rustc(&["--version", "--verbose"])?
            .lines()
            .any(|line| line.strip_prefix("host: ") == Some(self.target()));
        let compiler = if is_native { "cc" } else { self.compiler() };
        let mut missing = Vec::new();
        if !Path::new(&library).exists() {
            missing.push(format!("the Rust target (`rustup target add {}`)", self.target()));
        }
        if output(Command::new(compiler).arg("--version")).is_err() {
            let package = if is_native { "gcc" } else { self.compiler_package() };
            missing.push(format!("the linker {compiler} (on Debian `apt-get install {package}`)"));
        }
        if missing.is_empty() {
            return Ok(compiler);
        }
        let other = Self::ALL.into_iter().find(|other| *other != self).context("there are two")?;
        bail!(
            "a build for {} needs {}; or build for the other processor with `cargo xtask dist --arch {}`",
            self.name(),
            missing.join(" and "),
            other.name()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_go_by_the_names_of_lambda() {
        assert_eq!(Architecture::parse("arm64").ok(), Some(Architecture::Arm64));
        assert_eq!(Architecture::parse("x86_64").ok(), Some(Architecture::X86_64));
        assert_eq!(Architecture::parse("aarch64").ok(), None);
    }
}
