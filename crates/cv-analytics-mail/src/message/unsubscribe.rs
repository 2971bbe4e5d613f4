//! How a recipient leaves the list: `List-Unsubscribe` (RFC 2369), with one click where there is a
//! public address (RFC 8058).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::message::address::MailAddress;

/// The longest link that fits a header line of 998 octets (RFC 5322, 2.1.1) with its name.
const MAX_LINK_BYTES: usize = 900;
/// What a `mailto` address encodes in the local part (RFC 6068, 2).
const IN_A_LOCAL_PART: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'+');

/// The unsubscribe link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsubscribe {
    /// One click: the mail program posts to this link.
    Link(HttpsLink),
    /// A mail to this address, with the subject "unsubscribe".
    Mail(MailAddress),
}

/// An `https://` address that is safe in a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpsLink(String);

/// A text that is not a link for unsubscribing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid unsubscribe link {0:?}: expected an https:// URL of up to 900 characters")]
pub struct HttpsLinkError(String);

impl HttpsLink {
    /// Takes a link whose scheme is `https` and whose characters a header can carry.
    pub fn new(link: &str) -> Result<Self, HttpsLinkError> {
        let safe = |byte: u8| byte.is_ascii_graphic() && !b"<>\"\\^`{|}".contains(&byte);
        let host = link.strip_prefix("https://").map(|rest| rest.split(['/', '?', '#']).next());
        let has_host = host.flatten().is_some_and(|host| !host.is_empty());
        if has_host && link.len() <= MAX_LINK_BYTES && link.bytes().all(safe) {
            Ok(Self(link.to_owned()))
        } else {
            Err(HttpsLinkError(link.chars().take(120).collect()))
        }
    }

    /// The link.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Unsubscribe {
    /// The address for `List-Unsubscribe`.
    pub(crate) fn address(&self) -> String {
        match self {
            Self::Link(link) => link.0.clone(),
            Self::Mail(mail) => {
                let local_part = utf8_percent_encode(mail.local_part(), IN_A_LOCAL_PART);
                format!("mailto:{local_part}@{}?subject=unsubscribe", mail.domain())
            }
        }
    }

    /// Whether the mail program may unsubscribe by a POST to the address.
    pub(crate) const fn is_one_click(&self) -> bool {
        matches!(self, Self::Link(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_https_and_fits_a_header() {
        let link = "https://cv.example.com/unsubscribe?token=a-b_c~1%20";
        assert_eq!(HttpsLink::new(link).unwrap().as_str(), link);
        for text in [
            "http://cv.example.com/unsubscribe",
            "https://",
            "https:///path",
            "https://a b",
            "https://example.com/>\r\nBcc: all@example.com",
            "https://example.com/é",
            "javascript:alert(1)",
        ] {
            assert!(HttpsLink::new(text).is_err(), "{text}");
        }
        assert!(HttpsLink::new(&format!("https://example.com/{}", "a".repeat(900))).is_err());
    }

    #[test]
    fn a_mailto_address_is_percent_encoded() {
        let mail = Unsubscribe::Mail("a?b&c+d@example.com".parse().unwrap());
        assert_eq!(mail.address(), "mailto:a%3Fb%26c+d@example.com?subject=unsubscribe");
    }
}
