//! The schedule against the days of a calendar, counted one by one.

use cv_analytics_core::timestamp::Timestamp;
use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;

fn moment(text: &str) -> Timestamp {
    Timestamp::read(&serde_json::json!(text)).unwrap()
}

fn check(schedule: &str, from: &str, expect: &[&str]) {
    let schedule: Schedule = schedule.parse().unwrap();
    let mut from = moment(from);
    for expect in expect {
        let next = schedule.next_from(from).unwrap();
        assert_eq!(next.to_string(), *expect, "{schedule} from {from}");
        from = next.plus_millis(1);
    }
}

#[test]
fn the_next_moments_of_a_schedule() {
    check(
        Schedule::DEFAULT,
        "2026-11-22T23:00:00Z",
        &["2026-11-23T09:00:00Z", "2026-11-30T09:00:00Z"],
    );
    check("cron(0 9 ? * MON *)", "2026-11-23T09:00:00Z", &["2026-11-23T09:00:00Z"]);
    check("cron(0 9 ? * MON *)", "2026-11-23T09:00:00.001Z", &["2026-11-30T09:00:00Z"]);
    check("cron(0 9 ? * 2 *)", "2026-11-23T00:00:00Z", &["2026-11-23T09:00:00Z"]);
    check("cron(0 9 ? * 1 *)", "2026-11-23T00:00:00Z", &["2026-11-29T09:00:00Z"]);
    check(
        "cron(0/15 9-10 * * ? *)",
        "2026-11-23T09:50:00Z",
        &["2026-11-23T10:00:00Z", "2026-11-23T10:15:00Z"],
    );
    check("cron(0 8 L * ? *)", "2028-02-01", &["2028-02-29T08:00:00Z", "2028-03-31T08:00:00Z"]);
    check("cron(0 8 1W * ? *)", "2026-08-01", &["2026-08-03T08:00:00Z", "2026-09-01T08:00:00Z"]);
    check("cron(0 8 15W * ? *)", "2026-11-01", &["2026-11-16T08:00:00Z"]);
    check("cron(0 8 ? * 6L *)", "2026-11-01", &["2026-11-27T08:00:00Z", "2026-12-25T08:00:00Z"]);
    check("cron(0 8 ? * MON#1 *)", "2026-11-03", &["2026-12-07T08:00:00Z"]);
    check("cron(0 8 ? * 2#5 *)", "2026-11-01", &["2026-11-30T08:00:00Z", "2027-03-29T08:00:00Z"]);
    check("cron(0 8 ? * L *)", "2026-11-23", &["2026-11-28T08:00:00Z"]);
    check("cron(30 6 ? JAN,jul Mon-wed 2027/2)", "2026-11-23", &["2027-01-04T06:30:00Z"]);
    check("cron( 0  9 29 2 ? * )", "2026-11-23", &["2028-02-29T09:00:00Z"]);
}

#[test]
fn a_schedule_that_is_over_has_no_next_moment() {
    let over: Schedule = "cron(0 9 ? * MON 2025)".parse().unwrap();
    assert_eq!(over.next_from(moment("2026-11-23")), None);
    let never: Schedule = "cron(0 9 30 2 ? *)".parse().unwrap();
    assert_eq!(never.next_from(moment("2026-11-23")), None);
}

#[test]
fn what_is_no_schedule_names_its_field() {
    for (text, wrong) in [
        ("0 9 ? * MON *", "write it as EventBridge does"),
        ("cron(0 9 ? * MON)", "it has 5 fields instead of six"),
        ("cron(0 0 9 ? * MON *)", "it has 7 fields instead of six"),
        ("cron(0 9 * * MON *)", "exactly one of day-of-month and day-of-week is ?"),
        ("cron(0 9 ? * ? *)", "exactly one of day-of-month and day-of-week is ?"),
        ("cron(60 9 ? * MON *)", "\"60\" cannot stand in the field minutes"),
        ("cron(MON 9 ? * MON *)", "\"MON\" cannot stand in the field minutes"),
        ("cron(0 24 ? * MON *)", "\"24\" cannot stand in the field hours"),
        ("cron(0 ? ? * MON *)", "\"?\" cannot stand in the field hours"),
        ("cron(0 9 0 * ? *)", "\"0\" cannot stand in the field day-of-month"),
        ("cron(0 9 32W * ? *)", "\"32W\" cannot stand in the field day-of-month"),
        ("cron(0 9 W * ? *)", "\"W\" cannot stand in the field day-of-month"),
        ("cron(0 9 1#2 * ? *)", "\"1#2\" cannot stand in the field day-of-month"),
        ("cron(0 9 ? 13 MON *)", "\"13\" cannot stand in the field month"),
        ("cron(0 9 ? JANFEB MON *)", "\"JANFEB\" cannot stand in the field month"),
        ("cron(0 9 ? * 0 *)", "\"0\" cannot stand in the field day-of-week"),
        ("cron(0 9 ? * 8 *)", "\"8\" cannot stand in the field day-of-week"),
        ("cron(0 9 ? * MONDAY *)", "\"MONDAY\" cannot stand in the field day-of-week"),
        ("cron(0 9 ? * MON#6 *)", "\"MON#6\" cannot stand in the field day-of-week"),
        ("cron(0 9 ? * FRI-MON *)", "\"FRI-MON\" cannot stand in the field day-of-week"),
        ("cron(0 9 ? * MON, *)", "\"\" cannot stand in the field day-of-week"),
        ("cron(0/0 9 ? * MON *)", "\"0/0\" cannot stand in the field minutes"),
        ("cron(0 9 ? * MON 1969)", "\"1969\" cannot stand in the field year"),
        ("cron(@daily 9 ? * MON *)", "\"@daily\" cannot stand in the field minutes"),
    ] {
        let said = text.parse::<Schedule>().unwrap_err().to_string();
        assert!(said.contains(wrong), "{text} said {said}");
    }
}

#[test]
fn a_pause_that_is_too_long_is_found() {
    let pause = |schedule: &str| {
        let schedule: Schedule = schedule.parse().unwrap();
        let found = schedule.pause_over(14, moment("2026-11-24"), moment("2028-01-01"));
        found.map(|pause| (pause.from.to_string(), pause.to.map(|to| to.to_string())))
    };
    let between = |from: &str, to: &str| Some((from.to_owned(), Some(to.to_owned())));
    assert_eq!(pause(Schedule::DEFAULT), None);
    assert_eq!(pause("cron(* * * * ? *)"), None);
    assert_eq!(pause("cron(0 9 1,15,29 * ? *)"), None);
    assert_eq!(
        pause("cron(30 6 1 * ? *)"),
        between("2026-12-01T06:30:00Z", "2027-01-01T06:30:00Z")
    );
    assert_eq!(
        pause("cron(0 9 1,15 * ? *)"),
        between("2026-12-15T09:00:00Z", "2027-01-01T09:00:00Z")
    );
    assert_eq!(
        pause("cron(* * ? JAN-NOV * *)"),
        between("2026-11-30T23:59:00Z", "2027-01-01T00:00:00Z")
    );
    assert_eq!(pause("cron(0 9 ? * MON 2026)"), Some(("2026-12-28T09:00:00Z".to_owned(), None)));
    assert_eq!(
        pause("cron(0 9 ? * MON 2028)"),
        between("2026-11-24T00:00:00Z", "2028-01-03T09:00:00Z")
    );
}

/// How the days are chosen, and whether a date is one of them.
#[derive(Clone, Debug)]
enum Days {
    InMonth(Vec<i8>),
    InWeek(Vec<i8>),
    Last,
    Nearest(i8),
    LastOf(i8),
    Nth(i8, i8),
}

impl Days {
    fn fields(&self) -> (String, String) {
        let list = |days: &[i8]| days.iter().map(i8::to_string).collect::<Vec<_>>().join(",");
        match self {
            Self::InMonth(days) => (list(days), "?".to_owned()),
            Self::InWeek(days) => ("?".to_owned(), list(days)),
            Self::Last => ("L".to_owned(), "?".to_owned()),
            Self::Nearest(day) => (format!("{day}W"), "?".to_owned()),
            Self::LastOf(day) => ("?".to_owned(), format!("{day}L")),
            Self::Nth(day, nth) => ("?".to_owned(), format!("{day}#{nth}")),
        }
    }

    fn hold(&self, date: Date) -> bool {
        let weekday = |date: Date| date.weekday().to_sunday_one_offset();
        let is_working =
            |date: Date| !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
        match self {
            Self::InMonth(days) => days.contains(&date.day()),
            Self::InWeek(days) => days.contains(&weekday(date)),
            Self::Last => date.tomorrow().unwrap().day() == 1,
            Self::Nearest(day) => {
                let Ok(wanted) = Date::new(date.year(), date.month(), *day) else { return false };
                // The nearest working day of the same month; before it rather than after it.
                let nearest = [0, -1, 1, -2, 2].into_iter().find_map(|days: i64| {
                    let near = wanted.checked_add(days.days()).unwrap();
                    (near.month() == wanted.month() && is_working(near)).then_some(near)
                });
                nearest == Some(date)
            }
            Self::LastOf(day) => {
                weekday(date) == *day && date.checked_add(7.days()).unwrap().month() != date.month()
            }
            Self::Nth(day, nth) => weekday(date) == *day && (date.day() + 6) / 7 == *nth,
        }
    }
}

fn days() -> impl Strategy<Value = Days> {
    prop_oneof![
        subsequence((1..=31).collect::<Vec<i8>>(), 1..6).prop_map(Days::InMonth),
        subsequence((1..=7).collect::<Vec<i8>>(), 1..4).prop_map(Days::InWeek),
        Just(Days::Last),
        (1..=31_i8).prop_map(Days::Nearest),
        (1..=7_i8).prop_map(Days::LastOf),
        (1..=7_i8, 1..=5_i8).prop_map(|(day, nth)| Days::Nth(day, nth)),
    ]
}

fn list<T: ToString>(values: &[T]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

proptest! {
    #[test]
    fn the_next_moment_is_the_one_that_counting_finds(
        days in days(),
        minutes in subsequence((0..60).collect::<Vec<i8>>(), 1..4),
        hours in subsequence((0..24).collect::<Vec<i8>>(), 1..4),
        months in subsequence((1..=12).collect::<Vec<i8>>(), 1..=12),
        years in select(vec![None, Some(vec![2026, 2028]), Some(vec![2027])]),
        minute in 29_453_760_i64..30_504_960,
        beside in select(vec![-1, 0, 1, 30_000]),
    ) {
        let from = minute * 60_000 + beside;
        let (day_of_month, day_of_week) = days.fields();
        let text = format!(
            "cron({} {} {day_of_month} {} {day_of_week} {})",
            list(&minutes), list(&hours), list(&months),
            years.as_ref().map_or("*".to_owned(), |years| list(years)),
        );
        let schedule: Schedule = text.parse().unwrap();
        let start = jiff::Timestamp::from_millisecond(from).unwrap();
        let first = TimeZone::UTC.to_datetime(start);
        // Every day of the next nine years, which hold every kind of February.
        let expect = first.date().series(1.day()).take(9 * 366).find_map(|date| {
            let is_day = days.hold(date)
                && months.contains(&date.month())
                && years.as_ref().is_none_or(|years| years.contains(&date.year()));
            let times = hours.iter().flat_map(|hour| minutes.iter().map(move |minute| (*hour, *minute)));
            let mut moments = times.map(|(hour, minute)| date.at(hour, minute, 0, 0));
            moments.find(|moment: &DateTime| is_day && *moment >= first)
        });
        let expect = expect.map(|moment| {
            TimeZone::UTC.to_timestamp(moment).unwrap().as_millisecond()
        });
        let next = schedule.next_from(Timestamp::from_millis(from)).map(Timestamp::as_millis);
        // Beyond nine years is only what counting did not reach.
        if expect.is_some() || years.is_some() {
            prop_assert_eq!(next, expect, "{}", text);
        }
        if let Some(next) = next {
            let next = Timestamp::from_millis(next);
            prop_assert_eq!(schedule.next_from(next), Some(next));
            prop_assert_ne!(schedule.next_from(next.plus_millis(1)), Some(next));
        }
    }

    #[test]
    fn a_long_pause_is_the_one_that_going_from_moment_to_moment_finds(
        days in days(),
        hours in subsequence((0..24).collect::<Vec<i8>>(), 1..4),
        months in subsequence((1..=12).collect::<Vec<i8>>(), 1..=12),
        years in select(vec!["*", "2026,2028", "2027"]),
        limit in 1_u32..40,
        minute in 29_453_760_i64..30_504_960,
    ) {
        let (day_of_month, day_of_week) = days.fields();
        let text = format!(
            "cron(0 {} {day_of_month} {} {day_of_week} {years})", list(&hours), list(&months),
        );
        let schedule: Schedule = text.parse().unwrap();
        let from = Timestamp::from_millis(minute * 60_000);
        let until = from.plus_millis(400 * DAY_MS);
        let mut last = from;
        let expect = loop {
            if last >= until {
                break None;
            }
            let to = schedule.next_from(last.plus_millis(1));
            let length = to.map(|to| to.as_millis() - last.as_millis());
            if length.is_none_or(|length| length > i64::from(limit) * DAY_MS) {
                break Some(Pause { from: last, to });
            }
            last = to.unwrap();
        };
        prop_assert_eq!(schedule.pause_over(limit, from, until), expect, "{}", text);
    }
}
