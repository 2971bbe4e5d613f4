//! Two empty tables in an emulator, as the templates make them, and events to put into them.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_smithy_types::timeout::TimeoutConfig;
use cv_analytics_aws::clients::function_config;
use cv_analytics_aws::joining::event_batch::EventBatch;
use cv_analytics_aws::{DynamoDbStore, TableNames, Tables};
use cv_analytics_core::event::Event;
use cv_analytics_core::intake::{Content, Intake};
use cv_analytics_core::interaction::{Interaction, Joined};
use cv_analytics_core::privacy::{Privacy, SessionKey};
use cv_analytics_core::store::observation_page::ObservationPage;
use cv_analytics_core::store::{Observation, ReportSource};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_harness::emulators::dynamodb::DynamoDbEmulator;
use cv_analytics_harness::emulators::process::EmulatorProcess;
use cv_analytics_harness::emulators::tables;
use futures_util::TryStreamExt;
use serde::Serialize;
use serde_json::{Value, json};

/// A Thursday of 2025-W46.
pub(crate) const ASKED_AT: i64 = 1_763_000_000_000;

/// What the store's clock shows.
fn now() -> Timestamp {
    Timestamp::from_millis(ASKED_AT + 5_000)
}

/// The emulator of all these tests; it ends with their process.
static EMULATOR: LazyLock<EmulatorProcess> =
    LazyLock::new(|| DynamoDbEmulator::chosen().unwrap().start().unwrap());

/// Where the emulator listens: host and port.
pub(crate) fn authority() -> &'static str {
    EMULATOR.authority()
}

/// A client of the emulator.
pub(crate) fn client() -> Client {
    client_at(&EMULATOR.endpoint_url())
}

/// Names that no other test has.
pub(crate) fn new_names() -> TableNames {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let TableNames { query_events, analytics } = TableNames::default();
    TableNames {
        query_events: format!("test{number}-{query_events}"),
        analytics: format!("test{number}-{analytics}"),
    }
}

fn client_at(endpoint: &str) -> Client {
    let config = function_config(|name| {
        Some(match name {
            "AWS_ENDPOINT_URL" => endpoint.to_owned(),
            "AWS_REGION" => "eu-west-2".to_owned(),
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => "emulated".to_owned(),
            _ => return None,
        })
    });
    // An emulator shares the processors with the tests: on a busy machine a scan takes its time.
    let patient = TimeoutConfig::builder().connect_timeout(Duration::from_secs(10)).build();
    Client::new(&config.unwrap().into_builder().timeout_config(patient).build())
}

/// A store in two new tables.
pub(crate) fn store() -> DynamoDbStore {
    store_at(authority())
}

/// A store in two new tables of the emulator at `authority`.
pub(crate) fn store_at(authority: &str) -> DynamoDbStore {
    let names = new_names();
    tables::create(authority, &names.query_events, &names.analytics).unwrap();
    let client = client_at(&format!("http://{authority}"));
    DynamoDbStore::new(Tables::new(client, names), now)
}

/// The same store, an hour later and promoting: what the reporter sees on Monday.
pub(crate) fn reporter(store: &DynamoDbStore) -> DynamoDbStore {
    fn an_hour_later() -> Timestamp {
        now().plus_millis(60 * 60 * 1000)
    }
    DynamoDbStore::new(store.tables().clone(), an_hour_later).promoting()
}

pub(crate) fn event(value: &Value) -> Event {
    let intake = Intake::new(Privacy::full(SessionKey::new(b"tests".to_vec())));
    match intake.read(value.to_string().as_bytes(), now()) {
        Content::Event(event) => *event,
        Content::DeadLetter(letter) => panic!("{}", letter.detail),
    }
}

pub(crate) fn query(id: &str) -> Event {
    event(&json!({"eventType": "query", "requestId": id, "timestamp": ASKED_AT,
                  "query": "Do you know Kubernetes?", "sessionId": "s"}))
}

pub(crate) fn response(id: &str) -> Event {
    event(&json!({"eventType": "response", "requestId": id, "timestamp": ASKED_AT + 3_000,
                  "matchType": "partial", "matchScore": 72, "sessionId": "s"}))
}

pub(crate) fn self_contained(id: &str) -> Event {
    event(&json!({"eventType": "response", "requestId": id, "timestamp": ASKED_AT + 3_000,
                  "matchType": "partial", "matchScore": 72, "sessionId": "s",
                  "query": "Do you know Kubernetes?", "queryTimestamp": ASKED_AT}))
}

/// A visitor's word so many milliseconds after the question.
pub(crate) fn feedback(id: &str, later: i64, rating: impl Serialize) -> Event {
    event(
        &json!({"eventType": "feedback", "requestId": id, "timestamp": ASKED_AT + later, "rating": rating}),
    )
}

/// What the joining law makes of events.
pub(crate) fn joined(events: &[Event]) -> Interaction {
    let mut present = None;
    for event in events {
        if let Joined::Changed(record) = Interaction::join(present.as_ref(), event) {
            present = Some(record);
        }
    }
    present.unwrap()
}

/// Events of one request in one batch.
pub(crate) fn batch<const N: usize>(events: [Event; N]) -> EventBatch {
    let mut batches = EventBatch::gather(events.map(|event| (event, ())));
    assert_eq!(batches.len(), 1, "of one request, and halves or feedback");
    batches.remove(0).0
}

/// The self-contained response of an agent that knows no session, or another one.
pub(crate) fn self_contained_of(id: &str, session: Option<&str>) -> Event {
    let mut fields = self_contained(id).to_json();
    fields["sessionId"] = json!(session);
    event(&fields)
}

pub(crate) fn bot_query(id: &str) -> Event {
    let mut fields = query(id).to_json();
    fields["metadata"] = json!({"traffic": "bot"});
    event(&fields)
}

/// Removes an interim row, as its time to live does.
pub(crate) async fn remove_row(store: &DynamoDbStore, id: &str) {
    let tables = store.tables();
    let key = aws_sdk_dynamodb::types::AttributeValue::S(id.to_owned());
    let rows = &tables.names().query_events;
    tables.client().delete_item().table_name(rows).key("requestId", key).send().await.unwrap();
}

/// Keeps one event as its own batch.
pub(crate) async fn keep(
    store: &DynamoDbStore,
    event: Event,
) -> cv_analytics_aws::joining::JoinOutcome {
    let batch = EventBatch::first(event);
    store.join(&batch, now()).await.unwrap().outcome
}

/// What the week of [`ASKED_AT`] shows.
pub(crate) async fn observed(store: &DynamoDbStore) -> Vec<Observation> {
    let week = IsoWeek::containing(Timestamp::from_millis(ASKED_AT));
    let pages: Vec<ObservationPage> =
        store.scan(week.start()..week.end()).try_collect().await.unwrap();
    let owned = |page: &ObservationPage| -> Vec<Observation> {
        page.iter().map(|observation| observation.to_owned()).collect()
    };
    pages.iter().flat_map(owned).collect()
}

pub(crate) async fn exported(store: &DynamoDbStore) -> Vec<Interaction> {
    let pages: Vec<Vec<Interaction>> = store.export().try_collect().await.unwrap();
    pages.into_iter().flatten().collect()
}
