//! Runs the store suite on AWS: each case has its own tables and queues, in emulators that all share.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, LazyLock};

use aws_sdk_sqs::types::QueueAttributeName;
use cv_analytics_aws::AwsStore;
use cv_analytics_aws::clients::function_config;
use cv_analytics_aws::queue::clients::Queues;
use cv_analytics_aws::store::AwsSettings;
use cv_analytics_core::store::SharedStore;
use cv_analytics_harness::emulators::moto::MotoServer;
use cv_analytics_store_suite::store_suite;

use crate::on_emulator::emulated_tables;

/// It ends with the tests' process.
static QUEUES: LazyLock<MotoServer> = LazyLock::new(|| MotoServer::start().unwrap());

async fn open(case: &str) -> (SharedStore, ()) {
    let config = function_config(|name| match name {
        "AWS_ENDPOINT_URL" => Some(QUEUES.endpoint_url()),
        "AWS_REGION" => Some("eu-west-2".to_owned()),
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("test".to_owned()),
        _ => None,
    });
    let queues = Queues::new(config.unwrap());
    let create = async |ending: &str| {
        // SQS takes 80 characters at most.
        let name = format!("{}-{ending}.fifo", case.get(..40).unwrap_or(case));
        let call = queues.client().create_queue().queue_name(name);
        let call = call.attributes(QueueAttributeName::FifoQueue, "true");
        call.send().await.unwrap().queue_url
    };
    let settings = AwsSettings {
        events_queue: create("events").await,
        dead_letter_queue: create("dlq").await,
        session_key: None,
    };
    (Arc::new(AwsStore::new(emulated_tables::store(), queues, settings)), ())
}

store_suite!(open);
