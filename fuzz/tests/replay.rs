//! The committed corpus and every former find, through each target.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use cv_analytics_fuzz::TARGETS;

/// The files of a target's folder, or none where it has no such folder.
fn files(folder: &str, target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(target);
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn every_property_holds_for_the_corpus_and_for_what_was_found_before() {
    for target in TARGETS {
        let corpus = files("corpus", target.name);
        assert!(!corpus.is_empty(), "{} has no corpus", target.name);
        for file in corpus.into_iter().chain(files("regressions", target.name)) {
            // Shown where a property does not hold.
            println!("{}", file.display());
            (target.check)(&fs::read(&file).unwrap());
        }
    }
}

#[test]
fn the_corpus_stays_small_and_belongs_to_targets() {
    /// Its target is in TypeScript; the client's own tests replay it.
    const OF_THE_WORKER: &str = "model-output";
    let mut names = TARGETS.map(|target| target.name).to_vec();
    names.push(OF_THE_WORKER);
    for folder in ["corpus", "regressions"] {
        let found = files(folder, "");
        for folder in found {
            let name = folder.file_name().unwrap().to_str().unwrap();
            assert!(names.contains(&name), "{} is no target's", folder.display());
        }
    }
    let corpus: Vec<_> = names.iter().flat_map(|name| files("corpus", name)).collect();
    let bytes: u64 = corpus.iter().map(|file| file.metadata().unwrap().len()).sum();
    assert!(corpus.len() <= 250 && bytes <= 250_000, "{} files, {bytes} bytes", corpus.len());
}
