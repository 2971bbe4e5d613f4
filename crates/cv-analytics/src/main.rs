//! `cv-analytics`: what people ask an AI agent, and what it could not answer.

mod arguments;
mod clock;
mod commands;
mod http_client;
mod input;
mod install;
mod output;
mod queue_client;
mod signature;
mod stop_signal;
mod usage_error;

use std::process::ExitCode;

use anyhow::Result;

use crate::arguments::{Arguments, Command};
use crate::commands::{
    archive, completions, dead_letters, demo, doctor, events, forget, gaps, init, man, report,
    restore, serve, settings, skills,
};
#[cfg(not(feature = "aws"))]
use crate::install::open_store::missing_aws;
use crate::install::template_process;
use crate::usage_error::UsageError;

fn main() -> ExitCode {
    if template_process::is_requested() {
        return template_process::run().map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
    }
    let arguments = Arguments::read();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if output::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) if error.is::<UsageError>() => Arguments::refuse(&error),
        Err(error) => {
            output::complain(format!("error: {}", output::with_causes(&error)));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<()> {
    let Arguments { installation, command, .. } = arguments;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers(&command))
        .enable_all()
        .build()?;
    let done = runtime.block_on(async {
        match command {
            Command::Init(init) => init::run(&installation, init),
            Command::Serve(serve) => serve::run(&installation, serve).await,
            Command::Demo(demo) => demo::run(&installation, demo).await,
            Command::Report(report) => report::run(&installation, report).await,
            Command::Events(events) => events::run(&installation, events).await,
            Command::DeadLetters(dead_letters) => {
                dead_letters::run(&installation, dead_letters).await
            }
            Command::Gaps(gaps) => gaps::run(&installation, gaps).await,
            Command::Skills(skills) => skills::run(&installation, skills).await,
            Command::Settings(settings) => settings::run(&installation, settings).await,
            Command::Forget(forget) => forget::run(&installation, forget).await,
            Command::Archive(archive) => archive::run(&installation, archive).await,
            Command::Restore(restore) => restore::run(&installation, restore).await,
            #[cfg(feature = "aws")]
            Command::Cost(cost) => commands::cost::run(&cost),
            #[cfg(not(feature = "aws"))]
            Command::Cost { .. } => Err(usage_error::usage_error(missing_aws("cost"))),
            Command::Doctor(doctor) => doctor::run(&installation, doctor).await,
            Command::Completions(completions) => completions::run(&completions),
            Command::Man(man) => man::run(&man),
        }
    });
    // A thread that still waits for standard input or a page of rows must not hold up the end.
    runtime.shutdown_background();
    done
}

/// One thread per core answers requests; other commands need no more than one.
fn workers(command: &Command) -> usize {
    match command {
        Command::Serve(_) | Command::Demo(_) => {
            std::thread::available_parallelism().map_or(2, std::num::NonZeroUsize::get)
        }
        _ => 1,
    }
}
