//! A function that is this very program: started, invoked, failing, and fed from a queue.

#[cfg(test)]
mod tests {
    use std::process::exit;
    use std::time::Duration;

    use cv_analytics_harness::connection::Connection;
    use cv_analytics_harness::emulators::moto::MotoServer;
    use cv_analytics_harness::lambda::event_source_mapping::EventSourceMapping;
    use cv_analytics_harness::lambda::sqs_client::SqsClient;
    use cv_analytics_harness::lambda::{LambdaFunction, LambdaRuntime, Outcome};
    use cv_analytics_harness::signer::AccessKey;
    use serde_json::{Value, json};

    fn function() -> LambdaFunction {
        let program = std::env::current_exe().unwrap();
        LambdaFunction::new("itself", &program)
            .argument("tests::this_is_the_function")
            .argument("--exact")
            .argument("--nocapture")
            .variable("GREETING", "hello")
    }

    /// Nothing to test where it is not started as a function.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "a function is told where its runtime is")]
    fn this_is_the_function() {
        let Ok(authority) = std::env::var("AWS_LAMBDA_RUNTIME_API") else { return };
        let mut connection = Connection::open(&authority).unwrap();
        for number in 1.. {
            let next = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n";
            let event = connection.exchange(next.as_bytes()).unwrap().body;
            let event: Value = serde_json::from_slice(&event).unwrap();
            let (call, answer) = match event["do"].as_str() {
                Some("exit") => exit(3),
                Some("hang") => loop {
                    std::thread::park_timeout(Duration::from_mins(1));
                },
                Some("fail") => ("error", json!({"errorType": "Bad", "errorMessage": "no"})),
                Some("greet") => {
                    let greeting = std::env::var("GREETING").unwrap();
                    println!("{greeting}\nout");
                    eprintln!("err");
                    ("response", json!(greeting))
                }
                _ => {
                    let records = event["Records"].as_array().unwrap();
                    let bad = records.iter().filter(|record| record["body"] == "bad");
                    let bad = bad.map(|record| json!({"itemIdentifier": record["messageId"]}));
                    ("response", json!({"batchItemFailures": bad.collect::<Vec<_>>()}))
                }
            };
            let answer = answer.to_string();
            let request = format!(
                "POST /2018-06-01/runtime/invocation/00000000-0000-4000-8000-{number:012}/{call} \
                 HTTP/1.1\r\nContent-Length: {}\r\n\r\n{answer}",
                answer.len()
            );
            assert_eq!(connection.exchange(request.as_bytes()).unwrap().status, 202);
        }
    }

    #[test]
    fn a_function_is_started_invoked_and_measured() {
        let mut runtime = LambdaRuntime::start(&function()).unwrap();
        assert!(runtime.started_in > Duration::ZERO);
        for _ in 0..2 {
            let invocation = runtime.invoke(&json!({"do": "greet"})).unwrap();
            assert_eq!(invocation.response().unwrap(), "hello");
            let lines: Vec<_> = invocation.lines.iter().map(String::as_str).collect();
            assert!(lines.ends_with(&["hello", "out", "err"]), "{lines:?}");
        }
        assert!(runtime.memory().unwrap().peak_kib > 0);
    }

    #[test]
    fn a_function_may_fail_end_or_hang() {
        let mut runtime = LambdaRuntime::start(&function()).unwrap();
        let failed = runtime.invoke(&json!({"do": "fail"})).unwrap();
        let expect = Outcome::Error { kind: "Bad".to_owned(), message: "no".to_owned() };
        assert_eq!(failed.outcome, expect);
        let ended = runtime.invoke(&json!({"do": "exit"})).unwrap();
        assert_eq!(ended.outcome, Outcome::Ended("exit status: 3".to_owned()));
        assert!(!runtime.is_alive());
        let hasty = function().timeout(Duration::from_millis(100));
        let mut runtime = LambdaRuntime::start(&hasty).unwrap();
        let late = runtime.invoke(&json!({"do": "hang"})).unwrap();
        assert_eq!(late.outcome, Outcome::TimedOut);
    }

    #[test]
    fn a_function_that_does_not_start_is_an_error_with_its_words() {
        let function = LambdaFunction::new("f", "/bin/sh".as_ref())
            .argument("-c")
            .argument("echo no table; exit 1");
        let error = LambdaRuntime::start(&function).unwrap_err().to_string();
        assert!(error.contains("f did not start") && error.contains("no table"), "{error}");
    }

    struct Queues {
        _moto: MotoServer,
        sqs: SqsClient,
        url: String,
        dead_letters: String,
    }

    fn queues() -> Queues {
        let moto = MotoServer::start().unwrap();
        let key = AccessKey {
            id: "a".to_owned(),
            secret: "s".to_owned(),
            region: "eu-west-2".to_owned(),
        };
        let sqs = SqsClient::new(moto.authority(), key);
        let create = |name: &str, more: Value| {
            let mut attributes = json!({"FifoQueue": "true", "VisibilityTimeout": "1"});
            for (name, value) in more.as_object().unwrap() {
                attributes[name] = value.clone();
            }
            let input = json!({"QueueName": name, "Attributes": attributes});
            let queue = sqs.call("CreateQueue", &input).unwrap();
            queue["QueueUrl"].as_str().unwrap().to_owned()
        };
        let dead_letters = create("dead.fifo", json!({}));
        let redrive = json!({
            "deadLetterTargetArn": "arn:aws:sqs:eu-west-2:123456789012:dead.fifo",
            "maxReceiveCount": 2,
        });
        let url = create("events.fifo", json!({"RedrivePolicy": redrive.to_string()}));
        Queues { _moto: moto, sqs, url, dead_letters }
    }

    impl Queues {
        fn send(&self, body: &str, group: &str, id: &str) {
            let message = json!({
                "QueueUrl": self.url, "MessageBody": body, "MessageGroupId": group,
                "MessageDeduplicationId": id,
                "MessageAttributes": {"kind": {"DataType": "String", "StringValue": "test"}},
            });
            self.sqs.call("SendMessage", &message).unwrap();
        }
    }

    #[test]
    fn batches_of_ten_come_in_order_and_in_the_form_of_lambda() {
        let queues = queues();
        for number in 0..12 {
            queues.send(
                &format!("body {number}"),
                &format!("group {}", number / 2),
                &number.to_string(),
            );
        }
        let mut mapping =
            EventSourceMapping::new(queues.sqs.clone(), &queues.url, function()).unwrap();
        let deliveries = mapping.deliver_all().unwrap();
        let sizes: Vec<_> = deliveries.iter().map(|one| one.acknowledged.len()).collect();
        assert_eq!(sizes, [10, 2]);
        let record = &deliveries[0].event["Records"][3];
        assert_eq!(record["body"], "body 3");
        assert_eq!(record["eventSourceARN"], "arn:aws:sqs:eu-west-2:123456789012:events.fifo");
        assert_eq!(record["awsRegion"], "eu-west-2");
        assert_eq!(record["attributes"]["MessageGroupId"], "group 1");
        assert_eq!(record["attributes"]["MessageDeduplicationId"], "3");
        assert_eq!(record["attributes"]["ApproximateReceiveCount"], "1");
        assert!(record["attributes"]["SentTimestamp"].is_string());
        assert_eq!(record["messageAttributes"]["kind"]["stringValue"], "test");
        assert_eq!(record["md5OfBody"].as_str().unwrap().len(), 32);
    }

    #[test]
    fn what_a_function_returns_comes_again_and_ends_as_a_dead_letter() {
        let queues = queues();
        queues.send("good", "a", "1");
        queues.send("bad", "b", "2");
        let mut mapping =
            EventSourceMapping::new(queues.sqs.clone(), &queues.url, function()).unwrap();
        let first = mapping.deliver().unwrap().unwrap();
        assert_eq!((first.acknowledged.len(), first.returned.len()), (1, 1));
        let again =
            std::iter::repeat_with(|| mapping.deliver().unwrap()).find_map(|one| one).unwrap();
        assert_eq!(again.event["Records"][0]["attributes"]["ApproximateReceiveCount"], "2");
        let dead = std::iter::repeat_with(|| {
            assert!(mapping.deliver().unwrap().is_none(), "a third delivery");
            let input = json!({"QueueUrl": queues.dead_letters});
            let answer = queues.sqs.call("ReceiveMessage", &input).unwrap();
            answer.pointer("/Messages/0/Body").cloned()
        });
        assert_eq!(dead.into_iter().find_map(|body| body).unwrap(), "bad");
    }
}
