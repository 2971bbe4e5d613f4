//! An account on one emulator that all tests share: separate tables and queues for each test.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Output, Stdio};
use std::sync::LazyLock;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};
use cv_analytics_aws::clients::function_config;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_harness::emulators::moto::MotoServer;
use cv_analytics_harness::emulators::tables;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::http;

/// It ends with the tests' process.
static SERVER: LazyLock<MotoServer> = LazyLock::new(|| MotoServer::start().unwrap());

pub(crate) struct EmulatedAccount {
    name: &'static str,
    folder: TempDir,
    runtime: Runtime,
    tables: aws_sdk_dynamodb::Client,
    queues: aws_sdk_sqs::Client,
    mail: aws_sdk_sesv2::Client,
    events_queue: String,
    dead_letter_queue: String,
}

#[derive(Debug)]
pub(crate) struct EventMessage {
    pub(crate) body: String,
    pub(crate) group: String,
    /// Empty where it was none.
    pub(crate) dead_letter_id: String,
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

impl EmulatedAccount {
    pub(crate) fn new(name: &'static str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let config = function_config(|variable| match variable {
            "AWS_ENDPOINT_URL" => Some(SERVER.endpoint_url()),
            "AWS_REGION" => Some("eu-west-2".to_owned()),
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("test".to_owned()),
            _ => None,
        });
        let config = config.unwrap();
        let tables = aws_sdk_dynamodb::Client::new(&config);
        let queues = aws_sdk_sqs::Client::new(&config);
        let (query_events, analytics) =
            (format!("{name}-QueryEvents"), format!("{name}-Analytics"));
        tables::create(SERVER.authority(), &query_events, &analytics).unwrap();
        let (events_queue, dead_letter_queue) = runtime.block_on(async {
            (
                create_queue(&queues, &format!("{name}-events.fifo")).await,
                create_queue(&queues, &format!("{name}-dlq.fifo")).await,
            )
        });
        Self {
            name,
            folder: tempfile::tempdir().unwrap(),
            runtime,
            tables,
            queues,
            mail: aws_sdk_sesv2::Client::new(&config),
            events_queue,
            dead_letter_queue,
        }
    }

    fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cv-analytics"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("AWS_ENDPOINT_URL", SERVER.endpoint_url())
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("QUERY_EVENTS_TABLE", format!("{}-QueryEvents", self.name))
            .env("ANALYTICS_TABLE", format!("{}-Analytics", self.name))
            .env("QUEUE_URL", &self.events_queue)
            .env("DEAD_LETTER_QUEUE_URL", &self.dead_letter_queue)
            .env("SESSION_SALT", "the processor's")
            // No proxy reaches this machine, so none is asked.
            .env("HTTP_PROXY", "http://127.0.0.1:1")
            .env("HTTPS_PROXY", "http://127.0.0.1:1")
            .env("ALL_PROXY", "http://127.0.0.1:1");
        command
    }

    /// The dashboard of the tables with these variables, and its address.
    pub(crate) fn serve(&self, variables: &[(&str, &str)]) -> (Serving, String) {
        let arguments = ["serve", "--store", "dynamodb", "--listen", "127.0.0.1:0"];
        let mut program = self.program(&arguments);
        program.envs(variables.iter().copied()).stdout(Stdio::piped());
        let mut serving = Serving(program.spawn().unwrap());
        let mut lines = BufReader::new(serving.0.stdout.take().unwrap()).lines();
        let ready = lines.find_map(|line| {
            line.unwrap().strip_prefix("cv-analytics is ready: ").map(str::to_owned)
        });
        (serving, ready.expect("it ended early"))
    }

    /// A file of the data folder.
    pub(crate) fn kept(&self, name: &str) -> String {
        let file = self.folder.path().join("cv-analytics-data").join(name);
        std::fs::read_to_string(file).unwrap()
    }

    pub(crate) fn run(&self, arguments: &[&str], input: &str) -> Output {
        output(&mut self.program(arguments), input)
    }

    /// Standard output of a command that has to succeed.
    pub(crate) fn done(&self, arguments: &[&str], input: &str) -> String {
        let output = self.run(arguments, input);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    pub(crate) fn on_aws(&self, arguments: &[&str], input: &str) -> String {
        self.done(&[&["--store", "dynamodb"], arguments].concat(), input)
    }

    pub(crate) fn without_salt(&self, arguments: &[&str], input: &str) -> Output {
        let mut program = self.program(&[&["--store", "dynamodb"], arguments].concat());
        output(program.env_remove("SESSION_SALT"), input)
    }

    /// Runs it without a word about where the queues are.
    pub(crate) fn without_queue(&self, arguments: &[&str], input: &str) -> Output {
        let mut program = self.program(&[&["--store", "dynamodb"], arguments].concat());
        output(program.env_remove("DEAD_LETTER_QUEUE_URL").env_remove("QUEUE_URL"), input)
    }

    pub(crate) fn with(&self, variable: &str, value: &str, arguments: &[&str]) -> Output {
        let mut program = self.program(&[&["--store", "dynamodb"], arguments].concat());
        output(program.env(variable, value), "")
    }

    pub(crate) fn dead_letters(&self) -> Vec<Value> {
        let listed = self.on_aws(&["dead-letters", "list", "--json"], "");
        listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// A dead letter as SQS moves it: without a reason, in the group that it came in.
    pub(crate) fn send_dead_letter(&self, group: &str, body: &str) {
        let message = self.queues.send_message().queue_url(&self.dead_letter_queue);
        let message = message.message_group_id(group.replace(' ', "-")).message_body(body);
        self.runtime.block_on(message.send()).unwrap();
    }

    pub(crate) fn receive_event(&self) -> EventMessage {
        let receive = self.queues.receive_message().queue_url(&self.events_queue);
        let receive = receive
            .message_attribute_names("All")
            .message_system_attribute_names(MessageSystemAttributeName::MessageGroupId);
        let answer = self.runtime.block_on(receive.send()).unwrap();
        let message = &answer.messages()[0];
        let dead_letter_id = message
            .message_attributes()
            .and_then(|attributes| attributes.get("deadLetterId")?.string_value())
            .unwrap_or_default();
        EventMessage {
            body: message.body().unwrap().to_owned(),
            group: message.attributes().unwrap()[&MessageSystemAttributeName::MessageGroupId]
                .clone(),
            dead_letter_id: dead_letter_id.to_owned(),
        }
    }

    /// A bucket of S3.
    pub(crate) fn make_bucket(name: &str) {
        let made = http::client().put(format!("{}/{name}", SERVER.endpoint_url()));
        assert_eq!(http::answer(made).0, 200);
    }

    pub(crate) fn verify_sender(&self, address: &str) {
        let verify = self.mail.create_email_identity().email_identity(address);
        self.runtime.block_on(verify.send()).unwrap();
    }

    /// Takes the table of the records away.
    pub(crate) fn delete_records_table(&self) {
        let delete = self.tables.delete_table().table_name(format!("{}-Analytics", self.name));
        self.runtime.block_on(delete.send()).unwrap();
    }

    /// A complete row as an earlier deployment wrote it.
    pub(crate) fn put_earlier_row(&self) {
        let put = self.tables.put_item().table_name(format!("{}-Analytics", self.name));
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let put = put.item("requestId", text("earlier-2")).item("query", text("q"));
        let put = put.item("timestamp", AttributeValue::N("1763372400000".to_owned()));
        let put = put.item("week", text("2025-W46")).item("status", text("complete"));
        self.runtime.block_on(put.send()).unwrap();
    }

    /// Notes a dead letter of this week, as the processor does.
    pub(crate) fn note_dead_letter(&self, id: &str) {
        let week = this_week();
        let at = week.parse::<IsoWeek>().unwrap().start().as_millis();
        let put = self.tables.put_item().table_name(format!("{}-Analytics", self.name));
        let put = put.item("requestId", AttributeValue::S(format!("cv-analytics:dead:{id}")));
        let put = put.item("week", AttributeValue::S(format!("dead:{week}")));
        let put = put.item("timestamp", AttributeValue::N(at.to_string()));
        self.runtime.block_on(put.send()).unwrap();
    }

    /// Every item of both tables, as text.
    pub(crate) fn everything_in_the_tables(&self) -> String {
        let scan = |table: &str| {
            let scan = self.tables.scan().table_name(format!("{}-{table}", self.name));
            format!("{:?}", self.runtime.block_on(scan.send()).unwrap().items())
        };
        scan("QueryEvents") + &scan("Analytics")
    }
}

/// A program that serves until the test is over with it.
pub(crate) struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// The week in which the emulator's messages arrive.
#[expect(clippy::disallowed_methods, reason = "the program under test counts by the real clock")]
pub(crate) fn this_week() -> String {
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = Timestamp::from_millis(i64::try_from(since_1970.as_millis()).unwrap());
    IsoWeek::containing(now).to_string()
}

fn output(program: &mut Command, input: &str) -> Output {
    let mut child = program
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads nothing may have ended before.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

async fn create_queue(client: &aws_sdk_sqs::Client, name: &str) -> String {
    let queue = client
        .create_queue()
        .queue_name(name)
        .attributes(QueueAttributeName::FifoQueue, "true")
        .attributes(QueueAttributeName::ContentBasedDeduplication, "true");
    queue.send().await.unwrap().queue_url.unwrap()
}
