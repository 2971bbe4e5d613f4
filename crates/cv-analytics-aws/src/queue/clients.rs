//! SQS, reached when it is first needed.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_types::SdkConfig;

use crate::queue::error::QueueError;

/// The queues of one account and region. The client is made at its first use: most batches of a function need none, and
/// its rules for endpoints cost a start what a whole call costs. Clones share it.
#[derive(Clone, Debug)]
pub struct Queues {
    sdk: SdkConfig,
    client: Arc<OnceLock<Client>>,
}

impl Queues {
    /// The queues that `sdk` reaches.
    pub fn new(sdk: SdkConfig) -> Self {
        Self { sdk, client: Arc::default() }
    }

    /// The client.
    pub fn client(&self) -> &Client {
        self.client.get_or_init(|| Client::new(&self.sdk))
    }

    /// Keeps a received message of the queue at `url` out of sight for `wait` from now on.
    ///
    /// # Errors
    /// [`QueueError`]: the queue's own visibility timeout holds.
    pub async fn change_visibility(
        &self,
        url: &str,
        receipt_handle: &str,
        wait: Duration,
    ) -> Result<(), QueueError> {
        self.client()
            .change_message_visibility()
            .queue_url(url)
            .receipt_handle(receipt_handle)
            .visibility_timeout(i32::try_from(wait.as_secs()).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(|error| QueueError::from_sdk(url, "ChangeMessageVisibility", error))?;
        Ok(())
    }

    /// Sends a message to the FIFO queue at `url`, as the agent does.
    ///
    /// # Errors
    /// [`QueueError`]: the message is not in the queue, or its answer got lost.
    pub async fn send(
        &self,
        url: &str,
        group: &str,
        deduplication_id: &str,
        body: &str,
    ) -> Result<(), QueueError> {
        self.client()
            .send_message()
            .queue_url(url)
            .message_group_id(group)
            .message_deduplication_id(deduplication_id)
            .message_body(body)
            .send()
            .await
            .map_err(|error| QueueError::from_sdk(url, "SendMessage", error))?;
        Ok(())
    }
}
