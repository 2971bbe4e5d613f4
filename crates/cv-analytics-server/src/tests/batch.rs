//! `SendMessageBatch` in both protocols.

use serde_json::{Value, json};

use super::*;

fn entry(id: &str, body: &str) -> Value {
    json!({"Id": id, "MessageBody": body, "MessageGroupId": "g"})
}

async fn check(entries: Value, code: &str) {
    let answer = Rig::new()
        .json("SendMessageBatch", &json!({"QueueUrl": QUEUE_URL, "Entries": entries}))
        .await;
    let code =
        if code == "ok" { code.to_owned() } else { format!("AWS.SimpleQueueService.{code}") };
    assert_eq!(
        answer.code().replace("Missing", "AWS.SimpleQueueService.Missing"),
        code,
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn a_batch_as_a_whole_keeps_the_rules() {
    let many = |count: usize| {
        (0..count).map(|n| entry(&format!("e{n}"), &format!("body {n}"))).collect::<Value>()
    };
    check(many(1), "ok").await;
    check(many(10), "ok").await;
    check(many(11), "TooManyEntriesInBatchRequest").await;
    check(json!([]), "EmptyBatchRequest").await;
    check(json!([entry("a", "1"), entry("a", "2")]), "BatchEntryIdsNotDistinct").await;
    check(json!([entry("a b", "1")]), "InvalidBatchEntryId").await;
    check(json!([entry("", "1")]), "InvalidBatchEntryId").await;
    check(json!([entry(&"x".repeat(80), "1")]), "ok").await;
    check(json!([entry(&"x".repeat(81), "1")]), "InvalidBatchEntryId").await;
    check(
        json!([entry("a", &"x".repeat(600_000)), entry("b", &"y".repeat(600_000))]),
        "BatchRequestTooLong",
    )
    .await;
    check(json!([{"Id": "a", "MessageGroupId": "g"}]), "MissingParameter").await;
    check(json!([{"MessageBody": "x", "MessageGroupId": "g"}]), "MissingParameter").await;
    check(Value::Null, "MissingParameter").await;
}

#[tokio::test]
async fn a_bad_entry_fails_alone() {
    let rig = Rig::new();
    let entries = json!([
        entry("good", EVENT),
        {"Id": "no-group", "MessageBody": "x"},
        {"Id": "delayed", "MessageBody": "x", "MessageGroupId": "g", "DelaySeconds": 9},
        entry("empty", ""),
        entry("nul", "\u{0}"),
        entry("unreadable", "not json"),
        entry("again", EVENT),
    ]);
    let output = rig
        .json("SendMessageBatch", &json!({"QueueUrl": QUEUE_URL, "Entries": entries}))
        .await
        .json();
    let ids = |list: &str, field: &str| -> Vec<String> {
        output[list]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry[field].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids("Successful", "Id"), ["good", "unreadable", "again"]);
    assert_eq!(ids("Failed", "Id"), ["no-group", "delayed", "empty", "nul"]);
    let codes =
        ["MissingParameter", "InvalidParameterValue", "MissingParameter", "InvalidMessageContents"];
    assert_eq!(ids("Failed", "Code"), codes);
    assert_eq!(output["Failed"][0]["SenderFault"], true);
    let successful = &output["Successful"];
    assert_eq!(successful[0]["MessageId"], successful[2]["MessageId"]);
    assert_eq!(rig.store.arrivals().len(), 2);
}

#[tokio::test]
async fn the_query_protocol_has_batches_too() {
    let rig = Rig::new();
    let entry = |n: u8, rest: &str| {
        format!(
            "&SendMessageBatchRequestEntry.{n}.Id=e{n}&SendMessageBatchRequestEntry.{n}.MessageBody=b{n}{rest}"
        )
    };
    let group = |n: u8| format!("&SendMessageBatchRequestEntry.{n}.MessageGroupId=g");
    let attribute = "&SendMessageBatchRequestEntry.2.MessageAttribute.1.Name=timestamp\
        &SendMessageBatchRequestEntry.2.MessageAttribute.1.Value.DataType=Number\
        &SendMessageBatchRequestEntry.2.MessageAttribute.1.Value.StringValue=1493147359900";
    let form = format!(
        "Action=SendMessageBatch{}{}{}",
        entry(1, &group(1)),
        entry(2, &(group(2) + attribute)),
        entry(3, "")
    );
    let answer = rig.query(QUEUE_PATH, &form).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.body.matches("<SendMessageBatchResultEntry>").count(), 2);
    assert_eq!(answer.xml("MD5OfMessageAttributes"), "235c5c510d26fb653d073faed50ae77c");
    assert!(
        answer.xml("BatchResultErrorEntry").starts_with("<Id>e3</Id><Code>MissingParameter</Code>")
    );
    assert_eq!(rig.store.arrivals().len(), 2);
    let many: String = (1..=11).map(|n| entry(n, &group(n))).collect();
    let refused = rig.query(QUEUE_PATH, &format!("Action=SendMessageBatch{many}")).await;
    assert_eq!(refused.code(), "AWS.SimpleQueueService.TooManyEntriesInBatchRequest");
    for (first, second) in [(1, 3), (0, 1), (2, 3)] {
        let gap = entry(first, &group(first)) + &entry(second, &group(second));
        let refused = rig.query(QUEUE_PATH, &format!("Action=SendMessageBatch{gap}")).await;
        assert_eq!(refused.code(), "InvalidParameterValue", "{first} and {second}");
    }
    assert_eq!(rig.store.arrivals().len(), 2);
    let empty = rig.query(QUEUE_PATH, "Action=SendMessageBatch").await;
    assert_eq!(empty.code(), "AWS.SimpleQueueService.EmptyBatchRequest");
}
