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

const START_TIMEOUT: Duration = Duration::from_mins(1);
/// Lines kept for the message of a failed start.
const TAIL_LINES: usize = 20;
/// Runs its arguments until its standard input ends. That happens when the emulator is dropped and
/// also when the process that holds it is killed, so that none is left behind.
const UNTIL_INPUT_ENDS: &str =
    r#""$@" </dev/null & server=$!; exec 2>/dev/null; cat; kill -9 $server; wait $server"#;

/// A process that serves HTTP on this machine; dropped, it is killed.
#[derive(Debug)]
pub(crate) struct EmulatorProcess {
    child: Child,
    input: Option<ChildStdin>,
    /// Host and port.
    pub(crate) authority: String,
}

impl EmulatorProcess {
    /// Runs `program` until it says on its standard error, after `ready`, at which URL it listens.
    pub(crate) fn start(program: &Path, arguments: &[&str], ready: &'static str) -> Result<Self> {
        let mut child = Command::new("sh")
            .args(["-c", UNTIL_INPUT_ENDS, "sh"])
            .arg(program)
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("start {}", program.display()))?;
        let input = child.stdin.take();
        let errors = child.stderr.take().context("the emulator has a standard error")?;
        let mut emulator = Self { child, input, authority: String::new() };
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
        let authority = url.trim().strip_prefix("http://").unwrap_or_default();
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
pub(crate) fn free_port() -> Result<u16> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").context("find a free port")?;
    Ok(listener.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emulator_that_ends_at_once_is_an_error_with_its_last_words() {
        let arguments = ["-c", "echo no such thing >&2"];
        let error = EmulatorProcess::start(Path::new("sh"), &arguments, "on ").unwrap_err();
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
        let emulator = EmulatorProcess::start(Path::new("sh"), &["-c", &script], "on ").unwrap();
        let id = std::fs::read_to_string(&file).unwrap();
        let process = Path::new("/proc").join(id.trim());
        assert!(process.exists());
        drop(emulator);
        assert!(!process.exists());
    }
}
