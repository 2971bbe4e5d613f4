//! One installation: where it keeps its data, how its parts are opened, and the options that say so.

#[cfg(feature = "aws")]
pub(crate) mod aws;
pub(crate) mod configuration_file;
pub(crate) mod data_folder;
pub(crate) mod figure_files;
pub(crate) mod mail_form;
pub(crate) mod mail_options;
pub(crate) mod open_store;
pub(crate) mod privacy_switches;
pub(crate) mod reports;
pub(crate) mod session_key;
pub(crate) mod template_process;

use std::path::PathBuf;

use clap::Args;

use crate::install::open_store::StoreKind;

/// The heading of the options that every command has.
pub(crate) const SHARED_OPTIONS: &str = "Shared options";

/// What works where, and what `--store dynamodb` takes from the environment.
const STORE_HELP: &str = "Use this store: sqlite:PATH or dynamodb [default: the database in the data folder]

`dynamodb` works for report, events, gaps, skills, settings, forget, dead-letters, archive, restore and doctor; serve shows only the dashboard then, since the queue receives the events; demo always uses SQLite. Region, profile, single sign-on, credentials and endpoints come from where the AWS CLI finds them (AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL and so on); the default region is eu-west-2. The tables are those that QUERY_EVENTS_TABLE and ANALYTICS_TABLE name, else CV-Analytics-QueryEvents and CV-Analytics; the queues those of QUEUE_URL and DEAD_LETTER_QUEUE_URL, else cv-analytics-events.fifo and cv-analytics-dlq.fifo after the prefix of the tables' names. SESSION_SALT has to be the processor's, where it has one.";

/// Which installation a command works on.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = SHARED_OPTIONS)]
pub(crate) struct Installation {
    /// Store the database and the credentials in this folder [default: ./cv-analytics-data, for demo ./cv-analytics-demo]
    #[arg(long, global = true, value_name = "DIR", env = "CV_ANALYTICS_DATA")]
    pub(crate) data: Option<PathBuf>,
    /// Use this store: sqlite:PATH or dynamodb [default: the database in the data folder]
    #[arg(long, global = true, value_name = "STORE", env = "CV_ANALYTICS_STORE", long_help = STORE_HELP)]
    pub(crate) store: Option<StoreKind>,
}

/// An environment variable under AWS's own name, or the functions'; `None` where it is missing or empty.
pub(crate) fn variable(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "this is the installation's configuration")]
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}
