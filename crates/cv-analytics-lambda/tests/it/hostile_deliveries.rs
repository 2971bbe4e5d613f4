//! What a queue, a network or a stranger can hand over.

use cv_analytics_aws::{DynamoDbStore, TableNames, Tables};
use cv_analytics_core::event::{RequestId, SessionId};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_harness::emulators::tables;
use cv_analytics_harness::lambda::{LambdaRuntime, Outcome};
use serde_json::{Value, json};

use crate::emulated_aws::{ANALYTICS, EmulatedAws, QUERY_EVENTS};

/// A message in the group of its own request, where it has one.
pub(crate) fn record(id: &str, body: &Value) -> Value {
    let group = body.get("requestId").and_then(Value::as_str).unwrap_or("g");
    let body = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
    json!({"messageId": id, "receiptHandle": id, "body": body, "eventSource": "aws:sqs",
           "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1763000000000", "MessageGroupId": group}})
}

pub(crate) fn query(id: &str) -> Value {
    json!({"eventType": "query", "requestId": id, "timestamp": 1_763_000_000_000_i64, "query": "Rust?"})
}

pub(crate) fn response(id: &str) -> Value {
    json!({"eventType": "response", "requestId": id, "timestamp": 1_763_000_001_000_i64, "matchType": "full"})
}

pub(crate) fn no_failures() -> Value {
    json!({"batchItemFailures": []})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_of_every_kind() {
    let aws = EmulatedAws::start(crate::functions()).await;
    let mut processor = LambdaRuntime::start(&aws.processor()).unwrap();
    let mut answer = |event: Value| processor.invoke(&event).unwrap().outcome;

    assert_eq!(answer(json!({"Records": []})), Outcome::Response(no_failures()));
    for (event, words) in [
        (json!({"hello": "world"}), "missing `Records`"),
        (json!({"Records": [{"EventSource": "aws:sns", "Sns": {}}]}), "not SQS"),
        (json!({"Records": [{"eventSource": "aws:sqs", "body": "{}"}]}), "missing `messageId`"),
    ] {
        match answer(event) {
            Outcome::Error { kind, message } => {
                assert_eq!(kind, "DeliveryNotUnderstood");
                assert!(message.contains(words), "{message}");
            }
            other => panic!("{other:?}"),
        }
    }

    // Both halves in one batch in either order, the same message twice, other groups.
    let mut records = vec![
        record("1", &query("in-order")),
        record("2", &response("in-order")),
        record("3", &response("reversed")),
        record("4", &query("reversed")),
        record("5", &query("twice")),
        record("5", &query("twice")),
    ];
    records.extend(
        (6..10).map(|number| record(&number.to_string(), &query(&format!("group-{number}")))),
    );
    assert_eq!(answer(json!({ "Records": records })), Outcome::Response(no_failures()));
    let items = aws.items(ANALYTICS).await;
    assert_eq!(items.keys().collect::<Vec<_>>(), ["in-order", "reversed"]);
    assert_eq!(aws.items(QUERY_EVENTS).await.len(), 5);

    // Ten groups.
    let records: Vec<Value> = (10..20)
        .map(|number| record(&number.to_string(), &response(&format!("group-{number}"))))
        .collect();
    assert_eq!(answer(json!({ "Records": records })), Outcome::Response(no_failures()));
    assert_eq!(aws.items(QUERY_EVENTS).await.len(), 15);

    // What cannot be read goes aside with its reason and holds up nobody.
    let records = [
        record("a", &json!("{")),
        record("b", &json!({"eventType": "query"})),
        record("c", &json!({"eventType": "party", "requestId": "r", "timestamp": 1})),
        record("d", &response("group-6")),
        json!({"messageId": "e", "eventSource": "aws:sqs", "body": null}),
    ];
    assert_eq!(answer(json!({ "Records": records })), Outcome::Response(no_failures()));
    let mut reasons: Vec<String> = aws
        .dead_letters()
        .await
        .iter()
        .map(|letter| {
            let attributes = letter.message_attributes().unwrap();
            let text = |name: &str| attributes[name].string_value().unwrap().to_owned();
            format!("{} {}", text("deadLetterId"), text("reason"))
        })
        .collect();
    reasons.sort();
    assert_eq!(reasons, ["a not_json", "b missing_field", "c unknown_event_type", "e not_json"]);
    assert!(aws.items(ANALYTICS).await.contains_key("group-6"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_of_what_was_erased_goes_nowhere() {
    let aws = EmulatedAws::start(crate::functions()).await;
    let tables = Tables::new(aws.dynamodb.clone(), TableNames::default());
    let store = DynamoDbStore::new(tables, || Timestamp::from_millis(1_763_000_000_000));
    store.forget_request(&RequestId::new("gone").unwrap()).await.unwrap();
    let session = SessionId::from_store("raw".to_owned());
    store.mark_sessions(&std::collections::BTreeSet::from([session.mark()])).await.unwrap();
    let mut processor = LambdaRuntime::start(&aws.processor()).unwrap();
    let mut named_by_its_group = record("d", &json!("{\"query\":\"sec"));
    named_by_its_group["attributes"]["MessageGroupId"] = json!("gone");
    let records = [
        record("a", &json!({"eventType": "query", "requestId": "gone", "query": "secret"})),
        record("b", &json!("{\"requestId\":\"x\",\"sessionId\":\"raw\",\"query\":\"sec")),
        record("c", &json!({"eventType": "query", "requestId": "here"})),
        named_by_its_group,
    ];
    let invocation = processor.invoke(&json!({ "Records": records })).unwrap();
    assert_eq!(invocation.outcome, Outcome::Response(no_failures()));
    let letters = aws.dead_letters().await;
    assert_eq!(letters.len(), 1);
    assert!(letters[0].body().unwrap().contains("here"));
    let log = invocation.lines.join("\n");
    assert!(log.contains("\"Erased\":3") && log.contains("\"DeadLetters\":1"), "{log}");
    assert!(!log.contains("secret"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_cannot_be_kept_is_returned_alone_and_moved_after_ten_receives() {
    let aws = EmulatedAws::start(crate::functions()).await;
    aws.dynamodb.delete_table().table_name(QUERY_EVENTS).send().await.unwrap();
    // Without QUEUE_URL visibility does not grow, and with a timeout of 0 it comes again at once.
    aws.deliver_again_at_once().await;
    let function = aws.processor().variable("QUEUE_URL", "");
    let mut mapping = aws.mapping(function);
    aws.send("lone", "lone:query", &query("lone").to_string()).await;
    let whole = json!({"eventType": "response", "requestId": "whole", "timestamp": 1_763_000_001_000_i64,
                       "matchType": "full", "query": "Rust?", "queryTimestamp": 1_763_000_000_000_i64});
    aws.send("whole", "whole:response", &whole.to_string()).await;

    let (mut acknowledged, mut returned) = (0, 0);
    for _ in 0..30 {
        let Some(delivery) = mapping.deliver().unwrap() else { break };
        acknowledged += delivery.acknowledged.len();
        returned += delivery.returned.len();
        let log = delivery.invocation.lines.join("\n");
        assert!(
            delivery.returned.is_empty() || log.contains("unknown table in this region"),
            "{log}"
        );
    }
    assert_eq!((acknowledged, returned), (1, 10));
    assert!(aws.items(ANALYTICS).await.contains_key("whole"));
    let dead = aws.dead_letters().await;
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].body(), Some(query("lone").to_string().as_str()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_with_another_key_is_named_in_the_log_and_its_messages_come_again() {
    let aws = EmulatedAws::start(crate::functions()).await;
    aws.dynamodb.delete_table().table_name(QUERY_EVENTS).send().await.unwrap();
    tables::create_keyed(aws.dynoxide.authority(), QUERY_EVENTS, "id", "N").unwrap();
    let mut mapping = aws.mapping(aws.processor());
    aws.send("lone", "lone:query", &query("lone").to_string()).await;
    let delivery = mapping.deliver().unwrap().unwrap();
    assert_eq!((delivery.acknowledged.len(), delivery.returned.len()), (0, 1));
    let log = delivery.invocation.lines.join("\n");
    assert!(log.contains("its key is `id` (HASH, N)"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_message_of_its_own_group_stays_out_of_sight() {
    let aws = EmulatedAws::start(crate::functions()).await;
    aws.dynamodb.delete_table().table_name(QUERY_EVENTS).send().await.unwrap();
    aws.deliver_again_at_once().await;
    let mut mapping = aws.mapping(aws.processor());
    aws.send("alone", "alone:query", &query("alone").to_string()).await;
    assert_eq!(mapping.deliver().unwrap().unwrap().returned.len(), 1);
    // The queue's own timeout is 0, but five seconds were asked for.
    assert!(mapping.deliver().unwrap().is_none());
    // A group that several requests share is not held up.
    aws.send("shared", "shared:query", &query("another").to_string()).await;
    assert_eq!(mapping.deliver().unwrap().unwrap().returned.len(), 1);
    assert_eq!(mapping.deliver().unwrap().unwrap().returned.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reporter_says_what_it_cannot_do() {
    let aws = EmulatedAws::start(crate::functions()).await;
    let mut reporter = aws.reporter("one@example.com");
    for (event, words) in [
        (json!({"week": "last"}), "invalid week"),
        (json!({"week": "2026-W60"}), "invalid week"),
        (json!({"week": 47}), "week"),
        (json!(["2026-W47"]), "invalid event"),
    ] {
        match reporter.invoke(&event).unwrap().outcome {
            Outcome::Error { kind, message } => {
                assert_eq!(kind, "OrderNotUnderstood");
                assert!(message.contains(words), "{message}");
            }
            other => panic!("{other:?}"),
        }
    }
    // An empty week has its short note.
    let empty = reporter.invoke(&json!({"week": "2020-W10"})).unwrap();
    assert_eq!(empty.response().unwrap()["interactions"], 0);
    assert_eq!(aws.moto.sent_mails().unwrap().len(), 1);
    // Without its table it says which, and sends nothing.
    aws.dynamodb.delete_table().table_name(ANALYTICS).send().await.unwrap();
    match reporter.invoke(&json!({"week": "2020-W11"})).unwrap().outcome {
        Outcome::Error { kind, message } => {
            assert_eq!(kind, "TablesNotUsable");
            assert!(message.contains("unknown table in this region"), "{message}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(aws.moto.sent_mails().unwrap().len(), 1);
}

fn with_letter_id(mut record: Value, id: &str) -> Value {
    record["messageAttributes"] =
        json!({"deadLetterId": {"stringValue": id, "dataType": "String"}});
    record
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_strangers_letter_id_loses_no_letter() {
    let aws = EmulatedAws::start(crate::functions()).await;
    let mut processor = LambdaRuntime::start(&aws.processor()).unwrap();
    let records = [
        with_letter_id(record("1", &json!("not json one")), "same"),
        with_letter_id(record("2", &json!("not json two")), "same"),
        with_letter_id(record("3", &json!("not json three")), &"x".repeat(3_000)),
        with_letter_id(record("4", &json!("not json four")), "a b \u{e9}"),
    ];
    let outcome = processor.invoke(&json!({ "Records": records })).unwrap().outcome;
    assert_eq!(outcome, Outcome::Response(no_failures()));
    assert_eq!(aws.dead_letters().await.len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_large_together_is_kept_as_far_as_it_fits_and_holds_up_no_report() {
    let aws = EmulatedAws::start(crate::functions()).await;
    let large = |mut event: Value| {
        event["extra"] = json!("x".repeat(250 * 1024));
        event
    };
    let mut processor = LambdaRuntime::start(&aws.processor()).unwrap();
    let records = [record("1", &large(query("pair"))), record("2", &large(response("pair")))];
    let outcome = processor.invoke(&json!({ "Records": records })).unwrap().outcome;
    assert_eq!(outcome, Outcome::Response(no_failures()));
    assert!(aws.items(QUERY_EVENTS).await.contains_key("pair"), "the question is kept");
    let dead = aws.dead_letters().await;
    assert_eq!(dead.len(), 1);
    let reason = dead[0].message_attributes().unwrap()["reason"].string_value();
    assert_eq!(reason, Some("refused_by_store"));

    // Another program's item under a waiting half's key, and a lone record too large to join.
    aws.dynamodb
        .put_item()
        .table_name(ANALYTICS)
        .set_item(Some(
            [
                ("requestId", "foreign"),
                ("query", "Rust?"),
                ("week", "2025-W46"),
                ("status", "complete"),
            ]
            .into_iter()
            .map(|(name, text)| {
                (name.to_owned(), aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned()))
            })
            .collect(),
        ))
        .item("timestamp", aws_sdk_dynamodb::types::AttributeValue::N("1763000000000".to_owned()))
        .send()
        .await
        .unwrap();
    let records = [record("3", &query("foreign")), record("4", &query("fine"))];
    processor.invoke(&json!({ "Records": records })).unwrap().response().unwrap();
    let mut reporter = aws.reporter("one@example.com");
    let done = reporter.invoke(&json!({"week": "2025-W46"})).unwrap();
    assert_eq!(done.response().unwrap()["sent"], 1);
    assert!(aws.items(ANALYTICS).await.contains_key("fine"), "the others are promoted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn halves_are_promoted_also_where_no_mail_is_to_be_sent() {
    let aws = EmulatedAws::start(crate::functions()).await;
    let mut processor = LambdaRuntime::start(&aws.processor()).unwrap();
    let mut keep = |id: &str| {
        let event = json!({"Records": [record(id, &query(id))]});
        processor.invoke(&event).unwrap().response().unwrap();
    };
    let mut reporter = aws.reporter("one@example.com");
    keep("first");
    reporter.invoke(&json!({"week": "2025-W46"})).unwrap().response().unwrap();
    keep("second");
    let again = reporter.invoke(&json!({"week": "2025-W46"})).unwrap();
    assert_eq!(again.response().unwrap()["sentBefore"], 1);
    keep("third");
    let outcome = aws.reporter("nobody").invoke(&json!({"week": "2025-W46"})).unwrap().outcome;
    assert!(matches!(outcome, Outcome::Error { .. }), "{outcome:?}");
    let items = aws.items(ANALYTICS).await;
    for id in ["first", "second", "third"] {
        assert!(items.contains_key(id), "{id} is no record");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_and_feedback_are_kept_and_answers_only_where_they_may_be() {
    let answered = |id: &str| {
        json!({"eventType": "response", "requestId": id, "timestamp": 1_763_000_003_000_i64, "matchType": "full",
               "answer": "Yes, in production.", "query": "Rust?", "queryTimestamp": 1_763_000_000_000_i64})
    };
    let feedback = |id: &str| json!({"eventType": "feedback", "requestId": id, "timestamp": 1_763_000_009_000_i64, "rating": "down"});
    for (value, is_kept) in [("", true), ("true", true), ("false", false), ("no", false)] {
        let aws = EmulatedAws::start(crate::functions()).await;
        let function = aws.processor().variable("KEEP_ANSWERS", value);
        let mut processor = LambdaRuntime::start(&function).unwrap();
        let records = [
            record("1", &feedback("both")),
            record("2", &answered("both")),
            record("3", &feedback("alone")),
        ];
        let invocation = processor.invoke(&json!({ "Records": records })).unwrap();
        assert_eq!(invocation.response().unwrap(), &no_failures());
        // Else feedback would lower the join rate.
        let log = invocation.lines.join("\n");
        assert!(log.contains(r#""Received":1,"#), "{log}");
        let items = aws.items(ANALYTICS).await;
        assert_eq!(items["both"].contains_key("answer"), is_kept, "KEEP_ANSWERS={value}");
        assert_eq!(items["both"]["week"].as_s().unwrap(), "2025-W46");
        assert_eq!(items["alone"]["week"].as_s().unwrap(), "feedback:2025-W46");
        assert!(items.values().all(|item| item.contains_key("feedback")));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_level_of_the_log_tells_a_question() {
    let aws = EmulatedAws::start(crate::functions()).await;
    let function = aws.processor().variable("AWS_LAMBDA_LOG_LEVEL", "TRACE");
    let mut processor = LambdaRuntime::start(&function).unwrap();
    let event =
        json!({"Records": [record("1", &query("r")), record("2", &json!("Rust? is no JSON"))]});
    let invocation = processor.invoke(&event).unwrap();
    invocation.response().unwrap();
    let log = processor.lines().unwrap().join("\n");
    assert!(!log.is_empty() && !log.contains("Rust?"), "{log}");
}
