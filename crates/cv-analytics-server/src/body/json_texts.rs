//! The JSON texts of an input, one by one, whatever parts them: lines, an array, or nothing at all.
//!
//! The only reader of events that come as text in whatever form: `POST /v1/events`, imports and what is sent
//! to a queue go through it.

use std::io::{Error, ErrorKind, Read, Result};

use serde_json::Deserializer;
use serde_json::value::RawValue;

/// Bytes that are asked of the input at a time.
const CHUNK_BYTES: usize = 64 * 1024;
/// The most bytes of a text that are looked at as one: a message of 1 MiB, however it is escaped.
const MAX_TEXT_BYTES: usize = 16 * 1024 * 1024;
/// Bytes in which an array's end is looked for first.
const FIRST_WINDOW_BYTES: usize = 256;
/// How a DynamoDB scan's answer may begin: `{`, then the name of one of its parts.
const SCAN_PARTS: [&[u8]; 5] =
    [b"\"Items\"", b"\"Count\"", b"\"ScannedCount\"", b"\"ConsumedCapacity\"", b"\"$metadata\""];
/// Bytes by which a scan's answer is known.
const SCAN_BEGIN_BYTES: usize = 256;

/// A JSON text, or what stands where one should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonText {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// Its bytes, without blanks around them.
    pub bytes: Vec<u8>,
}

/// What the next text is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    /// An array that began on this line.
    Array(u64),
    /// The answer of a DynamoDB scan that began on this line.
    Scan(u64),
}

/// Reads JSON texts; of an array with objects its elements. What is not JSON is given too, in its place: a
/// line of it, with the lines further in that follow it where a text went over several. Memory is bounded
/// by the longest text, not by the input.
pub struct JsonTexts<'r> {
    input: Box<dyn Read + Send + 'r>,
    chunk: Box<[u8]>,
    buffer: Vec<u8>,
    /// The place in the buffer up to which it was given.
    start: usize,
    has_ended: bool,
    line: u64,
    /// Bytes between the place and the beginning of its line.
    column: usize,
    within: Vec<Within>,
    /// Whether a comma may come next.
    after_value: bool,
    /// Bytes that were looked at in vain behind the end of what was given.
    looked_beyond: usize,
    takes_scans: bool,
}

impl<'r> JsonTexts<'r> {
    /// Reads `input`, which is UTF-8 as [`decode`] gives it.
    ///
    /// [`decode`]: crate::body::text_encoding::decode
    pub fn new(input: impl Read + Send + 'r) -> Self {
        Self {
            input: Box::new(input),
            chunk: vec![0; CHUNK_BYTES].into_boxed_slice(),
            buffer: Vec::new(),
            start: 0,
            has_ended: false,
            line: 1,
            column: 0,
            within: Vec::new(),
            after_value: false,
            looked_beyond: 0,
            takes_scans: false,
        }
    }

    /// Gives the items of a DynamoDB scan's answer, as the AWS CLI writes it, in its place.
    #[must_use]
    pub fn with_scans(self) -> Self {
        Self { takes_scans: true, ..self }
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    /// Reads at least `least` bytes more, fewer at the end of the input.
    fn fill(&mut self, least: usize) -> Result<()> {
        self.buffer.drain(..self.start);
        self.start = 0;
        let wanted = self.buffer.len() + least;
        while self.buffer.len() < wanted && !self.has_ended {
            match self.input.read(&mut self.chunk) {
                Ok(read) => {
                    self.has_ended = read == 0;
                    self.buffer.extend_from_slice(self.chunk.get(..read).unwrap_or_default());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Goes on by `length` bytes, and gives them.
    fn take(&mut self, length: usize) -> &[u8] {
        let begin = self.start;
        self.start = self.buffer.len().min(begin + length);
        let taken = self.buffer.get(begin..self.start).unwrap_or_default();
        match taken.iter().rposition(|byte| *byte == b'\n') {
            Some(last) => {
                self.line += taken.split(|byte| *byte == b'\n').count() as u64 - 1;
                self.column = taken.len() - last - 1;
            }
            None => self.column += taken.len(),
        }
        taken
    }

    fn text(&mut self, length: usize) -> JsonText {
        let line = self.line;
        JsonText { line, bytes: self.take(length).trim_ascii().to_vec() }
    }

    /// Skips what may stand between texts; the first byte of the next one.
    fn next_byte(&mut self) -> Result<Option<u8>> {
        let after_value = self.after_value;
        let parts = |byte: &u8| {
            // The record separator of JSON text sequences (RFC 7464).
            byte.is_ascii_whitespace() || *byte == 0x1e || after_value && *byte == b','
        };
        loop {
            let blanks = self.rest().iter().take_while(|byte| parts(byte)).count();
            self.take(blanks);
            match self.rest().first() {
                None if !self.has_ended => self.fill(1)?,
                byte => return Ok(byte.copied()),
            }
        }
    }

    /// The next text, which is not looked into: a value, or (`Err`) what is none.
    fn value(&mut self) -> Result<std::result::Result<JsonText, JsonText>> {
        loop {
            // Where texts had no end, each ends with its line: the search for it stays linear.
            let lines_only = self.looked_beyond >= MAX_TEXT_BYTES;
            let end = if lines_only { self.line_length()? } else { self.rest().len() };
            let is_all = lines_only || self.has_ended || end >= MAX_TEXT_BYTES;
            let window = self.rest().get(..end).unwrap_or_default();
            let mut values = Deserializer::from_slice(window).into_iter::<&RawValue>();
            let looked_at = match values.next() {
                // A number may go on behind what was read.
                Some(Ok(_)) if is_all || values.byte_offset() < end => {
                    let length = values.byte_offset();
                    self.after_value = true;
                    return Ok(Ok(self.text(length)));
                }
                Some(Err(error)) if is_all && error.is_eof() => end,
                // The parser takes `0.` and `1e` for wrong numbers, which more bytes may make right.
                Some(Err(error))
                    if is_all
                        || !error.is_eof()
                            && offset_of(window, error.line()) + error.column() < end =>
                {
                    offset_of(window, error.line())
                }
                None => 0,
                Some(_) => {
                    self.fill(end)?;
                    continue;
                }
            };
            let column = self.column;
            let mut length = self.line_length()?;
            let is_one_line = looked_at <= length;
            while !is_one_line && self.goes_on(length, column)? {
                length += 1 + self.line_length_from(length + 1)?;
            }
            self.looked_beyond += looked_at.saturating_sub(length);
            self.after_value = false;
            return Ok(Err(self.text(length)));
        }
    }

    /// Bytes up to the end of the line on which it is.
    fn line_length(&mut self) -> Result<usize> {
        self.line_length_from(0)
    }

    /// Bytes of the line from `from` without its end, up to the input's end or [`MAX_TEXT_BYTES`].
    fn line_length_from(&mut self, from: usize) -> Result<usize> {
        let mut looked_at = 0;
        loop {
            let line = self.rest().get(from..).unwrap_or_default();
            let end =
                line.get(looked_at..).and_then(|line| line.iter().position(|byte| *byte == b'\n'));
            if let Some(end) = end {
                return Ok(looked_at + end);
            }
            looked_at = line.len();
            if self.has_ended || from + looked_at >= MAX_TEXT_BYTES {
                return Ok(looked_at);
            }
            self.fill(looked_at.max(1))?;
        }
    }

    /// Whether the next line continues a text that began in `column`: indented further, or its last bracket.
    fn goes_on(&mut self, end: usize, column: usize) -> Result<bool> {
        let length = self.line_length_from(end + 1)?;
        let line = self.rest().get(end + 1..end + 1 + length).unwrap_or_default();
        let blanks = line.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let is_inner = blanks > column || blanks == column && line.get(blanks) == Some(&b'}');
        Ok(is_inner && end + length < MAX_TEXT_BYTES)
    }

    /// Whether an array of objects begins here, rather than a text that is an array.
    fn begins_array(&mut self) -> Result<bool> {
        loop {
            let inside = self.rest().get(1..).unwrap_or_default();
            match inside.iter().find(|byte| !byte.is_ascii_whitespace()) {
                Some(b'{' | b']') => return Ok(true),
                None if !self.has_ended && inside.len() < MAX_TEXT_BYTES => {
                    let length = inside.len();
                    self.fill(length.max(1))?;
                }
                _ => break,
            }
        }
        // Not the whole line at once: many arrays may stand on it.
        let mut length = FIRST_WINDOW_BYTES;
        loop {
            if self.rest().len() < length && !self.has_ended {
                self.fill(length)?;
            }
            let window = self.rest().get(..length).unwrap_or(self.rest());
            let end = window.iter().position(|byte| *byte == b'\n');
            let is_all = end.is_some() || window.len() < length || length >= MAX_TEXT_BYTES;
            let line = window.get(..end.unwrap_or(window.len())).unwrap_or_default();
            match Deserializer::from_slice(line).into_iter::<Vec<&RawValue>>().next() {
                Some(Err(error)) if error.is_eof() && !is_all => length *= 2,
                Some(Ok(elements)) => {
                    return Ok(elements.iter().any(|one| one.get().starts_with('{')));
                }
                _ => return Ok(false),
            }
        }
    }

    fn begins_scan(&mut self) -> Result<bool> {
        while self.takes_scans && !self.has_ended && self.rest().len() < SCAN_BEGIN_BYTES {
            self.fill(1)?;
        }
        let rest = self.rest().get(1..).unwrap_or_default().trim_ascii_start();
        Ok(self.takes_scans
            && SCAN_PARTS.iter().any(|part| {
                let after = rest.strip_prefix(*part).map(<[u8]>::trim_ascii_start);
                after.is_some_and(|after| after.starts_with(b":"))
            }))
    }

    /// Reads a part of a scan's answer that began on `line`: goes into its items, and leaves out the rest.
    fn scan_part(&mut self, line: u64) -> Result<()> {
        let broken = || {
            let message =
                format!("the DynamoDB scan's answer that begins on line {line} is not whole");
            Error::new(ErrorKind::InvalidData, message)
        };
        let name = self.value()?.map_err(|_| broken())?;
        if self.next_byte()? != Some(b':') {
            return Err(broken());
        }
        self.take(1);
        match self.next_byte()? {
            Some(b'[') if name.bytes == b"\"Items\"" => {
                self.within.push(Within::Array(self.line));
                self.take(1);
                Ok(())
            }
            Some(_) => self.value()?.map(drop).map_err(|_| broken()),
            None => Err(broken()),
        }
    }

    fn next_text(&mut self) -> Result<Option<JsonText>> {
        loop {
            let byte = self.next_byte()?;
            match (byte, self.within.last().copied()) {
                (None, None) => return Ok(None),
                (None, Some(Within::Scan(line))) => {
                    self.within.clear();
                    let message = format!(
                        "invalid DynamoDB scan output: the object that begins on line {line} is not closed"
                    );
                    return Err(Error::new(ErrorKind::UnexpectedEof, message));
                }
                (None, Some(Within::Array(line))) => {
                    self.within.pop();
                    if self.within.is_empty() {
                        // An array without its end, so that what was cut off is not lost unseen.
                        return Ok(Some(JsonText { line, bytes: b"[".to_vec() }));
                    }
                }
                (Some(b']'), Some(Within::Array(_))) | (Some(b'}'), Some(Within::Scan(_))) => {
                    self.within.pop();
                    self.take(1);
                    self.after_value = true;
                }
                (Some(_), Some(Within::Scan(line))) => self.scan_part(line)?,
                (Some(b'['), None) if self.begins_array()? => {
                    self.within.push(Within::Array(self.line));
                    self.take(1);
                }
                (Some(b'{'), None) if self.begins_scan()? => {
                    self.within.push(Within::Scan(self.line));
                    self.take(1);
                }
                (Some(_), _) => {
                    return self.value().map(|text| Some(text.unwrap_or_else(|text| text)));
                }
            }
        }
    }
}

/// Where a line of `text` begins, by its number from 1.
fn offset_of(text: &[u8], line: usize) -> usize {
    text.split_inclusive(|byte| *byte == b'\n').take(line.saturating_sub(1)).map(<[u8]>::len).sum()
}

impl Iterator for JsonTexts<'_> {
    type Item = Result<JsonText>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_text().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"a":"x\"{"}"#;

    /// Gives an input in pieces, as a pipe does.
    struct Pieces<'t>(&'t [u8], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
            let length = self.1.min(buffer.len());
            (&mut self.0).take(length as u64).read(buffer)
        }
    }

    #[track_caller]
    fn check(input: &str, expect: &[(u64, &str)]) {
        for piece in [1, 7, usize::MAX] {
            let texts = JsonTexts::new(Pieces(input.as_bytes(), piece)).with_scans();
            let texts: Vec<JsonText> = texts.map(Result::unwrap).collect();
            let texts: Vec<(u64, &str)> = texts
                .iter()
                .map(|text| (text.line, str::from_utf8(&text.bytes).unwrap()))
                .collect();
            assert_eq!(texts, expect, "{input} in pieces of {piece}");
        }
    }

    #[test]
    fn texts_are_found_whatever_parts_them() {
        check("", &[]);
        check(" \r\n\t", &[]);
        for input in [
            format!("{GOOD}\n\n{GOOD}\r\n"),
            format!("{GOOD}\n \n{GOOD},\n"),
            format!("\u{1e}{GOOD}\n\n\u{1e}{GOOD}"),
            format!("[{GOOD}\n,\n{GOOD}]"),
            format!("[{GOOD}]\n\n[{GOOD}]"),
        ] {
            check(&input, &[(1, GOOD), (3, GOOD)]);
        }
        check(&format!("{GOOD}{GOOD}"), &[(1, GOOD), (1, GOOD)]);
        check("[]", &[]);
        check("[ ]{}", &[(1, "{}")]);
        check("{\n \"a\": [\n{}]\n}\n{\n}", &[(1, "{\n \"a\": [\n{}]\n}"), (5, "{\n}")]);
        check("[1, 2]", &[(1, "[1, 2]")]);
        check(
            "[{}, 5, [1], \"x\", null]",
            &[(1, "{}"), (1, "5"), (1, "[1]"), (1, "\"x\""), (1, "null")],
        );
        check("1 [2, {}] 3", &[(1, "1"), (1, "2"), (1, "{}"), (1, "3")]);
        let long = "x".repeat(3 * FIRST_WINDOW_BYTES);
        check(&format!("[\"{long}\", {{}}]"), &[(1, &format!("\"{long}\"")), (1, "{}")]);
        check(&format!("[\"{long}\"][1]"), &[(1, &format!("[\"{long}\"]")), (1, "[1]")]);
    }

    #[test]
    fn what_is_no_json_is_given_in_its_place() {
        check(&format!("oops\n{GOOD}\n,b\n"), &[(1, "oops"), (2, GOOD), (3, "b")]);
        check(&format!(",b\n{GOOD} oops\n"), &[(1, ",b"), (2, GOOD), (2, "oops")]);
        check(&format!("{{\"a\":\n{GOOD}\n{GOOD}"), &[(1, "{\"a\":"), (2, GOOD), (3, GOOD)]);
        check(&format!("{{\"a\":\"cut o\n{GOOD}"), &[(1, "{\"a\":\"cut o"), (2, GOOD)]);
        check(&format!("{GOOD}\n{{\"a\":"), &[(1, GOOD), (2, "{\"a\":")]);
        check(&format!("[2026-11-17] started\n{GOOD}"), &[(1, "[2026-11-17] started"), (2, GOOD)]);
        check("[1, 2", &[(1, "[1, 2")]);
        check("[{}", &[(1, "{}"), (1, "[")]);
        check("}\n]\n{}", &[(1, "}"), (2, "]"), (3, "{}")]);
        let indented = "[\n  {\n    \"a\": [\n      {}\n    ]\n    oops\n  },\n  {}\n]";
        let broken = "{\n    \"a\": [\n      {}\n    ]\n    oops\n  },";
        check(indented, &[(2, broken), (8, "{}")]);
        check("{\"a\":1\n\"b\"\nc\n[1]\n", &[(1, "{\"a\":1"), (2, "\"b\""), (3, "c"), (4, "[1]")]);
    }

    #[test]
    fn texts_are_the_same_wherever_the_bytes_stop_for_a_while() {
        let input = format!(
            "[{{\"a\":-0.5}},{{\"b\":[1e-7,true,\"\\u00e9\"]}},{GOOD}] oops {GOOD}\nx\n{GOOD}"
        );
        let read = |input: &mut (dyn Read + Send)| -> Vec<JsonText> {
            JsonTexts::new(input).map(Result::unwrap).collect()
        };
        let whole = read(&mut input.as_bytes());
        assert!(whole.len() > 3);
        for stop in 0..input.len() {
            let (first, rest) = input.as_bytes().split_at(stop);
            assert_eq!(read(&mut first.chain(rest)), whole, "{stop}");
        }
    }

    #[test]
    fn the_items_of_a_scan_are_given_with_their_line() {
        check("{\"Items\":[{\"a\":1},{}],\"Count\":2}", &[(1, "{\"a\":1}"), (1, "{}")]);
        check(
            "{\n  \"Count\": 1,\n  \"Items\": [\n    {\"a\": 1}\n  ]\n}\n{\"Items\": [ {} ]}\n",
            &[(4, "{\"a\": 1}"), (7, "{}")],
        );
        check("{\"Item\":{}}\n{\"Item\":{}}", &[(1, "{\"Item\":{}}"), (2, "{\"Item\":{}}")]);
        for cut in ["{\"Items\":[{}", "{\"Items\":[{}],\"Count\"", "{\"Count\":1,", "{\"Count\":1"]
        {
            let texts = JsonTexts::new(cut.as_bytes()).with_scans();
            let texts: Result<Vec<_>> = texts.collect();
            assert!(texts.unwrap_err().to_string().contains("line 1"), "{cut}");
        }
        let plain = JsonTexts::new("{\"Count\":1}".as_bytes());
        assert_eq!(plain.count(), 1);
    }

    #[test]
    fn texts_without_end_are_read_in_linear_time() {
        let size = 256 * 1024;
        for line in ["[\n", "{\"a\":[\n", "{\"a\":\n", "\"\n", "{\n", "x", "[{\n", "[1]", "{}"] {
            let lines = line.repeat(size / line.len());
            for end in ["", "oops", "]"] {
                let input = lines.clone() + end;
                let count = JsonTexts::new(input.as_bytes()).map(Result::unwrap).count();
                assert!(count > 0, "{line:?}");
            }
        }
    }

    #[test]
    fn long_texts_are_whole_and_bytes_that_are_no_text_are_bounded() {
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(3 * CHUNK_BYTES));
        check(&format!("{long}\n{long}"), &[(1, &long), (2, &long)]);
        let mut noise = JsonTexts::new(std::io::repeat(7).take(20 * 1024 * 1024));
        assert!(noise.all(|text| text.unwrap().bytes.len() <= 2 * MAX_TEXT_BYTES + CHUNK_BYTES));
    }
}
