//! `cargo xtask bench lambda`: the processor beside a Node.js one and a function that does nothing.

pub(crate) mod capacity_meter;
pub(crate) mod queue_batches;
pub(crate) mod request_units;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use cv_analytics_harness::emulators::dynoxide::DynoxideServer;
use cv_analytics_harness::emulators::tables::{self, ANALYTICS, QUERY_EVENTS};
use cv_analytics_harness::emulators::tls_front::TlsFront;
use cv_analytics_harness::lambda::{LambdaFunction, LambdaRuntime};
use cv_analytics_harness::tools_cache::DYNOXIDE_VERSION;
use serde_json::{Value, json};

use crate::lambda::queue_batches::QueueBatches;
use crate::machine;

/// Batches after the first, of each start.
const WARM_BATCHES: usize = 20;
const INTERACTIONS_PER_BATCH: u64 = 5;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rounds {
    /// Starts of each case, with the batches after it.
    whole: usize,
    /// Starts of only the processor and the floor, alternating.
    pairs: usize,
}

impl Rounds {
    pub(crate) const FULL: Self = Self { whole: 15, pairs: 100 };
    pub(crate) const QUICK: Self = Self { whole: 2, pairs: 3 };
}

/// A function that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Processor,
    Reference,
    Floor,
}

impl Subject {
    const ALL: [Self; 3] = [Self::Processor, Self::Reference, Self::Floor];

    /// Its folder, and its tables' owner.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Processor => "processor",
            Self::Reference => "reference",
            Self::Floor => "floor",
        }
    }

    pub(crate) fn table(self, name: &str) -> String {
        format!("{}-{name}", self.name())
    }

    /// The function in `folder`, with its tables at `url`, as the templates deploy it: the key of the
    /// session hash is in the table.
    pub(crate) fn function(self, folder: &Path, url: &str) -> LambdaFunction {
        let bootstrap = folder.join(self.name()).join("bootstrap");
        LambdaFunction::new(self.name(), &bootstrap)
            .variable("AWS_ENDPOINT_URL_DYNAMODB", url)
            .variable("QUERY_EVENTS_TABLE", &self.table(QUERY_EVENTS))
            .variable("ANALYTICS_TABLE", &self.table(ANALYTICS))
            .variable("ENVIRONMENT", "benchmark")
    }
}

/// How a function that is measured reaches its tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transport {
    Http,
    /// With the certificate of a private authority.
    Tls,
}

/// What is measured in each round.
const CASES: [(Subject, Transport); 5] = [
    (Subject::Processor, Transport::Http),
    (Subject::Reference, Transport::Http),
    (Subject::Floor, Transport::Http),
    (Subject::Processor, Transport::Tls),
    (Subject::Reference, Transport::Tls),
];

/// One start, and what followed.
#[derive(Clone, Copy, Debug)]
struct Life {
    start: Duration,
    first_batch: Duration,
    warm_batch: Duration,
    peak_kib: u64,
}

/// Measures what is in `folder`: for each subject a folder with its `bootstrap`, and a zip file.
pub(crate) fn measure(folder: &Path, rounds: Rounds) -> Result<()> {
    machine::print(folder)?;
    println!("dynoxide     {DYNOXIDE_VERSION}");
    println!("Node.js      {}\n", fs::read_to_string(folder.join("node-version"))?.trim());
    println!("{}", method(rounds));
    let mut batches = QueueBatches::default();
    let mut next = 0;
    let mut lives: [Vec<Life>; CASES.len()] = Default::default();
    for round in 0..rounds.whole {
        let emulator = Emulator::start()?;
        make_session_key(&emulator, folder)?;
        // In turn, and each first as often as the others.
        for place in 0..CASES.len() {
            let index = (round + place) % CASES.len();
            let (Some((subject, transport)), Some(lives)) =
                (CASES.get(index), lives.get_mut(index))
            else {
                continue;
            };
            let function = emulator.function(*subject, *transport, folder);
            lives.push(live(&function, &mut batches, &mut next)?);
        }
        emulator.ensure_all_kept()?;
    }
    let emulator = Emulator::start()?;
    let pairs = start_in_pairs(folder, &emulator, rounds.pairs)?;
    let [processor, reference, floor, processor_over_tls, reference_over_tls] = lives;
    print_figures(folder, &processor, &reference, &floor)?;
    print_over_tls(&processor_over_tls, &reference_over_tls);
    print_pairs(&pairs);
    request_units::print(folder, emulator.dynoxide.authority(), &mut batches, &mut next)
}

/// A dynoxide with the tables of each function. Each round has a new one: DynamoDB describes a table in
/// the same time however much is in it, dynoxide one with some thousand records in ten times as long.
struct Emulator {
    dynoxide: DynoxideServer,
    front: TlsFront,
}

impl Emulator {
    fn start() -> Result<Self> {
        let dynoxide = DynoxideServer::start()?;
        let authority = dynoxide.authority();
        for subject in Subject::ALL {
            let (query_events, analytics) = (subject.table(QUERY_EVENTS), subject.table(ANALYTICS));
            tables::create(authority, &query_events, &analytics)?;
        }
        let front = TlsFront::before(authority)?;
        Ok(Self { dynoxide, front })
    }

    fn function(&self, subject: Subject, transport: Transport, folder: &Path) -> LambdaFunction {
        let ca_bundle = self.front.ca_bundle().to_string_lossy();
        match transport {
            Transport::Http => {
                subject.function(folder, &format!("http://{}", self.dynoxide.authority()))
            }
            Transport::Tls => subject
                .function(folder, &self.front.url)
                .variable("AWS_CA_BUNDLE", &ca_bundle)
                .variable("NODE_EXTRA_CA_CERTS", &ca_bundle),
        }
    }

    /// Over both transports. The processor's key of the session hash is beside the records.
    fn ensure_all_kept(&self) -> Result<()> {
        let sent = (2 * (WARM_BATCHES + 1)) as u64 * INTERACTIONS_PER_BATCH;
        for subject in [Subject::Processor, Subject::Reference] {
            let table = subject.table(ANALYTICS);
            let items = tables::count(self.dynoxide.authority(), &table)?;
            let kept = items - u64::from(subject == Subject::Processor);
            ensure!(kept == sent, "{} kept {kept} of {sent} interactions", subject.name());
        }
        Ok(())
    }
}

/// Lets a processor make the key of the session hash, which an installation does once.
fn make_session_key(emulator: &Emulator, folder: &Path) -> Result<()> {
    let function = emulator.function(Subject::Processor, Transport::Http, folder);
    let empty = LambdaRuntime::start(&function)?.invoke(&json!({"Records": []}))?;
    ensure_all_kept(empty.response()?).with_context(|| empty.lines.join("\n"))
}

/// One environment from its start to its end.
fn live(function: &LambdaFunction, batches: &mut QueueBatches, next: &mut u64) -> Result<Life> {
    let mut runtime = LambdaRuntime::start(function)?;
    let start = runtime.started_in;
    let mut invoke = || -> Result<Duration> {
        let invocation = runtime.invoke(&batches.five_in_order(*next))?;
        *next += INTERACTIONS_PER_BATCH;
        ensure_all_kept(invocation.response()?).with_context(|| invocation.lines.join("\n"))?;
        Ok(invocation.took)
    };
    let first_batch = invoke()?;
    let mut warm = (0..WARM_BATCHES).map(|_| invoke()).collect::<Result<Vec<_>>>()?;
    let warm_batch = median(&mut warm);
    Ok(Life { start, first_batch, warm_batch, peak_kib: runtime.memory()?.peak_kib })
}

pub(crate) fn ensure_all_kept(response: &Value) -> Result<()> {
    let failures = response.get("batchItemFailures").context("an answer lists failures")?;
    ensure!(*failures == json!([]), "messages were returned: {failures}");
    Ok(())
}

fn method(rounds: Rounds) -> String {
    format!(
        "method       {} rounds; in each the three functions start one after another, in changing order, against\n\
         \x20            one Runtime API and a dynoxide for each round on this machine: over HTTP, and the first two\n\
         \x20            also over TLS with a private authority (AWS_CA_BUNDLE, NODE_EXTRA_CA_CERTS). start: from\n\
         \x20            the start of the process to its first call of `next`; batch: from the handing over of ten\n\
         \x20            messages, five interactions in order, to the answer; warm: the median of {WARM_BATCHES} more;\n\
         \x20            memory: the kernel's VmHWM after that. Medians of all rounds, the lowest and the highest\n\
         \x20            in parentheses. The processor's time is not limited, as Lambda limits it by memory.\n",
        rounds.whole
    )
}

/// A start of each, the other first in every second pair.
struct Pair {
    processor: Duration,
    floor: Duration,
}

/// Starts the processor and the floor in turn: after Node.js, caches hold neither of them.
fn start_in_pairs(folder: &Path, emulator: &Emulator, pairs: usize) -> Result<Vec<Pair>> {
    let start = |subject: Subject| -> Result<Duration> {
        let function = emulator.function(subject, Transport::Http, folder);
        Ok(LambdaRuntime::start(&function)?.started_in)
    };
    (0..pairs)
        .map(|number| {
            if number % 2 == 0 {
                let processor = start(Subject::Processor)?;
                Ok(Pair { processor, floor: start(Subject::Floor)? })
            } else {
                let floor = start(Subject::Floor)?;
                Ok(Pair { processor: start(Subject::Processor)?, floor })
            }
        })
        .collect()
}

fn print_pairs(pairs: &[Pair]) {
    let millis = |duration: Duration| duration.as_secs_f64() * 1e3;
    let processor = Spread::of(pairs.iter().map(|pair| millis(pair.processor)));
    let floor = Spread::of(pairs.iter().map(|pair| millis(pair.floor)));
    let mut ratios: Vec<f64> =
        pairs.iter().map(|pair| millis(pair.processor) / millis(pair.floor)).collect();
    println!(
        "{} pairs of starts, only these two alternating, in ms: processor {processor}, floor {floor};\n\
         the ratio of a pair, median: {:.2}\n",
        pairs.len(),
        median(&mut ratios)
    );
}

fn print_figures(
    folder: &Path,
    processor: &[Life],
    reference: &[Life],
    floor: &[Life],
) -> Result<()> {
    println!(
        "{:<22}{:>24}{:>24}{:>24}{:>12}{:>12}",
        "", "processor", "Node.js reference", "floor", "Node.js is", "floor is"
    );
    let row = |name: &str, unit: &str, value: &dyn Fn(&Life) -> f64| {
        let [processor, reference, floor] =
            [processor, reference, floor].map(|lives| Spread::of(lives.iter().map(value)));
        println!(
            "{:<22}{processor:>24}{reference:>24}{floor:>24}{:>12}{:>12}",
            format!("{name}, {unit}"),
            Times(reference.median / processor.median).to_string(),
            Times(floor.median / processor.median).to_string(),
        );
        (reference.median / processor.median, processor.median / floor.median)
    };
    let millis = |duration: Duration| duration.as_secs_f64() * 1e3;
    let (faster, above_floor) = row("start", "ms", &|life| millis(life.start));
    row("first batch", "ms", &|life| millis(life.first_batch));
    row("start and batch", "ms", &|life| millis(life.start + life.first_batch));
    row("warm batch", "ms", &|life| millis(life.warm_batch));
    #[expect(clippy::cast_precision_loss, reason = "some megabytes")]
    let (lighter, _) = row("memory", "MB", &|life| life.peak_kib as f64 / 1024.0);
    let sizes = Subject::ALL.map(|subject| zip_megabytes(folder, subject));
    let [processor_zip, reference_zip, floor_zip] = sizes;
    let (processor_zip, reference_zip, floor_zip) = (processor_zip?, reference_zip?, floor_zip?);
    println!(
        "{:<22}{processor_zip:>24.2}{reference_zip:>24.2}{floor_zip:>24.2}{:>12}{:>12}\n",
        "zip file, MB",
        Times(reference_zip / processor_zip).to_string(),
        Times(floor_zip / processor_zip).to_string()
    );
    let aim = |text: &str, figure: String, is_met: bool| {
        println!("{text:<58}{figure:>10}  {}", if is_met { "met" } else { "missed" });
    };
    aim("start at least 12 times faster than Node.js", Times(faster).to_string(), faster >= 12.0);
    aim("start within 2 times the floor", Times(above_floor).to_string(), above_floor <= 2.0);
    aim("memory at most an eighth of Node.js's", format!("1/{lighter:.1}"), lighter >= 8.0);
    aim("zip file at most 4 MB", format!("{processor_zip:.2} MB"), processor_zip <= 4.0);
    println!();
    Ok(())
}

/// The processor connects before its first `next`, the reference with its first batch: the two
/// together are what can be compared.
fn print_over_tls(processor: &[Life], reference: &[Life]) {
    println!(
        "{:<22}{:>24}{:>24}{:>24}{:>12}",
        "over TLS", "processor", "Node.js reference", "", "Node.js is"
    );
    let row = |name: &str, value: &dyn Fn(&Life) -> Duration| {
        let millis = |life: &Life| value(life).as_secs_f64() * 1e3;
        let [processor, reference] =
            [processor, reference].map(|lives| Spread::of(lives.iter().map(millis)));
        let times = Times(reference.median / processor.median).to_string();
        println!(
            "{:<22}{processor:>24}{reference:>24}{:>24}{times:>12}",
            format!("{name}, ms"),
            ""
        );
    };
    row("start", &|life| life.start);
    row("first batch", &|life| life.first_batch);
    row("start and batch", &|life| life.start + life.first_batch);
    row("warm batch", &|life| life.warm_batch);
    println!();
}

fn zip_megabytes(folder: &Path, subject: Subject) -> Result<f64> {
    let path: PathBuf = folder.join(format!("{}.zip", subject.name()));
    let bytes = fs::metadata(&path).with_context(|| format!("look at {}", path.display()))?.len();
    #[expect(clippy::cast_precision_loss, reason = "some megabytes")]
    Ok(bytes as f64 / 1e6)
}

/// Half of the values are below it.
fn median<T: Copy + PartialOrd + Default>(values: &mut [T]) -> T {
    values.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// A median with the lowest and the highest.
struct Spread {
    median: f64,
    lowest: f64,
    highest: f64,
}

impl Spread {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        let median = median(&mut values);
        let end = |value: Option<&f64>| value.copied().unwrap_or_default();
        Self { median, lowest: end(values.first()), highest: end(values.last()) }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:.1} ({:.1}-{:.1})", self.median, self.lowest, self.highest);
        formatter.pad(&text)
    }
}

/// So many times as much.
struct Times(f64);

impl fmt::Display for Times {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:.1}x", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_says_median_lowest_and_highest() {
        let spread = Spread::of([3.0, 1.0, 2.25].into_iter());
        assert_eq!(format!("{spread:>16}"), "   2.2 (1.0-3.0)");
    }
}
