//! The canary on AWS: through the processor and out again, without a trace in any report.

use std::collections::BTreeSet;

use cv_analytics_core::week::IsoWeek;
use cv_analytics_lambda::batch_metrics::BatchMetrics;
use cv_analytics_lambda::start::now;
use serde_json::Value;

use crate::doctor::account::Environment;
use crate::doctor::processing::Processing;

/// What reports say of this week, the last and the next.
fn reports(environment: &Environment, this: IsoWeek) -> Vec<String> {
    let report = |week: IsoWeek| {
        let mut program = environment.program();
        let output = program
            .env("QUERY_EVENTS_TABLE", environment.interim_table())
            .env("ANALYTICS_TABLE", environment.records_table())
            .args(["report", "--format", "json", "--week", &week.to_string()])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    [this.earlier(1), this, this.later(1)].map(report).to_vec()
}

/// The rights that `docs/operate/doctor.md` lists in statements of these names, and the one call that needs none.
fn rights_of_the_page(named: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let page = include_str!("../../../../../docs/operate/doctor.md");
    let policy = page.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    let policy: Value = serde_json::from_str(policy).unwrap();
    let mut rights = BTreeSet::from(["sts:GetCallerIdentity".to_owned()]);
    let statements = policy["Statement"].as_array().unwrap().iter();
    for statement in statements.filter(|statement| named(statement["Sid"].as_str().unwrap())) {
        let actions = match &statement["Action"] {
            Value::Array(actions) => actions.clone(),
            action => vec![action.clone()],
        };
        rights.extend(actions.iter().map(|action| action.as_str().unwrap().to_owned()));
    }
    rights
}

/// How many messages a queue holds, to be seen and hidden.
fn messages(environment: &Environment, queue: &str) -> u64 {
    let get = environment.sqs.get_queue_attributes().queue_url(queue);
    let get = get.attribute_names(aws_sdk_sqs::types::QueueAttributeName::All);
    let attributes = environment.runtime.block_on(get.send()).unwrap().attributes.unwrap();
    let number = |name: &str| attributes[&name.into()].parse::<u64>().unwrap();
    number("ApproximateNumberOfMessages") + number("ApproximateNumberOfMessagesNotVisible")
}

#[test]
fn a_canary_goes_through_the_processor_and_leaves_no_trace_in_any_report() {
    let environment = Environment::fed_by_hand("canary");
    let week = IsoWeek::containing(now());
    let processing = Processing::start(&environment);
    let send = |group: &str, body: &str| {
        let send = environment.sqs.send_message().queue_url(&environment.events_queue);
        environment
            .runtime
            .block_on(send.message_group_id(group).message_body(body).send())
            .unwrap();
    };
    let at = now().as_millis();
    send(
        "r",
        &format!(
            r#"{{"eventType":"query","requestId":"r","timestamp":{at},"query":"Do you know k8s?"}}"#
        ),
    );
    send("s", "this is no JSON");
    while messages(&environment, &environment.dead_letter_queue) == 0
        || messages(&environment, &environment.events_queue) > 0
    {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let before = reports(&environment, week);
    assert!(before[1].contains(r#""deadLetters": 1"#), "{}", before[1]);
    environment.attach_what_the_reporter_logs_by();
    environment.front.take_called();
    environment.looked_at().passed();
    let looking = rights_of_the_page(|statement| statement == "Look");
    assert_eq!(environment.front.take_called(), looking);
    let diagnosis = environment.doctor(&["--wait", "60"]);
    diagnosis.passed();
    assert_eq!(environment.front.take_called(), rights_of_the_page(|_| true));
    for check in
        ["canary", "canary-pair", "canary-unreadable", "canary-uncounted", "canary-removed"]
    {
        assert_eq!(diagnosis.check(check)["outcome"], "ok", "{check}");
    }
    assert_eq!(reports(&environment, week), before);
    // The letter that was there is there again, and to be seen by others.
    assert_eq!(messages(&environment, &environment.dead_letter_queue), 1);
    assert_eq!(messages(&environment, &environment.events_queue), 0);
    // No metric has it either.
    let batches = processing.stop();
    let sum = |count: fn(&BatchMetrics) -> u64| batches.iter().map(count).sum::<u64>();
    assert_eq!((sum(|batch| batch.received), sum(|batch| batch.dead_letters)), (2, 1));
    assert_eq!(sum(|batch| batch.joined + batch.duplicates + batch.coalesced), 0);
}

#[test]
fn a_processor_that_does_not_run_is_told_and_what_comes_later_adds_nothing() {
    let environment = Environment::fed_by_hand("asleep");
    let week = IsoWeek::containing(now());
    let before = reports(&environment, week);
    let diagnosis = environment.doctor(&["--wait", "2"]);
    assert_eq!(diagnosis.that_are("fail"), ["canary-pair", "canary-unreadable"]);
    diagnosis.says("canary-pair", "neither half came in time", "look at the processor's log");
    // It wakes, and finds the mark of what was removed.
    let processing = Processing::start(&environment);
    while messages(&environment, &environment.events_queue) > 0 {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    drop(processing.stop());
    // What the doctor sent unreadable waits in its queue, as the report says, until it is dropped.
    let purge = environment.sqs.purge_queue().queue_url(&environment.dead_letter_queue);
    environment.runtime.block_on(purge.send()).unwrap();
    assert_eq!(reports(&environment, week), before);
}
