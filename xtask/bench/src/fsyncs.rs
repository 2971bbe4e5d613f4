//! R0: how often the disk takes 4 KB and says that it has them.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use hdrhistogram::Histogram;

use crate::generator::Load;

const BLOCK: [u8; 4096] = [0x5a; 4096];

/// Appends and syncs for `duration`, one after another.
pub(crate) fn measure(folder: &Path, duration: Duration) -> Result<Load> {
    let path = folder.join("fsyncs");
    let mut file = File::create(&path)?;
    let mut latency_us = Histogram::new(3)?;
    let started = Instant::now();
    let mut answered = 0_u32;
    while started.elapsed() < duration {
        let since = Instant::now();
        file.write_all(&BLOCK)?;
        file.sync_data()?;
        latency_us.record(u64::try_from(since.elapsed().as_micros())?)?;
        answered += 1;
    }
    let duration = started.elapsed();
    let rate = f64::from(answered) / duration.as_secs_f64();
    std::fs::remove_file(path)?;
    Ok(Load { rate, latency_us, answered, duration, server_cores: 0.0, generator_cores: 0.0 })
}
