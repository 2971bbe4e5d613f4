//! The owner's mail templates are filled in by a separate process, since no engine bounds all that a template
//! may ask for: a list that is added to itself thirty times has no end. The program starts itself for it, with a
//! bound on its processor time and, on Linux, its memory; where it cannot be had, the time on the clock remains.

use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::Result;
use cv_analytics_insights::view::render::owner_template::run_job;

/// The argument that makes the program this process; nobody else gives it.
const ARGUMENT: &str = "fill-in-mail-template";

/// Of the processor.
const MAX_PROCESSOR_SECONDS: u64 = 5;
/// Of all that it maps, the program itself among it: a template is filled in with a few.
const MAX_MEMORY_MB: u64 = 512;
/// On the clock: the machine may be busy.
const CLOCK_TIMEOUT: Duration = Duration::from_secs(30);

/// Whether this process is the one that fills in a template.
pub(crate) fn is_requested() -> bool {
    std::env::args_os().nth(1).is_some_and(|argument| argument == ARGUMENT)
}

/// Fills in the template that standard input holds, within bounds.
pub(crate) fn run() -> Result<()> {
    #[cfg(unix)]
    bound_this_process()?;
    let job = io::read_to_string(io::stdin())?;
    Ok(io::stdout().write_all(run_job(&job)?.as_bytes())?)
}

#[cfg(unix)]
fn bound_this_process() -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let bounds = [
        // What is killed leaves no copy of the report.
        (Resource::Core, 0),
        (Resource::Cpu, MAX_PROCESSOR_SECONDS),
        #[cfg(target_os = "linux")]
        (Resource::As, MAX_MEMORY_MB << 20),
    ];
    for (resource, most) in bounds {
        let most = getrlimit(resource).maximum.map_or(most, |there| most.min(there));
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    Ok(())
}

/// Has the job done by another process, and waits for it; other tasks of this thread go on elsewhere.
pub(crate) fn run_in_process(job: &str) -> Result<String, String> {
    tokio::task::block_in_place(|| output_of_process(job))
        .map_err(|error| format!("cannot be filled in: {error}"))?
        .ok_or_else(|| {
            format!(
                "too long: it takes more than {MAX_PROCESSOR_SECONDS} s or {MAX_MEMORY_MB} MB, which no mail needs"
            )
        })
}

/// `None` where the process did not come to its end.
fn output_of_process(job: &str) -> io::Result<Option<String>> {
    let mut process = Command::new(this_program()?)
        .arg(ARGUMENT)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let (input, output) = (process.stdin.take(), process.stdout.take());
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut filled = String::new();
        let is_read = output.is_some_and(|mut output| output.read_to_string(&mut filled).is_ok());
        // Nobody waits any more.
        let _ = sender.send(is_read.then_some(filled));
    });
    // It reads all before it begins; where it is gone, its status says so.
    let _ = input.map(|mut input| input.write_all(job.as_bytes()));
    let filled = receiver.recv_timeout(CLOCK_TIMEOUT).ok().flatten();
    if filled.is_none() {
        process.kill()?;
    }
    let status = process.wait()?;
    Ok(filled.filter(|_| status.success()))
}

/// The file of this program: on Linux of the one that runs, though an upgrade may have put another in its place.
fn this_program() -> io::Result<PathBuf> {
    if cfg!(target_os = "linux") { Ok("/proc/self/exe".into()) } else { std::env::current_exe() }
}
