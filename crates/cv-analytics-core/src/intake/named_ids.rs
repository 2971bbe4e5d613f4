//! Finds the ids of requests and sessions in an unreadable message.

mod field_values;
mod layers;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashSet};

use percent_encoding::percent_decode_str;

use self::field_values::values;
use self::layers::{COST_OF_TEXT, Layers, limit_of, strings};
use crate::event::{RequestId, SessionId};
use crate::privacy::{Privacy, is_request, is_session};

/// What a client adds to a request's id to name one of its messages.
const HALVES: [&str; 2] = [":query", ":response"];

/// The longest name of a field that is looked at.
const MAX_FIELD_BYTES: usize = 40;
/// The longest id that is looked at.
const MAX_ID_BYTES: usize = 1_024;
/// The most words of one message that are taken for ids.
const MAX_WORDS: usize = 10_000;
/// The shortest word with a digit that is taken for one, and the shortest without.
const MIN_WORD_CHARS: usize = 2;
const MIN_LETTERS: usize = 16;
/// What a word may contain besides letters and digits, cut by cut.
const MARKS_IN_WORDS: [&str; 3] = ["-", "-_", "-_.:"];
/// What separates words, besides blanks and the equals sign, where a word may contain any other mark.
const SEPARATORS: &str = "\"'`“”,;&<>(){}[]|\\\0";

/// The ids that a message's body may name, as written and in lower case: what its id fields hold, and every
/// word that looks like an id, since nobody knows in which notation a message comes that cannot be read. Whatever of it
/// can be decoded, as strings of JSON, base64 or percent-encoding, is searched in the same way, in up to four layers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedIds {
    in_fields: Ids,
    words: Ids,
}

/// Ids in the order in which they were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Ids {
    in_order: Vec<String>,
    known: HashSet<String>,
}

impl NamedIds {
    /// Looks for them in a message's body and in its message group, which is often a request's or a session's id.
    pub fn in_message(body: &[u8], group: Option<&str>) -> Self {
        let mut named = Self::default();
        if let Some(group) = group {
            named.in_fields.add(group);
        }
        let mut layers = Layers::of(body);
        while let Some(text) = layers.next() {
            named.look_into_fields(&text);
            named.look_into_words(&text);
        }
        named
    }

    /// Whether one of them is among `names`, so that the message goes when these are forgotten.
    pub fn any_of(&self, names: &BTreeSet<String>) -> bool {
        self.all().any(|id| names.contains(id))
    }

    /// The requests that they may be, what id fields hold before the words.
    pub fn requests(&self) -> impl Iterator<Item = RequestId> {
        self.all().filter_map(|id| RequestId::new(id.as_str()).ok())
    }

    /// The sessions that they may be, in both forms in which one may be kept.
    pub fn sessions(&self, privacy: &Privacy) -> impl Iterator<Item = SessionId> {
        self.all().flat_map(|id| {
            privacy.session(id).into_iter().chain([SessionId::from_store(id.clone())])
        })
    }

    fn all(&self) -> impl Iterator<Item = &String> {
        self.in_fields.in_order.iter().chain(&self.words.in_order)
    }

    /// Every word that a value follows may be a field's name: in JSON, whole or cut off, in Python's or YAML's way of
    /// writing, in a form's, in an element's. An id in a field may be short, and contain blanks.
    fn look_into_fields(&mut self, text: &str) {
        let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
        let mut rest = text;
        // Values may overlap, where a quotation mark stays open.
        let mut bytes_left = limit_of(text.len());
        while let Some(start) = rest.find(is_of_name)
            && bytes_left > 0
        {
            let word = rest.get(start..).unwrap_or_default();
            let end = word.find(|letter| !is_of_name(letter)).unwrap_or(word.len());
            let (field, after) = word.split_at(end);
            if is_id(field) {
                for id in values(after) {
                    bytes_left = bytes_left.saturating_sub(id.len() + COST_OF_TEXT);
                    self.in_fields.add(&id);
                    if let Ok(decoded) = percent_decode_str(&id.replace('+', " ")).decode_utf8() {
                        self.in_fields.add(&decoded);
                    }
                }
            }
            rest = after;
        }
    }

    fn look_into_words(&mut self, text: &str) {
        if self.words.known.len() >= MAX_WORDS {
            return;
        }
        for marks in MARKS_IN_WORDS {
            text.split(|letter: char| !letter.is_alphanumeric() && !marks.contains(letter))
                .for_each(|word| self.look_at(word));
        }
        let separates = |letter: char| {
            !letter.is_alphanumeric() && (letter.is_whitespace() || SEPARATORS.contains(letter))
        };
        for word in text.split(separates) {
            self.look_at(word);
            word.split('=').for_each(|part| self.look_at(part));
            if let Some((_, value)) = word.split_once('=') {
                self.look_at(value);
            }
        }
        strings(text).for_each(|string| self.look_at(string));
    }

    fn look_at(&mut self, word: &str) {
        for word in [word, word.trim_matches(|letter: char| !letter.is_alphanumeric())] {
            if looks_like_an_id(word) && !self.words.known.contains(word) {
                self.words.add(word);
            }
        }
    }
}

impl Ids {
    /// Adds an id in each form in which it may be known.
    fn add(&mut self, id: &str) {
        if self.known.len() >= MAX_WORDS {
            return;
        }
        let trimmed = id.trim();
        let of_message = HALVES.iter().find_map(|half| trimmed.strip_suffix(half));
        let small = trimmed.to_ascii_lowercase();
        for id in [id, trimmed, of_message.unwrap_or(trimmed), &small] {
            if !id.is_empty() && !self.known.contains(id) {
                self.known.insert(id.to_owned());
                self.in_order.push(id.to_owned());
            }
        }
    }
}

/// Whether a word may be an id although no field says so: it has a digit, as made-up ids have, or it is long.
fn looks_like_an_id(word: &str) -> bool {
    let has_digit = word.bytes().any(|byte| byte.is_ascii_digit());
    (if has_digit { MIN_WORD_CHARS } else { MIN_LETTERS }..=MAX_ID_BYTES).contains(&word.len())
}

fn is_id(field: &str) -> bool {
    field.len() <= MAX_FIELD_BYTES && (is_session(field) || is_request(field))
}
