//! `kill -9` in the middle of load: every acknowledged event is there afterwards, once.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use cv_analytics_harness::seeded::Seeded;
use cv_analytics_harness::server_process::{CredentialsFile, ServerProcess, serve_command};
use cv_analytics_harness::signer::AccessKey;

use crate::durability::acknowledged_events::{Sender, Sent, check_export};
use crate::now;
use crate::product_program::{exported_events, report};

const ROUNDS: usize = 5;
const CONNECTIONS: usize = 8;
const SEED: u64 = 0xc0ff_ee00;

pub(crate) fn check(program: &Path) -> Result<()> {
    let work = tempfile::tempdir()?;
    let data = work.path().join("data");
    let log = work.path().join("server.log");
    let mut seeded = Seeded::new(SEED);
    let mut sent = Sent::default();
    let mut server = ServerProcess::start(&mut serve_command(program, &data), &log)?;
    let key = CredentialsFile::read(&data)?.access_key()?;
    for round in 1..=ROUNDS {
        let kill_after = 100 + seeded.below(1_500);
        sent.add(load_until_killed(server, &key, round, kill_after)?);
        server = ServerProcess::start(&mut serve_command(program, &data), &log)?;
        check_export(&exported_events(program, &data)?, &sent)
            .with_context(|| format!("round {round}, killed after {kill_after} events"))?;
        let resent = send_again(&server.authority, &key, &mut sent)?;
        println!(
            "round {round}: killed after {kill_after} events, {} acknowledged so far are there once; \
             {resent} in flight sent again",
            sent.acknowledged.len()
        );
    }
    server.stop()?;
    check_export(&exported_events(program, &data)?, &sent)?;
    // Whatever was sent again lay within five minutes: deduplication swallows it, also after a crash.
    let week = now().strftime("%G-W%V").to_string();
    let report = report(program, &data, &week)?;
    let duplicates =
        report.pointer("/capture/deliveries/duplicates").and_then(serde_json::Value::as_u64);
    ensure!(duplicates == Some(0), "retries counted as {duplicates:?} duplicates");
    Ok(())
}

fn load_until_killed(
    server: ServerProcess,
    key: &AccessKey,
    round: usize,
    kill_after: usize,
) -> Result<Sent> {
    let acknowledged = AtomicUsize::new(0);
    let senders: Vec<Sender> = (0..CONNECTIONS)
        .map(|number| Sender::connect(&server.authority, key, &format!("round-{round}-{number}")))
        .collect::<Result<_>>()?;
    thread::scope(|scope| {
        let acknowledged = &acknowledged;
        let senders: Vec<_> = senders
            .into_iter()
            .map(|mut sender| {
                scope.spawn(move || sender.send_while_it_lives(acknowledged, || false))
            })
            .collect();
        while acknowledged.load(Ordering::Relaxed) < kill_after
            && senders.iter().any(|sender| !sender.is_finished())
        {
            thread::sleep(Duration::from_micros(200));
        }
        server.kill()?;
        let mut sent = Sent::default();
        for sender in senders {
            sent.add(sender.join().ok().context("a sender broke")?);
        }
        let count = acknowledged.load(Ordering::Relaxed);
        ensure!(count >= kill_after, "the server took {count} events and stopped answering");
        Ok(sent)
    })
}

/// As a client does: what was not acknowledged is sent again, under the same ids.
fn send_again(authority: &str, key: &AccessKey, sent: &mut Sent) -> Result<usize> {
    let mut sender = Sender::connect(authority, key, "again")?;
    let events = std::mem::take(&mut sent.unacknowledged);
    let count = events.len();
    for event in events {
        ensure!(
            sender.send(std::slice::from_ref(&event))?,
            "the server refused what is sent again"
        );
        sent.acknowledged.insert(event);
    }
    Ok(count)
}
