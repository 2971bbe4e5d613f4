//! Personal data and secrets in free text, replaced by markers.

use std::borrow::Cow;
use std::ops::Range;

use super::findings::{Findings, REDACTION_MARKERS};
use super::folding::{Folded, is_digit};
use super::{email, links, numbers, payment, secrets};

/// The most passes over one text: what one replacement lays bare, the next pass finds. A visitor can chain numbers and
/// addresses so that each pass finds one; a text that is kept has room for fewer than this.
const MAX_PASSES: usize = 512;

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
    for marker in REDACTION_MARKERS {
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
        payment::find_sort_codes(&mut findings);
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

/// A cheap check that passes ordinary questions: no `@`, digit runs, long tokens, named secrets or a word for "at".
fn may_hold_personal_data(text: &str) -> bool {
    let (mut digits, mut run) = (0_u32, 0_u32);
    // A bracket before what may be "at".
    let (mut bracket, mut bracketed) = (false, false);
    for letter in text.chars() {
        run =
            if letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_') { run + 1 } else { 0 };
        digits += u32::from(is_digit(letter));
        bracketed |= bracket && matches!(letter, 'a' | 'A' | 'ä' | 'с');
        bracket = matches!(letter, '(' | '[' | '{' | '<' | '\u{ff08}' | '\u{3010}')
            || (bracket && letter == ' ');
        if run >= 16 || digits >= 6 || matches!(letter, '@' | '\u{ff20}' | '\u{fe6b}') {
            return true;
        }
    }
    ["xox", "PRIVATE KEY", "earer ", "EARER ", "%40"].iter().any(|part| text.contains(part))
        || secrets::may_be_named(text)
        || email::may_be_spelled_out(text, bracketed)
}
