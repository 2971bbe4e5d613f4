//! Queues, tables and a verified sender in emulators, as the templates make them, and the functions.

use std::path::{Path, PathBuf};

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};
use aws_types::SdkConfig;
use cv_analytics_aws::clients::function_config;
use cv_analytics_harness::emulators::dynoxide::DynoxideServer;
use cv_analytics_harness::emulators::moto::MotoServer;
use cv_analytics_harness::emulators::tables;
pub(crate) use cv_analytics_harness::emulators::tables::{ANALYTICS, QUERY_EVENTS};
use cv_analytics_harness::lambda::event_source_mapping::EventSourceMapping;
use cv_analytics_harness::lambda::sqs_client::SqsClient;
use cv_analytics_harness::lambda::{LambdaFunction, LambdaRuntime};
use cv_analytics_harness::signer::AccessKey;

pub(crate) const SENDER: &str = "analytics@example.com";

/// Everything that the templates make, empty.
pub(crate) struct EmulatedAws {
    pub(crate) moto: MotoServer,
    pub(crate) dynoxide: DynoxideServer,
    pub(crate) sqs: aws_sdk_sqs::Client,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) queue_url: String,
    pub(crate) dead_letter_queue_url: String,
    functions: PathBuf,
}

impl EmulatedAws {
    /// Starts everything; the functions' programs lie in the folder `functions`.
    pub(crate) async fn start(functions: &Path) -> Self {
        let moto = MotoServer::start().unwrap();
        let dynoxide = DynoxideServer::start().unwrap();
        let config = config(&moto.endpoint_url(), &dynoxide.endpoint_url());
        let sqs = aws_sdk_sqs::Client::new(&config);
        let dynamodb = aws_sdk_dynamodb::Client::new(&config);
        tables::create(dynoxide.authority(), QUERY_EVENTS, ANALYTICS).unwrap();
        let dead_letter_queue_url = create_queue(&sqs, "cv-analytics-dlq.fifo", &[]).await;
        let arn = sqs
            .get_queue_attributes()
            .queue_url(&dead_letter_queue_url)
            .attribute_names(QueueAttributeName::QueueArn)
            .send()
            .await
            .unwrap()
            .attributes
            .unwrap()
            .remove(&QueueAttributeName::QueueArn)
            .unwrap();
        // Fewer receives than the templates', so that a test reaches the last of them.
        let redrive = format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":"10"}}"#);
        let attributes = [(QueueAttributeName::RedrivePolicy, redrive.as_str())];
        let queue_url = create_queue(&sqs, "cv-analytics-events.fifo", &attributes).await;
        let ses = aws_sdk_sesv2::Client::new(&config);
        ses.create_email_identity().email_identity(SENDER).send().await.unwrap();
        let functions = functions.to_owned();
        Self { moto, dynoxide, sqs, dynamodb, queue_url, dead_letter_queue_url, functions }
    }

    /// The processor as it is deployed.
    pub(crate) fn processor(&self) -> LambdaFunction {
        self.function("cv-analytics-processor", "processor")
            .variable("QUEUE_URL", &self.queue_url)
            .variable("DEAD_LETTER_QUEUE_URL", &self.dead_letter_queue_url)
    }

    /// The reporter as it is deployed, for these recipients.
    pub(crate) fn reporter_function(&self, recipients: &str) -> LambdaFunction {
        self.function("cv-analytics-reporter", "reporter")
            .timeout(std::time::Duration::from_mins(5))
            .variable("DEAD_LETTER_QUEUE_URL", &self.dead_letter_queue_url)
            .variable("SENDER_EMAIL", SENDER)
            .variable("RECIPIENT_EMAIL", recipients)
    }

    /// The same, started.
    pub(crate) fn reporter(&self, recipients: &str) -> LambdaRuntime {
        LambdaRuntime::start(&self.reporter_function(recipients)).unwrap()
    }

    fn function(&self, name: &str, program: &str) -> LambdaFunction {
        LambdaFunction::new(name, &self.functions.join(program))
            .variable("QUERY_EVENTS_TABLE", QUERY_EVENTS)
            .variable("ANALYTICS_TABLE", ANALYTICS)
            .variable("ENVIRONMENT", "test")
            .variable("AWS_ENDPOINT_URL", &self.moto.endpoint_url())
            .variable("AWS_ENDPOINT_URL_DYNAMODB", &self.dynoxide.endpoint_url())
    }

    /// What feeds the queue to `function`.
    pub(crate) fn mapping(&self, function: LambdaFunction) -> EventSourceMapping {
        let key = AccessKey {
            id: "AKIAEMULATED".to_owned(),
            secret: "emulated".to_owned(),
            region: "eu-west-2".to_owned(),
        };
        let client = SqsClient::new(self.moto.authority(), key);
        EventSourceMapping::new(client, &self.queue_url, function).unwrap()
    }

    /// Sends a message as the Worker does, by AWS's own client.
    pub(crate) async fn send(&self, group: &str, deduplication_id: &str, body: &str) {
        self.sqs
            .send_message()
            .queue_url(&self.queue_url)
            .message_group_id(group)
            .message_deduplication_id(deduplication_id)
            .message_body(body)
            .send()
            .await
            .unwrap();
    }

    /// Lets messages that were returned come again at once, unless their visibility is changed.
    pub(crate) async fn deliver_again_at_once(&self) {
        let set = self.sqs.set_queue_attributes().queue_url(&self.queue_url);
        set.attributes(QueueAttributeName::VisibilityTimeout, "0").send().await.unwrap();
    }

    pub(crate) async fn dead_letters(&self) -> Vec<aws_sdk_sqs::types::Message> {
        let mut all = Vec::new();
        loop {
            let some = self
                .sqs
                .receive_message()
                .queue_url(&self.dead_letter_queue_url)
                .max_number_of_messages(10)
                .message_attribute_names("All")
                .message_system_attribute_names(MessageSystemAttributeName::All)
                .send()
                .await
                .unwrap()
                .messages
                .unwrap_or_default();
            if some.is_empty() {
                return all;
            }
            all.extend(some);
        }
    }

    /// The items of a table, by request id; without the key of the session hash.
    pub(crate) async fn items(
        &self,
        table: &str,
    ) -> std::collections::BTreeMap<String, std::collections::HashMap<String, AttributeValue>> {
        let answer = self.dynamodb.scan().table_name(table).send().await.unwrap();
        answer
            .items
            .unwrap_or_default()
            .into_iter()
            .map(|item| (item["requestId"].as_s().unwrap().clone(), item))
            .filter(|(id, _)| id != "cv-analytics:session-key")
            .collect()
    }
}

/// A configuration as a function has it.
pub(crate) fn config(endpoint: &str, dynamodb: &str) -> SdkConfig {
    let config = function_config(|name| {
        Some(match name {
            "AWS_ENDPOINT_URL" => endpoint.to_owned(),
            "AWS_ENDPOINT_URL_DYNAMODB" => dynamodb.to_owned(),
            "AWS_REGION" => "eu-west-2".to_owned(),
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => "emulated".to_owned(),
            _ => return None,
        })
    });
    config.unwrap()
}

async fn create_queue(
    sqs: &aws_sdk_sqs::Client,
    name: &str,
    attributes: &[(QueueAttributeName, &str)],
) -> String {
    let mut create = sqs
        .create_queue()
        .queue_name(name)
        .attributes(QueueAttributeName::FifoQueue, "true")
        .attributes(QueueAttributeName::ContentBasedDeduplication, "true");
    for (attribute, value) in attributes {
        create = create.attributes(attribute.clone(), *value);
    }
    create.send().await.unwrap().queue_url.unwrap()
}
