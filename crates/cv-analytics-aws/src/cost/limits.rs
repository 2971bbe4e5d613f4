//! What a workload reaches first: the capacity of provisioned tables, and AWS's own limits.

use std::fmt;

use super::quantities::{
    SECONDS_PER_MONTH, a_month_of, report_megabytes, report_seconds, shown_by,
};
use super::{Design, Workload};
use crate::install::{INSTALL, Mapping};

/// Seconds of unused capacity that `DynamoDB` keeps for a burst
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/burst-adaptive-capacity.html>).
const BURST_SECONDS: u32 = 300;
/// Calls a second of each kind that a FIFO queue with high throughput takes, in the regions that take the fewest
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>).
const QUEUE_CALLS_PER_SECOND: u32 = 2_400;
/// Writes a second of one partition, so of one week in the index
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html>).
const PARTITION_WRITES_PER_SECOND: u32 = 1_000;

/// How busy the busiest hour is beside the mean, where nothing is known.
pub const PEAK_TO_MEAN: u32 = 10;

/// Interactions a month that 5 reads and 5 writes a second for each table and the index carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carried {
    /// Written as evenly as can be.
    pub flat: u64,
    /// Written without waiting, where the busiest hour is [`PEAK_TO_MEAN`] times the mean. What comes
    /// faster waits in the queue.
    pub peak: u64,
    /// Shown by a report before Lambda ends the reporter.
    pub reported: u64,
}

/// What provisioned tables carry of interactions like those of `workload`.
pub fn carried(workload: &Workload) -> Carried {
    let kilobytes = workload.record_kilobytes();
    let units = workload.path.units_of(kilobytes);
    let most = units.interim_writes.max(units.record_writes).max(units.index_writes).max(1);
    let provisioned = INSTALL.tables.provisioned_units;
    let flat = u64::from(provisioned) * u64::from(SECONDS_PER_MONTH) / u64::from(most);
    let reads = u64::from(provisioned * (BURST_SECONDS + INSTALL.reporter.timeout_seconds));
    let reported = a_month_of(shown_by(reads) / u64::from(kilobytes));
    Carried { flat, peak: flat / u64::from(PEAK_TO_MEAN), reported }
}

/// A limit that a workload is over. What comes by the second is that of the busiest hour, which is
/// [`PEAK_TO_MEAN`] times the mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Interactions a month that a report reads from provisioned tables in its time.
    ProvisionedReads(u64),
    /// Interactions a month that provisioned tables write when they come evenly.
    ProvisionedWrites(u64),
    /// Megabytes that a report remembers.
    ReporterMemory(u128),
    /// Seconds that a report takes.
    ReporterTime(u128),
    /// Messages a second out of the queue, and how many of them the processor works through.
    Processor(u128, u32),
    /// Write units a second into one week of the index.
    WeekPartition(u128),
    /// Messages a second into the queue.
    Queue(u128),
}

/// Every limit that `workload` is over by `design`, in the order of `docs/operate/scaling.md`.
pub fn exceeded(workload: &Workload, design: Design) -> Vec<Limit> {
    let interactions = u128::from(workload.interactions);
    // In the busiest hour, rounded up: whatever is over a limit is shown as more than it.
    let a_second = |each: u32| {
        (interactions * u128::from(each) * u128::from(PEAK_TO_MEAN))
            .div_ceil(u128::from(SECONDS_PER_MONTH))
    };
    let messages = a_second(workload.path.messages());
    let writes = a_second(workload.path.units_of(workload.record_kilobytes()).index_writes);
    let megabytes = report_megabytes(workload.interactions);
    let seconds = report_seconds(workload.interactions);
    // A queue that has a backlog fills the batches.
    let Mapping { batch_size, concurrency } = INSTALL.mapping;
    let batch_ms = design.figures(workload).batch_ms(batch_size);
    let processed = concurrency * batch_size * 1_000 / batch_ms.max(1);
    let Carried { flat, reported, .. } = carried(workload);
    let is_provisioned = design == Design::Provisioned;
    let limits = [
        (is_provisioned && workload.interactions > reported, Limit::ProvisionedReads(reported)),
        (is_provisioned && workload.interactions > flat, Limit::ProvisionedWrites(flat)),
        (megabytes > u128::from(INSTALL.reporter.memory_mb), Limit::ReporterMemory(megabytes)),
        (seconds > u128::from(INSTALL.reporter.timeout_seconds), Limit::ReporterTime(seconds)),
        (messages > u128::from(processed), Limit::Processor(messages, processed)),
        (writes > u128::from(PARTITION_WRITES_PER_SECOND), Limit::WeekPartition(writes)),
        (messages > u128::from(QUEUE_CALLS_PER_SECOND), Limit::Queue(messages)),
    ];
    limits.into_iter().filter_map(|(is_over, limit)| is_over.then_some(limit)).collect()
}

impl fmt::Display for Limit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ProvisionedReads(most) => write!(
                formatter,
                "a report reads {most} interactions a month from provisioned tables in its time"
            ),
            Self::ProvisionedWrites(most) => {
                write!(formatter, "provisioned tables write {most} interactions a month")
            }
            Self::ReporterMemory(megabytes) => write!(
                formatter,
                "a report remembers {megabytes} MB: the reporter has {}",
                INSTALL.reporter.memory_mb
            ),
            Self::ReporterTime(seconds) => write!(
                formatter,
                "a report takes {seconds} seconds: the reporter is ended after {}",
                INSTALL.reporter.timeout_seconds
            ),
            Self::Queue(messages) => write!(
                formatter,
                "{messages} messages a second in the busiest hour: a FIFO queue takes {QUEUE_CALLS_PER_SECOND}, or more, by region"
            ),
            Self::WeekPartition(writes) => write!(
                formatter,
                "{writes} write units a second in the busiest hour: one week of the index takes {PARTITION_WRITES_PER_SECOND}"
            ),
            Self::Processor(messages, processed) => write!(
                formatter,
                "{messages} messages a second in the busiest hour: the processor works through {processed} with a \
                 concurrency of {}, and the others wait",
                INSTALL.mapping.concurrency
            ),
        }
    }
}
