//! An environment in an emulated account, made as the template makes it, each under a prefix of its own.

use std::collections::HashMap;
use std::process::{Command, Stdio};

use aws_sdk_dynamodb::types::TimeToLiveSpecification;
use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use aws_types::SdkConfig;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cv_analytics_aws::clients::function_config;
use cv_analytics_aws::install::INSTALL;
use cv_analytics_harness::emulators::tables;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::doctor::diagnosis::Diagnosis;
use crate::doctor::emulator::{self, REGION, SERVER};
use crate::doctor::front::Front;

pub(crate) const ACCOUNT: &str = "123456789012";

pub(crate) struct Environment {
    pub(crate) prefix: String,
    pub(crate) front: Front,
    pub(crate) folder: TempDir,
    pub(crate) runtime: Runtime,
    pub(crate) sdk: SdkConfig,
    pub(crate) sqs: aws_sdk_sqs::Client,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) events_queue: String,
    pub(crate) dead_letter_queue: String,
}

impl Environment {
    pub(crate) fn new(name: &str) -> Self {
        let environment = Self::fed_by_hand(name);
        environment.make_mapping();
        environment.front.forget("/event-source-mappings");
        environment
    }

    /// The same, where the mapping is only told of: the emulator's would take the messages for a
    /// function that it cannot run.
    pub(crate) fn fed_by_hand(name: &str) -> Self {
        let prefix = format!("{name}-");
        let front = Front::start(SERVER.endpoint_url());
        front.answer(
            "/v2/email/account",
            200,
            r#"{"ProductionAccessEnabled":true,"SendingEnabled":true}"#,
        );
        let told = json!({"EventSourceMappings": [{"UUID": "told", "State": "Enabled",
            "BatchSize": INSTALL.mapping.batch_size, "FunctionResponseTypes": ["ReportBatchItemFailures"]}]});
        front.answer("/event-source-mappings", 200, &told.to_string());
        let sdk = function_config(|variable| match variable {
            "AWS_ENDPOINT_URL" => Some(SERVER.endpoint_url()),
            "AWS_REGION" => Some(REGION.to_owned()),
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("test".to_owned()),
            _ => None,
        });
        let sdk = sdk.unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut environment = Self {
            folder: tempfile::tempdir().unwrap(),
            sqs: aws_sdk_sqs::Client::new(&sdk),
            dynamodb: aws_sdk_dynamodb::Client::new(&sdk),
            prefix,
            front,
            runtime,
            sdk,
            events_queue: String::new(),
            dead_letter_queue: String::new(),
        };
        environment.make_tables();
        environment.make_queues();
        environment.make_roles();
        environment.make_functions();
        environment.make_schedule();
        environment.make_alerts();
        environment.make_sender();
        environment
    }

    pub(crate) fn named(&self, name: &str) -> String {
        format!("{}cv-analytics-{name}", self.prefix)
    }

    pub(crate) fn program(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cv-analytics"));
        command
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .env_clear()
            .env("AWS_ENDPOINT_URL", self.front.endpoint_url())
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .args(["--store", "dynamodb"]);
        command
    }

    pub(crate) fn doctor(&self, options: &[&str]) -> Diagnosis {
        let mut program = self.program();
        Diagnosis::of(program.args(["doctor", "--prefix", &self.prefix]).args(options))
    }

    /// What is found without a canary.
    pub(crate) fn looked_at(&self) -> Diagnosis {
        self.doctor(&["--no-canary"])
    }

    fn make_tables(&self) {
        let (rows, records) = (self.interim_table(), self.records_table());
        tables::create(SERVER.authority(), &rows, &records).unwrap();
        self.set_ttl(&rows, true, "ttl");
    }

    pub(crate) fn interim_table(&self) -> String {
        format!("{}{}", self.prefix, INSTALL.tables.query_events)
    }

    pub(crate) fn records_table(&self) -> String {
        format!("{}{}", self.prefix, INSTALL.tables.analytics)
    }

    pub(crate) fn set_ttl(&self, table: &str, enabled: bool, attribute: &str) {
        let ttl = TimeToLiveSpecification::builder().enabled(enabled).attribute_name(attribute);
        let update = self.dynamodb.update_time_to_live().table_name(table);
        let update = update.time_to_live_specification(ttl.build().unwrap());
        self.runtime.block_on(update.send()).unwrap();
    }

    fn make_queues(&mut self) {
        let fifo = [("FifoQueue", "true"), ("ContentBasedDeduplication", "true")];
        let dead = [&fifo[..], &[("MessageRetentionPeriod", "1209600")]].concat();
        self.dead_letter_queue = self.make_queue("dlq.fifo", &dead);
        self.make_queue("schedule-dlq", &[("MessageRetentionPeriod", "1209600")]);
        let redrive = self.redrive(10);
        let events = [
            ("MessageRetentionPeriod", "345600"),
            ("ReceiveMessageWaitTimeSeconds", "20"),
            ("VisibilityTimeout", "300"),
            ("RedrivePolicy", &redrive),
        ];
        self.events_queue = self.make_queue("events.fifo", &[&fifo[..], &events].concat());
    }

    pub(crate) fn redrive(&self, receives: u8) -> String {
        let arn = format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{}", self.named("dlq.fifo"));
        json!({"deadLetterTargetArn": arn, "maxReceiveCount": receives}).to_string()
    }

    fn make_queue(&self, name: &str, attributes: &[(&str, &str)]) -> String {
        let mut create = self.sqs.create_queue().queue_name(self.named(name));
        for (name, value) in attributes {
            create = create.attributes(Attribute::from(*name), *value);
        }
        self.runtime.block_on(create.send()).unwrap().queue_url.unwrap()
    }

    pub(crate) fn set_queue(&self, url: &str, attribute: &str, value: &str) {
        let set = self.sqs.set_queue_attributes().queue_url(url);
        let set = set.attributes(Attribute::from(attribute), value);
        self.runtime.block_on(set.send()).unwrap();
    }

    /// The policy of a role or of the Worker, for this environment.
    pub(crate) fn policy(&self, kind: &str) -> Value {
        let arn =
            |service: &str, name: String| format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{name}");
        let places = HashMap::from([
            ("{partition}", "aws".to_owned()),
            ("{region}", REGION.to_owned()),
            ("{account}", ACCOUNT.to_owned()),
            ("{function}", self.named(kind)),
            ("{queryEvents}", self.interim_table()),
            ("{analytics}", self.records_table()),
            ("{weekIndex}", INSTALL.tables.week_index.clone()),
            ("{eventsQueue}", arn("sqs", self.named("events.fifo"))),
            ("{deadLetterQueue}", arn("sqs", self.named("dlq.fifo"))),
            ("{sender}", self.sender()),
        ]);
        let rights = match kind {
            "processor" => &INSTALL.processor.rights,
            "reporter" => &INSTALL.reporter.rights,
            _ => &INSTALL.worker.rights,
        };
        let text = places
            .iter()
            .fold(rights.to_string(), |text, (place, value)| text.replace(place, value));
        let mut statements: Value = serde_json::from_str(&text).unwrap();
        for statement in statements.as_array_mut().unwrap() {
            statement["Effect"] = json!("Allow");
        }
        json!({"Version": "2012-10-17", "Statement": statements})
    }

    pub(crate) fn role(&self, kind: &str) -> String {
        format!("{}-{REGION}", self.named(kind))
    }

    fn make_roles(&self) {
        let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
        for kind in ["processor", "reporter"] {
            let role = self.role(kind);
            let create = [
                ("Action", "CreateRole"),
                ("RoleName", &role),
                ("AssumeRolePolicyDocument", &trust.to_string()),
            ];
            emulator::query("iam", &create);
            self.put_policy(kind, &self.policy(kind));
        }
        emulator::query("iam", &[("Action", "CreateUser"), ("UserName", &self.role("worker"))]);
        self.put_policy("worker", &self.policy("worker"));
    }

    pub(crate) fn put_policy(&self, kind: &str, document: &Value) {
        let (action, holder) = match kind {
            "worker" => ("PutUserPolicy", "UserName"),
            _ => ("PutRolePolicy", "RoleName"),
        };
        let (name, document) = (self.role(kind), document.to_string());
        let put = [
            ("Action", action),
            (holder, &*name),
            ("PolicyName", kind),
            ("PolicyDocument", &*document),
        ];
        emulator::query("iam", &put);
    }

    /// Gives the reporter a right that it has already by a managed policy too.
    pub(crate) fn attach_what_the_reporter_logs_by(&self) {
        let mut logs = self.policy("reporter");
        logs["Statement"].as_array_mut().unwrap().retain(|right| {
            right["Action"].as_array().unwrap().contains(&json!("logs:PutLogEvents"))
        });
        let name = self.named("logs");
        let create = [
            ("Action", "CreatePolicy"),
            ("PolicyName", &*name),
            ("PolicyDocument", &logs.to_string()),
        ];
        emulator::query("iam", &create);
        let arn = format!("arn:aws:iam::{ACCOUNT}:policy/{name}");
        let role = self.role("reporter");
        let attach = [("Action", "AttachRolePolicy"), ("RoleName", &*role), ("PolicyArn", &*arn)];
        emulator::query("iam", &attach);
    }

    fn make_functions(&self) {
        let tables = json!({"QUERY_EVENTS_TABLE": self.interim_table(), "ANALYTICS_TABLE": self.records_table()});
        let with = |more: Value| {
            let mut all = tables.as_object().unwrap().clone();
            all.extend(more.as_object().unwrap().clone());
            Value::Object(all)
        };
        let processor = with(
            json!({"QUEUE_URL": self.events_queue, "DEAD_LETTER_QUEUE_URL": self.dead_letter_queue, "KEEP_ANSWERS": "true"}),
        );
        let reporter = with(
            json!({"DEAD_LETTER_QUEUE_URL": self.dead_letter_queue, "SENDER_EMAIL": self.sender(), "RECIPIENT_EMAIL": "one@example.org, two@example.org"}),
        );
        for (kind, facts, variables) in [
            ("processor", &INSTALL.processor, processor),
            ("reporter", &INSTALL.reporter, reporter),
        ] {
            let function = json!({
                "FunctionName": self.named(kind), "Runtime": "provided.al2023", "Handler": "bootstrap",
                "Architectures": ["arm64"], "MemorySize": facts.memory_mb, "Timeout": facts.timeout_seconds,
                "Role": format!("arn:aws:iam::{ACCOUNT}:role/{}", self.role(kind)),
                "Code": {"ZipFile": STANDARD.encode(zip())}, "Environment": {"Variables": variables},
            });
            emulator::lambda("POST", "/2015-03-31/functions", &function);
        }
    }

    fn make_mapping(&self) {
        emulator::lambda(
            "POST",
            "/2015-03-31/event-source-mappings",
            &json!({
                "EventSourceArn": format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{}", self.named("events.fifo")),
                "FunctionName": self.named("processor"), "Enabled": true,
                "BatchSize": INSTALL.mapping.batch_size,
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
            }),
        );
    }

    pub(crate) fn configure(&self, function: &str, change: &Value) {
        let path = format!("/2015-03-31/functions/{}/configuration", self.named(function));
        emulator::lambda("PUT", &path, change);
    }

    fn make_schedule(&self) {
        let rule = self.named("weekly-report");
        emulator::events(
            "PutRule",
            &json!({"Name": rule, "ScheduleExpression": INSTALL.schedule.expression, "State": "ENABLED"}),
        );
        let reporter =
            format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}", self.named("reporter"));
        emulator::events(
            "PutTargets",
            &json!({"Rule": rule, "Targets": [{"Id": "reporter", "Arn": reporter}]}),
        );
        let permission = json!({
            "StatementId": "schedule", "Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com",
            "SourceArn": format!("arn:aws:events:{REGION}:{ACCOUNT}:rule/{rule}"),
        });
        let path = format!("/2015-03-31/functions/{}/policy", self.named("reporter"));
        emulator::lambda("POST", &path, &permission);
    }

    pub(crate) fn topic(&self) -> String {
        format!("arn:aws:sns:{REGION}:{ACCOUNT}:{}", self.named("alerts"))
    }

    fn make_alerts(&self) {
        emulator::query("sns", &[("Action", "CreateTopic"), ("Name", &self.named("alerts"))]);
        let topic = self.topic();
        emulator::query(
            "sns",
            &[
                ("Action", "Subscribe"),
                ("TopicArn", &topic),
                ("Protocol", "email"),
                ("Endpoint", "you@example.org"),
            ],
        );
        for alarm in &INSTALL.alarms {
            self.put_alarm(alarm.name.trim_start_matches("cv-analytics-"), &topic);
        }
    }

    pub(crate) fn put_alarm(&self, alarm: &str, action: &str) {
        let name = self.named(alarm);
        emulator::query(
            "monitoring",
            &[
                ("Action", "PutMetricAlarm"),
                ("Version", "2010-08-01"),
                ("AlarmName", &name),
                ("Namespace", "AWS/SQS"),
                ("MetricName", "m"),
                ("Statistic", "Sum"),
                ("Period", "300"),
                ("EvaluationPeriods", "1"),
                ("ComparisonOperator", "GreaterThanThreshold"),
                ("Threshold", "0"),
                ("ActionsEnabled", "true"),
                ("AlarmActions.member.1", action),
            ],
        );
    }

    pub(crate) fn sender(&self) -> String {
        format!("{}reports@example.org", self.prefix)
    }

    fn make_sender(&self) {
        let mail = aws_sdk_sesv2::Client::new(&self.sdk);
        let create = mail.create_email_identity().email_identity(self.sender());
        self.runtime.block_on(create.send()).unwrap();
    }
}

/// A zip file with nothing in it: the end of its directory.
pub(crate) fn zip() -> Vec<u8> {
    let mut end = b"PK\x05\x06".to_vec();
    end.resize(22, 0);
    end
}
