//! Dead letters that SQLite keeps.

use anyhow::{Context, Result, bail};
use cv_analytics_core::store::{Arrival, Disposition};
use cv_analytics_sqlite::{DeadLetterEntry, SqliteStore};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::json;

use super::{Chosen, DeadLetters, Drop, List, Retry, Show};
use crate::clock::now;
use crate::install::session_key;
use crate::output;
use crate::usage_error::usage_error;

/// How many letters are read again by one commit of a retry.
const RETRY_BATCH: usize = 500;
/// Bytes of letters after which that commit comes sooner, so that they fit in memory.
const RETRY_BYTES: usize = 8 << 20;

/// Runs the command.
pub(super) async fn run(store: SqliteStore, command: DeadLetters) -> Result<()> {
    match command {
        DeadLetters::List(list) => show_list(&store, &list).await,
        DeadLetters::Show(show) => show_one(&store, &show).await,
        DeadLetters::Retry(retry) => read_again(store, retry).await,
        DeadLetters::Drop(drop) => delete(store, &drop).await,
    }
}

/// SQLite numbers its letters.
fn number(id: &str) -> Result<i64> {
    id.parse()
        .map_err(|_| usage_error(format!("unknown dead letter {id:?}: take a number of the list")))
}

async fn chosen_ids(chosen: &Chosen, store: &SqliteStore) -> Result<Vec<i64>> {
    if !chosen.all {
        return chosen.ids.iter().map(|id| number(id)).collect();
    }
    Ok(store.dead_letters(usize::MAX).await?.iter().map(|entry| entry.id).collect())
}

async fn show_list(store: &SqliteStore, list: &List) -> Result<()> {
    let entries = store.dead_letters(list.limit).await?;
    let total = store.counts().await?.dead_letters;
    if total == 0 && !list.json {
        return output::print_line("No dead letters: every message could be read.");
    }
    let line = |DeadLetterEntry { id, reason, detail, arrived_at, size }: &DeadLetterEntry| {
        if list.json {
            json!({"id": id, "reason": reason, "detail": detail, "arrivedAt": arrived_at.to_string(), "bytes": size})
                .to_string()
        } else {
            // As wide as with milliseconds, which a whole second does not show.
            let arrived_at = arrived_at.to_string();
            format!(
                "{id:>6}  {arrived_at:<24}  {size:>8} bytes  {reason}: {}",
                output::plain(detail)
            )
        }
    };
    let mut lines: String = entries.iter().map(|entry| line(entry) + "\n").collect();
    let more = total.saturating_sub(entries.len() as u64);
    if more > 0 && !list.json {
        lines += &format!("{more} more: --limit {total} shows them\n");
    }
    output::print(lines)
}

async fn show_one(store: &SqliteStore, show: &Show) -> Result<()> {
    let id = number(&show.id)?;
    let Some(letter) = store.dead_letter(id).await? else {
        bail!(
            "there is no dead letter {id}; `cv-analytics dead-letters list` names those that there are"
        );
    };
    if show.json {
        return output::print_line(json!({
            "id": id, "reason": letter.reason, "detail": letter.detail,
            "arrivedAt": letter.arrived_at.to_string(), "body": String::from_utf8_lossy(&letter.body),
        }));
    }
    output::print(letter.body)
}

async fn delete(store: SqliteStore, drop: &Drop) -> Result<()> {
    let mut dropped = 0;
    if drop.chosen.all {
        dropped = store.drop_all_dead_letters().await?;
    }
    let ids = drop.chosen.ids.iter().map(|id| number(id)).collect::<Result<Vec<i64>>>()?;
    if !ids.is_empty() {
        dropped = ids.len() as u64;
        let missing = store.drop_dead_letters(ids).await?;
        if let Some(first) = missing.first() {
            dropped -= missing.len() as u64;
            bail!("there is no dead letter {first}; {dropped} were dropped");
        }
    }
    store.close().await?;
    if drop.json {
        return output::print_line(json!({"dropped": dropped}));
    }
    output::print_line(format!("{dropped} dropped"))
}

/// What became of letters that were read again.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Retried {
    kept: u64,
    still_dead: u64,
    /// They name what was erased, and are dropped.
    #[serde(skip_serializing_if = "is_zero")]
    erased: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

async fn read_again(store: SqliteStore, retry: Retry) -> Result<()> {
    let intake = retry.privacy.intake(session_key::kept_or_made(&store).await?);
    let ids = chosen_ids(&retry.chosen, &store).await?;
    let bar = ProgressBar::new(ids.len() as u64);
    bar.set_style(ProgressStyle::with_template(
        "{spinner} {pos} of {len} letters read again, {per_sec}",
    )?);
    let mut retried = Retried::default();
    let (mut batch, mut bytes) = (Vec::new(), 0);
    let mut missing = None;
    for id in ids {
        let Some(letter) = store.dead_letter(id).await? else {
            if retry.chosen.all {
                // Somebody else was faster.
                continue;
            }
            missing = Some(id);
            break;
        };
        bytes += letter.body.len();
        let content = intake.read(&letter.body, letter.arrived_at);
        batch.push((id, Arrival { content, arrived_at: now(), deduplication_id: None }));
        if batch.len() == RETRY_BATCH || bytes >= RETRY_BYTES {
            let count = batch.len() as u64;
            retried.add(&store, std::mem::take(&mut batch)).await?;
            bar.inc(count);
            bytes = 0;
        }
    }
    retried.add(&store, batch).await?;
    bar.finish_and_clear();
    store.clean_up().await?;
    store.close().await?;
    let Retried { kept, still_dead, erased } = retried;
    if let Some(id) = missing {
        bail!("there is no dead letter {id}; {kept} were kept, {still_dead} still cannot be read");
    }
    if retry.json {
        return output::print_line(serde_json::to_string(&retried)?);
    }
    output::print_line(format!("{kept} could be read and are kept, {still_dead} still cannot"))?;
    if erased > 0 {
        output::print_line(format!("{erased} are of what was erased, and are dropped"))?;
    }
    Ok(())
}

impl Retried {
    async fn add(&mut self, store: &SqliteStore, letters: Vec<(i64, Arrival)>) -> Result<()> {
        let receipts = store.replace_dead_letters(letters).await.with_context(|| {
            let Self { kept, still_dead, .. } = self;
            format!(
                "{kept} were kept, {still_dead} still cannot be read; retrying again does no harm"
            )
        })?;
        for receipt in receipts.into_iter().flatten() {
            match receipt.disposition {
                Disposition::DeadLetter => self.still_dead += 1,
                Disposition::Erased => self.erased += 1,
                _ => self.kept += 1,
            }
        }
        Ok(())
    }
}
