//! A week from the first message to the mail, and the same report as a self-hosted install makes.

use cv_analytics_aws::queue::clients::Queues;
use cv_analytics_aws::store::AwsSettings;
use cv_analytics_aws::{AwsStore, DynamoDbStore, TableNames, Tables};
use cv_analytics_core::intake::Intake;
use cv_analytics_core::privacy::{Privacy, SessionKey};
use cv_analytics_core::store::{Arrival, EventStore as _, ReportSource};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::model::Report;
use cv_analytics_insights::report::builder::build_report;
use cv_analytics_insights::settings::FigureSettings;
use cv_analytics_insights::settings::counting_rules::CountingRules;
use cv_analytics_sqlite::SqliteStore;
use serde_json::{Value, json};

use crate::emulated_aws::{ANALYTICS, EmulatedAws, config};
use crate::questions::{MONDAY, hundred_interactions};

const WEEK: &str = "2025-W46";

fn after_the_week() -> Timestamp {
    Timestamp::from_millis(MONDAY + 8 * 24 * 60 * 60 * 1000)
}

/// The sum of one metric over the lines that functions wrote.
fn metric(lines: &[String], name: &str) -> u64 {
    let values = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    values.filter(|line| line.get("_aws").is_some()).filter_map(|line| line[name].as_u64()).sum()
}

/// The report of a self-hosted install that got the same messages.
async fn self_hosted_report(dead: u64) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("cv-analytics.db")).unwrap();
    let intake = Intake::new(Privacy::full(SessionKey::new(b"salt".to_vec())));
    let arrived_at = Timestamp::from_millis(MONDAY);
    let arrivals = hundred_interactions()
        .iter()
        .map(|message| Arrival {
            content: intake.read(message.body.as_bytes(), arrived_at),
            arrived_at,
            deduplication_id: None,
        })
        .collect();
    store.append(arrivals).await.unwrap();
    let mut report = report(&store).await;
    report.capture.deliveries.duplicates = None;
    report.capture.deliveries.conflicts = None;
    report.capture.deliveries.refused = None;
    report.capture.deliveries.dead_letters = dead;
    report
}

async fn report(store: &dyn ReportSource) -> Report {
    let rules = CountingRules::new(FigureSettings::load(store).await.unwrap()).unwrap();
    let week: IsoWeek = WEEK.parse().unwrap();
    build_report(store, &rules, week, after_the_week()).await.unwrap().report
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_week_from_the_first_message_to_the_mail() {
    let aws = EmulatedAws::start(crate::functions()).await;
    for message in hundred_interactions() {
        aws.send(&message.group, &message.deduplication_id, &message.body).await;
    }
    aws.send("broken", "broken:1", "this is no JSON").await;
    let (mut lines, mut receives) = (Vec::new(), 0);
    let mut mapping = aws.mapping(aws.processor());
    for delivery in mapping.deliver_all().unwrap() {
        assert_eq!(delivery.returned, [""; 0], "{:?}", delivery.invocation.lines);
        receives += delivery.acknowledged.len() as u64;
        lines.extend(delivery.invocation.lines);
    }
    assert_eq!(receives, 191);
    assert_eq!(metric(&lines, "Received"), 191);
    assert_eq!(metric(&lines, "Joined"), 90);
    assert_eq!(metric(&lines, "DeadLetters"), 1);
    assert_eq!(metric(&lines, "Conflicts") + metric(&lines, "Failed"), 0);
    let log = lines.join("\n");
    for secret in ["k8s", "Rust", "notice period", "this is no JSON", "session-1"] {
        assert!(!log.contains(secret), "the log tells {secret:?}");
    }

    let dead = aws.dead_letters().await;
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].body(), Some("this is no JSON"));
    let attributes = dead[0].message_attributes().unwrap();
    assert_eq!(attributes["reason"].string_value(), Some("not_json"));
    assert_eq!(aws.items(ANALYTICS).await.len(), 91, "90 records and the dead letter's note");

    // Monday: the schedule fires, Lambda retries, the schedule fires again; then a caller asks.
    let mut reporter = aws.reporter("one@example.com, two@example.com");
    let scheduled = json!({"version": "0", "detail-type": "Scheduled Event", "source": "aws.events",
                           "time": "2025-11-17T09:00:00Z", "resources": [], "detail": {}});
    let first = reporter.invoke(&scheduled).unwrap();
    let first = first.response().unwrap();
    assert_eq!(
        (&first["week"], &first["sent"], &first["interactions"]),
        (&json!(WEEK), &json!(2), &json!(100))
    );
    let again = reporter.invoke(&scheduled).unwrap();
    let again = again.response().unwrap();
    assert_eq!((&again["sent"], &again["sentBefore"]), (&json!(0), &json!(2)));
    let mut other = aws.reporter("one@example.com, two@example.com");
    other.invoke(&json!({"week": WEEK})).unwrap().response().unwrap();
    assert_eq!(aws.moto.sent_mails().unwrap().len(), 2);
    other.invoke(&json!({"week": WEEK, "again": true})).unwrap().response().unwrap();
    let mails = aws.moto.sent_mails().unwrap();
    assert_eq!(mails.len(), 4);
    for mail in &mails {
        assert_eq!(mail.to.len(), 1);
        assert!(mail.raw.contains("List-Unsubscribe"), "{}", mail.raw);
        assert!(mail.raw.contains("CV Analytics Weekly Report - Week [2025-W46]"), "{}", mail.raw);
        let text = mail.raw.replace("=\r\n", "");
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("1 message waits in the dead-letter queue"), "{text}");
    }

    // The ten that nobody answered are records now, and both installs make the same report.
    let items = aws.items(ANALYTICS).await;
    let lone = items.values().filter(|item| item.contains_key("awaits")).count();
    assert_eq!(lone, 10);
    let config = config(&aws.moto.endpoint_url(), &aws.dynoxide.endpoint_url());
    let client = aws_sdk_dynamodb::Client::new(&config);
    let tables = DynamoDbStore::new(Tables::new(client, TableNames::default()), after_the_week);
    // The queue is found by its name.
    let store = AwsStore::new(tables, Queues::new(config), AwsSettings::default());
    let mut on_aws = report(&store).await;
    assert_eq!(on_aws.capture.deliveries.waiting.take(), Some(1));
    // Dead letters count in the week of their arrival, which is now.
    on_aws.capture.deliveries.dead_letters = 0;
    assert_eq!(on_aws.to_json().unwrap(), self_hosted_report(0).await.to_json().unwrap());

    aws.sqs.delete_queue().queue_url(&aws.dead_letter_queue_url).send().await.unwrap();
    let without_queue = report(&store).await;
    assert_eq!(without_queue.capture.deliveries.waiting, None, "the report is made all the same");
}
