//! The resident memory of a process, as Linux counts it.

use std::fs;

use anyhow::{Context, Result};

/// Resident memory in KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Now.
    pub resident_kib: u64,
    /// The most since the process began.
    pub peak_kib: u64,
}

impl Memory {
    /// That of the process with this id, which runs.
    pub fn of(process: u32) -> Result<Self> {
        let path = format!("/proc/{process}/status");
        let status = fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
        let kib = |name: &str| {
            status
                .lines()
                .find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB")?.parse().ok())
                .with_context(|| format!("find {name} in {path}"))
        };
        Ok(Self { resident_kib: kib("VmRSS:")?, peak_kib: kib("VmHWM:")? })
    }
}
