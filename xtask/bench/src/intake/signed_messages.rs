//! Signed `SendMessage` requests, made ready before they are needed.
//!
//! Signatures are computed before the clock runs, since a client of the product signs on a machine of its own. Only the
//! signature is stored: the rest of a request is a template in which the request's id is written anew.

use anyhow::{Context, Result, ensure};
use cv_analytics_harness::seeded::Seeded;
use cv_analytics_harness::signer::{AccessKey, Signer};
use jiff::Timestamp;

/// Bytes of each request's body.
pub(crate) const BODY_BYTES: usize = 512;
/// The question of every query event.
pub(crate) const QUESTION: &str =
    "Have you run Kubernetes and Terraform in production, and for how long?";
/// The session of every query event, in its kept form.
pub(crate) const SESSION: &str = "hashed:0123456789abcdef0123456789abcdef";
const REQUEST_ID_BYTES: usize = 36;
const PLACEHOLDER: &str = "00000000-0000-4000-8000-000000000000";
const SIGNATURE_PLACEHOLDER: [u8; 32] = [0xee; 32];

/// A random UUID, as agents use them: version 4.
pub(crate) fn request_id(seeded: &mut Seeded) -> [u8; REQUEST_ID_BYTES] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut id = [b'-'; REQUEST_ID_BYTES];
    let mut bits = u128::from(seeded.bits()) << 64 | u128::from(seeded.bits());
    for (place, digit) in id.iter_mut().enumerate() {
        if matches!(place, 8 | 13 | 18 | 23) {
            continue;
        }
        *digit = match place {
            14 => b'4',
            19 => b'8',
            _ => DIGITS.get((bits & 15) as usize).copied().unwrap_or(b'0'),
        };
        bits >>= 4;
    }
    id
}

/// A request in which ids and signature are still to be written.
struct Template {
    bytes: Vec<u8>,
    body_at: usize,
    ids_at: Vec<usize>,
    signature_at: usize,
}

impl Template {
    fn new(signer: &Signer, message: &str, kind: &str) -> Result<Self> {
        let queue = "http://127.0.0.1/000000000000/cv-analytics-events.fifo";
        let body = |padding: &str| {
            serde_json::json!({
                "QueueUrl": queue,
                "MessageBody": message.replace("PADDING", padding),
                "MessageGroupId": PLACEHOLDER,
                "MessageDeduplicationId": format!("{PLACEHOLDER}:{kind}"),
            })
            .to_string()
        };
        let room = BODY_BYTES.checked_sub(body("").len()).context("the message is too long")?;
        let body = body(&"x".repeat(room));
        let head = signer.head(body.len(), &SIGNATURE_PLACEHOLDER);
        let signature = hex::encode(SIGNATURE_PLACEHOLDER);
        let signature_at = head.find(&signature).context("the head holds a signature")?;
        let bytes = [head.as_bytes(), body.as_bytes()].concat();
        let text = format!("{head}{body}");
        let ids_at: Vec<usize> = text.match_indices(PLACEHOLDER).map(|(at, _)| at).collect();
        ensure!(ids_at.len() == 3, "the id is in the message, the group and the deduplication id");
        Ok(Self { bytes, body_at: head.len(), ids_at, signature_at })
    }

    fn write(&self, id: &[u8], signature: &[u8; 32], request: &mut Vec<u8>) {
        request.clear();
        request.extend_from_slice(&self.bytes);
        for &at in &self.ids_at {
            if let Some(place) = request.get_mut(at..at + id.len()) {
                place.copy_from_slice(id);
            }
        }
        if let Some(place) = request.get_mut(self.signature_at..self.signature_at + 64) {
            // Cannot fail: 32 bytes are 64 digits.
            let _ = hex::encode_to_slice(signature, place);
        }
    }
}

/// Requests that alternate between the query and the response event of fresh request ids.
pub(crate) struct SignedMessages {
    query: Template,
    response: Template,
    signer: Signer,
    signatures: Vec<[u8; 32]>,
    signing: Ids,
    sending: Ids,
    sent: usize,
}

/// The ids in their order: each twice.
#[derive(Clone)]
struct Ids {
    seeded: Seeded,
    current: [u8; REQUEST_ID_BYTES],
    is_response: bool,
}

impl Ids {
    fn new(seed: u64) -> Self {
        Self { seeded: Seeded::new(seed), current: [b'0'; REQUEST_ID_BYTES], is_response: true }
    }

    fn advance(&mut self) {
        self.is_response = !self.is_response;
        if !self.is_response {
            self.current = request_id(&mut self.seeded);
        }
    }
}

impl SignedMessages {
    /// Messages for the server at `authority`, signed at `now`.
    pub(crate) fn new(key: &AccessKey, authority: &str, now: Timestamp) -> Result<Self> {
        let signer = Signer::new(key, authority, "SendMessage", now)?;
        let at = now.as_millisecond();
        let query = format!(
            r#"{{"eventType":"query","requestId":"{PLACEHOLDER}","timestamp":{at},"query":"{QUESTION}","sessionId":"visitor","x":"PADDING"}}"#
        );
        let response = format!(
            r#"{{"eventType":"response","requestId":"{PLACEHOLDER}","timestamp":{at},"matchType":"partial","matchScore":72,"matchedSkills":["Docker"],"missingSkills":["Kubernetes"],"x":"PADDING"}}"#
        );
        Ok(Self {
            query: Template::new(&signer, &query, "query")?,
            response: Template::new(&signer, &response, "response")?,
            signer,
            signatures: Vec::new(),
            signing: Ids::new(7),
            sending: Ids::new(7),
            sent: 0,
        })
    }

    /// Signs until `count` messages wait to be sent.
    pub(crate) fn sign(&mut self, count: usize) -> Result<()> {
        self.signatures.drain(..self.sent);
        self.sent = 0;
        let mut request = Vec::new();
        while self.signatures.len() < count {
            self.signing.advance();
            let template = if self.signing.is_response { &self.response } else { &self.query };
            template.write(&self.signing.current, &SIGNATURE_PLACEHOLDER, &mut request);
            let body = request.get(template.body_at..).unwrap_or_default();
            self.signatures.push(self.signer.signature(body)?);
        }
        Ok(())
    }

    /// Writes the next request; `false` where none is left.
    pub(crate) fn next(&mut self, request: &mut Vec<u8>) -> bool {
        let Some(signature) = self.signatures.get(self.sent) else { return false };
        self.sending.advance();
        let template = if self.sending.is_response { &self.response } else { &self.query };
        template.write(&self.sending.current, signature, request);
        self.sent += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_signed_whole_and_alternate() {
        let key = AccessKey { id: "A".to_owned(), secret: "s".to_owned(), region: "r".to_owned() };
        let now = Timestamp::from_second(1_763_337_600).unwrap();
        let mut messages = SignedMessages::new(&key, "127.0.0.1:1", now).unwrap();
        messages.sign(3).unwrap();
        let signer = Signer::new(&key, "127.0.0.1:1", "SendMessage", now).unwrap();
        let mut request = Vec::new();
        let mut ids = Vec::new();
        for kind in ["query", "response", "query"] {
            assert!(messages.next(&mut request));
            let text = String::from_utf8(request.clone()).unwrap();
            let (_, body) = text.split_once("\r\n\r\n").unwrap();
            assert_eq!(request, signer.request(body.as_bytes()).unwrap());
            assert_eq!(body.len(), BODY_BYTES);
            let body: serde_json::Value = serde_json::from_str(body).unwrap();
            let id = body["MessageGroupId"].as_str().unwrap().to_owned();
            assert_eq!(body["MessageDeduplicationId"], format!("{id}:{kind}"));
            let event: serde_json::Value =
                serde_json::from_str(body["MessageBody"].as_str().unwrap()).unwrap();
            assert_eq!(
                (event["requestId"].as_str(), event["eventType"].as_str()),
                (Some(id.as_str()), Some(kind))
            );
            ids.push(id);
        }
        assert!(!messages.next(&mut request));
        assert_eq!(ids[0], ids[1]);
        assert_ne!(ids[1], ids[2]);
    }
}
