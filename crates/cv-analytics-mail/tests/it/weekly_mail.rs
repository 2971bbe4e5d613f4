//! Once for each week and recipient: two at once, crashes, refusals, and again.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod fakes;
mod interleavings;

use std::time::Duration;

use cv_analytics_mail::weekly_mail::delivery_lease::{LEASE_TTL, key};
use tokio::time::{Instant, timeout};

use crate::weekly_mail::fakes::{MONDAY_NINE, Run, World, words};

/// A run whose ledger takes 10 ms each way and whose hand-over takes half a second.
fn ordinary() -> Run {
    Run { ledger_ms: vec![10], hand_over_ms: 500, ..Run::default() }
}

fn the_mark(world: &World) -> String {
    let marks = world.marks();
    assert_eq!(marks.len(), 1, "{marks:?}");
    marks.into_iter().next().unwrap().1
}

#[tokio::test(start_paused = true)]
async fn a_mail_is_sent_once_however_often_it_is_asked_for() {
    let world = World::new();
    assert_eq!(world.send_one("first", ordinary(), false).await, "sent");
    assert_eq!(world.send_one("second", ordinary(), false).await, "before");
    assert_eq!(world.delivered().len(), 1);
    let marks = world.marks();
    assert!(marks[0].0.starts_with("cv-analytics:mail:2026-W47:"));
    assert!(!format!("{marks:?}").contains("owner"), "{marks:?}");
}

#[tokio::test(start_paused = true)]
async fn of_two_at_once_one_sends_and_the_other_waits_for_it() {
    let world = World::new();
    let (first, second) = tokio::join!(
        world.send_one("first", ordinary(), false),
        world.send_one("second", ordinary(), false)
    );
    let mut both = [first, second];
    both.sort();
    assert_eq!(both, ["before", "sent"]);
    assert_eq!(world.delivered().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_crash_between_hand_over_and_note_sends_again() {
    let world = World::new();
    // Claimed by 60 ms, handed over at 560 ms; the note would have its effect at 570 ms.
    let crashed = world.send_one("crashed", ordinary(), false);
    assert!(timeout(Duration::from_millis(565), crashed).await.is_err());
    assert_eq!(world.delivered().len(), 1);
    assert!(the_mark(&world).contains("claimed"));

    let began = Instant::now();
    assert_eq!(world.send_one("retry", ordinary(), false).await, "sent");
    assert!(began.elapsed() < LEASE_TTL + Duration::from_secs(3), "{:?}", began.elapsed());
    assert_eq!(world.delivered().len(), 2);
    assert_eq!(world.send_one("next", ordinary(), false).await, "before");
}

#[tokio::test(start_paused = true)]
async fn a_crash_before_the_hand_over_sends_all_the_same() {
    let world = World::new();
    let crashed = world.send_one("crashed", ordinary(), false);
    assert!(timeout(Duration::from_millis(300), crashed).await.is_err());
    assert!(the_mark(&world).contains("claimed"));
    // Lambda's retry comes a minute later, when the claim is old.
    tokio::time::sleep(Duration::from_mins(1)).await;
    let began = Instant::now();
    assert_eq!(world.send_one("retry", ordinary(), false).await, "sent");
    assert!(began.elapsed() < Duration::from_secs(1));
    assert_eq!(world.delivered().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_claim_stamped_in_the_future_is_taken_over_too() {
    let world = World::new();
    let ahead = Run { clock_ahead_ms: 3_600_000, ..ordinary() };
    let crashed = world.send_one("crashed", ahead, false);
    assert!(timeout(Duration::from_millis(300), crashed).await.is_err());
    assert_eq!(world.send_one("retry", ordinary(), false).await, "sent");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_lets_the_retry_send_at_once() {
    let world = World::new();
    let refused = Run { refuses: Some("*"), ..ordinary() };
    assert_eq!(world.send_one("refused", refused, false).await, "verify the sender");
    let began = Instant::now();
    assert_eq!(world.send_one("retry", ordinary(), false).await, "sent");
    assert!(began.elapsed() < Duration::from_secs(1));
    assert_eq!(world.delivered().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_hand_over_without_an_end_is_given_up_while_the_claim_holds() {
    let world = World::new();
    let began = Instant::now();
    let endless = Run { hand_over_ms: 3_600_000, ..ordinary() };
    let outcome = world.send_one("endless", endless, false).await;
    assert!(outcome.contains("did not answer within 20 s"), "{outcome}");
    assert!(began.elapsed() < LEASE_TTL);
    assert_eq!(world.send_one("retry", ordinary(), false).await, "sent");
}

#[tokio::test(start_paused = true)]
async fn again_sends_whatever_the_mark_says() {
    let world = World::new();
    assert_eq!(world.send_one("first", ordinary(), false).await, "sent");
    assert_eq!(world.send_one("second", ordinary(), true).await, "sent");
    assert_eq!(world.send_one("third", ordinary(), true).await, "sent");
    assert_eq!(world.send_one("fourth", ordinary(), false).await, "before");
    assert_eq!(world.delivered().len(), 3);

    let (first, second) = tokio::join!(
        world.send_one("fifth", ordinary(), true),
        world.send_one("sixth", ordinary(), true)
    );
    assert_eq!([first, second], ["sent", "sent"]);
    assert_eq!(world.delivered().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_again_leaves_the_mail_sent() {
    let world = World::new();
    assert_eq!(world.send_one("first", ordinary(), false).await, "sent");
    let refused = Run { refuses: Some("*"), ..ordinary() };
    assert_eq!(world.send_one("second", refused, true).await, "verify the sender");
    assert_eq!(world.send_one("third", ordinary(), false).await, "before");
}

#[tokio::test(start_paused = true)]
async fn one_recipients_refusal_keeps_no_other_from_theirs() {
    let world = World::new();
    let recipients = ["a@example.org", "b@example.org", "c@example.org", "A@example.org"];
    let refused = Run { refuses: Some("b@example.org"), ..ordinary() };
    let deliveries = world.send("first", &recipients, refused, false).await;
    assert_eq!(words(&deliveries), ["sent", "verify the sender", "sent", "before"]);
    assert_eq!(deliveries[1].to.address(), "b@example.org");

    let deliveries = world.send("retry", &recipients, ordinary(), false).await;
    assert_eq!(words(&deliveries), ["before", "sent", "before", "before"]);
    assert_eq!(world.delivered(), ["a@example.org", "c@example.org", "b@example.org"]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_got_lost_sends_neither_twice_nor_late() {
    for lost_answer in 0..2 {
        let world = World::new();
        let began = Instant::now();
        let run = Run { lost_answer: Some(lost_answer), ..ordinary() };
        assert_eq!(world.send_one("first", run, false).await, "sent");
        assert!(began.elapsed() < Duration::from_secs(2));
        assert_eq!(world.send_one("second", ordinary(), false).await, "before");
        assert_eq!(world.delivered().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_cannot_claim_sends_nothing_and_one_that_cannot_note_says_so() {
    let world = World::new();
    let run = Run { fails_from_write: Some(0), ..ordinary() };
    let outcome = world.send_one("first", run, false).await;
    assert!(outcome.ends_with("the table is throttled"), "{outcome}");
    assert!(world.delivered().is_empty());

    let run = Run { fails_from_write: Some(1), ..ordinary() };
    assert_eq!(world.send_one("second", run, false).await, "unnoted");
    assert_eq!(world.delivered().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_too_slow_to_claim_sends_nothing() {
    let world = World::new();
    let run = Run { ledger_ms: vec![3000], ..ordinary() };
    let outcome = world.send_one("slow", run, false).await;
    assert!(outcome.ends_with("try again in a minute"), "{outcome}");
    assert!(world.delivered().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_mark_of_another_version_is_no_reason_to_send_unless_asked() {
    let world = World::new();
    let key = key("2026-W47".parse().unwrap(), &"owner@example.org".parse().unwrap(), MONDAY_NINE);
    world.put(&key, r#"{"state":"bounced"}"#);
    let outcome = world.send_one("first", ordinary(), false).await;
    assert!(outcome.contains("a newer version wrote it"), "{outcome}");
    assert_eq!(world.send_one("second", ordinary(), true).await, "sent");
    assert_eq!(world.send_one("third", ordinary(), false).await, "before");
}
