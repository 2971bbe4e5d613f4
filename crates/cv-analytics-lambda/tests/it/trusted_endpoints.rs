//! Tables behind TLS with a private authority: `AWS_CA_BUNDLE` decides.

use cv_analytics_harness::emulators::tls_front::TlsFront;
use cv_analytics_harness::lambda::LambdaRuntime;
use serde_json::json;

use crate::emulated_aws::{EmulatedAws, QUERY_EVENTS};
use crate::hostile_deliveries::{no_failures, query, record};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_of_a_private_authority_is_trusted_where_a_bundle_names_it_alone() {
    let aws = EmulatedAws::start(crate::functions()).await;
    let front = TlsFront::before(aws.dynoxide.authority()).unwrap();
    let function = aws.processor().variable("AWS_ENDPOINT_URL_DYNAMODB", &front.url);
    let event = json!({"Records": [record("1", &query("r"))]});

    let mut stranger = LambdaRuntime::start(&function).unwrap();
    let invocation = stranger.invoke(&event).unwrap();
    assert_eq!(
        invocation.response().unwrap(),
        &json!({"batchItemFailures": [{"itemIdentifier": "1"}]})
    );
    assert!(aws.items(QUERY_EVENTS).await.is_empty());

    let bundle = front.ca_bundle().to_str().unwrap();
    let mut trusting = LambdaRuntime::start(&function.variable("AWS_CA_BUNDLE", bundle)).unwrap();
    assert_eq!(trusting.invoke(&event).unwrap().response().unwrap(), &no_failures());
    assert!(aws.items(QUERY_EVENTS).await.contains_key("r"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bundle_that_cannot_be_read_ends_the_start_with_a_sentence() {
    let aws = EmulatedAws::start(crate::functions()).await;
    let function = aws.processor().variable("AWS_CA_BUNDLE", "/no/such/bundle.pem");
    let error = LambdaRuntime::start(&function).unwrap_err().to_string();
    assert!(error.contains("invalid AWS_CA_BUNDLE /no/such/bundle.pem: cannot read it"), "{error}");
}
