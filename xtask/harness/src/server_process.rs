//! `cv-analytics serve` as its own process: started, killed or stopped.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

pub use crate::memory::Memory;
use crate::signer::AccessKey;

/// What the program prints before its address once it takes requests.
pub const READY: &str = "cv-analytics is ready: ";
const START_TIMEOUT: Duration = Duration::from_mins(1);
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// A server that runs; dropped, it is killed.
#[derive(Debug)]
pub struct ServerProcess {
    child: Child,
    log: PathBuf,
    /// What it printed, up to the line that says it is ready.
    pub printed: String,
    /// Host and port.
    pub authority: String,
    /// From the start of the process to the line that says it is ready.
    pub started_in: Duration,
}

/// The command that serves `data` on a free port of this machine.
pub fn serve_command(program: &Path, data: &Path) -> Command {
    under(&["env"], program, &["serve", "--listen", "127.0.0.1:0"], data)
}

/// The command that runs `program` for `data` by way of `wrapper`, whose last word takes a command.
/// Nothing that is set on the machine reaches the program.
pub fn under(wrapper: &[&str], program: &Path, arguments: &[&str], data: &Path) -> Command {
    let (first, rest) = wrapper.split_first().unwrap_or((&"env", &[]));
    let mut command = Command::new(first);
    command.args(rest).arg(program).args(arguments).arg("--data").arg(data);
    command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin");
    if let Some(folder) = data.parent() {
        command.current_dir(folder);
    }
    command
}

impl ServerProcess {
    /// Runs `command` until it says that it is ready. Its standard error is added to `log`.
    pub fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let file = File::options().create(true).append(true).open(log)?;
        let started = Instant::now();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .with_context(|| format!("start {}", command.get_program().display()))?;
        let stdout = child.stdout.take().context("the server has a standard output")?;
        let (sender, receiver) = mpsc::channel();
        // Reads to the end, so that the server never waits for a reader.
        thread::spawn(move || {
            let mut printed = String::new();
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                printed.push_str(&line);
                printed.push('\n');
                if line.starts_with(READY) {
                    let _ = sender.send((std::mem::take(&mut printed), started.elapsed()));
                }
            }
        });
        let mut server = Self {
            child,
            log: log.to_owned(),
            printed: String::new(),
            authority: String::new(),
            started_in: Duration::ZERO,
        };
        let Ok((printed, started_in)) = receiver.recv_timeout(START_TIMEOUT) else {
            let ended = server
                .child
                .try_wait()?
                .map_or("it runs still".to_owned(), |status| format!("it ended with {status}"));
            bail!("the server did not say that it is ready: {ended}\n{}", server.log_tail());
        };
        // With a public address it is followed by where the server listens.
        let (_, authority) =
            printed.trim_end().rsplit_once("http://").context("a server says where it listens")?;
        authority.trim_end_matches('/').clone_into(&mut server.authority);
        server.printed = printed;
        server.started_in = started_in;
        Ok(server)
    }

    /// The process's id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends the process as a power cut would: at once, with whatever it was doing.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill().context("kill the server")?;
        self.child.wait().context("wait for the server")?;
        Ok(())
    }

    /// Asks the process to end, and waits until it has ended well.
    pub fn stop(self) -> Result<()> {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(id.context("a process has an id")?, Signal::TERM)
            .context("stop the server")?;
        self.ended()
    }

    /// Waits until the process, which was told to end, has ended well.
    pub fn ended(mut self) -> Result<()> {
        let status = self.wait(STOP_TIMEOUT)?;
        if !status.success() {
            bail!("the server ended with {status} when it was told to\n{}", self.log_tail());
        }
        Ok(())
    }

    fn wait(&mut self, timeout: Duration) -> Result<ExitStatus> {
        let until = Instant::now() + timeout;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if Instant::now() > until {
                bail!("the server did not end within {timeout:?}\n{}", self.log_tail());
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// The resident memory of the process, now and at its peak.
    pub fn memory(&self) -> Result<Memory> {
        Memory::of(self.child.id())
    }

    /// The last lines that the server logged.
    pub fn log_tail(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n")
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A data folder's `credentials.env`: `NAME=value` lines.
#[derive(Clone, Debug)]
pub struct CredentialsFile(Vec<(String, String)>);

impl CredentialsFile {
    /// Reads the file in `data`.
    pub fn read(data: &Path) -> Result<Self> {
        let path = data.join("credentials.env");
        let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let pairs = lines.filter_map(|line| line.split_once('='));
        Ok(Self(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()))
    }

    /// The value of `name`.
    pub fn value(&self, name: &str) -> Result<&str> {
        let found = self.0.iter().find(|(found, _)| found == name);
        found
            .map(|(_, value)| value.as_str())
            .with_context(|| format!("find {name} in credentials.env"))
    }

    /// The key that signs queue requests.
    pub fn access_key(&self) -> Result<AccessKey> {
        Ok(AccessKey {
            id: self.value("AWS_ACCESS_KEY_ID")?.to_owned(),
            secret: self.value("AWS_SECRET_ACCESS_KEY")?.to_owned(),
            region: self.value("AWS_REGION")?.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_read_from_their_file() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("credentials.env"), "# note=1\nAWS_REGION=eu-west-2\nT=a=b\n")
            .unwrap();
        let file = CredentialsFile::read(folder.path()).unwrap();
        assert_eq!(file.value("AWS_REGION").unwrap(), "eu-west-2");
        assert_eq!(file.value("T").unwrap(), "a=b");
        assert!(file.access_key().is_err());
    }

    #[test]
    fn a_server_that_ends_at_once_is_an_error_with_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo no such thing >&2; exit 1"]);
        let error = ServerProcess::start(&mut command, &folder.path().join("log")).unwrap_err();
        assert!(error.to_string().contains("no such thing"), "{error}");
    }
}
