//! What each path costs in request units, exactly.

use std::collections::BTreeSet;

use cv_analytics_aws::DynamoDbStore;
use cv_analytics_aws::joining::JoinOutcome;
use cv_analytics_aws::tables::interaction_path::{
    FEEDBACK_WRITES, InteractionPath, REDELIVERY_WRITES, REPORT_READS,
};
use cv_analytics_aws::tables::request_units::Units;
use cv_analytics_core::event::SessionId;
use cv_analytics_core::intake::named_ids::NamedIds;
use cv_analytics_core::privacy::{Privacy, SessionKey};
use cv_analytics_core::store::ReportSource;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;

use crate::on_emulator::emulated_tables::{
    ASKED_AT, batch, bot_query, event, feedback, keep, observed, query, remove_row, reporter,
    response, self_contained, self_contained_of,
};

/// A store that has just read the marks of erased sessions, as it does once a minute, and holds nothing.
async fn store() -> DynamoDbStore {
    let store = crate::on_emulator::emulated_tables::store();
    store
        .mark_sessions(&BTreeSet::from([SessionId::from_store("erased".to_owned()).mark()]))
        .await
        .unwrap();
    assert!(
        !store
            .names_erased(
                &NamedIds::in_message(br#"{"sessionId":"s"}"#, None),
                &Privacy::full(SessionKey::new(""))
            )
            .await
            .unwrap()
    );
    spent(&store);
    store
}

fn spent(store: &DynamoDbStore) -> Units {
    store.tables().units().take()
}

const fn units(read: f64, write: f64) -> Units {
    Units { read, write }
}

fn sum(one: Units, other: Units) -> Units {
    units(one.read + other.read, one.write + other.write)
}

#[tokio::test]
async fn in_order_three_writes_and_half_a_read() {
    let store = store().await;
    assert_eq!(keep(&store, query("r")).await, JoinOutcome::Stored);
    let asked = spent(&store);
    assert_eq!(asked, units(0.0, 1.0));
    assert_eq!(keep(&store, response("r")).await, JoinOutcome::Stored);
    let answered = spent(&store);
    assert_eq!(answered, units(0.5, 2.0));
    assert_eq!(sum(asked, answered), InteractionPath::InOrder.units().into());
}

#[tokio::test]
async fn response_first_four_writes_and_half_a_read() {
    let store = store().await;
    assert_eq!(keep(&store, response("r")).await, JoinOutcome::Stored);
    let answered = spent(&store);
    assert_eq!(answered, units(0.5, 1.0));
    assert_eq!(keep(&store, query("r")).await, JoinOutcome::Stored);
    let asked = spent(&store);
    assert_eq!(asked, units(0.0, 3.0));
    assert_eq!(sum(answered, asked), InteractionPath::ResponseFirst.units().into());
}

#[tokio::test]
async fn a_self_contained_response_three_writes_in_all() {
    for query_first in [true, false] {
        let store = store().await;
        if query_first {
            keep(&store, query("r")).await;
        }
        assert_eq!(keep(&store, self_contained("r")).await, JoinOutcome::Stored);
        if !query_first {
            keep(&store, query("r")).await;
        }
        let spent = spent(&store);
        assert_eq!(spent, units(0.0, 3.0));
        assert_eq!(spent, InteractionPath::SelfContained.units().into());
        assert_eq!(observed(&store).await.len(), 1);
    }
}

#[tokio::test]
async fn a_session_or_a_flag_that_a_record_lacks_two_writes_once() {
    let store = store().await;
    for number in 0..40 {
        keep(&store, bot_query(&format!("r{number}"))).await;
        keep(&store, self_contained_of(&format!("r{number}"), None)).await;
    }
    assert_eq!(spent(&store), units(0.0, 120.0));
    observed(&reporter(&store)).await;
    let completed = spent(&store);
    assert_eq!(completed.write, 80.0);
    // And the row and the record of each are looked up that time.
    observed(&reporter(&store)).await;
    let after = spent(&store);
    assert_eq!(after.write, 0.0);
    let looked_up = completed.read - after.read;
    assert!((79.0..=81.0).contains(&looked_up), "{looked_up}");
}

#[tokio::test]
async fn a_self_contained_response_after_the_promotion_of_its_query_five_writes_in_all_or_six() {
    for (session, writes) in [(Some("s"), 2.0), (None, 2.0)] {
        let store = store().await;
        keep(&store, query("r")).await;
        observed(&reporter(&store)).await;
        assert_eq!(spent(&store).write, 3.0);
        keep(&store, self_contained_of("r", session)).await;
        // Where the query's session is another, a put is refused first: billed one unit, of which its
        // answer says nothing.
        assert_eq!(spent(&store).write, writes);
    }
}

#[tokio::test]
async fn both_halves_in_one_batch_two_writes() {
    let store = store().await;
    let arrived_at = Timestamp::from_millis(ASKED_AT);
    store.join(&batch([response("r"), query("r")]), arrived_at).await.unwrap();
    let spent = spent(&store);
    assert_eq!(spent, units(0.0, 2.0));
    assert_eq!(spent, InteractionPath::OneBatch.units().into());
}

#[tokio::test]
async fn an_unanswered_query_three_writes_and_an_answer_after_that_two_more() {
    let store = store().await;
    keep(&store, query("r")).await;
    assert_eq!(observed(&reporter(&store)).await.len(), 1);
    let promoted = spent(&store).write;
    assert_eq!(promoted, 3.0);
    assert_eq!(promoted, Units::from(InteractionPath::Unanswered.units()).write);
    assert_eq!(keep(&store, response("r")).await, JoinOutcome::Stored);
    assert_eq!(spent(&store), units(0.5, 2.0));
}

#[tokio::test]
async fn an_answer_after_promotion_six_writes_in_all_where_the_querys_row_has_left() {
    let store = store().await;
    keep(&store, query("r")).await;
    observed(&reporter(&store)).await;
    assert_eq!(spent(&store).write, 3.0);
    remove_row(&store, "r").await;
    assert_eq!(keep(&store, response("r")).await, JoinOutcome::Stored);
    assert_eq!(spent(&store), units(0.5, 1.0));
    observed(&reporter(&store)).await;
    assert_eq!(spent(&store).write, 2.0);
}

#[tokio::test]
async fn a_query_after_the_promotion_of_its_response_seven_writes_in_all() {
    let store = store().await;
    keep(&store, response("r")).await;
    observed(&reporter(&store)).await;
    assert_eq!(spent(&store).write, 3.0);
    // The record moves within the index, from the response's moment to the query's.
    assert_eq!(keep(&store, query("r")).await, JoinOutcome::Stored);
    assert_eq!(spent(&store), units(0.0, 4.0));
}

#[tokio::test]
async fn a_redelivery_one_write_at_the_most() {
    let store = store().await;
    keep(&store, query("r")).await;
    keep(&store, response("r")).await;
    spent(&store);
    assert!(matches!(keep(&store, query("r")).await, JoinOutcome::AlreadyStored(_)));
    assert_eq!(spent(&store), units(0.0, REDELIVERY_WRITES.into()));
    // The put is refused: billed one unit, of which its answer says nothing.
    assert!(matches!(keep(&store, response("r")).await, JoinOutcome::AlreadyStored(_)));
    assert_eq!(spent(&store), units(0.5, 0.0));
}

#[tokio::test]
async fn a_redelivery_after_the_response_came_first_reads_what_it_would_put() {
    let store = store().await;
    keep(&store, response("r")).await;
    keep(&store, query("r")).await;
    spent(&store);
    assert!(matches!(keep(&store, query("r")).await, JoinOutcome::AlreadyStored(_)));
    assert_eq!(spent(&store), units(0.5, 1.0));
    assert!(matches!(keep(&store, response("r")).await, JoinOutcome::AlreadyStored(_)));
    assert_eq!(spent(&store), units(1.0, 0.0));
}

#[tokio::test]
async fn feedback_on_a_record_two_writes_and_a_repeated_word_none_that_is_told() {
    let store = store().await;
    keep(&store, query("r")).await;
    keep(&store, self_contained("r")).await;
    spent(&store);
    assert_eq!(keep(&store, feedback("r", 9_000, "up")).await, JoinOutcome::Stored);
    assert_eq!(spent(&store), units(0.0, FEEDBACK_WRITES.into()));
    assert_eq!(keep(&store, feedback("r", 9_500, "down")).await, JoinOutcome::Stored);
    assert_eq!(spent(&store), units(0.0, FEEDBACK_WRITES.into()));
    // The put is refused: billed one unit, of which its answer says nothing.
    keep(&store, feedback("r", 9_000, "up")).await;
    assert_eq!(spent(&store), units(0.0, 0.0));
}

#[tokio::test]
async fn feedback_before_its_interaction_two_writes_and_one_more_for_the_record_over_it() {
    let store = store().await;
    keep(&store, feedback("r", 9_000, "up")).await;
    assert_eq!(spent(&store), units(0.0, FEEDBACK_WRITES.into()));
    keep(&store, query("r")).await;
    assert_eq!(spent(&store), units(0.0, 1.0));
    // The item moves within the index, from the weeks of what waits to its own.
    keep(&store, self_contained("r")).await;
    assert_eq!(spent(&store), units(0.0, 3.0));
}

#[tokio::test]
async fn an_answer_of_two_thousand_characters_takes_a_second_or_third_kilobyte() {
    let answered = |characters: usize| {
        let mut fields = self_contained("r").to_json();
        fields["answer"] = "Yes, he has. ".repeat(200)[..characters].into();
        event(&fields)
    };
    for (characters, writes, feedback_writes) in
        [(600, 2.0, 2.0), (1_200, 4.0, 4.0), (2_000, 6.0, 6.0)]
    {
        let store = store().await;
        keep(&store, answered(characters)).await;
        assert_eq!(spent(&store), units(0.0, writes), "{characters}");
        keep(&store, feedback("r", 9_000, "up")).await;
        assert_eq!(spent(&store), units(0.0, feedback_writes), "{characters}");
    }
}

#[tokio::test]
async fn waiting_feedback_is_counted_for_half_a_unit() {
    let store = store().await;
    for number in 0..20 {
        keep(&store, feedback(&format!("r{number}"), 0, "up")).await;
    }
    spent(&store);
    let week = IsoWeek::containing(Timestamp::from_millis(ASKED_AT));
    assert_eq!(store.deliveries(week).await.unwrap().feedback_waiting, 20);
    // And half a unit for the dead letters.
    assert_eq!(spent(&store), units(1.0, 0.0));
}

#[tokio::test]
async fn a_report_reads_a_unit_for_every_interaction_at_the_most() {
    let store = store().await;
    for number in 0..40 {
        keep(&store, query(&format!("r{number}"))).await;
        keep(&store, response(&format!("r{number}"))).await;
    }
    spent(&store);
    assert_eq!(observed(&reporter(&store)).await.len(), 40);
    let spent = spent(&store);
    assert_eq!(spent.write, 0.0, "nothing is written for a finished interaction");
    assert!(spent.read <= 40.0, "{spent:?}");
}

#[tokio::test]
async fn the_eight_reports_that_show_an_interaction_read_a_unit_of_it_in_all() {
    let store = store().await;
    for number in 0..40 {
        keep(&store, query(&format!("r{number}"))).await;
        keep(&store, self_contained(&format!("r{number}"))).await;
    }
    spent(&store);
    for _ in 0..8 {
        assert_eq!(observed(&reporter(&store)).await.len(), 40);
    }
    let spent = spent(&store);
    assert!(spent.read <= 40.0 * f64::from(REPORT_READS), "{spent:?}");
}

#[tokio::test]
async fn the_marks_of_erased_sessions_are_read_once_a_minute_and_not_for_each_message() {
    let store = crate::on_emulator::emulated_tables::store();
    let marks =
        (0..50_u32).map(|number| SessionId::from_store(number.to_string()).mark()).collect();
    store.mark_sessions(&marks).await.unwrap();
    spent(&store);
    keep(&store, query("first")).await;
    assert_eq!(spent(&store), units(1.0, 1.0));
    keep(&store, query("second")).await;
    assert_eq!(spent(&store), units(0.0, 1.0));
}
