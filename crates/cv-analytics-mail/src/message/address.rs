//! A mail address, with or without a name, that is safe in a header.

use std::fmt;
use std::str::FromStr;

/// Octets of an address that SMTP carries (RFC 5321, 4.5.3.1).
const MAX_ADDRESS_BYTES: usize = 254;
const MAX_LOCAL_PART_BYTES: usize = 64;
const MAX_LABEL_BYTES: usize = 63;
const MAX_NAME_CHARS: usize = 100;

/// An address as `me@example.com` or `My Name <me@example.com>`; a domain in letters beyond ASCII is held
/// as it is sent, `xn--bcher-kva.example`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MailAddress {
    name: Option<String>,
    address: String,
    at: usize,
}

/// A text that is not a mail address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid mail address {0:?}: write it as me@example.com or My Name <me@example.com>")]
pub struct MailAddressError(String);

impl MailAddress {
    /// The name before the address, where there is one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Only the address: `me@example.com`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What stands before the `@`.
    pub fn local_part(&self) -> &str {
        self.address.get(..self.at).unwrap_or_default()
    }

    /// What stands behind the `@`.
    pub fn domain(&self) -> &str {
        self.address.get(self.at + 1..).unwrap_or_default()
    }
}

impl FromStr for MailAddress {
    type Err = MailAddressError;

    /// Reads an address: a dot-atom, `@`, and a domain of letters, digits and hyphens (RFC 5322,
    /// 3.4.1). Quoted local parts, comments, groups and address literals are refused.
    fn from_str(text: &str) -> Result<Self, MailAddressError> {
        let refused = || MailAddressError(text.chars().take(80).collect());
        let (name, address) = match text.trim_matches(' ').strip_suffix('>') {
            Some(named) => named.rsplit_once('<').ok_or_else(refused)?,
            None => ("", text.trim_matches(' ')),
        };
        let name = name.trim_matches(' ');
        let unquoted = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
        let name = unquoted.unwrap_or(name);
        let (local_part, domain) = address.split_once('@').ok_or_else(refused)?;
        let domain = if domain.is_ascii() {
            domain.to_owned()
        } else {
            idna::domain_to_ascii(domain).map_err(|_| refused())?
        };
        let address = format!("{local_part}@{domain}");
        let is_name = name.chars().count() <= MAX_NAME_CHARS && !name.chars().any(breaks_a_name);
        if is_name
            && address.len() <= MAX_ADDRESS_BYTES
            && is_local(local_part)
            && is_domain(&domain)
        {
            let name = (!name.is_empty()).then(|| name.to_owned());
            Ok(Self { name, address, at: local_part.len() })
        } else {
            Err(refused())
        }
    }
}

impl fmt::Display for MailAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(formatter, "{name} <{}>", self.address),
            None => formatter.write_str(&self.address),
        }
    }
}

/// The addresses in a list with commas between them; a comma within quotes is part of a name.
pub fn addresses(list: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let parts = list.split(move |letter| {
        quoted ^= letter == '"';
        letter == ',' && !quoted
    });
    parts.map(str::trim).filter(|part| !part.is_empty())
}

/// Control characters, those that steer the direction of text, and the ones that end a name.
fn breaks_a_name(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '<' | '>'
                | '"'
                | '\\'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'
                | '\u{2029}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
        )
}

fn is_local(local_part: &str) -> bool {
    let is_atom = |atom: &str| {
        let allowed =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
        !atom.is_empty() && atom.bytes().all(allowed)
    };
    local_part.len() <= MAX_LOCAL_PART_BYTES && local_part.split('.').all(is_atom)
}

fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        (1..=MAX_LABEL_BYTES).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    domain.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expect: Option<(&str, &str)>) {
        let read = text.parse::<MailAddress>().ok();
        let read = read.as_ref().map(|read| (read.name().unwrap_or(""), read.address()));
        assert_eq!(read, expect, "{text:?}");
    }

    #[test]
    fn an_address_is_read_with_and_without_a_name() {
        check("me@example.com", Some(("", "me@example.com")));
        check(" me+cv@localhost ", Some(("", "me+cv@localhost")));
        check("My Name <me@example.com>", Some(("My Name", "me@example.com")));
        check(
            "\"Müller, Anna\" <a.b@mail.example.org>",
            Some(("Müller, Anna", "a.b@mail.example.org")),
        );
        check("<me@example.com>", Some(("", "me@example.com")));
    }

    #[test]
    fn a_domain_beyond_ascii_is_held_as_it_is_sent() {
        check("me@bücher.example", Some(("", "me@xn--bcher-kva.example")));
        check("Anna <a@BÜCHER.example>", Some(("Anna", "a@xn--bcher-kva.example")));
        check("me@例え.テスト", Some(("", "me@xn--r8jz45g.xn--zckzah")));
        check("me@xn--bcher-kva.example", Some(("", "me@xn--bcher-kva.example")));
        check("me@Example.COM", Some(("", "me@Example.COM")));
        check("me@bü cher.example", None);
        check(&format!("me@{}.example", "ü".repeat(64)), None);
    }

    #[test]
    fn what_is_no_address_or_could_inject_a_header_is_refused() {
        for text in [
            "",
            "me",
            "@example.com",
            "me@",
            "me@@example.com",
            "me@example..com",
            "me@-example.com",
            ".me@example.com",
            "m e@example.com",
            "me@example.com, you@example.com",
            "me@example.com\r\nBcc: all@example.com",
            "me@example.com\n",
            "Name\r\nBcc: all@example.com <me@example.com>",
            "N\u{202e}ame <me@example.com>",
            "Name <me@example.com> more",
            "a > b <me@example.com>",
            "me@exa\u{0}mple.com",
            "mé@example.com",
        ] {
            check(text, None);
        }
        check(&format!("{}@example.com", "a".repeat(65)), None);
        check(&format!("a@{}.com", "b".repeat(64)), None);
    }

    #[test]
    fn a_list_is_cut_at_commas_that_are_no_part_of_a_name() {
        let list = " \"Müller, Anna\" <a@example.com>, b@example.com,, ";
        let expect = ["\"Müller, Anna\" <a@example.com>", "b@example.com"];
        assert_eq!(addresses(list).collect::<Vec<_>>(), expect);
    }

    proptest! {
        #[test]
        fn an_address_never_holds_a_control(text in "\\PC*[\\r\\n]?.{0,5}@.{0,9}") {
            if let Ok(address) = text.parse::<MailAddress>() {
                prop_assert!(!address.to_string().chars().any(char::is_control));
                prop_assert!(address.address().is_ascii());
            }
        }
    }
}
