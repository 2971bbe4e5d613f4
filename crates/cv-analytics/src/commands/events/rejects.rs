//! Where an import puts what cannot be read: SQLite's own dead letters, or the dead-letter queue.

use anyhow::{Context, Result, bail};
use cv_analytics_aws::queue::dead_letters::DeadLetterQueue;
use cv_analytics_core::dead_letter::DeadLetter;
use sha2::{Digest, Sha256};

use crate::install::store::InstallationStore;

/// Takes what cannot be read.
pub(crate) enum SetAside {
    /// The store keeps it among the rest.
    Store,
    /// It is sent to the queue.
    Queue(Box<DeadLetterQueue>),
    /// There is no place for it.
    Nowhere,
}

/// What became of a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aside {
    /// It goes to the store with the events.
    ForTheStore,
    /// It is durable in the queue.
    InTheQueue,
}

impl SetAside {
    /// The place that belongs to `store`.
    pub(crate) fn of(store: &InstallationStore) -> Self {
        match store {
            InstallationStore::Sqlite(_) => Self::Store,
            InstallationStore::DynamoDb(aws) => match aws.named_dead_letter_queue() {
                Some(queue) => Self::Queue(Box::new(queue)),
                None => Self::Nowhere,
            },
        }
    }

    /// Takes a letter.
    ///
    /// # Errors
    /// It has no place but in the file that it came from.
    pub(crate) async fn take(&self, letter: &DeadLetter) -> Result<Aside> {
        let queue = match self {
            Self::Store => return Ok(Aside::ForTheStore),
            Self::Queue(queue) => queue,
            Self::Nowhere => {
                bail!("set DEAD_LETTER_QUEUE_URL, and it goes to the dead-letter queue")
            }
        };
        if std::str::from_utf8(&letter.body).is_err() {
            bail!("it is not UTF-8, which a queue cannot carry");
        }
        // The same entry has the same id, so that it is one letter however often it is imported. It is not
        // noted in the table, where a week's deliveries are counted.
        let digest = hex::encode(Sha256::digest(&letter.body));
        let id = format!("import-{}", digest.get(..32).unwrap_or(&digest));
        let source = format!("{id}:{}", letter.arrived_at.as_millis());
        queue
            .send(&id, &source, letter)
            .await
            .context("it could not be sent to the dead-letter queue")?;
        Ok(Aside::InTheQueue)
    }
}
