//! A function in an execution environment of Lambda: its `bootstrap` as its own process.

pub mod event_source_mapping;
pub mod http_request;
pub(crate) mod runtime_api;
pub mod sqs_client;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tempfile::NamedTempFile;

use crate::lambda::runtime_api::{NextInvocation, RuntimeApi, RuntimeCall, Said};
use crate::memory::Memory;

/// Longer than Lambda's own 10 seconds, since a test's machine may be busy.
const INIT_TIMEOUT: Duration = Duration::from_mins(1);
/// How often a process is asked whether it runs still. No measure depends on it.
const POLL_INTERVAL: Duration = Duration::from_millis(10);
const ACCOUNT: &str = "123456789012";
/// The region of every function here.
pub const REGION: &str = "eu-west-2";

/// What is deployed: a program and its settings.
#[derive(Clone, Debug)]
pub struct LambdaFunction {
    program: PathBuf,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    /// How it is called.
    pub name: String,
    /// `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`; it is told, and not enforced.
    pub memory_mb: u32,
    /// How long an invocation may take before its environment is killed.
    pub timeout: Duration,
}

impl LambdaFunction {
    /// A function whose program is `bootstrap`.
    pub fn new(name: &str, bootstrap: &Path) -> Self {
        Self {
            program: bootstrap.to_owned(),
            arguments: Vec::new(),
            variables: Vec::new(),
            name: name.to_owned(),
            memory_mb: 128,
            timeout: Duration::from_secs(30),
        }
    }

    /// The same with one more argument for its program, as a managed runtime has them.
    #[must_use]
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// The same with one more environment variable.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with another timeout.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The variables that Lambda sets, and the function's own; nothing of this machine.
    fn command(&self, runtime_api: &str) -> Command {
        let memory = self.memory_mb.to_string();
        let parent = self.program.parent().filter(|parent| parent.is_absolute());
        let folder = parent.unwrap_or(Path::new("/")).to_string_lossy();
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .current_dir(&*folder)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("LANG", "en_US.UTF-8")
            .env("TZ", ":UTC")
            .env("AWS_LAMBDA_RUNTIME_API", runtime_api)
            .env("AWS_LAMBDA_FUNCTION_NAME", &self.name)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory)
            .env("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", self.name))
            .env(
                "AWS_LAMBDA_LOG_STREAM_NAME",
                "2026/11/16/[$LATEST]00000000000000000000000000000000",
            )
            .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
            .env("LAMBDA_TASK_ROOT", &*folder)
            .env("_HANDLER", "bootstrap")
            .env("AWS_REGION", REGION)
            .env("AWS_DEFAULT_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", "ASIAHARNESS")
            .env("AWS_SECRET_ACCESS_KEY", "harness")
            .env("AWS_SESSION_TOKEN", "harness")
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// One execution environment: it takes one invocation after another. Dropped, it is killed.
#[derive(Debug)]
pub struct LambdaRuntime {
    child: Child,
    api: RuntimeApi,
    function: LambdaFunction,
    output: NamedTempFile,
    output_read: File,
    lines: Vec<String>,
    invocations: u32,
    /// From the start of the process to its first call for an invocation.
    pub started_in: Duration,
}

/// How an invocation went.
#[derive(Clone, Debug, PartialEq)]
pub struct Invocation {
    /// Its end.
    pub outcome: Outcome,
    /// From the handing over of the event to the answer.
    pub took: Duration,
    /// What the function wrote meanwhile on standard output and standard error, line by line.
    pub lines: Vec<String>,
}

/// How an invocation ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The function returned this.
    Response(Value),
    /// The function said that it failed.
    Error {
        /// `errorType`.
        kind: String,
        /// `errorMessage`.
        message: String,
    },
    /// The process ended before it answered: the environment is gone.
    Ended(String),
    /// The function did not answer in its time, and was killed: the environment is gone.
    TimedOut,
}

impl Invocation {
    /// What the function returned.
    ///
    /// # Errors
    /// Any other outcome, with what the function wrote.
    pub fn response(&self) -> Result<&Value> {
        match &self.outcome {
            Outcome::Response(value) => Ok(value),
            other => bail!("the function returned nothing: {other:?}\n{}", self.lines.join("\n")),
        }
    }
}

impl LambdaRuntime {
    /// Starts the function's program, and waits until it asks for its first invocation.
    ///
    /// # Errors
    /// A program that ends or says that it cannot start, with what it wrote.
    pub fn start(function: &LambdaFunction) -> Result<Self> {
        let api = RuntimeApi::start()?;
        // A file, not a pipe: what was written before a call of the runtime is there at that call.
        let output = NamedTempFile::new().context("make a file for what a function writes")?;
        let append = || File::options().append(true).open(output.path());
        let mut command = function.command(&api.authority);
        command.stdin(Stdio::null()).stdout(append()?).stderr(append()?);
        let output_read = File::open(output.path())?;
        let started = Instant::now();
        let child =
            command.spawn().with_context(|| format!("start {}", function.program.display()))?;
        let mut runtime = Self {
            child,
            api,
            function: function.clone(),
            output,
            output_read,
            lines: Vec::new(),
            invocations: 0,
            started_in: Duration::ZERO,
        };
        match runtime.wait_for_saying(started + INIT_TIMEOUT)? {
            RuntimeEvent::Said(Said { at, what: RuntimeCall::Next }) => {
                runtime.started_in = at - started;
            }
            heard => {
                let lines = runtime.new_lines()?.join("\n");
                bail!("{} did not start: {heard:?}\n{lines}", function.name);
            }
        }
        Ok(runtime)
    }

    /// Hands `event` to the function, and waits for its end and until it is ready again.
    ///
    /// # Errors
    /// Faults of the harness only: each end of the function is an [`Outcome`].
    pub fn invoke(&mut self, event: &Value) -> Result<Invocation> {
        self.invocations += 1;
        self.retry(event)
    }

    /// Hands `event` over with the last invocation's id, as Lambda does where that one failed.
    ///
    /// # Errors
    /// As [`LambdaRuntime::invoke`].
    pub fn retry(&mut self, event: &Value) -> Result<Invocation> {
        let request_id = format!("00000000-0000-4000-8000-{:012}", self.invocations);
        let timeout = self.function.timeout;
        let _ = self.api.invocations.send(NextInvocation {
            request_id: request_id.clone(),
            deadline_ms: now_ms() + timeout.as_millis(),
            function_arn: format!(
                "arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}",
                self.function.name
            ),
            event: serde_json::to_vec(event)?,
        });
        let mut taken = Instant::now();
        let (outcome, took) = loop {
            match self.wait_for_saying(taken + timeout)? {
                // Where it took long after its last answer.
                RuntimeEvent::Said(Said { what: RuntimeCall::Next, .. }) => {}
                RuntimeEvent::Said(Said { at, what: RuntimeCall::Took }) => taken = at,
                RuntimeEvent::Said(Said {
                    at,
                    what: RuntimeCall::Response { request_id: id, body },
                }) => {
                    if id != request_id {
                        bail!("an answer for {id} came while {request_id} was out");
                    }
                    break (returned(&body), at - taken);
                }
                RuntimeEvent::Said(Said { at, what: RuntimeCall::Error { kind, message, .. } }) => {
                    break (Outcome::Error { kind, message }, at - taken);
                }
                RuntimeEvent::Ended(how) => break (Outcome::Ended(how), taken.elapsed()),
                RuntimeEvent::Nothing => {
                    self.child.kill()?;
                    self.child.wait()?;
                    break (Outcome::TimedOut, taken.elapsed());
                }
            }
        };
        if matches!(outcome, Outcome::Response(_) | Outcome::Error { .. }) {
            // Ready again, so that all of its lines are there; one that ends now says so next time.
            self.wait_for_saying(Instant::now() + timeout)?;
        }
        Ok(Invocation { outcome, took, lines: self.new_lines()? })
    }

    /// Whether the process runs, so that it can be invoked.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Everything that the function wrote on standard output and standard error so far.
    pub fn lines(&mut self) -> Result<&[String]> {
        self.new_lines()?;
        Ok(&self.lines)
    }

    /// The resident memory of the process, now and at its peak.
    pub fn memory(&self) -> Result<Memory> {
        Memory::of(self.child.id())
    }

    /// The processor time that the process has had, user and system, its ended threads included; in hundredths of a
    /// second (<https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>).
    pub fn processor_time(&self) -> Result<Duration> {
        let path = format!("/proc/{}/stat", self.child.id());
        let stat = std::fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
        // The second field, the name, is in parentheses; the times are the fields 14 and 15.
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let ticks: Vec<u64> =
            fields.skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
        Ok(Duration::from_millis(10 * ticks.iter().sum::<u64>()))
    }

    /// Ends the process at once, whatever it does, as a fault of its host would.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill().context("kill a function")?;
        self.child.wait().context("wait for a function")?;
        Ok(())
    }

    fn wait_for_saying(&mut self, until: Instant) -> Result<RuntimeEvent> {
        loop {
            match self.api.sayings.recv_timeout(POLL_INTERVAL) {
                Ok(said) => return Ok(RuntimeEvent::Said(said)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => bail!("the Runtime API has ended"),
            }
            if let Some(status) = self.child.try_wait()? {
                // Its last words may have come after the channel was looked at.
                return Ok(match self.api.sayings.recv_timeout(POLL_INTERVAL) {
                    Ok(said) => RuntimeEvent::Said(said),
                    Err(_) => RuntimeEvent::Ended(status.to_string()),
                });
            }
            if Instant::now() > until {
                return Ok(RuntimeEvent::Nothing);
            }
        }
    }

    /// The lines since the last look.
    fn new_lines(&mut self) -> Result<Vec<String>> {
        let mut bytes = Vec::new();
        self.output_read
            .read_to_end(&mut bytes)
            .with_context(|| format!("read {}", self.output.path().display()))?;
        let text = String::from_utf8_lossy(&bytes);
        let new: Vec<String> = text.lines().map(str::to_owned).collect();
        self.lines.extend(new.iter().cloned());
        Ok(new)
    }
}

impl Drop for LambdaRuntime {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn returned(body: &[u8]) -> Outcome {
    if body.is_empty() {
        return Outcome::Response(Value::Null);
    }
    match serde_json::from_slice(body) {
        Ok(value) => Outcome::Response(value),
        Err(error) => Outcome::Error { kind: "NotJson".to_owned(), message: error.to_string() },
    }
}

/// What came first of a call, the process's end and the end of patience.
#[derive(Debug)]
enum RuntimeEvent {
    Said(Said),
    Ended(String),
    Nothing,
}

#[expect(clippy::disallowed_methods, reason = "a deadline is told by the clock of the function")]
fn now_ms() -> u128 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default().as_millis()
}
