//! The formula by which Homebrew installs the archives of a release.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

use super::target::Target;
use super::{VERSION, archive};
use crate::commands::output;
use crate::root;
use crate::tools::require_packages;

/// What Homebrew runs on.
const TARGETS: [&str; 4] = [
    "aarch64-apple-darwin",
    "x86_64-apple-darwin",
    "aarch64-unknown-linux-musl",
    "x86_64-unknown-linux-musl",
];

/// Writes `cv-analytics.rb` beside the archives in `folder`, which Homebrew will fetch from the repository's release.
pub(crate) fn write(folder: &Path, repository: &str) -> Result<()> {
    let template = fs::read_to_string(root().join("packaging/homebrew/cv-analytics.rb"))?;
    let mut formula = template.replace("{homepage}", repository).replace("{version}", VERSION);
    for name in TARGETS {
        let file = archive::file_name(&Target::new(name.to_owned()));
        let path = folder.join(&file);
        let archive = fs::read(&path).with_context(|| format!("read {}", path.display()))?;
        let url = format!("{repository}/releases/download/v{VERSION}/{file}");
        formula = formula
            .replace(&format!("{{url:{name}}}"), &url)
            .replace(&format!("{{sha256:{name}}}"), &hex::encode(Sha256::digest(archive)));
    }
    fs::write(folder.join("cv-analytics.rb"), formula)?;
    Ok(())
}

/// Whether a formula for archives of these names is Ruby. Homebrew itself is in no registry of packages: what the formula
/// does is not tried.
pub(crate) fn check() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for name in TARGETS {
        fs::write(folder.path().join(archive::file_name(&Target::new(name.to_owned()))), name)?;
    }
    write(folder.path(), "https://example.org/owner/name")?;
    let formula = folder.path().join("cv-analytics.rb");
    let text = fs::read_to_string(&formula)?;
    ensure!(!text.contains("{url") && !text.contains("{sha256"), "a place is not filled:\n{text}");
    require_packages(&["ruby"], &["ruby"])?;
    let said = output(Command::new("ruby").args(["-w", "-c"]).arg(formula))?;
    print!("{}", String::from_utf8_lossy(&said));
    Ok(())
}
