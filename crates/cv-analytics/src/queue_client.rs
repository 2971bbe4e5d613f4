//! Sends signed `SendMessage` calls, as the agent's Worker does: to the self-hosted server or to SQS.

use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use serde_json::json;

use crate::http_agent::http_agent;
use crate::install::data_folder::StoredCredentials;

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
    agent: ureq::Agent,
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
        let agent = http_agent(&endpoint, limit);
        Ok(Self { agent, credentials, endpoint })
    }

    /// Sends one message and waits for the answer; passing failures are tried again.
    ///
    /// # Errors
    /// Where the queue cannot be reached, or refuses every message.
    pub(crate) fn send(&self, message: &Message) -> Result<Sent> {
        let mut pause = Duration::from_millis(200);
        for attempt in 1.. {
            let failure = match self.try_once(message)? {
                Ok(sent) => return Ok(sent),
                Err(failure) => failure,
            };
            if attempt == MAX_ATTEMPTS {
                return Err(failure.context(format!(
                    "cannot reach {} after {MAX_ATTEMPTS} attempts",
                    self.endpoint
                )));
            }
            std::thread::sleep(pause);
            pause *= 2;
        }
        Ok(Sent::Acknowledged)
    }

    /// Sends one message; the inner error is a failure that may pass.
    ///
    /// # Errors
    /// Where the queue refuses every message.
    pub(crate) fn try_once(&self, message: &Message) -> Result<Result<Sent>> {
        let body = json!({
            "QueueUrl": self.credentials.queue_url,
            "MessageBody": message.body,
            "MessageGroupId": message.group_id,
            "MessageDeduplicationId": message.deduplication_id,
        })
        .to_string();
        let (status, answer) = match self.call("SendMessage", &body) {
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
        Ok(Err(anyhow::anyhow!(said)))
    }

    /// Makes one signed call, and gives the answer's status and body.
    ///
    /// # Errors
    /// Where there is no answer.
    pub(crate) fn call(&self, action: &str, body: &str) -> Result<(u16, String)> {
        let target = format!("AmazonSQS.{action}");
        let headers =
            [("content-type", "application/x-amz-json-1.0"), ("x-amz-target", target.as_str())];
        let identity = Credentials::new(
            &self.credentials.access_key_id,
            &self.credentials.secret_access_key,
            None,
            None,
            "cv-analytics",
        )
        .into();
        #[expect(
            clippy::disallowed_methods,
            reason = "a signature carries the moment at which it is made"
        )]
        let time = SystemTime::now();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.credentials.region)
            .name("sqs")
            .time(time)
            .settings(SigningSettings::default())
            .build()?
            .into();
        let signable = SignableRequest::new(
            "POST",
            &*self.endpoint,
            headers.into_iter(),
            SignableBody::Bytes(body.as_bytes()),
        )?;
        let (instructions, _) = sign(signable, &parameters)?.into_parts();
        let mut request = self.agent.post(&self.endpoint);
        for (name, value) in headers.into_iter().chain(instructions.headers()) {
            request = request.header(name, value);
        }
        let mut answer = request.send(body)?;
        let status = answer.status().as_u16();
        Ok((status, answer.body_mut().read_to_string().unwrap_or_default()))
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
pub(crate) fn send_all(
    send: impl Fn(&Message) -> Result<Sent> + Sync,
    messages: &[Message],
    answered: impl Fn(usize, Sent) + Sync,
) -> Result<()> {
    use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
    const CONNECTIONS: u64 = 8;
    let lane = |message: &Message| {
        BuildHasherDefault::<DefaultHasher>::default().hash_one(&message.group_id) % CONNECTIONS
    };
    std::thread::scope(|scope| {
        let senders: Vec<_> = (0..CONNECTIONS)
            .map(|own| {
                let (send, answered) = (&send, &answered);
                scope.spawn(move || {
                    let mine = |(_, message): &(usize, &Message)| lane(message) == own;
                    messages.iter().enumerate().filter(mine).try_for_each(|(place, message)| {
                        answered(place, send(message)?);
                        Ok(())
                    })
                })
            })
            .collect();
        senders.into_iter().try_for_each(|sender| match sender.join() {
            Ok(done) => done,
            Err(_) => bail!("a sender ended early"),
        })
    })
}
