//! Policies that lack something or have too much, and permissions that the caller lacks.

use serde_json::{Value, json};

use crate::doctor::account::{ACCOUNT, Environment};
use crate::doctor::emulator;

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
            policy["Statement"][1]["Action"] =
                json!(["dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:UpdateItem"]);
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
                "dynamodb:UpdateItem",
                "dynamodb:DeleteItem"
            ]);
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
    environment.looked_at().passed();

    // What AWS's own guides attach.
    let attached = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": ["logs:*"], "Resource": "*"}});
    emulator::query(
        "iam",
        &[
            ("Action", "CreatePolicy"),
            ("PolicyName", "rights-broad"),
            ("PolicyDocument", &attached.to_string()),
        ],
    );
    let arn = format!("arn:aws:iam::{ACCOUNT}:policy/rights-broad");
    let role = environment.role("reporter");
    emulator::query(
        "iam",
        &[("Action", "AttachRolePolicy"), ("RoleName", &role), ("PolicyArn", &arn)],
    );
    environment.looked_at().fails_alone(
        "reporter-rights-more",
        "may also do logs:* on *",
        "take it away",
    );
    emulator::query(
        "iam",
        &[("Action", "DetachRolePolicy"), ("RoleName", &role), ("PolicyArn", &arn)],
    );
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]});
    emulator::query(
        "iam",
        &[
            ("Action", "UpdateAssumeRolePolicy"),
            ("RoleName", &role),
            ("PolicyDocument", &trust.to_string()),
        ],
    );
    environment.looked_at().fails_alone(
        "reporter-trust",
        "can be assumed by more than Lambda",
        "lambda.amazonaws.com as the only principal",
    );
}

#[test]
fn intake_that_the_budget_stopped_is_told_with_the_way_back() {
    let environment = Environment::new("stopped");
    let deny = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "sqs:SendMessage",
        "Resource": format!("arn:aws:sqs:eu-west-2:{ACCOUNT}:stopped-cv-analytics-events.fifo")}]});
    emulator::query(
        "iam",
        &[
            ("Action", "CreatePolicy"),
            ("PolicyName", "stopped-stop"),
            ("PolicyDocument", &deny.to_string()),
        ],
    );
    let arn = format!("arn:aws:iam::{ACCOUNT}:policy/stopped-stop");
    let user = environment.role("worker");
    emulator::query(
        "iam",
        &[("Action", "AttachUserPolicy"), ("UserName", &user), ("PolicyArn", &arn)],
    );
    environment.looked_at().fails_alone(
        "worker-rights",
        "may not do sqs:SendMessage",
        "aws iam detach-user-policy",
    );
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
