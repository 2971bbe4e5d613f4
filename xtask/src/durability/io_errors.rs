//! Errors of the disk at every nth write, sync and cut: no false success, and work goes on.

use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use cv_analytics_harness::server_process::{CredentialsFile, ServerProcess, serve_command};

use crate::durability::acknowledged_events::{Sender, Sent, check_export};
use crate::product_program::exported_events;
use crate::tools::require_strace;

/// The calls by which bytes reach the disk.
const CALLS: &str = "pwrite64,fsync,fdatasync,ftruncate";
/// What they fail with.
const ERRORS: [&str; 2] = ["EIO", "ENOSPC"];
const EVENTS_PER_RUN: usize = 12;
const ATTACH_TIMEOUT: Duration = Duration::from_secs(30);
/// So many calls of each kind in a thread are failed one after the other in every run of the tests,
const IN_EVERY_RUN: RangeInclusive<usize> = 1..=5;
/// and in `cargo xtask simulate`.
const IN_THE_TASK: RangeInclusive<usize> = 1..=100;

pub(crate) fn check(program: &Path) -> Result<()> {
    check_each(program, IN_EVERY_RUN)
}

pub(crate) fn check_many(program: &Path) -> Result<()> {
    check_each(program, IN_THE_TASK)
}

/// In each thread of a running server the nth of every kind of call fails; what was acknowledged before,
/// meanwhile and after is there once the process was killed.
fn check_each(program: &Path, calls: RangeInclusive<usize>) -> Result<()> {
    require_strace()?;
    let work = tempfile::tempdir()?;
    let data = work.path().join("data");
    let log = work.path().join("server.log");
    let mut sent = Sent::default();
    let (mut refused, mut injected) = (0, 0);
    for (number, error) in calls.flat_map(|number| ERRORS.map(|error| (number, error))) {
        let what = || format!("call {number} of each kind fails with {error}");
        let server = ServerProcess::start(&mut serve_command(program, &data), &log)?;
        let key = CredentialsFile::read(&data)?.access_key()?;
        let mut sender = Sender::connect(&server.authority, &key, &format!("{error}-{number}"))?;
        let trace = work.path().join("trace");
        let mut tracer = attach(server.id(), &trace, &format!("{error}:when={number}"))?;
        let mut is_taken = false;
        for _ in 0..EVENTS_PER_RUN.max(2 * number) {
            let (event, acknowledged) = sender.send_one().with_context(what)?;
            is_taken = acknowledged;
            if acknowledged {
                sent.acknowledged.insert(event);
            } else {
                refused += 1;
                sent.unacknowledged.push(event);
            }
        }
        ensure!(is_taken, "{}: the server takes nothing afterwards\n{}", what(), server.log_tail());
        server.kill()?;
        tracer.wait()?;
        injected += fs::read_to_string(&trace)?.matches("(INJECTED)").count();
        check_export(&exported_events(program, &data)?, &sent).with_context(what)?;
    }
    println!(
        "{} events acknowledged and there, {refused} refused, {injected} calls failed",
        sent.acknowledged.len()
    );
    ensure!(refused > 0 && injected > 0, "no error reached the server");
    Ok(())
}

/// Lets strace fail calls of the process from now on, in all of its threads.
fn attach(process: u32, trace: &Path, error: &str) -> Result<Child> {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-p", &process.to_string(), "-e", &format!("trace={CALLS}")]);
    strace.args(["-e", &format!("inject={CALLS}:error={error}"), "-o"]).arg(trace);
    let tracer = strace.spawn().context("start strace")?;
    let until = Instant::now() + ATTACH_TIMEOUT;
    while !is_traced(process)? {
        ensure!(
            Instant::now() < until,
            "strace must be allowed to trace: a container needs the capability SYS_PTRACE"
        );
        thread::sleep(Duration::from_millis(5));
    }
    Ok(tracer)
}

/// Whether another process traces each thread of this one.
fn is_traced(process: u32) -> Result<bool> {
    for task in fs::read_dir(format!("/proc/{process}/task"))? {
        let status = fs::read_to_string(task?.path().join("status")).unwrap_or_default();
        if status.contains("TracerPid:\t0\n") {
            return Ok(false);
        }
    }
    Ok(true)
}
