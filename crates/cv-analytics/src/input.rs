//! Reading files or standard input: whole texts, or the events in them.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, Error, Result, anyhow, ensure};
use cv_analytics_server::body::json_texts::JsonTexts;
use cv_analytics_server::body::text_encoding::decode;
use indicatif::ProgressBar;

use crate::output;

/// Entries that are told one by one; of more their number is told.
const MAX_LOGGED_ENTRIES: u64 = 5;

/// The most bytes of a text that is read whole: a CV list, aliases, topics, settings.
const MAX_TEXT_BYTES: u64 = 64 << 20;
/// The most bytes of a file that its owner writes by hand.
const MAX_SMALL_FILE_BYTES: u64 = 1 << 20;

/// Opens a file, or standard input for `-`.
fn open(path: &Path) -> Result<Box<dyn Read + Send>> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(std::io::stdin()));
    }
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    Ok(Box::new(file))
}

/// Reads a whole text, in UTF-8 or UTF-16, packed by gzip or not.
pub(crate) fn read_whole(path: &Path) -> Result<String> {
    let input = decode(open(path)?).with_context(|| format!("cannot read {}", path.display()))?;
    let bytes = read_at_most(input, MAX_TEXT_BYTES, path)?;
    String::from_utf8(bytes).with_context(|| format!("cannot read {}", path.display()))
}

/// Reads one of the owner's small files: a configuration, a template, a password, certificates.
pub(crate) fn read_small(path: &Path) -> Result<Vec<u8>> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    read_at_most(file, MAX_SMALL_FILE_BYTES, path)
}

/// A file may have no end, as `/dev/zero` has none.
fn read_at_most(input: impl Read, max_bytes: u64, path: &Path) -> Result<Vec<u8>> {
    let path = path.display();
    let mut bytes = Vec::new();
    let read = input.take(max_bytes + 1).read_to_end(&mut bytes);
    read.with_context(|| format!("cannot read {path}"))?;
    ensure!(bytes.len() as u64 <= max_bytes, "too large: {path} has more than {max_bytes} bytes");
    Ok(bytes)
}

/// Reads the JSON texts of an input, whatever parts them.
///
/// # Errors
/// As [`cannot_read`] words them; an input of blanks only is one.
pub(crate) fn json_texts(path: &Path) -> Result<JsonTexts<'static>> {
    let input = decode(open(path)?).map_err(|error| cannot_read(path, error))?;
    Ok(JsonTexts::new(NotEmpty { input, has_content: false }))
}

/// What is told where events cannot be read from `path`.
pub(crate) fn cannot_read(path: &Path, error: io::Error) -> Error {
    let path = path.display();
    if matches!(error.get_ref(), Some(inner) if inner.is::<Empty>()) {
        return anyhow!("invalid events in {path}: it is empty");
    }
    Error::from(error).context(format!("cannot read {path}"))
}

/// An input that ends without anything but blanks.
#[derive(Debug)]
struct Empty;

impl std::fmt::Display for Empty {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("it is empty")
    }
}

impl std::error::Error for Empty {}

/// Reads UTF-8, and fails at an end before which nothing but blanks came.
struct NotEmpty<R> {
    input: R,
    has_content: bool,
}

impl<R: Read> Read for NotEmpty<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.input.read(buffer)?;
        let read = buffer.get(..length).unwrap_or_default();
        self.has_content |= !read.iter().all(u8::is_ascii_whitespace);
        if length == 0 && !buffer.is_empty() && !self.has_content {
            return Err(io::Error::other(Empty));
        }
        Ok(length)
    }
}

/// Tells of entries on standard error: of the first few what became of them, of more how many they are.
#[derive(Debug, Default)]
pub(crate) struct ToldEntries(u64);

impl ToldEntries {
    /// Tells what became of the entry that begins on `line`, beside the progress bar.
    pub(crate) fn tell(&mut self, bar: &ProgressBar, line: u64, became: &str) {
        self.0 += 1;
        if self.0 <= MAX_LOGGED_ENTRIES {
            bar.suspend(|| output::complain(format!("line {line} {became}")));
        }
    }

    /// Tells how many more there were.
    pub(crate) fn finish(&self) {
        if let more @ 1.. = self.0.saturating_sub(MAX_LOGGED_ENTRIES) {
            eprintln!("and {more} more");
        }
    }
}
