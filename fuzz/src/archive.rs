//! The lines and the manifest of an archive that anybody may have written.
//!
//! The reader is a part of the program, which is not a library.

use std::io::Write;

use bytes::Bytes;
use cv_analytics_core::intake::Intake;
use flate2::Compression;
use flate2::write::GzEncoder;

#[path = "../../crates/cv-analytics/src/commands/archive/line.rs"]
mod line;
#[path = "../../crates/cv-analytics/src/commands/archive/manifest.rs"]
mod manifest;
#[path = "../../crates/cv-analytics/src/commands/archive/reading.rs"]
mod reading;

use self::line::{read_state, write_state};
use self::manifest::{ARCHIVE_VERSION, Manifest, Part, PartKind, Version};
use self::reading::{Item, Lines};

/// The first byte says what the rest is: lines of events or of anything else, packed or not.
///
/// Holds that lines are read alike packed and not, that they are no more than there are, and that what is
/// read of a line is read again of the line that is written of it.
pub fn check_lines(data: &[u8]) {
    let Some((first, lines)) = data.split_first() else { return };
    let kind = if first & 1 == 0 { PartKind::Events } else { PartKind::State };
    let plain = read(kind, lines.to_vec());
    // What begins as something packed is unpacked, and not as it stands.
    if !lines.starts_with(b"\x1f\x8b") {
        assert_eq!(read(kind, packed(lines)), plain, "packed");
    }
    let (lines_read, _) = plain;
    assert!(lines_read.iter().map(Vec::len).sum::<usize>() <= 2 * lines.len());
    let mut count = 0;
    let part = part(kind, lines_read.len() as u64);
    let all = lines_read.join(&b'\n');
    // Fails at the first line that cannot be read; those before it are looked at.
    let checked = reading::check_lines(&part, Bytes::from(packed(&all)), |line, item| {
        count += 1;
        match item {
            Item::Event(event) => {
                let written = event.to_json().to_string();
                let again = Intake::as_kept().read(
                    written.as_bytes(),
                    cv_analytics_core::timestamp::Timestamp::from_millis(0),
                );
                assert_eq!(again, cv_analytics_core::intake::Content::Event(event), "{written}");
            }
            Item::State(state) => {
                assert_eq!(read_state(line).ok().as_ref(), Some(&state));
                let mut written = Vec::new();
                write_state(&mut written, state.clone()).expect("what was read can be written");
                assert_eq!(written.iter().filter(|byte| **byte == b'\n').count(), 1);
                assert_eq!(read_state(&written).ok(), Some(state));
            }
        }
    });
    assert!(checked.is_err() || count == lines_read.len());
}

/// Holds that a manifest is read as it is written, and that its version is seen whatever else it holds.
pub fn check_manifest(data: &[u8]) {
    let Ok(manifest) = serde_json::from_slice::<Manifest>(data) else { return };
    let version = serde_json::from_slice::<Version>(data).expect("every manifest has its version");
    assert_eq!(version.archive_version, u64::from(manifest.archive_version));
    let written = serde_json::to_vec_pretty(&manifest).expect("a manifest can be written");
    assert_eq!(serde_json::from_slice::<Manifest>(&written).ok(), Some(manifest));
}

/// The lines, batch by batch, and why they went no further.
fn read(kind: PartKind, bytes: Vec<u8>) -> (Vec<Vec<u8>>, Option<String>) {
    let mut read = Vec::new();
    let mut lines = match Lines::of(&part(kind, 0), Bytes::from(bytes)) {
        Ok(lines) => lines,
        Err(error) => return (read, Some(error.to_string())),
    };
    loop {
        match lines.batch() {
            Ok(batch) if batch.is_empty() => return (read, None),
            Ok(batch) => read.extend(batch),
            Err(error) => return (read, Some(error.to_string())),
        }
    }
}

fn part(kind: PartKind, lines: u64) -> Part {
    let name = format!("fuzz-{ARCHIVE_VERSION}.jsonl.gz");
    Part { name, kind, lines, bytes: 0, sha256: String::new() }
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(bytes).expect("memory takes it");
    packer.finish().expect("memory takes it")
}
