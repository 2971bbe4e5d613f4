//! What the rules find in a text, and the markers that replace it.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::folding::Folded;

/// What stands for an e-mail address.
pub const EMAIL: &str = "[email]";
/// What stands for a phone number.
pub(super) const PHONE: &str = "[phone]";
/// What stands for a name and password in a URL, and for a password.
pub(super) const CREDENTIALS: &str = "[credentials]";
/// What stands for a key, a token or a secret.
pub(super) const API_KEY: &str = "[api key]";
/// What stands for the number of a payment card.
pub(super) const CARD: &str = "[card]";
/// What stands for the number of a bank account.
pub(super) const IBAN: &str = "[iban]";
/// Every marker.
pub const REDACTION_MARKERS: [&str; 6] = [EMAIL, PHONE, CREDENTIALS, API_KEY, CARD, IBAN];

/// Whether `text` is the beginning of a marker, or one.
pub(super) fn is_begun_marker(text: &str) -> bool {
    REDACTION_MARKERS.iter().any(|marker| marker.starts_with(text) && text.len() < marker.len())
}

/// What the rules found in a folded text so far, none of it twice.
pub(super) struct Findings<'f> {
    pub(super) text: &'f str,
    /// Which bytes of the text a rule has decided on; no other rule looks at them.
    taken: Vec<bool>,
    replaced: Vec<(Range<usize>, &'static str)>,
}

impl<'f> Findings<'f> {
    pub(super) fn new(text: &'f str) -> Self {
        Self { text, taken: vec![false; text.len()], replaced: Vec::new() }
    }

    /// Whether no rule has decided on any part of `range`.
    pub(super) fn is_free(&self, range: &Range<usize>) -> bool {
        self.taken.get(range.clone()).is_some_and(|taken| !taken.contains(&true))
    }

    pub(super) fn replace(&mut self, range: Range<usize>, marker: &'static str) {
        if !range.is_empty() && self.is_free(&range) {
            self.keep(range.clone());
            self.replaced.push((range, marker));
        }
    }

    /// Lets `range` stay as it is.
    pub(super) fn keep(&mut self, range: Range<usize>) {
        if let Some(taken) = self.taken.get_mut(range) {
            taken.fill(true);
        }
    }

    /// Lets UUIDs (RFC 9562) and hardware addresses (IEEE 802) stay, so that no part of them is taken for a number.
    pub(super) fn keep_ids(&mut self) {
        static IDS: LazyLock<Option<Regex>> = LazyLock::new(|| {
            Regex::new(
                r"(?xi)(?-u:\b)(?:[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12} | [0-9a-f]{2}(?::[0-9a-f]{2}){5}
                  | [0-9a-f]{2}(?:-[0-9a-f]{2}){5} | [0-9a-f]{1,4}(?::[0-9a-f]{0,4}){3,7})(?-u:\b)",
            )
            .ok()
        });
        let text = self.text;
        for found in IDS.iter().flat_map(|ids| ids.find_iter(text)) {
            self.keep(found.range());
        }
    }

    pub(super) fn keep_all(&mut self, ranges: impl Iterator<Item = Range<usize>>) {
        ranges.for_each(|range| self.keep(range));
    }

    /// The `original` with markers for what was found; `None` where nothing was.
    pub(super) fn write(mut self, original: &str, folded: &Folded<'_>) -> Option<String> {
        if self.replaced.is_empty() {
            return None;
        }
        self.replaced.sort_unstable_by_key(|(range, _)| range.start);
        let mut written = String::with_capacity(original.len());
        let mut done = 0;
        for (range, marker) in &self.replaced {
            let start = folded.origin(range.start).max(done);
            written.push_str(original.get(done..start).unwrap_or_default());
            written.push_str(marker);
            done = folded.origin(range.end).max(start);
        }
        written.push_str(original.get(done..).unwrap_or_default());
        Some(written)
    }
}
