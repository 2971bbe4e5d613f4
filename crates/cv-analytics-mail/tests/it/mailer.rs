//! Weeks go by in simulated time: each week's mail comes once to each recipient, whatever happens.

#![cfg(feature = "schedule")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by a panic")]

mod world;

use cv_analytics_core::store::KeyValueStore;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_insights::view::render::owner_template::{MailTemplate, TemplateFile};
use cv_analytics_mail::clock::Clock;
use cv_analytics_mail::message::address::MailAddress;
use cv_analytics_mail::schedule::DeliveryStatus;
use cv_analytics_mail::schedule::recipient_record::RecipientRecord;
use cv_analytics_mail::weekly_mail::delivery_lease::recipient_digest;
use proptest::prelude::*;

use crate::mailer::world::{Answer, World, moment};

const OWNER: &str = "owner@example.org";
const OTHER: &str = "other@example.org";

/// 2026-11-23 is a Monday; the week before it is 2026-W47.
const WEDNESDAY: &str = "2026-11-18T12:00:00Z";

#[tokio::test]
async fn every_week_brings_one_mail_at_its_time() {
    let world = World::at(WEDNESDAY, &[OWNER, OTHER]);
    let mut mailer = world.start().await;
    world.run(&mut mailer, "2026-11-23T08:59:00Z").await;
    assert_eq!(world.delivered(), [""; 0]);
    let due = moment("2026-11-23T09:00:00Z");
    assert_eq!(world.status(WEDNESDAY).await, DeliveryStatus::Due { at: due });
    world.run(&mut mailer, "2026-12-08T00:00:00Z").await;
    let expect = ["2026-W47 owner@example.org", "2026-W47 other@example.org"];
    assert_eq!(world.delivered()[..2], expect);
    assert_eq!(world.delivered().len(), 6);
    let DeliveryStatus::Sent { at } = world.status(WEDNESDAY).await else { panic!("not sent") };
    assert_eq!(at, moment("2026-12-07T09:00:00Z"));
}

#[tokio::test]
async fn a_restart_at_any_time_sends_nothing_twice_and_misses_nothing() {
    let world = World::at(WEDNESDAY, &[OWNER]);
    for until in [
        "2026-11-23T08:59:59Z",
        "2026-11-23T09:00:00Z",
        "2026-11-23T09:00:01Z",
        "2026-11-23T10:00:00Z",
        "2026-11-30T12:00:00Z",
    ] {
        world.start_and_run(until).await;
    }
    assert_eq!(world.delivered(), ["2026-W47 owner@example.org", "2026-W48 owner@example.org"]);
}

#[tokio::test]
async fn a_machine_that_was_off_on_monday_sends_as_soon_as_it_is_up() {
    let world = World::at(WEDNESDAY, &[OWNER]);
    world.start_and_run("2026-11-20T00:00:00Z").await;
    world.set_clock("2026-11-26T17:00:00Z");
    world.start_and_run("2026-11-26T17:01:00Z").await;
    assert_eq!(world.delivered(), ["2026-W47 owner@example.org"]);
}

#[tokio::test]
async fn of_weeks_that_were_missed_the_last_alone_is_sent() {
    let world = World::at(WEDNESDAY, &[OWNER]);
    world.start_and_run("2026-11-20T00:00:00Z").await;
    world.set_clock("2027-01-05T17:00:00Z");
    world.start_and_run("2027-01-06T00:00:00Z").await;
    assert_eq!(world.delivered(), ["2026-W53 owner@example.org"]);
}

#[tokio::test]
async fn a_first_start_sends_no_week_that_was_due_before_it() {
    let world = World::at(WEDNESDAY, &[OWNER]);
    world.start_and_run("2026-11-22T00:00:00Z").await;
    assert_eq!(world.delivered(), [""; 0]);
    assert_eq!(world.status(WEDNESDAY).await, DeliveryStatus::NotTheirs);
}

#[tokio::test]
async fn who_joins_later_gets_no_mail_that_was_due_before_and_the_next_one() {
    let mut world = World::at(WEDNESDAY, &[OWNER]);
    world.start_and_run("2026-11-24T00:00:00Z").await;
    world.recipients.push(OTHER);
    world.start_and_run("2026-11-30T10:00:00Z").await;
    assert_eq!(
        world.delivered(),
        ["2026-W47 owner@example.org", "2026-W48 owner@example.org", "2026-W48 other@example.org"]
    );
}

#[tokio::test]
async fn an_empty_week_that_was_over_at_the_first_start_gets_no_mail() {
    let monday_morning = "2026-11-23T07:00:00Z";
    let world = World::at(monday_morning, &[OWNER]);
    world.weeks_are_empty();
    world.start_and_run("2026-11-25T00:00:00Z").await;
    assert_eq!(world.delivered(), [""; 0]);
    assert_eq!(world.status(monday_morning).await, DeliveryStatus::NotTheirs);
    world.start_and_run("2026-11-30T10:00:00Z").await;
    assert_eq!(world.delivered(), ["2026-W48 owner@example.org"]);

    // One with imported data in it does.
    let full = World::at(monday_morning, &[OWNER]);
    full.start_and_run("2026-11-25T00:00:00Z").await;
    assert_eq!(full.delivered(), ["2026-W47 owner@example.org"]);
}

#[tokio::test]
async fn a_clock_that_jumps_forth_and_back_neither_repeats_nor_skips() {
    let world = World::at(WEDNESDAY, &[OWNER]);
    let mut mailer = world.start().await;
    world.run(&mut mailer, "2026-11-23T09:01:00Z").await;
    world.set_clock("2026-11-17T08:00:00Z");
    world.run(&mut mailer, "2026-11-18T00:00:00Z").await;
    world.set_clock("2026-11-24T00:00:00Z");
    world.run(&mut mailer, "2026-11-24T01:00:00Z").await;
    assert_eq!(world.delivered(), ["2026-W47 owner@example.org"]);
    // Years ahead for a while, and then right again.
    world.set_clock("2031-03-12T00:00:00Z");
    world.run(&mut mailer, "2031-03-12T01:00:00Z").await;
    world.set_clock("2026-11-24T02:00:00Z");
    world.run(&mut mailer, "2026-12-01T00:00:00Z").await;
    assert_eq!(
        world.delivered(),
        ["2026-W47 owner@example.org", "2031-W10 owner@example.org", "2026-W48 owner@example.org"]
    );
}

#[tokio::test]
async fn a_first_start_with_a_clock_that_is_ahead_costs_no_mail() {
    let world = World::at("2031-03-12T00:00:00Z", &[OWNER]);
    world.start_and_run("2031-03-12T00:10:00Z").await;
    world.set_clock(WEDNESDAY);
    world.start_and_run("2026-11-24T00:00:00Z").await;
    assert_eq!(world.delivered(), ["2026-W47 owner@example.org"]);
}

#[tokio::test]
async fn a_template_that_fails_on_a_week_is_told_once_and_costs_no_mail() {
    let source = "{{ week }}\n{% if week == '2026-W48' %}{{ no.thing }}{% endif %}";
    let file = TemplateFile { name: "mine.txt".to_owned(), source: source.to_owned() };
    let mut world = World::at(WEDNESDAY, &[OWNER, OTHER]);
    world.template = MailTemplate::read(None, Some(file), None).unwrap();
    let mut mailer = world.start().await;
    for (monday, until, faults) in [
        ("2026-11-23T09:00:00Z", "2026-11-23T12:00:00Z", 0),
        ("2026-11-30T09:00:00Z", "2026-11-30T12:00:00Z", 1),
    ] {
        world.run(&mut mailer, monday).await;
        world.answers(&[(OWNER, Answer::Passing)]);
        let mut told = Vec::new();
        while Clock::now(&world) < moment(until) {
            let turn = mailer.turn().await.unwrap();
            told.extend(turn.faults);
            world.sleep(turn.wait).await;
        }
        assert_eq!(told.len(), faults, "{told:?}");
        assert!(
            told.iter().all(|fault| (fault.file.as_str(), fault.line) == ("mine.txt", Some(2)))
        );
    }
    assert_eq!(world.delivered().len(), 4);
}

#[tokio::test]
async fn one_recipient_that_fails_keeps_no_other_from_theirs_and_gets_it_later() {
    let world = World::at(WEDNESDAY, &[OWNER, OTHER]);
    world.answers(&[(OWNER, Answer::Passing), (OWNER, Answer::Passing), (OWNER, Answer::Never)]);
    let mut mailer = world.start().await;
    world.run(&mut mailer, "2026-11-23T09:00:10Z").await;
    assert_eq!(world.delivered(), ["2026-W47 other@example.org"]);
    let failing = world.status(WEDNESDAY).await;
    let nine = moment("2026-11-23T09:00:00Z");
    let next_try = Some(nine.plus_millis(60_000));
    assert_eq!(
        failing,
        DeliveryStatus::Failing {
            since: nine,
            tries: 1,
            last_error: "come again".to_owned(),
            next_try
        }
    );
    world.run(&mut mailer, "2026-11-23T10:00:00Z").await;
    assert_eq!(world.delivered(), ["2026-W47 other@example.org", "2026-W47 owner@example.org"]);
}

#[tokio::test]
async fn a_failure_goes_on_being_tried_for_days_until_the_next_week_takes_its_place() {
    let world = World::at(WEDNESDAY, &[OWNER]);
    world.answers(&[(OWNER, Answer::Passing); 200]);
    world.start_and_run("2026-11-29T23:00:00Z").await;
    let DeliveryStatus::Failing { since, tries, .. } = world.status(WEDNESDAY).await else {
        panic!("not failing")
    };
    assert_eq!(since, moment("2026-11-23T09:00:00Z"));
    // Five within two hours, then one every two hours for six days and a half.
    assert!((75..90).contains(&tries), "{tries}");
    world.answers(&[]);
    world.start_and_run("2026-11-30T10:00:00Z").await;
    assert!(world.delivered().ends_with(&["2026-W48 owner@example.org".to_owned()]));
}

#[tokio::test]
async fn a_refusal_for_good_waits_for_a_start() {
    let world = World::at(WEDNESDAY, &[OWNER]);
    world.answers(&[(OWNER, Answer::Lasting)]);
    world.start_and_run("2026-11-25T00:00:00Z").await;
    assert_eq!(world.delivered(), [""; 0]);
    let DeliveryStatus::Failing { next_try: None, tries: 1, .. } = world.status(WEDNESDAY).await
    else {
        panic!("it was tried again")
    };
    world.start_and_run("2026-11-25T00:01:00Z").await;
    assert_eq!(world.delivered(), ["2026-W47 owner@example.org"]);
}

#[tokio::test]
async fn a_ledger_that_fails_sends_nothing_until_it_is_back() {
    let world = World::at(WEDNESDAY, &[OWNER]);
    let mut mailer = world.start().await;
    world.run(&mut mailer, "2026-11-23T08:00:00Z").await;
    world.ledger_fails(true);
    world.run(&mut mailer, "2026-11-23T12:00:00Z").await;
    assert_eq!(world.delivered(), [""; 0]);
    world.ledger_fails(false);
    world.run(&mut mailer, "2026-11-23T12:10:00Z").await;
    assert_eq!(world.delivered(), ["2026-W47 owner@example.org"]);
}

#[tokio::test]
async fn who_unsubscribed_is_skipped_and_after_coming_back_is_not() {
    let world = World::at(WEDNESDAY, &[OWNER, OTHER]);
    let digest = recipient_digest(&OWNER.parse().unwrap());
    let change = async |at: Option<Timestamp>| {
        let changed = RecipientRecord::change(&world, &digest, |record| record.unsubscribed = at);
        changed.await.unwrap();
    };
    change(Some(moment(WEDNESDAY))).await;
    let mut mailer = world.start().await;
    world.run(&mut mailer, "2026-11-24T00:00:00Z").await;
    assert_eq!(world.delivered(), ["2026-W47 other@example.org"]);
    let gone = DeliveryStatus::Unsubscribed { since: moment(WEDNESDAY) };
    assert_eq!(world.status(WEDNESDAY).await, gone);
    change(None).await;
    world.run(&mut mailer, "2026-12-01T00:00:00Z").await;
    assert_eq!(world.delivered().len(), 3);
}

#[tokio::test]
async fn one_who_is_named_twice_gets_one_mail_and_a_link_of_their_own() {
    let world = World::at(WEDNESDAY, &[OWNER, "Me <OWNER@example.org>", OTHER]);
    let mailing = world.mailing().await;
    let recipients: Vec<&str> = mailing.recipients().iter().map(MailAddress::address).collect();
    assert_eq!(recipients, [OWNER, OTHER]);
    let links: Vec<_> = mailing.recipients().iter().map(|to| mailing.unsubscribe(to)).collect();
    assert_ne!(links[0], links[1]);
    assert!(format!("{:?}", links[0]).contains("https://cv.example.org/unsubscribe/"));
}

#[tokio::test]
async fn a_schedule_of_another_day_sends_the_week_that_is_over_by_then() {
    let mut world = World::at(WEDNESDAY, &[OWNER]);
    world.schedule = Some("cron(30 7 ? * MON,THU *)");
    world.start_and_run("2026-12-04T00:00:00Z").await;
    assert_eq!(world.delivered(), ["2026-W47 owner@example.org", "2026-W48 owner@example.org"]);
    let mut monthly = World::at(WEDNESDAY, &[OWNER]);
    monthly.schedule = Some("cron(0 9 1 * ? *)");
    monthly.start_and_run("2027-01-15T00:00:00Z").await;
    assert_eq!(monthly.delivered(), ["2026-W48 owner@example.org", "2026-W52 owner@example.org"]);
}

#[tokio::test]
async fn the_ledger_names_no_address() {
    let world = World::at(WEDNESDAY, &[OWNER]);
    world.answers(&[(OWNER, Answer::Lasting)]);
    world.start_and_run("2026-11-24T00:00:00Z").await;
    let key = format!("cv-analytics:mail-recipient:{}", recipient_digest(&OWNER.parse().unwrap()));
    let record = world.get(&key).await.unwrap().unwrap();
    assert!(!record.value.contains("owner"), "{}", record.value);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Runs of any length, with pauses between them and a mail server that refuses now and then: no
    /// week's mail comes twice, and the last week's has come where the program ran after it was due.
    #[test]
    fn no_history_of_starts_and_refusals_sends_twice(
        hours in prop::collection::vec((1_i64..60, 0_i64..120), 1..12),
        refusals in 0_usize..12,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let world = World::at(WEDNESDAY, &[OWNER, OTHER]);
            world.answers(&vec![(OWNER, Answer::Passing); refusals]);
            let mut now = moment(WEDNESDAY);
            for (running, pausing) in hours {
                now = now.plus_millis(running * 3_600_000);
                world.start_and_run(&now.to_string()).await;
                now = now.plus_millis(pausing * 3_600_000);
                world.set_clock(&now.to_string());
            }
            world.start_and_run(&now.plus_millis(4 * 3_600_000).to_string()).await;
            let mut delivered = world.delivered();
            let all = delivered.len();
            delivered.sort();
            delivered.dedup();
            assert_eq!(delivered.len(), all);
            if let DeliveryStatus::Due { at } = world.status(WEDNESDAY).await {
                assert!(at > now, "{at} was missed by {now}");
            }
        });
    }
}
