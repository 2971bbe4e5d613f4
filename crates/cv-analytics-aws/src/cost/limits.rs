//! What a workload reaches first: the capacity of provisioned tables, and AWS's own limits.

use std::fmt;

use super::quantities::{
    PROVISIONED_UNITS, REPORTER_SECONDS, SECONDS, a_month_of, report_seconds, shown_by,
};
use super::{Design, Workload};
use crate::interaction_path::InteractionPath;

/// Seconds of unused capacity that `DynamoDB` keeps for a burst
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/burst-adaptive-capacity.html>).
const BURST_SECONDS: u32 = 300;
/// Calls a second of each kind that a FIFO queue takes without high throughput
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>).
const QUEUE_CALLS: u32 = 300;
/// Writes a second of one partition, so of one week in the index
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html>).
const PARTITION_WRITES: u32 = 1_000;

/// How busy the busiest hour is beside the mean, where nothing is known.
pub const PEAK: u32 = 10;

/// Interactions a month that 5 reads and 5 writes a second for each table and the index carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carried {
    /// Written as evenly as can be.
    pub flat: u64,
    /// Written without waiting, where the busiest hour is [`PEAK`] times the mean. What comes
    /// faster waits in the queue.
    pub peak: u64,
    /// Shown by a report before Lambda ends the reporter.
    pub reported: u64,
}

/// What provisioned tables carry where interactions come by `path`.
pub fn carried(path: InteractionPath) -> Carried {
    let units = path.units();
    let most = units.interim_writes.max(units.record_writes).max(units.index_writes).max(1);
    let flat = u64::from(PROVISIONED_UNITS) * u64::from(SECONDS) / u64::from(most);
    let reads = u64::from(PROVISIONED_UNITS * (BURST_SECONDS + REPORTER_SECONDS));
    Carried { flat, peak: flat / u64::from(PEAK), reported: a_month_of(shown_by(reads)) }
}

/// A limit that a workload is over on average; at busy hours it is sooner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Messages a second.
    Queue(u128),
    /// Records a second into one week of the index.
    WeekPartition(u128),
    /// Seconds that a report takes.
    Reporter(u128),
    /// Interactions a month that provisioned tables write when they come evenly.
    ProvisionedWrites(u64),
    /// Interactions a month that a report reads from provisioned tables in its time.
    ProvisionedReads(u64),
}

/// Every limit that `workload` is over by `design`.
pub fn exceeded(workload: &Workload, design: Design) -> Vec<Limit> {
    let a_second = |count: u128| count / u128::from(SECONDS);
    let interactions = u128::from(workload.interactions);
    let messages = a_second(interactions * u128::from(workload.path.messages()));
    let records = a_second(interactions * u128::from(workload.path.units().index_writes));
    let seconds = report_seconds(workload.interactions);
    let mut limits = Vec::new();
    if messages > u128::from(QUEUE_CALLS) {
        limits.push(Limit::Queue(messages));
    }
    if records > u128::from(PARTITION_WRITES) {
        limits.push(Limit::WeekPartition(records));
    }
    if seconds > u128::from(REPORTER_SECONDS) {
        limits.push(Limit::Reporter(seconds));
    }
    if design == Design::Provisioned {
        let Carried { flat, reported, .. } = carried(workload.path);
        if workload.interactions > flat {
            limits.push(Limit::ProvisionedWrites(flat));
        }
        if workload.interactions > reported {
            limits.push(Limit::ProvisionedReads(reported));
        }
    }
    limits
}

impl fmt::Display for Limit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queue(messages) => write!(
                formatter,
                "{messages} messages a second: a FIFO queue takes {QUEUE_CALLS} without high throughput"
            ),
            Self::WeekPartition(records) => write!(
                formatter,
                "{records} records a second: one week of the index takes {PARTITION_WRITES}"
            ),
            Self::Reporter(seconds) => write!(
                formatter,
                "a report takes {seconds} seconds: the reporter is ended after {REPORTER_SECONDS}"
            ),
            Self::ProvisionedWrites(most) => {
                write!(formatter, "provisioned tables write {most} interactions a month")
            }
            Self::ProvisionedReads(most) => write!(
                formatter,
                "a report reads {most} interactions a month from provisioned tables in its time"
            ),
        }
    }
}
