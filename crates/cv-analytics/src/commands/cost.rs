//! `cv-analytics cost`: what a number of interactions a month costs on AWS.

mod estimate;
mod table;

use std::num::NonZeroU32;

use anyhow::Result;
use clap::{Args, ValueEnum};
use cv_analytics_aws::cost::prices::PriceList;
use cv_analytics_aws::cost::{Design, RECORD_BYTES, Workload};
use cv_analytics_aws::tables::interaction_path::InteractionPath;

use crate::output;
use crate::usage_error::usage_error;
use estimate::Estimate;

const FREE_TIER_HELP: &str = "Which part of AWS's free tier to subtract

`always` is what every account has for as long as it exists; the rest of the account uses it too. `credits` is for accounts opened on or after 15 July 2025: the same, and how long their credits cover the rest. `none` is for accounts that use it up elsewhere. The twelve free months of older accounts ended on 15 July 2026.";

/// The command's options.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct CostCommand {
    /// Assume this many interactions a month
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    interactions: u64,
    /// Use the prices of this region
    #[arg(long, value_name = "REGION", default_value = "eu-west-2")]
    region: String,
    /// Provision 5 reads and 5 writes a second for both tables and the index instead of on-demand billing
    #[arg(long)]
    provisioned: bool,
    /// Assume that the halves of an interaction arrive this way
    #[arg(long, value_enum, value_name = "PATH", default_value_t = Path::SelfContained)]
    path: Path,
    /// Assume this many messages per batch, on average: 1 is the most expensive and usual for
    /// quiet sites, 10 the maximum
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10))]
    batch: u32,
    /// Assume this many months of interactions in the tables
    #[arg(long, value_name = "N", default_value_t = 12)]
    months: u32,
    /// Send the weekly report to this many people
    #[arg(long, value_name = "N", default_value_t = 1)]
    recipients: u32,
    /// Assume records of this many bytes: 1,000 is an ordinary question with a short reason; a reason of 500 characters
    /// or an answer of 600 makes it 1,500, an answer of 2,000 makes it 3,000
    #[arg(long, value_name = "BYTES", default_value_t = RECORD_BYTES, value_parser = clap::value_parser!(u32).range(1..=400_000))]
    record_bytes: u32,
    /// Whether both tables have point-in-time recovery
    #[arg(
        long, value_name = "BOOL", default_value_t = true, default_missing_value = "true", num_args = 0..=1,
        action = clap::ArgAction::Set
    )]
    recovery: bool,
    /// Add a full archive in S3, rewritten each month
    #[arg(long)]
    archive: bool,
    /// Subtract this part of AWS's free tier
    #[arg(long, value_enum, value_name = "TIER", default_value_t = FreeTier::Always, long_help = FREE_TIER_HELP)]
    free_tier: FreeTier,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Path {
    /// A query at once, and a response that carries it too, as the Worker's client sends them
    SelfContained,
    /// A query, then a response that needs it
    InOrder,
    /// The response first
    ResponseFirst,
    /// Both in one batch
    OneBatch,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FreeTier {
    /// What every account has for as long as it exists
    Always,
    /// The same, and the credits of an account opened on or after 15 July 2025
    Credits,
    /// Nothing
    None,
}

impl CostCommand {
    fn workload(&self) -> Workload {
        Workload {
            interactions: self.interactions,
            path: match self.path {
                Path::SelfContained => InteractionPath::SelfContained,
                Path::InOrder => InteractionPath::InOrder,
                Path::ResponseFirst => InteractionPath::ResponseFirst,
                Path::OneBatch => InteractionPath::OneBatch,
            },
            batch: NonZeroU32::new(self.batch).unwrap_or(NonZeroU32::MIN),
            recipients: self.recipients,
            record_bytes: self.record_bytes,
            kept_months: self.months,
            recovery: self.recovery,
            archive: self.archive,
            has_always_free: self.free_tier != FreeTier::None,
        }
    }

    fn design(&self) -> Design {
        if self.provisioned { Design::Provisioned } else { Design::OnDemand }
    }
}

pub(crate) fn run(command: &CostCommand) -> Result<()> {
    let prices = PriceList::built_in()?;
    prices.region(&command.region).map_err(usage_error)?;
    let estimate = Estimate::new(command, &prices)?;
    if command.json {
        return output::print_line(serde_json::to_string_pretty(&estimate.json())?);
    }
    output::print(estimate.text())
}
