//! Links: they stay readable, and what is personal or secret in them goes.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::email;
use super::findings::{API_KEY, CREDENTIALS, EMAIL, Findings, PHONE};

/// A URL with its scheme, or a host with a path.
static LINKS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?xi)
        (?<scheme>[a-z][a-z0-9+.-]*://) [!\#-;=?-_a-z{-~]+
        | (?-u:\b)(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}(?::[0-9]+)?[/?] [!\#-;=?-_a-z{-~]*",
    )
    .ok()
});

/// The name and password of a URL (RFC 3986, section 3.2.1).
static USER_INFO: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^[^/@:?#]*:[^/?#]+@").ok());

/// A field of a query or of a fragment.
static PARAMETERS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"[?&#;]([A-Za-z0-9_.~%\[\]-]+)=([^&#;]*)").ok());

/// An e-mail address, its `@` escaped or not.
static ESCAPED_EMAIL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)[a-z0-9._+-]+(?:%40|%2540)[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}").ok()
});

/// The number in a link that calls it or writes to it.
static CALLED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)(?:wa\.me/|t\.me/|signal\.me/#p/|viber\.click/|chat\.whatsapp\.com/)(\+?[0-9]{7,15})",
    )
    .ok()
});

/// Finds links, and in them what is not to be kept.
pub(super) fn find(findings: &mut Findings<'_>) {
    let text = findings.text;
    for captures in LINKS.iter().flat_map(|links| links.captures_iter(text)) {
        let Some(found) = captures.get(0) else { continue };
        let link =
            found.as_str().trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '}', '\'']);
        // The host of an e-mail address is none of a link.
        if text.get(..found.start()).is_some_and(|before| before.ends_with('@')) {
            continue;
        }
        let scheme = captures.name("scheme").map_or(0, |scheme| scheme.len());
        let at = found.start();
        let within = |range: Range<usize>| at + range.start..at + range.end;
        let after_scheme = link.get(scheme..).unwrap_or_default();
        if scheme > 0
            && let Some(user) = USER_INFO.as_ref().and_then(|user| user.find(after_scheme))
        {
            findings.replace(within(scheme..scheme + user.end() - 1), CREDENTIALS);
        }
        for parameter in PARAMETERS.iter().flat_map(|parameters| parameters.captures_iter(link)) {
            if let (Some(name), Some(value)) = (parameter.get(1), parameter.get(2))
                && let Some(marker) = marker_of(name.as_str(), value.as_str())
            {
                findings.replace(within(value.range()), marker);
            }
        }
        for email in ESCAPED_EMAIL.iter().flat_map(|email| email.find_iter(link)) {
            findings.replace(within(email.range()), EMAIL);
        }
        for number in CALLED.iter().flat_map(|called| called.captures_iter(link)) {
            if let Some(number) = number.get(1) {
                findings.replace(within(number.range()), PHONE);
            }
        }
        let path = after_scheme.find(['/', '?', '#']).map_or(link.len(), |path| scheme + path);
        email::find_within(findings, within(path..link.len()));
        findings.keep(within(0..link.len()));
    }
}

/// What stands for the value of a field of that name, where it is not to be kept.
fn marker_of(name: &str, value: &str) -> Option<&'static str> {
    const SECRETS: [&str; 24] = [
        "token",
        "accesstoken",
        "authtoken",
        "idtoken",
        "refreshtoken",
        "apikey",
        "key",
        "secret",
        "clientsecret",
        "sig",
        "signature",
        "auth",
        "authorization",
        "session",
        "sessionid",
        "sid",
        "code",
        "jwt",
        "otp",
        "xamzsignature",
        "xamzcredential",
        "xamzsecuritytoken",
        "accesskey",
        "subscriptionkey",
    ];
    const PASSWORDS: [&str; 5] = ["password", "passwd", "pwd", "pass", "passphrase"];
    const PHONES: [&str; 8] =
        ["phone", "phonenumber", "tel", "telephone", "mobile", "msisdn", "whatsapp", "cell"];
    let name: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    if PASSWORDS.contains(&name.as_str()) && !value.is_empty() {
        return Some(CREDENTIALS);
    }
    // `key=` and `code=` also name what is not secret: those are short words.
    if SECRETS.contains(&name.as_str()) && value.len() >= 6 && (digits > 0 || value.len() >= 12) {
        return Some(API_KEY);
    }
    let is_phone =
        PHONES.contains(&name.as_str()) && (6..=17).contains(&digits) && value.len() <= 30;
    is_phone.then_some(PHONE)
}
