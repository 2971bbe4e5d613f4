//! Load that remembers what the server has acknowledged.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, ensure};
use cv_analytics_harness::connection::{Connection, HttpResponse};
use cv_analytics_harness::seeded::Seeded;
use cv_analytics_harness::signer::{AccessKey, Signer};
use serde_json::{Value, json};

use crate::now;

/// The first moment of 2025-11-17, a Monday.
const MONDAY_MS: u64 = 1_763_337_600_000;
/// The most messages of one batch, as on AWS.
const MAX_BATCH_EVENTS: usize = 10;

/// One event as a client sends it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SentEvent {
    request_id: String,
    event_type: &'static str,
    body: String,
}

impl SentEvent {
    fn query(request_id: String) -> Self {
        let body = json!({
            "eventType": "query", "requestId": request_id, "timestamp": MONDAY_MS,
            "query": "Have you run Kubernetes in production?", "sessionId": "visitor",
        });
        Self { request_id, event_type: "query", body: body.to_string() }
    }

    fn response(request_id: String) -> Self {
        let body = json!({
            "eventType": "response", "requestId": request_id, "timestamp": MONDAY_MS + 900,
            "matchType": "full", "matchScore": 91, "reasoning": "Three years of it.",
        });
        Self { request_id, event_type: "response", body: body.to_string() }
    }

    fn message(&self) -> Value {
        json!({
            "MessageBody": self.body,
            "MessageGroupId": self.request_id,
            "MessageDeduplicationId": format!("{}:{}", self.request_id, self.event_type),
        })
    }
}

/// What came of sending events.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    /// The server said that it has them.
    pub(crate) acknowledged: HashSet<SentEvent>,
    /// The server had not answered when it went, or refused them for now.
    pub(crate) unacknowledged: Vec<SentEvent>,
}

impl Sent {
    pub(crate) fn add(&mut self, other: Self) {
        self.acknowledged.extend(other.acknowledged);
        self.unacknowledged.extend(other.unacknowledged);
    }
}

/// A connection with its own seed.
pub(crate) struct Sender {
    connection: Connection,
    one: Signer,
    batch: Signer,
    seeded: Seeded,
    name: String,
    authority: String,
    interactions: usize,
}

impl Sender {
    /// Connects; `name` begins the request ids, and says the seed.
    pub(crate) fn connect(authority: &str, key: &AccessKey, name: &str) -> Result<Self> {
        let seed = name
            .bytes()
            .fold(0, |seed: u64, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
        Ok(Self {
            connection: Connection::open(authority)?,
            one: Signer::new(key, authority, "SendMessage", now())?,
            batch: Signer::new(key, authority, "SendMessageBatch", now())?,
            seeded: Seeded::new(seed),
            name: name.to_owned(),
            authority: authority.to_owned(),
            interactions: 0,
        })
    }

    /// Both halves of the next interaction, in either order.
    fn interaction(&mut self) -> [SentEvent; 2] {
        self.interactions += 1;
        let request_id = format!("{}-{}", self.name, self.interactions);
        let (query, response) =
            (SentEvent::query(request_id.clone()), SentEvent::response(request_id));
        if self.seeded.chance(20) { [response, query] } else { [query, response] }
    }

    /// Sends interactions, single or in batches, until the server is gone or `enough` says so.
    pub(crate) fn send_while_it_lives(
        &mut self,
        acknowledged: &AtomicUsize,
        enough: impl Fn() -> bool,
    ) -> Sent {
        let mut sent = Sent::default();
        while !enough() {
            let events = if self.seeded.chance(10) {
                let interactions = 1 + self.seeded.below(MAX_BATCH_EVENTS / 2);
                let batch: Vec<_> = (0..interactions).flat_map(|_| self.interaction()).collect();
                vec![batch]
            } else {
                let [first, second] = self.interaction();
                // A client that retries what was acknowledged already.
                let again = self.seeded.chance(5).then(|| vec![first.clone()]);
                [Some(vec![first]), again, Some(vec![second])].into_iter().flatten().collect()
            };
            for batch in events {
                if let Ok(true) = self.send(&batch) {
                    acknowledged.fetch_add(batch.len(), Ordering::Relaxed);
                    sent.acknowledged.extend(batch);
                } else {
                    sent.unacknowledged.extend(batch);
                    return sent;
                }
            }
        }
        sent
    }

    /// Sends events in one request; whether all were acknowledged.
    ///
    /// # Errors
    /// A connection that broke, and an answer that is neither success nor 503.
    pub(crate) fn send(&mut self, events: &[SentEvent]) -> Result<bool> {
        let answer = match events {
            [event] => self.exchange(&self.one.clone(), &with_queue(event.message()))?,
            events => {
                let entries = events.iter().enumerate().map(|(index, event)| {
                    let mut entry = event.message();
                    if let Some(fields) = entry.as_object_mut() {
                        fields.insert("Id".to_owned(), json!(format!("entry-{index}")));
                    }
                    entry
                });
                let batch = json!({"Entries": entries.collect::<Vec<_>>()});
                self.exchange(&self.batch.clone(), &with_queue(batch))?
            }
        };
        let text = String::from_utf8_lossy(&answer.body);
        ensure!(
            matches!(answer.status, 200 | 503),
            "the server answered {} to a good request: {text}",
            answer.status
        );
        if answer.status == 503 {
            return Ok(false);
        }
        let body: Value = serde_json::from_slice(&answer.body).context("read an answer")?;
        let successful = match body.get("Successful").and_then(Value::as_array) {
            Some(entries) => entries.len(),
            None => usize::from(body.get("MessageId").is_some()),
        };
        Ok(successful == events.len())
    }

    fn exchange(&mut self, signer: &Signer, body: &Value) -> Result<HttpResponse> {
        self.connection.exchange(&signer.request(body.to_string().as_bytes())?)
    }

    /// Sends both halves of some new interactions in one batch, and once more as plain JSON Lines of
    /// others; gives them where all were acknowledged.
    pub(crate) fn send_many(&mut self, token: &str) -> Result<Vec<SentEvent>> {
        let batch: Vec<_> = (0..3).flat_map(|_| self.interaction()).collect();
        ensure!(self.send(&batch)?, "a batch was refused");
        let plain: Vec<_> = (0..3).flat_map(|_| self.interaction()).collect();
        let lines: String = plain.iter().flat_map(|event| [&event.body, "\n"]).collect();
        let request = format!(
            "POST /v1/events HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\n\
             content-type: application/x-ndjson\r\ncontent-length: {}\r\n\r\n{lines}",
            self.authority,
            lines.len()
        );
        let answer = self.connection.exchange(request.as_bytes())?;
        ensure!(answer.status == 200, "plain events were answered {}", answer.status);
        Ok([batch, plain].concat())
    }

    /// Sends one half of a new interaction; whether it was acknowledged.
    pub(crate) fn send_one(&mut self) -> Result<(SentEvent, bool)> {
        let [event, _] = self.interaction();
        let acknowledged = self.send(std::slice::from_ref(&event))?;
        Ok((event, acknowledged))
    }
}

fn with_queue(mut request: Value) -> Value {
    if let Some(fields) = request.as_object_mut() {
        fields.insert("QueueUrl".to_owned(), json!("cv-analytics-events.fifo"));
    }
    request
}

/// What an export must hold of what was sent: the acknowledged once, the others once at most, and nothing else.
pub(crate) fn check_export(exported: &[Value], sent: &Sent) -> Result<()> {
    let mut counts: HashMap<(&str, &str), usize> = HashMap::new();
    for event in exported {
        let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
        *counts.entry((text("requestId"), text("eventType"))).or_default() += 1;
    }
    for event in &sent.acknowledged {
        let count = counts.remove(&(event.request_id.as_str(), event.event_type)).unwrap_or(0);
        ensure!(
            count == 1,
            "the {} event of {} was acknowledged, and is there {count} times",
            event.event_type,
            event.request_id
        );
    }
    for event in &sent.unacknowledged {
        let count = counts.remove(&(event.request_id.as_str(), event.event_type)).unwrap_or(0);
        ensure!(
            count <= 1,
            "the {} event of {} is there twice",
            event.event_type,
            event.request_id
        );
    }
    ensure!(counts.is_empty(), "the export holds what nobody sent: {:?}", counts.keys());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exported(ids: &[&str]) -> Vec<Value> {
        ids.iter().map(|id| json!({"requestId": id, "eventType": "query"})).collect()
    }

    fn sent(acknowledged: &[&str], unacknowledged: &[&str]) -> Sent {
        let event = |id: &&str| SentEvent::query((*id).to_owned());
        Sent {
            acknowledged: acknowledged.iter().map(event).collect(),
            unacknowledged: unacknowledged.iter().map(event).collect(),
        }
    }

    #[test]
    fn what_is_lost_or_doubled_or_strange_is_found() {
        let check = |ids: &[&str], sent: &Sent| check_export(&exported(ids), sent).is_ok();
        assert!(check(&["a", "b"], &sent(&["a", "b"], &[])));
        assert!(check(&["a", "b"], &sent(&["a"], &["b", "c"])));
        assert!(!check(&["a"], &sent(&["a", "b"], &[])));
        assert!(!check(&["a", "a"], &sent(&["a"], &[])));
        assert!(!check(&["a", "b", "b"], &sent(&["a"], &["b"])));
        assert!(!check(&["a", "b"], &sent(&["a"], &[])));
        let response = sent(&["a"], &[]);
        let events = [json!({"requestId": "a", "eventType": "response"})];
        assert!(check_export(&events, &response).is_err());
    }
}
