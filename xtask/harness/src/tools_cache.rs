//! Where the tests' tools are outside the clone: `cargo xtask test` installs them, tests find them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

/// The version of dynoxide, the emulator of DynamoDB, that is installed.
pub const DYNOXIDE_VERSION: &str = "3.2.0";
/// What pip installs for moto, the emulator of SQS, DynamoDB and SES.
pub const MOTO_REQUIREMENTS: &str = include_str!("../requirements-moto.txt");
/// The files by which npm installs dynalite, an emulator of DynamoDB; each with its name.
pub const DYNALITE_PROJECT: [(&str, &str); 3] = [
    (".npmrc", include_str!("../dynalite/.npmrc")),
    ("package.json", include_str!("../dynalite/package.json")),
    ("package-lock.json", include_str!("../dynalite/package-lock.json")),
];
/// What pip installs for ministack, an emulator of most of AWS.
pub const MINISTACK_REQUIREMENTS: &str = include_str!("../requirements-ministack.txt");
/// Names dynoxide where it is not in the cache.
pub const DYNOXIDE_VARIABLE: &str = "CV_ANALYTICS_DYNOXIDE";
/// Names `moto_server` where it is not in the cache.
pub const MOTO_SERVER_VARIABLE: &str = "CV_ANALYTICS_MOTO_SERVER";
/// Names `dynalite` where it is not in the cache.
pub const DYNALITE_VARIABLE: &str = "CV_ANALYTICS_DYNALITE";
/// Names `ministack` where it is not in the cache.
pub const MINISTACK_VARIABLE: &str = "CV_ANALYTICS_MINISTACK";

/// The folder `$XDG_CACHE_HOME/cv-analytics`, else `~/.cache/cv-analytics`.
#[derive(Clone, Debug)]
pub struct ToolsCache(PathBuf);

impl ToolsCache {
    /// The folder for this user; it may not be there yet.
    pub fn locate() -> Result<Self> {
        let base = variable("XDG_CACHE_HOME")
            .or_else(|| variable("HOME").map(|home| home.join(".cache")))
            .context("set HOME or XDG_CACHE_HOME: the tests' tools are kept there")?;
        Ok(Self(base.join("cv-analytics")))
    }

    /// A cache in `folder`.
    pub fn within(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Where a tool of that kind lies whose files say `contents`: elsewhere for any other contents.
    pub fn folder_for(&self, kind: &str, contents: &[&[u8]]) -> PathBuf {
        let mut hash = Sha256::new();
        for content in contents {
            hash.update(content);
        }
        let mut name = hex::encode(hash.finalize());
        name.truncate(16);
        self.0.join(format!("{kind}-{name}"))
    }

    /// Where `cargo install` puts a version of the program `name`.
    pub fn cargo_program(&self, name: &str, version: &str) -> PathBuf {
        self.0.join(format!("{name}-{version}/bin/{name}"))
    }

    fn python_program(&self, requirements: &str, name: &str) -> PathBuf {
        self.folder_for("python", &[requirements.as_bytes()]).join("bin").join(name)
    }

    fn dynalite(&self) -> PathBuf {
        let contents = DYNALITE_PROJECT.map(|(_, content)| content.as_bytes());
        self.folder_for("javascript", &contents).join("node_modules/.bin/dynalite")
    }
}

/// The program dynoxide.
pub(crate) fn dynoxide() -> Result<PathBuf> {
    found(DYNOXIDE_VARIABLE, |cache| cache.cargo_program("dynoxide", DYNOXIDE_VERSION))
}

pub(crate) fn moto_server() -> Result<PathBuf> {
    found(MOTO_SERVER_VARIABLE, |cache| cache.python_program(MOTO_REQUIREMENTS, "moto_server"))
}

pub(crate) fn dynalite() -> Result<PathBuf> {
    found(DYNALITE_VARIABLE, ToolsCache::dynalite)
}

pub(crate) fn ministack() -> Result<PathBuf> {
    found(MINISTACK_VARIABLE, |cache| cache.python_program(MINISTACK_REQUIREMENTS, "ministack"))
}

fn found(name: &str, in_cache: impl Fn(&ToolsCache) -> PathBuf) -> Result<PathBuf> {
    let program = match variable(name) {
        Some(program) => program,
        None => in_cache(&ToolsCache::locate()?),
    };
    if !program.is_file() {
        bail!("{} is not there: run `cargo xtask test`, which installs it", program.display());
    }
    Ok(program)
}

/// The path that a variable of the environment names; `None` where it is missing or empty.
#[expect(clippy::disallowed_methods, reason = "tells where tools lie on this machine")]
pub fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_that_is_not_there_is_a_sentence_that_says_how_to_get_it() {
        let error = found("CV_ANALYTICS_NO_SUCH_TOOL", |_| PathBuf::from("/no/such/tool"));
        let expect = "/no/such/tool is not there: run `cargo xtask test`, which installs it";
        assert_eq!(error.unwrap_err().to_string(), expect);
    }
}
