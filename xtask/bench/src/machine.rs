//! What it was measured on, for comparing figures.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

const PREFIX: &str = "measured-";

/// Prints the machine, its file system and the versions.
pub(crate) fn print(folder: &Path) -> Result<()> {
    let cores = std::thread::available_parallelism()?;
    println!("machine      {cores} cores, {}, {}", processor(), memory());
    println!("kernel       {}", first_line("/proc/sys/kernel/osrelease"));
    println!("file system  {}", file_system(folder)?);
    println!("commit       {}", commit());
    println!("rustc        {}", command_line(&["rustc", "--version"]));
    println!("SQLite       {}", rusqlite::version());
    Ok(())
}

/// A new folder beside the program, on the disk that is measured: temporary ones may be in memory.
/// What an interrupted run has left goes first.
pub(crate) fn work_folder(bytes: u64) -> Result<TempDir> {
    let program = std::env::current_exe()?;
    let beside = program.parent().context("a program has a folder")?;
    for entry in fs::read_dir(beside)? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes())
            && entry.path().is_dir()
        {
            fs::remove_dir_all(entry.path())?;
        }
    }
    require_space(beside, bytes)?;
    Ok(tempfile::Builder::new().prefix(PREFIX).tempdir_in(beside)?)
}

/// Fails where the file system of `folder` has less than that free.
fn require_space(folder: &Path, bytes: u64) -> Result<()> {
    let disk = rustix::fs::statvfs(folder)?;
    let free = disk.f_bavail * disk.f_frsize;
    ensure!(
        free >= bytes,
        "{} has {} MB free, and {} MB are needed: make room, or set CARGO_TARGET_DIR to another disk",
        folder.display(),
        free >> 20,
        bytes >> 20
    );
    Ok(())
}

fn first_line(path: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().next().unwrap_or("unknown").to_owned()
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name"));
    name.map_or("unknown processor".to_owned(), |name| {
        name.trim_start_matches([' ', '\t', ':']).to_owned()
    })
}

fn memory() -> String {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = text.lines().find_map(|line| {
        line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok()
    });
    total.map_or("unknown memory".to_owned(), |kib| format!("{} GB", kib >> 20))
}

/// The mount whose path is the longest that holds `folder`.
fn file_system(folder: &Path) -> Result<String> {
    let folder = folder.canonicalize()?;
    let mounts = fs::read_to_string("/proc/self/mounts").context("read the mounts")?;
    let mut found = ("", "unknown".to_owned());
    for line in mounts.lines() {
        let mut words = line.split(' ');
        if let (Some(device), Some(path), Some(kind), Some(options)) =
            (words.next(), words.next(), words.next(), words.next())
            && folder.starts_with(path)
            && path.len() >= found.0.len()
        {
            found = (path, format!("{kind} on {device} ({options})"));
        }
    }
    Ok(found.1)
}

fn commit() -> String {
    let commit = command_line(&["git", "rev-parse", "--short", "HEAD"]);
    let changes = command_line(&["git", "status", "--porcelain", "--untracked-files=no"]);
    if changes.is_empty() { commit } else { format!("{commit}, with changes") }
}

fn command_line(words: &[&str]) -> String {
    let Some((program, arguments)) = words.split_first() else { return String::new() };
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    text.unwrap_or_else(|_| "unknown".to_owned()).trim().to_owned()
}
