//! The event source mapping: what feeds the queue to the processor.

use cv_analytics_aws::install::INSTALL;
use serde_json::Value;

use super::Account;
use super::calls::percent_encoded;
use crate::commands::doctor::check::Check;
use crate::install::variable;

const NAME: &str = "mapping";

/// Looks at what leads from the queue to the processor.
pub(crate) async fn check(account: &Account) -> Vec<Check> {
    let names = &account.names;
    let queue = variable("QUEUE_URL").unwrap_or_else(|| names.events_queue());
    let queue = names.queue_arn(&queue);
    let processor = names.processor();
    let path = format!(
        "/2015-03-31/event-source-mappings?EventSourceArn={}&FunctionName={}",
        percent_encoded(&queue),
        percent_encoded(&processor)
    );
    let found = match account.calls.lambda(&path, "lambda:ListEventSourceMappings").await {
        Ok(found) => found,
        Err(error) => return vec![error.inconclusive(NAME)],
    };
    let create = format!(
        "aws lambda create-event-source-mapping --function-name {processor} --event-source-arn {queue} --batch-size {} \
         --function-response-types ReportBatchItemFailures",
        INSTALL.mapping.batch_size
    );
    let mappings = found.get("EventSourceMappings").and_then(Value::as_array);
    match mappings.map(Vec::as_slice).unwrap_or_default() {
        [] => {
            let message = format!("nothing leads from {queue} to {processor}");
            vec![Check::fail(NAME, message, create)]
        }
        [mapping] => judge(mapping),
        [_, second, ..] => {
            let uuid = second.get("UUID").and_then(Value::as_str).unwrap_or_default();
            let fix = format!("aws lambda delete-event-source-mapping --uuid {uuid}");
            vec![Check::fail(NAME, "more than one leads from the queue to the processor", fix)]
        }
    }
}

fn judge(mapping: &Value) -> Vec<Check> {
    let text = |name: &str| mapping.get(name).and_then(Value::as_str).unwrap_or_default();
    let number = |name: &str| mapping.get(name).and_then(Value::as_i64);
    let update = format!("aws lambda update-event-source-mapping --uuid {}", text("UUID"));
    let state = text("State");
    let on = match state {
        "Enabled" => Check::ok(NAME, "on"),
        "Creating" | "Enabling" | "Updating" => {
            Check::warn(NAME, format!("it is {state}"), "wait a minute and run this again")
        }
        state => {
            let reason = text("StateTransitionReason");
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
    ]
}
