//! AWS's prices by region, each with where it is from, out of `data/prices.toml`.

use std::collections::BTreeMap;

use bigdecimal::BigDecimal;
use serde::Deserialize;

const BUILT_IN: &str = include_str!("../../data/prices.toml");

/// The prices of every region that is known, what is free, and where the figures are from.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceList {
    /// The currency of every price.
    pub currency: String,
    /// Whether the figures were read on AWS itself.
    pub verified_on_aws: bool,
    /// What every account has free of charge each month.
    pub always_free: AlwaysFree,
    /// What a new account may spend beside that.
    pub credits: Credits,
    /// Where figures are from, by the name that prices use.
    pub sources: BTreeMap<String, Source>,
    /// Prices by region.
    pub regions: BTreeMap<String, Region>,
}

/// Where a figure is from.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The page or file of AWS's that has it.
    pub address: String,
    /// The copy that it was read in.
    pub copy: String,
    /// The day of that copy, or since when the price stands: `2026-10-06`.
    pub as_of: String,
}

/// What one unit costs.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Dollars.
    pub usd: BigDecimal,
    /// The name of its [`Source`].
    pub source: String,
}

/// Amounts a month and account that cost nothing, for as long as the account exists.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is named after what it counts")]
pub struct AlwaysFree {
    pub sqs_requests: BigDecimal,
    pub lambda_requests: BigDecimal,
    pub lambda_gb_seconds: BigDecimal,
    pub dynamodb_write_units: BigDecimal,
    pub dynamodb_read_units: BigDecimal,
    pub dynamodb_storage_gb: BigDecimal,
    pub log_gb: BigDecimal,
    pub metrics: BigDecimal,
    pub alarm_metrics: BigDecimal,
    pub dashboards: BigDecimal,
    pub alarm_mails: BigDecimal,
    pub transfer_gb: BigDecimal,
    pub source: String,
}

/// What an account opened on or after 15 July 2025 may spend.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credits {
    /// Dollars at most.
    pub usd: BigDecimal,
    /// Months until they lapse.
    pub months: u32,
    /// The name of their [`Source`].
    pub source: String,
}

/// The prices of one region; a key's name says for how much each is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is named after what it is the price of")]
pub struct Region {
    /// AWS's name for people.
    pub name: String,
    pub million_fifo_requests: Price,
    pub million_invocations: Price,
    pub arm_gb_second: Price,
    pub x86_gb_second: Price,
    pub million_writes: Price,
    pub million_reads: Price,
    /// Not known in every region.
    pub write_unit_hour: Option<Price>,
    /// Not known in every region.
    pub read_unit_hour: Option<Price>,
    pub storage_gb: Price,
    pub recovery_gb: Price,
    pub log_gb: Price,
    pub kept_log_gb: Price,
    pub metric: Price,
    pub alarm_metric: Price,
    pub dashboard: Price,
    pub thousand_mails: Price,
    pub thousand_alarm_mails: Price,
    pub archive_gb: Price,
    pub thousand_puts: Price,
    pub thousand_gets: Price,
    pub transfer_gb: Price,
}

/// Why there is no price.
#[derive(Debug, thiserror::Error)]
pub enum PriceError {
    /// The file cannot be read.
    #[error("cannot read the price list: {0}")]
    Unreadable(#[from] toml::de::Error),
    /// The region is not in the file.
    #[error("unknown region {region}: prices are known for {}", .known.join(", "))]
    UnknownRegion {
        /// The region that was asked for.
        region: String,
        /// Those in the file.
        known: Vec<String>,
    },
    /// The region is in the file, one price of it is not.
    #[error("missing price of {what} for region {region}: omit {option}")]
    NotKnown {
        /// What has no price.
        what: &'static str,
        /// The region.
        region: String,
        /// The option that asked for it.
        option: &'static str,
    },
}

impl PriceList {
    /// The list that the program brings.
    pub fn built_in() -> Result<Self, PriceError> {
        Ok(toml::from_str(BUILT_IN)?)
    }

    /// The prices of `region`.
    pub fn region(&self, region: &str) -> Result<&Region, PriceError> {
        self.regions.get(region).ok_or_else(|| PriceError::UnknownRegion {
            region: region.to_owned(),
            known: self.regions.keys().cloned().collect(),
        })
    }

    /// The first and the last day of the sources that `names` are the names of.
    pub fn days<'t>(&'t self, names: impl Iterator<Item = &'t str>) -> Option<(&'t str, &'t str)> {
        let days: Vec<&str> = names
            .filter_map(|name| self.sources.get(name))
            .map(|source| source.as_of.as_str())
            .collect();
        Some((days.iter().min().copied()?, days.iter().max().copied()?))
    }
}
