//! `cv-analytics dead-letters`: messages that could not be read.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use cv_analytics_core::intake::Intake;
use cv_analytics_core::privacy::SessionKey;
use cv_analytics_core::store::Store;
use cv_analytics_core::store::dead_letters::{
    DeadLetterEntry, DeadLetterList, DeadLetterSelection, Dropped, ReadAgain, Retried,
    RetryOutcome, StoredDeadLetter,
};
use serde_json::{Value, json};

use crate::clock::now;
use crate::install::open_store::Purpose;
use crate::install::privacy_switches::PrivacySwitches;
use crate::install::{Installation, session_key};
use crate::output;
use crate::output::progress;
use crate::usage_error::usage_error;

const LIST_HELP: &str = "List them, newest first

With --store dynamodb they are in the queue that DEAD_LETTER_QUEUE_URL names, else in cv-analytics-dlq.fifo after the prefix of the tables' names. Listing receives them, ten per request, and makes them visible again; meanwhile other readers of the queue do not see them. While an earlier message of a group is received, the queue holds back the later ones: their number is printed.";
const RETRY_HELP: &str = "Read them again, as after an update of the program; what can be read now is stored

With --store dynamodb they are sent to the events queue (QUEUE_URL, else cv-analytics-events.fifo), and the processor reads them; what it still cannot read comes back under the same id. The processor's privacy options apply then.";

#[derive(Debug, Subcommand)]
pub(crate) enum DeadLetters {
    /// List them, newest first
    #[command(long_about = LIST_HELP)]
    List(List),
    /// Write one as it was received
    Show(Show),
    /// Read them again, as after an update of the program; what can be read now is stored
    #[command(long_about = RETRY_HELP)]
    Retry(Retry),
    /// Delete them permanently
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
    /// Its number in the list; with --store dynamodb its ID there, or the start of it
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
    /// Their numbers in the list; with --store dynamodb their IDs there, or the start of them
    ids: Vec<String>,
    /// Select all of them
    #[arg(long)]
    all: bool,
}

/// What a letter says where SQS itself moved it.
const MOVED_BY_SQS: &str = "moved by SQS after its last delivery failed";

pub(crate) async fn run(installation: &Installation, command: DeadLetters) -> Result<()> {
    let store = installation.open(Purpose::Use).await?;
    let letters = Letters { is_numbered: !installation.is_on_aws(), store: &*store };
    match command {
        DeadLetters::List(list) => letters.show_list(&list).await,
        DeadLetters::Show(show) => letters.show_one(show).await,
        DeadLetters::Retry(retry) => {
            // On AWS the processor reads them, under its own switches and with its own key.
            let key = if installation.is_on_aws() {
                SessionKey::new(Vec::new())
            } else {
                session_key::kept_or_made(&*store).await?
            };
            letters.retry(&retry, &retry.privacy.intake(key)).await
        }
        DeadLetters::Drop(drop) => letters.delete(&drop).await,
    }
}

/// The letters of a store.
struct Letters<'s> {
    store: &'s dyn Store,
    /// SQLite numbers them; a queue gives long ids, of which the beginning is enough.
    is_numbered: bool,
}

impl Letters<'_> {
    async fn show_list(&self, list: &List) -> Result<()> {
        let DeadLetterList { entries, more, blocked } = self.store.dead_letters(list.limit).await?;
        if entries.is_empty() && more + blocked == 0 && !list.json {
            return output::print_line("No dead letters: every message could be read.");
        }
        let line = |entry: &DeadLetterEntry| {
            let DeadLetterEntry { reason, detail, arrived_at, bytes, .. } = entry;
            if list.json {
                return json!({
                    "id": self.id(entry), "reason": reason, "detail": detail,
                    "arrivedAt": arrived_at.to_string(), "bytes": bytes,
                })
                .to_string();
            }
            let why = match reason {
                Some(reason) => {
                    let detail = output::plain(detail.as_deref().unwrap_or_default());
                    format!("{}: {detail}", output::plain(reason))
                }
                None => MOVED_BY_SQS.to_owned(),
            };
            // As wide as with milliseconds, which a whole second does not show.
            let arrived_at = arrived_at.to_string();
            format!("{:>6}  {arrived_at:<24}  {bytes:>8} bytes  {why}", output::plain(&entry.id))
        };
        let mut lines: String = entries.iter().map(|entry| line(entry) + "\n").collect();
        if more > 0 && !list.json {
            let total = entries.len() as u64 + more;
            lines += &format!("{more} more: --limit {total} shows them\n");
        }
        if blocked > 0 {
            eprintln!(
                "{blocked} more cannot be listed now: an earlier message of their group, or another reader, holds them back"
            );
        }
        output::print(lines)
    }

    async fn show_one(&self, show: Show) -> Result<()> {
        let id = self.whole_ids(vec![show.id]).await?.into_iter().next().unwrap_or_default();
        let Some(StoredDeadLetter { entry, body }) = self.store.dead_letter(&id).await? else {
            bail!("{}", missing(&id));
        };
        if show.json {
            return output::print_line(json!({
                "id": self.id(&entry), "reason": entry.reason, "detail": entry.detail,
                "arrivedAt": entry.arrived_at.to_string(), "body": String::from_utf8_lossy(&body),
            }));
        }
        output::print(body)
    }

    async fn delete(&self, drop: &Drop) -> Result<()> {
        let selection = self.selection(&drop.chosen).await?;
        let bar = progress("letters dropped")?;
        let done = self.store.drop_dead_letters(&selection, &|letters| bar.inc(letters)).await;
        bar.finish_and_clear();
        let Dropped { dropped, missing: none } = done?;
        if let Some(id) = none {
            bail!("unknown dead letter {id}; {dropped} were dropped");
        }
        self.store.close().await?;
        if drop.json {
            return output::print_line(json!({"dropped": dropped}));
        }
        output::print_line(format!("{dropped} dropped"))
    }

    async fn retry(&self, retry: &Retry, intake: &Intake) -> Result<()> {
        let selection = self.selection(&retry.chosen).await?;
        let bar =
            progress(if self.is_numbered { "letters read again" } else { "letters sent again" })?;
        let count = |letters| bar.inc(letters);
        let done = self.store.retry_dead_letters(&selection, intake, now(), &count).await;
        bar.finish_and_clear();
        let Retried { outcome, missing: none } = done?;
        self.store.close().await?;
        let ReadAgain { kept, still_dead, erased } = match outcome {
            RetryOutcome::ReadAgain(done) => done,
            RetryOutcome::SentAgain(sent) => {
                if let Some(id) = none {
                    bail!("{}", missing(&id));
                }
                if retry.json {
                    return output::print_line(json!({"sent": sent}));
                }
                return output::print_line(format!(
                    "{sent} sent to the events queue again; what still cannot be read comes back"
                ));
            }
        };
        if let Some(id) = none {
            bail!(
                "unknown dead letter {id}; {kept} were stored, {still_dead} still cannot be read"
            );
        }
        if retry.json {
            let mut counts = json!({"kept": kept, "stillDead": still_dead});
            if let Some(counts) = counts.as_object_mut().filter(|_| erased > 0) {
                counts.insert("erased".to_owned(), erased.into());
            }
            return output::print_line(counts);
        }
        output::print_line(format!(
            "{kept} could be read and are kept, {still_dead} still cannot"
        ))?;
        if erased > 0 {
            output::print_line(format!("{erased} are of what was erased, and are dropped"))?;
        }
        Ok(())
    }

    /// The id as JSON has it.
    fn id(&self, entry: &DeadLetterEntry) -> Value {
        let number = entry.id.parse::<i64>().ok().filter(|_| self.is_numbered);
        number.map_or_else(|| json!(entry.id), Value::from)
    }

    async fn selection(&self, chosen: &Chosen) -> Result<DeadLetterSelection> {
        if chosen.all {
            return Ok(DeadLetterSelection::All);
        }
        Ok(DeadLetterSelection::Ids(self.whole_ids(chosen.ids.clone()).await?))
    }

    async fn whole_ids(&self, ids: Vec<String>) -> Result<Vec<String>> {
        if self.is_numbered {
            let number = |id: String| {
                let number = id.parse::<i64>().map(|number| number.to_string());
                number.map_err(|_| {
                    usage_error(format!("unknown dead letter {id:?}: take a number of the list"))
                })
            };
            return ids.into_iter().map(number).collect();
        }
        let DeadLetterList { entries, blocked, .. } = self.store.dead_letters(usize::MAX).await?;
        let whole = |id: String| {
            let beginning: BTreeSet<&str> = entries
                .iter()
                .map(|entry| entry.id.as_str())
                .filter(|whole| whole.starts_with(&id))
                .collect();
            match (beginning.contains(id.as_str()), &*Vec::from_iter(beginning)) {
                (true, _) => Ok(id),
                (false, [whole]) => Ok((*whole).to_owned()),
                (false, [first, other, ..]) => {
                    bail!("ambiguous id {id}: it begins {first} and {other}; write more of it")
                }
                (false, []) if blocked == 0 => bail!("{}", missing(&id)),
                (false, []) => {
                    let hint = format!(
                        "{id} ({blocked} cannot be listed now: an earlier message of their group, or another reader, holds them back)"
                    );
                    bail!("{}", missing(&hint))
                }
            }
        };
        ids.into_iter().map(whole).collect()
    }
}

fn missing(id: &str) -> String {
    format!("unknown dead letter {id}; `cv-analytics dead-letters list` shows the IDs")
}
