//! Measures the store on this machine: `cargo run --release -p cv-analytics-sqlite --example
//! measure_store -- FOLDER`. The folder decides which disk; it has to be empty.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "figures for a person, far below 2^52"
)]

use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use cv_analytics_core::event::{Event, EventBody, RequestId, SessionId};
use cv_analytics_core::intake::{Content, Intake};
use cv_analytics_core::privacy::{Privacy, SessionKey};
use cv_analytics_core::store::{
    Arrival, DeduplicationId, EventStore as _, ReportSource as _, Store as _,
};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_sqlite::SqliteStore;
use futures_util::StreamExt;
use rusqlite::{Connection, params};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const CALLERS: usize = 64;
const MONDAY: i64 = 1_763_337_600_000;
const WEEK_MS: i64 = 7 * 86_400_000;

#[tokio::main]
async fn main() -> Outcome<()> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("name an empty folder")?);
    if std::env::args().nth(4).is_some() {
        let rows: usize = std::env::args().nth(3).ok_or("rows")?.parse()?;
        return observe(&folder, rows).await;
    }
    let events: usize = std::env::args().nth(2).map_or(Ok(400_000), |text| text.parse())?;
    let rows: usize = std::env::args().nth(3).map_or(Ok(1_000_000), |text| text.parse())?;
    for bytes in [4, 64, 256] {
        println!("fsyncs a second, {bytes} KB each: {:.0}", fsyncs(&folder, bytes * 1024)?);
    }
    for batch in [1, 10, 64, 100, 1000] {
        let speed = raw_inserts(&folder, batch)?;
        println!("raw inserts, {batch} a commit: {speed:.0} rows/s");
    }
    let fastest = keep(&folder, events, None).await?;
    keep(&folder, events / 2, Some(fastest / 2.0)).await?;
    observe(&folder, rows).await
}

fn fsyncs(folder: &Path, bytes: usize) -> Outcome<f64> {
    let path = folder.join("fsync");
    let mut file = File::create(&path)?;
    let page = vec![1; bytes];
    let started = Instant::now();
    let mut count = 0;
    while started.elapsed() < Duration::from_secs(1) {
        file.write_all(&page)?;
        file.sync_data()?;
        count += 1;
    }
    let speed = f64::from(count) / started.elapsed().as_secs_f64();
    std::fs::remove_file(path)?;
    Ok(speed)
}

/// The same table, the same columns filled, SQLite's own checkpoints.
fn raw_inserts(folder: &Path, batch: usize) -> Outcome<f64> {
    let path = folder.join("raw.db");
    let mut connection = Connection::open(&path)?;
    connection.execute_batch(include_str!("../src/schema/1.sql"))?;
    connection.execute_batch(include_str!("../src/schema/2.sql"))?;
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "full")?;
    let started = Instant::now();
    let mut row = 0_usize;
    while started.elapsed() < Duration::from_secs(3) {
        let transaction = connection.transaction()?;
        let mut insert = transaction.prepare_cached(
            "INSERT INTO interactions (id, request_id, at, query_at, query, query_cut, query_session, \
             response_at, match_type, match_score, outcome, outcome_named, total_time_ms, form, response_session, \
             matched_skills, missing_skills, reasoning, reasoning_cut, response_unknown) \
             VALUES (?1, ?2, ?3, ?3, ?4, 0, ?5, ?6, 'partial', 72.0, 'answered', 1, 900.0, \
             'self_contained', ?5, '[\"Docker\"]', '[\"Kubernetes\"]', ?7, 0, ?8) \
             ON CONFLICT (request_id) DO NOTHING",
        )?;
        for _ in 0..batch {
            row += 1;
            let at = moment(row, 1_000_000);
            insert.execute(params![
                i64::try_from(row)?,
                request_id(row),
                at,
                QUESTION,
                session(row),
                at + 900,
                REASONING,
                REST
            ])?;
        }
        drop(insert);
        transaction.commit()?;
    }
    let speed = to_f64(row) / started.elapsed().as_secs_f64();
    drop(connection);
    std::fs::remove_file(path)?;
    Ok(speed)
}

/// Keeps `events` from 64 callers, as fast as it goes or at `pace` events a second; gives the events a second.
async fn keep(folder: &Path, events: usize, pace: Option<f64>) -> Outcome<f64> {
    let path = folder.join("keep.db");
    let store = SqliteStore::open(&path)?;
    let template = Arc::new(template()?);
    let next = Arc::new(AtomicUsize::new(0));
    let started = Instant::now();
    let begins = tokio::time::Instant::now();
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (store, template, next) = (store.clone(), Arc::clone(&template), Arc::clone(&next));
            tokio::spawn(async move {
                let mut latencies = Vec::new();
                loop {
                    let row = next.fetch_add(1, Ordering::Relaxed);
                    if row >= events {
                        break;
                    }
                    // As fast as they come: twenty in a millisecond.
                    let arrived_at = MONDAY + i64::try_from(row / 20).unwrap_or(0);
                    let arrival = arrival(&template, row, arrived_at, arrived_at);
                    if let Some(pace) = pace {
                        let turn = Duration::from_secs_f64(to_f64(row) / pace);
                        tokio::time::sleep_until(begins + turn).await;
                    }
                    let called = Instant::now();
                    store.append(vec![arrival]).await?;
                    latencies.push(called.elapsed());
                }
                Ok::<_, cv_analytics_core::store::StoreError>(latencies)
            })
        })
        .collect();
    let mut latencies = Vec::new();
    for caller in callers {
        latencies.extend(caller.await??);
    }
    let seconds = started.elapsed().as_secs_f64();
    latencies.sort_unstable();
    let percentile = |share: f64| {
        let index = (to_f64(latencies.len()) * share) as usize;
        latencies.get(index.min(latencies.len().saturating_sub(1))).copied().unwrap_or_default()
    };
    let shared = store.commits();
    println!(
        "mean batch {:.1}; keep, {CALLERS} callers: {:.0} events/s; p50 {:?}, p99 {:?}, longest {:?}",
        shared.messages as f64 / shared.commits.max(1) as f64,
        to_f64(events) / seconds,
        percentile(0.5),
        percentile(0.99),
        percentile(1.0)
    );
    let wal = std::fs::metadata(path.with_extension("db-wal"))?.len();
    let size = std::fs::metadata(&path)?.len();
    println!("CPU seconds: {}", threads());
    println!("log {} MB, file {} MB, resident {}", wal >> 20, size >> 20, resident());
    store.close().await?;
    std::fs::remove_file(path)?;
    Ok(to_f64(events) / seconds)
}

async fn observe(folder: &Path, rows: usize) -> Outcome<()> {
    let path = folder.join("observe.db");
    let template = template()?;
    let store = SqliteStore::open(&path)?;
    let started = Instant::now();
    for from in (0..rows).step_by(1000) {
        let arrivals = (from..(from + 1000).min(rows)).map(|row| {
            let at = moment(row, rows);
            arrival(&template, row, at, at)
        });
        store.append(arrivals.collect()).await?;
    }
    println!("keep, 1,000 a call: {:.0} events/s", to_f64(rows) / started.elapsed().as_secs_f64());
    for _ in 0..3 {
        let started = Instant::now();
        let period = Timestamp::from_millis(MONDAY)..Timestamp::from_millis(MONDAY + WEEK_MS);
        let mut pages = Box::pin(store.scan(period));
        let mut count = 0;
        while let Some(page) = pages.next().await {
            count += page?.len();
        }
        println!("CPU seconds: {}", threads());
        println!("{count} observations in {:?}; resident {}", started.elapsed(), resident());
    }
    let started = Instant::now();
    let counts = store.counts().await?;
    println!("{counts:?} in {:?}", started.elapsed());
    let id = RequestId::new(request_id(7))?;
    let started = Instant::now();
    println!("{:?} in {:?}", store.forget_request(&id).await?, started.elapsed());
    store.close().await?;
    let started = Instant::now();
    let store = SqliteStore::open(&path)?;
    println!("opened in {:?}", started.elapsed());
    store.close().await?;
    Ok(())
}

const QUESTION: &str =
    "Do you have production experience with Kubernetes, and how many years of it?";
const REASONING: &str =
    "The CV names Docker and two container platforms, but no Kubernetes cluster in production.";
const REST: &str = r#"{"model":"a-model-of-some-kind","performance":{"cacheHit":false,"llmTime":700},"tokens":412,"vectorMatches":5}"#;

/// A self-contained response of half a kilobyte.
fn template() -> Outcome<Event> {
    let body = format!(
        r#"{{"eventType":"response","requestId":"r","timestamp":{MONDAY},"matchType":"partial","matchScore":72,
        "reasoning":"{REASONING}","matchedSkills":["Docker"],"missingSkills":["Kubernetes"],"query":"{QUESTION}",
        "queryTimestamp":{MONDAY},"sessionId":"s","performance":{{"totalTime":900,"llmTime":700,"cacheHit":false}},
        "model":"a-model-of-some-kind","tokens":412,"vectorMatches":5}}"#
    );
    let intake = Intake::new(Privacy::full(SessionKey::new(b"measure".to_vec())));
    match intake.read(body.as_bytes(), Timestamp::from_millis(MONDAY)) {
        Content::Event(event) => Ok(*event),
        Content::DeadLetter(letter) => Err(letter.detail.into()),
    }
}

/// The template under its own id, session and moment.
fn arrival(template: &Event, row: usize, at: i64, arrived_at: i64) -> Arrival {
    let mut event = template.clone();
    if let (Ok(id), EventBody::Whole(query, response)) =
        (RequestId::new(request_id(row)), &mut event.body)
    {
        event.request_id = id;
        query.timestamp = Timestamp::from_millis(at);
        response.timestamp = Timestamp::from_millis(at + 900);
        query.session = Some(SessionId::from_store(session(row)));
        response.session.clone_from(&query.session);
    }
    Arrival {
        content: Content::Event(Box::new(event)),
        arrived_at: Timestamp::from_millis(arrived_at),
        deduplication_id: Some(DeduplicationId(mixed(row, 7))),
    }
}

fn moment(row: usize, of: usize) -> i64 {
    MONDAY + i64::try_from(row).unwrap_or(0) * (WEEK_MS - 1) / i64::try_from(of).unwrap_or(1)
}

fn session(row: usize) -> String {
    format!("hashed:{:032x}", mixed(row / 3, 3))
}

/// As scattered as a UUID.
fn request_id(row: usize) -> String {
    let id = format!("{:032x}", mixed(row, 1));
    let part = |range| id.get(range).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0..8), part(8..12), part(12..16), part(16..20), part(20..32))
}

fn mixed(row: usize, salt: u128) -> u128 {
    let mut value =
        (row as u128 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835 ^ salt);
    value ^= value >> 61;
    value = value.wrapping_mul(0xD1B5_4A32_D192_ED03_ABC9_8388_FB8F_AC03);
    value ^ (value >> 59)
}

fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or("VmRSS: unknown");
    line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
}

/// CPU seconds of each thread so far, in user and kernel mode.
fn threads() -> String {
    let mut seconds = std::collections::BTreeMap::<String, (f64, f64)>::new();
    for task in std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        let stat = std::fs::read_to_string(task.path().join("stat")).unwrap_or_default();
        let Some((name, rest)) = stat.split_once(") ") else { continue };
        let name = name.split_once('(').map_or(name, |(_, name)| name).to_owned();
        let mut fields = rest.split(' ').skip(11).map(|ticks| ticks.parse::<f64>().unwrap_or(0.0));
        let entry = seconds.entry(name).or_default();
        entry.0 += fields.next().unwrap_or(0.0) / 100.0;
        entry.1 += fields.next().unwrap_or(0.0) / 100.0;
    }
    let shown =
        seconds.iter().map(|(name, (user, kernel))| format!("{name} {user:.2}+{kernel:.2}"));
    shown.collect::<Vec<_>>().join(", ")
}

fn to_f64(count: usize) -> f64 {
    count as f64
}
