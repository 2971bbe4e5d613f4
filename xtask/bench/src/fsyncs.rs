//! R0: how often the disk takes 4 KB and says that it has them.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;

const BLOCK: [u8; 4096] = [0x5a; 4096];

/// Appends and syncs for `duration`, and gives how often a second.
pub(crate) fn a_second(folder: &Path, duration: Duration) -> Result<f64> {
    let path = folder.join("fsyncs");
    let mut file = File::create(&path)?;
    let started = Instant::now();
    let mut count = 0_u32;
    while started.elapsed() < duration {
        file.write_all(&BLOCK)?;
        file.sync_data()?;
        count += 1;
    }
    let rate = f64::from(count) / started.elapsed().as_secs_f64();
    std::fs::remove_file(path)?;
    Ok(rate)
}
