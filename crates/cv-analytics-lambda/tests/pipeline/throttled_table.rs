//! A table that takes no more writes for a while: nothing is lost, and nobody else waits.

use std::io::{BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cv_analytics_harness::connection::{Answer, Connection};
use cv_analytics_harness::http_request::HttpRequest;
use cv_analytics_harness::lambda_runtime::LambdaRuntime;
use serde_json::json;

use crate::emulated_aws::{ANALYTICS, EmulatedAws, QUERY_EVENTS};
use crate::hostile_deliveries::{no_failures, query, record, response};

/// Stands before the tables and throttles every write that names a request, while it is told to.
struct Throttle {
    url: String,
    is_on: Arc<AtomicBool>,
}

impl Throttle {
    fn before(tables: &str, request_id: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let is_on = Arc::new(AtomicBool::new(true));
        let (tables, throttles) = (tables.to_owned(), Arc::clone(&is_on));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (tables, throttles) = (tables.clone(), Arc::clone(&throttles));
                std::thread::spawn(move || forward(stream, &tables, request_id, &throttles));
            }
        });
        Self { url, is_on }
    }
}

fn forward(mut stream: TcpStream, tables: &str, request_id: &str, throttles: &AtomicBool) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut server = Connection::open(tables).unwrap();
    // A function that ends cuts its last request off.
    while let Ok(Some(request)) = HttpRequest::read(&mut reader) {
        let is_write = request.header("x-amz-target").unwrap().ends_with(".UpdateItem");
        let names_it = String::from_utf8_lossy(&request.body).contains(request_id);
        let answer = if is_write && names_it && throttles.load(Ordering::Relaxed) {
            let body = json!({"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException",
                              "message": "Throughput exceeds the current capacity of your table"});
            Answer { status: 400, body: body.to_string().into_bytes() }.to_aws_client()
        } else {
            server.hand_on(&request).unwrap()
        };
        if stream.write_all(&answer).is_err() {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_throttled_table_does_not_take_is_returned_and_kept_when_it_comes_again() {
    let aws = EmulatedAws::start(crate::functions()).await;
    let throttle = Throttle::before(aws.dynoxide.authority(), "slow");
    let function = aws.processor().variable("AWS_ENDPOINT_URL_DYNAMODB", &throttle.url);
    let mut processor = LambdaRuntime::start(&function).unwrap();

    let records = [
        record("1", &query("slow")),
        record("2", &query("fine")),
        record("3", &response("fine")),
        record("4", &json!("{")),
    ];
    let invocation = processor.invoke(&json!({ "Records": records })).unwrap();
    assert_eq!(
        invocation.response().unwrap(),
        &json!({"batchItemFailures": [{"itemIdentifier": "1"}]})
    );
    let log = invocation.lines.join("\n");
    assert!(log.contains("the table is throttled: try again later"), "{log}");
    assert!(aws.items(ANALYTICS).await.contains_key("fine"));
    let dead = aws.dead_letters().await;
    assert_eq!(dead.len(), 1, "the passing fault makes no dead letter");

    throttle.is_on.store(false, Ordering::Relaxed);
    let again = processor.invoke(&json!({"Records": [record("1", &query("slow"))]})).unwrap();
    assert_eq!(again.response().unwrap(), &no_failures());
    assert!(aws.items(QUERY_EVENTS).await.contains_key("slow"));
}
