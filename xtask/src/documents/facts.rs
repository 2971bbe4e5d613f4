//! The limits of the sources, and the facts of `infra/install.json`, that pages repeat.

use serde_json::Value;

use super::{ending, files, page};

/// Constants of the sources, each with the pages that repeat its value and the words in which they do.
const FACTS: [(&str, &[(&str, &str)]); 20] = [
    (
        "QUERY_MAX_CHARS: usize = 2_000",
        &[
            ("docs/use/events.md", "kept up to 2,000 characters"),
            ("docs/operate/security.md", "questions, up to 2,000 characters"),
        ],
    ),
    (
        "REASONING_MAX_CHARS: usize = 500",
        &[
            ("docs/use/events.md", "kept up to 500 characters"),
            ("docs/operate/security.md", "reasoning, up to 500 characters"),
        ],
    ),
    (
        "KEPT_MAX_BYTES: usize = 256 * 1024",
        &[
            ("docs/use/events.md", "the stored form would exceed 256 KiB"),
            ("docs/operate/aws.md", "a form over 256 KiB becomes a dead letter"),
        ],
    ),
    (
        "PROMOTED_AFTER_MS: i64 = 15 * 60 * 1000",
        &[
            ("docs/operate/aws.md", "have waited 15 minutes for a response"),
            ("docs/operate/troubleshooting.md", "counts as unanswered after 15 minutes"),
            ("docs/develop/aws-join.md", "has waited 15 minutes"),
            ("docs/use/dashboard.md", "a question waits 15 minutes for its answer"),
            ("docs/use/fire-and-forget.md", "as a separate record 15 minutes later"),
            (
                "crates/cv-analytics-dashboard/templates/week.html",
                "Questions from the last 15 minutes",
            ),
            (
                "crates/cv-analytics-dashboard/templates/connect_steps.html",
                "once it is answered, or 15 minutes later",
            ),
        ],
    ),
    (
        "ROW_DAYS: u32 = 20",
        &[
            ("docs/operate/security.md", "interim rows 20 days"),
            ("docs/operate/aws.md", "after 20 days"),
            ("docs/develop/aws-join.md", "20 days after its last write"),
        ],
    ),
    (
        "DEDUPLICATION_WINDOW_MS: i64 = 5 * 60 * 1000",
        &[("docs/operate/server.md", "five minutes, by `Message")],
    ),
    (
        "ALLOWED_SKEW_SECONDS: u64 = 15 * 60",
        &[
            ("docs/operate/server.md", "clock off by more than 15 minutes"),
            ("docs/operate/server.md", "signed more than 15 minutes before or after"),
            ("docs/operate/security.md", "signatures last 15 minutes"),
            (
                "crates/cv-analytics-insights/src/view/phrases/refusals.rs",
                "with a date more than 15 minutes off",
            ),
            ("worker/src/queue-client.ts", "takes a signature for 15 minutes"),
        ],
    ),
    ("MAX_MESSAGE_BYTES: usize = 1024 * 1024", &[("docs/operate/server.md", "1,048,576 bytes")]),
    ("MAX_BODY_BYTES: usize = 16 * 1024 * 1024", &[("docs/operate/server.md", "over 16 MiB")]),
    (
        "MAX_ENTRIES: usize = 100_000",
        &[("docs/operate/server.md", "more than 100,000 events in a body")],
    ),
    (
        "MAX_UNREADABLE_BYTES: usize = 32 * 1024 * 1024",
        &[("docs/use/events.md", "none of the first 1,000 entries, or 32 MiB")],
    ),
    ("REPORT_VERSION: u32 = 2", &[("docs/use/report.md", "`\"reportVersion\": 2`")]),
    ("MAX_COMPLETE_ROWS: usize = 500", &[("docs/use/report.md", "The first 500 rows")]),
    ("MAX_ROWS: usize = 2_000", &[("docs/use/report.md", "at most 2,000 named rows")]),
    ("MAX_ACTIONS: usize = 10", &[("docs/use/report.md", "At most ten actions")]),
    (
        "MAX_SEARCHED_INTERACTIONS: u64 = 200_000",
        &[("docs/use/dashboard.md", "read 200,000 interactions")],
    ),
    (
        "MAX_MAIL_BYTES: usize = 100_000",
        &[("docs/use/mail-template.md", "more than 100,000 bytes")],
    ),
    ("MAX_FUEL: u64 = 1_000_000", &[("docs/use/mail-template.md", "a million steps")]),
    ("MAX_PROCESSOR_SECONDS: u64 = 5", &[("docs/use/mail-template.md", "5 s of processor time")]),
    ("MAX_MEMORY_MB: u64 = 512", &[("docs/use/mail-template.md", "on Linux, 512 MB of memory")]),
];

/// Facts of `infra/install.json`, each with the files that repeat it, and the words in which they do: `{}` is its value,
/// in digits or as a word.
const INSTALL_FACTS: [(&str, &[(&str, &str)]); 14] = [
    (
        "reporter.memoryMb",
        &[
            ("docs/operate/cost.md", "5 reports a month, {} MB"),
            ("docs/operate/scaling.md", "and {} MB, which is one whole CPU"),
            ("docs/operate/scaling.md", "| {} MB, at some 70 bytes"),
        ],
    ),
    (
        "reporter.timeoutSeconds",
        &[
            ("docs/operate/cost.md", "at most {} seconds"),
            ("docs/operate/scaling.md", "It has {} seconds"),
            ("docs/operate/scaling.md", "the reporter's {}, that is"),
            ("docs/operate/scaling.md", "| {} s, at 64 µs"),
            ("docs/operate/runbook.md", "a time-out of {} s"),
            ("infra/README.md", "no more in its {} seconds"),
        ],
    ),
    ("processor.memoryMb", &[("docs/operate/cost.md", "of a CPU that {} MB gets")]),
    (
        "mapping.concurrency",
        &[
            ("docs/operate/scaling.md", "`ProcessorConcurrency` of {}"),
            ("infra/README.md", "| `ProcessorConcurrency` | {} |"),
        ],
    ),
    (
        "mapping.batchSize",
        &[
            ("docs/operate/doctor.md", "| {} per batch"),
            ("ARCHITECTURE.md", "batches of {}"),
            ("ARCHITECTURE.md", "a batch of up to {} to the function"),
        ],
    ),
    (
        "queues.events.retentionDays",
        &[
            ("docs/operate/scaling.md", "the queue, which keeps {} days"),
            ("docs/operate/runbook.md", "Messages are kept for {} days"),
            ("docs/operate/troubleshooting.md", "wait in the queue for {} days"),
            ("docs/operate/doctor.md", "deduplication by content, {} days"),
            ("docs/operate/security.md", "at most {} days"),
            ("infra/cloudformation/cv-analytics.yaml", "Messages are kept {} days; look"),
            ("infra/terraform/modules/monitoring/main.tf", "Messages are kept {} days; look"),
        ],
    ),
    (
        "queues.deadLetters.retentionDays",
        &[
            ("docs/operate/runbook.md", "They are kept for {} days"),
            ("docs/operate/doctor.md", "FIFO, {} days"),
            ("docs/operate/security.md", "| {} days; until you drop them"),
            ("infra/cloudformation/cv-analytics.yaml", "They are kept {} days. Look"),
            ("infra/terraform/modules/monitoring/main.tf", "They are kept {} days. Look"),
        ],
    ),
    (
        "queues.events.maxReceives",
        &[
            ("docs/operate/runbook.md", "was tried {} times"),
            ("infra/cloudformation/cv-analytics.yaml", "come again, {} times in all"),
            ("infra/terraform/modules/monitoring/main.tf", "come again, {} times in all"),
        ],
    ),
    ("queues.events.pollSeconds", &[("docs/operate/cost.md", "a poll every {} seconds")]),
    (
        "tables.provisionedUnits",
        &[
            ("docs/operate/cost.md", "with {} reads and {} writes a second"),
            ("docs/operate/scaling.md", "{} write units for each table"),
            ("infra/README.md", "{} reads and {} writes a second"),
            ("infra/cloudformation/cv-analytics.yaml", "{} reads and {} writes a second"),
            ("infra/terraform/variables.tf", "{} reads and {} writes a second"),
            ("crates/cv-analytics/src/commands/cost.rs", "{} reads and {} writes a second"),
            (
                "crates/cv-analytics/src/commands/cost/estimate.rs",
                "{} reads and {} writes a second",
            ),
        ],
    ),
    (
        "logRetentionDays",
        &[
            ("docs/operate/cost.md", "kept {} days"),
            ("docs/operate/security.md", "| {} days; no question"),
        ],
    ),
    (
        "alarms.cv-analytics-silence.periods",
        &[
            ("docs/operate/runbook.md", "`SilenceHours` ({})"),
            ("infra/README.md", "| `SilenceHours` | {} |"),
        ],
    ),
    (
        "alarms.cv-analytics-join-rate.below",
        &[
            ("docs/operate/runbook.md", "Under {} % of a day's questions"),
            ("infra/cloudformation/cv-analytics.yaml", "Under {} % of a day's questions"),
            ("infra/terraform/modules/monitoring/main.tf", "Under {} % of a day's questions"),
        ],
    ),
    (
        "alarms.cv-analytics-join-rate.minimumMessages",
        &[("docs/operate/runbook.md", "a day with at least {} messages")],
    ),
];

/// Numbers that a text may write as a word.
const WORDS: [(&str, &str); 4] =
    [("4", "four"), ("10", "ten"), ("1000", "1,000"), ("1769", "1,769")];

/// A file's text with one blank between words.
fn words_of(file: &str) -> String {
    page(file).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The fact at a path as `alarms.cv-analytics-silence.periods`; one of a list is found by its name.
fn fact<'f>(facts: &'f Value, path: &str) -> Option<&'f Value> {
    path.split('.').try_fold(facts, |facts, step| match facts {
        Value::Array(list) => list.iter().find(|one| one.get("name") == Some(&step.into())),
        other => other.get(step),
    })
}

#[test]
fn pages_repeat_the_limits_of_the_sources() {
    let sources: Vec<String> =
        files("crates").into_iter().filter(|file| ending(file) == "rs").collect();
    let sources: String = sources.iter().map(|file| page(file)).collect();
    let mut wrong = Vec::new();
    for (constant, repeated) in FACTS {
        if !sources.contains(&format!("const {constant};")) {
            wrong.push(format!("no source has `const {constant};`; see {repeated:?}"));
        }
        for (file, words) in repeated {
            if !words_of(file).contains(words) {
                wrong.push(format!("{file} does not say {words:?} of `{constant}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "what pages repeat:\n{}", wrong.join("\n"));
}

#[test]
fn files_repeat_the_facts_of_the_aws_install() {
    let facts: Value = serde_json::from_str(&page("infra/install.json")).expect("JSON");
    let mut wrong = Vec::new();
    for (path, repeated) in INSTALL_FACTS {
        let Some(value) = fact(&facts, path).map(ToString::to_string) else {
            wrong.push(format!("infra/install.json has no {path}"));
            continue;
        };
        let word = WORDS.iter().find(|(digits, _)| *digits == value).map_or("", |(_, word)| word);
        for (file, words) in repeated {
            let text = words_of(file);
            if ![&*value, word].iter().any(|value| text.contains(&words.replace("{}", value))) {
                let said = words.replace("{}", &value);
                wrong.push(format!(
                    "{file} does not say {said:?}, as infra/install.json does in {path}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "what files repeat:\n{}", wrong.join("\n"));
}
