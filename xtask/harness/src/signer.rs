//! HTTP requests of AWS JSON 1.0, signed with Signature Version 4.
//!
//! Written apart from the product on purpose: were both the same code, a common mistake would agree with itself. The
//! rules are those of <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.

use anyhow::{Context, Result};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

const CONTENT_TYPE: &str = "application/x-amz-json-1.0";
const SIGNED_HEADERS: &str = "content-type;host;x-amz-date;x-amz-target";

/// The key of a server, as its `credentials.env` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKey {
    /// `AWS_ACCESS_KEY_ID`.
    pub id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret: String,
    /// `AWS_REGION`.
    pub region: String,
}

/// Signs requests to one server for one action, all at one moment: a server takes them for a quarter of an hour.
#[derive(Clone, Debug)]
pub struct Signer {
    /// Everything of a request before its content length.
    request_line: String,
    /// Everything of a canonical request before the body's hash.
    canonical_prefix: String,
    date: String,
    scope: String,
    key_id: String,
    signing_key: [u8; 32],
}

impl Signer {
    /// Signs with `key` for the queue at the host and port in `authority`, at `now`, for `action`.
    pub fn new(key: &AccessKey, authority: &str, action: &str, now: Timestamp) -> Result<Self> {
        let date = now.strftime("%Y%m%dT%H%M%SZ").to_string();
        let day = date.get(..8).context("a date has eight digits")?;
        let target = format!("AmazonSQS.{action}");
        let mut signing_key =
            hmac_sha256(format!("AWS4{}", key.secret).as_bytes(), day.as_bytes())?;
        for part in [&key.region, "sqs", "aws4_request"] {
            signing_key = hmac_sha256(&signing_key, part.as_bytes())?;
        }
        Ok(Self {
            request_line: format!(
                "POST / HTTP/1.1\r\nhost: {authority}\r\ncontent-type: {CONTENT_TYPE}\r\n\
                 x-amz-date: {date}\r\nx-amz-target: {target}\r\n"
            ),
            canonical_prefix: format!(
                "POST\n/\n\ncontent-type:{CONTENT_TYPE}\nhost:{authority}\nx-amz-date:{date}\n\
                 x-amz-target:{target}\n\n{SIGNED_HEADERS}\n"
            ),
            scope: format!("{day}/{}/sqs/aws4_request", key.region),
            date,
            key_id: key.id.clone(),
            signing_key,
        })
    }

    /// The signature over a request with that body.
    pub fn signature(&self, body: &[u8]) -> Result<[u8; 32]> {
        let mut canonical = Sha256::new();
        canonical.update(&self.canonical_prefix);
        canonical.update(hex::encode(Sha256::digest(body)));
        let hash = hex::encode(canonical.finalize());
        let to_sign = format!("AWS4-HMAC-SHA256\n{}\n{}\n{hash}", self.date, self.scope);
        hmac_sha256(&self.signing_key, to_sign.as_bytes())
    }

    /// A whole request with that body and its signature.
    pub fn request(&self, body: &[u8]) -> Result<Vec<u8>> {
        let mut request = self.head(body.len(), &self.signature(body)?).into_bytes();
        request.extend_from_slice(body);
        Ok(request)
    }

    /// Everything of a request before its body; it ends with the signature and an empty line.
    pub fn head(&self, body_bytes: usize, signature: &[u8; 32]) -> String {
        format!(
            "{}content-length: {body_bytes}\r\nauthorization: AWS4-HMAC-SHA256 Credential={}/{}, \
             SignedHeaders={SIGNED_HEADERS}, Signature={}\r\n\r\n",
            self.request_line,
            self.key_id,
            self.scope,
            hex::encode(signature)
        )
    }
}

fn hmac_sha256(key: &[u8], data: &[u8]) -> Result<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).context("take a key")?;
    mac.update(data);
    Ok(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_the_one_that_botocore_signs() {
        let key = AccessKey {
            id: "AKIDEXAMPLE".to_owned(),
            secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            region: "us-east-1".to_owned(),
        };
        let now = Timestamp::from_second(1_440_938_160).unwrap();
        let signer = Signer::new(&key, "127.0.0.1:8787", "SendMessage", now).unwrap();
        let request = String::from_utf8(signer.request(b"{}").unwrap()).unwrap();
        let expect = concat!(
            "POST / HTTP/1.1\r\nhost: 127.0.0.1:8787\r\ncontent-type: application/x-amz-json-1.0\r\n",
            "x-amz-date: 20150830T123600Z\r\nx-amz-target: AmazonSQS.SendMessage\r\ncontent-length: 2\r\n",
            "authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/sqs/aws4_request, ",
            "SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=304f192f14a369422021a0610670823fc7756ccee7954571bdf8743a872259a4\r\n\r\n{}",
        );
        assert_eq!(request, expect);
    }
}
