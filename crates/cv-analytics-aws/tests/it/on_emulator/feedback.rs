//! Feedback that comes before its interaction, between its halves or after it, and what it may not touch.

use aws_sdk_dynamodb::types::AttributeValue;
use cv_analytics_aws::DynamoDbStore;
use cv_analytics_aws::item::record::Record;
use cv_analytics_aws::joining::JoinOutcome;
use cv_analytics_aws::tables::error::TableError;
use cv_analytics_core::event::{Event, RequestId};
use cv_analytics_core::store::ReportSource;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;

use crate::on_emulator::emulated_tables::{
    ASKED_AT, bot_query, event, exported, feedback, joined, keep, observed, query, remove_row,
    reporter, response, self_contained, self_contained_of, store,
};

async fn record(store: &DynamoDbStore) -> Option<Record> {
    store.tables().read_record(&RequestId::new("r").unwrap(), true).await.unwrap()
}

async fn waiting(store: &DynamoDbStore) -> u64 {
    let week = IsoWeek::containing(Timestamp::from_millis(ASKED_AT));
    store.deliveries(week).await.unwrap().feedback_waiting
}

/// Keeps `events` in turn, with a sweep after each where `swept` says so, and compares with the law.
async fn check(events: &[Event], swept: bool) {
    let store = store();
    for (place, event) in events.iter().enumerate() {
        keep(&store, event.clone()).await;
        if swept {
            observed(&reporter(&store)).await;
        }
        let law = joined(&events[..=place]);
        let is_there = law.at().is_some();
        let seen = observed(&store).await;
        assert_eq!(seen.len(), usize::from(is_there));
        assert_eq!(
            seen.first().and_then(|one| one.feedback.clone()).is_some(),
            is_there && law.feedback.is_some()
        );
        assert_eq!(exported(&store).await, [law]);
    }
    observed(&reporter(&store)).await;
    let law = joined(events);
    assert_eq!(waiting(&store).await, u64::from(law.at().is_none()));
    assert_eq!(record(&store).await, Some(Record::Interaction(law)));
}

#[tokio::test]
async fn feedback_stands_wherever_it_comes_among_the_halves() {
    let given = || feedback("r", 9_000, "down");
    let halves = [
        vec![],
        vec![query("r")],
        vec![response("r")],
        vec![query("r"), response("r")],
        vec![response("r"), query("r")],
        vec![self_contained("r")],
        vec![bot_query("r"), self_contained_of("r", None)],
        vec![self_contained_of("r", None), bot_query("r")],
    ];
    for halves in halves {
        for place in 0..=halves.len() {
            for swept in [false, true] {
                let mut events = halves.clone();
                events.insert(place, given());
                check(&events, swept).await;
            }
        }
    }
}

#[tokio::test]
async fn of_several_words_the_same_stands_in_any_order() {
    let words =
        [feedback("r", 9_000, "up"), feedback("r", 9_000, "down"), feedback("r", 8_000, "up")];
    let stands = joined(&words).feedback;
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        for halves_first in [true, false] {
            let store = store();
            if halves_first {
                keep(&store, self_contained("r")).await;
            }
            for word in order {
                keep(&store, words[word].clone()).await;
            }
            if !halves_first {
                keep(&store, self_contained("r")).await;
            }
            assert_eq!(exported(&store).await[0].feedback, stands);
        }
    }
}

#[tokio::test]
async fn what_was_tolerated_on_reading_a_word_comes_and_goes_with_it() {
    let store = store();
    let (tolerated, plain) = (feedback("r", 1_000, 1), feedback("r", 2_000, "up"));
    for (given, notes) in [(tolerated, 1), (plain, 0)] {
        keep(&store, given).await;
        let there = exported(&store).await.remove(0).feedback.unwrap();
        assert_eq!(there.tolerated.len(), notes);
    }
}

#[tokio::test]
async fn a_word_that_came_before_is_given_back_with_what_stands() {
    let store = store();
    let [earlier, later] = [feedback("r", 1_000, "up"), feedback("r", 2_000, "down")];
    assert_eq!(keep(&store, later.clone()).await, JoinOutcome::Stored);
    let there = JoinOutcome::AlreadyStored(joined(std::slice::from_ref(&later)));
    assert_eq!(keep(&store, later).await, there);
    assert_eq!(keep(&store, earlier).await, there);
}

#[tokio::test]
async fn feedback_waits_in_the_week_in_which_it_was_first_given() {
    let store = store();
    let week_ms = 7 * 24 * 60 * 60 * 1_000;
    for later in [0, week_ms] {
        keep(&store, feedback("r", later, "up")).await;
    }
    assert_eq!(waiting(&store).await, 1);
    let next = IsoWeek::containing(Timestamp::from_millis(ASKED_AT)).later(1);
    assert_eq!(store.deliveries(next).await.unwrap().feedback_waiting, 0);
    keep(&store, self_contained("r")).await;
    assert_eq!(waiting(&store).await, 0);
}

#[tokio::test]
async fn a_record_leaves_nothing_of_the_one_before_but_its_feedback() {
    let store = store();
    let mut cut = query("r").to_json();
    cut["query"] = "a long word ".repeat(300).into();
    cut["odd"] = 1.into();
    keep(&store, event(&cut)).await;
    keep(&store, feedback("r", 9_000, "up")).await;
    observed(&reporter(&store)).await;
    remove_row(&store, "r").await;
    keep(&store, self_contained("r")).await;
    let law = joined(&[self_contained("r"), feedback("r", 9_000, "up")]);
    assert_eq!(record(&store).await, Some(Record::Interaction(law)));
}

#[tokio::test]
async fn what_is_erased_takes_no_feedback_and_loses_what_it_had() {
    let id = RequestId::new("r").unwrap();
    for first in [feedback("r", 1_000, "up"), self_contained("r")] {
        let store = store();
        keep(&store, first).await;
        assert!(store.forget_request(&id).await.unwrap());
        assert_eq!(waiting(&store).await, 0);
        for again in [feedback("r", 9_000, "down"), self_contained("r")] {
            assert_eq!(keep(&store, again).await, JoinOutcome::Erased);
        }
        assert_eq!(record(&store).await, Some(Record::Erased));
        assert_eq!(exported(&store).await, []);
    }
}

#[tokio::test]
async fn an_item_of_another_program_takes_neither_feedback_nor_a_record() {
    let store = store();
    let tables = store.tables();
    let put = tables.client().put_item().table_name(&tables.names().analytics);
    let put = put.item("requestId", AttributeValue::S("r".to_owned()));
    put.item("theirs", AttributeValue::Bool(true)).send().await.unwrap();
    for event in [feedback("r", 9_000, "down"), self_contained("r")] {
        let batch = crate::on_emulator::emulated_tables::batch([event]);
        let error = store.join(&batch, Timestamp::from_millis(ASKED_AT)).await.unwrap_err();
        assert!(matches!(error, TableError::Unreadable { .. }), "{error}");
    }
    let scan = tables.client().scan().table_name(&tables.names().analytics).send().await.unwrap();
    assert_eq!(scan.items()[0].len(), 2, "{:?}", scan.items());
}
