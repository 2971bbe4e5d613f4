//! The ladder from an fsync to an acknowledged event: where the time goes, rung by rung.
//!
//! All rungs are measured in turn, and the whole three times over, so that a machine that changes
//! its pace changes it for all of them. What is printed is each rung's median.

pub(crate) mod fsyncs;
pub(crate) mod generator;
pub(crate) mod loaded_server;
pub(crate) mod raw_inserts;
pub(crate) mod rung_servers;
pub(crate) mod signed_messages;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use cv_analytics_harness::server_process::{Memory, serve_command, under};

use crate::intake::generator::{Load, Pace};
use crate::intake::loaded_server::LoadedServer;
use crate::machine;

const ROUNDS: usize = 3;
const BATCHES: [usize; 4] = [1, 10, 100, 1000];
const STARTS: usize = 20;
/// More than the data of one round.
const SPACE_BYTES: u64 = 4 << 30;

const AIM_EVENTS_PER_SECOND: f64 = 20_000.0;
const AIM_SHARE: f64 = 0.6;
const AIM_P99_MS: f64 = 10.0;
const AIM_RESIDENT_MB: f64 = 60.0;
const AIM_START_MS: f64 = 50.0;

/// How long each rung is measured.
pub(crate) struct Durations {
    warm_up: Duration,
    rung: Duration,
}

impl Durations {
    pub(crate) const FULL: Self =
        Self { warm_up: Duration::from_secs(2), rung: Duration::from_secs(10) };
    /// To see that it works: figures of so short a run are not to be quoted.
    pub(crate) const QUICK: Self =
        Self { warm_up: Duration::from_secs(1), rung: Duration::from_secs(2) };
}

/// What one round measured.
struct Round {
    fsyncs: Load,
    constant: Load,
    no_store: Load,
    real: Load,
    real_at_half: Load,
    no_store_at_that: Load,
    mean_batch: f64,
    memory: Memory,
    raw_inserts: Vec<f64>,
    /// Raw inserts in batches of the size that the real thing reached.
    raw_inserts_alike: f64,
}

/// Measures every rung, and prints the ladder.
pub(crate) fn climb(program: &Path, durations: &Durations) -> Result<()> {
    let work = machine::work_folder(SPACE_BYTES)?;
    machine::print(work.path())?;
    println!("{}", crate::intake::loaded_server::describe());
    println!(
        "rungs        {:?} each after {:?} of warm-up, in turn, {ROUNDS} rounds; medians\n",
        durations.rung, durations.warm_up
    );
    let mut rounds = Vec::new();
    for number in 1..=ROUNDS {
        let round = measure_round(program, work.path(), durations)
            .with_context(|| format!("round {number}"))?;
        println!(
            "round {number}: R0 {:.0}, R2 {:.0}, R3 {:.0}, R4 {:.0} a second; p99 at half load {:.2} ms, with nothing kept {:.2} ms",
            round.fsyncs.rate,
            round.constant.rate,
            round.no_store.rate,
            round.real.rate,
            quantile_ms(&round.real_at_half, 0.99),
            quantile_ms(&round.no_store_at_that, 0.99)
        );
        rounds.push(round);
    }
    let starts = Starts::measure(program, work.path())?;
    print_ladder(&rounds);
    starts.print();
    Ok(())
}

fn measure_round(program: &Path, work: &Path, durations: &Durations) -> Result<Round> {
    let bench = std::env::current_exe()?;
    let rung = |name: &str, data: &Path| under(&["env"], &bench, &[name, "serve"], data);
    let full_load = |command: &dyn Fn(&Path) -> Command| {
        let mut server = LoadedServer::start(work, command)?;
        server.warm_up(durations.warm_up)?;
        let load = server.load(Pace::AsFastAsAnswered, durations.rung)?;
        server.stop()?;
        anyhow::Ok(load)
    };
    let fsyncs = fsyncs::measure(work, durations.rung)?;
    let constant = full_load(&|data| rung("constant", data)).context("R2")?;
    let no_store = full_load(&|data| rung("no-store", data)).context("R3")?;

    let mut server = LoadedServer::start(work, &|data| serve_command(program, data))?;
    server.warm_up(durations.warm_up)?;
    let real = server.load(Pace::AsFastAsAnswered, durations.rung)?;
    let real_at_half = server.load(Pace::ASecond(real.rate / 2.0), durations.rung)?;
    let memory = server.memory()?;
    server.stop()?;
    let mut server = LoadedServer::start(work, &|data| rung("no-store", data))?;
    server.warm_up(durations.warm_up)?;
    let no_store_at_that = server.load(Pace::ASecond(real.rate / 2.0), durations.rung)?;
    server.stop()?;

    let mean_batch = mean_batch(program, work, durations).context("count the syncs of R4")?;
    let raw = |batch| raw_inserts::a_second(work, batch, durations.rung);
    let raw_inserts = BATCHES.into_iter().map(raw).collect::<Result<_>>()?;
    let raw_inserts_alike = raw(whole(mean_batch))?;
    Ok(Round {
        fsyncs,
        constant,
        no_store,
        real,
        real_at_half,
        no_store_at_that,
        mean_batch,
        memory,
        raw_inserts,
        raw_inserts_alike,
    })
}

/// How many events share a commit at full load: those of a separate run, in which strace notes the
/// syncs of the write-ahead log and stops the server at no other system call.
fn mean_batch(program: &Path, work: &Path, durations: &Durations) -> Result<f64> {
    let folder = tempfile::tempdir_in(work)?;
    let trace = folder.path().join("trace");
    let trace_name = trace.to_string_lossy();
    let wrapper = [
        "strace",
        "-D",
        "-f",
        "--seccomp-bpf",
        "-y",
        "-o",
        &trace_name,
        "-e",
        "trace=fsync,fdatasync",
    ];
    let arguments = ["serve", "--listen", "127.0.0.1:0"];
    let mut server =
        LoadedServer::start_in(folder.path(), &|data| under(&wrapper, program, &arguments, data))?;
    server.warm_up(durations.warm_up)?;
    server.load(Pace::AsFastAsAnswered, durations.rung)?;
    let answered = server.answered();
    server.stop()?;
    let trace = fs::read_to_string(&trace).context("read the trace")?;
    let is_sync = |line: &&str| line.contains("sync(") && line.contains("-wal>");
    let syncs = u32::try_from(trace.lines().filter(is_sync).count())?;
    ensure!(syncs > 0, "strace saw no sync of the write-ahead log");
    Ok(f64::from(answered) / f64::from(syncs))
}

fn print_ladder(rounds: &[Round]) {
    let of = |figure: &dyn Fn(&Round) -> f64| median(rounds.iter().map(figure).collect());
    let real = of(&|round| round.real.rate);
    let constant = of(&|round| round.constant.rate);
    let no_store = of(&|round| round.no_store.rate);
    let row = |name: &str, rate: f64| {
        println!("{name:<58}{rate:>10.0}{:>9.2}", real / rate);
    };
    println!("\n{:<58}{:>10}{:>9}", "", "a second", "R4 is");
    row("R0  4 KB written over a file, fdatasync", of(&|round| round.fsyncs.rate));
    for (place, batch) in BATCHES.iter().enumerate() {
        let rate = of(&|round| round.raw_inserts.get(place).copied().unwrap_or_default());
        row(&format!("R1  raw inserts, same table, FULL, {batch} a commit"), rate);
    }
    let raw = of(&|round| round.raw_inserts_alike);
    let mean_batch = of(&|round| round.mean_batch);
    row(&format!("R1  as many a commit as R4: {mean_batch:.1}"), raw);
    row("R2  the server's HTTP stack, a constant answer", constant);
    row("R3  that, signature verified, event read, nothing kept", no_store);
    row("R4  cv-analytics serve, acknowledged after fsync", real);
    aim("R4, events a second", real, "at least", AIM_EVENTS_PER_SECOND);
    let share = real / raw.min(no_store);
    aim("R4 as a share of the lower of R1 (as many) and R3", share, "at least", AIM_SHARE);

    println!("\n{:<48}{:>10}{:>10}{:>10}", "latency, ms", "p50", "p99", "longest");
    let latency = |name: &str, load: fn(&Round) -> &Load| {
        let [p50, p99] = [0.5, 0.99].map(|share| of(&|round| quantile_ms(load(round), share)));
        let longest = rounds.iter().map(|round| quantile_ms(load(round), 1.0)).fold(0.0, f64::max);
        println!("{name:<48}{p50:>10.2}{p99:>10.2}{longest:>10.2}");
        p99
    };
    latency("R0  one fsync after another", |round| &round.fsyncs);
    latency("R4  full load: the next once one is answered", |round| &round.real);
    let name = format!("R4  half of that, {:.0} a second, Poisson", real / 2.0);
    let p99 = latency(&name, |round| &round.real_at_half);
    latency("R3  the same pace with nothing kept", |round| &round.no_store_at_that);
    aim("p99 at half load, ms", p99, "under", AIM_P99_MS);

    println!();
    let share = |name: &str, figure: &dyn Fn(&Round) -> f64| {
        println!("{name:<58}{:>10.2}", of(figure));
    };
    share("cores used at full load: the server", &|round| round.real.server_cores);
    share("cores used at full load: the generator", &|round| round.real.generator_cores);
    let resident = of(&|round| megabytes(round.memory.resident_kib));
    let peak = of(&|round| megabytes(round.memory.peak_kib));
    println!(
        "{:<58}{resident:>10.1}\n{:<58}{peak:>10.1}",
        "resident after the load, MB", "resident at its peak, MB"
    );
    aim("resident at its peak, MB", peak, "under", AIM_RESIDENT_MB);
}

/// How long starts take, in milliseconds.
struct Starts {
    first: f64,
    again: f64,
}

impl Starts {
    fn measure(program: &Path, work: &Path) -> Result<Self> {
        let mut first = Vec::new();
        let mut again = Vec::new();
        for _ in 0..STARTS {
            let folder = tempfile::tempdir_in(work)?;
            for times in [&mut first, &mut again] {
                let server =
                    LoadedServer::start_in(folder.path(), &|data| serve_command(program, data))?;
                times.push(server.started_in().as_secs_f64() * 1000.0);
                ensure!(server.is_healthy()?, "the server was ready and did not serve");
                server.stop()?;
            }
        }
        Ok(Self { first: median(first), again: median(again) })
    }

    fn print(&self) {
        println!("\nstart of the process to the ready line, median of {STARTS}, ms");
        println!("{:<58}{:>10.1}", "in a new folder: makes credentials and database", self.first);
        println!("{:<58}{:>10.1}", "in that folder again", self.again);
        aim("the slower start, ms", self.first.max(self.again), "under", AIM_START_MS);
    }
}

fn aim(name: &str, figure: f64, direction: &str, aim: f64) {
    let is_met = if direction == "under" { figure < aim } else { figure >= aim };
    let verdict = if is_met { "met" } else { "MISSED" };
    println!("    aim: {name} {direction} {aim}: {figure:.2}, {verdict}");
}

#[expect(clippy::cast_precision_loss, reason = "microseconds of a run of seconds")]
fn quantile_ms(load: &Load, share: f64) -> f64 {
    load.latency_us.value_at_quantile(share) as f64 / 1000.0
}

#[expect(clippy::cast_precision_loss, reason = "kibibytes of a process")]
fn megabytes(kib: u64) -> f64 {
    kib as f64 * 1024.0 / 1e6
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a mean batch lies between 1 and some thousands"
)]
fn whole(mean: f64) -> usize {
    mean.round().max(1.0) as usize
}

pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    let middle = figures.len() / 2;
    let at = |place: usize| figures.get(place).copied().unwrap_or(f64::NAN);
    if figures.len() % 2 == 1 {
        at(middle)
    } else {
        f64::midpoint(at(middle.wrapping_sub(1)), at(middle))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_lies_in_the_middle() {
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!((median(vec![4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < f64::EPSILON);
        assert!(median(Vec::new()).is_nan());
    }
}
