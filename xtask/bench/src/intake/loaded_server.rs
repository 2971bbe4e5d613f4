//! A server in its own folder, with the load that is put on it and what it tells of itself.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use cv_analytics_harness::connection::Connection;
use cv_analytics_harness::server_process::{CredentialsFile, Memory, ServerProcess};
use jiff::Timestamp;

use crate::intake::generator::{Generator, Load, Pace};
use crate::intake::signed_messages::{BODY_BYTES, SignedMessages};

const CONNECTIONS: usize = 64;
/// Requests signed for a second of warm-up: more than any server here answers.
const WARM_UP_EVENTS_PER_SECOND: f64 = 100_000.0;
/// Requests signed on top of those that the last rate would need.
const HEADROOM: f64 = 1.4;

/// Says what the load is.
pub(crate) fn describe() -> String {
    format!(
        "load         {CONNECTIONS} keep-alive connections from one thread of a process of its own, on the same cores;\n\
         \x20            signed SendMessage, AWS JSON 1.0, {BODY_BYTES} bytes of body: query and response events in turn\n\
         \x20            under fresh ids, signatures computed before the clock runs"
    )
}

/// A server that runs, and the connections to it.
pub(crate) struct LoadedServer {
    process: ServerProcess,
    generator: Generator,
    messages: SignedMessages,
    last_rate: f64,
    answered: u32,
    _folder: Option<tempfile::TempDir>,
}

impl LoadedServer {
    /// Starts a server in a new folder within `work`.
    pub(crate) fn start(work: &Path, command: &dyn Fn(&Path) -> Command) -> Result<Self> {
        let folder = tempfile::tempdir_in(work)?;
        let started = Self::start_in(folder.path(), command)?;
        Ok(Self { _folder: Some(folder), ..started })
    }

    pub(crate) fn start_in(folder: &Path, command: &dyn Fn(&Path) -> Command) -> Result<Self> {
        let data = folder.join("data");
        let process = ServerProcess::start(&mut command(&data), &folder.join("server.log"))?;
        let credentials = CredentialsFile::read(&data)?;
        let messages = SignedMessages::new(&credentials.access_key()?, &process.authority, now()?)?;
        let generator = Generator::connect(&process.authority, CONNECTIONS)?;
        Ok(Self { process, generator, messages, last_rate: 0.0, answered: 0, _folder: None })
    }

    pub(crate) fn started_in(&self) -> Duration {
        self.process.started_in
    }

    /// Loads the server without counting.
    pub(crate) fn warm_up(&mut self, duration: Duration) -> Result<()> {
        self.sign(WARM_UP_EVENTS_PER_SECOND * duration.as_secs_f64())?;
        self.last_rate = self.run(Pace::AsFastAsAnswered, duration)?.rate;
        Ok(())
    }

    pub(crate) fn load(&mut self, pace: Pace, duration: Duration) -> Result<Load> {
        let rate = match pace {
            Pace::AsFastAsAnswered => self.last_rate,
            Pace::ASecond(rate) => rate,
        };
        self.sign(rate * duration.as_secs_f64() * HEADROOM)?;
        let load = self.run(pace, duration)?;
        self.last_rate = load.rate;
        Ok(load)
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "some hundred thousand messages"
    )]
    fn sign(&mut self, count: f64) -> Result<()> {
        self.messages.sign(count as usize)
    }

    fn run(&mut self, pace: Pace, duration: Duration) -> Result<Load> {
        let before = [cpu_seconds("self")?, cpu_seconds(&self.process.id().to_string())?];
        let mut load = self
            .generator
            .run(&mut self.messages, pace, duration)
            .with_context(|| format!("the server's last words:\n{}", self.process.log_tail()))?;
        let after = [cpu_seconds("self")?, cpu_seconds(&self.process.id().to_string())?];
        let seconds = load.duration.as_secs_f64();
        self.answered += load.answered;
        load.generator_cores = (after[0] - before[0]) / seconds;
        load.server_cores = (after[1] - before[1]) / seconds;
        Ok(load)
    }

    /// Requests answered with success so far.
    pub(crate) fn answered(&self) -> u32 {
        self.answered
    }

    /// Whether the server says that it takes writes.
    pub(crate) fn is_healthy(&self) -> Result<bool> {
        let authority = &self.process.authority;
        let request = format!("GET /healthz HTTP/1.1\r\nhost: {authority}\r\n\r\n");
        Ok(Connection::open(authority)?.exchange(request.as_bytes())?.status == 200)
    }

    pub(crate) fn memory(&self) -> Result<Memory> {
        self.process.memory()
    }

    pub(crate) fn stop(self) -> Result<()> {
        // Connections first, or the server waits for them to say that they have nothing more.
        drop(self.generator);
        self.process.stop()
    }
}

/// Processor time of a process: user and system, of all its threads.
fn cpu_seconds(process: &str) -> Result<f64> {
    let path = format!("/proc/{process}/stat");
    let stat = fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
    // Fields 14 and 15 (proc(5)); the second is a name in parentheses, which may hold blanks.
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: f64 = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<f64>().ok())
        .sum();
    #[expect(clippy::cast_precision_loss, reason = "a hundred")]
    Ok(ticks / rustix::param::clock_ticks_per_second() as f64)
}

#[expect(clippy::disallowed_methods, reason = "requests are signed for the server's own clock")]
fn now() -> Result<Timestamp> {
    Ok(Timestamp::try_from(SystemTime::now())?)
}
