//! `cargo xtask dist`: each function as a zip file that Lambda takes, the same bytes on every run.

use std::fs;
use std::io::{Cursor, Write};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::functions::architecture::Architecture;
use crate::functions::bootstraps::{FUNCTIONS, build_for_lambda};
use crate::functions::system_needs::SystemNeeds;
use crate::root;

/// The name under which Lambda starts a program.
pub(crate) const BOOTSTRAP: &str = "bootstrap";

/// Writes `dist/FUNCTION-ARCH.zip` for each function.
pub(crate) fn run(architecture: Architecture) -> Result<()> {
    let folder = root().join("dist");
    fs::create_dir_all(&folder)?;
    for function in FUNCTIONS {
        let program = fs::read(build_for_lambda(function, architecture)?)?;
        let needs = SystemNeeds::of(&program)?;
        needs.ensure_met_by_lambda(architecture).with_context(|| function.to_owned())?;
        let archive = archive(BOOTSTRAP, &program)?;
        let name = format!("{function}-{}.zip", architecture.name());
        // Whole or not at all: a deployment may read it meanwhile.
        let mut file = tempfile::NamedTempFile::new_in(&folder)?;
        file.write_all(&archive)?;
        let path = folder.join(&name);
        file.persist(&path).with_context(|| format!("write {}", path.display()))?;
        let (major, minor) = needs.newest_glibc();
        println!(
            "dist/{name}: {} bytes, of {} unpacked, needs glibc {major}.{minor}, sha256 {}",
            archive.len(),
            program.len(),
            hex::encode(Sha256::digest(&archive))
        );
    }
    Ok(())
}

/// A zip file with one file, which everybody may run.
pub(crate) fn archive(name: &str, content: &[u8]) -> Result<Vec<u8>> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9))
        // The oldest that a zip file can say, whenever it is made.
        .last_modified_time(DateTime::DEFAULT)
        .unix_permissions(0o755);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file(name, options)?;
    writer.write_all(content)?;
    Ok(writer.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use zip::ZipArchive;

    use super::*;

    #[test]
    fn an_archive_holds_one_program_that_may_be_run() {
        let bytes = archive(BOOTSTRAP, b"\x7fELF").unwrap();
        let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
        assert_eq!(archive.len(), 1);
        let mut file = archive.by_index(0).unwrap();
        assert_eq!(file.name().unwrap(), "bootstrap");
        assert_eq!(file.unix_mode().map(|mode| mode & 0o7777), Some(0o755));
        let mut program = Vec::new();
        file.read_to_end(&mut program).unwrap();
        assert_eq!(program, b"\x7fELF");
    }

    #[test]
    fn an_archive_is_the_same_whenever_it_is_made() {
        // Written down: what another version of a compressor changes is seen.
        let program: Vec<u8> =
            (0..100_000_u32).map(|n| n.wrapping_mul(n).to_le_bytes()[1]).collect();
        let hash = hex::encode(Sha256::digest(archive(BOOTSTRAP, &program).unwrap()));
        assert_eq!(hash, "651c0567283c4dc425d55bb18aab4ed5a3aab2d58c5654ca8d7bd1e273eaa978");
    }
}
