//! `cv-analytics dead-letters`: messages that could not be read.

mod in_queue;
mod in_sqlite;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::install::Installation;
use crate::install::location::PrivacySwitches;
use crate::install::store::InstallationStore;

pub(crate) use self::in_queue::send_letter_again;

const LIST_HELP: &str = "List them, newest first

With --store dynamodb they lie in the queue that DEAD_LETTER_QUEUE_URL names, else in cv-analytics-dlq.fifo. They are received and made visible again, at one request for ten; whoever else reads the queue meanwhile does not see them. The queue gives no message of a message group while an earlier one of it is out: how many are behind others is said.";
const RETRY_HELP: &str = "Read them again, as after an update of the program; what can be read now is kept

With --store dynamodb they are sent to the events queue (QUEUE_URL, else cv-analytics-events.fifo), and the processor reads them; what it still cannot read comes back under the same id. The privacy switches are the processor's then.";

#[derive(Debug, Subcommand)]
pub(crate) enum DeadLetters {
    /// List them, newest first
    #[command(long_about = LIST_HELP)]
    List(List),
    /// Write one whole: its bytes as they came
    Show(Show),
    /// Read them again, as after an update of the program; what can be read now is kept
    #[command(long_about = RETRY_HELP)]
    Retry(Retry),
    /// Delete them for good
    Drop(Drop),
}

/// The list's options.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// List at most this many
    #[arg(long, default_value_t = 100)]
    limit: usize,
    /// Write JSON Lines
    #[arg(long)]
    json: bool,
}

/// What to show.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// Its number in the list; with --store dynamodb its id there, or how that begins
    id: String,
    /// Write JSON, with the bytes as text
    #[arg(long)]
    json: bool,
}

/// What to retry.
#[derive(Debug, Args)]
pub(crate) struct Retry {
    #[command(flatten)]
    chosen: Chosen,
    /// Write the counts as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    privacy: PrivacySwitches,
}

/// What to drop.
#[derive(Debug, Args)]
pub(crate) struct Drop {
    #[command(flatten)]
    chosen: Chosen,
    /// Write the count as JSON
    #[arg(long)]
    json: bool,
}

/// Which dead letters.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Chosen {
    /// Their numbers in the list; with --store dynamodb their ids there, or how those begin
    ids: Vec<String>,
    /// Take all of them
    #[arg(long)]
    all: bool,
}

/// Runs the command.
pub(crate) async fn run(installation: &Installation, command: DeadLetters) -> Result<()> {
    match installation.open().await? {
        InstallationStore::Sqlite(store) => in_sqlite::run(store, command).await,
        InstallationStore::DynamoDb(aws) => in_queue::run(&aws, command).await,
    }
}
