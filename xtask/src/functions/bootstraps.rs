//! Builds the functions' programs for Lambda, the same bytes on every run.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use cv_analytics_harness::tools_cache::variable;
use serde_json::Value;

use crate::commands::output;
use crate::functions::architecture::Architecture;
use crate::product_program::built_program;
use crate::root;

/// The functions: each a program, and the feature that only it needs.
pub(crate) const FUNCTIONS: [&str; 2] = ["processor", "reporter"];

/// Builds `function` as users deploy it.
///
/// # Errors
/// A missing target or linker, a failed build, and a program in which paths of this machine are.
pub(crate) fn build_for_lambda(function: &str, architecture: Architecture) -> Result<PathBuf> {
    let package = ["--package", "cv-analytics-lambda", "--no-default-features"];
    build(&[&package[..], &["--features", function]].concat(), function, architecture)
}

/// Builds the function that does nothing, in the same way.
pub(crate) fn build_empty_for_lambda(architecture: Architecture) -> Result<PathBuf> {
    build(&["--package", "cv-analytics-lambda-floor"], "floor", architecture)
}

fn build(package: &[&str], name: &str, architecture: Architecture) -> Result<PathBuf> {
    let compiler = architecture.installed_compiler()?;
    let target = architecture.target();
    let underscored = target.replace('-', "_");
    let folders = Folders::of_this_machine()?;
    let mut command = crate::commands::cargo();
    command
        .arg("build")
        .args(package)
        .args(["--bin", name])
        .args(["--profile", "lambda", "--locked", "--target", target])
        .env(format!("CARGO_TARGET_{}_LINKER", underscored.to_uppercase()), compiler)
        .env(format!("CC_{underscored}"), compiler)
        .env(format!("CFLAGS_{underscored}"), folders.c_flags())
        .env("CC_SHELL_ESCAPED_FLAGS", "1")
        .env("CARGO_ENCODED_RUSTFLAGS", folders.rust_flags())
        .env_remove("RUSTFLAGS");
    let program = built_program(&mut command, name)?;
    folders.ensure_absent_from(&program)?;
    Ok(program)
}

/// Folders whose names a compiler would write into a program, each with what stands there instead.
struct Folders(Vec<(PathBuf, &'static str)>);

impl Folders {
    fn of_this_machine() -> Result<Self> {
        let metadata = output(
            crate::commands::cargo()
                .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
                .current_dir(root()),
        )?;
        let metadata: Value = serde_json::from_slice(&metadata)?;
        let target = metadata.get("target_directory").and_then(Value::as_str);
        let target = PathBuf::from(target.context("cargo says where it builds")?);
        let cargo =
            variable("CARGO_HOME").or_else(|| variable("HOME").map(|home| home.join(".cargo")));
        // The last that fits is taken: the target folder may be within the clone.
        Ok(Self(vec![
            (cargo.context("set HOME or CARGO_HOME")?, "/cargo"),
            (root(), "/cv-analytics"),
            (target, "/target"),
        ]))
    }

    /// With the separator that allows blanks in paths.
    fn rust_flags(&self) -> OsString {
        self.flags("--remap-path-prefix=", "", "\u{1f}")
    }

    /// In quotes, as a shell takes them.
    fn c_flags(&self) -> OsString {
        self.flags("'-ffile-prefix-map=", "'", " ")
    }

    fn flags(&self, before: &str, after: &str, separator: &str) -> OsString {
        let mut flags = OsString::new();
        for (folder, name) in &self.0 {
            if !flags.is_empty() {
                flags.push(separator);
            }
            flags.push(before);
            flags.push(folder);
            flags.push("=");
            flags.push(name);
            flags.push(after);
        }
        flags
    }

    fn ensure_absent_from(&self, program: &Path) -> Result<()> {
        let bytes = std::fs::read(program)?;
        for (folder, _) in &self.0 {
            let name = folder.as_os_str().as_encoded_bytes();
            if bytes.windows(name.len()).any(|window| window == name) {
                bail!(
                    "{} holds the path {}: builds on two machines would differ",
                    program.display(),
                    folder.display()
                );
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_the_machine_in_a_program_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        let folders = Folders(vec![(PathBuf::from("/home/me/clone"), "/cv-analytics")]);
        std::fs::write(&program, b"\x7fELF /cv-analytics/src/main.rs").unwrap();
        assert!(folders.ensure_absent_from(&program).is_ok());
        std::fs::write(&program, b"\x7fELF /home/me/clone/src/main.rs").unwrap();
        assert!(folders.ensure_absent_from(&program).is_err());
    }

    #[test]
    fn flags_keep_blanks_in_paths() {
        let folders = Folders(vec![(PathBuf::from("/a b"), "/x"), (PathBuf::from("/c"), "/y")]);
        let expect = "--remap-path-prefix=/a b=/x\u{1f}--remap-path-prefix=/c=/y";
        assert_eq!(folders.rust_flags(), expect);
        let expect = "'-ffile-prefix-map=/a b=/x' '-ffile-prefix-map=/c=/y'";
        assert_eq!(folders.c_flags(), expect);
    }
}
