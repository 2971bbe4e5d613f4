//! The system that a program is built for, under Rust's name of it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::commands::output;
use crate::root;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target(String);

impl Target {
    pub(crate) fn new(name: String) -> Self {
        Self(name)
    }

    /// This machine's. On Linux with musl where that is installed; with glibc, a static program cannot load the machine's
    /// own ways to look up a name.
    pub(crate) fn of_this_machine() -> Result<Self> {
        let host = rustc(&["--print", "host-tuple"])?;
        let musl = host.replace("-linux-gnu", "-linux-musl");
        let library = rustc(&["--print", "target-libdir", "--target", &musl])?;
        Ok(Self(if Path::new(&library).exists() { musl } else { host }))
    }

    pub(crate) fn name(&self) -> &str {
        &self.0
    }

    pub(crate) fn is_windows(&self) -> bool {
        self.0.contains("-windows-")
    }

    pub(crate) fn is_linux(&self) -> bool {
        self.0.contains("-linux-")
    }

    /// The processor under the name that Debian and images have for it.
    pub(crate) fn processor(&self) -> Result<&'static str> {
        match self.0.split('-').next() {
            Some("x86_64") => Some("amd64"),
            Some("aarch64") => Some("arm64"),
            _ => None,
        }
        .with_context(|| format!("{} has a processor for which nothing is packed", self.0))
    }

    /// Has `build` put the C library into the program.
    pub(crate) fn link_statically(&self, build: &mut Command) {
        let name = &self.0;
        if name.ends_with("-linux-musl") {
            build.env(format!("CC_{}", name.replace('-', "_")), "musl-gcc");
        } else if name.ends_with("-linux-gnu") {
            let flags = format!(r#"target.{name}.rustflags=["-C","target-feature=+crt-static"]"#);
            build.args(["--config", &flags]);
        }
    }
}

fn rustc(arguments: &[&str]) -> Result<String> {
    let printed = output(Command::new("rustc").args(arguments).current_dir(root()))?;
    Ok(String::from_utf8_lossy(&printed).trim().to_owned())
}
