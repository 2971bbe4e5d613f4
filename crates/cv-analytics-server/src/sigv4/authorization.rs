//! The `Authorization` header of Signature Version 4, taken apart strictly.

use std::ops::Range;

use super::error::SignatureError;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// More signed headers than any client sends; a longer list is only work for the server.
const MAX_SIGNED_HEADERS: usize = 64;
/// Bytes; a real header has about 300.
const MAX_HEADER_BYTES: usize = 8 * 1024;

/// The header's parts, as ranges of the one text.
#[derive(Debug)]
pub(super) struct Authorization {
    text: String,
    access_key_id: Range<usize>,
    date: Range<usize>,
    region: Range<usize>,
    service: Range<usize>,
    ending: Range<usize>,
    signed_headers: Range<usize>,
    signature: Range<usize>,
}

impl Authorization {
    /// Takes `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`, each once, in any
    /// order, with or without blanks after the commas.
    pub(super) fn parse(value: &[u8]) -> Result<Self, SignatureError> {
        let text = std::str::from_utf8(value)
            .map_err(|_| incomplete("The Authorization header is not ASCII."))?;
        if text.len() > MAX_HEADER_BYTES {
            return Err(incomplete("The Authorization header is too long."));
        }
        let text = text.trim_matches(' ');
        let fields = text.strip_prefix(ALGORITHM).filter(|rest| rest.starts_with(' ')).ok_or_else(|| {
            incomplete("The Authorization header must begin with 'AWS4-HMAC-SHA256', and only that algorithm is known.")
        })?;
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for field in fields.split(',') {
            let (name, value) = field.trim_matches(' ').split_once('=').unwrap_or((field, ""));
            let place = match name {
                "Credential" => &mut credential,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                _ => {
                    return Err(incomplete(
                        "The Authorization header holds a part that is not known.",
                    ));
                }
            };
            if value.is_empty() || place.replace(value).is_some() {
                return Err(incomplete(&format!(
                    "Authorization header requires '{name}' parameter once."
                )));
            }
        }
        let required = |part: Option<&'_ str>, name| {
            part.map(|part| range_in(text, part)).ok_or_else(|| {
                incomplete(&format!("Authorization header requires '{name}' parameter."))
            })
        };
        let credential = credential
            .ok_or_else(|| incomplete("Authorization header requires 'Credential' parameter."))?;
        let (signed_headers, signature) =
            (required(signed_headers, "SignedHeaders")?, required(signature, "Signature")?);
        let mut scope = credential.rsplitn(5, '/').map(|part| range_in(text, part));
        let (Some(ending), Some(service), Some(region), Some(date), Some(access_key_id)) =
            (scope.next(), scope.next(), scope.next(), scope.next(), scope.next())
        else {
            return Err(incomplete(
                "Credential must have 5 slash-delimited elements: KEYID/YYYYMMDD/REGION/SERVICE/aws4_request.",
            ));
        };
        drop(scope);
        let parsed = Self {
            text: text.to_owned(),
            access_key_id,
            date,
            region,
            service,
            ending,
            signed_headers,
            signature,
        };
        parsed.check_signed_headers()?;
        Ok(parsed)
    }

    /// Lower case, in ascending order, none twice: one list has one way to be written.
    fn check_signed_headers(&self) -> Result<(), SignatureError> {
        let mut last = "";
        for (index, name) in self.signed_headers().enumerate() {
            let readable = !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase());
            if !readable || name <= last || index >= MAX_SIGNED_HEADERS {
                return Err(incomplete(
                    "SignedHeaders must be lower case, in ascending order, each once, 64 at most.",
                ));
            }
            last = name;
        }
        Ok(())
    }

    fn part(&self, range: &Range<usize>) -> &str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    pub(super) fn access_key_id(&self) -> &str {
        self.part(&self.access_key_id)
    }

    /// The scope's date, as bytes to compare; zeroes where it is not eight bytes long.
    pub(super) fn date(&self) -> [u8; 8] {
        self.part(&self.date).as_bytes().try_into().unwrap_or_default()
    }

    /// Region, service and ending of the scope.
    pub(super) fn scope(&self) -> (&str, &str, &str) {
        (self.part(&self.region), self.part(&self.service), self.part(&self.ending))
    }

    /// The scope as a signature covers it: `date/region/service/aws4_request`.
    pub(super) fn scope_text(&self) -> &str {
        self.part(&(self.date.start..self.ending.end))
    }

    pub(super) fn signed_headers(&self) -> impl Iterator<Item = &str> {
        self.signed_headers_text().split(';')
    }

    pub(super) fn signed_headers_text(&self) -> &str {
        self.part(&self.signed_headers)
    }

    pub(super) fn signs(&self, name: &str) -> bool {
        self.signed_headers().any(|signed| signed == name)
    }

    pub(super) fn signature(&self) -> &str {
        self.part(&self.signature)
    }
}

fn incomplete(message: &str) -> SignatureError {
    SignatureError::Incomplete(message.to_owned())
}

/// Where `part`, a slice of `text`, is in it.
fn range_in(text: &str, part: &str) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    start..start + part.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "AWS4-HMAC-SHA256 Credential=AKID/20150830/eu-west-2/sqs/aws4_request, \
                        SignedHeaders=host;x-amz-date, Signature=abc";

    fn check(header: &str, readable: bool) {
        assert_eq!(Authorization::parse(header.as_bytes()).is_ok(), readable, "{header}");
    }

    #[test]
    fn the_parts_are_found() {
        let read = Authorization::parse(GOOD.as_bytes()).unwrap();
        assert_eq!(read.access_key_id(), "AKID");
        assert_eq!(&read.date(), b"20150830");
        assert_eq!(read.scope(), ("eu-west-2", "sqs", "aws4_request"));
        assert_eq!(read.scope_text(), "20150830/eu-west-2/sqs/aws4_request");
        assert!(read.signs("host") && read.signs("x-amz-date") && !read.signs("hos"));
        assert_eq!(read.signature(), "abc");
    }

    #[test]
    fn only_the_documented_form_is_read() {
        check(GOOD, true);
        check(&GOOD.replace(", ", ","), true);
        check(&GOOD.replace(", ", ",   "), true);
        check(&format!("  {GOOD}  "), true);
        check(&GOOD.replace("AKID/", "AK/ID/"), true);
        check("", false);
        check("Bearer token", false);
        check("AWS4-HMAC-SHA256", false);
        check("AWS4-HMAC-SHA256Credential=", false);
        check(&GOOD.replace("SHA256", "SHA512"), false);
        check(&GOOD.replace("HMAC", "ECDSA-P256"), false);
        check(&GOOD.replace("aws4-hmac", "AWS4-HMAC").to_lowercase(), false);
        check(&GOOD.replace("Signature=abc", "Signature="), false);
        check(&GOOD.replace(", Signature=abc", ""), false);
        check(&GOOD.replace("Credential=", "credential="), false);
        check(&format!("{GOOD}, Signature=def"), false);
        check(&format!("{GOOD}, Extra=1"), false);
        check(&format!("{GOOD},"), false);
        check(&GOOD.replace("/sqs", ""), false);
        check(&GOOD.replace("host;x-amz-date", "x-amz-date;host"), false);
        check(&GOOD.replace("host;", "host;host;"), false);
        check(&GOOD.replace("host;", "Host;"), false);
        check(&GOOD.replace("host;", "host;;"), false);
        check(&GOOD.replace("host", "h\u{e9}"), false);
        check(&GOOD.replace("host;", &["h;"; 100].concat()), false);
        check(&GOOD.replace("AKID", &"A".repeat(9000)), false);
    }
}
