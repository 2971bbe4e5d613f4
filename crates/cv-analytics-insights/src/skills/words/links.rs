//! Finds links, e-mail addresses and domains in a text: their words say nothing of what it is about.

/// Last labels of domains that are hardly the last part of a technology's name.
const TOP_LEVELS: [&str; 47] = [
    "com", "org", "edu", "gov", "info", "biz", "dev", "app", "eu", "de", "at", "ch", "fr", "be",
    "nl", "es", "it", "pl", "pt", "se", "no", "dk", "fi", "cz", "ro", "gr", "uk", "ie", "us", "ca",
    "au", "br", "in", "jp", "cn", "kr", "ru", "ua", "tr", "il", "ae", "mx", "ar", "co", "me", "ly",
    "xyz",
];
/// Those that technologies are named after too (`Socket.io`, `ASP.NET`): they need a subdomain.
const SHARED_TOP_LEVELS: [&str; 4] = ["io", "ai", "net", "sh"];
/// Those of a domain that counts with neither a subdomain nor a path; others may be a missing blank.
const PLAIN_TOP_LEVELS: [&str; 2] = ["com", "org"];

/// What a text begins with that is a link or a domain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Link<'t> {
    /// The domain where it stands without `https://` and the like: that may be a name (`monday.com`).
    pub(crate) domain: Option<&'t str>,
    /// Bytes of the whole.
    pub(crate) length: usize,
}

/// The link, e-mail address or domain that a text begins with.
#[inline(never)]
pub(crate) fn link(text: &str) -> Option<Link<'_>> {
    if !text.starts_with(|char: char| char.is_ascii_alphanumeric()) {
        return None;
    }
    let token = text.split(ends_link).next()?;
    let token = token.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*', '_', '~']);
    let whole = Some(Link { domain: None, length: token.len() });
    if let Some((scheme, _)) = token.split_once("://")
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte))
    {
        return whole;
    }
    let end = token.find(['/', '?', '#', ':']).unwrap_or(token.len());
    let (host, rest) = token.split_at_checked(end)?;
    if let Some((local, domain)) = host.rsplit_once('@') {
        let is_local = |byte: u8| byte.is_ascii_alphanumeric() || b"._%+-".contains(&byte);
        let dotted = domain.rsplit_once('.').is_some_and(|(_, last)| is_top_level(last));
        return whole.filter(|_| dotted && is_domain(domain) && local.bytes().all(is_local));
    }
    if !host.contains('.') || !is_domain(host) {
        return None;
    }
    let labels = host.split('.').count();
    // `Vue.js.It is` lacks a blank.
    let last = host.rsplit('.').next()?;
    let last = if host.bytes().any(|byte| byte.is_ascii_lowercase()) {
        last.to_owned()
    } else {
        last.to_ascii_lowercase()
    };
    let last = last.as_str();
    let has_path = rest.starts_with('/');
    let is_link = host.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("www."))
        || labels > 2 && SHARED_TOP_LEVELS.contains(&last) && has_path
        || TOP_LEVELS.contains(&last)
            && (labels > 2 || has_path || PLAIN_TOP_LEVELS.contains(&last));
    is_link.then_some(Link { domain: Some(host), length: token.len() })
}

/// Whether a link ends before this character: a blank, a bracket or quotation mark, or a letter of a
/// script that puts no blanks between words.
fn ends_link(char: char) -> bool {
    char.is_whitespace()
        || matches!(char, '<' | '>' | '(' | ')' | '[' | ']' | '{' | '}' | '"' | '|' | '`')
        || matches!(char, '\u{201c}'..='\u{201f}' | '\u{ab}' | '\u{bb}' | '\u{2026}')
        || matches!(char, '\u{e00}'..='\u{e7f}' | '\u{2e80}'..)
}

fn is_domain(text: &str) -> bool {
    text.split('.').all(|label| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    })
}

fn is_top_level(label: &str) -> bool {
    label.len() > 1 && label.bytes().all(|byte| byte.is_ascii_alphabetic())
}
