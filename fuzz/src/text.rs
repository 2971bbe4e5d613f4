//! The events in a text, whatever its form: what `POST /v1/events` and `events import` read.

use std::io::{Cursor, Read};

use cv_analytics_server::body::json_texts::{JsonText, JsonTexts};
use cv_analytics_server::body::text_encoding::decode;
use serde_json::value::RawValue;

/// The most bytes that are unpacked of an input.
const MAX_BYTES: u64 = 8 << 20;

/// Holds that
///
/// - the texts are the same however the bytes come, and no more bytes than there are;
/// - none is empty or has blanks around it, and their lines go upward;
/// - JSON texts that are written one a line are read as they are.
pub fn check(data: &[u8]) {
    let mut plain = Vec::new();
    let decoded = decode(Cursor::new(data.to_vec()))
        .and_then(|input| input.take(MAX_BYTES).read_to_end(&mut plain));
    if decoded.is_err() || plain.len() as u64 == MAX_BYTES {
        return;
    }
    for with_scans in [false, true] {
        let all = read(Cursor::new(plain.clone()), with_scans);
        assert_eq!(all, read(Drops(Cursor::new(plain.clone())), with_scans), "byte by byte");
        let (texts, error) = all;
        // A scan's answer that is not whole is an error, and nothing else.
        assert!(error.is_none() || with_scans, "{error:?}");
        let bytes = texts.iter().map(|text| text.bytes.len()).sum::<usize>();
        assert!(bytes <= plain.len(), "{bytes} bytes of {}", plain.len());
        assert!(texts.iter().all(|text| !text.bytes.is_empty()));
        assert!(texts.iter().all(|text| text.bytes.trim_ascii() == text.bytes), "{texts:?}");
        // An array that does not end is told last, by the line on which it began.
        let told = texts.iter().filter(|text| text.bytes != b"[");
        assert!(told.map(|text| text.line).is_sorted(), "{texts:?}");
        let texts: Vec<_> = texts.into_iter().map(|text| text.bytes).collect();
        if texts.iter().all(|text| is_one_line_of_json(text)) {
            let lines = texts.join(&b'\n');
            let (again, _) = read(Cursor::new(lines), false);
            let again: Vec<_> = again.into_iter().map(|text| text.bytes).collect();
            assert_eq!(again, texts, "written one a line");
        }
    }
}

/// An array would be taken apart.
fn is_one_line_of_json(text: &[u8]) -> bool {
    !text.starts_with(b"[")
        && !text.contains(&b'\n')
        && !text.contains(&b'\r')
        && serde_json::from_slice::<Box<RawValue>>(text).is_ok()
}

/// The texts, and why they went no further.
fn read(input: impl Read + Send, with_scans: bool) -> (Vec<JsonText>, Option<String>) {
    let texts = JsonTexts::new(input);
    let mut read = Vec::new();
    for text in if with_scans { texts.with_scans() } else { texts } {
        match text {
            Ok(text) => read.push(text),
            Err(error) => return (read, Some(error.to_string())),
        }
    }
    (read, None)
}

/// Gives one byte at a time.
struct Drops(Cursor<Vec<u8>>);

impl Read for Drops {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let first = buffer.len().min(1);
        self.0.read(&mut buffer[..first])
    }
}
