//! Dead letters of the dead-letter queue, for the dashboard.

use cv_analytics_aws::dead_letter_shelf::{DeadLetterShelf, ShelvedLetter};
use cv_analytics_dashboard::dead_letters::{DeadLetterError, DeadLetters, Entry, Listed, Retried};
use rand::RngExt;
use tokio::sync::Mutex;

use crate::aws_installation::AwsInstallation;
use crate::events::queue_text;

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
            let group = queue_text(&letter.body, ["requestId", "correlationId"], 119);
            let group = group.unwrap_or_else(|| letter.id.clone());
            let fresh = hex::encode(rand::rng().random::<[u8; 16]>());
            letters.send_again(letter, &url, &group, &fresh).await?;
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

fn entry(letter: &ShelvedLetter) -> Entry {
    Entry {
        id: letter.id.clone(),
        reason: letter.reason.clone(),
        detail: letter.detail.clone().unwrap_or_default(),
        arrived_at: letter.arrived_at,
        bytes: letter.body.len() as u64,
    }
}

impl DeadLetters for LettersInQueue {
    async fn list(&self, limit: usize) -> Result<Listed, DeadLetterError> {
        let _turn = self.turn.lock().await;
        let mut letters = self.shelf().await?;
        let listed: Result<Listed, DeadLetterError> = async {
            let mut entries = Vec::new();
            loop {
                let page = letters.next_page().await?;
                if page.is_empty() {
                    break;
                }
                entries.extend(page.iter().map(entry));
            }
            let behind = letters.behind().await?;
            entries.sort_by(|one: &Entry, other| {
                (other.arrived_at, &other.id).cmp(&(one.arrived_at, &one.id))
            });
            let more = entries.len().saturating_sub(limit) as u64 + behind;
            entries.truncate(limit);
            Ok(Listed { entries, more })
        }
        .await;
        letters.release().await;
        listed
    }

    async fn letter(&self, id: &str) -> Result<Option<(Entry, Vec<u8>)>, DeadLetterError> {
        let _turn = self.turn.lock().await;
        let mut letters = self.shelf().await?;
        let found = with_id(&mut letters, id).await;
        letters.release().await;
        let first = found?.into_iter().next();
        Ok(first.map(|letter| (entry(&letter), letter.body.into_bytes())))
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
