//! The whole pipeline on one machine, step by step and in words: `cargo xtask aws-demo` runs it.
//!
//! Queues and mail are moto's, the tables dynoxide's; the functions are the real ones, behind a Lambda Runtime API of
//! this program. Arguments: the folder of the functions' programs, and the folder to write the mail into.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "it shares its emulators with the tests, and ends at the first fault"
)]

#[path = "../tests/it/emulated_aws.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod emulated_aws;
#[path = "../tests/it/questions.rs"]
mod questions;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::emulated_aws::{ANALYTICS, EmulatedAws, QUERY_EVENTS};
use crate::questions::hundred_interactions;

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(functions), Some(output)) = (arguments.next(), arguments.next()) else {
        eprintln!(
            "error: name the folder of the functions and one for the mail: `cargo xtask aws-demo` does"
        );
        return ExitCode::from(2);
    };
    fs::create_dir_all(&output).unwrap();

    println!(
        "1. Resources: two FIFO queues, two tables, a verified sender, as the templates make them"
    );
    let aws = EmulatedAws::start(&functions).await;

    let messages = hundred_interactions();
    println!(
        "2. The agent: {} messages of 100 interactions, by AWS's own client, and one that is broken",
        messages.len()
    );
    for message in &messages {
        aws.send(&message.group, &message.deduplication_id, &message.body).await;
    }
    aws.send("broken", "broken:1", "{\"eventType\":\"query\",").await;

    println!("3. The event source mapping: batches of ten into the processor");
    let mut mapping = aws.mapping(aws.processor());
    let mut totals: BTreeMap<String, u64> = BTreeMap::new();
    let (mut batches, mut returned) = (0, 0);
    while let Some(delivery) = mapping.deliver().unwrap() {
        batches += 1;
        returned += delivery.returned.len();
        for line in &delivery.invocation.lines {
            add_metrics(&mut totals, line);
        }
    }
    println!("   {batches} batches, {returned} messages returned; summed over the metrics lines:");
    for (name, sum) in &totals {
        println!("   {name:>12} {sum}");
    }
    println!(
        "   {} rows wait in {QUERY_EVENTS}, {} items lie in {ANALYTICS}",
        aws.items(QUERY_EVENTS).await.len(),
        aws.items(ANALYTICS).await.len()
    );
    for letter in aws.dead_letters().await {
        let reason = letter.message_attributes().and_then(|all| all["reason"].string_value());
        println!("   dead letter: {}", reason.unwrap_or("moved by SQS after ten receives"));
    }

    println!("4. Monday, 09:00: the schedule fires, and fires again");
    let mut reporter = aws.reporter("owner@example.com");
    let scheduled = json!({"detail-type": "Scheduled Event", "source": "aws.events",
                           "time": "2025-11-17T09:00:00Z", "detail": {}});
    for _ in 0..2 {
        let invocation = reporter.invoke(&scheduled).unwrap();
        println!("   {}", invocation.response().unwrap());
    }
    let lone =
        aws.items(ANALYTICS).await.values().filter(|item| item.contains_key("awaits")).count();
    println!("   {lone} questions that nobody answered are records now");

    println!("5. The mail, as SES got it");
    for (number, mail) in (1..).zip(aws.moto.sent_mails().unwrap()) {
        let path = output.join(format!("weekly-report-{number}.eml"));
        fs::write(&path, &mail.raw).unwrap();
        println!("   to {}: {}", mail.to.join(", "), path.display());
        for line in mail.raw.lines().take_while(|line| !line.trim().is_empty()) {
            println!("   | {}", line.trim_end());
        }
    }
    ExitCode::SUCCESS
}

/// Adds the counts of a metrics line; other lines are the log.
fn add_metrics(totals: &mut BTreeMap<String, u64>, line: &str) {
    let Ok(Value::Object(line)) = serde_json::from_str(line) else { return };
    let Some(metrics) = line.get("_aws").map(|aws| &aws["CloudWatchMetrics"][0]["Metrics"]) else {
        return;
    };
    for metric in
        metrics.as_array().into_iter().flatten().filter(|metric| metric["Unit"] == "Count")
    {
        let name = metric["Name"].as_str().unwrap_or_default();
        *totals.entry(name.to_owned()).or_default() += line[name].as_u64().unwrap_or_default();
    }
}
