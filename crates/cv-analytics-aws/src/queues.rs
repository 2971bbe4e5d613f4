//! SQS, reached when it is first needed.

use std::sync::{Arc, OnceLock};

use aws_sdk_sqs::Client;
use aws_types::SdkConfig;

/// The queues of one account and region. The client is made at its first use: most batches of a
/// function need none, and its rules for endpoints cost a start what a whole call costs. Clones
/// share it.
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
}
