//! The AWS SDK for Rust against a server of cv-analytics: the endpoint is set, nothing else.

use std::env;
use std::fs;

use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::operation::send_message::SendMessageOutput;
use aws_sdk_sqs::types::{QueueAttributeName, SendMessageBatchRequestEntry};
use aws_sdk_sqs::{Client, Config};
use serde_json::json;

fn variable(name: &str) -> String {
    env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: `cargo xtask test` runs this suite"))
}

fn queue_url() -> String {
    variable("AWS_SQS_URL")
}

fn client_with(access_key_id: &str, secret_access_key: &str) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(variable("AWS_REGION")))
        .endpoint_url(variable("AWS_ENDPOINT_URL"))
        .credentials_provider(Credentials::new(
            access_key_id,
            secret_access_key,
            None,
            None,
            "environment",
        ))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    Client::from_conf(config)
}

fn client() -> Client {
    client_with(&variable("AWS_ACCESS_KEY_ID"), &variable("AWS_SECRET_ACCESS_KEY"))
}

fn query_event(request_id: &str, text: &str) -> String {
    json!({"eventType": "query", "requestId": request_id, "timestamp": 1_763_000_000_000_u64, "query": text})
        .to_string()
}

async fn send(body: &str, deduplication_id: Option<&str>) -> SendMessageOutput {
    client()
        .send_message()
        .queue_url(queue_url())
        .message_group_id("sdk")
        .message_body(body)
        .set_message_deduplication_id(deduplication_id.map(ToOwned::to_owned))
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn the_queue_is_found_by_its_name() {
    let answer = client().get_queue_url().queue_name("cv-analytics-events.fifo").send().await;
    assert_eq!(answer.unwrap().queue_url(), Some(queue_url().as_str()));
}

#[tokio::test]
async fn attributes_are_those_of_a_fifo_queue() {
    let answer = client()
        .get_queue_attributes()
        .queue_url(queue_url())
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
    let body = query_event("by-id", "Do you know Rust?");
    let first = send(&body, Some("by-id:query")).await;
    assert_eq!(first.md5_of_message_body().unwrap(), md5(&body));
    assert_eq!(first.sequence_number().unwrap().len(), 20);
    let again = send(&query_event("by-id", "another body"), Some("by-id:query")).await;
    assert_eq!(again.message_id(), first.message_id());
    assert_eq!(again.sequence_number(), first.sequence_number());
}

#[tokio::test]
async fn a_message_without_an_id_is_deduplicated_by_its_content() {
    let body = query_event("by-content", "Do you know Rust?");
    let first = send(&body, None).await;
    assert_eq!(send(&body, None).await.message_id(), first.message_id());
    let other = send(&query_event("by-content", "other"), None).await;
    assert_ne!(other.message_id(), first.message_id());
}

#[tokio::test]
async fn a_batch_takes_what_is_right_and_names_what_is_wrong() {
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
    let answer = client()
        .send_message_batch()
        .queue_url(queue_url())
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
    let file = fs::read_to_string(variable("QUESTIONS_FILE")).unwrap();
    let questions: Vec<String> = serde_json::from_str(&file).unwrap();
    for (index, text) in questions.iter().enumerate() {
        let request_id = format!("question-{index}");
        let body = query_event(&request_id, text);
        let answer = send(&body, Some(&format!("{request_id}:query"))).await;
        assert_eq!(answer.md5_of_message_body().unwrap(), md5(&body));
    }
}

#[tokio::test]
async fn an_unknown_queue_is_the_sdks_own_error() {
    let answer = client().get_queue_url().queue_name("other.fifo").send().await;
    assert!(answer.unwrap_err().into_service_error().is_queue_does_not_exist());
    let answer = client()
        .send_message()
        .queue_url(queue_url().replace("events", "other"))
        .message_group_id("sdk")
        .message_body("{}")
        .send()
        .await;
    assert!(answer.unwrap_err().into_service_error().is_queue_does_not_exist());
}

#[tokio::test]
async fn a_wrong_secret_and_an_unknown_key_are_the_same_error() {
    for access_key_id in [variable("AWS_ACCESS_KEY_ID"), "AKIAUNKNOWN".to_owned()] {
        let answer = client_with(&access_key_id, "wrong")
            .send_message()
            .queue_url(queue_url())
            .message_group_id("sdk")
            .message_body("{}")
            .send()
            .await;
        let error = answer.unwrap_err();
        assert_eq!(error.code(), Some("SignatureDoesNotMatch"));
        assert_eq!(error.raw_response().unwrap().status().as_u16(), 403);
    }
}

fn md5(text: &str) -> String {
    format!("{:x}", md5::compute(text))
}
