//! How long a week's report takes and how much memory, as the week grows.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use cv_analytics_harness::server_process::under;
use serde_json::Value;
use wait4::Wait4;

use crate::filled_store::WEEK;
use crate::intake::median;
use crate::machine;

const RUNS: usize = 5;
/// Disk for a million interactions, with its write-ahead log.
const SPACE_BYTES: u64 = 2 << 30;
const AIM_SECONDS: f64 = 1.0;
const AIM_MB: f64 = 150.0;

struct Run {
    took: Duration,
    peak_bytes: u64,
    interactions: u64,
}

/// Fills a store with each of `millions`, and measures its report.
pub(crate) fn measure(program: &Path, millions: &[usize]) -> Result<()> {
    let bench = std::env::current_exe()?;
    let most = millions.iter().copied().max().unwrap_or(1);
    let work = machine::work_folder(SPACE_BYTES * most as u64)?;
    machine::print(work.path())?;
    println!(
        "report       cv-analytics report --week {WEEK} --format json, as a process; median of {RUNS} runs, the file in\n\
         \x20            the page cache; memory is the most resident (wait4's ru_maxrss) of any run\n"
    );
    println!(
        "{:>12}{:>12}{:>12}{:>16}{:>14}",
        "interactions", "seconds", "peak MB", "seconds/million", "database MB"
    );
    let mut at_one_million = None;
    for &count in millions {
        let target = count * 1_000_000;
        let folder = tempfile::tempdir_in(work.path())?;
        let data = folder.path().join("data");
        // A separate process, so that this one stays small: a child's memory begins with its parent's.
        let fill = Command::new(&bench).arg("fill").arg(&data).arg(target.to_string()).status()?;
        ensure!(fill.success(), "the store was not filled: {fill}");
        let runs: Vec<Run> = (0..RUNS).map(|_| run(program, &data)).collect::<Result<_>>()?;
        let seconds = median(runs.iter().map(|run| run.took.as_secs_f64()).collect());
        let peak = runs.iter().map(|run| megabytes(run.peak_bytes)).fold(0.0, f64::max);
        ensure!(
            runs.iter().all(|run| run.interactions == target as u64),
            "a report counted other than {target} interactions"
        );
        let size = std::fs::metadata(data.join("cv-analytics.db"))?.len();
        println!(
            "{target:>12}{seconds:>12.3}{peak:>12.1}{:>16.3}{:>14.0}",
            seconds * 1_000_000.0 / to_f64(target as u64),
            megabytes(size)
        );
        if count == 1 {
            at_one_million = Some((seconds, peak));
        }
    }
    if let Some((seconds, peak)) = at_one_million {
        let verdict = |is_met| if is_met { "met" } else { "MISSED" };
        println!(
            "    aim: one million in under {AIM_SECONDS} s: {seconds:.3}, {}",
            verdict(seconds < AIM_SECONDS)
        );
        println!(
            "    aim: one million in under {AIM_MB} MB: {peak:.1}, {}",
            verdict(peak < AIM_MB)
        );
    }
    Ok(())
}

fn run(program: &Path, data: &Path) -> Result<Run> {
    let arguments = ["report", "--week", WEEK, "--format", "json"];
    let mut command = under(&["env"], program, &arguments, data);
    let output = data.with_file_name("report.json");
    command.stdin(Stdio::null()).stdout(std::fs::File::create(&output)?);
    let started = Instant::now();
    let ended = command.spawn().context("start the report")?.wait4()?;
    let took = started.elapsed();
    ensure!(ended.status.success(), "the report ended with {}", ended.status);
    let report: Value = serde_json::from_slice(&std::fs::read(&output)?)?;
    let interactions = report.pointer("/provenance/interactions").and_then(Value::as_u64);
    Ok(Run {
        took,
        peak_bytes: ended.rusage.maxrss,
        interactions: interactions.context("the report counts interactions")?,
    })
}

fn megabytes(bytes: u64) -> f64 {
    to_f64(bytes) / 1e6
}

#[expect(clippy::cast_precision_loss, reason = "far under 2^52")]
fn to_f64(number: u64) -> f64 {
    number as f64
}
