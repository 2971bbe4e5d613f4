//! R0: how often the disk takes 4 KB and says that it has them, by the call that the store makes.
//!
//! They are written over a file that keeps its length, as most commits write over the log.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use hdrhistogram::Histogram;

use crate::intake::generator::Load;

const BLOCK: [u8; 4096] = [0x5a; 4096];

/// Blocks in the file.
const BLOCKS: u64 = 1_024;

/// Writes and syncs for `duration`, one after another.
pub(crate) fn measure(folder: &Path, duration: Duration) -> Result<Load> {
    let path = folder.join("fsyncs");
    let mut file = File::create(&path)?;
    for _ in 0..BLOCKS {
        file.write_all(&BLOCK)?;
    }
    file.sync_all()?;
    let mut latency_us = Histogram::new(3)?;
    let started = Instant::now();
    let mut answered = 0_u32;
    while started.elapsed() < duration {
        let since = Instant::now();
        file.write_all_at(&BLOCK, u64::from(answered) % BLOCKS * BLOCK.len() as u64)?;
        file.sync_data()?;
        latency_us.record(u64::try_from(since.elapsed().as_micros())?)?;
        answered += 1;
    }
    let duration = started.elapsed();
    let rate = f64::from(answered) / duration.as_secs_f64();
    std::fs::remove_file(path)?;
    Ok(Load { rate, latency_us, answered, duration, server_cores: 0.0, generator_cores: 0.0 })
}
