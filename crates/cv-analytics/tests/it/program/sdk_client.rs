//! The AWS SDK for Rust against a server: the endpoint is set, nothing else.

use std::path::Path;
use std::process::Command;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::operation::send_message::SendMessageOutput;
use aws_sdk_sqs::types::{QueueAttributeName, SendMessageBatchRequestEntry};
use cv_analytics_aws::clients::function_config;
use cv_analytics_harness::server_process::{CredentialsFile, ServerProcess, serve_command};
use md5::{Digest, Md5};
use serde_json::{Value, json};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_cv-analytics");

/// A server, and what a client of it has to know.
struct Queue {
    server: ServerProcess,
    data: TempDir,
}

impl Queue {
    fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut command = serve_command(Path::new(PROGRAM), data.path());
        let server = ServerProcess::start(&mut command, &data.path().join("server.log")).unwrap();
        Self { server, data }
    }

    fn credential(&self, name: &str) -> String {
        CredentialsFile::read(self.data.path()).unwrap().value(name).unwrap().to_owned()
    }

    fn url(&self) -> String {
        self.credential("AWS_SQS_URL")
    }

    fn client(&self) -> Client {
        self.client_with(|name| self.credential(name))
    }

    fn client_with(&self, credential: impl Fn(&str) -> String) -> Client {
        let config = function_config(|name| match name {
            "AWS_ENDPOINT_URL" => Some(format!("http://{}", self.server.authority)),
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" | "AWS_REGION" => Some(credential(name)),
            _ => None,
        });
        Client::new(&config.unwrap())
    }

    async fn send(&self, body: &str, deduplication_id: Option<&str>) -> SendMessageOutput {
        let message = self.client().send_message().queue_url(self.url()).message_group_id("sdk");
        let message = message
            .message_body(body)
            .set_message_deduplication_id(deduplication_id.map(ToOwned::to_owned));
        message.send().await.unwrap()
    }
}

fn query_event(request_id: &str, text: &str) -> String {
    json!({"eventType": "query", "requestId": request_id, "timestamp": 1_763_000_000_000_u64, "query": text})
        .to_string()
}

fn md5(text: &str) -> String {
    hex::encode(Md5::digest(text))
}

#[tokio::test]
async fn the_queue_is_found_by_its_name() {
    let queue = Queue::start();
    let answer = queue.client().get_queue_url().queue_name("cv-analytics-events.fifo").send().await;
    assert_eq!(answer.unwrap().queue_url(), Some(queue.url().as_str()));
}

#[tokio::test]
async fn attributes_are_those_of_a_fifo_queue() {
    let queue = Queue::start();
    let answer = queue
        .client()
        .get_queue_attributes()
        .queue_url(queue.url())
        .attribute_names(QueueAttributeName::All)
        .send()
        .await
        .unwrap();
    let attributes = answer.attributes().unwrap();
    assert_eq!(attributes[&QueueAttributeName::FifoQueue], "true");
    assert_eq!(attributes[&QueueAttributeName::ContentBasedDeduplication], "true");
}

#[tokio::test]
async fn a_message_with_an_id_is_deduplicated_by_it() {
    let queue = Queue::start();
    let body = query_event("by-id", "Do you know Rust?");
    let first = queue.send(&body, Some("by-id:query")).await;
    assert_eq!(first.md5_of_message_body().unwrap(), md5(&body));
    assert_eq!(first.sequence_number().unwrap().len(), 20);
    let again = queue.send(&query_event("by-id", "another body"), Some("by-id:query")).await;
    assert_eq!(again.message_id(), first.message_id());
    assert_eq!(again.sequence_number(), first.sequence_number());
}

#[tokio::test]
async fn a_message_without_an_id_is_deduplicated_by_its_content() {
    let queue = Queue::start();
    let body = query_event("by-content", "Do you know Rust?");
    let first = queue.send(&body, None).await;
    assert_eq!(queue.send(&body, None).await.message_id(), first.message_id());
    let other = queue.send(&query_event("by-content", "other"), None).await;
    assert_ne!(other.message_id(), first.message_id());
}

#[tokio::test]
async fn a_batch_takes_what_is_right_and_names_what_is_wrong() {
    let queue = Queue::start();
    let entry = |id: &str, body: &str| {
        SendMessageBatchRequestEntry::builder()
            .id(id)
            .message_body(body)
            .message_group_id(id)
            .build()
            .unwrap()
    };
    let right = (0..9).map(|index| {
        entry(&format!("entry-{index}"), &query_event(&format!("batch-{index}"), "Do you know Go?"))
    });
    let answer = queue
        .client()
        .send_message_batch()
        .queue_url(queue.url())
        .set_entries(Some(right.chain([entry("wrong", "\u{fffe}")]).collect()))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.successful().len(), 9);
    let failed: Vec<_> = answer.failed().iter().map(|entry| (entry.id(), entry.code())).collect();
    assert_eq!(failed, [("wrong", "InvalidMessageContents")]);
}

#[tokio::test]
async fn questions_arrive_letter_by_letter() {
    let queue = Queue::start();
    let questions = include_str!("../../../../../tests/clients/questions.json");
    let questions: Vec<String> = serde_json::from_str(questions).unwrap();
    for (index, text) in questions.iter().enumerate() {
        let request_id = format!("question-{index}");
        let body = query_event(&request_id, text);
        let answer = queue.send(&body, Some(&format!("{request_id}:query"))).await;
        assert_eq!(answer.md5_of_message_body().unwrap(), md5(&body));
    }
    queue.server.stop().unwrap();
    let mut export = Command::new(PROGRAM);
    export.env_clear().args(["events", "export", "--data"]).arg(queue.data.path());
    let export = export.output().unwrap();
    let kept = export.stdout.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    let kept = kept.map(|line| serde_json::from_slice::<Value>(line).unwrap()["query"].clone());
    let mut kept: Vec<_> = kept.map(|text| text.as_str().unwrap().to_owned()).collect();
    kept.sort();
    let mut sent = questions;
    sent.sort();
    assert_eq!(kept, sent);
}

#[tokio::test]
async fn an_unknown_queue_is_the_sdks_own_error() {
    let queue = Queue::start();
    let answer = queue.client().get_queue_url().queue_name("other.fifo").send().await;
    assert!(answer.unwrap_err().into_service_error().is_queue_does_not_exist());
    let answer = queue
        .client()
        .send_message()
        .queue_url(queue.url().replace("events", "other"))
        .message_group_id("sdk")
        .message_body("{}")
        .send()
        .await;
    assert!(answer.unwrap_err().into_service_error().is_queue_does_not_exist());
}

#[tokio::test]
async fn a_wrong_secret_and_an_unknown_key_are_the_same_error() {
    let queue = Queue::start();
    for access_key_id in [queue.credential("AWS_ACCESS_KEY_ID"), "AKIAUNKNOWN".to_owned()] {
        let client = queue.client_with(|name| match name {
            "AWS_ACCESS_KEY_ID" => access_key_id.clone(),
            "AWS_SECRET_ACCESS_KEY" => "wrong".to_owned(),
            _ => queue.credential(name),
        });
        let answer = client
            .send_message()
            .queue_url(queue.url())
            .message_group_id("sdk")
            .message_body("{}")
            .send()
            .await;
        let error = answer.unwrap_err();
        assert_eq!(error.code(), Some("SignatureDoesNotMatch"));
        assert_eq!(error.raw_response().unwrap().status().as_u16(), 403);
    }
}
