//! A trace of system calls shows that each answer of success comes after a sync of the log.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use cv_analytics_harness::server_process::{CredentialsFile, ServerProcess, under};

use crate::durability::acknowledged_events::{Sender, Sent, check_export};
use crate::product_program::exported_events;
use crate::tools::require_strace;

const CONNECTIONS: usize = 4;
const EVENTS_PER_CONNECTION: usize = 60;
/// Everything by which bytes come from a socket, go to one, or reach the disk.
const CALLS: &str = "trace=read,readv,recvfrom,recvmsg,write,writev,sendto,sendmsg,pwrite64,pwritev,pwritev2,\
                     fsync,fdatasync,sync_file_range";
const TRACE_TIMEOUT: Duration = Duration::from_mins(2);

pub(crate) fn check(program: &Path) -> Result<()> {
    require_strace()?;
    let work = tempfile::tempdir()?;
    let data = work.path().join("data");
    let trace = work.path().join("trace");
    // As a grandchild, so that the process that was started is the server.
    let wrapper =
        ["strace", "-D", "-f", "-yy", "-s", "16", "-o", &trace.to_string_lossy(), "-e", CALLS];
    let mut command = under(&wrapper, program, &["serve", "--listen", "127.0.0.1:0"], &data);
    let server = ServerProcess::start(&mut command, &work.path().join("server.log"))
        .context("strace must be allowed to trace: a container needs the capability SYS_PTRACE")?;
    let credentials = CredentialsFile::read(&data)?;
    let key = credentials.access_key()?;
    let token = credentials.value("CV_ANALYTICS_TOKEN")?;
    let senders = (0..CONNECTIONS)
        .map(|number| Sender::connect(&server.authority, &key, &format!("traced-{number}")));
    let senders: Vec<Sender> = senders.collect::<Result<_>>()?;
    let (sent, answers) = thread::scope(|scope| {
        let start = |sender| scope.spawn(move || send_events(sender, token));
        let senders: Vec<_> = senders.into_iter().map(start).collect();
        let mut all = (Sent::default(), 0);
        for sender in senders {
            let (sent, answers) = sender.join().ok().context("a sender broke")??;
            all.0.add(sent);
            all.1 += answers;
        }
        anyhow::Ok(all)
    })?;
    let id = server.id();
    server.stop()?;
    let summary = check_trace(&whole_trace(&trace, id)?)?;
    ensure!(
        summary.answers == answers,
        "{answers} answers were received, and the trace shows {}",
        summary.answers
    );
    println!("{} answers, each after one of {} syncs", summary.answers, summary.syncs);
    check_export(&exported_events(program, &data)?, &sent)
}

/// Single events, then many at once by either way; gives them, and how many answers they had.
fn send_events(mut sender: Sender, token: &str) -> Result<(Sent, usize)> {
    let mut sent = Sent::default();
    for _ in 0..EVENTS_PER_CONNECTION {
        let (event, acknowledged) = sender.send_one()?;
        ensure!(acknowledged, "an event was refused");
        sent.acknowledged.insert(event);
    }
    sent.acknowledged.extend(sender.send_many(token)?);
    Ok((sent, EVENTS_PER_CONNECTION + 2))
}

/// The trace, once strace has written the end of the process.
fn whole_trace(path: &Path, id: u32) -> Result<String> {
    let id = id.to_string();
    // strace fills a short id up with blanks.
    let is_end = |line: &str| {
        line.strip_prefix(&id).is_some_and(|rest| rest.trim_start().starts_with("+++ exited with"))
    };
    let until = Instant::now() + TRACE_TIMEOUT;
    loop {
        let trace = fs::read_to_string(path).context("read the trace")?;
        if trace.lines().any(is_end) {
            return Ok(trace);
        }
        ensure!(Instant::now() < until, "the trace has no end");
        thread::sleep(Duration::from_millis(20));
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Summary {
    answers: usize,
    syncs: usize,
}

/// A system call: the lines at which it began and ended, in the order in which strace saw them.
#[derive(Debug)]
struct Call {
    name: String,
    /// The file or the socket's two ends, as `-yy` shows them.
    target: String,
    arguments: String,
    result: i64,
    began: usize,
    ended: usize,
}

/// Every answer of success begins after a sync of the write-ahead log has ended that began, with a
/// write to that log before it, after the request had been read.
fn check_trace(trace: &str) -> Result<Summary> {
    let calls = calls(trace)?;
    let is_log = |call: &&Call| call.target.ends_with("-wal");
    let writes: Vec<&Call> =
        calls.iter().filter(is_log).filter(|call| call.name.starts_with("pwrite")).collect();
    let syncs: Vec<&Call> = calls
        .iter()
        .filter(is_log)
        .filter(|call| matches!(call.name.as_str(), "fsync" | "fdatasync") && call.result == 0)
        .collect();
    let mut received: HashMap<&str, usize> = HashMap::new();
    let mut answers = 0;
    // In the order of their ends for what is read, of their beginnings for what is answered.
    let mut order: Vec<(usize, &Call)> = calls
        .iter()
        .filter(|call| call.target.starts_with("TCP"))
        .map(|call| (if is_reading(call) { call.ended } else { call.began }, call))
        .collect();
    order.sort_unstable_by_key(|(line, _)| *line);
    for (line, call) in order {
        if is_reading(call) {
            if call.result > 0 {
                received.insert(&call.target, line);
            }
        } else if call.arguments.contains("HTTP/1.1 200") {
            answers += 1;
            let request = *received
                .get(call.target.as_str())
                .with_context(|| format!("line {}: an answer without a request", line + 1))?;
            let is_synced = syncs.iter().any(|sync| {
                sync.began > request
                    && sync.ended < line
                    && writes.iter().any(|write| write.began > request && write.ended < sync.began)
            });
            if !is_synced {
                bail!(
                    "the answer at line {} of the trace has no sync of its own: the request was read at line {}",
                    line + 1,
                    request + 1
                );
            }
        }
    }
    Ok(Summary { answers, syncs: syncs.len() })
}

fn is_reading(call: &Call) -> bool {
    call.name.starts_with("read") || call.name.starts_with("recv")
}

/// Reads `ID name(descriptor<target>, …) = result`, and the same cut in two where another thread
/// came between: `ID name(… <unfinished ...>`, `ID <... name resumed>…) = result`.
fn calls(trace: &str) -> Result<Vec<Call>> {
    let mut calls = Vec::new();
    let mut unfinished: HashMap<&str, Call> = HashMap::new();
    for (line, text) in trace.lines().enumerate() {
        let Some((id, text)) = text.split_once(' ') else { continue };
        let text = text.trim_start();
        let text = text.trim_start();
        if text.starts_with("+++") || text.starts_with("---") {
            continue;
        }
        if let Some(rest) = text.strip_prefix("<... ") {
            let Some(mut call) = unfinished.remove(id) else { continue };
            call.ended = line;
            call.arguments.push_str(rest);
            call.result = result(rest);
            calls.push(call);
            continue;
        }
        let (name, arguments) = text
            .split_once('(')
            .with_context(|| format!("line {} of the trace: {text}", line + 1))?;
        let target = arguments
            .split_once('<')
            .and_then(|(_, rest)| rest.split_once(">,").or_else(|| rest.split_once('>')));
        let call = Call {
            name: name.to_owned(),
            target: target.map(|(target, _)| target.to_owned()).unwrap_or_default(),
            arguments: arguments.to_owned(),
            result: result(arguments),
            began: line,
            ended: line,
        };
        if text.ends_with("<unfinished ...>") {
            unfinished.insert(id, call);
        } else {
            calls.push(call);
        }
    }
    Ok(calls)
}

/// The number after the last ` = `; -1 where there is none.
fn result(text: &str) -> i64 {
    let after = text.rsplit_once(" = ").map_or("", |(_, after)| after);
    after.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(-1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOCKET: &str = "9<TCP:[127.0.0.1:5->127.0.0.1:6]>";
    const LOG: &str = "7</d/cv-analytics.db-wal>";

    fn check(lines: &[&str], expect: Result<(usize, usize), &str>) {
        let trace: String = lines
            .iter()
            .map(|line| line.replace("SOCKET", SOCKET).replace("LOG", LOG) + "\n")
            .collect();
        match (check_trace(&trace), expect) {
            (Ok(summary), Ok((answers, syncs))) => assert_eq!(summary, Summary { answers, syncs }),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (found, expect) => panic!("{found:?} in place of {expect:?}"),
        }
    }

    const READ: &str = "1 recvfrom(SOCKET, \"POST / HTTP/1.1\\r\"..., 8192, 0, NULL, NULL) = 900";
    const WRITE: &str = "2 pwrite64(LOG, \"\\0\"..., 4096, 32) = 4096";
    const SYNC: &str = "2 fdatasync(LOG) = 0";
    const ANSWER: &str =
        "1 writev(SOCKET, [{iov_base=\"HTTP/1.1 200 OK\\r\"..., iov_len=300}], 1) = 300";

    #[test]
    fn an_answer_after_its_sync_is_right() {
        check(&[READ, WRITE, SYNC, ANSWER], Ok((1, 1)));
        check(&[READ, WRITE, SYNC, ANSWER, READ, WRITE, SYNC, ANSWER], Ok((2, 2)));
        let (began, ended) = ("2 fdatasync(LOG <unfinished ...>", "2 <... fdatasync resumed>) = 0");
        check(&[READ, WRITE, began, ended, ANSWER], Ok((1, 1)));
        check(&["1 sendto(SOCKET, \"HTTP/1.1 503 Ser\"..., 300, 0, NULL, 0) = 300"], Ok((0, 0)));
    }

    #[test]
    fn an_answer_before_its_sync_is_found() {
        let no_sync = Err("no sync of its own");
        check(&[READ, WRITE, ANSWER, SYNC], no_sync);
        check(&[WRITE, SYNC, READ, ANSWER], no_sync);
        check(&[READ, SYNC, ANSWER], no_sync);
        check(&[READ, WRITE, "2 fdatasync(LOG) = -1 EIO (Input/output error)", ANSWER], no_sync);
        check(&[READ, WRITE, "2 fdatasync(6</d/cv-analytics.db>) = 0", ANSWER], no_sync);
        let (began, ended) = ("2 fdatasync(LOG <unfinished ...>", "2 <... fdatasync resumed>) = 0");
        check(&[READ, WRITE, began, ANSWER, ended], no_sync);
        check(&[WRITE, began, READ, ended, ANSWER], no_sync);
        check(&[ANSWER], Err("without a request"));
    }
}
