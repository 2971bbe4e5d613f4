//! What answers the calls that the processor makes with AWS's SDK, in this process: tables that keep rows and records
//! or meet the fault, and the queues.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use cv_analytics_aws::install::INSTALL;
use serde_json::{Value, json};

use super::fault::{Fault, Trouble};
use super::queue::Queue;
use super::virtual_clock::elapsed;

/// One account, shared by the SDK's clients and the simulation.
#[derive(Clone)]
pub(super) struct Account(Arc<Mutex<State>>);

pub(super) struct State {
    pub(super) queue: Queue,
    pub(super) trouble: Trouble,
    /// The request ids of records that were put.
    pub(super) stored: BTreeSet<String>,
    /// The interim rows, by their request ids.
    rows: BTreeMap<String, Value>,
    /// When a throttled table takes the next call.
    takes_at: Cell<Duration>,
}

impl fmt::Debug for Account {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Account")
    }
}

impl Account {
    pub(super) fn new(queue: Queue, trouble: Trouble) -> Self {
        let state = State {
            queue,
            trouble,
            stored: BTreeSet::new(),
            rows: BTreeMap::new(),
            takes_at: Cell::default(),
        };
        Self(Arc::new(Mutex::new(state)))
    }

    pub(super) fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.lock().unwrap())
    }

    pub(super) fn http_client(&self) -> SharedHttpClient {
        let connector = SharedHttpConnector::new(self.clone());
        http_client_fn(move |_, _| connector.clone())
    }
}

impl HttpConnector for Account {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap();
        let (service, call) = target.split_once('.').unwrap();
        let body: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        if service == "AmazonSQS" {
            return self.with(|state| answer(200, &state.queue_call(call, &body)));
        }
        self.with(|state| state.table_call(call, &body))
    }
}

impl State {
    fn queue_call(&mut self, call: &str, body: &Value) -> Value {
        match call {
            "ChangeMessageVisibility" => {
                let id = body["ReceiptHandle"].as_str().unwrap();
                self.queue.change_visibility(id, body["VisibilityTimeout"].as_u64().unwrap());
                json!({})
            }
            "SendMessage" => {
                assert!(body["QueueUrl"].as_str().unwrap().ends_with("/dead-letters"), "{body}");
                self.queue.dead_letters.push(body["MessageBody"].as_str().unwrap().to_owned());
                json!({"MessageId": "1", "MD5OfMessageBody": "", "SequenceNumber": "1"})
            }
            call => panic!("the processor has no reason to call {call}"),
        }
    }

    fn table_call(&mut self, call: &str, body: &Value) -> HttpConnectorFuture {
        match self.trouble.now() {
            Fault::TablesOutOfReach => {
                let error = ConnectorError::io("connection refused".into());
                return HttpConnectorFuture::ready(Err(error));
            }
            Fault::TablesHang => return HttpConnectorFuture::new(std::future::pending()),
            Fault::TablesThrottled { seconds_a_call } => {
                if elapsed() < self.takes_at.get() {
                    let kind =
                        "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException";
                    return answer(400, &json!({"__type": kind, "message": "slow down"}));
                }
                self.takes_at.set(elapsed() + Duration::from_secs(seconds_a_call.into()));
            }
            _ => {}
        }
        answer(200, &self.change_or_read(call, body))
    }

    /// Rows with their halves, and records that nothing is read of.
    fn change_or_read(&mut self, call: &str, body: &Value) -> Value {
        let id = |item: &Value| item["requestId"]["S"].as_str().unwrap().to_owned();
        let is_row = body["TableName"] == INSTALL.tables.query_events.as_str();
        match call {
            "GetItem" if is_row => self
                .rows
                .get(&id(&body["Key"]))
                .map_or_else(|| json!({}), |row| json!({ "Item": row })),
            "UpdateItem" if is_row => {
                let id = id(&body["Key"]);
                let (names, values) =
                    (&body["ExpressionAttributeNames"], &body["ExpressionAttributeValues"]);
                let before = self.rows.get(&id).cloned();
                let row = self.rows.entry(id).or_insert_with(|| body["Key"].clone());
                row[names["#half"].as_str().unwrap()] = values[":half"].clone();
                row[names["#ttl"].as_str().unwrap()] = values[":ttl"].clone();
                before.map_or_else(|| json!({}), |before| json!({ "Attributes": before }))
            }
            "UpdateItem" => {
                // Beside the records lie the notes of dead letters.
                let record = Some(id(&body["Key"])).filter(|id| !id.starts_with("cv-analytics:"));
                self.stored.extend(record);
                json!({})
            }
            _ => json!({}),
        }
    }
}

fn answer(status: u16, body: &Value) -> HttpConnectorFuture {
    let status = status.try_into().unwrap();
    HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(body.to_string()))))
}
