//! Measures intake, reports and pages: run by `cargo xtask bench`.
//!
//! In reading order:
//!
//! 1. [`machine`]: what it was measured on.
//! 2. [`intake`]: the ladder, rung by rung, with what loads it.
//! 3. [`report`]: reports over a store that [`filled_store`] fills with [`questions`].
//! 4. [`pages`]: every page of the dashboard over two years.
//! 5. [`lambda`]: the processor of Lambda beside others, and what each path costs.
//! 6. [`reporter`]: the reporter of Lambda over pages of eight weeks.

mod filled_store;
mod intake;
mod lambda;
mod machine;
mod pages;
mod questions;
mod report;
mod reporter;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::lambda::Rounds;

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
        ["intake", program] => intake::climb(Path::new(program), &intake::Durations::FULL),
        ["intake", program, "--quick"] => {
            intake::climb(Path::new(program), &intake::Durations::QUICK)
        }
        ["report", program] => report::measure(Path::new(program), &[1, 2, 4]),
        ["report", program, "--ten"] => report::measure(Path::new(program), &[1, 2, 4, 10]),
        ["pages", program] => pages::measure(Path::new(program), pages::Rounds::FULL),
        ["pages", program, "--quick"] => pages::measure(Path::new(program), pages::Rounds::QUICK),
        ["lambda", folder] => lambda::measure(Path::new(folder), Rounds::FULL),
        ["lambda", folder, "--quick"] => lambda::measure(Path::new(folder), Rounds::QUICK),
        ["reporter", program, options @ ..] => {
            let (earlier, rounds) = match options {
                [] => (None, reporter::Rounds::FULL),
                ["--quick"] => (None, reporter::Rounds::QUICK),
                ["--earlier", earlier] => (Some(Path::new(*earlier)), reporter::Rounds::FULL),
                ["--quick", "--earlier", earlier] => {
                    (Some(Path::new(*earlier)), reporter::Rounds::QUICK)
                }
                _ => bail!("this is run by `cargo xtask bench reporter`"),
            };
            reporter::measure(Path::new(program), earlier, rounds)
        }
        // What the benchmark starts as separate processes.
        ["fill", data, count] => filled_store::fill(Path::new(data), count.parse()?, 1),
        ["fill", data, count, weeks] => {
            filled_store::fill(Path::new(data), count.parse()?, weeks.parse()?)
        }
        [rung @ ("constant" | "no-store"), "serve", .., "--data", data] => {
            intake::rung_servers::serve(rung, Path::new(data))
        }
        _ => bail!(
            "this is run by `cargo xtask bench intake`, `bench report`, `bench pages`, `bench lambda` or `bench reporter`"
        ),
    }
}
