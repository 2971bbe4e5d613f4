//! Adds up what functions consume of tables, by standing between them and dynoxide.
//!
//! It asks for `ReturnConsumedCapacity` in each call, so that what it measures need not. A failed
//! condition returns no capacity: such calls are counted apart.

use std::io::{BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use anyhow::{Context, Result};
use cv_analytics_harness::connection::Connection;
use cv_analytics_harness::lambda::http_request::HttpRequest;
use serde_json::{Value, json};

/// Request units, as on-demand tables are billed, and what has none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Consumed {
    pub(crate) write: f64,
    pub(crate) read: f64,
    pub(crate) failed_conditions: u32,
}

/// A server for functions; it ends with the program.
#[derive(Debug)]
pub(crate) struct CapacityMeter {
    /// Host and port.
    pub(crate) authority: String,
    consumed: Arc<Mutex<Consumed>>,
}

impl CapacityMeter {
    /// Stands before the tables at `tables`, a host and a port.
    pub(crate) fn before(tables: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let authority = listener.local_addr()?.to_string();
        let consumed = Arc::new(Mutex::new(Consumed::default()));
        let (tables, sum) = (tables.to_owned(), Arc::clone(&consumed));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (tables, sum) = (tables.clone(), Arc::clone(&sum));
                thread::spawn(move || {
                    if let Err(error) = forward(stream, &tables, &sum) {
                        eprintln!("capacity meter: {error:#}");
                    }
                });
            }
        });
        Ok(Self { authority, consumed })
    }

    /// What was consumed since the last look.
    pub(crate) fn take(&self) -> Result<Consumed> {
        let mut consumed = self.consumed.lock().ok().context("no thread fails with the lock")?;
        Ok(std::mem::take(&mut *consumed))
    }
}

fn forward(mut stream: TcpStream, tables: &str, sum: &Mutex<Consumed>) -> Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut connection = Connection::open(tables)?;
    while let Some(request) = HttpRequest::read(&mut reader)? {
        let target = request.header("x-amz-target").context("a call has a target")?;
        let action = target.rsplit('.').next().unwrap_or_default();
        let authorization = request.header("authorization").unwrap_or_default();
        let mut input: Value = serde_json::from_slice(&request.body)?;
        if is_counted(action)
            && let Some(input) = input.as_object_mut()
        {
            input.insert("ReturnConsumedCapacity".to_owned(), json!("TOTAL"));
        }
        let body = serde_json::to_vec(&input)?;
        let mut call = format!(
            "POST / HTTP/1.1\r\nhost: {tables}\r\ncontent-type: application/x-amz-json-1.0\r\n\
             x-amz-target: {target}\r\nauthorization: {authorization}\r\n\
             x-amz-date: {}\r\ncontent-length: {}\r\n\r\n",
            request.header("x-amz-date").unwrap_or_default(),
            body.len()
        )
        .into_bytes();
        call.extend(body);
        let answer = connection.exchange(&call)?;
        if let Ok(mut sum) = sum.lock() {
            add(&mut sum, action, &serde_json::from_slice(&answer.body)?);
        }
        stream.write_all(&answer.to_aws_client())?;
    }
    Ok(())
}

/// Whether a call consumes something.
fn is_counted(action: &str) -> bool {
    is_read(action) || ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"].contains(&action)
}

fn is_read(action: &str) -> bool {
    ["GetItem", "Query", "Scan", "BatchGetItem"].contains(&action)
}

fn add(sum: &mut Consumed, action: &str, answer: &Value) {
    let kind = answer.get("__type").and_then(Value::as_str).unwrap_or_default();
    if kind.ends_with("ConditionalCheckFailedException") {
        sum.failed_conditions += 1;
    }
    let each = match answer.get("ConsumedCapacity") {
        Some(Value::Array(tables)) => tables.as_slice(),
        Some(table) => std::slice::from_ref(table),
        None => return,
    };
    let units: f64 = each.iter().filter_map(|table| table.get("CapacityUnits")?.as_f64()).sum();
    if is_read(action) {
        sum.read += units;
    } else {
        sum.write += units;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_added_by_what_a_call_does() {
        let mut sum = Consumed::default();
        let units =
            |units: f64| json!({"ConsumedCapacity": {"TableName": "T", "CapacityUnits": units}});
        add(&mut sum, "PutItem", &units(2.0));
        add(&mut sum, "UpdateItem", &units(1.0));
        add(&mut sum, "GetItem", &units(0.5));
        add(&mut sum, "DescribeTable", &json!({}));
        let failed = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
        add(&mut sum, "PutItem", &json!({"__type": failed}));
        assert_eq!(sum, Consumed { write: 3.0, read: 0.5, failed_conditions: 1 });
    }
}
