//! Texts as UTF-8, however they come: packed by gzip, with a byte order mark, or in UTF-16.

use std::io::{BufReader, Cursor, Read, Result};

use flate2::read::MultiGzDecoder;

const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];
const UTF8_MARK: &[u8] = &[0xef, 0xbb, 0xbf];
/// Bytes that are converted at a time.
const CHUNK_BYTES: u64 = 64 * 1024;

/// Reads `input` as UTF-8: unpacks gzip, drops a byte order mark, and converts UTF-16, with and without
/// a mark. Bytes that are not UTF-8 come as they are.
///
/// # Errors
/// `input` cannot be read. The reader fails where gzip is damaged or ends early.
pub fn decode<'r>(input: impl Read + Send + 'r) -> Result<Box<dyn Read + Send + 'r>> {
    let (begin, input) = peek(input)?;
    if !is_packed(&begin) {
        return Ok(as_utf8(&begin, input));
    }
    let (begin, input) = peek(MultiGzDecoder::new(BufReader::new(input)))?;
    Ok(as_utf8(&begin, input))
}

/// Whether an input that begins so is packed by gzip.
pub(crate) fn is_packed(begin: &[u8]) -> bool {
    begin.starts_with(GZIP_MAGIC)
}

fn as_utf8<'r>(begin: &[u8], mut input: impl Read + Send + 'r) -> Box<dyn Read + Send + 'r> {
    // Without a mark, the first character of JSON and of a list is one of ASCII (RFC 4627, section 3).
    let (mark, unit): (u64, Option<Unit>) = match begin {
        [0xff, 0xfe, ..] => (2, Some(u16::from_le_bytes)),
        [0xfe, 0xff, ..] => (2, Some(u16::from_be_bytes)),
        [first, 0, ..] if *first != 0 => (0, Some(u16::from_le_bytes)),
        [0, second, ..] if *second != 0 => (0, Some(u16::from_be_bytes)),
        begin if begin.starts_with(UTF8_MARK) => (3, None),
        _ => (0, None),
    };
    // The mark is a part of what was looked at, so that this cannot fail.
    let _ = std::io::copy(&mut (&mut input).take(mark), &mut std::io::sink());
    match unit {
        Some(unit) => Box::new(Utf16 { input, unit, bytes: Vec::new(), text: Cursor::default() }),
        None => Box::new(input),
    }
}

/// The first four bytes, and a reader of all.
fn peek<R: Read>(mut input: R) -> Result<(Vec<u8>, impl Read + use<R>)> {
    let mut begin = Vec::with_capacity(4);
    (&mut input).take(4).read_to_end(&mut begin)?;
    Ok((begin.clone(), Cursor::new(begin).chain(input)))
}

/// Puts the two bytes of a unit of UTF-16 together.
type Unit = fn([u8; 2]) -> u16;

/// UTF-16 as UTF-8; half a surrogate pair becomes U+FFFD.
struct Utf16<R> {
    input: R,
    unit: Unit,
    /// Bytes that wait for the rest of their character.
    bytes: Vec<u8>,
    text: Cursor<Vec<u8>>,
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            let read = self.text.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let more = (&mut self.input).take(CHUNK_BYTES).read_to_end(&mut self.bytes)?;
            if more == 0 && self.bytes.is_empty() {
                return Ok(0);
            }
            let mut units: Vec<u16> =
                self.bytes.as_chunks::<2>().0.iter().copied().map(self.unit).collect();
            if more > 0 {
                units.pop_if(|last| (0xd800..0xdc00).contains(last));
                self.bytes.drain(..units.len() * 2);
            } else {
                // A byte is left over.
                units.extend((self.bytes.len() % 2 == 1).then_some(0xfffd));
                self.bytes.clear();
            }
            let text = char::decode_utf16(units)
                .map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER));
            self.text = Cursor::new(text.collect::<String>().into_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn decoded(bytes: &[u8]) -> String {
        let mut text = Vec::new();
        decode(bytes).unwrap().read_to_end(&mut text).unwrap();
        String::from_utf8_lossy(&text).into_owned()
    }

    fn utf16(text: &str, mark: bool, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        let mark = mark.then_some(0xfeff);
        mark.into_iter().chain(text.encode_utf16()).flat_map(bytes).collect()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(bytes).unwrap();
        packed.finish().unwrap()
    }

    #[test]
    fn every_encoding_gives_the_same_text() {
        // Surrogate pairs at every place of a chunk.
        for text in ["", "G", "{}", "Größe 😀", &"a😀".repeat(40_000), &"ab😀".repeat(40_000)]
        {
            for bytes in [
                text.as_bytes().to_vec(),
                format!("\u{feff}{text}").into_bytes(),
                utf16(text, true, u16::to_le_bytes),
                utf16(text, true, u16::to_be_bytes),
                utf16(text, false, u16::to_le_bytes),
                utf16(text, false, u16::to_be_bytes),
            ] {
                assert_eq!(decoded(&bytes), text);
                assert_eq!(decoded(&gzip(&bytes)), text);
            }
        }
        assert_eq!(decoded(&[gzip(b"one "), gzip(b"two")].concat()), "one two");
    }

    #[test]
    fn what_is_damaged_is_neither_lost_nor_silent() {
        assert_eq!(decoded(b"\xff\xfea\0\0\xd8"), "a\u{fffd}");
        assert_eq!(decoded(b"\xff\xfea\0b"), "a\u{fffd}");
        assert_eq!(decoded(b"Gr\xf6\xdfe"), "Gr\u{fffd}\u{fffd}e");
        let packed = gzip(b"a text that is long enough");
        let mut cut = decode(packed.get(..packed.len() - 5).unwrap()).unwrap();
        assert!(cut.read_to_end(&mut Vec::new()).is_err());
    }
}
