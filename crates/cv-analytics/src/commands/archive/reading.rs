//! Reads the lines of an archive's part.
//!
//! An archive may come from anybody. So a line is measured before it is read, and what is read at a time
//! is bounded, whatever a file unpacks to.

use std::io::{BufRead, BufReader, Read};

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use cv_analytics_core::event::Event;
use cv_analytics_core::intake::{Content, Intake};
use cv_analytics_core::store::archive::Archived;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_server::body::text_encoding::decode;

use super::line::read_state;
use super::manifest::{Part, PartKind};

/// The longest line of an event: four times what an event that is kept may have.
const MAX_EVENT_BYTES: u64 = 1 << 20;
/// The longest line of anything else: a dead letter of 32 MiB, in base64.
const MAX_STATE_BYTES: u64 = 44 << 20;
/// Blank lines in a row: a part of a few KB could have hundreds of millions.
const MAX_BLANK_LINES: usize = 1_000;
/// The most bytes that a part may unpack to.
const MAX_PLAIN_BYTES: u64 = 1 << 30;
/// Lines that are put back by one call,
const MAX_BATCH_LINES: usize = 1_000;
/// and their bytes.
const MAX_BATCH_BYTES: usize = 1 << 20;

/// The lines of a part, without their ends: one JSON text each.
pub(crate) struct Lines {
    input: Box<dyn BufRead + Send>,
    max_bytes: u64,
    left: u64,
}

impl Lines {
    /// Unpacks a part's bytes as its lines are read.
    ///
    /// # Errors
    /// [`std::io::Error`].
    pub(crate) fn of(part: &Part, bytes: Bytes) -> std::io::Result<Self> {
        let max_bytes = match part.kind {
            PartKind::Events => MAX_EVENT_BYTES,
            PartKind::State => MAX_STATE_BYTES,
        };
        let input = Box::new(BufReader::new(decode(std::io::Cursor::new(bytes))?));
        Ok(Self { input, max_bytes, left: MAX_PLAIN_BYTES })
    }

    /// As many lines as are put back at once; none at the end.
    ///
    /// # Errors
    /// As the iterator's.
    pub(crate) fn batch(&mut self) -> Result<Vec<Vec<u8>>> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        while batch.len() < MAX_BATCH_LINES && bytes < MAX_BATCH_BYTES {
            let Some(line) = self.next() else { break };
            let line = line?;
            bytes += line.len();
            batch.push(line);
        }
        Ok(batch)
    }

    fn read_line(&mut self) -> Result<Option<Vec<u8>>> {
        for _ in 0..=MAX_BLANK_LINES {
            let mut line = Vec::new();
            let mut input = (&mut self.input).take(self.max_bytes + 1);
            let read = input.read_until(b'\n', &mut line)? as u64;
            if read == 0 {
                return Ok(None);
            }
            ensure!(
                read <= self.max_bytes || line.ends_with(b"\n"),
                "too large: a line has more than {} bytes",
                self.max_bytes
            );
            self.left = self.left.checked_sub(read).with_context(|| {
                format!("too large: it unpacks to more than {MAX_PLAIN_BYTES} bytes")
            })?;
            line.truncate(line.trim_ascii_end().len());
            if !line.is_empty() {
                return Ok(Some(line));
            }
        }
        bail!("too many blank lines in a row: more than {MAX_BLANK_LINES}")
    }
}

impl Iterator for Lines {
    type Item = Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read_line().transpose()
    }
}

/// What a line holds.
pub(crate) enum Item {
    Event(Box<Event>),
    State(Archived),
}

impl Item {
    fn read(kind: PartKind, line: &[u8]) -> Result<Self> {
        Ok(match kind {
            PartKind::Events => Self::Event(Box::new(read_event(line)?)),
            PartKind::State => Self::State(read_state(line)?),
        })
    }
}

/// Reads every line of a part, and calls `seen` with it and what it holds.
pub(crate) fn check_lines(
    part: &Part,
    bytes: Bytes,
    mut seen: impl FnMut(&[u8], Item),
) -> Result<()> {
    let mut count = 0;
    let cannot = || format!("cannot unpack {}", part.name);
    for line in Lines::of(part, bytes).with_context(cannot)? {
        let line = line.with_context(cannot)?;
        count += 1;
        let item = Item::read(part.kind, &line);
        seen(&line, item.with_context(|| format!("cannot read line {count} of {}", part.name))?);
    }
    ensure!(
        count == part.lines,
        "invalid part {}: it has {count} lines, and the manifest says {}",
        part.name,
        part.lines
    );
    Ok(())
}

/// Reads an event as it stands in the archive.
fn read_event(line: &[u8]) -> Result<Event> {
    match Intake::as_kept().read(line, Timestamp::from_millis(0)) {
        Content::Event(event) => Ok(*event),
        Content::DeadLetter(letter) => bail!("{}: {}", letter.reason, letter.detail),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    /// The lines that are read of `text`, and why it went no further.
    fn read(text: &'static str, max_bytes: u64, left: u64) -> (usize, Option<String>) {
        let mut lines = Lines { input: Box::new(text.as_bytes()), max_bytes, left };
        let mut count = 0;
        loop {
            match lines.next() {
                Some(Ok(_)) => count += 1,
                Some(Err(error)) => return (count, Some(error.to_string())),
                None => return (count, None),
            }
        }
    }

    #[test]
    fn lines_and_their_sum_are_bounded() {
        let text = "one\n\ntwo\r\nthree";
        assert_eq!(read(text, 6, 100), (3, None));
        assert_eq!(
            read(text, 4, 100),
            (2, Some("too large: a line has more than 4 bytes".to_owned()))
        );
        let sum = format!("too large: it unpacks to more than {MAX_PLAIN_BYTES} bytes");
        assert_eq!(read(text, 6, text.len() as u64 - 1), (2, Some(sum)));
        assert_eq!(read(text, 6, text.len() as u64), (3, None));
        let blank: &'static str = "\n".repeat(MAX_BLANK_LINES + 1).leak();
        let told = "too many blank lines in a row: more than 1000".to_owned();
        assert_eq!(read(&blank[1..], 6, 1 << 20), (0, None));
        assert_eq!(read(blank, 6, 1 << 20), (0, Some(told)));
    }

    #[test]
    fn what_is_put_back_at_once_is_bounded_by_lines_and_by_bytes() {
        let batches = |line: &str, count: usize| {
            let text = line.repeat(count).into_bytes();
            let input = Box::new(std::io::Cursor::new(text));
            let mut lines = Lines { input, max_bytes: MAX_EVENT_BYTES, left: MAX_PLAIN_BYTES };
            std::iter::from_fn(|| Some(lines.batch().unwrap().len()).filter(|len| *len > 0))
                .collect::<Vec<_>>()
        };
        assert_eq!(batches("x\n", 2_500), [1_000, 1_000, 500]);
        let half = "x".repeat(MAX_BATCH_BYTES / 2) + "\n";
        assert_eq!(batches(&half, 5), [2, 2, 1]);
    }
}
