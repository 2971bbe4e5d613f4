//! Measures intake, reports and pages: run by `cargo xtask bench`.
//!
//! In reading order:
//!
//! 1. [`machine`]: what it was measured on.
//! 2. [`ladder`]: intake, rung by rung: [`fsyncs`] (R0), [`raw_inserts`] (R1), [`rung_servers`]
//!    (R2 and R3), and the program itself (R4).
//! 3. [`signed_messages`], [`generator`] and [`loaded_server`]: what loads R2 to R4.
//! 4. [`report_runs`]: reports over a store that [`filled_store`] fills with [`questions`].
//! 5. [`page_rounds`]: every page of the dashboard over two years.
//! 6. [`lambda_rounds`]: the processor of Lambda beside others, fed with [`queue_batches`];
//!    [`request_units`]: what each path costs, by [`capacity_meter`].

mod capacity_meter;
mod filled_store;
mod fsyncs;
mod generator;
mod ladder;
mod lambda_rounds;
mod loaded_server;
mod machine;
mod page_rounds;
mod questions;
mod queue_batches;
mod raw_inserts;
mod report_runs;
mod request_units;
mod rung_servers;
mod signed_messages;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::lambda_rounds::Rounds;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cv-analytics-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Result<()> {
    match arguments {
        ["intake", program] => ladder::climb(Path::new(program), &ladder::Durations::FULL),
        ["intake", program, "--quick"] => {
            ladder::climb(Path::new(program), &ladder::Durations::QUICK)
        }
        ["report", program] => report_runs::measure(Path::new(program), &[1, 2, 4]),
        ["report", program, "--ten"] => report_runs::measure(Path::new(program), &[1, 2, 4, 10]),
        ["pages", program] => page_rounds::measure(Path::new(program), page_rounds::Rounds::FULL),
        ["pages", program, "--quick"] => {
            page_rounds::measure(Path::new(program), page_rounds::Rounds::QUICK)
        }
        ["lambda", folder] => lambda_rounds::measure(Path::new(folder), Rounds::FULL),
        ["lambda", folder, "--quick"] => lambda_rounds::measure(Path::new(folder), Rounds::QUICK),
        // What the benchmark starts as processes of their own.
        ["fill", data, count] => filled_store::fill(Path::new(data), count.parse()?, 1),
        ["fill", data, count, weeks] => {
            filled_store::fill(Path::new(data), count.parse()?, weeks.parse()?)
        }
        [rung @ ("constant" | "no-store"), "serve", .., "--data", data] => {
            rung_servers::serve(rung, Path::new(data))
        }
        _ => bail!(
            "this is run by `cargo xtask bench intake`, `bench report`, `bench pages` or `bench lambda`"
        ),
    }
}
