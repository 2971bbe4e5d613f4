//! A text as the rules see it: one kind of blank, hyphen, digit and dot, with a map back.

use std::borrow::Cow;

use unicode_normalization::char::decompose_compatible;

/// A text with its compatibility forms, blanks, hyphens, dots and digits folded to ASCII, and its
/// invisible characters left out.
pub(super) struct Folded<'t> {
    text: Cow<'t, str>,
    /// For each byte of `text`, and for its end, where the original text has it; empty for ASCII,
    /// which folds to itself.
    origins: Vec<usize>,
}

impl<'t> Folded<'t> {
    pub(super) fn new(original: &'t str) -> Self {
        if original.is_ascii() {
            return Self { text: Cow::Borrowed(original), origins: Vec::new() };
        }
        let mut text = String::with_capacity(original.len());
        let mut origins = Vec::with_capacity(original.len() + 1);
        for (place, letter) in original.char_indices() {
            let before = text.len();
            fold(letter, &mut text);
            origins.resize(origins.len() + text.len() - before, place);
        }
        origins.push(original.len());
        Self { text: Cow::Owned(text), origins }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Where the original text has the byte at `place` of the folded one.
    pub(super) fn origin(&self, place: usize) -> usize {
        if self.origins.is_empty() {
            return place;
        }
        self.origins.get(place).or(self.origins.last()).copied().unwrap_or(place)
    }
}

/// Whether `letter` folds to a digit.
pub(super) fn is_digit(letter: char) -> bool {
    letter.is_ascii_digit() || (!letter.is_ascii() && letter.is_numeric())
}

fn fold(letter: char, folded: &mut String) {
    let ascii = match letter {
        '\0'..='\x7f' => letter,
        '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}'
        | '\u{2066}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{20e3}' => return,
        '\u{85}' | '\u{2028}' | '\u{2029}' => '\n',
        // Pd of Unicode and what else is written for a hyphen; the long vowel of Japanese is.
        '\u{58a}'
        | '\u{5be}'
        | '\u{1400}'
        | '\u{1806}'
        | '\u{2010}'..='\u{2015}'
        | '\u{2043}'
        | '\u{207b}'
        | '\u{208b}'
        | '\u{2212}'
        | '\u{2796}'
        | '\u{2e3a}'
        | '\u{2e3b}'
        | '\u{30fc}'
        | '\u{fe31}'
        | '\u{fe32}'
        | '\u{fe58}'
        | '\u{fe63}'
        | '\u{ff0d}'
        | '\u{ff70}' => '-',
        '\u{2795}' => '+',
        '\u{b7}' | '\u{2022}' | '\u{2024}' | '\u{2027}' | '\u{2219}' | '\u{22c5}' | '\u{3002}'
        | '\u{30fb}' | '\u{ff61}' => '.',
        '\u{2044}' | '\u{2215}' => '/',
        '\u{2018}' | '\u{2019}' | '\u{2bc}' => '\'',
        '\u{201c}'..='\u{201f}' => '"',
        '\u{3010}' => '[',
        '\u{3011}' => ']',
        _ if letter.is_whitespace() => ' ',
        _ => match digit_value(letter) {
            Some(value) => value,
            None => return fold_compatible(letter, folded),
        },
    };
    folded.push(ascii);
}

/// Full-width letters, letters and digits of mathematics, in circles and the like; what has no form in ASCII stays.
fn fold_compatible(letter: char, folded: &mut String) {
    let before = folded.len();
    let mut ascii = true;
    decompose_compatible(letter, |part| {
        ascii &= part.is_ascii();
        folded.push(part);
    });
    if !ascii {
        folded.truncate(before);
        folded.push(letter);
    }
}

/// The decimal digits of every script (general category Nd of Unicode 14), by their zeros; those of
/// mathematics and full width have compatibility forms.
fn digit_value(letter: char) -> Option<char> {
    const ZEROS: [u32; 59] = [
        0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6,
        0x0D66, 0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0,
        0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0,
        0xAA50, 0xABF0, 0x104A0, 0x10D30, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450,
        0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50, 0x11D50, 0x11DA0, 0x16A60,
        0x16AC0, 0x16B50, 0x1E140, 0x1E2F0, 0x1E950, 0x1FBF0,
    ];
    let code = u32::from(letter);
    let next = ZEROS.partition_point(|zero| *zero <= code);
    let zero = ZEROS.get(next.checked_sub(1)?)?;
    char::from_digit(code.checked_sub(*zero)?, 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        assert_eq!(Folded::new(text).as_str(), expect, "{text}");
    }

    #[test]
    fn digits_blanks_hyphens_and_forms_of_any_script_fold_to_ascii() {
        check("٠١٢ ۹ ०९ ９ 𝟗 ⑨ ²", "012 9 09 9 9 9 2");
        check("1\u{a0}2\u{202f}3\u{200b}4\u{ad}5", "1 2 345");
        check("1\u{2011}2–3—4−5", "1-2-3-4-5");
        check("ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ", "jane@example.com");
        check("jörg é Ω 电话", "jörg é Ω 电话");
    }

    #[test]
    fn places_lead_back_to_the_original() {
        let folded = Folded::new("é１\u{200b}2x");
        assert_eq!(folded.as_str(), "é12x");
        assert_eq!([2, 3, 4, 5].map(|place| folded.origin(place)), [2, 8, 9, 10]);
    }
}
