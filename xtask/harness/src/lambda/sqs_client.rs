//! Calls of an SQS queue in AWS JSON 1.0, one connection a call: an emulator may close each.

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use serde_json::Value;

use crate::connection::Connection;
use crate::signer::{AccessKey, Signer};

/// Calls one server with one key.
#[derive(Clone, Debug)]
pub struct SqsClient {
    authority: String,
    key: AccessKey,
}

impl SqsClient {
    /// Calls the server at `authority`, a host and a port.
    pub fn new(authority: &str, key: AccessKey) -> Self {
        Self { authority: authority.to_owned(), key }
    }

    /// The region that requests are signed for.
    pub fn region(&self) -> &str {
        &self.key.region
    }

    /// Calls `action`, as `SendMessage`, with `input`.
    ///
    /// # Errors
    /// Any answer but success, with its text.
    pub fn call(&self, action: &str, input: &Value) -> Result<Value> {
        let signer = Signer::new(&self.key, &self.authority, action, now())?;
        let request = signer.request(&serde_json::to_vec(input)?)?;
        let answer = Connection::open(&self.authority)?.exchange(&request)?;
        let body = String::from_utf8_lossy(&answer.body);
        ensure!(answer.status == 200, "{action} was answered {}: {body}", answer.status);
        if body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&body).with_context(|| format!("read the answer to {action}: {body}"))
    }
}

#[expect(clippy::disallowed_methods, reason = "requests are signed for the server's own clock")]
fn now() -> Timestamp {
    Timestamp::now()
}
