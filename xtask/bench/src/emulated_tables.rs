//! The two tables in dynoxide, as the templates make them.

use anyhow::{Result, ensure};
use cv_analytics_harness::connection::Connection;
use serde_json::{Value, json};

pub(crate) const QUERY_EVENTS: &str = "CV-Analytics-QueryEvents";
pub(crate) const ANALYTICS: &str = "CV-Analytics";

/// Makes both tables, named after `owner`, empty.
pub(crate) fn create(authority: &str, owner: &str) -> Result<()> {
    let key = json!([{"AttributeName": "requestId", "KeyType": "HASH"}]);
    let text = |name: &str| json!({"AttributeName": name, "AttributeType": "S"});
    call(
        authority,
        "CreateTable",
        &json!({
            "TableName": name(owner, QUERY_EVENTS),
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": key,
            "AttributeDefinitions": [text("requestId")],
        }),
    )?;
    call(
        authority,
        "CreateTable",
        &json!({
            "TableName": name(owner, ANALYTICS),
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": key,
            "AttributeDefinitions": [
                text("requestId"),
                text("week"),
                {"AttributeName": "timestamp", "AttributeType": "N"},
            ],
            "GlobalSecondaryIndexes": [{
                "IndexName": "week-index",
                "KeySchema": [
                    {"AttributeName": "week", "KeyType": "HASH"},
                    {"AttributeName": "timestamp", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }],
        }),
    )?;
    Ok(())
}

/// The name of `owner`'s table.
pub(crate) fn name(owner: &str, table: &str) -> String {
    format!("{owner}-{table}")
}

/// How many items a table has.
pub(crate) fn count(authority: &str, table: &str) -> Result<u64> {
    let answer = call(authority, "Scan", &json!({"TableName": table, "Select": "COUNT"}))?;
    Ok(answer.get("Count").and_then(Value::as_u64).unwrap_or_default())
}

/// An item, if there is one.
pub(crate) fn item(authority: &str, table: &str, request_id: &str) -> Result<Option<Value>> {
    let key = json!({"requestId": {"S": request_id}});
    let answer = call(authority, "GetItem", &json!({"TableName": table, "Key": key}))?;
    Ok(answer.get("Item").cloned())
}

/// The emulator looks at no signature, only for one.
fn call(authority: &str, action: &str, input: &Value) -> Result<Value> {
    let body = input.to_string();
    let request = format!(
        "POST / HTTP/1.1\r\nhost: {authority}\r\ncontent-type: application/x-amz-json-1.0\r\n\
         x-amz-target: DynamoDB_20120810.{action}\r\nx-amz-date: 20261116T000000Z\r\n\
         authorization: AWS4-HMAC-SHA256 Credential=a/20261116/eu-west-2/dynamodb/aws4_request, \
         SignedHeaders=host;x-amz-date, Signature=0\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = Connection::open(authority)?.exchange(request.as_bytes())?;
    let text = String::from_utf8_lossy(&answer.body);
    ensure!(answer.status == 200, "{action} was answered {}: {text}", answer.status);
    Ok(serde_json::from_slice(&answer.body)?)
}
