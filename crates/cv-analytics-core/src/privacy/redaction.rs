//! Personal data and secrets in free text, replaced by markers.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::folding::{Folded, is_digit};
use super::{email, links, numbers, payment, secrets};

/// What stands for an e-mail address.
pub(super) const EMAIL: &str = "[email]";
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
const MARKERS: [&str; 6] = [EMAIL, PHONE, CREDENTIALS, API_KEY, CARD, IBAN];

/// Whether `text` is the beginning of a marker, or one.
pub(super) fn is_begun_marker(text: &str) -> bool {
    MARKERS.iter().any(|marker| marker.starts_with(text) && text.len() < marker.len())
}

/// The most passes over one text: what one replacement lays bare, the next pass finds.
const MAX_PASSES: usize = 8;

/// Which forms of personal data a text may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Free text: every form.
    FreeText,
    /// One token without blanks: addresses, credentials and keys, but no numbers, which are ids.
    Token,
    /// The value of an id, a model, a hash or a version: e-mail addresses only.
    Id,
}

/// Replaces what `scope` says by markers. Idempotent.
pub(super) fn redact(text: &str, scope: Scope) -> Cow<'_, str> {
    let mut redacted = Cow::Borrowed(text);
    for _ in 0..MAX_PASSES {
        if !may_hold_personal_data(&redacted) {
            break;
        }
        match one_pass(&redacted, scope) {
            Some(changed) => redacted = Cow::Owned(changed),
            None => break,
        }
    }
    redacted
}

/// Every rule once; `None` where nothing was found.
fn one_pass(text: &str, scope: Scope) -> Option<String> {
    let folded = Folded::new(text);
    let mut findings = Findings::new(folded.as_str());
    for marker in MARKERS {
        findings.keep_all(text_matches(folded.as_str(), marker));
    }
    if scope != Scope::Id {
        secrets::find_known_forms(&mut findings);
        links::find(&mut findings);
        secrets::find_named(&mut findings);
    }
    email::find(&mut findings);
    findings.keep_ids();
    if scope == Scope::FreeText {
        payment::find_ibans(&mut findings);
    }
    if scope != Scope::Id {
        secrets::find_random(&mut findings);
    }
    if scope == Scope::FreeText {
        numbers::find(&mut findings);
    }
    findings.write(text, &folded)
}

fn text_matches<'t>(text: &'t str, part: &'t str) -> impl Iterator<Item = Range<usize>> + 't {
    text.match_indices(part).map(|(start, found)| start..start + found.len())
}

/// What the rules found in a folded text so far, none of it twice.
pub(super) struct Findings<'f> {
    pub(super) text: &'f str,
    /// A byte of the text that a rule has decided on is no other rule's.
    taken: Vec<bool>,
    replaced: Vec<(Range<usize>, &'static str)>,
}

impl<'f> Findings<'f> {
    fn new(text: &'f str) -> Self {
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
    fn keep_ids(&mut self) {
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

    fn write(mut self, original: &str, folded: &Folded<'_>) -> Option<String> {
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

/// A cheap check that passes ordinary questions: no `@`, digit runs, long tokens, named secrets or a word for "at".
fn may_hold_personal_data(text: &str) -> bool {
    let (mut digits, mut run, mut assigned) = (0_u32, 0_u32, false);
    // A bracket before what may be "at".
    let (mut bracket, mut bracketed) = (false, false);
    for letter in text.chars() {
        run =
            if letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_') { run + 1 } else { 0 };
        digits += u32::from(is_digit(letter));
        match letter {
            '@' | '\u{ff20}' | '\u{fe6b}' => return true,
            '=' | ':' | '\u{ff1a}' | '\u{ff1d}' => assigned = true,
            _ => {}
        }
        bracketed |= bracket && matches!(letter, 'a' | 'A' | 'ä' | 'с');
        bracket = matches!(letter, '(' | '[' | '{' | '<' | '\u{ff08}' | '\u{3010}')
            || (bracket && letter == ' ');
        if run >= 16 || digits >= 6 {
            return true;
        }
    }
    ["xox", "PRIVATE KEY", "earer ", "EARER ", "%40"].iter().any(|part| text.contains(part))
        || (text.len() > 10 && secrets::may_be_named(text, assigned))
        || email::may_be_spelled_out(text, bracketed)
}
