//! The archive of one system: a folder with the program, what it prints of itself, and the licences.

use std::fs::{self, File};
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use super::contents::{Contents, files_below};
use super::target::Target;
use super::{VERSION, say_made};
use crate::commands::{output, output_for};

/// The folder in the archive, and its name without what tells the format. `cargo binstall` finds it by the metadata of
/// the crate, which names it too.
pub(crate) fn stem(target: &Target) -> String {
    format!("cv-analytics-v{VERSION}-{}", target.name())
}

/// The archive's name.
pub(crate) fn file_name(target: &Target) -> String {
    format!("{}.{}", stem(target), if target.is_windows() { "zip" } else { "tar.gz" })
}

/// Writes the archive into `dist`; the same contents are the same bytes.
pub(crate) fn pack(contents: &Contents, dist: &Path) -> Result<PathBuf> {
    let stem = stem(&contents.target);
    let mut files = Vec::new();
    for path in files_below(&contents.folder)? {
        let name =
            format!("{stem}/{}", path.to_str().context("a name in UTF-8")?.replace('\\', "/"));
        let mode = if contents.program().ends_with(&path) { 0o755 } else { 0o644 };
        files.push((name, fs::read(contents.folder.join(&path))?, mode));
    }
    let archive = dist.join(file_name(&contents.target));
    let bytes = if contents.target.is_windows() { zip(&files)? } else { tar(&files)? };
    fs::write(&archive, bytes)?;
    say_made(&archive)?;
    Ok(archive)
}

/// A file's name, content and mode.
type Packed = (String, Vec<u8>, u32);

fn tar(files: &[Packed]) -> Result<Vec<u8>> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::best()));
    for (name, content, mode) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(*mode);
        builder.append_data(&mut header, name, content.as_slice())?;
    }
    Ok(builder.into_inner()?.finish()?)
}

fn zip(files: &[Packed]) -> Result<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content, mode) in files {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::DEFAULT)
            .unix_permissions(*mode);
        writer.start_file(name.as_str(), options)?;
        writer.write_all(content)?;
    }
    Ok(writer.finish()?.into_inner())
}

/// Unpacks an archive, and runs the program in it: its version, and a question's skills.
pub(crate) fn check(archive: &Path) -> Result<()> {
    let folder = tempfile::tempdir()?;
    if archive.extension().is_some_and(|ending| ending == "zip") {
        ZipArchive::new(File::open(archive)?)?.extract(folder.path())?;
    } else {
        tar::Archive::new(GzDecoder::new(File::open(archive)?)).unpack(folder.path())?;
    }
    let files = files_below(folder.path())?;
    let named = |name: &str| {
        let found = files.iter().find(|path| path.ends_with(name));
        found.with_context(|| format!("{} lacks {name}", archive.display()))
    };
    for name in
        ["LICENSE-MIT", "THIRD-PARTY.txt", "completions/_cv-analytics", "man/cv-analytics.1"]
    {
        named(name)?;
    }
    if cfg!(target_os = "linux") {
        named("cv-analytics.service")?;
    }
    let program = folder.path().join(named("cv-analytics").or_else(|_| named("cv-analytics.exe"))?);
    let version = output(Command::new(&program).arg("--version"))?;
    ensure!(
        version == format!("cv-analytics {VERSION}\n").as_bytes(),
        "another version was packed"
    );
    let mut matching = Command::new(&program);
    let said = output_for(matching.args(["skills", "match"]), b"Do you know k8s?\n")?;
    let said = String::from_utf8_lossy(&said);
    ensure!(said.contains("Kubernetes"), "skills match said {said:?}");
    println!("{} files; it runs", files.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Vec<Packed> {
        vec![("a/program".to_owned(), vec![7; 1000], 0o755), ("a/text".to_owned(), vec![1], 0o644)]
    }

    #[test]
    fn both_formats_hold_the_files_with_their_modes_and_are_the_same_each_time() {
        let packed = tar(&files()).unwrap();
        assert_eq!(packed, tar(&files()).unwrap());
        let mut archive = tar::Archive::new(GzDecoder::new(packed.as_slice()));
        let modes = archive.entries().unwrap().map(|entry| entry.unwrap().header().mode().unwrap());
        assert_eq!(modes.collect::<Vec<_>>(), [0o755, 0o644]);
        let packed = zip(&files()).unwrap();
        assert_eq!(packed, zip(&files()).unwrap());
        let mut archive = ZipArchive::new(Cursor::new(packed)).unwrap();
        let file = archive.by_name("a/program").unwrap();
        assert_eq!((file.size(), file.unix_mode().map(|mode| mode & 0o777)), (1000, Some(0o755)));
    }

    #[test]
    fn cargo_binstall_looks_for_the_archive_that_is_packed() {
        let manifest =
            fs::read_to_string(crate::root().join("crates/cv-analytics/Cargo.toml")).unwrap();
        let value = |name: &str| {
            let line = manifest.lines().find_map(|line| line.strip_prefix(&format!("{name} = ")));
            line.unwrap().trim_matches('"').to_owned()
        };
        for (name, suffix, ending) in [
            ("x86_64-unknown-linux-musl", ".tar.gz", ""),
            ("x86_64-pc-windows-msvc", ".zip", ".exe"),
        ] {
            let target = Target::new(name.to_owned());
            let filled = |template: &str| {
                let pairs = [
                    ("{ repo }", "https://example.org/o/n"),
                    ("{ name }", "cv-analytics"),
                    ("{ bin }", "cv-analytics"),
                    ("{ version }", VERSION),
                    ("{ target }", name),
                    ("{ archive-suffix }", suffix),
                    ("{ binary-ext }", ending),
                ];
                pairs.iter().fold(value(template), |text, (from, to)| text.replace(from, to))
            };
            let url = format!(
                "https://example.org/o/n/releases/download/v{VERSION}/{}",
                file_name(&target)
            );
            assert_eq!(filled("pkg-url"), url);
            assert_eq!(filled("bin-dir"), format!("{}/cv-analytics{ending}", stem(&target)));
        }
    }
}
