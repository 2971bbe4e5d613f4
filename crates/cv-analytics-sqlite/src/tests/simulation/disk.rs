//! What a power cut leaves of the files.

use std::fs;
use std::path::PathBuf;

use cv_analytics_harness::seeded::Seeded;

use super::super::setup::Folder;

/// Bytes before the first frame of a log.
const LOG_HEADER: usize = 32;
/// Where header and frames have the salts that say which belong together.
const HEADER_SALTS: std::ops::Range<usize> = 16..24;
const FRAME_HEADER: usize = 24;
const FRAME_SALTS: std::ops::Range<usize> = 8..16;
const PAGE: usize = 4_096;

/// The database and its log. The log's index is lost with the memory that it is in.
#[derive(Clone)]
pub(super) struct Image {
    database: Vec<u8>,
    log: Vec<u8>,
}

impl Image {
    /// What the files hold now, while nobody writes.
    pub(super) fn of(folder: &Folder) -> Self {
        Self {
            database: fs::read(folder.database()).unwrap(),
            log: fs::read(log(folder)).unwrap_or_default(),
        }
    }

    /// This image with what came into the log until `after`, cut at a random byte: what lies behind is
    /// missing, zero or anything. As `after` is where the log began anew meanwhile.
    pub(super) fn torn(self, after: Self, random: &mut Seeded) -> Self {
        let is_same_log = self.log.get(..LOG_HEADER) == after.log.get(..LOG_HEADER);
        if !is_same_log || self.log.len() < LOG_HEADER {
            return after;
        }
        let (from, to) = (end(&self.log), end(&after.log));
        let cut = from + random.below(to - from + 1);
        let mut log = after.log;
        match random.below(3) {
            0 => log.truncate(cut),
            1 => log[cut..].fill(0),
            _ => log[cut..].iter_mut().for_each(|byte| *byte ^= 0xA5),
        }
        Self { database: self.database, log }
    }

    /// A folder with these files.
    pub(super) fn put(&self) -> Folder {
        let folder = Folder::new();
        fs::write(folder.database(), &self.database).unwrap();
        fs::write(log(&folder), &self.log).unwrap();
        folder
    }
}

/// The end of the last frame that belongs to the log as it is.
fn end(log: &[u8]) -> usize {
    let salts = &log[HEADER_SALTS];
    let frames = log[LOG_HEADER..].chunks_exact(FRAME_HEADER + PAGE);
    let count = frames.take_while(|frame| frame[FRAME_SALTS] == *salts).count();
    LOG_HEADER + count * (FRAME_HEADER + PAGE)
}

fn log(folder: &Folder) -> PathBuf {
    folder.database().with_extension("db-wal")
}
