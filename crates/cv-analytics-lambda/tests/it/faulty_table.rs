//! Tables that throttle, hang, or answer what cannot be read: nothing is lost, nobody else waits,
//! and no question gets into a log.

use std::io::{BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use cv_analytics_harness::connection::{Connection, HttpResponse};
use cv_analytics_harness::lambda::http_request::HttpRequest;
use cv_analytics_harness::lambda::{LambdaRuntime, Outcome};
use serde_json::{Value, json};

use crate::emulated_aws::{ANALYTICS, EmulatedAws, QUERY_EVENTS, config};
use crate::hostile_deliveries::{no_failures, query, record, response};

/// What a call meets instead of its table.
enum Fault {
    Answer(HttpResponse),
    /// No answer ever.
    Hangs,
}

/// Stands before the tables and puts a fault in the place of some calls.
struct FaultyTables {
    url: String,
}

impl FaultyTables {
    /// `fault` gets each call's name and body.
    fn before(
        tables: &str,
        fault: impl Fn(&str, &str) -> Option<Fault> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (tables, fault) = (tables.to_owned(), Arc::new(fault));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (tables, fault) = (tables.clone(), Arc::clone(&fault));
                std::thread::spawn(move || forward(stream, &tables, &*fault));
            }
        });
        Self { url }
    }
}

fn forward(
    mut stream: TcpStream,
    tables: &str,
    fault: &(impl Fn(&str, &str) -> Option<Fault> + ?Sized),
) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut server = Connection::open(tables).unwrap();
    // A function that ends cuts its last request off.
    while let Ok(Some(request)) = HttpRequest::read(&mut reader) {
        let (_, call) = request.header("x-amz-target").unwrap().split_once('.').unwrap();
        let answer = match fault(call, &String::from_utf8_lossy(&request.body)) {
            None => server.hand_on(&request).unwrap(),
            Some(Fault::Answer(answer)) => answer.to_aws_client(),
            // Until the caller gives up and closes the connection.
            Some(Fault::Hangs) => continue,
        };
        if stream.write_all(&answer).is_err() {
            break;
        }
    }
}

/// The items that a batch's response returns, sorted.
fn returned(response: &Value) -> Vec<&str> {
    let failures = response["batchItemFailures"].as_array().unwrap().iter();
    let mut ids: Vec<&str> =
        failures.map(|failure| failure["itemIdentifier"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_throttled_table_does_not_take_is_returned_and_kept_when_it_comes_again() {
    let aws = EmulatedAws::start(crate::functions()).await;
    let is_throttled = Arc::new(AtomicBool::new(true));
    let throttles = Arc::clone(&is_throttled);
    let tables = FaultyTables::before(aws.dynoxide.authority(), move |call, body| {
        let is_hit = call == "UpdateItem" && body.contains("slow");
        (is_hit && throttles.load(Ordering::Relaxed)).then(|| {
            let body = json!({"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException",
                              "message": "Throughput exceeds the current capacity of your table"});
            Fault::Answer(HttpResponse { status: 400, body: body.to_string().into_bytes() })
        })
    });
    let function = aws.processor().variable("AWS_ENDPOINT_URL_DYNAMODB", &tables.url);
    let mut processor = LambdaRuntime::start(&function).unwrap();

    let records = [
        record("1", &query("slow")),
        record("2", &query("fine")),
        record("3", &response("fine")),
        record("4", &json!("{")),
    ];
    let invocation = processor.invoke(&json!({ "Records": records })).unwrap();
    assert_eq!(returned(invocation.response().unwrap()), ["1"]);
    let log = invocation.lines.join("\n");
    assert!(log.contains("the table is throttled: try again later"), "{log}");
    // The receipt handle is none of the emulated queue's.
    assert!(log.contains("ChangeMessageVisibility failed (ReceiptHandleIsInvalid)"), "{log}");
    assert!(aws.items(ANALYTICS).await.contains_key("fine"));
    let dead = aws.dead_letters().await;
    assert_eq!(dead.len(), 1, "the passing fault makes no dead letter");

    is_throttled.store(false, Ordering::Relaxed);
    let again = processor.invoke(&json!({"Records": [record("1", &query("slow"))]})).unwrap();
    assert_eq!(again.response().unwrap(), &no_failures());
    assert!(aws.items(QUERY_EVENTS).await.contains_key("slow"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_hanging_table_does_not_take_in_the_invocations_time_is_returned_alone() {
    let aws = EmulatedAws::start(crate::functions()).await;
    let tables = FaultyTables::before(aws.dynoxide.authority(), |_, body| {
        body.contains("hangs").then_some(Fault::Hangs)
    });
    let function = aws
        .processor()
        .variable("AWS_ENDPOINT_URL_DYNAMODB", &tables.url)
        .timeout(Duration::from_secs(5));
    let mut processor = LambdaRuntime::start(&function).unwrap();
    let records = [
        record("1", &query("hangs")),
        record("2", &query("fine")),
        record("3", &response("fine")),
        record("4", &json!("{")),
        record("5", &response("hangs-too")),
    ];
    let invocation = processor.invoke(&json!({ "Records": records })).unwrap();
    assert_eq!(returned(invocation.response().unwrap()), ["1", "5"]);
    let log = invocation.lines.join("\n");
    assert!(log.contains("time is nearly up") && log.contains(r#""Failed":2"#), "{log}");
    assert!(aws.items(ANALYTICS).await.contains_key("fine"));
    assert_eq!(aws.dead_letters().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_processor_that_finds_no_table_starts_and_keeps_its_batches_once_there_is_one() {
    let aws = EmulatedAws::start(crate::functions()).await;
    let are_there = Arc::new(AtomicBool::new(false));
    let exist = Arc::clone(&are_there);
    let tables = FaultyTables::before(aws.dynoxide.authority(), move |_, _| {
        (!exist.load(Ordering::Relaxed)).then(|| {
            let body = json!({"__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException",
                              "message": "Requested resource not found"});
            Fault::Answer(HttpResponse { status: 400, body: body.to_string().into_bytes() })
        })
    });
    let function = aws.processor().variable("AWS_ENDPOINT_URL_DYNAMODB", &tables.url);
    let mut processor = LambdaRuntime::start(&function).unwrap();
    let mut with_session = query("r");
    with_session["sessionId"] = json!("s");
    let batch = json!({"Records": [record("1", &with_session), record("2", &json!("{"))]});

    let invocation = processor.invoke(&batch).unwrap();
    assert_eq!(returned(invocation.response().unwrap()), ["1", "2"]);
    let log = invocation.lines.join("\n");
    assert!(log.contains("cannot read the session hash key"), "{log}");
    assert!(log.contains("unknown table in this region"), "{log}");
    assert!(log.contains(r#""Failed":2"#), "{log}");
    assert!(log.contains("ChangeMessageVisibility failed"), "the one of its own group: {log}");

    are_there.store(true, Ordering::Relaxed);
    let again = processor.invoke(&batch).unwrap();
    assert_eq!(again.response().unwrap(), &no_failures());
    let rows = aws.items(QUERY_EVENTS).await;
    let session = rows["r"]["queryHalf"].as_m().unwrap()["sessionId"].as_s().unwrap();
    assert!(session.starts_with("hashed:"), "{session}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_of_a_table_that_cannot_be_read_gets_into_a_log() {
    let aws = EmulatedAws::start(crate::functions()).await;
    let tables = FaultyTables::before(aws.dynoxide.authority(), |call, _| {
        let cut = br#"{"Count":1,"Item":{"query":{"S":"secret question"},"#;
        let answer = HttpResponse { status: 200, body: cut.to_vec() };
        (call != "DescribeTable").then_some(Fault::Answer(answer))
    });
    let faulty = |function: cv_analytics_harness::lambda::LambdaFunction| {
        function
            .variable("AWS_ENDPOINT_URL_DYNAMODB", &tables.url)
            .variable("AWS_LAMBDA_LOG_LEVEL", "TRACE")
    };
    let mut processor = LambdaRuntime::start(&faulty(aws.processor())).unwrap();
    let salted = faulty(aws.processor()).variable("SESSION_SALT", "salt");
    let mut salted = LambdaRuntime::start(&salted).unwrap();
    let batch = json!({"Records": [record("1", &query("r")), record("2", &response("s"))]});
    for processor in [&mut processor, &mut salted] {
        let invocation = processor.invoke(&batch).unwrap();
        assert_eq!(returned(invocation.response().unwrap()), ["1", "2"]);
        let log = processor.lines().unwrap().join("\n");
        assert!(log.contains("GetItem failed for now"), "{log}");
        assert!(!log.contains("secret"), "{log}");
    }
    let mut reporter =
        LambdaRuntime::start(&faulty(aws.reporter_function("a@example.com"))).unwrap();
    let invocation = reporter.invoke(&json!({"week": "2025-W46"})).unwrap();
    let Outcome::Error { message, .. } = &invocation.outcome else { panic!("{invocation:?}") };
    assert!(!message.contains("secret"), "{message}");
    let log = reporter.lines().unwrap().join("\n");
    assert!(log.contains("cannot send the report") && !log.contains("secret"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_logs_once_and_in_a_sentence_why_it_failed() {
    let aws = EmulatedAws::start(crate::functions()).await;
    let mut processor = LambdaRuntime::start(&aws.processor()).unwrap();
    let delivery = json!({"Records": [{"EventSource": "aws:sns", "Sns": {}}]});
    let mut reporter = aws.reporter("one@example.com");
    for (function, event, sentence) in [
        (&mut processor, delivery, "invalid record 0: it comes from \\\"aws:sns\\\", not SQS"),
        (&mut reporter, json!({"week": "last"}), "invalid week"),
    ] {
        let lines = function.invoke(&event).unwrap().lines;
        let [line] = &lines[..] else { panic!("{lines:?}") };
        assert!(line.contains(r#""level":"ERROR""#) && line.contains(sentence), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_whose_mail_fails_reads_the_tables_once_however_often_lambda_retries_it() {
    let aws = EmulatedAws::start(crate::functions()).await;
    let reads = Arc::new(AtomicUsize::new(0));
    let read = Arc::clone(&reads);
    let tables = FaultyTables::before(aws.dynoxide.authority(), move |call, body| {
        let is_week = call == "Query" && body.contains("BETWEEN");
        read.fetch_add(usize::from(is_week), Ordering::Relaxed);
        None
    });
    let function = aws
        .reporter_function("one@example.com")
        .variable("AWS_ENDPOINT_URL_DYNAMODB", &tables.url)
        .variable("SENDER_EMAIL", "unverified@example.org");
    let mut reporter = LambdaRuntime::start(&function).unwrap();
    let week = json!({"week": "2025-W46"});
    let first = reporter.invoke(&week).unwrap();
    for failed in [first, reporter.retry(&week).unwrap(), reporter.retry(&week).unwrap()] {
        let Outcome::Error { kind, .. } = &failed.outcome else { panic!("{failed:?}") };
        assert_eq!(kind, "MailNotSent");
    }
    assert_eq!(reads.load(Ordering::Relaxed), 8, "eight weeks, each once");

    let verify = aws_sdk_sesv2::Client::new(&config(&aws.moto.endpoint_url(), &tables.url));
    verify.create_email_identity().email_identity("unverified@example.org").send().await.unwrap();
    let sent = reporter.retry(&week).unwrap();
    assert_eq!(sent.response().unwrap()["sent"], 1);
    assert_eq!(reads.load(Ordering::Relaxed), 8);
    reporter.invoke(&json!({"week": "2025-W46", "again": true})).unwrap().response().unwrap();
    assert_eq!(reads.load(Ordering::Relaxed), 16, "another order reads what is there by then");
}
