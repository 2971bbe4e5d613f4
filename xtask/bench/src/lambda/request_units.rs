//! What each path of an interaction costs in request units, measured in front of the tables.

use std::path::Path;

use anyhow::{Result, ensure};
use cv_analytics_harness::emulators::tables::{self, ANALYTICS};
use cv_analytics_harness::lambda::LambdaRuntime;
use serde_json::json;

use crate::lambda::capacity_meter::{CapacityMeter, Consumed};
use crate::lambda::queue_batches::{Half, QueueBatches, is_whole, request_id};
use crate::lambda::{Subject, ensure_all_kept};

/// Dollars a million on-demand units of the Standard table class in eu-west-2, as
/// <https://aws.amazon.com/dynamodb/pricing/on-demand/> has had them since then, when AWS halved
/// them (<https://aws.amazon.com/blogs/database/new-amazon-dynamodb-lowers-pricing-for-on-demand-throughput-and-global-tables/>).
const PRICES_OF: &str = "1 November 2024";
const DOLLARS_PER_MILLION_WRITES: f64 = 0.7423;
const DOLLARS_PER_MILLION_READS: f64 = 0.1485;

/// The halves of one interaction, batch after batch.
type Batches = &'static [&'static [Half]];

/// A way of an interaction into the tables, and what it has to consume.
struct Arrival {
    name: &'static str,
    /// What comes before what is measured.
    before: Batches,
    measured: Batches,
    processor: Consumed,
    reference: Consumed,
}

const fn consumed(write: f64, read: f64, failed_conditions: u32) -> Consumed {
    Consumed { write, read, failed_conditions }
}

const REFERENCE: Consumed = consumed(4.0, 0.5, 0);

const PATHS: [Arrival; 6] = [
    Arrival {
        name: "in order",
        before: &[],
        measured: &[&[Half::Query], &[Half::Response]],
        processor: consumed(3.0, 0.5, 0),
        reference: REFERENCE,
    },
    Arrival {
        name: "response first",
        before: &[],
        measured: &[&[Half::Response], &[Half::Query]],
        processor: consumed(4.0, 0.5, 0),
        reference: REFERENCE,
    },
    Arrival {
        name: "both in one batch",
        before: &[],
        measured: &[&[Half::Query, Half::Response]],
        processor: consumed(2.0, 0.0, 0),
        reference: REFERENCE,
    },
    Arrival {
        name: "query, then a self-contained response",
        before: &[],
        measured: &[&[Half::Query], &[Half::SelfContained]],
        processor: consumed(3.0, 0.0, 0),
        reference: REFERENCE,
    },
    Arrival {
        name: "query alone, until it is promoted",
        before: &[],
        measured: &[&[Half::Query]],
        processor: consumed(1.0, 0.0, 0),
        reference: consumed(1.0, 0.0, 0),
    },
    Arrival {
        name: "the response again",
        before: &[&[Half::Query], &[Half::Response]],
        measured: &[&[Half::Response]],
        processor: consumed(0.0, 0.5, 1),
        reference: REFERENCE,
    },
];

/// Measures and prints every path of the processor and the reference.
///
/// # Errors
/// A path that costs something else than [`PATHS`] says.
pub(crate) fn print(
    folder: &Path,
    tables: &str,
    batches: &mut QueueBatches,
    next: &mut u64,
) -> Result<()> {
    println!(
        "Request units an interaction (writes + reads, `!` a failed condition, which AWS bills and no\n\
         emulator returns), dollars a million interactions (eu-west-2, on demand, prices of {PRICES_OF}),\n\
         and whether the record then has both halves:\n"
    );
    println!("{:<40}{:>34}{:>34}", "", "processor", "Node.js reference");
    let mut columns = Vec::new();
    for subject in [Subject::Processor, Subject::Reference] {
        let meter = CapacityMeter::before(tables)?;
        let url = format!("http://{}", meter.authority);
        let mut runtime = LambdaRuntime::start(&subject.function(folder, &url))?;
        // The session key is read once an environment.
        ensure_all_kept(runtime.invoke(&json!({"Records": []}))?.response()?)?;
        let mut cells = Vec::new();
        for Arrival { name, before, measured, processor, reference } in PATHS {
            let interaction = *next;
            *next += 1;
            deliver(&mut runtime, batches, interaction, before)?;
            meter.take()?;
            deliver(&mut runtime, batches, interaction, measured)?;
            let consumed = meter.take()?;
            let expected = if subject == Subject::Processor { processor } else { reference };
            ensure!(
                consumed == expected,
                "{}: {name}: {consumed:?} were consumed, not {expected:?}",
                subject.name()
            );
            let table = subject.table(ANALYTICS);
            let record = tables::item(tables, &table, &request_id(interaction))?;
            cells.push(cell(consumed, record.as_ref().map(is_whole)));
        }
        columns.push(cells);
    }
    for (row, Arrival { name, .. }) in PATHS.iter().enumerate() {
        print!("{name:<40}");
        for cell in columns.iter().filter_map(|cells| cells.get(row)) {
            print!("{cell:>34}");
        }
        println!();
    }
    Ok(())
}

fn deliver(
    runtime: &mut LambdaRuntime,
    batches: &mut QueueBatches,
    interaction: u64,
    path: Batches,
) -> Result<()> {
    for halves in path {
        let halves: Vec<_> = halves.iter().map(|half| (interaction, *half)).collect();
        let invocation = runtime.invoke(&batches.batch(&halves))?;
        ensure_all_kept(invocation.response()?)?;
    }
    Ok(())
}

fn cell(consumed: Consumed, is_whole: Option<bool>) -> String {
    let Consumed { write, read, failed_conditions } = consumed;
    let dollars = write * DOLLARS_PER_MILLION_WRITES + read * DOLLARS_PER_MILLION_READS;
    let failed = if failed_conditions > 0 { "!" } else { "" };
    let record = match is_whole {
        Some(true) => "whole",
        Some(false) => "HALF LOST",
        None => "no record",
    };
    format!("{write} + {read}{failed}   ${dollars:.2}   {record:<9}")
}
