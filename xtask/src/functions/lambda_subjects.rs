//! Lays out what `cargo xtask bench lambda` measures: each function with a `bootstrap` and a zip file.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::commands::{output, run};
use crate::functions::architecture::Architecture;
use crate::functions::bootstraps::{build_empty_for_lambda, build_for_lambda};
use crate::functions::dist::{BOOTSTRAP, archive};
use crate::root;
use crate::tools::{Cache, require_compilers_of_node_modules};

/// What Lambda's own start script gives Node.js in a function of 128 MB.
const NODE_OPTIONS: &str = "--max-semi-space-size=6 --max-old-space-size=115";

/// Fills `folder` with the processor, the Node.js reference and the floor.
pub(crate) fn lay_out(folder: &Path) -> Result<()> {
    let architecture = Architecture::of_this_machine()?;
    lay_out_program(folder, "processor", &build_for_lambda("processor", architecture)?)?;
    lay_out_program(folder, "floor", &build_empty_for_lambda(architecture)?)?;
    lay_out_reference(folder)
}

fn lay_out_program(folder: &Path, name: &str, program: &Path) -> Result<()> {
    let own = folder.join(name);
    fs::create_dir(&own)?;
    fs::copy(program, own.join(BOOTSTRAP))?;
    fs::write(folder.join(format!("{name}.zip")), archive(BOOTSTRAP, &fs::read(program)?)?)?;
    Ok(())
}

/// The bundle, under the Node.js and the runtime interface client that this machine has.
fn lay_out_reference(folder: &Path) -> Result<()> {
    require_compilers_of_node_modules()?;
    let project = root().join("tests/lambda-reference");
    let modules = Cache::open()?.node_modules(&project)?;
    // Beside a link to the packages, since modules are looked for from where a file is.
    let sources = folder.join("reference-sources");
    fs::create_dir(&sources)?;
    symlink(&modules, sources.join("node_modules"))?;
    fs::copy(project.join("processor.js"), sources.join("processor.js"))?;
    let own = folder.join("reference");
    let bundle = own.join("index.js");
    run(Command::new(modules.join(".bin/esbuild"))
        .args(["processor.js", "--bundle", "--minify", "--platform=node", "--target=node20"])
        .arg("--log-level=warning")
        .arg(format!("--outfile={}", bundle.display()))
        .current_dir(&sources))?;
    fs::write(folder.join("reference.zip"), archive("index.js", &fs::read(&bundle)?)?)?;
    let node = |arguments: &[&str]| -> Result<String> {
        let printed = output(Command::new("node").args(arguments))?;
        Ok(String::from_utf8(printed).context("what Node.js prints is text")?.trim().to_owned())
    };
    let client = modules.join("aws-lambda-ric");
    let description: serde_json::Value =
        serde_json::from_slice(&fs::read(client.join("package.json"))?)?;
    let version = description.get("version").and_then(serde_json::Value::as_str);
    fs::write(
        folder.join("node-version"),
        format!("{}, aws-lambda-ric {}", node(&["--version"])?, version.unwrap_or_default()),
    )?;
    let program = PathBuf::from(node(&["--print", "process.execPath"])?);
    let bootstrap = own.join(BOOTSTRAP);
    let script = format!(
        "#!/bin/sh\nexec '{}' {NODE_OPTIONS} '{}' index.handler\n",
        program.display(),
        client.join("bin/index.mjs").display()
    );
    fs::write(&bootstrap, script)?;
    fs::set_permissions(&bootstrap, fs::Permissions::from_mode(0o755))?;
    Ok(())
}
