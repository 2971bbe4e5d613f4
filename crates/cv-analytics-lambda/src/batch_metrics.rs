//! What one batch came to, as one line in `CloudWatch`'s embedded metric format
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).

use cv_analytics_core::interaction::Disposition;
use cv_analytics_core::timestamp::Timestamp;
use serde_json::{Map, Value, json};

/// The metrics' namespace.
pub const NAMESPACE: &str = "CVAnalytics";

/// What a batch came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchMetrics {
    /// Messages in the batch, but for feedback: the join rate is counted from it.
    pub received: u64,
    /// Records with both halves that were put.
    pub joined: u64,
    /// Interactions whose halves were both in the batch, so that one write did for both.
    pub coalesced: u64,
    /// Halves that had come before with the same body.
    pub duplicates: u64,
    /// Halves that had come before with another body.
    pub conflicts: u64,
    /// Messages of an interaction that its owner had erased.
    pub erased: u64,
    /// Messages that went to the dead-letter queue.
    pub dead_letters: u64,
    /// Messages that failed and will be delivered again.
    pub failed: u64,
    /// Milliseconds between the oldest message's sending and now.
    pub oldest_ms: u64,
}

impl BatchMetrics {
    /// Counts what became of one event.
    pub fn count(&mut self, disposition: Disposition) {
        match disposition {
            Disposition::Duplicate => self.duplicates += 1,
            Disposition::Conflict => self.conflicts += 1,
            Disposition::Erased => self.erased += 1,
            Disposition::DeadLetter => self.dead_letters += 1,
            Disposition::Stored | Disposition::Deduplicated => {}
        }
    }

    /// The line for a batch that ended at `now` in `environment`.
    pub fn line(&self, environment: &str, now: Timestamp) -> String {
        let metrics = [
            ("Received", "Count", self.received),
            ("Joined", "Count", self.joined),
            ("Coalesced", "Count", self.coalesced),
            ("Duplicates", "Count", self.duplicates),
            ("Conflicts", "Count", self.conflicts),
            ("Erased", "Count", self.erased),
            ("DeadLetters", "Count", self.dead_letters),
            ("Failed", "Count", self.failed),
            ("OldestMessageAge", "Milliseconds", self.oldest_ms),
        ];
        let directive = json!({
            "Timestamp": now.as_millis(),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [["Environment"]],
                "Metrics": metrics.map(|(name, unit, _)| json!({"Name": name, "Unit": unit})),
            }],
        });
        let mut line = Map::from_iter([
            ("_aws".to_owned(), directive),
            ("Environment".to_owned(), json!(environment)),
        ]);
        line.extend(metrics.map(|(name, _, value)| (name.to_owned(), json!(value))));
        Value::Object(line).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_that_the_line_declares_is_in_it() {
        let metrics = BatchMetrics { received: 10, duplicates: 1, ..BatchMetrics::default() };
        let line = metrics.line("prod", Timestamp::from_millis(1_763_000_000_000));
        assert!(!line.contains('\n'));
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["_aws"]["Timestamp"], 1_763_000_000_000_i64);
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Namespace"], NAMESPACE);
        assert_eq!(line[directive["Dimensions"][0][0].as_str().unwrap()], "prod");
        for metric in directive["Metrics"].as_array().unwrap() {
            assert!(line[metric["Name"].as_str().unwrap()].is_u64(), "{metric}");
        }
        assert_eq!((&line["Received"], &line["Duplicates"]), (&json!(10), &json!(1)));
    }
}
