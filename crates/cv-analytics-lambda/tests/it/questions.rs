//! A hundred interactions of one week, as an agent reports them.

use serde_json::{Value, json};

/// The Monday of 2025-W46.
pub(crate) const MONDAY: i64 = 1_762_732_800_000;

/// A message, and what it is sent under.
pub(crate) struct Sent {
    pub(crate) group: String,
    pub(crate) deduplication_id: String,
    pub(crate) body: String,
}

fn sent(event: &Value) -> Sent {
    let text = |name: &str| event[name].as_str().unwrap().to_owned();
    let (group, kind) = (text("requestId"), text("eventType"));
    Sent { deduplication_id: format!("{group}:{kind}"), group, body: event.to_string() }
}

/// In the order in which they are sent: most in order, some response first, some self-contained,
/// one in ten without a response.
pub(crate) fn hundred_interactions() -> Vec<Sent> {
    let mut messages = Vec::new();
    for number in 0..100_i64 {
        let id = format!("interaction-{number}");
        let at = MONDAY + number * 3_600_000;
        let text =
            ["Do you know k8s?", "Is Rust your strongest language?", "What is your notice period?"]
                [usize::try_from(number % 3).unwrap()];
        let match_type = ["full", "partial", "none"][usize::try_from(number % 3).unwrap()];
        let session = format!("session-{}", number / 3);
        let query = json!({"eventType": "query", "requestId": id, "timestamp": at, "query": text,
                           "sessionId": session, "metadata": {"userAgent": "Mozilla/5.0"}});
        let mut response = json!({
            "eventType": "response", "requestId": id, "timestamp": at + 2_000, "sessionId": session,
            "matchType": match_type, "matchScore": number, "performance": {"totalTime": 400 + number}});
        match number % 10 {
            0 => messages.push(sent(&query)),
            1..3 => messages.extend([sent(&response), sent(&query)]),
            3..5 => {
                response["query"] = json!(text);
                response["queryTimestamp"] = json!(at);
                messages.extend([sent(&query), sent(&response)]);
            }
            _ => messages.extend([sent(&query), sent(&response)]),
        }
    }
    messages
}
