//! The way of a report, and of alarms, to people: mail, alarms, schedule.

use serde_json::json;

use crate::doctor::account::{ACCOUNT, Environment};
use crate::doctor::emulator;

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
    diagnosis.passed();
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
    emulator::query(
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
    emulator::query(
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
    diagnosis.passed();
    diagnosis.says(
        "alarms-ringing",
        "alarms-cv-analytics-oldest-message rings",
        "docs/operate/runbook.md",
    );
    emulator::query(
        "monitoring",
        &[("Action", "DeleteAlarms"), ("Version", "2010-08-01"), ("AlarmNames.member.1", &ringing)],
    );
    environment.looked_at().fails_alone(
        "alarms",
        "missing alarm alarms-cv-analytics-oldest-message",
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
    emulator::events("DisableRule", &json!({"Name": rule}));
    let diagnosis = environment.looked_at();
    diagnosis.fails_alone(
        "schedule",
        "is off: no report is sent",
        "aws events enable-rule --name schedule-cv-analytics-weekly-report",
    );
    diagnosis.says("next-report", "the rule is off", "");
    emulator::events("EnableRule", &json!({"Name": rule}));
    emulator::events(
        "PutRule",
        &json!({"Name": rule, "ScheduleExpression": "cron(0 9 ? * MON 2020)", "State": "ENABLED"}),
    );
    environment.looked_at().fails_alone("next-report", "never comes again", "aws events put-rule");
    emulator::events(
        "PutRule",
        &json!({"Name": rule, "ScheduleExpression": "cron(30 6 1 * ? *)", "State": "ENABLED"}),
    );
    let diagnosis = environment.looked_at();
    diagnosis.passed();
    assert_eq!(diagnosis.that_are("warn"), ["next-report"]);
    diagnosis.says("next-report", "-01T06:30:00", "aws events put-rule");
    diagnosis.says("next-report", "no more than 14 days apart", "");
    emulator::events("RemoveTargets", &json!({"Rule": rule, "Ids": ["reporter"]}));
    environment.looked_at().fails_alone(
        "schedule-target",
        "does not start",
        "aws events put-targets --rule schedule-cv-analytics-weekly-report",
    );
    let reporter =
        format!("arn:aws:lambda:eu-west-2:{ACCOUNT}:function:{}", environment.named("reporter"));
    emulator::events(
        "PutTargets",
        &json!({"Rule": rule, "Targets": [{"Id": "reporter", "Arn": reporter}]}),
    );
    let path = format!("/2015-03-31/functions/{}/policy/schedule", environment.named("reporter"));
    emulator::lambda("DELETE", &path, &json!(null));
    environment.looked_at().fails_alone("schedule-permission", "may", "aws lambda add-permission");
}
