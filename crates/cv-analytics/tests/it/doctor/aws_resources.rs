//! Queues, mapping and tables, made right in an emulated account and then broken one by one.

use serde_json::{Value, json};

use crate::doctor::account::{ACCOUNT, Environment};
use crate::doctor::emulator::{self, SERVER};

#[test]
fn each_attribute_of_a_queue_that_is_wrong_fails_alone_with_the_command_that_sets_it() {
    let environment = Environment::new("queues");
    let events = environment.events_queue.clone();
    let check = |queue: &str,
                 attribute: &str,
                 wrong: &str,
                 right: &str,
                 name: &str,
                 said: &str,
                 fix: &str| {
        environment.set_queue(queue, attribute, wrong);
        environment.looked_at().fails_alone(name, said, fix);
        environment.set_queue(queue, attribute, right);
    };
    let set = |attribute: &str| {
        format!("aws sqs set-queue-attributes --queue-url {events} --attributes {attribute}")
    };
    check(
        &events,
        "ContentBasedDeduplication",
        "false",
        "true",
        "events-queue-deduplication",
        "does not deduplicate by content",
        &set("ContentBasedDeduplication=true"),
    );
    check(
        &events,
        "MessageRetentionPeriod",
        "3600",
        "345600",
        "events-queue-retention",
        "kept for 3600 s, where 345600 are needed",
        &set("MessageRetentionPeriod=345600"),
    );
    // Six times the processor's limit.
    check(
        &events,
        "VisibilityTimeout",
        "179",
        "300",
        "events-queue-visibility",
        "hidden for 179 s, where 180 are needed",
        &set("VisibilityTimeout=180"),
    );
    check(
        &events,
        "ReceiveMessageWaitTimeSeconds",
        "0",
        "20",
        "events-queue-polling",
        "waits for 0 s",
        &set("ReceiveMessageWaitTimeSeconds=20"),
    );
    check(
        &events,
        "RedrivePolicy",
        &environment.redrive(3),
        &environment.redrive(10),
        "events-queue-redrive",
        "after 3 receives",
        r#"\"maxReceiveCount\":\"10\""#,
    );
    let dead = environment.dead_letter_queue.clone();
    check(
        &dead,
        "MessageRetentionPeriod",
        "345600",
        "1209600",
        "dead-letter-queue-retention",
        "345600 s",
        "MessageRetentionPeriod=1209600",
    );
    environment.looked_at().passed();

    let send = environment.sqs.send_message().queue_url(&dead).message_group_id("g");
    environment.runtime.block_on(send.message_body("{").send()).unwrap();
    let diagnosis = environment.looked_at();
    diagnosis.passed();
    assert_eq!(diagnosis.that_are("warn"), ["dead-letters"]);
    diagnosis.says("dead-letters", "1 wait", "cv-analytics dead-letters list --store dynamodb");

    environment.runtime.block_on(environment.sqs.delete_queue().queue_url(&dead).send()).unwrap();
    let diagnosis = environment.doctor(&[]);
    diagnosis.fails_alone(
        "dead-letter-queue",
        "missing queue queues-cv-analytics-dlq.fifo in eu-west-2",
        "--prefix",
    );
    diagnosis.says("canary", "it needs both queues", "");
}

#[test]
fn what_feeds_the_processor_is_looked_at() {
    let environment = Environment::new("mapping");
    let arn = format!("arn:aws:sqs:eu-west-2:{ACCOUNT}:mapping-cv-analytics-events.fifo");
    let list = format!(
        "/2015-03-31/event-source-mappings/?EventSourceArn={arn}&FunctionName=mapping-cv-analytics-processor"
    );
    let found = emulator::lambda("GET", &list, &json!(null));
    let uuid = found["EventSourceMappings"][0]["UUID"].as_str().unwrap().to_owned();
    let path = format!("/2015-03-31/event-source-mappings/{uuid}");
    let processor = "mapping-cv-analytics-processor";
    let check = |wrong: Value, right: Value, name: &str, said: &str, fix: &str| {
        let update = |change: &Value| {
            let mut change = change.clone();
            change["FunctionName"] = json!(processor);
            emulator::lambda("PUT", &path, &change);
        };
        update(&wrong);
        let fix = format!("aws lambda update-event-source-mapping --uuid {uuid} {fix}");
        environment.looked_at().fails_alone(name, said, &fix);
        update(&right);
    };
    check(
        json!({"BatchSize": 5}),
        json!({"BatchSize": 10}),
        "mapping-batch",
        "5 messages a batch",
        "--batch-size 10",
    );
    check(
        json!({"Enabled": false}),
        json!({"Enabled": true}),
        "mapping",
        "it is Disabled",
        "--enabled",
    );
    let rule = |fields: &str| {
        format!(
            r#"{{"EventSourceMappings":[{{"UUID":"{uuid}","State":"Enabled","BatchSize":10,{fields}}}]}}"#
        )
    };
    environment.front.answer("/event-source-mappings", 200, &rule(r#""FunctionResponseTypes":[]"#));
    let unreported = "ReportBatchItemFailures is off: messages that failed are lost";
    environment.looked_at().fails_alone(
        "mapping-failures",
        unreported,
        "--function-response-types ReportBatchItemFailures",
    );
    let window =
        r#""FunctionResponseTypes":["ReportBatchItemFailures"],"MaximumBatchingWindowInSeconds":5"#;
    environment.front.answer("/event-source-mappings", 200, &rule(window));
    environment.looked_at().fails_alone(
        "mapping-window",
        "batches wait for 5 s",
        "--maximum-batching-window-in-seconds 0",
    );
    environment.front.answer("/event-source-mappings", 200, r#"{"EventSourceMappings":[]}"#);
    environment.looked_at().fails_alone(
        "mapping",
        "nothing leads from",
        "aws lambda create-event-source-mapping",
    );
}

#[test]
fn tables_without_their_index_or_with_rows_that_leave_wrongly_are_told() {
    let environment = Environment::new("tables");
    let (rows, records) = (environment.interim_table(), environment.records_table());
    environment.set_ttl(&rows, false, "ttl");
    environment.looked_at().fails_alone(
        "interim-table-ttl",
        "time to live is off",
        "Enabled=true,AttributeName=ttl",
    );
    environment.set_ttl(&rows, true, "expiresAt");
    environment.looked_at().fails_alone(
        "interim-table-ttl",
        "by `expiresAt`, where `ttl` is right",
        "Enabled=false,AttributeName=expiresAt",
    );
    environment.set_ttl(&rows, false, "expiresAt");
    environment.set_ttl(&rows, true, "ttl");
    environment.set_ttl(&records, true, "ttl");
    environment.looked_at().fails_alone(
        "records-table-ttl",
        "records leave by `ttl`",
        "Enabled=false,AttributeName=ttl",
    );
    environment.set_ttl(&records, false, "ttl");
    let delete = environment.dynamodb.delete_table().table_name(&records);
    environment.runtime.block_on(delete.send()).unwrap();
    environment.looked_at().fails_alone(
        "records-table",
        "unknown table in this region",
        "--prefix",
    );
    cv_analytics_harness::emulators::tables::create_keyed(
        SERVER.authority(),
        &records,
        "requestId",
        "S",
    )
    .unwrap();
    environment.looked_at().fails_alone(
        "records-index",
        "missing index `week-index`",
        "aws dynamodb update-table",
    );
    environment
        .runtime
        .block_on(environment.dynamodb.delete_table().table_name(&records).send())
        .unwrap();
    cv_analytics_harness::emulators::tables::create_keyed(SERVER.authority(), &records, "id", "N")
        .unwrap();
    let diagnosis = environment.looked_at();
    diagnosis.says("records-table", "its key is `id` (HASH, N)", "archive, make it anew");
}
