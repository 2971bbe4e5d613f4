//! Policies that lack something or have too much, and permissions that the caller lacks.

use serde_json::{Value, json};

use crate::doctor::account::{ACCOUNT, Environment};
use crate::doctor::emulator::{self, REGION};

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
        "reporter",
        &|policy| {
            for statement in policy["Statement"].as_array_mut().unwrap() {
                statement.as_object_mut().unwrap().remove("Condition");
            }
        },
        "reporter-rights-more",
        "may also do ses:SendEmail",
    );
    environment.looked_at().passed();

    // A boundary as organisations set them: what it allows is enough.
    let bounds = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"aws:RequestedRegion": REGION}}},
        {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}]});
    let create = [
        ("Action", "CreatePolicy"),
        ("PolicyName", "rights-bounds"),
        ("PolicyDocument", &bounds.to_string()),
    ];
    emulator::query("iam", &create);
    let arn = format!("arn:aws:iam::{ACCOUNT}:policy/rights-bounds");
    let role = environment.role("processor");
    let bound = [
        ("Action", "PutRolePermissionsBoundary"),
        ("RoleName", &*role),
        ("PermissionsBoundary", &*arn),
    ];
    emulator::query("iam", &bound);
    let diagnosis = environment.looked_at();
    diagnosis.passed();
    diagnosis.says("processor-boundary", &format!("{arn} allows what {role} needs"), "");
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
