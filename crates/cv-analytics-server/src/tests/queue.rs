//! `SendMessage`, `GetQueueUrl` and `GetQueueAttributes` in both protocols.

use md5::{Digest, Md5};
use serde_json::{Value, json};

use super::*;

fn message(change: &Value) -> Value {
    let mut input = json!({"QueueUrl": QUEUE_URL, "MessageBody": EVENT, "MessageGroupId": "r1"});
    for (name, value) in change.as_object().unwrap() {
        input[name] = value.clone();
    }
    input
}

fn md5_of(text: &str) -> String {
    hex::encode(Md5::digest(text))
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

fn form(change: &str) -> String {
    format!(
        "Action=SendMessage&Version=2012-11-05&MessageGroupId=r1&MessageBody={}{change}",
        encoded(EVENT)
    )
}

#[tokio::test]
async fn a_message_is_kept_and_acknowledged_in_aws_json() {
    let rig = Rig::new();
    let answer = rig.json("SendMessage", &message(&json!({}))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("content-type"), "application/x-amz-json-1.0");
    assert!(!answer.header("x-amzn-requestid").is_empty());
    let output = answer.json();
    assert_eq!(output["MD5OfMessageBody"], md5_of(EVENT));
    assert_eq!(output["SequenceNumber"], "00000000000000000001");
    assert_eq!(output["MessageId"].as_str().unwrap().len(), 36);
    assert!(output.get("MD5OfMessageAttributes").is_none());
    assert_eq!(rig.store.arrivals().len(), 1);
}

#[tokio::test]
async fn a_message_is_kept_and_acknowledged_in_the_query_protocol() {
    let rig = Rig::new();
    for target in ["/", QUEUE_PATH] {
        let url =
            if target == "/" { format!("&QueueUrl={}", encoded(QUEUE_URL)) } else { String::new() };
        let answer = rig.query(target, &form(&url)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.header("content-type"), "text/xml");
        assert!(answer.body.contains("<SendMessageResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\"><SendMessageResult>"));
        assert_eq!(answer.xml("MD5OfMessageBody"), md5_of(EVENT));
        assert_eq!(answer.xml("SequenceNumber"), "00000000000000000001");
        assert_eq!(answer.xml("RequestId"), answer.header("x-amzn-requestid"));
    }
}

#[tokio::test]
async fn what_is_sent_again_gets_the_ids_of_the_first() {
    let rig = Rig::new();
    let first = rig
        .json("SendMessage", &message(&json!({"MessageDeduplicationId": "r1:query"})))
        .await
        .json();
    let other = rig
        .json("SendMessage", &message(&json!({"MessageDeduplicationId": "r1:response"})))
        .await
        .json();
    let again = rig.query(QUEUE_PATH, &form("&MessageDeduplicationId=r1%3Aquery")).await;
    assert_eq!(again.xml("MessageId"), first["MessageId"]);
    assert_eq!(again.xml("SequenceNumber"), first["SequenceNumber"]);
    assert_ne!(other["MessageId"], first["MessageId"]);
    assert!(other["SequenceNumber"].as_str() > first["SequenceNumber"].as_str());
}

#[tokio::test]
async fn attributes_are_digested_in_both_protocols() {
    let rig = Rig::new();
    let attributes = json!({
        "timestamp": {"DataType": "Number", "StringValue": "1493147359900"},
    });
    let trace = json!({"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988"}});
    let input =
        message(&json!({"MessageAttributes": attributes, "MessageSystemAttributes": trace}));
    let output = rig.json("SendMessage", &input).await.json();
    assert_eq!(output["MD5OfMessageAttributes"], "235c5c510d26fb653d073faed50ae77c");
    assert_eq!(output["MD5OfMessageSystemAttributes"].as_str().unwrap().len(), 32);
    let attribute = "&MessageAttribute.1.Name=timestamp&MessageAttribute.1.Value.DataType=Number\
                     &MessageAttribute.1.Value.StringValue=1493147359900";
    let answer = rig.query(QUEUE_PATH, &form(attribute)).await;
    assert_eq!(answer.xml("MD5OfMessageAttributes"), "235c5c510d26fb653d073faed50ae77c");
}

async fn check_json(action: &str, input: Value, status: u16, code: &str) {
    let answer = Rig::new().json(action, &input).await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (status, code),
        "{action} {input}: {}",
        answer.body
    );
    if status != 200 {
        assert!(
            answer.json()["__type"].as_str().unwrap().starts_with("com.amazon"),
            "{}",
            answer.body
        );
        assert!(!answer.json()["message"].as_str().unwrap().is_empty());
        assert!(answer.header("x-amzn-query-error").ends_with(";Sender"));
    }
}

#[tokio::test]
async fn aws_json_gives_sqs_own_errors() {
    const ABSENT: &str = "AWS.SimpleQueueService.NonExistentQueue";
    const UNSUPPORTED: &str = "AWS.SimpleQueueService.UnsupportedOperation";
    let send = "SendMessage";
    check_json(send, message(&json!({})), 200, "ok").await;
    check_json(
        send,
        message(&json!({"MessageDeduplicationId": null, "DelaySeconds": null})),
        200,
        "ok",
    )
    .await;
    check_json(send, message(&json!({"DelaySeconds": 0})), 200, "ok").await;
    check_json(send, message(&json!({"Unknown": {"a": [1]}})), 200, "ok").await;
    check_json(
        send,
        message(&json!({"QueueUrl": "http://127.0.0.1:8787/000000000000/other.fifo"})),
        400,
        ABSENT,
    )
    .await;
    check_json(send, message(&json!({"QueueUrl": null})), 400, "MissingParameter").await;
    check_json(send, message(&json!({"QueueUrl": 5})), 400, "MalformedInput").await;
    check_json(send, message(&json!({"MessageBody": null})), 400, "MissingParameter").await;
    check_json(send, message(&json!({"MessageBody": ""})), 400, "MissingParameter").await;
    check_json(
        send,
        message(&json!({"MessageBody": {"eventType": "query"}})),
        400,
        "MalformedInput",
    )
    .await;
    check_json(send, message(&json!({"MessageBody": "nul \u{0}"})), 400, "InvalidMessageContents")
        .await;
    check_json(
        send,
        message(&json!({"MessageBody": "x".repeat(1_048_577)})),
        400,
        "InvalidParameterValue",
    )
    .await;
    check_json(send, message(&json!({"MessageGroupId": null})), 400, "MissingParameter").await;
    check_json(send, message(&json!({"MessageGroupId": "a b"})), 400, "InvalidParameterValue")
        .await;
    check_json(
        send,
        message(&json!({"MessageDeduplicationId": "x".repeat(129)})),
        400,
        "InvalidParameterValue",
    )
    .await;
    check_json(send, message(&json!({"DelaySeconds": 5})), 400, "InvalidParameterValue").await;
    check_json(send, message(&json!({"DelaySeconds": "5"})), 400, "MalformedInput").await;
    check_json(
        send,
        message(&json!({"MessageAttributes": {"a": {"DataType": "Text", "StringValue": "x"}}})),
        400,
        "InvalidParameterValue",
    )
    .await;
    check_json(
        send,
        message(&json!({"MessageAttributes": {"a": {"DataType": "Binary", "BinaryValue": "%"}}})),
        400,
        "MalformedInput",
    )
    .await;
    check_json(send, message(&json!({"MessageAttributes": []})), 400, "MalformedInput").await;
    check_json(send, json!([]), 400, "MalformedInput").await;
    check_json("ReceiveMessage", json!({"QueueUrl": QUEUE_URL}), 400, UNSUPPORTED).await;
    check_json("CreateQueue", json!({"QueueName": "x"}), 400, UNSUPPORTED).await;
    check_json("Explode", json!({}), 400, "InvalidAction").await;
    check_json("GetQueueUrl", json!({"QueueName": "cv-analytics-events.fifo"}), 200, "ok").await;
    check_json("GetQueueUrl", json!({"QueueName": "other.fifo"}), 400, ABSENT).await;
    check_json("GetQueueUrl", json!({}), 400, "MissingParameter").await;
    check_json(
        "GetQueueAttributes",
        json!({"QueueUrl": QUEUE_URL, "AttributeNames": ["All"]}),
        200,
        "ok",
    )
    .await;
    check_json(
        "GetQueueAttributes",
        json!({"QueueUrl": QUEUE_URL, "AttributeNames": ["X"]}),
        400,
        "InvalidAttributeName",
    )
    .await;
    check_json("GetQueueAttributes", json!({"QueueUrl": "x"}), 400, ABSENT).await;
}

async fn check_query(target: &str, form: &str, status: u16, code: &str) {
    let answer = Rig::new().query(target, form).await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (status, code),
        "{target} {form}: {}",
        answer.body
    );
    if status != 200 {
        assert!(
            answer.body.starts_with("<?xml version=\"1.0\"?><ErrorResponse xmlns="),
            "{}",
            answer.body
        );
        assert_eq!(answer.xml("Type"), "Sender");
        assert!(!answer.xml("Message").is_empty());
    }
}

#[tokio::test]
async fn the_query_protocol_gives_sqs_own_errors() {
    const ABSENT: &str = "AWS.SimpleQueueService.NonExistentQueue";
    check_query(QUEUE_PATH, &form(""), 200, "ok").await;
    check_query(QUEUE_PATH, &form("&DelaySeconds=0"), 200, "ok").await;
    check_query(
        &format!("{QUEUE_PATH}?Action=SendMessage"),
        "MessageBody=x&MessageGroupId=g",
        200,
        "ok",
    )
    .await;
    check_query("/1/other.fifo", &form(""), 400, ABSENT).await;
    check_query("/", &form("&QueueUrl=http%3A%2F%2Fx%2F1%2Fother"), 400, ABSENT).await;
    check_query("/", &form(""), 400, "MissingParameter").await;
    check_query(QUEUE_PATH, "", 400, "MissingAction").await;
    check_query(QUEUE_PATH, "MessageBody=x", 400, "MissingAction").await;
    check_query(QUEUE_PATH, "Action=Explode", 400, "InvalidAction").await;
    check_query(QUEUE_PATH, "Action=%3Cb%3E%00", 400, "InvalidAction").await;
    check_query(
        QUEUE_PATH,
        "Action=DeleteQueue",
        400,
        "AWS.SimpleQueueService.UnsupportedOperation",
    )
    .await;
    check_query(
        QUEUE_PATH,
        &form("").replace("2012-11-05", "2009-02-01"),
        400,
        "InvalidParameterValue",
    )
    .await;
    check_query(QUEUE_PATH, "Action=SendMessage&MessageGroupId=g", 400, "MissingParameter").await;
    check_query(QUEUE_PATH, "Action=SendMessage&MessageBody=x", 400, "MissingParameter").await;
    check_query(
        QUEUE_PATH,
        "Action=SendMessage&MessageGroupId=g&MessageBody=%00",
        400,
        "InvalidMessageContents",
    )
    .await;
    check_query(
        QUEUE_PATH,
        "Action=SendMessage&MessageGroupId=g&MessageBody=%EF%BF%BE",
        400,
        "InvalidMessageContents",
    )
    .await;
    check_query(
        QUEUE_PATH,
        "Action=SendMessage&MessageGroupId=%00&MessageBody=x",
        400,
        "InvalidParameterValue",
    )
    .await;
    check_query(
        QUEUE_PATH,
        "Action=SendMessage&MessageGroupId=g&MessageBody=%FF",
        400,
        "MalformedInput",
    )
    .await;
    check_query(
        QUEUE_PATH,
        "Action=SendMessage&MessageGroupId=g&MessageBody=%zz",
        400,
        "MalformedInput",
    )
    .await;
    check_query(QUEUE_PATH, &form("&MessageBody=twice"), 400, "MalformedInput").await;
    check_query(QUEUE_PATH, &form("&DelaySeconds=soon"), 400, "InvalidParameterValue").await;
    check_query(QUEUE_PATH, &form("&DelaySeconds=5"), 400, "InvalidParameterValue").await;
    check_query(QUEUE_PATH, &form("&MessageAttribute.1.Name=a"), 400, "InvalidParameterValue")
        .await;
    check_query("/", "Action=GetQueueUrl&QueueName=cv-analytics-events.fifo", 200, "ok").await;
    check_query("/", "Action=GetQueueUrl&QueueName=other", 400, ABSENT).await;
    check_query(QUEUE_PATH, "Action=GetQueueAttributes&AttributeName.1=All", 200, "ok").await;
    check_query(
        QUEUE_PATH,
        "Action=GetQueueAttributes&AttributeName.1=Nonsense",
        400,
        "InvalidAttributeName",
    )
    .await;
}

#[tokio::test]
async fn hostile_text_cannot_break_an_answer_in_xml() {
    let action = "Action=%3C%2FMessage%3E%3Cscript%3E%00%22%27%26";
    let answer = Rig::new().query(QUEUE_PATH, action).await;
    assert!(!answer.body.contains("<script>") && !answer.body.contains('\0'), "{}", answer.body);
    assert!(
        answer.xml("Message").contains("&lt;/Message&gt;&lt;script&gt;\u{fffd}&quot;&apos;&amp;"),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn the_queue_tells_its_address_and_its_attributes() {
    let rig = Rig::new();
    let url =
        rig.json("GetQueueUrl", &json!({"QueueName": "cv-analytics-events.fifo"})).await.json();
    assert_eq!(url["QueueUrl"], QUEUE_URL);
    let all = rig
        .json("GetQueueAttributes", &json!({"QueueUrl": QUEUE_URL, "AttributeNames": ["All"]}))
        .await
        .json();
    assert_eq!(all["Attributes"]["FifoQueue"], "true");
    assert_eq!(all["Attributes"]["ContentBasedDeduplication"], "true");
    assert_eq!(all["Attributes"]["ApproximateNumberOfMessages"], "0");
    assert_eq!(
        all["Attributes"]["QueueArn"],
        "arn:aws:sqs:eu-west-2:000000000000:cv-analytics-events.fifo"
    );
    let some = "Action=GetQueueAttributes&AttributeName.1=FifoQueue&AttributeName.2=Policy";
    let some = rig.query(QUEUE_PATH, some).await;
    assert_eq!(some.xml("Attribute"), "<Name>FifoQueue</Name><Value>true</Value>");
    assert_eq!(some.body.matches("<Attribute>").count(), 1);
    let none = rig.json("GetQueueAttributes", &json!({"QueueUrl": QUEUE_URL})).await.json();
    assert_eq!(none, json!({}));
}
