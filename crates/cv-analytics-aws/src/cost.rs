//! What a month of interactions costs on AWS, line by line, in exact decimals.
//!
//! Quantities come from [`quantities`], prices from [`crate::cost::prices`]; what is free is taken off a
//! line before it is priced, and once it is used up it is so for the lines after it.
//! `docs/operate/cost.md` says how each line is counted.

pub mod limits;
pub mod prices;
pub mod quantities;

use std::num::NonZeroU32;

use bigdecimal::BigDecimal;

use crate::cost::prices::{AlwaysFree, Price, PriceError, PriceList, Region};
use crate::install::INSTALL;
use crate::tables::interaction_path::InteractionPath;
use quantities::{HOURS_PER_MONTH, Quantities};

/// What is to be paid for.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Interactions a month.
    pub interactions: u64,
    /// How their halves arrive.
    pub path: InteractionPath,
    /// Messages that the processor gets at once, on average.
    pub batch: NonZeroU32,
    /// Who gets the weekly report.
    pub recipients: u32,
    /// Bytes of a record, in the tables and in the index: an ordinary one has [`RECORD_BYTES`].
    pub record_bytes: u32,
    /// Months of interactions that are in the tables.
    pub kept_months: u32,
    /// Whether the tables have point-in-time recovery; those of the first plan have none.
    pub recovery: bool,
    /// Whether everything is archived into S3 once a month, in the place of the last archive.
    pub archive: bool,
    /// Whether what is always free is taken off.
    pub has_always_free: bool,
}

/// Assumed: bytes of a record with an ordinary question, a short reason and no answer.
pub const RECORD_BYTES: u32 = 1_000;

impl Workload {
    /// Begun kilobytes of a record, each of which is a write unit.
    pub(crate) fn record_kilobytes(&self) -> u32 {
        self.record_bytes.div_ceil(1_024).max(1)
    }
}

/// Which design, and how its tables are billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Design {
    /// This one; each request is billed.
    OnDemand,
    /// This one; both tables and the index have 5 reads and 5 writes a second.
    Provisioned,
    /// The first plan: Node.js; get the query, put the record, delete the query.
    NodeJs,
}

/// What a month comes to.
#[derive(Clone, Debug)]
pub struct Bill {
    /// Every line, also those that come to nothing.
    pub lines: Vec<Line>,
    /// Dollars in all, not rounded.
    pub total: BigDecimal,
}

/// One line of a bill.
#[derive(Clone, Debug)]
pub struct Line {
    /// The service.
    pub service: &'static str,
    /// What is billed.
    pub item: &'static str,
    /// How much of it.
    pub quantity: BigDecimal,
    /// How much of that is free.
    pub free: BigDecimal,
    /// The price, where something is left to pay.
    pub price: Option<Price>,
    /// For how many the price is: a million requests.
    pub per: u32,
    /// Dollars, not rounded.
    pub dollars: BigDecimal,
}

/// What a workload costs in `region` by `design`.
///
/// # Errors
/// [`PriceError::UnknownRegion`], and [`PriceError::NotKnown`] where the list lacks a price that
/// the bill needs.
pub fn bill(
    prices: &PriceList,
    region: &str,
    workload: &Workload,
    design: Design,
) -> Result<Bill, PriceError> {
    let known = prices.region(region)?;
    let free = workload.has_always_free.then(|| prices.always_free.clone());
    let mut writer =
        Writer { free, bill: Bill { lines: Vec::new(), total: BigDecimal::default() } };
    let amounts = quantities::quantities(workload, design);
    writer.queue(known, &amounts);
    writer.functions(known, &amounts, design);
    writer.tables(known, &amounts, design).map_err(|what| PriceError::NotKnown {
        what,
        region: region.to_owned(),
        option: "--provisioned",
    })?;
    writer.watching(known, &amounts);
    writer.mail_and_transfer(known, &amounts);
    Ok(writer.bill)
}

/// The allowance that a line draws on.
type Allowance = fn(&mut AlwaysFree) -> &mut BigDecimal;

struct Writer {
    /// What is still free; nothing is where there is none.
    free: Option<AlwaysFree>,
    bill: Bill,
}

impl Writer {
    fn queue(&mut self, region: &Region, amounts: &Quantities) {
        let price = &region.million_fifo_requests;
        for (item, quantity) in [
            ("polls of a quiet queue", &amounts.idle_polls),
            ("messages sent", &amounts.messages),
            ("batches received", &amounts.batches),
            ("batches deleted", &amounts.batches),
        ] {
            self.line("SQS", item, quantity, Some(|free| &mut free.sqs_requests), price, MILLION);
        }
    }

    fn functions(&mut self, region: &Region, amounts: &Quantities, design: Design) {
        let second = match design {
            Design::OnDemand | Design::Provisioned => &region.arm_gb_second,
            Design::NodeJs => &region.x86_gb_second,
        };
        let requests: Option<Allowance> = Some(|free| &mut free.lambda_requests);
        let seconds: Option<Allowance> = Some(|free| &mut free.lambda_gb_seconds);
        let price = &region.million_invocations;
        self.line("Lambda", "processor, requests", &amounts.batches, requests, price, MILLION);
        let processor = &amounts.processor_gb_seconds;
        self.line("Lambda", "processor, GB-seconds", processor, seconds, second, 1);
        self.line("Lambda", "reporter, requests", &amounts.reports, requests, price, MILLION);
        let reporter = &amounts.reporter_gb_seconds;
        self.line("Lambda", "reporter, GB-seconds", reporter, seconds, second, 1);
    }

    /// Says what has no price where one is needed.
    fn tables(
        &mut self,
        region: &Region,
        amounts: &Quantities,
        design: Design,
    ) -> Result<(), &'static str> {
        const SERVICE: &str = "DynamoDB";
        if design == Design::Provisioned {
            // Two tables and the index.
            let unit_hours =
                BigDecimal::from(3 * INSTALL.tables.provisioned_units * HOURS_PER_MONTH);
            let hours = BigDecimal::from(HOURS_PER_MONTH);
            let free = self.free.as_ref();
            let written = free.map(|free| &free.dynamodb_write_units * &hours);
            let read = free.map(|free| &free.dynamodb_read_units * &hours);
            for (item, what, free, price) in [
                ("write unit hours", "a write unit hour", written, &region.write_unit_hour),
                ("read unit hours", "a read unit hour", read, &region.read_unit_hour),
            ] {
                let free = free.unwrap_or_default().min(unit_hours.clone());
                if price.is_none() && free < unit_hours {
                    return Err(what);
                }
                self.entry(SERVICE, item, &unit_hours, free, price.as_ref(), 1);
            }
        } else {
            let (writes, reads) = (&region.million_writes, &region.million_reads);
            self.line(SERVICE, "write units", &amounts.writes, None, writes, MILLION);
            self.line(SERVICE, "read units, joining", &amounts.join_reads, None, reads, MILLION);
            self.line(SERVICE, "read units, reports", &amounts.report_reads, None, reads, MILLION);
            self.some(SERVICE, "read units, archive", &amounts.archive_reads, None, reads, MILLION);
        }
        let stored: Option<Allowance> = Some(|free| &mut free.dynamodb_storage_gb);
        let price = &region.storage_gb;
        self.line(SERVICE, "GB stored, with the index", &amounts.storage_gb, stored, price, 1);
        let price = &region.recovery_gb;
        self.some(SERVICE, "GB under recovery", &amounts.recovery_gb, None, price, 1);
        Ok(())
    }

    fn watching(&mut self, region: &Region, amounts: &Quantities) {
        const SERVICE: &str = "CloudWatch";
        let logs: Option<Allowance> = Some(|free| &mut free.log_gb);
        self.line(SERVICE, "GB of log written", &amounts.log_gb, logs, &region.log_gb, 1);
        self.line(SERVICE, "GB of log kept", &amounts.log_gb, logs, &region.kept_log_gb, 1);
        let metrics: Option<Allowance> = Some(|free| &mut free.metrics);
        self.line(SERVICE, "own metrics", &amounts.metrics, metrics, &region.metric, 1);
        let alarms: Option<Allowance> = Some(|free| &mut free.alarm_metrics);
        let alarm_metrics = &amounts.alarm_metrics;
        self.line(SERVICE, "metrics of alarms", alarm_metrics, alarms, &region.alarm_metric, 1);
        let dashboards: Option<Allowance> = Some(|free| &mut free.dashboards);
        self.line(SERVICE, "dashboards", &1.into(), dashboards, &region.dashboard, 1);
    }

    fn mail_and_transfer(&mut self, region: &Region, amounts: &Quantities) {
        self.line("SES", "report mails", &amounts.mails, None, &region.thousand_mails, THOUSAND);
        let told: Option<Allowance> = Some(|free| &mut free.alarm_mails);
        let price = &region.thousand_alarm_mails;
        self.line("SNS", "alarm mails", &amounts.alarm_mails, told, price, THOUSAND);
        self.some("S3", "GB of archive", &amounts.archive_gb, None, &region.archive_gb, 1);
        let (puts, gets) = (&region.thousand_puts, &region.thousand_gets);
        self.some("S3", "archive parts written", &amounts.archive_puts, None, puts, THOUSAND);
        self.some("S3", "archive parts read", &amounts.archive_gets, None, gets, THOUSAND);
        let out: Option<Allowance> = Some(|free| &mut free.transfer_gb);
        let price = &region.transfer_gb;
        self.line("Transfer", "GB out, SQS's answers", &amounts.answers_gb, out, price, 1);
        let archive = &amounts.archive_transfer_gb;
        self.some("Transfer", "GB out, archive", archive, out, price, 1);
    }

    /// A line where there is something of it.
    fn some(
        &mut self,
        service: &'static str,
        item: &'static str,
        quantity: &BigDecimal,
        allowance: Option<Allowance>,
        price: &Price,
        per: u32,
    ) {
        if *quantity != BigDecimal::default() {
            self.line(service, item, quantity, allowance, price, per);
        }
    }

    fn line(
        &mut self,
        service: &'static str,
        item: &'static str,
        quantity: &BigDecimal,
        allowance: Option<Allowance>,
        price: &Price,
        per: u32,
    ) {
        let free = match (allowance, self.free.as_mut()) {
            (Some(allowance), Some(left)) => {
                let left = allowance(left);
                let free = quantity.clone().min(left.clone());
                *left -= &free;
                free
            }
            _ => BigDecimal::default(),
        };
        self.entry(service, item, quantity, free, Some(price), per);
    }

    fn entry(
        &mut self,
        service: &'static str,
        item: &'static str,
        quantity: &BigDecimal,
        free: BigDecimal,
        price: Option<&Price>,
        per: u32,
    ) {
        let usd = price.map(|price| price.usd.clone()).unwrap_or_default();
        // A power of ten: the quotient is exact.
        let dollars = (quantity - &free) * usd / BigDecimal::from(per);
        self.bill.total += &dollars;
        let quantity = quantity.clone();
        let price = price.cloned();
        self.bill.lines.push(Line { service, item, quantity, free, price, per, dollars });
    }
}

const MILLION: u32 = 1_000_000;
const THOUSAND: u32 = 1_000;
