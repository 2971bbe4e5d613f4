//! podman, which builds and runs containers without a service of its own. What it keeps here is in a separate folder, and
//! goes with it.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use tempfile::TempDir;

use crate::commands::output;
use crate::tools::require_packages;

const PATIENCE: Duration = Duration::from_mins(1);

/// podman, with images, volumes and networks apart from the machine's.
#[derive(Debug)]
pub(crate) struct Podman {
    pub(crate) folder: TempDir,
}

impl Podman {
    pub(crate) fn open() -> Result<Self> {
        require_packages(
            &["podman", "runc"],
            &["podman", "buildah", "runc", "netavark", "aardvark-dns", "iptables"],
        )?;
        let podman = Self { folder: tempfile::tempdir()? };
        let within = |name: &str| podman.folder.path().join(name).display().to_string();
        // Overlays are not to be had everywhere.
        let storage = format!(
            "[storage]\ndriver = \"vfs\"\ngraphroot = {:?}\nrunroot = {:?}\n",
            within("images"),
            within("run")
        );
        // crun refuses a machine that has both versions of control groups, and a machine may refuse the open files that
        // podman asks for.
        let containers = format!(
            "[containers]\ndefault_ulimits = [\"nofile=4096:4096\", \"nproc=4096:4096\"]\n\
             [engine]\nruntime = \"runc\"\ncgroup_manager = \"cgroupfs\"\nevents_logger = \"file\"\n\
             [network]\nnetwork_backend = \"netavark\"\nnetwork_config_dir = {:?}\n",
            within("networks")
        );
        fs::write(within("storage.conf"), storage)?;
        fs::write(within("containers.conf"), containers)?;
        Ok(podman)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("podman");
        self.apart(&mut command).args(arguments);
        command
    }

    /// Has a program that calls podman, or podman, do so here.
    pub(crate) fn apart<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .env("CONTAINERS_STORAGE_CONF", self.folder.path().join("storage.conf"))
            .env("CONTAINERS_CONF", self.folder.path().join("containers.conf"))
            // Health checks run when they are asked for here, not by a timer of systemd's.
            .env("DISABLE_HC_SYSTEMD", "true")
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Result<()> {
        output(&mut self.command(arguments)).map(drop)
    }

    /// What it prints, without the end of the line.
    pub(crate) fn said(&self, arguments: &[&str]) -> Result<String> {
        let said = output(&mut self.command(arguments))?;
        Ok(String::from_utf8_lossy(&said).trim().to_owned())
    }

    /// Waits until the health check of a container passes.
    pub(crate) fn wait_for_health(&self, container: &str) -> Result<Duration> {
        let began = Instant::now();
        loop {
            let checked = self.run(&["healthcheck", "run", container]);
            match checked {
                Ok(()) => return Ok(began.elapsed()),
                Err(error) if began.elapsed() > PATIENCE => {
                    let log = self.command(&["logs", container]).output()?;
                    let log = String::from_utf8_lossy(&log.stderr).into_owned();
                    return Err(error.context(format!("{container} is not healthy\n{log}")));
                }
                Err(_) => thread::sleep(Duration::from_millis(200)),
            }
        }
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        // What it mounted would keep the folder from being deleted.
        let _ = self.run(&["rm", "--all", "--force", "--time", "0"]);
        let _ = self.run(&["volume", "rm", "--all", "--force"]);
        let _ = self.run(&["rmi", "--all", "--force"]);
        let _ = self.run(&["network", "prune", "--force"]);
    }
}
