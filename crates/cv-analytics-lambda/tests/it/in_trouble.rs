//! AWS in trouble, in virtual time: the real processor behind a model of the queue, its event source mapping and the
//! alarms, through outages, throttling and crashes. `docs/operate/runbook.md` has these figures.

mod account;
mod alarms;
mod fault;
mod queue;
mod simulation;
mod virtual_clock;

use std::ops::RangeInclusive;
use std::time::Duration;

use cv_analytics_aws::install::INSTALL;
use serde_json::json;

use fault::{Fault, Trouble};
use queue::Sending;
use simulation::{Outcome, simulate};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// Before a fault all is well for so long.
const CALM: Duration = Duration::from_secs(HOUR);

const POISON: &str = "poison";

/// Every delivery counts as received, also what fails and comes again: after a day it lowers the join rate.
const REDELIVERED: (&str, RangeInclusive<u64>) = ("cv-analytics-join-rate", 23 * 60..=24 * 60);

/// A whole interaction in one message, as the Worker sends it.
fn interaction(at: u64, id: &str) -> Sending {
    let body = json!({
        "eventType": "response", "requestId": id, "timestamp": 1_763_337_600_000_i64, "matchType": "full",
        "query": "Rust?", "queryTimestamp": 1_763_337_599_000_i64,
    });
    Sending { at: Duration::from_secs(at), group: id.to_owned(), body: body.to_string() }
}

/// So many interactions, one every so many seconds.
fn traffic(count: u64, from: u64, every: u64) -> Vec<Sending> {
    (0..count).map(|number| interaction(from + number * every, &format!("r{number}"))).collect()
}

/// A fault that begins an hour after the start.
fn trouble(fault: Fault, lasts: u64) -> Trouble {
    Trouble { fault, from: CALM, until: CALM + Duration::from_secs(lasts) }
}

impl Outcome {
    /// Nothing is lost, and everything but the dead letters is stored.
    #[track_caller]
    fn assert_kept(&self, sent: usize, dead_letters: usize) {
        println!(
            "{} of {sent} stored, {dead_letters} dead, {} receives at most",
            self.stored.len(),
            self.most_receives
        );
        println!("{:?}", self.rings);
        assert_eq!((self.dead_letters.len(), self.expired), (dead_letters, 0));
        assert_eq!((self.stored.len(), self.is_queue_empty), (sent - dead_letters, true));
    }

    /// Only these alarms ring, each so many minutes after the fault began. One that falls silent for a moment while its
    /// fault is there, and rings again, counts once.
    #[track_caller]
    fn assert_rings(&self, expected: &[(&str, RangeInclusive<u64>)]) {
        let mut rings: Vec<(&str, u64)> = self
            .rings
            .iter()
            .map(|ring| (ring.alarm, ring.at.saturating_sub(CALM).as_secs() / MINUTE))
            .collect();
        rings.dedup_by_key(|ring| ring.0);
        let are_expected = rings.len() == expected.len()
            && rings.iter().zip(expected).all(|(ring, (alarm, minutes))| {
                INSTALL.alarms.iter().any(|known| known.name == *alarm)
                    && ring.0 == *alarm
                    && minutes.contains(&ring.1)
            });
        assert!(are_expected, "{rings:?}, not {expected:?}");
    }
}

async fn run(sendings: Vec<Sending>, trouble: Trouble, lasts: u64) -> Outcome {
    simulate(sendings, trouble, Duration::from_secs(lasts)).await
}

#[tokio::test(start_paused = true)]
async fn without_a_fault_nothing_waits_and_nothing_rings() {
    let outcome = run(traffic(50, 0, 30 * MINUTE), trouble(Fault::Nothing, 0), 2 * DAY).await;
    outcome.assert_kept(50, 0);
    assert_eq!(outcome.most_receives, 1);
    outcome.assert_rings(&[]);
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_ten_minutes_rings_nothing_and_loses_nothing() {
    let outcome =
        run(traffic(60, 0, 2 * MINUTE), trouble(Fault::TablesOutOfReach, 9 * MINUTE), 4 * HOUR)
            .await;
    outcome.assert_kept(60, 0);
    outcome.assert_rings(&[]);
}

#[tokio::test(start_paused = true)]
async fn tables_that_do_not_answer_for_an_hour_ring_after_a_quarter_of_an_hour() {
    let outcome =
        run(traffic(120, 0, 3 * MINUTE), trouble(Fault::TablesHang, HOUR), 8 * HOUR).await;
    outcome.assert_kept(120, 0);
    outcome.assert_rings(&[("cv-analytics-failed-messages", 15..=20)]);
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_three_days_sends_nothing_to_the_dead_letters() {
    let sendings = traffic(5, CALM.as_secs(), 15 * HOUR);
    let outcome =
        run(sendings, trouble(Fault::TablesOutOfReach, 3 * DAY), 3 * DAY + 4 * HOUR).await;
    outcome.assert_kept(5, 0);
    // Of 1,000.
    assert!((880..960).contains(&outcome.most_receives), "{}", outcome.most_receives);
    outcome.assert_rings(&[("cv-analytics-failed-messages", 15..=20), REDELIVERED]);
    // What waited longest is tried again soon after the end.
    let after = outcome.last_stored_at.saturating_sub(CALM + Duration::from_secs(3 * DAY));
    assert!(after < Duration::from_secs(6 * MINUTE), "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn an_outage_that_outlasts_the_receives_makes_dead_letters_and_loses_nothing() {
    let outcome = run(
        traffic(2, CALM.as_secs(), 1),
        trouble(Fault::TablesOutOfReach, 5 * DAY),
        5 * DAY + 2 * HOUR,
    )
    .await;
    outcome.assert_kept(2, 2);
    // Some 79 hours, of the 96 that the queue keeps a message.
    let hour = |hours: u64| hours * 60;
    outcome.assert_rings(&[
        ("cv-analytics-failed-messages", 15..=20),
        REDELIVERED,
        // Nothing else is sent.
        ("cv-analytics-silence", hour(72)..=hour(74)),
        ("cv-analytics-dead-letters", hour(77)..=hour(81)),
    ]);
}

#[tokio::test(start_paused = true)]
async fn tables_throttled_to_a_tenth_of_the_load_are_used_to_their_limit_and_make_no_dead_letter() {
    // One a second for five minutes, to tables that take one in ten seconds.
    let count = 300;
    let fault = Fault::TablesThrottled { seconds_a_call: 10 };
    let outcome = run(traffic(count, CALM.as_secs(), 1), trouble(fault, DAY), 8 * HOUR).await;
    outcome.assert_kept(300, 0);
    outcome.assert_rings(&[("cv-analytics-failed-messages", 15..=20)]);
    let taken = outcome.last_stored_at.saturating_sub(CALM);
    let least = Duration::from_secs(count * 10);
    println!("{taken:?} of at least {least:?}");
    assert!(taken < least * 3 / 2, "{taken:?}");
}

#[tokio::test(start_paused = true)]
async fn a_backlog_that_takes_more_than_two_days_makes_no_dead_letter() {
    let fault = Fault::TablesThrottled { seconds_a_call: 6 * 3600 };
    let outcome =
        run(traffic(10, CALM.as_secs(), 36 * MINUTE), trouble(fault, 5 * DAY), 4 * DAY).await;
    outcome.assert_kept(10, 0);
    outcome.assert_rings(&[
        ("cv-analytics-failed-messages", 15..=60),
        REDELIVERED,
        // Nothing else is sent.
        ("cv-analytics-silence", 76 * 60..=80 * 60),
    ]);
}

#[tokio::test(start_paused = true)]
async fn a_crash_loop_of_a_day_rings_in_five_minutes_and_loses_nothing() {
    let outcome =
        run(traffic(30, CALM.as_secs(), 2 * HOUR), trouble(Fault::ProcessorCrashes, DAY), 3 * DAY)
            .await;
    outcome.assert_kept(30, 0);
    outcome.assert_rings(&[("cv-analytics-processor-errors", 1..=5)]);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_cannot_be_read_goes_aside_at_once_and_each_new_one_rings() {
    let mut sendings = traffic(30, 0, 10 * MINUTE);
    for (at, body) in [(HOUR + 1, "{"), (3 * HOUR, "[")] {
        sendings.push(Sending {
            at: Duration::from_secs(at),
            group: POISON.to_owned(),
            body: body.to_owned(),
        });
    }
    let outcome = run(sendings, trouble(Fault::Nothing, 0), 6 * HOUR).await;
    outcome.assert_kept(32, 2);
    assert_eq!(outcome.most_receives, 1);
    outcome.assert_rings(&[("cv-analytics-dead-letters", 1..=5)]);
    // The first letter is still there when the second comes.
    let [_, second] = &outcome.rings[..] else { panic!("{:?}", outcome.rings) };
    assert_eq!(second.at, Duration::from_secs(3 * HOUR + 5 * MINUTE));
}

#[tokio::test(start_paused = true)]
async fn a_message_that_crashes_the_processor_takes_no_other_with_it() {
    let mut sendings = traffic(24, 0, 4 * HOUR);
    sendings.push(interaction(HOUR, POISON));
    // In its first batch, and in others by chance.
    sendings.extend((0..9).map(|number| interaction(HOUR, &format!("beside-{number}"))));
    let outcome = run(sendings, trouble(Fault::ProcessorCrashesOn(POISON), 9 * DAY), 6 * DAY).await;
    outcome.assert_kept(34, 1);
    assert!(outcome.dead_letters[0].contains(POISON));
    // A thousand times the queue's visibility of five minutes.
    outcome.assert_rings(&[
        ("cv-analytics-processor-errors", 1..=5),
        ("cv-analytics-dead-letters", 83 * 60..=84 * 60),
    ]);
}

#[tokio::test(start_paused = true)]
async fn an_account_without_a_free_execution_rings_in_five_minutes() {
    let outcome =
        run(traffic(40, 0, 5 * MINUTE), trouble(Fault::NoConcurrency, 2 * HOUR), 8 * HOUR).await;
    outcome.assert_kept(40, 0);
    outcome.assert_rings(&[("cv-analytics-processor-throttles", 1..=5)]);
}

#[tokio::test(start_paused = true)]
async fn a_mapping_that_is_off_rings_once_a_message_has_waited_for_an_hour() {
    let outcome =
        run(traffic(40, 0, 5 * MINUTE), trouble(Fault::MappingOff, 3 * HOUR), 8 * HOUR).await;
    outcome.assert_kept(40, 0);
    assert_eq!(outcome.most_receives, 1);
    outcome.assert_rings(&[("cv-analytics-oldest-message", 60..=70)]);
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_falls_silent_rings_after_three_days() {
    let outcome = run(traffic(73, 0, HOUR), trouble(Fault::Nothing, 0), 7 * DAY).await;
    outcome.assert_kept(73, 0);
    // The last message came 71 hours after CALM's end.
    outcome.assert_rings(&[("cv-analytics-silence", (71 + 72) * 60..=(71 + 74) * 60)]);
}

#[tokio::test(start_paused = true)]
async fn answers_that_stop_coming_ring_within_a_day() {
    let mut sendings = Vec::new();
    for number in 0..96 {
        let (at, id) = (Duration::from_secs(number * 30 * MINUTE), format!("r{number}"));
        let query = json!({"eventType": "query", "requestId": id, "timestamp": 1_763_337_600_000_i64, "query": "Rust?"});
        let answer = json!({"eventType": "response", "requestId": id, "timestamp": 1_763_337_601_000_i64, "matchType": "full"});
        sendings.push(Sending { at, group: id.clone(), body: query.to_string() });
        // From the second day on every second answer is missing.
        if number < 48 || number % 2 == 0 {
            sendings.push(Sending { at, group: id, body: answer.to_string() });
        }
    }
    let outcome = run(sendings, trouble(Fault::Nothing, 0), 3 * DAY).await;
    let day = 24 * 60;
    outcome.assert_rings(&[("cv-analytics-join-rate", day..=2 * day)]);
}

#[tokio::test(start_paused = true)]
async fn a_reporter_that_fails_rings_in_five_minutes() {
    // The fault is there from before Monday, 09:00 on.
    let outcome = run(traffic(20, 0, HOUR), trouble(Fault::ReporterFails, DAY), DAY).await;
    outcome.assert_rings(&[("cv-analytics-reporter-errors", 8 * 60..=8 * 60 + 5)]);
}

#[tokio::test(start_paused = true)]
async fn a_report_that_nothing_starts_rings_on_the_monday_it_is_missed() {
    let off = Trouble {
        fault: Fault::RuleOff,
        from: Duration::from_secs(DAY),
        until: Duration::from_secs(60 * DAY),
    };
    let outcome = run(traffic(35, 0, 6 * HOUR), off, 9 * DAY).await;
    outcome.assert_kept(35, 0);
    let monday = 7 * 24 * 60 - 60;
    outcome.assert_rings(&[("cv-analytics-no-report", monday + 9 * 60..=monday + 11 * 60)]);
}

/// Every alarm is in one of the tests above.
#[test]
fn each_alarm_has_a_fault_that_makes_it_ring() {
    let tests = include_str!("in_trouble.rs");
    for alarm in &INSTALL.alarms {
        assert!(tests.contains(&format!("(\"{}\", ", alarm.name)), "{}", alarm.name);
    }
}
