//! Errors of the disk at every nth write, sync and cut: no false success, and work goes on.

use std::ops::RangeInclusive;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use cv_analytics_harness::server_process::{CredentialsFile, ServerProcess, serve_command, under};

use crate::durability::acknowledged_events::{Sender, Sent, check_export};
use crate::product_program::exported_events;
use crate::tools::require_strace;

/// The calls by which bytes reach the disk.
const CALLS: &str = "pwrite64,fsync,fdatasync,ftruncate";
/// What they fail with.
const ERRORS: [&str; 2] = ["EIO", "ENOSPC"];
const EVENTS_EACH: usize = 12;
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

/// In each thread of a server the nth of every kind of call fails; what was acknowledged before, meanwhile
/// and after is there once the process was killed.
fn check_each(program: &Path, calls: RangeInclusive<usize>) -> Result<()> {
    require_strace()?;
    let work = tempfile::tempdir()?;
    let data = work.path().join("data");
    let log = work.path().join("server.log");
    ServerProcess::start(&mut serve_command(program, &data), &log)?.stop()?;
    let key = CredentialsFile::read(&data)?.access_key()?;
    let mut sent = Sent::default();
    let (mut refused, mut not_started) = (0, 0);
    for (number, error) in calls.flat_map(|number| ERRORS.map(|error| (number, error))) {
        let injected = format!("inject={CALLS}:error={error}:when={number}");
        let trace = format!("trace={CALLS}");
        let trace_file = work.path().join("trace");
        let wrapper = [
            "strace",
            "-D",
            "-f",
            "-o",
            &trace_file.to_string_lossy(),
            "-e",
            &trace,
            "-e",
            &injected,
        ];
        let mut command = under(&wrapper, program, &["serve", "--listen", "127.0.0.1:0"], &data);
        // It may fail before it takes anything, and then has to end.
        let Ok(server) = ServerProcess::start(&mut command, &log) else {
            not_started += 1;
            continue;
        };
        let what = || format!("call {number} of each kind fails with {error}");
        let mut sender = Sender::connect(&server.authority, &key, &format!("{error}-{number}"))?;
        let mut is_taken = false;
        for _ in 0..EVENTS_EACH {
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
        check_export(&exported_events(program, &data)?, &sent).with_context(what)?;
    }
    println!(
        "{} events acknowledged and there, {refused} refused, {not_started} starts failed",
        sent.acknowledged.len()
    );
    ensure!(refused + not_started > 0, "no error reached the server");
    Ok(())
}
