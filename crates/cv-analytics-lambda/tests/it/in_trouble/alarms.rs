//! The alarms of `infra/install.json`, over the figures of a simulation, by `CloudWatch`'s rules for periods, missing
//! data and `DIFF(FILL(…, 0))`
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html>).

use std::collections::BTreeMap;
use std::time::Duration;

use cv_analytics_aws::install::{Alarm, INSTALL};

/// What a figure is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    Queue,
    DeadLetterQueue,
    Processor,
    Reporter,
    /// The processor's own line of metrics.
    OwnMetrics,
}

/// What the alarms look at.
#[derive(Debug, Default)]
pub(super) struct Figures(BTreeMap<(Source, &'static str), Vec<(Duration, u64)>>);

/// An alarm that rang.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ring {
    pub(super) alarm: &'static str,
    /// After the start.
    pub(super) at: Duration,
}

impl Figures {
    pub(super) fn add(&mut self, source: Source, metric: &'static str, at: Duration, value: u64) {
        self.0.entry((source, metric)).or_default().push((at, value));
    }

    /// Every change of an alarm from well to ringing, in order, in a simulation that lasts so long. Of an alarm that has
    /// not been there for all its periods yet nothing is said.
    pub(super) fn rings(&self, lasts: Duration) -> Vec<Ring> {
        let mut rings: Vec<Ring> =
            INSTALL.alarms.iter().flat_map(|alarm| self.rings_of(alarm, lasts)).collect();
        rings.sort_by_key(|ring| ring.at);
        rings
    }

    fn rings_of(&self, alarm: &'static Alarm, lasts: Duration) -> Vec<Ring> {
        let period = Duration::from_secs(alarm.period_seconds.into());
        // What has long periods is looked at once an hour.
        let step = period.min(Duration::from_hours(1));
        let mut rings = Vec::new();
        let mut rang = false;
        let mut at = period * alarm.periods;
        while at <= lasts {
            let rings_now = (0..alarm.periods)
                .all(|back| self.breaches(alarm, at.saturating_sub(period * back), period));
            if rings_now && !rang {
                rings.push(Ring { alarm: &alarm.name, at });
            }
            rang = rings_now;
            at += step;
        }
        rings
    }

    /// Whether the period that ends `at` is beyond the threshold.
    fn breaches(&self, alarm: &Alarm, at: Duration, period: Duration) -> bool {
        let value =
            |metric: &str, at: Duration| self.value(source(alarm, metric), metric, at, period);
        let [metric] = &alarm.metrics[..] else {
            let sum = |metric| value(metric, at).unwrap_or(0);
            let (joined, received) = (sum("Joined"), sum("Received"));
            let counts = received >= u64::from(alarm.minimum_messages) && received > joined;
            let rate = if counts { 100 * joined / (received - joined) } else { 100 };
            return rate < u64::from(alarm.below.unwrap());
        };
        let now = value(metric, at);
        if alarm.growth {
            let before = at.checked_sub(period).and_then(|before| value(metric, before));
            return now.unwrap_or(0) > before.unwrap_or(0) + u64::from(alarm.above.unwrap());
        }
        match (alarm.above, alarm.below) {
            (Some(above), _) => now.is_some_and(|now| now > above.into()),
            (_, Some(below)) => now.is_none_or(|now| now < below.into()),
            (None, None) => panic!("{} has no threshold", alarm.name),
        }
    }

    /// The figure of the period that ends `at`: a level's maximum, else a sum.
    fn value(&self, source: Source, metric: &str, at: Duration, period: Duration) -> Option<u64> {
        let all = self.0.get(&(source, metric))?;
        let first = all.partition_point(|(when, _)| *when < at.saturating_sub(period));
        let within =
            all[first..].iter().take_while(|(when, _)| *when < at).map(|(_, value)| *value);
        if metric.starts_with("Approximate") {
            within.max()
        } else {
            within.reduce(|sum, value| sum + value)
        }
    }
}

fn source(alarm: &Alarm, metric: &str) -> Source {
    match metric {
        "Failed" | "Joined" | "Received" => Source::OwnMetrics,
        "Errors" | "Invocations" | "Throttles" if alarm.name.contains("processor") => {
            Source::Processor
        }
        "Errors" | "Invocations" | "Throttles" => Source::Reporter,
        _ if alarm.name.ends_with("dead-letters") => Source::DeadLetterQueue,
        _ => Source::Queue,
    }
}
