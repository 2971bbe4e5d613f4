//! Leaves the accents of Latin letters out, because people leave them out when they type.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::decompose_canonical;

use crate::skills::words::folded::is_invisible;

/// The text in Unicode's compatible form (`ﬁ` as `fi`, full-width letters as plain ones), without
/// characters that show nothing and without the signs of trade marks.
pub(crate) fn compatible(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let is_left_out = |char: &char| is_invisible(*char) || matches!(char, '™' | '®' | '©' | '℠');
    Cow::Owned(text.chars().filter(|char| !is_left_out(char)).nfkc().collect())
}

/// The text with Latin letters in their plain form: `disponibilité` as `disponibilite`, `Größe` as
/// `Grosse`. Other scripts stay as they are, but for the dots of `ё`.
pub(crate) fn without_accents(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            'ß' => plain.push_str("ss"),
            'æ' | 'Æ' => plain.push_str("ae"),
            'œ' | 'Œ' => plain.push_str("oe"),
            'ø' | 'Ø' => plain.push('o'),
            'ł' | 'Ł' => plain.push('l'),
            'đ' | 'Đ' => plain.push('d'),
            'ı' | 'İ' => plain.push('i'),
            'ё' | 'Ё' => plain.push('е'),
            '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => decompose_canonical(char, |part| {
                if !('\u{300}'..='\u{36f}').contains(&part) {
                    plain.push(part);
                }
            }),
            _ => plain.push(char),
        }
    }
    Cow::Owned(plain)
}
