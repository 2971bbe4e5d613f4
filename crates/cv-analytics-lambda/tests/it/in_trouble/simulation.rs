//! The event source mapping around the real processor, and the schedule, in virtual time.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use aws_types::SdkConfig;
use aws_types::region::Region;
use cv_analytics_aws::clients::function_config;
use cv_analytics_aws::install::INSTALL;
use cv_analytics_aws::queue::clients::Queues;
use cv_analytics_aws::queue::dead_letters::DeadLetterQueue;
use cv_analytics_aws::{DynamoDbStore, TableNames, Tables};
use cv_analytics_core::intake::Intake;
use cv_analytics_core::privacy::{Privacy, SessionKey};
use cv_analytics_lambda::processor::{Processor, SourceQueue};
use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tokio::time::{sleep, timeout};

use super::account::Account;
use super::alarms::{Figures, Ring, Source};
use super::fault::{Fault, Trouble};
use super::queue::{Queue, Sending};
use super::virtual_clock::{self, elapsed, until};

/// How long an invocation takes besides its calls' waits.
const INVOCATION: Duration = Duration::from_millis(15);
/// Monday, 09:00, and again every week.
const FIRST_REPORT: Duration = Duration::from_hours(9);
const WEEK: Duration = Duration::from_hours(7 * 24);
/// When Lambda runs a failed asynchronous invocation again
/// (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>).
const REPORTER_RUNS: [u64; 3] = [0, 60, 180];

/// What came of a simulation.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) dead_letters: Vec<String>,
    /// Deleted by the queue's retention.
    pub(super) expired: usize,
    pub(super) is_queue_empty: bool,
    /// Request ids.
    pub(super) stored: BTreeSet<String>,
    pub(super) most_receives: u32,
    /// When the last message was taken, after the start.
    pub(super) last_stored_at: Duration,
    pub(super) rings: Vec<Ring>,
}

struct Simulation {
    account: Account,
    processor: Processor,
    figures: RefCell<Figures>,
    last_stored_at: RefCell<Duration>,
    lasts: Duration,
}

/// Runs `sendings` through the queue and the processor for so long.
pub(super) async fn simulate(sendings: Vec<Sending>, trouble: Trouble, lasts: Duration) -> Outcome {
    virtual_clock::start();
    let mut figures = Figures::default();
    let mut sent: Vec<Duration> = sendings.iter().map(|sending| sending.at).collect();
    sent.sort_unstable();
    for at in sent {
        figures.add(Source::Queue, "NumberOfMessagesSent", at, 1);
    }
    let account = Account::new(Queue::new(sendings), trouble);
    let simulation = Simulation {
        processor: processor(&account),
        account,
        figures: RefCell::new(figures),
        last_stored_at: RefCell::default(),
        lasts,
    };
    let pollers = (0..INSTALL.mapping.concurrency).map(|_| simulation.poll());
    join(join_all(pollers), join(simulation.sample(), simulation.report_weekly())).await;
    let rings = simulation.figures.borrow().rings(lasts);
    let last_stored_at = *simulation.last_stored_at.borrow();
    simulation.account.with(|state| Outcome {
        dead_letters: state.queue.dead_letters.clone(),
        expired: state.queue.expired,
        is_queue_empty: state.queue.is_empty(),
        stored: state.stored.clone(),
        most_receives: state.queue.most_receives,
        last_stored_at,
        rings,
    })
}

/// The processor as it is deployed, but for what answers its calls.
fn processor(account: &Account) -> Processor {
    let config = function_config(|name| {
        let is_needed =
            ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"].contains(&name);
        is_needed.then(|| "eu-west-2".to_owned())
    });
    let config: SdkConfig =
        config.unwrap().into_builder().http_client(account.http_client()).build();
    assert_eq!(config.region(), Some(&Region::new("eu-west-2")));
    let tables = Tables::new(aws_sdk_dynamodb::Client::new(&config), TableNames::default());
    let queues = Queues::new(config);
    Processor {
        store: DynamoDbStore::new(tables, virtual_clock::now),
        intake: OnceCell::new_with(Some(Intake::new(Privacy::full(SessionKey::new("salt"))))),
        dead_letters: Some(DeadLetterQueue::new(
            queues.clone(),
            "https://sqs.example/dead-letters",
        )),
        queue: Some(SourceQueue { queues, url: "https://sqs.example/events".to_owned() }),
        now: virtual_clock::now,
    }
}

impl Simulation {
    fn note(&self, source: Source, metric: &'static str, value: u64) {
        self.figures.borrow_mut().add(source, metric, elapsed(), value);
    }

    /// One of the mapping's pollers: a batch at a time.
    async fn poll(&self) {
        while elapsed() < self.lasts {
            let fault = self.account.with(|state| state.trouble.now());
            let batch = match fault {
                Fault::MappingOff => Vec::new(),
                _ => self.account.with(|state| state.queue.receive()),
            };
            if batch.is_empty() {
                let next = self.account.with(|state| {
                    let back_on = (fault == Fault::MappingOff).then_some(state.trouble.until);
                    back_on.or_else(|| state.queue.next_visible_at())
                });
                until(next.unwrap_or(self.lasts).min(self.lasts)).await;
                continue;
            }
            self.invoke(fault, batch).await;
            sleep(INVOCATION).await;
        }
    }

    /// One invocation; what it does not answer for stays out of sight until the queue's own time is up.
    async fn invoke(&self, fault: Fault, batch: Vec<Value>) {
        if fault == Fault::NoConcurrency {
            self.note(Source::Processor, "Throttles", 1);
            return;
        }
        self.note(Source::Processor, "Invocations", 1);
        let ids: Vec<String> =
            batch.iter().map(|record| record["messageId"].as_str().unwrap().to_owned()).collect();
        let crashes = match fault {
            Fault::ProcessorCrashes => true,
            Fault::ProcessorCrashesOn(word) => json!(batch).to_string().contains(word),
            _ => false,
        };
        let limit = Duration::from_secs(INSTALL.processor.timeout_seconds.into());
        let event = json!({ "Records": batch });
        let work = self.processor.process(&event, limit);
        if crashes {
            // Before it has called anybody.
            drop(work);
            self.note(Source::Processor, "Errors", 1);
            return;
        }
        let worked = timeout(limit, work).await.expect("the processor answers in its time");
        let (response, metrics) = worked.unwrap();
        self.note(Source::OwnMetrics, "Failed", metrics.failed);
        self.note(Source::OwnMetrics, "Received", metrics.received);
        self.note(Source::OwnMetrics, "Joined", metrics.joined);
        let failed: Vec<String> = response
            .batch_item_failures
            .into_iter()
            .map(|failure| failure.item_identifier)
            .collect();
        for id in ids.iter().filter(|id| !failed.contains(id)) {
            self.account.with(|state| state.queue.delete(id));
            *self.last_stored_at.borrow_mut() = elapsed();
        }
    }

    /// What SQS says of its queues, once a minute.
    async fn sample(&self) {
        let mut at = Duration::ZERO;
        while at < self.lasts {
            until(at).await;
            let (dead, oldest) = self.account.with(|state| {
                (state.queue.dead_letters.len() as u64, state.queue.oldest_seconds())
            });
            self.note(Source::DeadLetterQueue, "ApproximateNumberOfMessagesVisible", dead);
            self.note(Source::Queue, "ApproximateAgeOfOldestMessage", oldest);
            at += Duration::from_mins(1);
        }
    }

    /// The rule, and Lambda's three runs of a reporter that fails.
    async fn report_weekly(&self) {
        let mut at = FIRST_REPORT;
        while at < self.lasts {
            until(at).await;
            for after in REPORTER_RUNS {
                until(at + Duration::from_secs(after)).await;
                let fault = self.account.with(|state| state.trouble.now());
                if fault != Fault::RuleOff {
                    self.note(Source::Reporter, "Invocations", 1);
                }
                if fault != Fault::ReporterFails {
                    break;
                }
                self.note(Source::Reporter, "Errors", 1);
            }
            at += WEEK;
        }
    }
}
