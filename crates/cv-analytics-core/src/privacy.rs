//! What is taken out of a message before anything keeps it.
//!
//! Every rule is on by default and can be switched off by itself. Redaction is idempotent: the
//! markers hold nothing that another pass would replace.

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

use hmac::{Hmac, KeyInit, Mac};
use regex::{Captures, Regex};
use serde_json::{Map, Value};
use sha2::Sha256;

use crate::event::SessionId;

/// What the intake takes out.
#[derive(Clone, Debug)]
pub struct Privacy {
    /// Replace e-mail addresses, phone numbers, URL credentials and API-key-like strings in free
    /// text by markers.
    pub redact_text: bool,
    /// Keep a keyed hash in place of `sessionId`.
    pub hash_sessions: bool,
    /// Drop user agent and referer once the agent was checked against the known bots.
    pub drop_user_agent: bool,
    /// The key of the session hash. Never rotated by itself: sessions would fall apart.
    pub session_key: SessionKey,
}

/// The secret key of the session hash; does not print itself.
#[derive(Clone)]
pub struct SessionKey(Vec<u8>);

impl SessionKey {
    /// Takes the key's bytes, of any length (RFC 2104).
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SessionKey(…)")
    }
}

/// A kept session begins with this where it is a hash. A text of exactly that form is taken as
/// hashed before, so that an export can be imported again.
pub(crate) const HASHED_PREFIX: &str = "hashed:";
/// HMAC-SHA256 (RFC 2104, FIPS 180-4) cut to its first 128 bits.
const HASH_BYTES: usize = 16;

impl Privacy {
    /// Every rule on.
    pub fn full(session_key: SessionKey) -> Self {
        Self { redact_text: true, hash_sessions: true, drop_user_agent: true, session_key }
    }

    /// The kept form of the agent's session id; `None` for "anonymous" and for an empty text.
    pub fn session(&self, id: &str) -> Option<SessionId> {
        let id = id.trim();
        if id.is_empty() || id.eq_ignore_ascii_case("anonymous") {
            return None;
        }
        if !self.hash_sessions || is_hashed(id) {
            return Some(SessionId::new(id.to_owned()));
        }
        let mut kept = String::with_capacity(HASHED_PREFIX.len() + 2 * HASH_BYTES);
        kept.push_str(HASHED_PREFIX);
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.session_key.0) {
            mac.update(id.as_bytes());
            for byte in mac.finalize().into_bytes().iter().take(HASH_BYTES) {
                for nibble in [byte >> 4, byte & 15] {
                    kept.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
                }
            }
        }
        Some(SessionId::new(kept))
    }

    /// Free text with its personal data replaced by markers.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.redact_text { redact(text) } else { Cow::Borrowed(text) }
    }

    /// Replaces the free text within a value of any shape, names of fields included.
    pub(crate) fn value(&self, value: &mut Value) {
        match value {
            Value::String(text) => self.owned(text),
            Value::Array(values) => values.iter_mut().for_each(|value| self.value(value)),
            Value::Object(fields) => self.fields(fields),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    pub(crate) fn fields(&self, fields: &mut Map<String, Value>) {
        fields.values_mut().for_each(|value| self.value(value));
        let renamed: Vec<String> = fields
            .keys()
            .filter(|name| matches!(self.text(name), Cow::Owned(_)))
            .cloned()
            .collect();
        for name in renamed {
            if let Some(value) = fields.remove(&name) {
                fields.insert(self.text(&name).into_owned(), value);
            }
        }
    }

    pub(crate) fn owned(&self, text: &mut String) {
        if let Cow::Owned(redacted) = self.text(text) {
            *text = redacted;
        }
    }
}

fn is_hashed(id: &str) -> bool {
    id.strip_prefix(HASHED_PREFIX).is_some_and(|digest| {
        digest.len() == 2 * HASH_BYTES
            && digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// A rule: what it finds, what it writes instead, and what a finding must satisfy besides.
struct Rule {
    pattern: Regex,
    replacement: &'static str,
    holds: fn(&str) -> bool,
}

impl Rule {
    fn replace(&self, captures: &Captures<'_>) -> String {
        let whole = captures.get(0).map_or("", |found| found.as_str());
        if !(self.holds)(whole) {
            return if self.replacement == PHONE {
                with_numbers_in_a_row_replaced(whole)
            } else {
                whole.to_owned()
            };
        }
        let mut written = String::new();
        captures.expand(self.replacement, &mut written);
        written
    }
}

const PHONE: &str = "[phone]";

/// The rules in their order: credentials before e-mail, since `user:password@host` holds an `@`;
/// keys before phone numbers, since keys hold digits.
static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let always: fn(&str) -> bool = |_| true;
    [
        (r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/@:?#]*:[^\s/@]+@", "${1}[credentials]@", always),
        (r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)", "[api key]", always),
        (r"\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,}", "[api key]", looks_mixed),
        (
            // Prefixes that vendors document for their keys, and JSON Web Tokens (RFC 7519).
            r"(?x)\b(?:(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}
              | gh[pousr]_[A-Za-z0-9]{30,} | github_pat_[A-Za-z0-9_]{30,} | glpat-[A-Za-z0-9_-]{20,}
              | xox[abeprs]-[A-Za-z0-9-]{10,} | AIza[A-Za-z0-9_-]{35} | ya29\.[A-Za-z0-9_-]{20,}
              | npm_[A-Za-z0-9]{36} | SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,} | hf_[A-Za-z0-9]{30,}
              | eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?)",
            "[api key]",
            always,
        ),
        (
            r#"(?i)\b((?:api[_-]?key|(?:access|auth|refresh)[_-]?token|client[_-]?secret|token|secret|password|passwd|pwd)["']?\s*[=:]\s*["']?)[^\s"'&,;\[\]]{8,}"#,
            "${1}[api key]",
            looks_mixed,
        ),
        (r"(?i)\bbearer\s+[A-Za-z0-9._~+/-]{16,}=*", "[api key]", always),
        (r"[\p{L}\p{N}._%+'-]+(?:@|＠)(?:[\p{L}\p{N}-]+\.)+\p{L}{2,}", "[email]", always),
        (r"[A-Za-z0-9+/_]{24,}={0,2}", "[api key]", looks_random),
        (
            // A UUID comes first, so that no part of it is taken for a number; it then stays.
            r"(?i)\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|(?:\+|\(|\b)\(?\d(?:[ .\-/\u{a0}]?\(?\d\)?|\) ?\d){6,}",
            PHONE,
            looks_like_a_phone_number,
        ),
    ]
    .into_iter()
    .filter_map(|(pattern, replacement, holds)| {
        Some(Rule { pattern: Regex::new(pattern).ok()?, replacement, holds })
    })
    .collect()
});

/// The number of rules, which a test compares with those that compiled.
#[cfg(test)]
const RULE_COUNT: usize = 9;

/// The most passes over one text: what one replacement lays bare, the next pass finds.
const MOST_PASSES: usize = 8;

fn redact(text: &str) -> Cow<'_, str> {
    let mut redacted = Cow::Borrowed(text);
    for _ in 0..MOST_PASSES {
        if !may_hold_personal_data(&redacted) {
            break;
        }
        match one_pass(&redacted) {
            Some(changed) => redacted = Cow::Owned(changed),
            None => break,
        }
    }
    redacted
}

/// Every rule once; `None` where nothing changed.
fn one_pass(text: &str) -> Option<String> {
    let mut redacted = Cow::Borrowed(text);
    for rule in RULES.iter() {
        let found =
            rule.pattern.replace_all(&redacted, |captures: &Captures<'_>| rule.replace(captures));
        if let Cow::Owned(changed) = found
            && changed != *redacted
        {
            redacted = Cow::Owned(changed);
        }
    }
    match redacted {
        Cow::Owned(changed) => Some(changed),
        Cow::Borrowed(_) => None,
    }
}

/// One quick look that lets ordinary questions by: without an `@`, seven digits, sixteen letters,
/// digits, hyphens and underscores in a row, or a named secret there is nothing to find.
fn may_hold_personal_data(text: &str) -> bool {
    let (mut digits, mut run, mut assigned) = (0_u32, 0_u32, false);
    for byte in text.bytes() {
        run = if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') { run + 1 } else { 0 };
        digits += u32::from(byte.is_ascii_digit());
        assigned |= matches!(byte, b'=' | b':');
        if byte == b'@' || run >= 16 || digits >= 7 {
            return true;
        }
    }
    text.contains('＠')
        || (text.len() > 14 && holds_any(text, &["xox", "earer", "EARER", "PRIVATE KEY"]))
        || (assigned
            && holds_any(&text.to_ascii_lowercase(), &["key", "token", "secret", "passw", "pwd"]))
}

fn holds_any(text: &str, parts: &[&str]) -> bool {
    parts.iter().any(|part| text.contains(part))
}

/// A key holds a digit; a word with hyphens does not.
fn looks_mixed(run: &str) -> bool {
    run.bytes().any(|byte| byte.is_ascii_digit())
}

/// Long runs of letters and digits are keys where they mix them as words do not.
fn looks_random(run: &str) -> bool {
    let digits = run.bytes().filter(u8::is_ascii_digit).count();
    let upper = run.bytes().filter(u8::is_ascii_uppercase).count();
    let lower = run.bytes().filter(u8::is_ascii_lowercase).count();
    let mixed = (digits >= 3 && upper + lower > 0) || (digits >= 1 && upper >= 4 && lower >= 4);
    mixed && !run.contains("//")
}

/// A run of digits that is no number as a whole may be several in a row, or one beside a date: the
/// parts between blanks are put together so that as many digits as possible belong to
/// phone numbers.
fn with_numbers_in_a_row_replaced(run: &str) -> String {
    /// What the parts from one place on become.
    #[derive(Clone, Copy, Default)]
    struct Best {
        /// Digits in phone numbers, from here to the end.
        digits: usize,
        /// How many parts the number takes that begins here; none where none does.
        parts: usize,
    }
    let is_gap = |letter: char| matches!(letter, ' ' | '\u{a0}');
    let is_amounts =
        !run.contains(['+', '(']) && run.split(is_gap).skip(1).all(|group| group.len() == 3);
    if is_amounts {
        return run.to_owned();
    }
    let starts: Vec<usize> = std::iter::once(0)
        .chain(run.match_indices(is_gap).map(|(place, gap)| place + gap.len()))
        .collect();
    let end_of = |part: usize| starts.get(part + 1).copied().unwrap_or(run.len());
    let mut best = vec![Best::default(); starts.len() + 1];
    for (first, &start) in starts.iter().enumerate().rev() {
        let after = |parts: usize| best.get(first + parts).map_or(0, |rest| rest.digits);
        let mut here = Best { digits: after(1), parts: 0 };
        for last in first..starts.len() {
            let number = run.get(start..end_of(last)).unwrap_or_default().trim_end_matches(is_gap);
            let digits = number.bytes().filter(u8::is_ascii_digit).count();
            if digits > MOST_PHONE_DIGITS {
                break;
            }
            let parts = last + 1 - first;
            if digits + after(parts) > here.digits && looks_like_a_phone_number(number) {
                here = Best { digits: digits + after(parts), parts };
            }
        }
        if let Some(place) = best.get_mut(first) {
            *place = here;
        }
    }
    let mut written = String::with_capacity(run.len());
    let mut part = 0;
    while let Some(&start) = starts.get(part) {
        let taken = best.get(part).map_or(0, |best| best.parts);
        let text = run.get(start..end_of(part + taken.max(1) - 1)).unwrap_or_default();
        if taken == 0 {
            written.push_str(text);
        } else {
            written.push_str(PHONE);
            written.push_str(text.get(text.trim_end_matches(is_gap).len()..).unwrap_or_default());
        }
        part += taken.max(1);
    }
    written
}

/// The most digits of an international number (ITU-T E.164).
const MOST_PHONE_DIGITS: usize = 15;

/// International numbers have 7 to 15 digits (ITU-T E.164). Years, prices, dates, versions and
/// addresses of the Internet Protocol are none.
fn looks_like_a_phone_number(run: &str) -> bool {
    let groups: Vec<&str> = run
        .split(|letter: char| !letter.is_ascii_digit())
        .filter(|group| !group.is_empty())
        .collect();
    let digits: usize = groups.iter().map(|group| group.len()).sum();
    if !(7..=MOST_PHONE_DIGITS).contains(&digits) {
        return false;
    }
    let dotted = run.contains('.') && !run.contains([' ', '-', '(', '+']);
    if dotted && groups.len() == 4 && groups.iter().all(|group| group.len() <= 3) {
        return false;
    }
    let years = groups
        .iter()
        .all(|group| group.len() == 4 && (group.starts_with("19") || group.starts_with("20")));
    let date = groups.len() >= 3
        && groups
            .iter()
            .take(3)
            .any(|group| group.len() == 4 && (group.starts_with("19") || group.starts_with("20")))
        && groups.iter().take(3).map(|group| group.len()).sum::<usize>() <= 8
        && !run.starts_with(['+', '(']);
    if years || date {
        return false;
    }
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let national = matches!(lengths.as_slice(), [3, 3, 4] | [1, 3, 3, 4] | [3, 4]);
    run.starts_with('+')
        || (run.starts_with('(') && digits >= 9)
        || (run.starts_with('0') && digits >= 9)
        || (national && !run.contains('/'))
        || (groups.len() == 1 && digits >= 10)
        || (groups.len() >= 3 && digits >= 10 && lengths.iter().any(|&length| length != 3))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn privacy() -> Privacy {
        Privacy::full(SessionKey::new(b"key".to_vec()))
    }

    fn check(text: &str, expect: &str) {
        assert_eq!(privacy().text(text), expect);
    }

    #[test]
    fn every_rule_compiles() {
        assert_eq!(RULES.len(), RULE_COUNT);
    }

    #[test]
    fn e_mail_addresses_become_a_marker() {
        check("write to jane.o'hara+cv@mail.example.co.uk, please", "write to [email], please");
        check("jörg@münchen.example", "[email]");
        check("a@b and @handle stay", "a@b and @handle stay");
    }

    #[test]
    fn phone_numbers_become_a_marker() {
        check("call +44 20 7946 0958 now", "call [phone] now");
        check("(020) 7946 0958", "[phone]");
        check("415-555-2671 or (415) 555-2671 or 4155552671", "[phone] or [phone] or [phone]");
        check("0171/1234567", "[phone]");
        check("my number is 07700 900123.", "my number is [phone].");
        check("+1-415-555-2671", "[phone]");
    }

    #[test]
    fn phone_numbers_in_a_row_or_beside_a_date_become_markers() {
        check("07911123456 07911123457", "[phone] [phone]");
        check("07911 123456 020 7946 0958", "[phone] [phone]");
        check("+44 7911 123456 +44 7922 123456 or 07922 123456", "[phone] [phone] or [phone]");
        check("2026-11-24 07911123456", "2026-11-24 [phone]");
        check("on 24/11/2026 555-1234 at ten", "on 24/11/2026 [phone] at ten");
        check("07911123456 2026-11-24 10:00", "[phone] 2026-11-24 10:00");
        check("12345678901 99999", "[phone] 99999");
        check(&"07911 123456 ".repeat(150), &"[phone] ".repeat(150));
    }

    #[test]
    fn other_numbers_stay() {
        for text in [
            "2019-2024",
            "between 2019 2020 2021",
            "80 000 - 100 000 EUR",
            "100,000 to 120,000",
            "192.168.100.200",
            "192.168.100.200 8080",
            "2026-11-24 2026-11-25 10:00",
            "24/11/2026 25/11/2026",
            "2019 2020 2021 2022 2023 2024",
            "100 000 120 000 150 000 180 000",
            "1763000000000123456",
            "on 2026-11-16 or 16-11-2026 at 10:30",
            "version 1.2.3",
            "10 years, 20 people, 300 servers, 4000 users",
            "401k and 24/7",
            "salary 85000 to 95000",
            "ISO 27001, RFC 2104, port 8080",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn credentials_and_keys_become_a_marker() {
        check("see https://me:secret@host.example/x", "see https://[credentials]@host.example/x");
        check("postgres://u:p%40ss@db:5432/cv", "postgres://[credentials]@db:5432/cv");
        check("key sk-proj-abcdEFGH1234abcdEFGH1234 works", "key [api key] works");
        check("AKIAIOSFODNN7EXAMPLE", "[api key]");
        check("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "[api key]");
        check("Authorization: Bearer abcdefghijklmnop.qrstuv", "Authorization: [api key]");
        check("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.sig", "[api key]");
        check("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "[api key]");
        check("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----", "[api key]");
    }

    #[test]
    fn named_secrets_become_a_marker() {
        check("https://h/?api_key=abcdef0123456789&x=1", "https://h/?api_key=[api key]&x=1");
        check("password: hunter2hunter2", "password: [api key]");
        check("the secret: persistence", "the secret: persistence");
        check("glpat-fI4f-j6rfmZn9rZzpP5v", "[api key]");
    }

    #[test]
    fn long_words_are_no_keys() {
        check(
            "internationalizationandlocalizationengineering",
            "internationalizationandlocalizationengineering",
        );
        check("id 550e8400-e29b-41d4-a716-446655440000", "id 550e8400-e29b-41d4-a716-446655440000");
    }

    #[test]
    fn values_of_any_shape_are_redacted_names_of_fields_included() {
        let mut value = json!({"a@b.example": {"deep": ["x@y.example", 7, null]}});
        privacy().value(&mut value);
        assert_eq!(value, json!({"[email]": {"deep": ["[email]", 7, null]}}));
    }

    #[test]
    fn a_session_is_a_keyed_hash_that_is_not_hashed_again() {
        let kept = privacy().session("abc").unwrap();
        assert!(is_hashed(kept.as_str()), "{kept:?}");
        assert_eq!(privacy().session(kept.as_str()), Some(kept.clone()));
        assert_ne!(Privacy::full(SessionKey::new(b"other".to_vec())).session("abc"), Some(kept));
        assert_eq!(privacy().session("anonymous"), None);
        assert_eq!(privacy().session("  "), None);
    }

    #[test]
    fn each_rule_can_be_switched_off() {
        let open = Privacy { redact_text: false, hash_sessions: false, ..privacy() };
        assert_eq!(open.text("a@b.example"), "a@b.example");
        assert_eq!(open.session("abc").unwrap().as_str(), "abc");
    }

    proptest! {
        #[test]
        fn no_tail_of_a_key_survives(
            prefix in prop::sample::select(vec!["sk-ant-api03-", "sk-proj-", "sk_live_", "pk_test_"]),
            secret in "[A-Za-z0-9_-]{40}[0-9][A-Za-z0-9_-]{50}",
        ) {
            let text = format!("my key is {prefix}{secret} ok?");
            prop_assert_eq!(privacy().text(&text), "my key is [api key] ok?");
        }

        #[test]
        fn redaction_never_panics_and_is_idempotent(
            text in "(?s).{0,80}|[ 0-9@.+()a-z:/-]{0,80}|(07700 900123|AKIAIOSFODNN7EXAMPLE|a@b\\.co|token=|[0-9]{4}| ){0,8}",
        ) {
            let once = privacy().text(&text).into_owned();
            let twice = privacy().text(&once).into_owned();
            prop_assert_eq!(&twice, &once);
        }

        #[test]
        fn no_address_survives(name in "[a-z]{1,10}", host in "[a-z]{1,10}", before in "[ a-z]{0,10}", after in "[ ,.!?]{0,5}") {
            let text = format!("{before} {name}@{host}.example{after}");
            prop_assert!(!privacy().text(&text).contains('@'));
        }
    }
}
