//! The two tables in an emulator of DynamoDB, as the templates make them.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::connection::Connection;

/// The interim rows' table, as the contract names it.
pub const QUERY_EVENTS: &str = "CV-Analytics-QueryEvents";
/// The records' table, as the contract names it.
pub const ANALYTICS: &str = "CV-Analytics";

/// Makes both tables under these names, empty, on the emulator at `authority`, a host and a port.
pub fn create(authority: &str, query_events: &str, analytics: &str) -> Result<()> {
    create_query_events(authority, query_events)?;
    let text = |name: &str| json!({"AttributeName": name, "AttributeType": "S"});
    call(
        authority,
        "CreateTable",
        &json!({
            "TableName": analytics,
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": "requestId", "KeyType": "HASH"}],
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

/// Creates only the interim rows' table: partition key `requestId`, no index.
pub fn create_query_events(authority: &str, name: &str) -> Result<()> {
    create_keyed(authority, name, "requestId", "S")
}

/// Makes a table whose partition key has that name and type.
pub fn create_keyed(authority: &str, name: &str, key: &str, of: &str) -> Result<()> {
    let input = json!({
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": of}],
    });
    call(authority, "CreateTable", &input)?;
    Ok(())
}

/// How many items a table has, page by page: a page has a megabyte at most.
pub fn count(authority: &str, table: &str) -> Result<u64> {
    let mut count = 0;
    let mut scan = json!({"TableName": table, "Select": "COUNT"});
    loop {
        let answer = call(authority, "Scan", &scan)?;
        count += answer.get("Count").and_then(Value::as_u64).unwrap_or_default();
        match (answer.get("LastEvaluatedKey"), scan.as_object_mut()) {
            (Some(key), Some(scan)) => {
                scan.insert("ExclusiveStartKey".to_owned(), key.clone());
            }
            _ => return Ok(count),
        }
    }
}

/// An item, if there is one.
pub fn item(authority: &str, table: &str, request_id: &str) -> Result<Option<Value>> {
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
