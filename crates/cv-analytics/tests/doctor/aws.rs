//! The installation on AWS, made right in an emulated account and then broken piece by piece.

use std::fs;

use serde_json::{Value, json};

use crate::account::{ACCOUNT, Environment, zip};

#[test]
fn all_is_well_where_everything_is_as_the_template_makes_it() {
    let environment = Environment::new("well");
    let diagnosis = environment.looked_at();
    diagnosis.is_well();
    assert_eq!(diagnosis.that_are("warn"), [""; 0]);
    assert_eq!(diagnosis.that_are("skipped"), ["processor-code", "reporter-code", "canary"]);
    diagnosis.says("credentials", "account 123456789012, as arn:aws:sts::", "");
    diagnosis.says("next-report", "T09:00:00", "");
    diagnosis.says("records-table-backup", "is off, the default", "");
    diagnosis.says("recipients", "2 of them, and the account is out of SES's sandbox", "");
}

#[test]
fn each_attribute_of_a_queue_that_is_wrong_fails_alone_with_the_command_that_sets_it() {
    let environment = Environment::new("queues");
    let events = environment.events_queue.clone();
    let check = |queue: &str,
                 attribute: &str,
                 wrong: &str,
                 right: &str,
                 name: &str,
                 said: &str,
                 mend: &str| {
        environment.set_queue(queue, attribute, wrong);
        environment.looked_at().fails_alone(name, said, mend);
        environment.set_queue(queue, attribute, right);
    };
    let set = |attribute: &str| {
        format!("aws sqs set-queue-attributes --queue-url {events} --attributes {attribute}")
    };
    check(
        &events,
        "ContentBasedDeduplication",
        "false",
        "true",
        "events-queue-deduplication",
        "does not deduplicate by content",
        &set("ContentBasedDeduplication=true"),
    );
    check(
        &events,
        "MessageRetentionPeriod",
        "3600",
        "345600",
        "events-queue-retention",
        "kept for 3600 s, where 345600 are needed",
        &set("MessageRetentionPeriod=345600"),
    );
    // Six times the processor's limit.
    check(
        &events,
        "VisibilityTimeout",
        "179",
        "300",
        "events-queue-visibility",
        "hidden for 179 s, where 180 are needed",
        &set("VisibilityTimeout=180"),
    );
    check(
        &events,
        "ReceiveMessageWaitTimeSeconds",
        "0",
        "20",
        "events-queue-polling",
        "waits for 0 s",
        &set("ReceiveMessageWaitTimeSeconds=20"),
    );
    check(
        &events,
        "RedrivePolicy",
        &environment.redrive(3),
        &environment.redrive(10),
        "events-queue-redrive",
        "after 3 receives",
        r#"\"maxReceiveCount\":\"10\""#,
    );
    let dead = environment.dead_letter_queue.clone();
    check(
        &dead,
        "MessageRetentionPeriod",
        "345600",
        "1209600",
        "dead-letter-queue-retention",
        "345600 s",
        "MessageRetentionPeriod=1209600",
    );
    environment.looked_at().is_well();

    let send = environment.sqs.send_message().queue_url(&dead).message_group_id("g");
    environment.runtime.block_on(send.message_body("{").send()).unwrap();
    let diagnosis = environment.looked_at();
    diagnosis.is_well();
    assert_eq!(diagnosis.that_are("warn"), ["dead-letters"]);
    diagnosis.says("dead-letters", "1 wait", "cv-analytics dead-letters list --store dynamodb");

    environment.runtime.block_on(environment.sqs.delete_queue().queue_url(&dead).send()).unwrap();
    let diagnosis = environment.doctor(&[]);
    diagnosis.fails_alone(
        "dead-letter-queue",
        "there is no queue queues-cv-analytics-dlq.fifo in eu-west-2",
        "--prefix",
    );
    diagnosis.says("canary", "it needs both queues", "");
}

#[test]
fn each_setting_of_a_function_that_is_wrong_fails_alone() {
    let environment = Environment::new("functions");
    let check = |function: &str, wrong: Value, right: Value, name: &str, said: &str, mend: &str| {
        environment.configure(function, &wrong);
        environment.looked_at().fails_alone(name, said, mend);
        environment.configure(function, &right);
    };
    check(
        "processor",
        json!({"Runtime": "nodejs20.x"}),
        json!({"Runtime": "provided.al2023"}),
        "processor-runtime",
        "the runtime is nodejs20.x",
        "--function-name functions-cv-analytics-processor --runtime provided.al2023",
    );
    check(
        "reporter",
        json!({"Timeout": 60}),
        json!({"Timeout": 300}),
        "reporter-size",
        "256 MB and 60 s, where 256 MB and 300 s are needed",
        "--memory-size 256 --timeout 300",
    );
    // A longer limit asks for a longer visibility: the queue is what has to follow.
    check(
        "processor",
        json!({"Timeout": 60}),
        json!({"Timeout": 30}),
        "events-queue-visibility",
        "hidden for 300 s, where 360 are needed",
        "VisibilityTimeout=360",
    );
    let variables = environment.lambda(
        "GET",
        "/2015-03-31/functions/functions-cv-analytics-processor/configuration",
        &json!(null),
    );
    let variables = variables["Environment"].clone();
    let mut without = variables.clone();
    without["Variables"].as_object_mut().unwrap().remove("DEAD_LETTER_QUEUE_URL");
    check(
        "processor",
        json!({"Environment": without}),
        json!({"Environment": variables}),
        "processor-variables",
        "DEAD_LETTER_QUEUE_URL is not set",
        "sets DEAD_LETTER_QUEUE_URL of functions-cv-analytics-processor",
    );
    let mut other = variables.clone();
    other["Variables"]["ANALYTICS_TABLE"] = json!("Elsewhere");
    check(
        "processor",
        json!({"Environment": other}),
        json!({"Environment": variables}),
        "processor-variables",
        "ANALYTICS_TABLE is Elsewhere, where functions-CV-Analytics is looked at",
        "",
    );
    environment.looked_at().is_well();

    environment.lambda(
        "DELETE",
        "/2015-03-31/functions/functions-cv-analytics-reporter",
        &json!(null),
    );
    let diagnosis = environment.looked_at();
    diagnosis.says(
        "reporter",
        "there is no function functions-cv-analytics-reporter",
        "infra/README.md",
    );
}

#[test]
fn the_code_that_runs_is_compared_with_the_zip_files() {
    let environment = Environment::new("code");
    let dist = environment.folder.path().join("dist");
    fs::create_dir(&dist).unwrap();
    fs::write(dist.join("processor-arm64.zip"), zip()).unwrap();
    let look = || environment.doctor(&["--no-canary", "--functions", "dist"]);
    let diagnosis = look();
    assert_eq!(diagnosis.check("processor-code")["outcome"], "ok");
    diagnosis.says("reporter-code", "dist/reporter-arm64.zip cannot be read", "cargo xtask dist");
    fs::write(dist.join("reporter-arm64.zip"), [zip(), zip()].concat()).unwrap();
    look().fails_alone("reporter-code", "is not what runs", "release-functions.sh");
}

#[test]
fn what_feeds_the_processor_is_looked_at() {
    let environment = Environment::new("mapping");
    let arn = format!("arn:aws:sqs:eu-west-2:{ACCOUNT}:mapping-cv-analytics-events.fifo");
    let list = format!(
        "/2015-03-31/event-source-mappings/?EventSourceArn={arn}&FunctionName=mapping-cv-analytics-processor"
    );
    let found = environment.lambda("GET", &list, &json!(null));
    let uuid = found["EventSourceMappings"][0]["UUID"].as_str().unwrap().to_owned();
    let path = format!("/2015-03-31/event-source-mappings/{uuid}");
    let processor = "mapping-cv-analytics-processor";
    let check = |wrong: Value, right: Value, name: &str, said: &str, mend: &str| {
        let update = |change: &Value| {
            let mut change = change.clone();
            change["FunctionName"] = json!(processor);
            environment.lambda("PUT", &path, &change);
        };
        update(&wrong);
        let mend = format!("aws lambda update-event-source-mapping --uuid {uuid} {mend}");
        environment.looked_at().fails_alone(name, said, &mend);
        update(&right);
    };
    check(
        json!({"BatchSize": 5}),
        json!({"BatchSize": 10}),
        "mapping-batch",
        "5 messages a batch",
        "--batch-size 10",
    );
    check(
        json!({"Enabled": false}),
        json!({"Enabled": true}),
        "mapping",
        "it is Disabled",
        "--enabled",
    );
    let rule = |fields: &str| {
        format!(
            r#"{{"EventSourceMappings":[{{"UUID":"{uuid}","State":"Enabled","BatchSize":10,{fields}}}]}}"#
        )
    };
    environment.front.answer("/event-source-mappings", 200, &rule(r#""FunctionResponseTypes":[]"#));
    let lost = "ReportBatchItemFailures is off: messages that failed are lost";
    environment.looked_at().fails_alone(
        "mapping-failures",
        lost,
        "--function-response-types ReportBatchItemFailures",
    );
    let window =
        r#""FunctionResponseTypes":["ReportBatchItemFailures"],"MaximumBatchingWindowInSeconds":5"#;
    environment.front.answer("/event-source-mappings", 200, &rule(window));
    environment.looked_at().fails_alone(
        "mapping-window",
        "batches wait for 5 s",
        "--maximum-batching-window-in-seconds 0",
    );
    environment.front.answer("/event-source-mappings", 200, r#"{"EventSourceMappings":[]}"#);
    environment.looked_at().fails_alone(
        "mapping",
        "nothing leads from",
        "aws lambda create-event-source-mapping",
    );
}

#[test]
fn tables_without_their_index_or_with_rows_that_leave_wrongly_are_told() {
    let environment = Environment::new("tables");
    let (rows, records) = (environment.interim_table(), environment.records_table());
    environment.set_ttl(&rows, false, "ttl");
    environment.looked_at().fails_alone(
        "interim-table-ttl",
        "time to live is off",
        "Enabled=true,AttributeName=ttl",
    );
    environment.set_ttl(&rows, true, "expiresAt");
    environment.looked_at().fails_alone(
        "interim-table-ttl",
        "by `expiresAt`, where `ttl` is right",
        "Enabled=false,AttributeName=expiresAt",
    );
    environment.set_ttl(&rows, false, "expiresAt");
    environment.set_ttl(&rows, true, "ttl");
    environment.set_ttl(&records, true, "ttl");
    environment.looked_at().fails_alone(
        "records-table-ttl",
        "records leave by `ttl`",
        "Enabled=false,AttributeName=ttl",
    );
    environment.set_ttl(&records, false, "ttl");
    let delete = environment.dynamodb.delete_table().table_name(&records);
    environment.runtime.block_on(delete.send()).unwrap();
    environment.looked_at().fails_alone("records-table", "there is no such table", "--prefix");
    cv_analytics_harness::emulated_tables::create_keyed(
        environment.moto(),
        &records,
        "requestId",
        "S",
    )
    .unwrap();
    environment.looked_at().fails_alone(
        "records-index",
        "it has no index `week-index`",
        "aws dynamodb update-table",
    );
    environment
        .runtime
        .block_on(environment.dynamodb.delete_table().table_name(&records).send())
        .unwrap();
    cv_analytics_harness::emulated_tables::create_keyed(environment.moto(), &records, "id", "N")
        .unwrap();
    let diagnosis = environment.looked_at();
    diagnosis.says("records-table", "its key is `id` (HASH, N)", "archive, make it anew");
}

#[test]
fn rights_that_are_missing_and_rights_that_are_too_much_are_told_apart() {
    let environment = Environment::new("rights");
    let check = |kind: &str, change: &dyn Fn(&mut Value), name: &str, said: &str| {
        let mut policy = environment.policy(kind);
        change(&mut policy);
        environment.put_policy(kind, &policy);
        environment.looked_at().fails_alone(name, said, "deploy again");
        environment.put_policy(kind, &environment.policy(kind));
    };
    check(
        "processor",
        &|policy| {
            policy["Statement"][1]["Action"] = json!(["dynamodb:DescribeTable", "dynamodb:GetItem"])
        },
        "processor-rights",
        "may not do dynamodb:PutItem on arn:aws:dynamodb:eu-west-2:123456789012:table/rights-CV-Analytics",
    );
    check(
        "processor",
        &|policy| {
            policy["Statement"][1]["Action"] = json!([
                "dynamodb:DescribeTable",
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "dynamodb:DeleteItem"
            ])
        },
        "processor-rights-more",
        "may also do dynamodb:DeleteItem",
    );
    check(
        "reporter",
        &|policy| {
            policy["Statement"][3].as_object_mut().unwrap().remove("Condition");
        },
        "reporter-rights-more",
        "may also do ses:SendEmail",
    );
    check(
        "worker",
        &|policy| policy["Statement"][0]["Resource"] = json!("*"),
        "worker-rights-more",
        "sqs:SendMessage on *",
    );
    environment.looked_at().is_well();

    // What AWS's own guides attach.
    let attached = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": ["logs:*"], "Resource": "*"}});
    environment.query(
        "iam",
        &[
            ("Action", "CreatePolicy"),
            ("PolicyName", "rights-broad"),
            ("PolicyDocument", &attached.to_string()),
        ],
    );
    let arn = format!("arn:aws:iam::{ACCOUNT}:policy/rights-broad");
    let role = environment.role("reporter");
    environment
        .query("iam", &[("Action", "AttachRolePolicy"), ("RoleName", &role), ("PolicyArn", &arn)]);
    environment.looked_at().fails_alone(
        "reporter-rights-more",
        "may also do logs:* on *",
        "take it away",
    );
    environment
        .query("iam", &[("Action", "DetachRolePolicy"), ("RoleName", &role), ("PolicyArn", &arn)]);
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]});
    environment.query(
        "iam",
        &[
            ("Action", "UpdateAssumeRolePolicy"),
            ("RoleName", &role),
            ("PolicyDocument", &trust.to_string()),
        ],
    );
    environment.looked_at().fails_alone(
        "reporter-trust",
        "is not for Lambda alone",
        "lambda.amazonaws.com as the only principal",
    );
}

#[test]
fn intake_that_the_budget_stopped_is_told_with_the_way_back() {
    let environment = Environment::new("stopped");
    let deny = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "sqs:SendMessage",
        "Resource": format!("arn:aws:sqs:eu-west-2:{ACCOUNT}:stopped-cv-analytics-events.fifo")}]});
    environment.query(
        "iam",
        &[
            ("Action", "CreatePolicy"),
            ("PolicyName", "stopped-stop"),
            ("PolicyDocument", &deny.to_string()),
        ],
    );
    let arn = format!("arn:aws:iam::{ACCOUNT}:policy/stopped-stop");
    let user = environment.role("worker");
    environment
        .query("iam", &[("Action", "AttachUserPolicy"), ("UserName", &user), ("PolicyArn", &arn)]);
    environment.looked_at().fails_alone(
        "worker-rights",
        "may not do sqs:SendMessage",
        "aws iam detach-user-policy",
    );
}

#[test]
fn mail_that_would_not_arrive_is_told() {
    let environment = Environment::new("mail");
    let mail = aws_sdk_sesv2::Client::new(&environment.sdk);
    let sender = environment.sender();
    environment
        .runtime
        .block_on(mail.delete_email_identity().email_identity(&sender).send())
        .unwrap();
    let verify = format!("aws sesv2 create-email-identity --email-identity {sender}");
    environment.looked_at().fails_alone(
        "sender",
        "does not know mail-reports@example.org as verified",
        &verify,
    );
    environment
        .runtime
        .block_on(mail.create_email_identity().email_identity(&sender).send())
        .unwrap();
    environment.front.answer(
        "/v2/email/account",
        200,
        r#"{"ProductionAccessEnabled":false,"SendingEnabled":true}"#,
    );
    let diagnosis = environment.looked_at();
    diagnosis.fails_alone(
        "recipients",
        "in SES's sandbox, and one@example.org is not verified",
        "ask for production access",
    );
    for recipient in ["one@example.org", "two@example.org"] {
        environment.front.answer(
            &format!("/v2/email/identities/{}", recipient.replace('@', "%40")),
            200,
            r#"{"VerificationStatus":"SUCCESS","VerifiedForSendingStatus":true}"#,
        );
    }
    let diagnosis = environment.looked_at();
    diagnosis.is_well();
    diagnosis.says("recipients", "in SES's sandbox, and all 2 are verified", "");
    environment.front.answer(
        "/v2/email/account",
        200,
        r#"{"SendingEnabled":false,"EnforcementStatus":"SHUTDOWN"}"#,
    );
    environment.looked_at().fails_alone(
        "recipients",
        "SES sends nothing for this account (SHUTDOWN)",
        "SES's console",
    );
}

#[test]
fn alarms_that_reach_nobody_are_told() {
    let environment = Environment::new("alarms");
    environment.put_alarm("join-rate", &format!("arn:aws:sns:eu-west-2:{ACCOUNT}:elsewhere"));
    environment.looked_at().fails_alone(
        "alarm-actions",
        "alarms-cv-analytics-join-rate tells nobody",
        "deploy again",
    );
    environment.put_alarm("join-rate", &environment.topic());
    let quiet = environment.named("no-report");
    environment.query(
        "monitoring",
        &[
            ("Action", "DisableAlarmActions"),
            ("Version", "2010-08-01"),
            ("AlarmNames.member.1", &quiet),
        ],
    );
    environment.looked_at().fails_alone(
        "alarm-actions",
        "no-report tells nobody",
        "aws cloudwatch enable-alarm-actions --alarm-names alarms-cv-analytics-no-report",
    );
    environment.put_alarm("no-report", &environment.topic());
    let ringing = environment.named("oldest-message");
    environment.query(
        "monitoring",
        &[
            ("Action", "SetAlarmState"),
            ("Version", "2010-08-01"),
            ("AlarmName", &ringing),
            ("StateValue", "ALARM"),
            ("StateReason", "test"),
        ],
    );
    let diagnosis = environment.looked_at();
    diagnosis.is_well();
    diagnosis.says("alarms-ringing", "alarms-cv-analytics-oldest-message rings", "infra/README.md");
    environment.query(
        "monitoring",
        &[("Action", "DeleteAlarms"), ("Version", "2010-08-01"), ("AlarmNames.member.1", &ringing)],
    );
    environment.looked_at().fails_alone(
        "alarms",
        "there is no alarm alarms-cv-analytics-oldest-message",
        "deploy again",
    );
    environment.put_alarm("oldest-message", &environment.topic());

    let pending = "<ListSubscriptionsByTopicResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><ListSubscriptionsByTopicResult>\
        <Subscriptions><member><SubscriptionArn>PendingConfirmation</SubscriptionArn><Endpoint>you@example.org</Endpoint></member></Subscriptions>\
        </ListSubscriptionsByTopicResult></ListSubscriptionsByTopicResponse>";
    environment.front.answer("Action=ListSubscriptionsByTopic", 200, pending);
    environment.looked_at().fails_alone(
        "alarm-mail",
        "you@example.org has not confirmed",
        "follow the link in the mail from SNS",
    );
}

#[test]
fn a_schedule_that_starts_nothing_is_told() {
    let environment = Environment::new("schedule");
    let rule = environment.named("weekly-report");
    environment.events("DisableRule", &json!({"Name": rule}));
    let diagnosis = environment.looked_at();
    diagnosis.fails_alone(
        "schedule",
        "is off: no report is sent",
        "aws events enable-rule --name schedule-cv-analytics-weekly-report",
    );
    diagnosis.says("next-report", "the rule is off", "");
    environment.events("EnableRule", &json!({"Name": rule}));
    environment.events(
        "PutRule",
        &json!({"Name": rule, "ScheduleExpression": "cron(0 9 ? * MON 2020)", "State": "ENABLED"}),
    );
    environment.looked_at().fails_alone("next-report", "never comes again", "aws events put-rule");
    environment.events(
        "PutRule",
        &json!({"Name": rule, "ScheduleExpression": "cron(30 6 1 * ? *)", "State": "ENABLED"}),
    );
    environment.looked_at().says("next-report", "-01T06:30:00", "");
    environment.events("RemoveTargets", &json!({"Rule": rule, "Ids": ["reporter"]}));
    environment.looked_at().fails_alone(
        "schedule-target",
        "does not start",
        "aws events put-targets --rule schedule-cv-analytics-weekly-report",
    );
    let reporter =
        format!("arn:aws:lambda:eu-west-2:{ACCOUNT}:function:{}", environment.named("reporter"));
    environment.events(
        "PutTargets",
        &json!({"Rule": rule, "Targets": [{"Id": "reporter", "Arn": reporter}]}),
    );
    let path = format!("/2015-03-31/functions/{}/policy/schedule", environment.named("reporter"));
    environment.lambda("DELETE", &path, &json!(null));
    environment.looked_at().fails_alone("schedule-permission", "may", "aws lambda add-permission");
}

#[test]
fn a_right_that_is_denied_is_named_and_the_other_checks_go_on() {
    let environment = Environment::new("denied");
    let denied = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
    environment.front.answer("Action=ListRolePolicies", 403, denied);
    environment.front.answer(
        "AWSEvents.DescribeRule",
        400,
        r#"{"__type":"AccessDeniedException","message":"no"}"#,
    );
    environment.front.answer(
        "DynamoDB_20120810.DescribeTimeToLive",
        400,
        r#"{"__type":"com.amazon.coral.service#AccessDeniedException","message":"no"}"#,
    );
    let diagnosis = environment.looked_at();
    assert_eq!(diagnosis.that_are("fail"), [""; 0]);
    assert_eq!(diagnosis.code, Some(1));
    for (check, right) in [
        ("processor-rights", "iam:ListRolePolicies"),
        ("reporter-rights", "iam:ListRolePolicies"),
        ("schedule", "events:DescribeRule"),
        ("interim-table-ttl", "dynamodb:DescribeTimeToLive"),
    ] {
        assert_eq!(diagnosis.check(check)["outcome"], "skipped");
        diagnosis.says(
            check,
            &format!("{right} is denied"),
            &format!("give who runs this the right {right}"),
        );
    }
    for check in ["worker-rights", "alarms", "events-queue", "records-index"] {
        assert_eq!(diagnosis.check(check)["outcome"], "ok");
    }
}

#[test]
fn credentials_that_are_missing_or_not_taken_end_it_with_what_to_do() {
    let environment = Environment::new("nobody");
    let mut program = environment.program();
    let diagnosis =
        crate::diagnosis::Diagnosis::of(program.env_remove("AWS_ACCESS_KEY_ID").arg("doctor"));
    diagnosis.fails_alone("credentials", "no AWS credentials were found", "aws sso login");
    let invalid = "<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>The security token is invalid</Message></Error></ErrorResponse>";
    environment.front.answer("Action=GetCallerIdentity", 403, invalid);
    let diagnosis = environment.doctor(&[]);
    diagnosis.fails_alone("credentials", "InvalidClientTokenId", "sign in again");
    assert!(diagnosis.that_are("skipped").contains(&"canary"));
    let mut program = environment.program();
    program.env("AWS_ENDPOINT_URL", "http://127.0.0.1:1").arg("doctor");
    let diagnosis = crate::diagnosis::Diagnosis::of(&mut program);
    diagnosis.fails_alone(
        "credentials",
        "http://127.0.0.1:1 is not reached",
        "look at the network",
    );
}

#[test]
fn another_environments_prefix_shows_what_is_not_there() {
    let environment = Environment::new("here");
    let mut program = environment.program();
    let diagnosis =
        crate::diagnosis::Diagnosis::of(program.args(["doctor", "--prefix", "elsewhere-"]));
    for name in [
        "processor",
        "reporter",
        "events-queue",
        "records-table",
        "schedule",
        "alarms",
        "alarm-mail",
        "worker-rights",
    ] {
        assert_eq!(diagnosis.check(name)["outcome"], "fail", "{name}");
    }
    diagnosis.says(
        "processor",
        "there is no function elsewhere-cv-analytics-processor in eu-west-2",
        "--prefix",
    );
}
