//! Makes the report of one week out of what the tally counted.

mod actions;
pub mod builder;
pub mod fisher;
mod input_hash;
mod names;
mod negative_binomial;
mod suggestion;
mod together;
pub mod totals;
pub mod trends;

use cv_analytics_core::store::StoreError;

use crate::settings::SettingsError;

/// Why a report could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The store failed.
    #[error("cannot read the store: {0}")]
    Store(#[from] StoreError),
    /// The settings cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The system gave no thread, or ended one.
    #[error("cannot run a thread of the report: {0}")]
    Thread(#[source] std::io::Error),
}
