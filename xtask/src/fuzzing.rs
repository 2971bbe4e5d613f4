//! `cargo xtask fuzz`: looks for inputs for which a property of a parser does not hold.
//!
//! Parsers in Rust by libFuzzer, which needs no other toolchain than the repository's; the Worker's reader of a
//! model's output by seeded edits of known ones, which see no coverage. What is found worth keeping goes on in
//! `fuzz/artifacts`, which is nobody's but this machine's, beside the committed `fuzz/corpus`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use clap::builder::PossibleValuesParser;

use crate::commands::{cargo, output, run};
use crate::root;
use crate::suites::worker;
use crate::tools::Cache;

/// Each target, and the longest input that is worth trying, in bytes.
const TARGETS: [(&str, usize); 11] = [
    ("event", 8_192),
    ("text", 4_096),
    ("sqs-json", 4_096),
    ("sqs-query", 4_096),
    ("sigv4", 2_048),
    ("week", 64),
    ("archive-lines", 4_096),
    ("archive-manifest", 4_096),
    ("cv-list", 4_096),
    ("mail-template", 4_096),
    // Its edits have their own limits.
    (OF_THE_WORKER, 0),
];
const OF_THE_WORKER: &str = "model-output";

/// What the compiler adds to every block, edge and comparison, for libFuzzer to see: LLVM's own pass, by options
/// that are stable.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
     -Cllvm-args=-sanitizer-coverage-trace-compares";
/// An input that takes longer, in seconds, or more memory, in megabytes, is a find.
const MAX_INPUT_SECONDS: usize = 20;
const MAX_MEMORY_MB: usize = 2_048;
const DEFAULT_MINUTES: u64 = 60;
/// Inputs that the minimised corpus of a target keeps of what was found.
const MAX_KEPT_INPUTS: usize = 3;
/// Longer ones are not kept, in bytes.
const MAX_KEPT_BYTES: usize = 1_024;

/// What is asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Fuzzing {
    /// One target instead of each in turn
    #[arg(value_parser = PossibleValuesParser::new(TARGETS.map(|(name, _)| name)))]
    target: Option<String>,
    /// So many minutes for each
    #[arg(long, default_value_t = DEFAULT_MINUTES, value_parser = clap::value_parser!(u64).range(1..))]
    minutes: u64,
    /// Instead of fuzzing, take what reaches further into the committed corpus
    #[arg(long)]
    minimise: bool,
}

impl Fuzzing {
    /// Fuzzes, and says what came of it.
    ///
    /// # Errors
    /// Where something was found.
    pub(crate) fn run(&self) -> Result<()> {
        let is_wanted = |name: &str| self.target.as_deref().is_none_or(|wanted| wanted == name);
        let fuzzers = Fuzzers::build(is_wanted)?;
        let mut table = format!(
            "{:<18}{:>12}{:>10}{:>8}{:>8}\n",
            "target", "executions", "coverage", "new", "finds"
        );
        let mut found = 0;
        for (name, max_bytes) in TARGETS.into_iter().filter(|(name, _)| is_wanted(name)) {
            let folders = Folders::of(name)?;
            if self.minimise {
                // The Worker's fuzzer does not see what reaches further.
                if name != OF_THE_WORKER {
                    fuzzers.minimise(name, &folders)?;
                }
                continue;
            }
            println!("\n==> {name}: {} min", self.minutes);
            let told = fuzzers.fuzz(name, max_bytes, self.minutes, &folders)?;
            found += told.finds.len();
            let Told { executions, coverage: (before, after), finds } = &told;
            writeln!(
                table,
                "{name:<18}{executions:>12}{after:>10}{:>8}{:>8}",
                after.saturating_sub(*before),
                finds.len()
            )?;
            for find in finds {
                writeln!(table, "    {}", find.display())?;
            }
        }
        if !self.minimise {
            println!(
                "\n{table}\ncoverage: edges that the corpus reaches; new: those that this run added"
            );
        }
        ensure!(
            found == 0,
            "{found} inputs break a property: copy each to fuzz/regressions/TARGET, where `cargo test --workspace \
             --test replay` (or the Worker's tests) shows what is wrong"
        );
        Ok(())
    }
}

/// Where the inputs of a target are.
struct Folders {
    committed: PathBuf,
    /// What was found worth keeping on this machine,
    grown: PathBuf,
    /// and what breaks a property.
    finds: PathBuf,
}

impl Folders {
    fn of(target: &str) -> Result<Self> {
        let fuzz = root().join("fuzz");
        let artifacts = fuzz.join("artifacts").join(target);
        let folders = Self {
            committed: fuzz.join("corpus").join(target),
            grown: artifacts.join("corpus"),
            finds: artifacts.join("finds"),
        };
        for folder in [&folders.grown, &folders.finds] {
            fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
        }
        Ok(folders)
    }
}

/// What libFuzzer told.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    executions: u64,
    /// Edges that were reached by the corpus as it was, and at the end.
    coverage: (u64, u64),
    finds: Vec<PathBuf>,
}

/// The programs that fuzz.
struct Fuzzers {
    rust: Option<PathBuf>,
    worker: Option<worker::Fuzzer>,
}

impl Fuzzers {
    fn build(is_wanted: impl Fn(&str) -> bool) -> Result<Self> {
        let is_rust = TARGETS.iter().any(|(name, _)| *name != OF_THE_WORKER && is_wanted(name));
        let rust = is_rust.then(build_in_rust).transpose()?;
        let worker =
            is_wanted(OF_THE_WORKER).then(|| worker::fuzzer(&Cache::open()?)).transpose()?;
        Ok(Self { rust, worker })
    }

    /// The fuzzer of a target in Rust, which takes libFuzzer's options and then folders of inputs.
    fn in_rust(&self, target: &str) -> Result<Command> {
        let mut command = Command::new(self.rust.as_ref().context("the fuzzer is not built")?);
        command.env("CV_ANALYTICS_FUZZ_TARGET", target);
        Ok(command)
    }

    fn fuzz(
        &self,
        target: &str,
        max_bytes: usize,
        minutes: u64,
        folders: &Folders,
    ) -> Result<Told> {
        let known = files(&folders.finds)?;
        let mut command = if let (OF_THE_WORKER, Some(worker)) = (target, &self.worker) {
            worker.command(&folders.finds, minutes, &folders.committed)
        } else {
            let mut command = self.in_rust(target)?;
            command.args([
                format!("-max_total_time={}", minutes * 60),
                format!("-max_len={max_bytes}"),
                format!("-timeout={MAX_INPUT_SECONDS}"),
                format!("-rss_limit_mb={MAX_MEMORY_MB}"),
                format!("-artifact_prefix={}/", folders.finds.display()),
                "-print_final_stats=1".to_owned(),
            ]);
            command.args([&folders.grown, &folders.committed]);
            command
        };
        let log = folders.finds.with_file_name("log.txt");
        let errors = fs::File::create(&log).with_context(|| format!("write {}", log.display()))?;
        // It ends at the first find, which is in its folder then.
        let status =
            command.stdout(Stdio::null()).stderr(errors).status().context("start the fuzzer")?;
        let said = fs::read(&log)?;
        let mut told = read_log(&String::from_utf8_lossy(&said));
        told.finds =
            files(&folders.finds)?.into_iter().filter(|file| !known.contains(file)).collect();
        ensure!(
            status.success() || !told.finds.is_empty(),
            "the fuzzer of {target} ended with {status}: see {}",
            log.display()
        );
        Ok(told)
    }

    /// Takes a few of the inputs found that reach beyond the committed ones into the corpus, the shortest.
    fn minimise(&self, target: &str, folders: &Folders) -> Result<()> {
        let merged = tempfile::tempdir()?;
        for file in files(&folders.committed)? {
            fs::copy(&file, merged.path().join(file.file_name().context("a file has a name")?))?;
        }
        // Coverage only by edges: how often each is passed would keep thousands.
        let mut command = self.in_rust(target)?;
        command
            .args(["-set_cover_merge=1", "-use_counters=0"])
            .arg(format!("-max_len={MAX_KEPT_BYTES}"))
            .args([merged.path(), &folders.grown]);
        let before = files(merged.path())?;
        output(command.stderr(Stdio::null()))?;
        let mut new = files(merged.path())?;
        new.retain(|file| !before.contains(file));
        new.sort_by_key(|file| file.metadata().map_or(u64::MAX, |file| file.len()));
        let found = new.len();
        new.truncate(MAX_KEPT_INPUTS);
        for file in &new {
            let name = file.file_name().context("a file has a name")?;
            let name = name.to_string_lossy();
            fs::copy(file, folders.committed.join(format!("found-{name:.12}")))?;
        }
        println!(
            "{target}: {} of {found} inputs that reach further taken into the corpus",
            new.len()
        );
        Ok(())
    }
}

/// Builds the fuzzer apart from everything else, since all that it stands on is compiled otherwise.
fn build_in_rust() -> Result<PathBuf> {
    let version = output(Command::new("rustc").arg("-vV"))?;
    let version = String::from_utf8_lossy(&version);
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("rustc does not say what it runs on")?;
    let folder = root().join("target/fuzz");
    // With a target named, the options reach no build script.
    run(cargo()
        .args([
            "build",
            "--package",
            "cv-analytics-fuzz",
            "--features",
            "libfuzzer",
            "--bin",
            "fuzz",
        ])
        .args(["--profile", "fuzz", "--locked", "--target", host, "--target-dir"])
        .arg(&folder)
        .env("RUSTFLAGS", COVERAGE)
        .current_dir(root()))?;
    Ok(folder.join(host).join("fuzz/fuzz"))
}

/// Reads what libFuzzer writes: `#12 INITED cov: 5 ft: 6 …`, `stat::number_of_executed_units: 3`.
fn read_log(log: &str) -> Told {
    let mut told = Told { executions: 0, coverage: (0, 0), finds: Vec::new() };
    for line in log.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |word: Option<&&str>| word.and_then(|word| word.parse::<u64>().ok());
        let coverage = words.iter().position(|word| *word == "cov:");
        if let Some(edges) = coverage.and_then(|place| number(words.get(place + 1))) {
            if words.contains(&"INITED") {
                told.coverage.0 = edges;
            }
            told.coverage.1 = edges;
        }
        match words.as_slice() {
            ["stat::number_of_executed_units:", count] => {
                told.executions = number(Some(count)).unwrap_or_default();
            }
            // Where it ended by a find there is no other count.
            [number_of, ..] => {
                let count = number_of.strip_prefix('#').and_then(|count| count.parse().ok());
                told.executions = told.executions.max(count.unwrap_or_default());
            }
            [] => {}
        }
    }
    told
}

/// The files of a folder, in the order of their names.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.exists() {
        bail!("{} is missing", folder.display());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        files.push(entry?.path());
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_of_a_fuzzer_is_read() {
        let log = "INFO: Seed: 1\n#2\tINITED cov: 40 ft: 41 corp: 2/9b exec/s: 0 rss: 40Mb\n\
                   #64\tNEW    cov: 45 ft: 50 corp: 3/12b lim: 4 exec/s: 0 rss: 41Mb L: 3/6 MS: 1 X-\n\
                   #128\tpulse  cov: 45 ft: 50 corp: 3/12b\n";
        let told = |executions| Told { executions, coverage: (40, 45), finds: Vec::new() };
        assert_eq!(read_log(log), told(128));
        assert_eq!(read_log(&format!("{log}stat::number_of_executed_units: 200\n")), told(200));
    }

    #[test]
    fn every_target_has_its_corpus_and_each_corpus_its_target() {
        let corpus = files(&root().join("fuzz/corpus")).unwrap();
        let names: Vec<_> =
            corpus.iter().map(|folder| folder.file_name().unwrap().to_str().unwrap()).collect();
        let mut targets = TARGETS.map(|(name, _)| name);
        targets.sort_unstable();
        assert_eq!(names, targets);
    }

    #[test]
    fn every_target_has_its_hour_a_night() {
        let workflow = fs::read_to_string(root().join(".github/workflows/nightly.yml")).unwrap();
        let lines: Vec<&str> = workflow.lines().map(str::trim).collect();
        for (name, _) in TARGETS {
            assert!(lines.contains(&format!("- {name}").as_str()), "{name}");
        }
    }
}
