//! The reporter over a store and a way to send that are kept in memory.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use cv_analytics_core::event::Traffic;
use cv_analytics_core::store::observation_page::ObservationPage;
use cv_analytics_core::store::{
    Deliveries, KeyValueStore, Observation, ObservedQuery, StoreError, VersionedValue,
};
use cv_analytics_mail::transport::TransportError;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, stream};
use serde_json::json;

use super::*;

/// Monday, 2026-11-23, 09:00.
const NOW: Timestamp = Timestamp::from_millis(1_795_424_400_000);

fn now() -> Timestamp {
    NOW
}

#[derive(Debug, Default)]
struct MemoryStore {
    questions: Vec<Observation>,
    records: Mutex<BTreeMap<String, VersionedValue>>,
    observed: AtomicUsize,
}

#[async_trait]
impl ReportSource for MemoryStore {
    fn scan(&self, period: Range<Timestamp>) -> BoxStream<'_, Result<ObservationPage, StoreError>> {
        self.observed.fetch_add(1, Ordering::Relaxed);
        let within =
            |observation: &&Observation| observation.at().is_some_and(|at| period.contains(&at));
        let page = self.questions.iter().filter(within).cloned().collect();
        stream::iter([Ok(page)]).boxed()
    }

    async fn deliveries(&self, _: IsoWeek) -> Result<Deliveries, StoreError> {
        Ok(Deliveries::default())
    }
}

#[async_trait]
impl KeyValueStore for MemoryStore {
    async fn get(&self, key: &str) -> Result<Option<VersionedValue>, StoreError> {
        Ok(self.records.lock().unwrap().get(key).cloned())
    }

    async fn put(&self, key: &str, value: &str, expected: Option<u64>) -> Result<bool, StoreError> {
        let mut records = self.records.lock().unwrap();
        if records.get(key).map(|record| record.version) != expected {
            return Ok(false);
        }
        let version = expected.unwrap_or_default() + 1;
        records.insert(key.to_owned(), VersionedValue { value: value.to_owned(), version });
        Ok(true)
    }
}

/// Keeps what is handed over, and refuses one address.
#[derive(Debug, Default)]
struct Outbox {
    refuses: Option<&'static str>,
    taken: Mutex<Vec<Message>>,
}

impl Transport for Outbox {
    async fn hand_over(&self, message: &Message) -> Result<(), TransportError> {
        if self.refuses == Some(message.to.address()) {
            return Err(TransportError::new("verify the recipient"));
        }
        self.taken.lock().unwrap().push(message.clone());
        Ok(())
    }
}

fn reporter() -> Reporter<MemoryStore, Outbox> {
    Reporter::new(MemoryStore::default(), Outbox::default(), now)
}

/// Answers `event` with mail for Anna and Ben.
async fn answer(
    reporter: &Reporter<MemoryStore, Outbox>,
    event: Value,
) -> Result<Value, ReporterError> {
    // Each invocation is one of its own.
    static INVOCATIONS: AtomicUsize = AtomicUsize::new(0);
    let number = INVOCATIONS.fetch_add(1, Ordering::Relaxed);
    answer_as(reporter, event, &format!("invocation {number}")).await
}

/// The same as the invocation `request_id`, or as a retry of it.
async fn answer_as(
    reporter: &Reporter<MemoryStore, Outbox>,
    event: Value,
    request_id: &str,
) -> Result<Value, ReporterError> {
    let mailing = Mailing::read(Some("cv@example.com"), Some("anna@example.org, ben@example.org"))?;
    let order = ReportOrder::read(&event, NOW)?;
    let done = reporter.report(order, &mailing, "this try".to_owned(), request_id).await?;
    Ok(serde_json::to_value(done).unwrap())
}

fn recipients(reporter: &Reporter<MemoryStore, Outbox>) -> Vec<String> {
    let taken = reporter.by.taken.lock().unwrap();
    taken.iter().map(|message| message.to.address().to_owned()).collect()
}

fn asked(day: &str) -> Observation {
    Observation {
        request_id: "r-1".to_owned(),
        query: Some(ObservedQuery {
            at: Timestamp::read(&json!(day)).unwrap(),
            text: "Do you know Kubernetes?".to_owned(),
        }),
        response: None,
        session: None,
        traffic: Traffic::Visitor,
        feedback: None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_weeks_mail_goes_to_each_recipient_once_and_its_report_is_made_once() {
    let mut reporter = reporter();
    reporter.store.questions.push(asked("2026-11-18"));
    let first = answer(&reporter, json!({})).await.unwrap();
    assert_eq!(first, json!({"week": "2026-W47", "sent": 2, "sentBefore": 0, "interactions": 1}));
    {
        let taken = reporter.by.taken.lock().unwrap();
        assert!(taken[1].text.contains("Kubernetes"), "{}", taken[1].text);
        assert_eq!((&taken[0].html, &taken[0].date), (&taken[1].html, &NOW));
    }
    let second = answer(&reporter, json!({"week": "2026-W47"})).await.unwrap();
    let before = json!({"week": "2026-W47", "sent": 0, "sentBefore": 2, "interactions": null});
    assert_eq!(second, before);
    assert_eq!(recipients(&reporter), ["anna@example.org", "ben@example.org"]);
    assert_eq!(reporter.store.observed.load(Ordering::Relaxed), 1);

    let again = answer(&reporter, json!({"week": "2026-W47", "again": true})).await.unwrap();
    assert_eq!(again, first);
    assert_eq!(recipients(&reporter).len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_week_with_nothing_in_it_sends_the_short_note() {
    let reporter = reporter();
    let done = answer(&reporter, json!({"week": "2026-W40"})).await.unwrap();
    let expect = json!({"week": "2026-W40", "sent": 2, "sentBefore": 0, "interactions": 0});
    assert_eq!(done, expect);
    let taken = reporter.by.taken.lock().unwrap();
    assert!(taken[0].text.lines().count() < 30, "{}", taken[0].text);
}

#[tokio::test(start_paused = true)]
async fn a_mail_of_a_week_that_still_runs_leaves_mondays_to_come() {
    let reporter = reporter();
    let week: IsoWeek = "2026-W48".parse().unwrap();
    answer(&reporter, json!({"week": "2026-W48"})).await.unwrap();
    let second = answer(&reporter, json!({"week": "2026-W48"})).await.unwrap();
    assert_eq!(second["sentBefore"], 2);
    let records = reporter.store.records.lock().unwrap();
    let whole =
        format!("{}{week}:so-far:", cv_analytics_mail::weekly_mail::delivery_lease::KEY_PREFIX);
    assert!(records.keys().all(|key| key.starts_with(&whole)), "{records:?}");
}

#[tokio::test(start_paused = true)]
async fn one_recipients_refusal_fails_the_invocation_and_the_retry_sends_theirs_alone() {
    let mut reporter = reporter();
    reporter.by.refuses = Some("anna@example.org");
    let error = answer(&reporter, json!({})).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot send 1 of 2 mails of 2026-W47: recipient 1: verify the recipient"
    );
    assert_eq!(recipients(&reporter), ["ben@example.org"]);

    reporter.by.refuses = None;
    let retry = answer(&reporter, json!({})).await.unwrap();
    assert_eq!((&retry["sent"], &retry["sentBefore"]), (&json!(1), &json!(1)));
    assert_eq!(recipients(&reporter), ["ben@example.org", "anna@example.org"]);
}

#[tokio::test(start_paused = true)]
async fn settings_that_cannot_be_read_send_nothing() {
    let reporter = reporter();
    reporter.store.put("cv-analytics:settings", "[]", None).await.unwrap();
    let error = answer(&reporter, json!({})).await.unwrap_err();
    assert!(error.to_string().starts_with("cannot read the settings"), "{error}");
    assert!(recipients(&reporter).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_retry_of_an_order_to_send_again_mails_those_alone_who_did_not_get_it() {
    let mut reporter = reporter();
    answer(&reporter, json!({})).await.unwrap();
    reporter.by = Outbox { refuses: Some("ben@example.org"), ..Outbox::default() };
    let again = || json!({"week": "2026-W47", "again": true});
    for _ in 0..3 {
        answer_as(&reporter, again(), "one order").await.unwrap_err();
    }
    assert_eq!(recipients(&reporter), ["anna@example.org"]);
    let read = || reporter.store.observed.load(Ordering::Relaxed);
    assert_eq!(read(), 2, "once for each order, however often Lambda retries it");
    reporter.by.refuses = None;
    let done = answer_as(&reporter, again(), "one order").await.unwrap();
    assert_eq!((&done["sent"], &done["sentBefore"]), (&json!(1), &json!(1)));
    let another = answer_as(&reporter, again(), "another order").await.unwrap();
    assert_eq!(another["sent"], 2);
}
