//! The event source mapping: what feeds the queue to the processor.

use cv_analytics_aws::install::INSTALL;
use serde_json::Value;

use super::Account;
use super::calls::percent_encoded;
use crate::commands::doctor::check::Check;

const NAME: &str = "mapping";

/// Looks at what leads from the queue to the processor.
pub(crate) async fn check(account: &Account) -> Vec<Check> {
    let names = &account.names;
    let queue = names.queue_arn(&names.events_queue);
    let processor = names.processor();
    let path =
        format!("/2015-03-31/event-source-mappings?EventSourceArn={}", percent_encoded(&queue));
    let found = match account.calls.lambda(&path, "lambda:ListEventSourceMappings").await {
        Ok(found) => found,
        Err(error) => return vec![error.inconclusive(NAME)],
    };
    let create = format!(
        "aws lambda create-event-source-mapping --function-name {processor} --event-source-arn {queue} --batch-size {} \
         --function-response-types ReportBatchItemFailures --scaling-config MaximumConcurrency={}",
        INSTALL.mapping.batch_size, INSTALL.mapping.concurrency
    );
    let mappings = found.get("EventSourceMappings").and_then(Value::as_array);
    let arn = names.function_arn(&processor);
    let (own, others): (Vec<&Value>, Vec<&Value>) =
        mappings.into_iter().flatten().partition(|mapping| text(mapping, "FunctionArn") == arn);
    let mut checks = match *own {
        [] => {
            let message = format!("nothing leads from {queue} to {processor}");
            vec![Check::fail(NAME, message, create)]
        }
        [mapping] => judge(mapping),
        [_, second, ..] => {
            let message = "more than one leads from the queue to the processor";
            vec![Check::fail(NAME, message, delete(second))]
        }
    };
    let other = others.into_iter().find(|mapping| text(mapping, "State") != "Disabled");
    let problem = other.map(|other| {
        let who = text(other, "FunctionArn");
        let message =
            format!("{who} takes messages from {queue} too: the processor never gets those");
        (message, delete(other))
    });
    checks.push(Check::of("mapping-consumers", "no other function takes messages", problem));
    checks
}

fn text<'m>(mapping: &'m Value, name: &str) -> &'m str {
    mapping.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn delete(mapping: &Value) -> String {
    format!("aws lambda delete-event-source-mapping --uuid {}", text(mapping, "UUID"))
}

fn judge(mapping: &Value) -> Vec<Check> {
    let number = |name: &str| mapping.get(name).and_then(Value::as_i64);
    let update = format!("aws lambda update-event-source-mapping --uuid {}", text(mapping, "UUID"));
    let state = text(mapping, "State");
    let on = match state {
        "Enabled" => Check::ok(NAME, "on"),
        "Creating" | "Enabling" | "Updating" => {
            Check::warn(NAME, format!("it is {state}"), "wait a minute and run this again")
        }
        state => {
            let reason = text(mapping, "StateTransitionReason");
            Check::fail(
                NAME,
                format!("it is {state} {reason}").trim_end(),
                format!("{update} --enabled"),
            )
        }
    };
    let batch = number("BatchSize").unwrap_or_default();
    let batch_size = i64::from(INSTALL.mapping.batch_size);
    let window = number("MaximumBatchingWindowInSeconds").unwrap_or_default();
    let failures = mapping.get("FunctionResponseTypes").and_then(Value::as_array);
    let reports = failures.is_some_and(|types| {
        types.iter().any(|one| one.as_str() == Some("ReportBatchItemFailures"))
    });
    let filters = mapping.pointer("/FilterCriteria/Filters").and_then(Value::as_array);
    let is_filtered = filters.is_some_and(|filters| !filters.is_empty());
    let bound = mapping.pointer("/ScalingConfig/MaximumConcurrency").and_then(Value::as_i64);
    let concurrency = INSTALL.mapping.concurrency;
    vec![
        on,
        Check::of(
            "mapping-batch",
            format!("{batch} messages a batch"),
            (batch != batch_size).then(|| {
                (
                    format!("{batch} messages a batch, where {batch_size} are right"),
                    format!("{update} --batch-size {batch_size}"),
                )
            }),
        ),
        Check::of(
            "mapping-failures",
            "only a batch's failures come again",
            (!reports).then(|| {
                (
                    "ReportBatchItemFailures is off: messages that failed are lost".to_owned(),
                    format!("{update} --function-response-types ReportBatchItemFailures"),
                )
            }),
        ),
        Check::of(
            "mapping-window",
            "no batching window",
            (window != 0).then(|| {
                (
                    format!("batches wait for {window} s"),
                    format!("{update} --maximum-batching-window-in-seconds 0"),
                )
            }),
        ),
        Check::of(
            "mapping-filter",
            "no filter",
            is_filtered.then(|| {
                (
                    "it has a filter: messages that do not match are deleted unseen".to_owned(),
                    format!("{update} --filter-criteria '{{}}'"),
                )
            }),
        ),
        Check::of(
            "mapping-concurrency",
            format!("{} batches at once at most", bound.unwrap_or_default()),
            bound.is_none().then(|| {
                (
                    "no bound on the batches at once: they can use up the account's concurrency"
                        .to_owned(),
                    format!("{update} --scaling-config MaximumConcurrency={concurrency}"),
                )
            }),
        ),
    ]
}
