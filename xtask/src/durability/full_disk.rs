//! A full disk: 503 and no false success, and work goes on once there is space.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use cv_analytics_harness::server_process::{CredentialsFile, ServerProcess, serve_command, under};

use crate::commands::run;
use crate::durability::acknowledged_events::{Sender, Sent, check_export};
use crate::product_program::exported_events;

/// Refusals in a row that show that the disk is full, and not just slow.
const MIN_REFUSALS: usize = 50;
/// More events than fit.
const MAX_EVENTS: usize = 100_000;
const RECOVERY_TIMEOUT: Duration = Duration::from_secs(30);

pub(crate) fn check(program: &Path) -> Result<()> {
    if rustix::process::geteuid().is_root() {
        println!("a file system of its own, full");
        fill_and_free(program, &SmallDisk::mount()?)?;
        println!("the same, and killed while it was full");
        kill_while_full(program, &SmallDisk::mount()?)?;
    } else {
        println!("not root, so no file system of its own: a limit on the size of files stands in");
    }
    println!("files that may not grow");
    fill_and_free(program, &LimitedFiles::new()?)
}

/// Something that can be full and have space again.
trait Space {
    fn folder(&self) -> &Path;
    fn start(&self, program: &Path) -> Result<ServerProcess>;
    /// Leaves so little space that the events soon fill it.
    fn shrink(&self, server: &ServerProcess) -> Result<()>;
    fn free(&self, server: &ServerProcess) -> Result<()>;

    fn data(&self) -> PathBuf {
        self.folder().join("data")
    }
}

fn fill_and_free(program: &Path, space: &impl Space) -> Result<()> {
    let server = space.start(program)?;
    let (mut sender, mut sent) = fill(&server, space)?;
    space.free(&server)?;
    let until = Instant::now() + RECOVERY_TIMEOUT;
    loop {
        let (event, acknowledged) = sender.send_one()?;
        if acknowledged {
            sent.acknowledged.insert(event);
            break;
        }
        sent.unacknowledged.push(event);
        ensure!(
            Instant::now() < until,
            "no event was taken {RECOVERY_TIMEOUT:?} after there was space\n{}",
            server.log_tail()
        );
        thread::sleep(Duration::from_millis(20));
    }
    send_into_space(&server, &mut sender, &mut sent)?;
    server.stop()?;
    check_export(&exported_events(program, &space.data())?, &sent)
}

fn kill_while_full(program: &Path, space: &SmallDisk) -> Result<()> {
    let server = space.start(program)?;
    let (_, mut sent) = fill(&server, space)?;
    space.free_on_disk()?;
    server.kill()?;
    let server = space.start(program)?;
    let key = CredentialsFile::read(&space.data())?.access_key()?;
    let mut sender = Sender::connect(&server.authority, &key, "freed")?;
    send_into_space(&server, &mut sender, &mut sent)?;
    server.stop()?;
    check_export(&exported_events(program, &space.data())?, &sent)
}

fn send_into_space(server: &ServerProcess, sender: &mut Sender, sent: &mut Sent) -> Result<()> {
    for _ in 0..100 {
        let (event, acknowledged) = sender.send_one()?;
        ensure!(acknowledged, "an event was refused in spite of space\n{}", server.log_tail());
        sent.acknowledged.insert(event);
    }
    Ok(())
}

/// Sends events until the server has refused many in a row.
fn fill(server: &ServerProcess, space: &impl Space) -> Result<(Sender, Sent)> {
    let key = CredentialsFile::read(&space.data())?.access_key()?;
    let mut sender = Sender::connect(&server.authority, &key, "full")?;
    let mut sent = Sent::default();
    send_into_space(server, &mut sender, &mut sent)?;
    space.shrink(server)?;
    let mut refusals = 0;
    for _ in 0..MAX_EVENTS {
        let (event, acknowledged) = sender.send_one().context("the disk was filling up")?;
        if acknowledged {
            refusals = 0;
            sent.acknowledged.insert(event);
            continue;
        }
        refusals += 1;
        sent.unacknowledged.push(event);
        if refusals == MIN_REFUSALS {
            println!("{} events were taken before 503", sent.acknowledged.len());
            return Ok((sender, sent));
        }
    }
    bail!("{MAX_EVENTS} events were sent, and the disk was never full")
}

/// A file system in memory, of a few megabytes.
struct SmallDisk {
    folder: tempfile::TempDir,
    log: tempfile::TempDir,
}

const DISK_BYTES: u64 = 16 << 20;
const LEFT_BYTES: u64 = 512 << 10;

impl SmallDisk {
    fn mount() -> Result<Self> {
        let disk = Self { folder: tempfile::tempdir()?, log: tempfile::tempdir()? };
        let size = format!("size={DISK_BYTES}");
        run(Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(disk.folder.path()))
        .context(
            "a small file system is needed: run the tests where root may mount one, or not as root",
        )?;
        Ok(disk)
    }

    fn ballast(&self) -> PathBuf {
        self.folder.path().join("ballast")
    }

    fn free_on_disk(&self) -> Result<()> {
        fs::remove_file(self.ballast()).context("remove the ballast")
    }
}

impl Space for SmallDisk {
    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn start(&self, program: &Path) -> Result<ServerProcess> {
        let mut command = serve_command(program, &self.data());
        ServerProcess::start(&mut command, &self.log.path().join("server.log"))
    }

    fn shrink(&self, _server: &ServerProcess) -> Result<()> {
        let disk = rustix::fs::statvfs(self.folder.path())?;
        let free = disk.f_bavail * disk.f_frsize;
        let ballast = File::create(self.ballast())?;
        rustix::fs::fallocate(
            &ballast,
            rustix::fs::FallocateFlags::empty(),
            0,
            free.saturating_sub(LEFT_BYTES),
        )
        .context("fill the small file system")
    }

    fn free(&self, _server: &ServerProcess) -> Result<()> {
        self.free_on_disk()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = run(Command::new("umount").arg(self.folder.path()));
    }
}

/// A folder in which the server's files may not grow past a size.
struct LimitedFiles(tempfile::TempDir);

const FILE_BYTES: u64 = 4 << 20;

impl LimitedFiles {
    fn new() -> Result<Self> {
        Ok(Self(tempfile::tempdir()?))
    }

    fn set_limit(server: &ServerProcess, limit: &str) -> Result<()> {
        // Only the soft limit: it can be raised again.
        let id = server.id().to_string();
        run(Command::new("prlimit").args(["--pid", &id, &format!("--fsize={limit}:")]))
    }
}

impl Space for LimitedFiles {
    fn folder(&self) -> &Path {
        self.0.path()
    }

    fn start(&self, program: &Path) -> Result<ServerProcess> {
        // Without its signal, the limit is only an error of the write.
        let wrapper = ["env", "--ignore-signal=XFSZ"];
        let arguments = ["serve", "--listen", "127.0.0.1:0"];
        let mut command = under(&wrapper, program, &arguments, &self.data());
        ServerProcess::start(&mut command, &self.0.path().join("server.log"))
    }

    fn shrink(&self, server: &ServerProcess) -> Result<()> {
        Self::set_limit(server, &FILE_BYTES.to_string())
    }

    fn free(&self, server: &ServerProcess) -> Result<()> {
        Self::set_limit(server, "unlimited")
    }
}
