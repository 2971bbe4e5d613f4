//! `cargo xtask bench reporter`: what the real reporter of Lambda takes to read and count an interaction.

mod stand_in;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use cv_analytics_harness::lambda::{LambdaFunction, LambdaRuntime};
use serde_json::json;

use crate::filled_store::WEEK;
use crate::intake::median;
use crate::machine;
use crate::reporter::stand_in::StandIn;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rounds {
    /// Interactions of the eight weeks: few and many, since a start costs the same for both.
    few: usize,
    many: usize,
    runs: usize,
}

impl Rounds {
    pub(crate) const FULL: Self = Self { few: 100_000, many: 500_000, runs: 5 };
    pub(crate) const QUICK: Self = Self { few: 2_000, many: 10_000, runs: 1 };
}

/// One report of a new process.
#[derive(Clone, Copy, Debug)]
struct Run {
    processor: Duration,
    took: Duration,
    peak_kib: u64,
}

/// Measures the reporter `program`, and `earlier` beside it.
pub(crate) fn measure(program: &Path, earlier: Option<&Path>, rounds: Rounds) -> Result<()> {
    machine::print(Path::new("."))?;
    println!(
        "method       {} runs for each size, the programs in turn: a new process mails the report of {WEEK} over eight\n\
         \x20            weeks, which a stand-in for DynamoDB serves in pages of 1 MB over HTTP, as projected, with the\n\
         \x20            interim rows of 20 days. Processor: the kernel's count for the process, user and system, from\n\
         \x20            before the invocation to its answer. Medians; per interaction: the difference of both sizes.\n",
        rounds.runs
    );
    let programs: Vec<(&str, PathBuf)> = [("this", Some(program)), ("earlier", earlier)]
        .into_iter()
        .filter_map(|(name, program)| Some((name, program?.to_owned())))
        .collect();
    println!(
        "{:<12}{:>14}{:>14}{:>12}{:>12}{:>18}{:>20}",
        "reporter",
        "interactions",
        "processor s",
        "took s",
        "peak MB",
        "processor us each",
        "bytes each"
    );
    let mut each = Vec::new();
    let few = runs_of_all(&programs, rounds.few, rounds.runs)?;
    let many = runs_of_all(&programs, rounds.many, rounds.runs)?;
    for ((name, _), (few, many)) in programs.iter().zip(few.iter().zip(&many)) {
        let more = to_f64((rounds.many - rounds.few) as u64);
        let [few_s, many_s] =
            [few, many].map(|runs| middle(runs, |run| run.processor.as_secs_f64()));
        let [few_kib, many_kib] = [few, many].map(|runs| middle(runs, |run| to_f64(run.peak_kib)));
        let microseconds = (many_s - few_s) * 1e6 / more;
        let bytes = (many_kib - few_kib) * 1024.0 / more;
        for (runs, count) in [(few, rounds.few), (many, rounds.many)] {
            let processor = middle(runs, |run| run.processor.as_secs_f64());
            let took = middle(runs, |run| run.took.as_secs_f64());
            let peak = middle(runs, |run| to_f64(run.peak_kib)) * 1024.0 / 1e6;
            println!("{name:<12}{count:>14}{processor:>14.2}{took:>12.2}{peak:>12.1}");
        }
        println!("{name:<12}{:>52}{microseconds:>18.1}{bytes:>20.0}", "");
        each.push((microseconds, bytes));
    }
    if let [(this_us, this_bytes), (earlier_us, earlier_bytes)] = each[..] {
        println!(
            "\nearlier beside this: {:.2} times the processor, {:.2} times the memory, per interaction",
            earlier_us / this_us,
            earlier_bytes / this_bytes
        );
    }
    Ok(())
}

/// The runs of each program over `count` interactions.
fn runs_of_all(programs: &[(&str, PathBuf)], count: usize, runs: usize) -> Result<Vec<Vec<Run>>> {
    let stand_in = StandIn::start(count)?;
    let mut all = vec![Vec::new(); programs.len()];
    for _ in 0..runs {
        for ((_, program), runs) in programs.iter().zip(&mut all) {
            runs.push(run(program, &stand_in)?);
        }
    }
    Ok(all)
}

fn run(program: &Path, stand_in: &StandIn) -> Result<Run> {
    let function = LambdaFunction::new("reporter", program)
        .timeout(Duration::from_mins(15))
        .variable("AWS_ENDPOINT_URL", &stand_in.url)
        .variable("QUERY_EVENTS_TABLE", stand_in::QUERY_EVENTS)
        .variable("ANALYTICS_TABLE", stand_in::ANALYTICS)
        .variable("DEAD_LETTER_QUEUE_URL", &format!("{}/1/dead.fifo", stand_in.url))
        .variable("SENDER_EMAIL", "cv@example.com")
        .variable("RECIPIENT_EMAIL", "owner@example.com");
    let mut runtime = LambdaRuntime::start(&function)?;
    let before = runtime.processor_time()?;
    // A mail of the week may be noted by the run before.
    let invocation = runtime.invoke(&json!({"week": WEEK, "again": true}))?;
    let response = invocation.response().with_context(|| invocation.lines.join("\n"))?;
    let counted = response.get("interactions").and_then(serde_json::Value::as_u64);
    let there = stand_in.of_the_last_week()? as u64;
    ensure!(counted == Some(there), "the report counts {counted:?} of {there} interactions");
    Ok(Run {
        processor: runtime.processor_time()?.saturating_sub(before),
        took: invocation.took,
        peak_kib: runtime.memory()?.peak_kib,
    })
}

fn middle(runs: &[Run], value: impl Fn(&Run) -> f64) -> f64 {
    median(runs.iter().map(value).collect())
}

#[expect(clippy::cast_precision_loss, reason = "far under 2^52")]
fn to_f64(number: u64) -> f64 {
    number as f64
}
