//! The same events through SQLite and through DynamoDB: identical records, identical reports.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::ops::Range;

use async_trait::async_trait;
use cv_analytics_aws::DynamoDbStore;
use cv_analytics_aws::joining::event_batch::EventBatch;
use cv_analytics_aws::tables::error::TableError;
use cv_analytics_core::event::Event;
use cv_analytics_core::intake::{Content, Intake};
use cv_analytics_core::interaction::{Disposition, Interaction};
use cv_analytics_core::privacy::{Privacy, SessionKey};
use cv_analytics_core::store::observation_page::ObservationPage;
use cv_analytics_core::store::{
    Arrival, Deliveries, EventStore as _, KeyValueStore, ReportSource, Store as _, StoreError,
    VersionedValue,
};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_harness::seeded::Seeded;
use cv_analytics_insights::report::builder::build_report;
use cv_analytics_insights::settings::FigureSettings;
use cv_analytics_insights::settings::counting_rules::CountingRules;
use cv_analytics_insights::view::render::owner_template::MailContext;
use cv_analytics_insights::view::render::{Form, render};
use cv_analytics_sqlite::SqliteStore;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};

use crate::on_emulator::emulated_tables;
use crate::on_emulator::emulated_tables::{ASKED_AT, reporter};

const WEEK_MS: usize = 7 * 24 * 60 * 60 * 1000;
const QUESTIONS: [&str; 10] = [
    "Do you know k8s?",
    "Kubernetes in production?",
    "Go or Rust, which is stronger?",
    "What are your salary expectations?",
    "Do you need a visa to work in the UK?",
    "How do you test React components?",
    "Tell me about Terraform on AWS",
    "Mail me at jane@example.com about PostgreSQL",
    "Where did you go to university?",
    "Was ist Ihre Kündigungsfrist? 👋",
];

/// The messages of one interaction: every form that the contract has, some of them again.
fn interaction(number: usize) -> Vec<Value> {
    let mut seeded = Seeded::new(number as u64);
    let id = format!("{:016x}-{number}", seeded.bits());
    let at = ASKED_AT - i64::try_from(seeded.below(9 * WEEK_MS)).unwrap();
    let text = *seeded.choice(&QUESTIONS).unwrap();
    let agent = if seeded.chance(3) {
        "Googlebot/2.1 (+http://www.google.com/bot.html)"
    } else {
        "Mozilla/5.0"
    };
    let session = match seeded.below(3) {
        0 => json!("anonymous"),
        _ => json!(format!("session-{}", seeded.below(900))),
    };
    let query = json!({"eventType": "query", "requestId": id, "timestamp": at, "query": text,
                       "sessionId": session, "metadata": {"userAgent": agent, "page": number % 7}});
    // The two events need not agree on whose question it was.
    let session = match seeded.below(6) {
        0 => json!("anonymous"),
        1 => json!("another session"),
        _ => session,
    };
    let agent = if seeded.chance(8) { "bingbot/2.0" } else { agent };
    let mut response = json!({
        "eventType": "response", "requestId": id, "timestamp": at + 500 + i64::try_from(seeded.below(4_000)).unwrap(),
        "sessionId": session, "tokens": seeded.below(900), "metadata": {"userAgent": agent, "matchQuality": 0.1 * 3.0}});
    if seeded.chance(50) {
        response["topic"] = json!("notice period");
        response["metadata"]["matchSource"] = json!("model");
    }
    if seeded.chance(30) {
        response["answer"] = json!(
            format!("Yes, and mail me at jane@example.com. {text} ").repeat(1 + seeded.below(40))
        );
    }
    let fields = response.as_object_mut().unwrap();
    match seeded.below(8) {
        0 => drop(fields.insert("outcome".to_owned(), json!("blocked"))),
        1 => drop(fields.insert("outcome".to_owned(), json!("ai_error"))),
        2 => drop(
            fields
                .insert("matchQuality".to_owned(), json!({"type": "PARTIAL", "confidence": 0.29})),
        ),
        3 => {
            fields.insert("matchType".to_owned(), json!("none"));
            fields.insert("missingSkills".to_owned(), json!(["Kubernetes", "Helm"]));
        }
        _ => {
            fields.insert("matchType".to_owned(), json!("full"));
            fields.insert("matchScore".to_owned(), json!(70 + seeded.below(31)));
            fields.insert(
                "performance".to_owned(),
                json!({"totalTime": seeded.below(3_000), "cacheHit": true}),
            );
        }
    }
    let whole = || {
        let mut whole = response.clone();
        let fields = whole.as_object_mut().unwrap();
        fields.insert("query".to_owned(), json!(text));
        fields.insert("queryTimestamp".to_owned(), json!(at));
        whole
    };
    let mut messages = match seeded.below(20) {
        0 => vec![query],
        1 => vec![response],
        2..5 => vec![response, query],
        5..9 => vec![query, whole()],
        9 => vec![whole()],
        10 => vec![
            json!({"correlationId": id, "type": "query", "timestamp": at, "query": text, "response": "Yes."}),
        ],
        _ => vec![query, response],
    };
    if seeded.chance(5) {
        // Feedback whose interaction never comes.
        messages.clear();
    }
    for _ in 0..usize::from(messages.is_empty()) + seeded.below(2) * seeded.below(3) {
        let rating = *seeded.choice(&["up", "down", "thumbs_up"]).unwrap();
        let given_at = at + 5_000 + i64::try_from(seeded.below(3)).unwrap();
        let given = json!({"eventType": "feedback", "requestId": id, "timestamp": given_at,
                           "rating": rating, "comment": "Mail me at jane@example.com", "page": number % 7});
        messages.insert(seeded.below(messages.len() + 1), given);
    }
    if seeded.chance(8) {
        let again = messages[seeded.below(messages.len())].clone();
        messages.push(again);
    }
    messages
}

/// `count` messages: halves of one interaction a little apart, as in life.
fn messages(count: usize) -> Vec<Event> {
    let intake = Intake::new(Privacy::full(SessionKey::new(b"parity".to_vec())));
    let mut seeded = Seeded::new(7);
    let mut placed: Vec<(usize, Value)> = Vec::with_capacity(count);
    let mut number = 0;
    while placed.len() < count {
        for message in interaction(number) {
            placed.push((number + seeded.below(40), message));
        }
        number += 1;
    }
    placed.truncate(count);
    placed.sort_by_key(|(place, _)| *place);
    let read = |message: &Value| match intake
        .read(message.to_string().as_bytes(), Timestamp::from_millis(ASKED_AT))
    {
        Content::Event(event) => *event,
        Content::DeadLetter(letter) => panic!("{}: {message}", letter.detail),
    };
    placed.iter().map(|(_, message)| read(message)).collect()
}

fn arrivals(events: &[Event]) -> Vec<Arrival> {
    let arrival = |event: &Event| Arrival {
        content: Content::Event(Box::new(event.clone())),
        arrived_at: Timestamp::from_millis(ASKED_AT),
        deduplication_id: None,
    };
    events.iter().map(arrival).collect()
}

async fn by_id(
    pages: BoxStream<'_, Result<Vec<Interaction>, StoreError>>,
) -> BTreeMap<String, Interaction> {
    let pages: Vec<Vec<Interaction>> = pages.try_collect().await.unwrap();
    let count: usize = pages.iter().map(Vec::len).sum();
    let all: BTreeMap<_, _> = pages
        .into_iter()
        .flatten()
        .map(|record| (record.request_id.as_str().to_owned(), record))
        .collect();
    assert_eq!(all.len(), count, "a request was given twice");
    all
}

/// Compares record by record, so that a difference can be read.
fn assert_same(found: &BTreeMap<String, Interaction>, expected: &BTreeMap<String, Interaction>) {
    for (id, record) in expected {
        assert_eq!(found.get(id), Some(record));
    }
    assert_eq!(found.len(), expected.len());
}

/// A store whose deliveries are those of AWS: the one thing that may differ.
struct WithoutDeliveries<'s>(&'s dyn ReportSource);

#[async_trait]
impl ReportSource for WithoutDeliveries<'_> {
    fn scan(&self, period: Range<Timestamp>) -> BoxStream<'_, Result<ObservationPage, StoreError>> {
        self.0.scan(period)
    }

    async fn deliveries(&self, _: IsoWeek) -> Result<Deliveries, StoreError> {
        Ok(Deliveries::default())
    }
}

#[async_trait]
impl KeyValueStore for WithoutDeliveries<'_> {
    async fn get(&self, key: &str) -> Result<Option<VersionedValue>, StoreError> {
        self.0.get(key).await
    }

    async fn put(&self, key: &str, value: &str, expected: Option<u64>) -> Result<bool, StoreError> {
        self.0.put(key, value, expected).await
    }
}

/// The three forms of one week's report, as bytes.
async fn forms(store: &dyn ReportSource, week: IsoWeek) -> [String; 3] {
    let settings = FigureSettings {
        cv: Some(vec!["Rust".to_owned(), "React".to_owned()]),
        ..FigureSettings::default()
    };
    let now = Timestamp::from_millis(ASKED_AT).plus_millis(30 * 24 * 60 * 60 * 1000);
    let store = WithoutDeliveries(store);
    let rules = CountingRules::new(settings).unwrap();
    let report = build_report(&store, &rules, week, now).await.unwrap().report;
    assert!(report.provenance.interactions > 0);
    let view = MailContext::default().view(&report);
    [
        report.to_json().unwrap(),
        render(Form::Html, &view).unwrap(),
        render(Form::Text, &view).unwrap(),
    ]
}

/// Joins a batch as the processor does, which does not look first at what is there.
async fn join(store: &DynamoDbStore, batch: &[Event]) -> Result<(), TableError> {
    let batch = batch.iter().map(|event| (event.clone(), ()));
    for (gathered, _) in EventBatch::gather(batch) {
        store.join(&gathered, Timestamp::from_millis(ASKED_AT)).await?;
    }
    Ok(())
}

async fn same_from_both(dynamodb: &DynamoDbStore, count: usize, batches_at_once: usize) {
    let events = messages(count);
    let folder = tempfile::tempdir().unwrap();
    let sqlite = SqliteStore::open(folder.path().join("cv-analytics.db")).unwrap();
    for some in events.chunks(1_000) {
        sqlite.append(arrivals(some)).await.unwrap();
    }
    // Batches of ten, as the event source mapping hands them over, several at once.
    stream::iter(events.chunks(10))
        .map(|batch| join(dynamodb, batch))
        .buffer_unordered(batches_at_once)
        .try_for_each(|()| async { Ok(()) })
        .await
        .unwrap();

    let expected = by_id(sqlite.export()).await;
    assert_same(&by_id(dynamodb.export()).await, &expected);
    let last = IsoWeek::containing(Timestamp::from_millis(ASKED_AT));
    let promoting = reporter(dynamodb);
    let self_hosted = forms(&sqlite, last).await;
    assert_eq!(forms(dynamodb, last).await, self_hosted, "before promotion");
    assert_eq!(forms(&promoting, last).await, self_hosted, "while promoting");
    let earlier = last.earlier(4);
    let self_hosted = forms(&sqlite, earlier).await;
    assert_eq!(forms(dynamodb, earlier).await, self_hosted, "after promotion");
    assert_same(&by_id(dynamodb.export()).await, &expected);
    sqlite.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_events_give_the_same_records_and_reports_on_either_store() {
    let store = emulated_tables::store();
    same_from_both(&store, 1_000, 8).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_events_give_the_same_records_and_reports_on_either_store() {
    let store = emulated_tables::store();
    same_from_both(&store, 10_000, 8).await;
}

/// Events that come one batch after another, and what becomes of each.
type Batches = Vec<(Vec<Event>, Vec<Disposition>)>;

/// What SQLite says has become of each of `events`.
async fn in_sqlite(store: &SqliteStore, events: &[Event]) -> Vec<Disposition> {
    let receipts = store.append(arrivals(events)).await.unwrap();
    receipts.into_iter().map(|receipt| receipt.disposition).collect()
}

/// What the tables say.
async fn in_tables(store: &DynamoDbStore, events: &[Event]) -> Vec<Disposition> {
    let at = |event: &Event| (event.clone(), Timestamp::from_millis(ASKED_AT));
    let kept = store.keep_events(events.iter().map(at).collect()).await.unwrap();
    kept.into_iter().map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn either_store_says_the_same_of_each_event() {
    let dynamodb = emulated_tables::store();
    let folder = tempfile::tempdir().unwrap();
    let sqlite = SqliteStore::open(folder.path().join("cv-analytics.db")).unwrap();
    let mut again = 0;
    for batch in messages(5_000).chunks(10) {
        let expected = in_sqlite(&sqlite, batch).await;
        assert_eq!(in_tables(&dynamodb, batch).await, expected, "{batch:?}");
        again += expected.iter().filter(|one| **one == Disposition::Duplicate).count();
    }
    assert!(again > 50, "{again} events came again");
    sqlite.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn either_store_sees_another_body_for_a_half_however_the_first_was_joined() {
    use crate::on_emulator::emulated_tables::{event, query, response, self_contained};
    use Disposition::{Conflict, Duplicate, Erased, Stored};
    let another_query = || {
        event(
            &json!({"eventType": "query", "requestId": "r", "timestamp": ASKED_AT, "query": "Go?"}),
        )
    };
    let another_response = || {
        event(
            &json!({"eventType": "response", "requestId": "r", "timestamp": ASKED_AT, "matchType": "none"}),
        )
    };
    let (q, r, whole) = (|| query("r"), || response("r"), || self_contained("r"));
    let cases: [(bool, Batches); 5] = [
        (
            false,
            vec![
                (vec![q(), r()], vec![Stored, Stored]),
                (vec![another_response()], vec![Conflict]),
                (vec![r()], vec![Duplicate]),
                (vec![another_query(), q()], vec![Conflict, Duplicate]),
            ],
        ),
        (
            false,
            vec![
                (vec![whole()], vec![Stored]),
                (vec![another_response()], vec![Conflict]),
                (vec![q(), another_query()], vec![Stored, Stored]),
                (vec![whole()], vec![Duplicate]),
            ],
        ),
        (
            false,
            vec![
                (vec![q()], vec![Stored]),
                (vec![q(), r()], vec![Duplicate, Stored]),
                (vec![r(), q()], vec![Duplicate, Duplicate]),
            ],
        ),
        (
            false,
            vec![
                (vec![r()], vec![Stored]),
                (vec![another_response()], vec![Conflict]),
                (vec![q()], vec![Stored]),
                (vec![another_query()], vec![Conflict]),
            ],
        ),
        // The sweep makes a record of the lone half in between.
        (
            true,
            vec![
                (vec![q()], vec![Stored]),
                (vec![q()], vec![Duplicate]),
                (vec![another_query()], vec![Conflict]),
                (vec![q(), r()], vec![Duplicate, Stored]),
                (vec![another_response()], vec![Conflict]),
            ],
        ),
    ];
    for (promotes, batches) in cases {
        let dynamodb = emulated_tables::store();
        let folder = tempfile::tempdir().unwrap();
        let sqlite = SqliteStore::open(folder.path().join("cv-analytics.db")).unwrap();
        for (batch, expected) in &batches {
            assert_eq!(&in_sqlite(&sqlite, batch).await, expected, "SQLite: {batch:?}");
            assert_eq!(&in_tables(&dynamodb, batch).await, expected, "DynamoDB: {batch:?}");
            if promotes {
                emulated_tables::observed(&reporter(&dynamodb)).await;
            }
        }
        let id = q().request_id;
        dynamodb.forget_request(&id).await.unwrap();
        assert_eq!(in_tables(&dynamodb, &[q(), r()]).await, [Erased, Erased]);
        sqlite.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_events_give_the_same_on_moto() {
    let moto = cv_analytics_harness::emulators::moto::MotoServer::start().unwrap();
    let store = emulated_tables::store_at(moto.authority());
    // One batch at a time: moto does not check a condition and write in one step.
    same_from_both(&store, 1_000, 1).await;
}
