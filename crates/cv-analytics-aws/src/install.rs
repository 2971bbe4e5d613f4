//! The installation on AWS in figures: the names, sizes and permissions of `infra/install.json`.
//!
//! `tests/infrastructure` compares both templates with that file, and `xtask` the pages.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

/// The installation where no other choice is made. An environment's prefix comes before every name.
pub static INSTALL: LazyLock<Install> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the file is compiled in, and a test parses it")]
    serde_json::from_str(include_str!("../../../infra/install.json")).expect("infra/install.json")
});

/// Everything of `infra/install.json` that the program reads.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "each field is named after what it describes")]
pub struct Install {
    pub tables: TableFacts,
    pub queues: Queues,
    pub processor: Function,
    pub reporter: Function,
    pub worker: Worker,
    pub mapping: Mapping,
    pub schedule: Schedule,
    pub alert_topic: String,
    pub alarms: Vec<Alarm>,
}

/// Both tables.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TableFacts {
    /// The name of the interim rows' table.
    pub query_events: String,
    /// The name of the records' table.
    pub analytics: String,
    /// The name of its index.
    pub week_index: String,
    /// Read and write units that each table and the index have where they are provisioned.
    pub provisioned_units: u32,
}

/// The three queues.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Queues {
    /// What the agent sends to.
    pub events: EventsQueue,
    /// Where unreadable messages go.
    pub dead_letters: DeadLetterQueue,
    /// Where starts go that did not reach the reporter.
    pub schedule_dead_letters: DeadLetterQueue,
}

/// The queue of events.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventsQueue {
    /// Its name.
    pub name: String,
    /// Days that a message is kept.
    pub retention_days: u32,
    /// Seconds that a received message stays out of sight.
    pub visibility_seconds: u32,
    /// Seconds that a poll of an empty queue waits.
    pub poll_seconds: u32,
    /// Receives after which a message becomes a dead letter.
    pub max_receives: u32,
}

/// A queue that is read by people only.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetterQueue {
    /// Its name.
    pub name: String,
    /// Days that a message is kept.
    pub retention_days: u32,
}

/// A Lambda function.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its memory, in MB.
    pub memory_mb: u32,
    /// Seconds until Lambda ends an invocation.
    pub timeout_seconds: u32,
    /// The variables of its environment.
    pub variables: Vec<String>,
    /// The statements of its role's policy, with `{account}` and the like for what differs.
    pub rights: Value,
}

/// The user whose key the Worker has.
#[derive(Debug, Deserialize)]
pub struct Worker {
    /// Its name, without the region that ends it.
    pub name: String,
    /// The statements of its policy, as a function's.
    pub rights: Value,
}

/// What feeds the queue to the processor.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mapping {
    /// Messages of a batch, at most.
    pub batch_size: u32,
    /// Batches that the processor works on at once, at most.
    pub concurrency: u32,
}

/// The rule that starts the reporter.
#[derive(Debug, Deserialize)]
pub struct Schedule {
    /// The rule's name.
    pub name: String,
    /// When it starts the reporter, in EventBridge's syntax.
    pub expression: String,
}

/// An alarm.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alarm {
    /// Its name.
    pub name: String,
    /// The metrics that it watches.
    pub metrics: Vec<String>,
    /// Whether it looks at how much its metric has grown since the period before.
    #[serde(default)]
    pub growth: bool,
    /// It rings above this.
    pub above: Option<u32>,
    /// It rings below this value, and without data.
    pub below: Option<u32>,
    /// The length of a period.
    pub period_seconds: u32,
    /// Periods in a row that have to be above or below.
    pub periods: u32,
    /// Messages of a period under which it does not look at it.
    #[serde(default)]
    pub minimum_messages: u32,
    /// Whether an installation may be without it.
    #[serde(default)]
    pub optional: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::row::ROW_DAYS;
    use crate::tables::WEEK_INDEX;

    #[test]
    fn the_file_names_the_index_that_is_queried() {
        assert_eq!(INSTALL.tables.week_index, WEEK_INDEX);
    }

    #[test]
    fn a_row_stays_longer_than_its_other_half_can_wait_in_both_queues() {
        let Queues { events, dead_letters, .. } = &INSTALL.queues;
        assert!(ROW_DAYS > events.retention_days + dead_letters.retention_days);
    }
}
