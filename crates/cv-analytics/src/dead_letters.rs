//! `cv-analytics dead-letters`: messages that could not be read.

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use cv_analytics_core::store::{Arrival, Disposition};
use cv_analytics_sqlite::{DeadLetterEntry, SqliteStore};
use serde_json::json;

use crate::arguments::Installation;
use crate::store_location::PrivacySwitches;
use crate::{now, output};

#[derive(Debug, Subcommand)]
pub(crate) enum DeadLetters {
    /// List them, newest first
    List(List),
    /// Write one whole: its bytes as they came
    Show(Show),
    /// Read them again, as after an update of the program; what can be read now is kept
    Retry(Retry),
    /// Delete them for good
    Drop(Chosen),
}

/// The list's options.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// At most this many
    #[arg(long, default_value_t = 100)]
    limit: usize,
    /// Write JSON Lines
    #[arg(long)]
    json: bool,
}

/// What to show.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// Its number in the list
    id: i64,
    /// Write JSON, with the bytes as text
    #[arg(long)]
    json: bool,
}

/// What to retry.
#[derive(Debug, Args)]
pub(crate) struct Retry {
    #[command(flatten)]
    chosen: Chosen,
    #[command(flatten)]
    privacy: PrivacySwitches,
}

/// Which dead letters.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Chosen {
    /// Their numbers in the list
    ids: Vec<i64>,
    /// All of them
    #[arg(long)]
    all: bool,
}

/// Runs the command.
pub(crate) async fn run(installation: &Installation, command: DeadLetters) -> Result<()> {
    let store = installation.open()?;
    match command {
        DeadLetters::List(list) => show_list(&store, &list).await,
        DeadLetters::Show(show) => show_one(&store, &show).await,
        DeadLetters::Retry(retry) => read_again(store, retry).await,
        DeadLetters::Drop(chosen) => {
            let mut dropped = 0;
            for id in chosen.ids(&store).await? {
                if !store.drop_dead_letter(id).await? {
                    bail!("there is no dead letter {id}; {dropped} were dropped");
                }
                dropped += 1;
            }
            store.close().await?;
            output::print_line(format!("{dropped} dropped"))
        }
    }
}

impl Chosen {
    async fn ids(&self, store: &SqliteStore) -> Result<Vec<i64>> {
        if !self.all {
            return Ok(self.ids.clone());
        }
        Ok(store.dead_letters(usize::MAX).await?.iter().map(|entry| entry.id).collect())
    }
}

async fn show_list(store: &SqliteStore, list: &List) -> Result<()> {
    let entries = store.dead_letters(list.limit).await?;
    if entries.is_empty() && !list.json {
        return output::print_line("No dead letters: every message could be read.");
    }
    let line = |DeadLetterEntry { id, reason, detail, arrived_at, size }: &DeadLetterEntry| {
        if list.json {
            json!({"id": id, "reason": reason, "detail": detail, "arrivedAt": arrived_at.to_string(), "bytes": size})
                .to_string()
        } else {
            format!("{id:>6}  {arrived_at}  {size:>8} bytes  {reason}: {}", output::plain(detail))
        }
    };
    output::print(entries.iter().map(|entry| line(entry) + "\n").collect::<String>())
}

async fn show_one(store: &SqliteStore, show: &Show) -> Result<()> {
    let Some(letter) = store.dead_letter(show.id).await? else {
        bail!(
            "there is no dead letter {}; `cv-analytics dead-letters list` names those that there are",
            show.id
        );
    };
    if show.json {
        return output::print_line(json!({
            "id": show.id, "reason": letter.reason, "detail": letter.detail,
            "arrivedAt": letter.arrived_at.to_string(), "body": String::from_utf8_lossy(&letter.body),
        }));
    }
    output::print(letter.body)
}

async fn read_again(store: SqliteStore, retry: Retry) -> Result<()> {
    let intake = retry.privacy.intake(&store).await?;
    let (mut kept, mut still_dead) = (0, 0);
    for id in retry.chosen.ids(&store).await? {
        let Some(letter) = store.dead_letter(id).await? else {
            bail!(
                "there is no dead letter {id}; {kept} were kept, {still_dead} still cannot be read"
            );
        };
        let content = intake.read(&letter.body, letter.arrived_at);
        let arrival = Arrival { content, arrived_at: now(), deduplication_id: None };
        match store.replace_dead_letter(id, arrival).await?.map(|receipt| receipt.disposition) {
            Some(Disposition::DeadLetter) => still_dead += 1,
            Some(_) => kept += 1,
            None => {}
        }
    }
    store.close().await?;
    output::print_line(format!("{kept} could be read and are kept, {still_dead} still cannot"))
}
