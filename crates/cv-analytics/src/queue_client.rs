//! Sends signed `SendMessage` calls, as the agent's Worker does: to the self-hosted server or to SQS.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use aws_credential_types::Credentials;
use futures_util::future::try_join_all;
use serde_json::json;

use crate::http_client::{http_client, send};
use crate::install::data_folder::StoredCredentials;
use crate::signature::Call;

/// How often one message is tried.
const MAX_ATTEMPTS: u32 = 6;
/// How long one call may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// One message on its way to the queue.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Message {
    /// The message body.
    pub(crate) body: String,
    /// SQS's deduplication id.
    pub(crate) deduplication_id: String,
    /// SQS's message group.
    pub(crate) group_id: String,
}

/// A client of one queue; keeps its connections open.
pub(crate) struct QueueClient {
    client: reqwest::Client,
    credentials: StoredCredentials,
    endpoint: String,
}

impl QueueClient {
    /// A client for the queue of `credentials`.
    pub(crate) fn new(credentials: StoredCredentials) -> Result<Self> {
        Self::within(CALL_TIMEOUT, credentials)
    }

    /// One whose calls take no longer than `limit`.
    pub(crate) fn within(limit: Duration, credentials: StoredCredentials) -> Result<Self> {
        let url = &credentials.queue_url;
        let (scheme, rest) =
            url.split_once("://").with_context(|| format!("invalid queue URL {url:?}"))?;
        let host = rest.split('/').next().unwrap_or_default();
        let endpoint = format!("{scheme}://{host}/");
        let client = http_client(&endpoint, limit)?;
        Ok(Self { client, credentials, endpoint })
    }

    /// Sends one message and waits for the answer; passing failures are tried again.
    ///
    /// # Errors
    /// Where the queue cannot be reached, or refuses every message.
    pub(crate) async fn send(&self, message: &Message) -> Result<Sent> {
        let mut pause = Duration::from_millis(200);
        for attempt in 1.. {
            let failure = match self.try_once(message).await? {
                Ok(sent) => return Ok(sent),
                Err(failure) => failure,
            };
            if attempt == MAX_ATTEMPTS {
                return Err(failure.context(format!(
                    "cannot reach {} after {MAX_ATTEMPTS} attempts",
                    self.endpoint
                )));
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        Ok(Sent::Acknowledged)
    }

    /// Sends one message; the inner error is a failure that may pass.
    ///
    /// # Errors
    /// Where the queue refuses every message.
    pub(crate) async fn try_once(&self, message: &Message) -> Result<Result<Sent>> {
        let body = json!({
            "QueueUrl": self.credentials.queue_url,
            "MessageBody": message.body,
            "MessageGroupId": message.group_id,
            "MessageDeduplicationId": message.deduplication_id,
        })
        .to_string();
        let (status, answer) = match self.call("SendMessage", body).await {
            Ok((200, _)) => return Ok(Ok(Sent::Acknowledged)),
            Ok(answered) => answered,
            Err(error) => return Ok(Err(error)),
        };
        let said = format!("the queue answered {status}: {}", answer.trim());
        if is_about_the_message(status, &answer) {
            return Ok(Ok(Sent::Refused(said)));
        }
        if status < 500 && status != 429 && !answer.contains("Throttl") {
            bail!(said);
        }
        Ok(Err(anyhow!(said)))
    }

    /// Makes one signed call, and gives the answer's status and body.
    ///
    /// # Errors
    /// Where there is no answer.
    pub(crate) async fn call(&self, action: &str, body: String) -> Result<(u16, String)> {
        let target = format!("AmazonSQS.{action}");
        let headers =
            [("content-type", "application/x-amz-json-1.0"), ("x-amz-target", target.as_str())];
        let StoredCredentials { access_key_id, secret_access_key, region, .. } = &self.credentials;
        let keys = Credentials::new(access_key_id, secret_access_key, None, None, "cv-analytics");
        let call = Call {
            service: "sqs",
            region,
            method: "POST",
            url: &self.endpoint,
            headers: &headers,
            body: &body,
        };
        let signature = call.sign(keys)?;
        let mut request = self.client.post(&self.endpoint);
        for (name, value) in headers.into_iter().chain(signature.headers()) {
            request = request.header(name, value);
        }
        let answer = send(request.body(body)).await?;
        let status = answer.status().as_u16();
        Ok((status, answer.text().await.unwrap_or_default()))
    }
}

/// The queue's answer to a message.
#[derive(Debug)]
pub(crate) enum Sent {
    /// It is durable.
    Acknowledged,
    /// The queue will not take this message, now or later; others it may.
    Refused(String),
}

impl Sent {
    /// That a message is durable.
    ///
    /// # Errors
    /// The queue's refusal.
    pub(crate) fn acknowledged(self) -> Result<()> {
        match self {
            Self::Acknowledged => Ok(()),
            Self::Refused(said) => bail!(said),
        }
    }
}

/// Whether a refusal speaks of the message itself, rather than of key or queue.
fn is_about_the_message(status: u16, answer: &str) -> bool {
    status == 413
        || (status == 400
            && ["InvalidMessageContents", "InvalidParameterValue"]
                .iter()
                .any(|code| answer.contains(code)))
}

/// Sends `messages` over several connections at once, in order within each message group, and
/// calls `answered` with the place and the answer of each.
///
/// # Errors
/// The first failure; the other connections stop where they are.
pub(crate) async fn send_all(
    send: impl AsyncFn(&Message) -> Result<Sent>,
    messages: &[Message],
    answered: impl Fn(usize, Sent),
) -> Result<()> {
    use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
    const CONNECTIONS: u64 = 8;
    let lane = |message: &Message| {
        BuildHasherDefault::<DefaultHasher>::default().hash_one(&message.group_id) % CONNECTIONS
    };
    let (send, answered) = (&send, &answered);
    let senders = (0..CONNECTIONS).map(async |own| {
        let mine = |(_, message): &(usize, &Message)| lane(message) == own;
        for (place, message) in messages.iter().enumerate().filter(mine) {
            answered(place, send(message).await?);
        }
        Ok(())
    });
    try_join_all(senders).await.map(drop)
}
