//! Batches of a queue in the form that functions get them.

use serde_json::{Value, json};

/// What an agent sends of one interaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Half {
    Query,
    Response,
    /// A response that carries its query.
    SelfContained,
}

const QUESTION: &str = "Have you run Kubernetes and Terraform in production, and for how long?";
const REASONING: &str = "Terraform is on the CV, Kubernetes is not.";

/// Makes batches with ids that are not used twice.
#[derive(Debug, Default)]
pub(crate) struct QueueBatches {
    messages: u64,
}

impl QueueBatches {
    /// One batch of these halves of these interactions.
    pub(crate) fn batch(&mut self, halves: &[(u64, Half)]) -> Value {
        let records: Vec<Value> = halves
            .iter()
            .map(|&(interaction, half)| {
                self.messages += 1;
                record(self.messages, interaction, half)
            })
            .collect();
        json!({ "Records": records })
    }

    /// Ten messages: five interactions from `first` on, each with its query and then its response.
    pub(crate) fn five_in_order(&mut self, first: u64) -> Value {
        let halves: Vec<_> =
            (first..first + 5).flat_map(|at| [(at, Half::Query), (at, Half::Response)]).collect();
        self.batch(&halves)
    }
}

pub(crate) fn request_id(interaction: u64) -> String {
    format!("7f0c2a34-6b1d-4c7e-9a55-{interaction:012}")
}

/// Whether a record has what both of its halves said.
pub(crate) fn is_whole(record: &Value) -> bool {
    let text = record.to_string();
    text.contains(QUESTION) && text.contains(REASONING)
}

fn record(number: u64, interaction: u64, half: Half) -> Value {
    let request_id = request_id(interaction);
    let asked_at = 1_763_000_000_000 + interaction * 1_000;
    let mut event = match half {
        Half::Query => json!({
            "eventType": "query", "requestId": request_id, "timestamp": asked_at,
            "query": QUESTION, "sessionId": format!("session-{}", interaction / 3),
        }),
        Half::Response | Half::SelfContained => json!({
            "eventType": "response", "requestId": request_id, "timestamp": asked_at + 900,
            "matchType": "partial", "matchScore": 72, "reasoning": REASONING, "vectorMatches": 5,
            "matchedSkills": ["Terraform"], "missingSkills": ["Kubernetes"],
            "performance": {"totalTime": 900, "llmTime": 700, "retrievalTime": 80, "cacheHit": false},
            "model": "llama-3.1-8b-instruct", "tokens": 412,
        }),
    };
    if let (Half::SelfContained, Some(event)) = (half, event.as_object_mut()) {
        event.insert("query".to_owned(), json!(QUESTION));
        event.insert("queryTimestamp".to_owned(), json!(asked_at));
    }
    let kind = if half == Half::Query { "query" } else { "response" };
    json!({
        "messageId": format!("19dd0b57-b21e-4ac1-bd88-{number:012}"),
        "receiptHandle": format!("receipt-{number}"),
        "body": event.to_string(),
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": (asked_at + 1_000).to_string(),
            "SequenceNumber": format!("{number:020}"),
            "MessageGroupId": request_id,
            "SenderId": "AIDAEXAMPLE",
            "MessageDeduplicationId": format!("{request_id}:{kind}"),
            "ApproximateFirstReceiveTimestamp": (asked_at + 1_100).to_string(),
        },
        "messageAttributes": {},
        "md5OfBody": "00000000000000000000000000000000",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-2:123456789012:cv-analytics-events.fifo",
        "awsRegion": "eu-west-2",
    })
}
