//! Dead letters of a SQLite file, for the dashboard.

use cv_analytics_core::intake::Intake;
use cv_analytics_core::store::{Arrival, Disposition};
use cv_analytics_dashboard::dead_letters::{DeadLetterError, DeadLetters, Entry, Listed, Retried};
use cv_analytics_sqlite::SqliteStore;

use crate::clock::now;

/// The letters, and the intake that reads them again.
pub(crate) struct LettersInSqlite {
    pub(crate) store: SqliteStore,
    pub(crate) intake: Intake,
}

impl DeadLetters for LettersInSqlite {
    async fn list(&self, limit: usize) -> Result<Listed, DeadLetterError> {
        let entries = self.store.dead_letters(limit).await?;
        let more = self.count().await?.saturating_sub(entries.len() as u64);
        let entries = entries.into_iter().map(|entry| Entry {
            id: entry.id.to_string(),
            reason: Some(entry.reason.code().to_owned()),
            detail: entry.detail,
            arrived_at: entry.arrived_at,
            bytes: entry.size,
        });
        Ok(Listed { entries: entries.collect(), more })
    }

    async fn count(&self) -> Result<u64, DeadLetterError> {
        Ok(self.store.counts().await?.dead_letters)
    }

    async fn letter(&self, id: &str) -> Result<Option<(Entry, Vec<u8>)>, DeadLetterError> {
        let Ok(number) = id.parse() else { return Ok(None) };
        let letter = self.store.dead_letter(number).await?;
        Ok(letter.map(|letter| {
            let entry = Entry {
                id: number.to_string(),
                reason: Some(letter.reason.code().to_owned()),
                detail: letter.detail,
                arrived_at: letter.arrived_at,
                bytes: letter.body.len() as u64,
            };
            (entry, letter.body)
        }))
    }

    async fn retry(&self, id: &str) -> Result<Retried, DeadLetterError> {
        let Ok(number) = id.parse() else { return Ok(Retried::NotThere) };
        let Some(letter) = self.store.dead_letter(number).await? else {
            return Ok(Retried::NotThere);
        };
        let content = self.intake.read(&letter.body, letter.arrived_at);
        let arrival = Arrival { content, arrived_at: now(), deduplication_id: None };
        let receipt = self.store.replace_dead_letter(number, arrival).await?;
        self.store.clean_up().await?;
        Ok(match receipt.map(|receipt| receipt.disposition) {
            None => Retried::NotThere,
            Some(Disposition::DeadLetter) => Retried::StillDead,
            Some(Disposition::Erased) => Retried::Erased,
            Some(_) => Retried::Kept,
        })
    }

    async fn drop_letter(&self, id: &str) -> Result<bool, DeadLetterError> {
        let Ok(number) = id.parse() else { return Ok(false) };
        Ok(self.store.drop_dead_letters(vec![number]).await?.is_empty())
    }
}
