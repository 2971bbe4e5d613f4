//! What a message says in each of its encodings.

use std::collections::{HashSet, VecDeque};

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::percent_decode_str;

/// How many times a text may be encoded.
pub(super) const MAX_LAYERS: usize = 4;
/// The most that is decoded of a message: so many times its length, and a little for short ones, up to a limit.
const MAX_DECODED: usize = 4 << 20;
const DECODED_PER_BYTE: usize = 4;
const DECODED_OF_ANY: usize = 4_096;
/// What a text costs of that besides its length, so that there are not too many of them.
pub(super) const COST_OF_TEXT: usize = 16;
/// The shortest word that is taken for base64.
const MIN_BASE64_CHARS: usize = 8;
/// Takes base64 with padding or without, and also if it was cut off.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Texts that are still to be searched, with the number of times that each was encoded.
pub(super) struct Layers {
    texts: VecDeque<(String, usize)>,
    known: HashSet<String>,
    bytes_left: usize,
}

impl Layers {
    pub(super) fn of(body: &[u8]) -> Self {
        let latin = std::str::from_utf8(body)
            .is_err()
            .then(|| body.iter().copied().map(char::from).collect::<String>());
        Self {
            texts: texts(body).chain(latin).map(|text| (text, 0)).collect(),
            known: HashSet::new(),
            bytes_left: limit_of(body.len()).min(MAX_DECODED),
        }
    }

    /// The next text, whose own encodings come after all that are waiting.
    pub(super) fn next(&mut self) -> Option<String> {
        let (text, depth) = self.texts.pop_front()?;
        if depth < MAX_LAYERS {
            self.decode(&text, depth + 1);
        }
        Some(text)
    }

    fn add(&mut self, text: String, depth: usize) {
        if let Some(left) = self.bytes_left.checked_sub(text.len() + COST_OF_TEXT)
            && self.known.insert(text.clone())
        {
            self.bytes_left = left;
            self.texts.push_back((text, depth));
        }
    }

    fn decode(&mut self, text: &str, depth: usize) {
        if text.contains('\\') {
            for string in strings(text).filter(|string| string.contains('\\')) {
                self.add(unescape(string), depth);
            }
            self.add(unescape(text), depth);
        }
        if has_code(text, b'%') {
            self.add(percent_decode_str(text).decode_utf8_lossy().into_owned(), depth);
        }
        if has_code(text, b'=') {
            // Quoted-printable.
            let codes = text.replace("=\r\n", "").replace("=\n", "").replace('=', "%");
            self.add(percent_decode_str(&codes).decode_utf8_lossy().into_owned(), depth);
        }
        let marks = ["&quot;", "“", "”"];
        if marks.iter().any(|mark| text.contains(mark)) {
            let plain = marks.iter().fold(text.to_owned(), |text, mark| text.replace(mark, "\""));
            self.add(plain, depth);
        }
        for marks in ["+/", "-_"] {
            let is_apart = |letter: char| {
                !letter.is_ascii_alphanumeric()
                    && !marks.contains(letter)
                    && !"\r\n".contains(letter)
            };
            for words in text.split(is_apart) {
                words.lines().for_each(|line| self.add_base64(line, depth));
                // As mails have it, in lines.
                if words.trim().contains('\n') {
                    self.add_base64(&words.replace(['\r', '\n'], ""), depth);
                }
            }
        }
    }

    fn add_base64(&mut self, word: &str, depth: usize) {
        if word.len() < MIN_BASE64_CHARS || self.bytes_left < COST_OF_TEXT {
            return;
        }
        let mut word = word.replace('-', "+").replace('_', "/");
        if word.len() % 4 == 1 {
            word.pop();
        }
        let held = BASE64.decode(&word).unwrap_or_default();
        for text in texts(&held).filter(|text| is_printable(text)) {
            self.add(text, depth);
        }
    }
}

/// How much is read of what is encoded in so many bytes.
pub(super) fn limit_of(bytes: usize) -> usize {
    bytes.saturating_mul(DECODED_PER_BYTE).saturating_add(DECODED_OF_ANY)
}

/// What bytes say: in UTF-8, and also in UTF-16 or without zeros if there are any.
fn texts(bytes: &[u8]) -> impl Iterator<Item = String> + use<> {
    let plain = String::from_utf8_lossy(bytes).into_owned();
    let wide = plain.contains('\0').then(|| {
        let zeros_at =
            |place| bytes.iter().skip(place).step_by(2).filter(|byte| **byte == 0).count();
        let order =
            if zeros_at(1) >= zeros_at(0) { u16::from_le_bytes } else { u16::from_be_bytes };
        let (pairs, _) = bytes.as_chunks::<2>();
        String::from_utf16_lossy(&pairs.iter().map(|pair| order(*pair)).collect::<Vec<_>>())
    });
    let dense = plain.contains('\0').then(|| plain.replace('\0', ""));
    [plain].into_iter().chain(wide).chain(dense)
}

/// What stands between quotation marks, and what stands between two strings: which is which, a text that was cut off
/// at its beginning does not tell.
pub(super) fn strings(text: &str) -> impl Iterator<Item = &str> {
    let mut escaped = false;
    text.split(move |letter| {
        let ends = letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
        ends
    })
}

/// Takes back what JSON and programming languages do to a text in quotation marks.
pub(super) fn unescape(text: &str) -> String {
    let mut units = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, escape)) = rest.split_once('\\') {
        units.extend(plain.encode_utf16());
        let mut letters = escape.chars();
        let letter = letters.next().unwrap_or('\\');
        let after = letters.as_str();
        let digits = match letter {
            'u' => 4,
            'x' => 2,
            _ => 0,
        };
        let code = after.get(..digits).and_then(|code| u16::from_str_radix(code, 16).ok());
        rest = if code.is_some() { after.get(digits..).unwrap_or_default() } else { after };
        let meant = match letter {
            'n' | 'r' => '\n',
            't' | 'b' | 'f' | 'v' => '\t',
            letter => letter,
        };
        match code {
            Some(code) => units.push(code),
            None => units.extend(meant.encode_utf16(&mut [0; 2]).iter()),
        }
    }
    units.extend(rest.encode_utf16());
    String::from_utf16_lossy(&units)
}

/// Whether two hexadecimal digits follow a mark somewhere.
fn has_code(text: &str, mark: u8) -> bool {
    text.as_bytes().windows(3).any(|code| {
        matches!(code, [first, high, low]
            if *first == mark && high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
    })
}

/// Whether three of four letters can be read, as they hardly can where a common word is taken for base64.
fn is_printable(text: &str) -> bool {
    let is_odd = |letter: &char| {
        *letter == char::REPLACEMENT_CHARACTER || letter.is_control() && !letter.is_whitespace()
    };
    !text.is_empty() && text.chars().filter(is_odd).count() * 4 <= text.chars().count()
}
