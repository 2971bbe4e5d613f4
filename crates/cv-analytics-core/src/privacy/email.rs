//! E-mail addresses, also those that are spelled out ("jane (at) example (dot) com").

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::findings::{EMAIL, Findings};

/// The signs of a local part beside letters and digits (RFC 5322's atoms, less those that end words).
const LOCAL_SIGNS: &str = "._%+-'&~!$^=|*{}#";

/// `at` and `dot` in brackets, and what is written around them.
static BRACKETED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?xi)
        [^\s()\[\]{}<>@,;:]+
        (?: \s?[\[({<]\s?(?:dot|punkt|point|punto|ponto|punt|\.|,)\s?[\])}>]\s?[^\s()\[\]{}<>@,;:]+ ){0,3}
        \s{0,2} (?: [\[({<]\s?(?:at|@|ät|aet|arroba|arobase|chiocciola|klammeraffe|собака|собачка)\s?[\])}>]
                  | &(?:\#64|\#x40|commat); | %40 | [*_-](?:at|@)[*_-] | \s(?:\#at\#|arroba|arobase|chiocciola|klammeraffe|собака)\s ) \s{0,2}
        (?<host>[^\s()\[\]{}<>@,;:./]+)
        (?: (?: \. | \s\.\s | \s?[\[({<]\s?(?:dot|punkt|point|punto|ponto|punt|точка|\.)\s?[\])}>]\s? | \s?[*_-](?:dot|\.)[*_-]\s?
              | \s(?:dot|punkt|point|punto|ponto|punt|точка)\s ) [^\s()\[\]{}<>@,;:./!?]+ ){1,4}",
    )
    .ok()
});

/// Top-level domains that are told from a word where blanks part them from their host.
const TOP_LEVELS: &str = "com|org|net|io|dev|me|ai|app|co|edu|gov|info|biz|eu|uk|de|fr|es|it|nl|pl|se|no|dk|fi|ch|at|be|pt\
    |cz|ie|in|cn|jp|kr|br|mx|au|nz|ca|us|za|ru|ua|tr|example";

/// `name at host dot com` without brackets.
static SPELLED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(&format!(
        r"(?xi)
        (?-u:\b)(?<local>[a-z0-9][a-z0-9._+-]{{0,63}})(?:\s(?:dot|punkt|point|punto|ponto)\s[a-z0-9][a-z0-9._+-]{{0,63}}){{0,3}}
        \s(?:at|ät|@)\s
        [a-z0-9][a-z0-9-]{{0,62}} (?:\s?(?:\sdot\s|\spunkt\s|\spoint\s|\spunto\s|\sponto\s)\s?[a-z0-9-]{{1,62}}){{0,3}}
        (?:\sdot\s|\spunkt\s|\spoint\s|\spunto\s|\sponto\s)(?:{TOP_LEVELS})(?-u:\b)"
    ))
    .ok()
});

/// An address with blanks around its `@`, or with an `at` in place of it.
static SPACED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?xi)
        (?-u:\b)(?<local>[a-z0-9][a-z0-9._%+-]{0,63})(?:(?<sign>\s{1,2}@\s{1,2}|@\s{1,2})|\s@|\sat\s)
        [a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9-]{1,62}){0,3}\.[a-z]{2,}(?-u:\b)",
    )
    .ok()
});

/// An address with blanks around its dots, and none or some around its `@`: the last part is a
/// top-level domain, since a sentence may end in a dot as well.
static SPACED_DOTS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(&format!(
        r"(?xi)
        (?-u:\b)(?:[a-z0-9][a-z0-9_+-]{{0,63}}\s\.\s?){{0,2}}(?<local>[a-z0-9][a-z0-9._%+-]{{0,63}})\s{{0,2}}@\s{{0,2}}
        [a-z0-9](?:[a-z0-9-]{{0,61}}[a-z0-9])?(?:\s?\.\s?[a-z0-9-]{{1,62}}){{0,3}}
        (?:\s{{1,2}}\.\s{{0,2}}(?:{TOP_LEVELS}) | \.\s{{1,2}}(?:com|org|net|edu))(?-u:\b)"
    ))
    .ok()
});

/// An address whose local part is in quotes.
static QUOTED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#""[^"\n@]{1,64}"@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}"#).ok()
});

/// Words before an address that is written with blanks.
static CUES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:e-?mails?|mail|write|contact|reach|reached|address|adresse|schreib\w*|correo|courriel|écri\w*|posta|pošta|почт\w*|邮箱|メ[ー-]ル|이메일)(?:\W+\w+){0,3}\W*$").ok()
});

/// Words that stand before `at` or `@` and a host, and are nobody's name.
const NO_LOCAL_PARTS: [&str; 93] = [
    "engineer",
    "developer",
    "work",
    "works",
    "worked",
    "working",
    "job",
    "jobs",
    "role",
    "roles",
    "lead",
    "manager",
    "intern",
    "internship",
    "cto",
    "ceo",
    "vp",
    "director",
    "architect",
    "consultant",
    "analyst",
    "designer",
    "founder",
    "cofounder",
    "employee",
    "team",
    "position",
    "you",
    "he",
    "she",
    "they",
    "we",
    "i",
    "it",
    "is",
    "are",
    "was",
    "were",
    "be",
    "been",
    "live",
    "hosted",
    "available",
    "look",
    "looking",
    "found",
    "find",
    "see",
    "more",
    "me",
    "us",
    "him",
    "her",
    "them",
    "apply",
    "career",
    "careers",
    "time",
    "years",
    "year",
    "there",
    "experience",
    "project",
    "projects",
    "point",
    "points",
    "pointed",
    "pointing",
    "meet",
    "met",
    "a",
    "the",
    "scientist",
    "staff",
    "sre",
    "devops",
    "looked",
    "listed",
    "posted",
    "published",
    "visit",
    "visited",
    "online",
    "seen",
    "check",
    "shop",
    "bought",
    "site",
    "website",
    "blog",
    "docs",
    "portfolio",
    "demo",
];

/// Top-level domains after which a text in another script goes on.
const COMMON_TOP_LEVELS: [&str; 5] = ["com", "net", "org", "info", "edu"];

/// Hosts of so many addresses that they are known without their top-level domain.
const PROVIDERS: [&str; 9] =
    ["gmail", "googlemail", "yahoo", "hotmail", "outlook", "icloud", "protonmail", "gmx", "qq"];

/// A quick look: whether a text without an `@` may spell an address out.
pub(super) fn may_be_spelled_out(text: &str, bracketed: bool) -> bool {
    bracketed
        || [
            " at ",
            " AT ",
            " At ",
            "*at*",
            "_at_",
            "-at-",
            " dot ",
            " arroba ",
            " arobase ",
            " chiocciola ",
            " punkt ",
            " ät ",
            "&#64;",
            "&#x40;",
            "&commat;",
            " собака ",
        ]
        .iter()
        .any(|part| text.contains(part))
}

/// Finds e-mail addresses.
pub(super) fn find(findings: &mut Findings<'_>) {
    let text = findings.text;
    for found in QUOTED.iter().flat_map(|quoted| quoted.find_iter(text)) {
        findings.replace(found.range(), EMAIL);
    }
    find_within(findings, 0..text.len());
    for found in BRACKETED.iter().flat_map(|bracketed| bracketed.find_iter(text)) {
        findings.replace(found.range(), EMAIL);
    }
    for captures in [&SPELLED, &SPACED_DOTS]
        .into_iter()
        .flat_map(|spelled| spelled.iter())
        .flat_map(|spelled| spelled.captures_iter(text))
    {
        let (Some(found), Some(local)) = (captures.get(0), captures.name("local")) else {
            continue;
        };
        // Without a blank beside its `@` it is an address whatever its name.
        let is_joined = text
            .get(local.end()..)
            .and_then(|rest| rest.strip_prefix('@'))
            .is_some_and(|host| !host.starts_with(char::is_whitespace));
        if is_joined || !is_no_local_part(local.as_str()) {
            findings.replace(found.range(), EMAIL);
        }
    }
    for captures in SPACED.iter().flat_map(|spaced| spaced.captures_iter(text)) {
        let (Some(found), Some(local)) = (captures.get(0), captures.name("local")) else {
            continue;
        };
        let is_name = local.as_str().contains(['.', '_'])
            || local.as_str().bytes().any(|byte| byte.is_ascii_digit())
            || captures.name("sign").is_some();
        if !is_no_local_part(local.as_str()) && (is_name || follows_cue(text, found.start())) {
            findings.replace(found.range(), EMAIL);
        }
    }
}

fn is_no_local_part(word: &str) -> bool {
    NO_LOCAL_PARTS.iter().any(|known| known.eq_ignore_ascii_case(word))
}

fn follows_cue(text: &str, place: usize) -> bool {
    let before = text.get(..place).unwrap_or_default();
    let start = before.char_indices().rev().nth(40).map_or(0, |(start, _)| start);
    CUES.as_ref().is_some_and(|cues| cues.is_match(before.get(start..).unwrap_or_default()))
}

/// Finds the addresses with their own `@` within `range`.
pub(super) fn find_within(findings: &mut Findings<'_>, range: Range<usize>) {
    let Some(text) = findings.text.get(..range.end) else { return };
    let mut from = range.start;
    while let Some(found) = text.get(from..).and_then(|rest| rest.find('@')) {
        let at = from + found;
        if let (Some(start), Some(end)) =
            (local_start(text, range.start.max(from), at), domain_end(text, at + 1))
            && !is_repository(text, start, at, end)
        {
            findings.replace(start..end, EMAIL);
            from = end;
        } else {
            from = at + 1;
        }
    }
}

/// `git@host:path` is a link to a repository.
fn is_repository(text: &str, start: usize, at: usize, end: usize) -> bool {
    text.get(start..at) == Some("git")
        && text.get(end..).is_some_and(|rest| rest.starts_with(':') || rest.starts_with('/'))
}

fn local_start(text: &str, floor: usize, at: usize) -> Option<usize> {
    let mut start = at;
    let mut script = None;
    for (place, letter) in text.get(floor..at)?.char_indices().rev() {
        if letter.is_alphabetic() && !shares_script(&mut script, letter) {
            break;
        }
        if !(letter.is_alphanumeric() || is_mark(letter) || LOCAL_SIGNS.contains(letter)) {
            break;
        }
        start = floor + place;
    }
    let local = text.get(start..at)?;
    let trimmed = local.trim_start_matches(|letter: char| !letter.is_alphanumeric());
    // `name=jane@…` and `#jane@…` have their address after the sign.
    let trimmed = trimmed.rsplit(['=', '#', '|', '&']).next().unwrap_or(trimmed);
    (!trimmed.is_empty()).then(|| at - trimmed.len())
}

/// The end of a domain that begins at `start`; its last label has letters (a version has none).
fn domain_end(text: &str, start: usize) -> Option<usize> {
    let rest = text.get(start..)?;
    let mut script = None;
    let mut end = 0;
    for (place, letter) in rest.char_indices() {
        let in_label = letter.is_alphanumeric() || is_mark(letter) || matches!(letter, '-' | '.');
        if letter == '.' {
            // A label may have its own script, unless the one before it ends the address.
            let label =
                rest.get(..place).and_then(|before| before.rsplit('.').next()).unwrap_or_default();
            if label.len() != 2 && !COMMON_TOP_LEVELS.contains(&label) {
                script = None;
            }
        }
        if !in_label || (letter.is_alphabetic() && !shares_script(&mut script, letter)) {
            break;
        }
        end = place + letter.len_utf8();
    }
    let mut domain = rest.get(..end)?;
    domain = domain.trim_end_matches(['.', '-']);
    domain = domain.get(..domain.find("..").unwrap_or(domain.len()))?;
    let labels: Vec<&str> = domain.split('.').collect();
    let version = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    if PROVIDERS
        .iter()
        .any(|provider| labels.first().is_some_and(|label| label.eq_ignore_ascii_case(provider)))
        && labels.len() == 1
    {
        return Some(start + domain.len());
    }
    // The last label that can be a top-level domain ends the address.
    let last = labels.iter().rposition(|label| is_top_level(label)).filter(|last| *last > 0)?;
    let kept = labels.get(..=last)?;
    if kept.iter().any(|label| label.is_empty())
        || (kept.len() > 2 && kept.iter().take(2).all(|label| version(label)))
    {
        return None;
    }
    Some(start + kept.iter().map(|label| label.len()).sum::<usize>() + last)
}

fn is_top_level(label: &str) -> bool {
    label.starts_with("xn--")
        || (label.chars().count() >= 2
            && label.chars().all(|letter| letter.is_alphabetic() || is_mark(letter)))
}

/// Marks that combine with letters, in the scripts that cannot do without.
fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}' | '\u{93a}'..='\u{94f}' | '\u{9bc}'..='\u{9cd}' | '\u{e31}'..='\u{e4e}')
}

/// Whether `letter` is of the kind of those before it: Latin letters end where the letters of a script
/// without blanks begin.
fn shares_script(script: &mut Option<bool>, letter: char) -> bool {
    let dense = matches!(letter, '\u{e00}'..='\u{eff}' | '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ffdc}' | '\u{20000}'..);
    *script.get_or_insert(dense) == dense
}
