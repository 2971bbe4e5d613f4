//! An emulator of AWS as a separate process, which ends with the process that started it.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::tools_cache::variable;

const START_TIMEOUT: Duration = Duration::from_mins(1);
/// Lines kept for the message of a failed start.
const TAIL_LINES: usize = 20;
/// How often another port is tried where the free one was taken meanwhile.
const MAX_ATTEMPTS: usize = 5;
/// Runs its arguments until its standard input ends. That happens when the emulator is dropped and
/// also when the process that holds it is killed, so that none is left behind.
const UNTIL_INPUT_ENDS: &str =
    r#""$@" </dev/null >&2 & server=$!; exec 2>/dev/null; cat; kill -9 $server; wait $server"#;

/// How an emulator is started.
pub(crate) struct Launch<'a> {
    pub(crate) program: &'a Path,
    pub(crate) arguments: &'a [&'a str],
    /// Variables of its environment, besides `PATH` and `TMPDIR`.
    pub(crate) variables: &'a [(&'a str, &'a str)],
    /// After these words it prints at which URL it listens.
    pub(crate) ready: &'static str,
}

/// A process that serves HTTP on this machine; dropped, it is killed.
#[derive(Debug)]
pub struct EmulatorProcess {
    child: Child,
    input: Option<ChildStdin>,
    authority: String,
    /// For its own files.
    _folder: TempDir,
}

impl EmulatorProcess {
    /// Host and port.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// What `AWS_ENDPOINT_URL` has to say.
    pub fn endpoint_url(&self) -> String {
        format!("http://{}", self.authority)
    }

    /// Starts a program that cannot choose a port itself: `start` is given one that was free a moment ago.
    pub(crate) fn start_on_free_port(start: impl Fn(&str) -> Result<Self>) -> Result<Self> {
        let mut tries = 1;
        loop {
            match start(&free_port()?.to_string()) {
                Err(_) if tries < MAX_ATTEMPTS => tries += 1,
                started => return started,
            }
        }
    }

    /// Runs a program until it says at which URL it listens.
    pub(crate) fn start(launch: &Launch<'_>) -> Result<Self> {
        let Launch { program, ready, .. } = *launch;
        let folder = TempDir::new().context("make a folder for an emulator's files")?;
        let mut child = Command::new("sh")
            .args(["-c", UNTIL_INPUT_ENDS, "sh"])
            .arg(program)
            .args(launch.arguments)
            .env_clear()
            .env("PATH", variable("PATH").unwrap_or_default())
            .env("TMPDIR", folder.path())
            .envs(launch.variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("start {}", program.display()))?;
        let input = child.stdin.take();
        let errors = child.stderr.take().context("the emulator has a standard error")?;
        let mut emulator = Self { child, input, authority: String::new(), _folder: folder };
        let (sender, receiver) = mpsc::channel();
        let tail = Arc::new(Mutex::new(VecDeque::new()));
        let kept = Arc::clone(&tail);
        thread::spawn(move || read_lines(errors, ready, &sender, &kept));
        let url = receiver.recv_timeout(START_TIMEOUT).map_err(|error| {
            let how = match error {
                RecvTimeoutError::Timeout => "did not start in time",
                RecvTimeoutError::Disconnected => "ended at once",
            };
            let lines = tail.lock().map(|lines| Vec::from(lines.clone())).unwrap_or_default();
            anyhow::anyhow!("{} {how}\n{}", program.display(), lines.join("\n"))
        })?;
        let authority = url.split_whitespace().next().unwrap_or_default();
        let authority = authority.strip_prefix("http://").unwrap_or_default();
        if TcpStream::connect(authority).is_err() {
            bail!("{} says that it listens on {url:?}, and does not", program.display());
        }
        authority.clone_into(&mut emulator.authority);
        Ok(emulator)
    }
}

/// Reads to the end, so that the emulator never waits for a reader.
fn read_lines(
    errors: ChildStderr,
    ready: &str,
    sender: &Sender<String>,
    tail: &Mutex<VecDeque<String>>,
) {
    for line in BufReader::new(errors).lines().map_while(Result::ok) {
        if let Some((_, url)) = line.split_once(ready) {
            let _ = sender.send(url.to_owned());
        }
        if let Ok(mut tail) = tail.lock() {
            tail.push_back(line);
            if tail.len() > TAIL_LINES {
                tail.pop_front();
            }
        }
    }
}

impl Drop for EmulatorProcess {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

/// A port that was free a moment ago.
fn free_port() -> Result<u16> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").context("find a free port")?;
    Ok(listener.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell<'a>(arguments: &'a [&'a str]) -> Launch<'a> {
        Launch { program: Path::new("sh"), arguments, variables: &[], ready: "on " }
    }

    #[test]
    fn an_emulator_that_ends_at_once_is_an_error_with_its_last_words() {
        let error = EmulatorProcess::start(&shell(&["-c", "echo no such thing >&2"])).unwrap_err();
        assert_eq!(error.to_string(), "sh ended at once\nno such thing");
    }

    #[test]
    fn an_emulator_ends_when_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("id");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let script = format!(
            "echo $$ > {}; echo on http://{} >&2; exec sleep 60",
            file.display(),
            listener.local_addr().unwrap()
        );
        let emulator = EmulatorProcess::start(&shell(&["-c", &script])).unwrap();
        let id = std::fs::read_to_string(&file).unwrap();
        let process = Path::new("/proc").join(id.trim());
        assert!(process.exists());
        drop(emulator);
        assert!(!process.exists());
    }
}
