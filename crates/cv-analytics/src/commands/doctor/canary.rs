//! What travels through an installation to see that it works: a question with its answer, the
//! question once more, and a message that cannot be read.
//!
//! All carry a mark (`cv_analytics_core::canary`) by which no report and no count has them. The
//! copy comes between the halves and in their message group, which a queue gives in order: once the
//! answer has arrived, the copy has been through.

use std::time::Duration;

use anyhow::Result;
use cv_analytics_core::canary::{REQUEST_ID_PREFIX, UNREADABLE_PREFIX};
use cv_analytics_core::dead_letter::Reason;
use cv_analytics_core::event::{RequestId, Traffic};
use cv_analytics_core::interaction::Interaction;
use cv_analytics_core::timestamp::Timestamp;
use rand::RngExt;
use serde_json::json;

use super::check::Check;
use crate::output::with_causes;
use crate::queue_client::Message;

/// The check of the way into the queue.
pub(crate) const NAME: &str = "canary";
const PAIR: &str = "canary-pair";
const UNREADABLE: &str = "canary-unreadable";
const REMOVED: &str = "canary-removed";
/// How often it is looked for.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// A letter that another canary left is older than any that is still looked for.
const ABANDONED_AFTER_MS: i64 = 3600 * 1000;

pub(crate) struct Canary {
    id: RequestId,
    at: Timestamp,
}

/// What is there of it.
#[derive(Debug, Default)]
pub(crate) struct SeenCanary {
    /// The halves that have come.
    pub(crate) interaction: Option<Interaction>,
    /// Why the message that cannot be read is a dead letter.
    pub(crate) reason: Option<String>,
}

impl SeenCanary {
    fn is_all(&self) -> bool {
        self.interaction.as_ref().is_some_and(Interaction::is_joined) && self.reason.is_some()
    }
}

/// The line for a canary that was not asked for.
pub(crate) fn not_sent() -> Check {
    Check::skipped(NAME, "--no-canary")
}

impl Canary {
    pub(crate) fn new(now: Timestamp) -> Self {
        let id = format!("{REQUEST_ID_PREFIX}{}", hex::encode(rand::rng().random::<[u8; 8]>()));
        let id = RequestId::new(id).unwrap_or_else(|_| unreachable!("it is short"));
        Self { id, at: now }
    }

    pub(crate) fn id(&self) -> &RequestId {
        &self.id
    }

    /// Letters that canaries before this moment left may be dropped.
    pub(crate) fn left_before(&self) -> Timestamp {
        self.at.plus_millis(-ABANDONED_AFTER_MS)
    }

    /// The question and the answer.
    pub(crate) fn pair(&self) -> [Message; 2] {
        let metadata = json!({"traffic": Traffic::Canary.code()});
        let query = json!({"eventType": "query", "requestId": self.id, "timestamp": self.at,
            "query": "Does a question reach the report's store?", "metadata": metadata});
        let response = json!({"eventType": "response", "requestId": self.id,
            "timestamp": self.at.plus_millis(1), "outcome": "answered", "metadata": metadata});
        [("query", query), ("response", response)]
            .map(|(kind, body)| self.message(kind, self.id.to_string(), body.to_string()))
    }

    /// Question, its copy, the answer, and what cannot be read, in this order.
    pub(crate) fn messages(&self) -> [Message; 4] {
        let [query, response] = self.pair();
        let again = self.message("again", query.group_id.clone(), query.body.clone());
        let group_id = format!("{}:unreadable", self.id);
        let unreadable = self.message("unreadable", group_id, self.unreadable_body());
        [query, again, response, unreadable]
    }

    fn message(&self, kind: &str, group_id: String, body: String) -> Message {
        Message { deduplication_id: format!("{}:{kind}", self.id), group_id, body }
    }

    /// The body that cannot be read.
    pub(crate) fn unreadable_body(&self) -> String {
        format!("{UNREADABLE_PREFIX}{}: this is no JSON, on purpose", self.id)
    }

    /// Judges what is there after it was removed.
    pub(crate) fn removed(&self, left: Result<SeenCanary>) -> Check {
        let by_hand = format!(
            "cv-analytics forget --request {}; and `cv-analytics dead-letters list` for what begins {UNREADABLE_PREFIX:?}",
            self.id
        );
        match left {
            Ok(SeenCanary { interaction: None, reason: None }) => {
                Check::ok(REMOVED, "nothing of it is left but a mark without content")
            }
            Ok(_) => Check::fail(REMOVED, "a part of it is still there", by_hand),
            Err(error) => Check::fail(REMOVED, with_causes(&error), by_hand),
        }
    }
}

/// Judges what was seen of a canary; `elsewhere` says what to do where nothing came.
pub(crate) fn judge(seen: Result<SeenCanary>, elsewhere: &str) -> [Check; 2] {
    let SeenCanary { interaction, reason } = match seen {
        Ok(seen) => seen,
        Err(error) => {
            let message = with_causes(&error);
            return [PAIR, UNREADABLE].map(|name| Check::fail(name, message.as_str(), elsewhere));
        }
    };
    let pair = match interaction {
        Some(record) if record.is_joined() => flagged(&record),
        Some(_) => Check::fail(PAIR, "one half came, the other did not in time", elsewhere),
        None => Check::fail(PAIR, "neither half came in time", elsewhere),
    };
    let unreadable = match reason.as_deref() {
        Some(reason) if reason == Reason::NotJson.code() => {
            Check::ok(UNREADABLE, format!("a dead letter with its reason, {reason}"))
        }
        Some(reason) => Check::fail(
            UNREADABLE,
            format!("a dead letter with the reason {reason:?} where not_json is right"),
            elsewhere,
        ),
        None => Check::fail(UNREADABLE, "no dead letter came in time", elsewhere),
    };
    [pair, unreadable]
}

/// Whether both halves carry the mark by which reports leave them out.
fn flagged(record: &Interaction) -> Check {
    let of_query = record.query.as_ref().map(|half| half.traffic);
    let of_response = record.response.as_ref().map(|half| half.traffic);
    if of_query == Some(Traffic::Canary) && of_response == Some(Traffic::Canary) {
        let message =
            "both halves came and were joined, the copy added nothing, and reports leave them out";
        return Check::ok(PAIR, message);
    }
    Check::fail(
        PAIR,
        "both halves came, without the mark by which reports leave them out",
        "the installation runs an older version: update it",
    )
}

/// Looks until all is seen, `patience` is over or the user interrupts; gives what was seen last.
pub(crate) async fn watch(
    patience: Duration,
    mut look: impl AsyncFnMut() -> Result<SeenCanary>,
) -> Result<SeenCanary> {
    let mut last = Ok(SeenCanary::default());
    let looking = async {
        loop {
            last = look().await;
            if !matches!(&last, Ok(seen) if !seen.is_all()) {
                return;
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    };
    tokio::select! {
        () = looking => {}
        () = tokio::time::sleep(patience) => {}
        _ = tokio::signal::ctrl_c() => eprintln!("interrupted: removing the canary"),
    }
    last
}
