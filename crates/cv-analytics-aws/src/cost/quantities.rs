//! How much of everything a month takes: measured where it could be, else assumed, and it says which.

use bigdecimal::BigDecimal;

use super::{Design, Workload};
use crate::install::INSTALL;
use crate::item::row::ROW_DAYS;
use crate::tables::interaction_path::{PathUnits, REPORT_READS};

/// Hours of a month, as AWS's own calculator counts it.
pub const HOURS_PER_MONTH: u32 = 730;
/// Seconds of that.
pub const SECONDS_PER_MONTH: u32 = HOURS_PER_MONTH * 3600;
/// Lambda's pollers of a quiet queue. They may become fewer, but not where the mapping bounds its
/// concurrency, as ours does
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html>). AWS says so of
/// standard queues; of FIFO ones it gives no number.
pub const QUEUE_POLLERS: u32 = 5;
/// Weekly reports of a month, at most.
pub const REPORTS_PER_MONTH: u32 = 5;
/// Weeks that a report shows.
pub const REPORT_WEEKS: u32 = 8;
/// Times that Lambda runs a reporter that fails.
pub const REPORTER_ATTEMPTS: u32 = 3;

/// Memory that has one whole processor (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>).
const WHOLE_PROCESSOR_MB: u32 = 1769;
/// Assumed: milliseconds until DynamoDB answers.
const ANSWER_MS: u32 = 5;
/// Microseconds of a whole processor in which the reporter reads and counts one interaction, as it was measured against
/// a stand-in for the tables: 51 to 64.
const REPORT_MICROSECONDS: u32 = 64;
/// Bytes that a report remembers of an interaction: some 70 were measured, and some 80 for ids are
/// estimated.
const REPORT_BYTES: u32 = 150;
/// Assumed: milliseconds of a report besides.
const REPORT_MS: u32 = 200;
/// What DynamoDB bills for storing an item besides its bytes, in the table and in the index
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>).
const ITEM_OVERHEAD_BYTES: u32 = 100;
/// Assumed: bytes of an interim row.
const ROW_BYTES: u32 = 500;
/// Assumed: bytes of log that a report writes.
const REPORT_LOG_BYTES: u32 = 2_000;
/// Assumed: bytes of SQS's answer to a message, with its headers.
const ANSWER_BYTES: u32 = 1_000;
/// Assumed: mails of alarms and of their ends.
const ALARM_MAILS_PER_MONTH: u32 = 20;
/// Bytes of a part of an archive before it is compressed, and assumed: to what part gzip brings it.
const ARCHIVE_PART_BYTES: u32 = 16 << 20;
const ARCHIVE_RATIO: u32 = 5;
/// Interactions under 1 KB that one read unit reads, page by page and eventually consistent.
const INTERACTIONS_PER_READ_UNIT: u32 = 8;

/// What parts one design from another.
pub(crate) struct DesignFigures {
    /// Microseconds of processor that a message took, by `cargo xtask bench lambda`.
    message_microseconds: u32,
    /// Calls to the tables that wait for one another, of a batch and of a message.
    waits_a_batch: u32,
    waits_a_message: u32,
    processor_mb: u32,
    reporter_mb: u32,
    pub(crate) units: PathUnits,
    /// Eighths of a read unit an interaction that its reports take in all.
    report_eighths: u32,
    report_weeks: u32,
    keeps_rows: bool,
    has_recovery: bool,
    log_bytes: u32,
    metrics: u32,
    alarm_metrics: u32,
}

impl Design {
    pub(crate) fn figures(self, workload: &Workload) -> DesignFigures {
        match self {
            Self::OnDemand | Self::Provisioned => DesignFigures {
                message_microseconds: 150,
                waits_a_batch: 2,
                waits_a_message: 0,
                processor_mb: INSTALL.processor.memory_mb,
                reporter_mb: INSTALL.reporter.memory_mb,
                units: workload.path.units_of(workload.record_kilobytes()),
                report_eighths: 8 * REPORT_READS * workload.record_kilobytes(),
                report_weeks: REPORT_WEEKS,
                keeps_rows: workload.path.units().interim_writes > 0,
                has_recovery: workload.recovery,
                log_bytes: 1_200,
                metrics: 9,
                alarm_metrics: INSTALL
                    .alarms
                    .iter()
                    .flat_map(|alarm| &alarm.metrics)
                    .map(|_| 1)
                    .sum(),
            },
            // Put the query; get it, put the record, delete the query. Reads two weeks.
            Self::NodeJs => DesignFigures {
                message_microseconds: 3_570,
                waits_a_batch: 0,
                waits_a_message: 2,
                processor_mb: 128,
                reporter_mb: 128,
                units: PathUnits {
                    half_reads: 1,
                    interim_writes: 2,
                    record_writes: workload.record_kilobytes(),
                    index_writes: workload.record_kilobytes(),
                },
                report_eighths: 2 * workload.record_kilobytes(),
                report_weeks: 2,
                keeps_rows: false,
                has_recovery: false,
                log_bytes: 600,
                metrics: 0,
                alarm_metrics: 2,
            },
        }
    }
}

/// A month's quantities.
#[derive(Debug)]
pub(crate) struct Quantities {
    pub(crate) messages: BigDecimal,
    pub(crate) batches: BigDecimal,
    pub(crate) idle_polls: BigDecimal,
    pub(crate) processor_gb_seconds: BigDecimal,
    pub(crate) reports: BigDecimal,
    pub(crate) reporter_gb_seconds: BigDecimal,
    pub(crate) writes: BigDecimal,
    pub(crate) join_reads: BigDecimal,
    pub(crate) report_reads: BigDecimal,
    pub(crate) archive_reads: BigDecimal,
    pub(crate) storage_gb: BigDecimal,
    pub(crate) recovery_gb: BigDecimal,
    pub(crate) log_gb: BigDecimal,
    pub(crate) metrics: BigDecimal,
    pub(crate) alarm_metrics: BigDecimal,
    pub(crate) mails: BigDecimal,
    pub(crate) alarm_mails: BigDecimal,
    pub(crate) archive_gb: BigDecimal,
    pub(crate) archive_puts: BigDecimal,
    pub(crate) archive_gets: BigDecimal,
    pub(crate) answers_gb: BigDecimal,
    pub(crate) archive_transfer_gb: BigDecimal,
}

pub(crate) fn quantities(workload: &Workload, design: Design) -> Quantities {
    let figures = design.figures(workload);
    let interactions = u128::from(workload.interactions);
    let messages = interactions * u128::from(workload.path.messages());
    let batch = workload.batch.get().min(INSTALL.mapping.batch_size);
    let batches = messages.div_ceil(u128::from(batch));
    let kept = interactions * u128::from(workload.kept_months);
    let record_bytes = kept * u128::from(workload.record_bytes);
    let stored_bytes = record_bytes + kept * u128::from(ITEM_OVERHEAD_BYTES);
    let row_bytes = if figures.keeps_rows {
        let row = ROW_BYTES + ITEM_OVERHEAD_BYTES;
        interactions * u128::from(row * ROW_DAYS * 24) / u128::from(HOURS_PER_MONTH)
    } else {
        0
    };
    let log_bytes =
        batches * u128::from(figures.log_bytes) + u128::from(REPORTS_PER_MONTH * REPORT_LOG_BYTES);
    let archive_bytes = if workload.archive { record_bytes } else { 0 };
    let parts = archive_bytes.div_ceil(u128::from(ARCHIVE_PART_BYTES));
    // Settings and marks, and the manifest, where there is an archive at all.
    let parts = parts + if workload.archive { 2 } else { 0 };
    let compressed = archive_bytes / u128::from(ARCHIVE_RATIO);
    let report_ms = u128::from(report_milliseconds(workload.interactions, &figures));
    Quantities {
        messages: messages.into(),
        batches: batches.into(),
        idle_polls: (QUEUE_POLLERS * (SECONDS_PER_MONTH / INSTALL.queues.events.poll_seconds))
            .into(),
        processor_gb_seconds: gb_seconds(
            batches * u128::from(figures.batch_ms(batch)),
            figures.processor_mb,
        ),
        reports: REPORTS_PER_MONTH.into(),
        reporter_gb_seconds: gb_seconds(
            report_ms * u128::from(REPORTS_PER_MONTH),
            figures.reporter_mb,
        ),
        writes: (interactions * u128::from(figures.units.writes())).into(),
        join_reads: BigDecimal::from(interactions * u128::from(figures.units.half_reads))
            * BigDecimal::new(5.into(), 1),
        report_reads: eighths(interactions * u128::from(figures.report_eighths)),
        archive_reads: if workload.archive {
            eighths(kept * u128::from(workload.record_kilobytes()))
        } else {
            BigDecimal::default()
        },
        storage_gb: gigabytes(2 * stored_bytes + row_bytes),
        recovery_gb: if figures.has_recovery {
            gigabytes(stored_bytes + row_bytes)
        } else {
            BigDecimal::default()
        },
        log_gb: gigabytes(log_bytes),
        metrics: if interactions == 0 { 0 } else { figures.metrics }.into(),
        alarm_metrics: figures.alarm_metrics.into(),
        mails: (u64::from(workload.recipients) * u64::from(REPORTS_PER_MONTH)).into(),
        alarm_mails: ALARM_MAILS_PER_MONTH.into(),
        archive_gb: gigabytes(compressed),
        archive_puts: parts.into(),
        archive_gets: parts.into(),
        answers_gb: gigabytes(messages * u128::from(ANSWER_BYTES)),
        // Rows come out of AWS to the program, and what was written comes back to be verified.
        archive_transfer_gb: gigabytes(archive_bytes + compressed),
    }
}

impl DesignFigures {
    /// Milliseconds that a batch is billed for.
    pub(crate) fn batch_ms(&self, batch: u32) -> u32 {
        let microseconds =
            (self.message_microseconds * batch * WHOLE_PROCESSOR_MB).div_ceil(self.processor_mb);
        microseconds.div_ceil(1_000)
            + ANSWER_MS * (self.waits_a_batch + self.waits_a_message * batch)
    }
}

/// Milliseconds that one report is billed for, with the tries that a report has that does not end.
fn report_milliseconds(interactions: u64, figures: &DesignFigures) -> u64 {
    let reading =
        reading_microseconds(interactions, figures.report_weeks, figures.reporter_mb) / 1_000;
    let most = u128::from(INSTALL.reporter.timeout_seconds) * 1_000;
    let billed = reading + u128::from(REPORT_MS);
    let billed = if billed > most { most * u128::from(REPORTER_ATTEMPTS) } else { billed };
    u64::try_from(billed).unwrap_or(u64::MAX)
}

/// Seconds that our report takes, begun ones whole.
pub(crate) fn report_seconds(interactions: u64) -> u128 {
    reading_microseconds(interactions, REPORT_WEEKS, INSTALL.reporter.memory_mb).div_ceil(1_000_000)
}

/// Microseconds that a report over so many weeks reads; half the memory has half the processor, and no more than one
/// is used.
fn reading_microseconds(interactions: u64, weeks: u32, memory_mb: u32) -> u128 {
    let seen = seen_by_a_report(interactions, weeks);
    seen * u128::from(REPORT_MICROSECONDS * WHOLE_PROCESSOR_MB)
        / u128::from(memory_mb.min(WHOLE_PROCESSOR_MB))
}

/// Megabytes that our report remembers, begun ones whole.
pub(crate) fn report_megabytes(interactions: u64) -> u128 {
    let remembered = seen_by_a_report(interactions, REPORT_WEEKS) * u128::from(REPORT_BYTES);
    remembered.div_ceil(1_000_000)
}

/// Interactions of so many weeks where a month has `interactions`.
fn seen_by_a_report(interactions: u64, weeks: u32) -> u128 {
    u128::from(interactions) * u128::from(weeks * 168) / u128::from(HOURS_PER_MONTH)
}

/// Interactions a month of which `of_weeks` came in the weeks of a report.
pub(crate) fn a_month_of(of_weeks: u64) -> u64 {
    of_weeks * u64::from(HOURS_PER_MONTH) / u64::from(REPORT_WEEKS * 168)
}

/// Interactions that so many read units show.
pub(crate) fn shown_by(reads: u64) -> u64 {
    reads * u64::from(INTERACTIONS_PER_READ_UNIT)
}

fn eighths(count: u128) -> BigDecimal {
    BigDecimal::from(count) * BigDecimal::new(125.into(), 3)
}

fn gb_seconds(milliseconds: u128, megabytes: u32) -> BigDecimal {
    // A 1,024th, and a thousandth.
    BigDecimal::from(milliseconds * u128::from(megabytes)) * BigDecimal::new(9_765_625.into(), 13)
}

/// Bytes in AWS's gigabytes of 2^30, to a kilobyte.
fn gigabytes(bytes: u128) -> BigDecimal {
    // 2^-30, exactly.
    let one = BigDecimal::new(931_322_574_615_478_515_625_u128.into(), 30);
    (BigDecimal::from(bytes) * one).with_scale_round(6, bigdecimal::RoundingMode::HalfUp)
}
