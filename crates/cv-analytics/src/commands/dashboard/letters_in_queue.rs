//! Dead letters of the dead-letter queue, for the dashboard.

use cv_analytics_aws::queue::receiver::{DeadLetterShelf, ShelfEntry, ShelvedLetter};
use cv_analytics_dashboard::dead_letters::{DeadLetterError, DeadLetters, Entry, Listed, Retried};
use tokio::sync::Mutex;

use crate::commands::dead_letters::send_letter_again;
use crate::install::aws::AwsInstallation;

/// The queue, gone through by one page at a time: what is looked at is hidden from others.
pub(crate) struct LettersInQueue {
    aws: AwsInstallation,
    turn: Mutex<()>,
}

impl LettersInQueue {
    pub(crate) fn new(aws: AwsInstallation) -> Self {
        Self { aws, turn: Mutex::new(()) }
    }

    async fn shelf(&self) -> Result<DeadLetterShelf, DeadLetterError> {
        let queue = self.aws.dead_letter_queue().await;
        Ok(DeadLetterShelf::new(queue.map_err(|error| format!("{error:#}"))?))
    }

    async fn send_again(
        &self,
        letters: &mut DeadLetterShelf,
        id: &str,
    ) -> Result<bool, DeadLetterError> {
        let url = self.aws.events_queue_url().await.map_err(|error| format!("{error:#}"))?;
        let found = with_id(letters, id).await?;
        for letter in &found {
            send_letter_again(letters, letter, &url).await?;
        }
        Ok(!found.is_empty())
    }
}

/// Every letter that has this id: several messages may.
async fn with_id(
    letters: &mut DeadLetterShelf,
    id: &str,
) -> Result<Vec<ShelvedLetter>, DeadLetterError> {
    let mut found = Vec::new();
    loop {
        let page = letters.next_page().await?;
        if page.is_empty() {
            return Ok(found);
        }
        found.extend(page.into_iter().filter(|letter| letter.id == id));
    }
}

async fn delete(letters: &mut DeadLetterShelf, id: &str) -> Result<bool, DeadLetterError> {
    let found = with_id(letters, id).await?;
    for letter in &found {
        letters.delete(letter).await?;
    }
    Ok(!found.is_empty())
}

fn entry(letter: ShelfEntry) -> Entry {
    let ShelfEntry { id, reason, detail, arrived_at, bytes } = letter;
    Entry { id, reason, detail: detail.unwrap_or_default(), arrived_at, bytes: bytes as u64 }
}

impl DeadLetters for LettersInQueue {
    async fn list(&self, limit: usize) -> Result<Listed, DeadLetterError> {
        let _turn = self.turn.lock().await;
        let mut letters = self.shelf().await?;
        let listed = letters.list().await;
        letters.release().await;
        let (entries, behind) = listed?;
        let more = entries.len().saturating_sub(limit) as u64 + behind;
        Ok(Listed { entries: entries.into_iter().take(limit).map(entry).collect(), more })
    }

    async fn count(&self) -> Result<u64, DeadLetterError> {
        // Nothing is hidden by a look that has not begun: these are all that the queue holds.
        Ok(self.shelf().await?.behind().await?)
    }

    async fn letter(&self, id: &str) -> Result<Option<(Entry, Vec<u8>)>, DeadLetterError> {
        let _turn = self.turn.lock().await;
        let mut letters = self.shelf().await?;
        let found = with_id(&mut letters, id).await;
        letters.release().await;
        let first = found?.into_iter().next();
        Ok(first.map(|letter| {
            let body = letter.body.clone().into_bytes();
            (entry(letter.into()), body)
        }))
    }

    async fn retry(&self, id: &str) -> Result<Retried, DeadLetterError> {
        let _turn = self.turn.lock().await;
        let mut letters = self.shelf().await?;
        let sent = self.send_again(&mut letters, id).await;
        letters.release().await;
        Ok(if sent? { Retried::Sent } else { Retried::NotThere })
    }

    async fn drop_letter(&self, id: &str) -> Result<bool, DeadLetterError> {
        let _turn = self.turn.lock().await;
        let mut letters = self.shelf().await?;
        let dropped = delete(&mut letters, id).await;
        letters.release().await;
        dropped
    }
}
