//! The queue that `events send` sends to, and with whose keys.

use anyhow::{Context, Result};
#[cfg(feature = "aws")]
use cv_analytics_aws::queue::clients::Queues;

use super::Send;
use crate::install::Installation;
#[cfg(feature = "aws")]
use crate::install::aws;
use crate::install::data_folder::StoredCredentials;
use crate::queue_client::{Message, QueueClient, Sent};

impl Send {
    fn credentials(&self, installation: &Installation) -> Result<StoredCredentials> {
        let kept = installation.folder().credentials()?;
        let take = |given: &Option<String>, name: &str, kept: Option<&String>| {
            given.clone().or_else(|| kept.cloned()).with_context(|| {
                format!("missing {name}: set the variable, or name the data folder of a server with --data")
            })
        };
        // Keys go with their queue: those of the data folder are never sent to another one.
        let kept = kept
            .as_ref()
            .filter(|kept| self.queue_url.as_ref().is_none_or(|url| *url == kept.queue_url));
        let own = self.queue_url.is_some() && kept.is_none();
        let (id, secret) = if own || kept.is_none() {
            (self.access_key_id.clone(), self.secret_access_key.clone())
        } else {
            (None, None)
        };
        Ok(StoredCredentials {
            access_key_id: take(&id, "AWS_ACCESS_KEY_ID", kept.map(|kept| &kept.access_key_id))?,
            secret_access_key: take(
                &secret,
                "AWS_SECRET_ACCESS_KEY",
                kept.map(|kept| &kept.secret_access_key),
            )?,
            region: kept
                .map(|kept| kept.region.clone())
                .or_else(|| self.region.clone())
                .unwrap_or_else(|| "eu-west-2".to_owned()),
            queue_url: take(&self.queue_url, "AWS_SQS_URL", kept.map(|kept| &kept.queue_url))?,
            token: String::new(),
        })
    }
}

/// Where `events send` sends to.
pub(super) enum EventsQueue {
    /// With the keys of an agent.
    AsAgent(QueueClient),
    /// With whatever the AWS CLI would sign with; the SDK tries passing failures again.
    #[cfg(feature = "aws")]
    OnAws { queues: Box<Queues>, url: String },
}

impl EventsQueue {
    pub(super) async fn of(installation: &Installation, options: &Send) -> Result<Self> {
        #[cfg(feature = "aws")]
        if installation.is_on_aws() {
            let aws = aws::open().await?;
            let url = match &options.queue_url {
                Some(url) => url.clone(),
                None => aws.events_queue_url().await?,
            };
            return Ok(Self::OnAws { queues: Box::new(aws.queues().clone()), url });
        }
        Ok(Self::AsAgent(QueueClient::new(options.credentials(installation)?)?))
    }

    pub(super) async fn send(&self, message: &Message) -> Result<Sent> {
        match self {
            Self::AsAgent(client) => client.send(message).await,
            #[cfg(feature = "aws")]
            Self::OnAws { queues, url } => {
                let Message { body, group_id, deduplication_id } = message;
                match queues.send(url, group_id, deduplication_id, body).await {
                    Ok(()) => Ok(Sent::Acknowledged),
                    Err(error) if error.is_about_the_message() => {
                        Ok(Sent::Refused(error.to_string()))
                    }
                    Err(error) => Err(error.into()),
                }
            }
        }
    }
}
