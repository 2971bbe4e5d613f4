//! What languages put on a name: case endings, the nouns of compounds, and versions, read from `data/endings.txt`.

use std::collections::HashSet;

use rustc_hash::FxBuildHasher;

const ENDINGS: &str = include_str!("../../../data/endings.txt");

/// Longest case ending, in bytes: three letters of Korean.
const MAX_ENDING_BYTES: usize = 9;
/// Bytes by which the beginning of a word is known, of a long one, and a word as a whole.
const SHORT_PREFIX_BYTES: usize = 4;
const LONG_PREFIX_BYTES: usize = 5;
const WHOLE_WORD_BYTES: usize = 8;
/// Bytes of the shortest name that takes case endings without being listed: shorter ones with an ending
/// are too often other words.
const MIN_INFLECTED_BYTES: usize = 7;
/// The same in scripts whose letters are several bytes.
const MIN_MULTIBYTE_INFLECTED_BYTES: usize = 6;
/// Bytes of the shortest listed name that takes case endings.
const MIN_LISTED_BYTES: usize = 4;
/// Shorter names before a noun or a version are too often other words.
const MIN_COMPOUNDED_BYTES: usize = 3;
/// English contractions: after an apostrophe they are not case endings.
const CONTRACTIONS: [&str; 7] = ["'s", "'t", "'d", "'m", "'re", "'ve", "'ll"];

type Words = HashSet<&'static str, FxBuildHasher>;

/// What was found on a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ending {
    /// A case ending: `Kubernetesem`.
    Case,
    /// The ending of an adjective, which hardly an ordinary word has: `reactowych`.
    Adjective,
    /// A noun that only follows a skill's name: `Javakenntnisse`.
    Noun,
    /// A number of up to two digits, or a `+`: `Django5`, `Java17+`.
    Version,
    /// A year: `Windows2022`.
    Year,
}

/// All endings.
#[derive(Clone, Default, Debug)]
pub(crate) struct Endings {
    cases: Words,
    case_heads: Heads,
    /// Those of them that make an adjective.
    adjectives: Words,
    /// Endings that replace the `a` or `o` that a name ends with: `Javy`, `Djangem`.
    pub(crate) after_a: Vec<&'static str>,
    pub(crate) after_o: Vec<&'static str>,
    /// Beginnings of nouns: `kenntnis` for `Kenntnisse`.
    nouns: Vec<&'static str>,
    noun_heads: Heads,
    /// Articles and prepositions that are written as one with the name.
    prefixes: Vec<&'static str>,
    /// Nouns that Japanese writes behind a name in the same script.
    katakana: Vec<&'static str>,
    /// Short names that take case endings.
    inflected: Words,
    /// Words that only look like a name with an ending.
    ordinary: Words,
}

impl Endings {
    pub(crate) fn built_in() -> Self {
        let mut endings = Self::default();
        let mut section = "";
        for line in ENDINGS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some(name) = line.strip_prefix('[') {
                section = name.trim_end_matches(']');
                continue;
            }
            let words = line.split_whitespace();
            match section {
                "cases" => endings.cases.extend(words),
                "adjectives" => {
                    endings.cases.extend(words.clone());
                    endings.adjectives.extend(words);
                }
                "after-a" => endings.after_a.extend(words),
                "after-o" => endings.after_o.extend(words),
                "nouns" => endings.nouns.extend(words),
                "prefixes" => endings.prefixes.extend(words),
                "inflected" => endings.inflected.extend(words),
                "katakana" => endings.katakana.extend(words),
                _ => endings.ordinary.extend(words),
            }
        }
        for case in &endings.cases {
            endings.case_heads.add(case.as_bytes());
        }
        for noun in &endings.nouns {
            endings.noun_heads.add(noun.as_bytes().get(..SHORT_PREFIX_BYTES).unwrap_or_default());
        }
        endings
    }

    /// Whether a spelling of a name of so many words takes case endings: a long one that is not
    /// rather an ordinary word, or a short one that is listed.
    pub(crate) fn inflects(&self, spelling: &str, words: usize, ordinary: bool) -> bool {
        let joined = words > 1 && !spelling.contains([' ', ',']);
        let shortest =
            if spelling.is_ascii() { MIN_INFLECTED_BYTES } else { MIN_MULTIBYTE_INFLECTED_BYTES };
        let long = spelling.len() >= shortest && !ordinary && !joined;
        long || self.is_inflected(spelling)
    }

    /// Whether a name is listed as one that takes case endings.
    pub(crate) fn is_inflected(&self, name: &str) -> bool {
        self.inflected.contains(name)
    }

    /// Whether the word only looks like a name with an ending.
    pub(crate) fn is_ordinary(&self, word: &str) -> bool {
        self.ordinary.contains(word)
    }

    /// Whether the word begins like a noun that only follows a skill's name.
    pub(crate) fn is_noun(&self, word: &str) -> bool {
        self.noun_heads.may_begin(word.as_bytes())
            && self.nouns.iter().any(|noun| word.starts_with(noun))
    }

    /// Whether a word that begins with an apostrophe is a case ending: `Python'da`.
    pub(crate) fn is_case_after_apostrophe(&self, word: &str) -> bool {
        !CONTRACTIONS.contains(&word)
            && word.strip_prefix('\'').is_some_and(|ending| self.is_case(ending))
    }

    /// Whether the word is a case ending.
    pub(crate) fn is_case(&self, word: &str) -> bool {
        self.cases.contains(word)
    }

    /// Whether the word may end with a version.
    pub(crate) fn may_be_version(word: &str) -> bool {
        word.as_bytes().last().is_some_and(|last| last.is_ascii_digit() || *last == b'+')
    }

    /// The bytes before the version that a phrase ends with.
    pub(crate) fn version(phrase: &str) -> Option<(&str, Ending)> {
        let number = phrase.strip_suffix('+').unwrap_or(phrase);
        let name = number.trim_end_matches(|char: char| char.is_ascii_digit());
        let digits = number.get(name.len()..).unwrap_or_default();
        let ending = match digits.len() {
            0 if number.len() == phrase.len() => return None,
            0..=2 => Ending::Version,
            4 if digits.starts_with("20") => Ending::Year,
            _ => return None,
        };
        (name.len() >= MIN_COMPOUNDED_BYTES && name.ends_with(char::is_alphabetic))
            .then_some((name, ending))
    }

    /// The first answer of `named` to the ways to part a phrase into a name and an ending, the longest name first.
    pub(crate) fn part<T>(
        &self,
        phrase: &str,
        named: impl Fn(&str, Ending) -> Option<T>,
    ) -> Option<T> {
        let bytes = phrase.as_bytes();
        let shortest = bytes.len().saturating_sub(MAX_ENDING_BYTES).max(MIN_LISTED_BYTES);
        for at in (shortest..bytes.len()).rev() {
            if self.case_heads.may_hold(bytes.get(at..)?)
                && let Some((name, ending)) = phrase.split_at_checked(at)
                && self.cases.contains(ending)
            {
                let adjective = self.adjectives.contains(ending);
                let kind = if adjective { Ending::Adjective } else { Ending::Case };
                let found = named(name, kind);
                if found.is_some() {
                    return found;
                }
            }
        }
        for at in (MIN_COMPOUNDED_BYTES..bytes.len().saturating_sub(SHORT_PREFIX_BYTES)).rev() {
            if self.noun_heads.may_hold(bytes.get(at..at + SHORT_PREFIX_BYTES)?)
                && let Some((name, noun)) = phrase.split_at_checked(at)
                && self.is_noun(noun)
                && let Some(found) = named(name, Ending::Noun)
            {
                return Some(found);
            }
        }
        None
    }

    /// The word without an article or preposition that is written as one with it.
    pub(crate) fn without_prefix<'w>(&self, word: &'w str) -> impl Iterator<Item = &'w str> {
        self.prefixes.iter().filter_map(|prefix| word.strip_prefix(prefix))
    }

    /// Whether a name in katakana may end where this text goes on.
    pub(crate) fn ends_katakana(&self, rest: &str) -> bool {
        !rest.starts_with(is_katakana) || self.katakana.iter().any(|noun| rest.starts_with(noun))
    }
}

/// Whether Japanese writes loan words with it.
pub(crate) fn is_katakana(char: char) -> bool {
    matches!(char, '\u{30a1}'..='\u{30fa}' | '\u{30fc}')
}

/// A set of word beginnings with false positives, which spares most words the search for an ending.
#[derive(Clone, Default, Debug)]
pub(crate) struct Heads {
    bits: Vec<u64>,
}

impl Heads {
    /// Adds the beginning of a word: its first five bytes, or all of a shorter one.
    pub(crate) fn add(&mut self, word: &[u8]) {
        self.insert(word, LONG_PREFIX_BYTES);
    }

    /// Adds a word with as much of it as fits.
    pub(crate) fn add_whole(&mut self, word: &[u8]) {
        self.insert(word, WHOLE_WORD_BYTES);
    }

    fn insert(&mut self, word: &[u8], bytes: usize) {
        self.bits.resize(1 << 13, 0);
        let (at, bit) = Self::place(first_bytes(word), bytes);
        if let Some(bits) = self.bits.get_mut(at) {
            *bits |= bit;
        }
    }

    /// Adds a name that is shorter than a beginning, with every noun that may follow it.
    pub(crate) fn add_with_nouns(&mut self, name: &str, endings: &Endings) {
        let mut word = Vec::new();
        for noun in &endings.nouns {
            word.clear();
            word.extend_from_slice(name.as_bytes());
            word.extend_from_slice(noun.as_bytes());
            self.add(&word);
        }
    }

    /// Whether a word may begin with one of them or like one.
    pub(crate) fn may_begin(&self, word: &[u8]) -> bool {
        let first = first_bytes(word);
        self.holds(first, LONG_PREFIX_BYTES) || self.holds(first, SHORT_PREFIX_BYTES)
    }

    /// Whether a word may be one of them, or begin like one.
    pub(crate) fn may_hold(&self, word: &[u8]) -> bool {
        self.holds(first_bytes(word), LONG_PREFIX_BYTES)
    }

    /// Whether a word may be one that was added to `wholes` as a whole, or begin like one of `heads`.
    pub(crate) fn may_be_or_begin(wholes: &Self, heads: &Self, word: &[u8]) -> bool {
        let first = first_bytes(word);
        wholes.holds(first, WHOLE_WORD_BYTES)
            || heads.holds(first, LONG_PREFIX_BYTES)
            || heads.holds(first, SHORT_PREFIX_BYTES)
    }

    fn holds(&self, first: u64, bytes: usize) -> bool {
        let (at, bit) = Self::place(first, bytes);
        self.bits.get(at).is_some_and(|bits| bits & bit != 0)
    }

    fn place(first: u64, bytes: usize) -> (usize, u64) {
        let head = first & (u64::MAX >> (64 - 8 * bytes));
        let hash = head.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 45;
        (usize::try_from(hash >> 6).unwrap_or_default(), 1 << (hash & 63))
    }
}

/// The first eight bytes of a word as a number, with zeros after a shorter one.
fn first_bytes(word: &[u8]) -> u64 {
    if let Some(first) = word.first_chunk::<8>() {
        return u64::from_le_bytes(*first);
    }
    match (word.first_chunk::<4>(), word.last_chunk::<4>()) {
        (Some(first), Some(last)) => {
            let last = u64::from(u32::from_le_bytes(*last));
            u64::from(u32::from_le_bytes(*first)) | last << (8 * (word.len() - 4))
        }
        _ => match *word {
            [a, b, c] => u64::from(u32::from_le_bytes([a, b, c, 0])),
            [a, b] => u64::from(u16::from_le_bytes([a, b])),
            [a] => u64::from(a),
            _ => 0,
        },
    }
}
