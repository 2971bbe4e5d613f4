//! The intake of the self-hosted server, as its dashboard connects agents to it.

use std::time::Duration;

use anyhow::Result;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_dashboard::agent_connection::{
    AgentConnection, Attempt, Refused, Sending, TestQuestion,
};
use cv_analytics_sqlite::SqliteStore;

use crate::clock::now;
use crate::commands::doctor::canary::Canary;
use crate::install::data_folder::{StoredCredentials, queue_url};
use crate::output::with_causes;
use crate::queue_client::{Message, QueueClient};

/// How long a call of a test question may take: a person waits for it.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// The intake, as agents reach it and as this machine does.
pub(crate) struct IntakeHere {
    pub(crate) store: SqliteStore,
    pub(crate) credentials: StoredCredentials,
    /// The server's address on this machine.
    pub(crate) local_url: String,
    /// The file with the credentials, from the root.
    pub(crate) secrets_file: String,
    pub(crate) has_public_address: bool,
}

impl AgentConnection for IntakeHere {
    fn refused_since(&self, moment: Timestamp) -> Refused<'_> {
        Box::pin(self.store.refusals_since(moment))
    }

    fn secrets_file(&self) -> &str {
        &self.secrets_file
    }

    fn has_public_address(&self) -> bool {
        self.has_public_address
    }

    fn secrets(&self) -> [(&'static str, String); 4] {
        self.credentials.of_the_agent().map(|(name, value)| (name, value.to_owned()))
    }

    fn send_test(&self) -> Sending<'_> {
        Box::pin(async move {
            let canary = Canary::new(now());
            let outside = self.attempt(self.credentials.queue_url.clone(), canary.pair()).await;
            let here = queue_url(&self.local_url);
            let inside = if outside.failure.is_some() && here != outside.address {
                Some(self.attempt(here, canary.pair()).await)
            } else {
                None
            };
            TestQuestion { request_id: canary.id().clone(), outside, inside }
        })
    }
}

impl IntakeHere {
    /// Sends the messages to the queue at `address`, signed, each once.
    async fn attempt(&self, address: String, messages: [Message; 2]) -> Attempt {
        let credentials =
            StoredCredentials { queue_url: address.clone(), ..self.credentials.clone() };
        let sent: Result<()> = async {
            let client = QueueClient::within(ANSWER_TIMEOUT, credentials)?;
            for message in &messages {
                client.try_once(message).await??.acknowledged()?;
            }
            Ok(())
        }
        .await;
        Attempt { address, failure: sent.err().map(|error| with_causes(&error)) }
    }
}
