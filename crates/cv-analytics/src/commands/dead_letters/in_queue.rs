//! Dead letters that the dead-letter queue keeps.

use std::collections::HashSet;

use anyhow::{Context, Result, bail};
use cv_analytics_aws::queue::dead_letters::QueueError;
use cv_analytics_aws::queue::receiver::{DeadLetterShelf, ShelfEntry, ShelvedLetter};
use indicatif::{ProgressBar, ProgressStyle};
use rand::RngExt;
use serde_json::json;

use super::{Chosen, DeadLetters, Drop, List, Retry, Show};
use crate::commands::events::queue_text;
use crate::install::aws::AwsInstallation;
use crate::output;

/// What a letter says where SQS itself moved it.
const MOVED_BY_SQS: &str = "moved by SQS after its last delivery failed";

/// Runs the command.
pub(super) async fn run(aws: &AwsInstallation, command: DeadLetters) -> Result<()> {
    let mut shelf = DeadLetterShelf::new(aws.dead_letter_queue().await?);
    let done = match command {
        DeadLetters::List(list) => show_list(&mut shelf, &list).await,
        DeadLetters::Show(show) => show_one(&mut shelf, &show).await,
        DeadLetters::Retry(retry) => send_again(&mut shelf, aws, &retry).await,
        DeadLetters::Drop(drop) => delete(&mut shelf, &drop).await,
    };
    shelf.release().await;
    done
}

async fn show_list(shelf: &mut DeadLetterShelf, list: &List) -> Result<()> {
    let (entries, behind) = shelf.list().await?;
    if entries.is_empty() && behind == 0 && !list.json {
        return output::print_line("No dead letters: every message could be read.");
    }
    let line = |ShelfEntry { id, reason, detail, arrived_at, bytes }: &ShelfEntry| {
        if list.json {
            json!({"id": id, "reason": reason, "detail": detail, "arrivedAt": arrived_at.to_string(), "bytes": bytes})
                .to_string()
        } else {
            let why = match reason {
                Some(reason) => {
                    let detail = output::plain(detail.as_deref().unwrap_or_default());
                    format!("{}: {detail}", output::plain(reason))
                }
                None => MOVED_BY_SQS.to_owned(),
            };
            // As wide as with milliseconds, which a whole second does not show.
            let arrived_at = arrived_at.to_string();
            format!("{}  {arrived_at:<24}  {bytes:>8} bytes  {why}", output::plain(id))
        }
    };
    let mut lines: String =
        entries.iter().take(list.limit).map(|entry| line(entry) + "\n").collect();
    if entries.len() > list.limit && !list.json {
        let (total, more) = (entries.len(), entries.len() - list.limit);
        lines += &format!("{more} more: --limit {total} shows them\n");
    }
    if behind > 0 {
        eprintln!(
            "{behind} more are behind others of their message group, or being read by somebody else"
        );
    }
    output::print(lines)
}

async fn show_one(shelf: &mut DeadLetterShelf, show: &Show) -> Result<()> {
    let ids = [show.id.clone()];
    let found = find(shelf, &ids).await?;
    let Some(letter) = found.into_iter().flatten().next() else { return Ok(()) };
    if show.json {
        return output::print_line(json!({
            "id": letter.id, "reason": letter.reason, "detail": letter.detail,
            "arrivedAt": letter.arrived_at.to_string(), "body": letter.body,
        }));
    }
    output::print(letter.body)
}

async fn delete(shelf: &mut DeadLetterShelf, drop: &Drop) -> Result<()> {
    let mut dropped = 0_u64;
    let done = for_each(shelf, &drop.chosen, "dropped", async |shelf, letter| {
        shelf.delete(letter).await?;
        dropped += 1;
        Ok(())
    })
    .await;
    done.with_context(|| format!("{dropped} were dropped"))?;
    if drop.json {
        return output::print_line(json!({"dropped": dropped}));
    }
    output::print_line(format!("{dropped} dropped"))
}

async fn send_again(
    shelf: &mut DeadLetterShelf,
    aws: &AwsInstallation,
    retry: &Retry,
) -> Result<()> {
    let url = aws.events_queue_url().await?;
    let mut sent = 0_u64;
    let mut seen = HashSet::new();
    let done = for_each(shelf, &retry.chosen, "sent again", async |shelf, letter| {
        if retry.chosen.all && !seen.insert((letter.id.clone(), letter.body.clone())) {
            // The processor was faster, and could not read it again.
            return Ok(());
        }
        send_letter_again(shelf, letter, &url).await?;
        sent += 1;
        Ok(())
    })
    .await;
    done.with_context(|| format!("{sent} were sent again; retrying again does no harm"))?;
    if retry.json {
        return output::print_line(json!({"sent": sent}));
    }
    output::print_line(format!(
        "{sent} sent to the events queue again; what still cannot be read comes back"
    ))
}

/// Sends a letter to the events queue at `url`, in the group of its request where it names one.
pub(crate) async fn send_letter_again(
    shelf: &mut DeadLetterShelf,
    letter: &ShelvedLetter,
    url: &str,
) -> Result<(), QueueError> {
    let group = queue_text(&letter.body, ["requestId", "correlationId"], 119);
    let group = group.unwrap_or_else(|| letter.id.clone());
    let fresh = hex::encode(rand::rng().random::<[u8; 16]>());
    shelf.send_again(letter, url, &group, &fresh).await
}

/// Does something with each chosen letter. Those that are named are all found before the first is
/// touched.
async fn for_each(
    shelf: &mut DeadLetterShelf,
    chosen: &Chosen,
    done: &str,
    mut act: impl AsyncFnMut(&mut DeadLetterShelf, &ShelvedLetter) -> Result<()>,
) -> Result<()> {
    let bar = ProgressBar::new_spinner();
    bar.set_style(ProgressStyle::with_template(&format!("{{spinner}} {{pos}} letters {done}"))?);
    if chosen.all {
        loop {
            let page = shelf.next_page().await?;
            if page.is_empty() {
                bar.finish_and_clear();
                return Ok(());
            }
            for letter in &page {
                act(shelf, letter).await?;
                bar.inc(1);
            }
        }
    }
    for letter in find(shelf, &chosen.ids).await?.into_iter().flatten() {
        act(shelf, &letter).await?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

/// The letters with these ids, or with the only id that begins so; one message after the other
/// where several carry one id.
async fn find(shelf: &mut DeadLetterShelf, ids: &[String]) -> Result<Vec<Vec<ShelvedLetter>>> {
    let mut candidates: Vec<Vec<ShelvedLetter>> = vec![Vec::new(); ids.len()];
    loop {
        let page = shelf.next_page().await?;
        if page.is_empty() {
            break;
        }
        for letter in page {
            let place = ids.iter().position(|id| *id == letter.id);
            let place = place.or_else(|| ids.iter().position(|id| letter.id.starts_with(id)));
            if let Some(candidates) = place.and_then(|place| candidates.get_mut(place)) {
                candidates.push(letter);
            }
        }
    }
    for (id, found) in ids.iter().zip(&mut candidates) {
        if found.iter().any(|letter| letter.id == *id) {
            found.retain(|letter| letter.id == *id);
        }
        let Some(first) = found.first() else {
            let behind = shelf.behind().await?;
            let hint = if behind == 0 {
                String::new()
            } else {
                format!(
                    " ({behind} are behind others of their message group, or being read by somebody else)"
                )
            };
            bail!(
                "there is no dead letter {id}{hint}; `cv-analytics dead-letters list` names those that there are"
            );
        };
        if let Some(other) = found.iter().find(|letter| letter.id != first.id) {
            bail!("{id} begins {} and {}: write more of it", first.id, other.id);
        }
    }
    Ok(candidates)
}
