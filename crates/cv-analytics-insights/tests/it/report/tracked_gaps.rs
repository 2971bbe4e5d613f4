//! Gaps that the owner closes, before the mark and since.

use cv_analytics_core::event::Outcome;
use cv_analytics_core::store::Observation;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_insights::model::{ActionKind, GapMark, NameType, Report, TrackedState};
use cv_analytics_insights::settings::FigureSettings;
use cv_analytics_insights::settings::gap_marks::MarkedGap;

use crate::report::interactions::{Change, report_with, week, with_cv};

#[derive(Clone, Copy)]
enum Went {
    Well,
    Unmatched,
    Partly,
    Quota,
}

/// Wednesday noon of the week `weeks_ago`.
fn noon(weeks_ago: u8) -> Timestamp {
    week().earlier(weeks_ago).start().plus_millis((2 * 24 + 12) * 3_600_000)
}

fn asked(weeks_ago: u8, text: &str, went: Went, count: usize) -> Vec<Observation> {
    let one = |number: usize| {
        let id = format!("{weeks_ago}-{text}-{}-{number}", went as u8);
        let mut asked = crate::report::interactions::asked(id, weeks_ago, text);
        asked.query.as_mut().unwrap().at = noon(weeks_ago);
        match went {
            Went::Well => asked,
            Went::Unmatched => asked.none(),
            Went::Partly => asked.partial().missing(&["Kubernetes"]),
            Went::Quota => asked.ended(Outcome::Quota),
        }
    };
    (0..count).map(one).collect()
}

fn marked(name: &str, mark: GapMark, at: Option<Timestamp>) -> FigureSettings {
    let mut settings = with_cv(&["Docker"]);
    let marked = MarkedGap { mark: Some(mark), at, earlier: Vec::new() };
    settings.gap_marks.insert(name.to_owned(), marked);
    settings
}

fn report(settings: &FigureSettings, observations: &[Vec<Observation>]) -> Report {
    report_with(settings, &observations.concat())
}

#[test]
fn a_gap_that_was_added_to_the_cv_is_counted_before_the_mark_and_since() {
    let settings = marked("Kubernetes", GapMark::HaveIt, Some(noon(2).plus_millis(-1)));
    let report = report(
        &settings,
        &[
            asked(4, "k8s?", Went::Partly, 5),
            asked(3, "Kubernetes?", Went::Unmatched, 4),
            asked(2, "Kubernetes?", Went::Unmatched, 1),
            asked(1, "k8s?", Went::Well, 4),
            asked(0, "k8s?", Went::Well, 2),
        ],
    );
    let followed = &report.followed[0];
    assert_eq!((followed.name.as_str(), followed.name_type), ("Kubernetes", NameType::Skill));
    let before = followed.before.unwrap();
    assert_eq!((before.answered, before.asked), (0, 9));
    assert_eq!((before.unmatched, before.partly), (9, 5));
    assert_eq!((followed.after.answered, followed.after.asked), (6, 7));
    assert_eq!((followed.state, followed.weeks_since), (TrackedState::Closed, 3));
    assert_eq!(followed.since_week.as_deref(), Some("2026-W45"));
    let weeks: Vec<_> = followed.weeks.iter().map(|week| week.map(|week| week.asked)).collect();
    assert_eq!(weeks, [None, None, None, Some(5), Some(4), Some(1), Some(4), Some(2)]);
    assert!(report.actions.iter().all(|action| action.name != "Kubernetes"));
}

#[test]
fn a_gap_that_fails_again_is_open_again_with_its_weeks_and_a_thing_to_do() {
    let settings = marked("Kubernetes", GapMark::HaveIt, Some(noon(5)));
    let report = report(
        &settings,
        &[
            asked(5, "k8s?", Went::Well, 3),
            asked(3, "k8s?", Went::Unmatched, 1),
            asked(1, "k8s?", Went::Unmatched, 2),
            asked(0, "k8s?", Went::Well, 1),
            asked(0, "k8s?", Went::Unmatched, 2),
            asked(0, "Rust?", Went::Unmatched, 9),
        ],
    );
    let followed = &report.followed[0];
    assert_eq!(followed.state, TrackedState::Reopened);
    assert_eq!(followed.reopened_in.as_deref(), Some("2026-W44"));
    let gap = report.gaps.iter().find(|gap| gap.name == "Kubernetes").unwrap();
    assert!(gap.reopened);
    let action = report.actions.iter().find(|action| action.name == "Kubernetes").unwrap();
    assert_eq!(action.kind, ActionKind::FixRetrieval);
    assert_eq!(action.suggestion, None, "the owner says that it is on the CV");
    assert!(action.why.contains("14"), "since when: {}", action.why);
}

#[test]
fn what_failed_for_another_reason_opens_no_gap_again() {
    let settings = marked("Kubernetes", GapMark::HaveIt, Some(noon(1)));
    let report =
        report(&settings, &[asked(1, "k8s?", Went::Well, 1), asked(0, "k8s?", Went::Quota, 5)]);
    let followed = &report.followed[0];
    assert_eq!(followed.state, TrackedState::Closed);
    assert_eq!(
        (followed.after.asked, followed.after.answered, followed.after.unmatched),
        (6, 1, 0)
    );
}

#[test]
fn a_mark_of_a_later_week_changes_what_to_do_and_follows_nothing_yet() {
    let asked = [asked(0, "k8s?", Went::Unmatched, 3)];
    let later = marked("Kubernetes", GapMark::HaveIt, Some(week().end()));
    let followed = report(&later, &asked);
    let gap = &followed.followed[0];
    assert_eq!((gap.state, gap.weeks_since, gap.after.asked), (TrackedState::Waiting, 0, 0));
    assert_eq!(gap.before.unwrap().asked, 3);
    assert!(!followed.gaps[0].reopened && followed.actions.is_empty());
}

#[test]
fn a_mark_without_a_moment_counts_every_week_as_since() {
    let settings = marked("Kubernetes", GapMark::HaveIt, None);
    let report = report(&settings, &[asked(0, "k8s?", Went::Unmatched, 1)]);
    let gap = &report.followed[0];
    assert_eq!((gap.state, gap.before), (TrackedState::Waiting, None));
}

#[test]
fn a_topic_is_followed_by_its_name() {
    let settings = marked("Notice Period", GapMark::HaveIt, Some(noon(1)));
    let report = report(
        &settings,
        &[
            asked(2, "What is your notice period?", Went::Unmatched, 2),
            asked(0, "What is your notice period?", Went::Well, 3),
        ],
    );
    let gap = &report.followed[0];
    assert_eq!((gap.name.as_str(), gap.name_type), ("notice period", NameType::Topic));
    assert_eq!((gap.before.unwrap().asked, gap.after.answered), (2, 3));
}

#[test]
fn a_skill_that_only_answers_name_is_followed_too() {
    let settings = marked("zorbing", GapMark::Learning, Some(noon(3)));
    let named = asked(0, "Do you know zorbing?", Went::Unmatched, 2);
    let named = named.into_iter().map(|asked| asked.missing(&["Zorbing"])).collect();
    let report = report(&settings, &[named]);
    let gap = &report.followed[0];
    assert_eq!((gap.name.as_str(), gap.state), ("Zorbing", TrackedState::Learning));
    assert_eq!(report.skills[0].skill, "Zorbing");
    assert!(report.actions.is_empty(), "nobody is told to learn what they are learning");
}

#[test]
fn what_is_not_mine_stays_listed_and_gives_nothing_to_do() {
    let settings = marked("Kubernetes", GapMark::NotMine, Some(noon(3)));
    let report = report(&settings, &[asked(0, "k8s?", Went::Unmatched, 9)]);
    assert_eq!(report.gaps[0].mark, Some(GapMark::NotMine));
    assert!(report.actions.is_empty() && report.followed.is_empty());
}

#[test]
fn a_gap_marked_long_ago_that_nobody_asks_about_is_not_told() {
    let settings = marked("Kubernetes", GapMark::HaveIt, Some(noon(20)));
    assert!(report(&settings, &[asked(0, "Go?", Went::Well, 1)]).followed.is_empty());
}

#[test]
fn a_gap_opens_again_by_five_questions_or_two_weeks_of_which_more_than_half_fail() {
    for (weeks, expect) in [
        (&[(0, 0, 0)][..], TrackedState::Waiting),
        (&[(0, 1, 0)], TrackedState::Closed),
        (&[(0, 0, 1)], TrackedState::Waiting),
        (&[(0, 0, 4)], TrackedState::Waiting),
        (&[(0, 0, 5)], TrackedState::Reopened),
        (&[(0, 2, 3)], TrackedState::Reopened),
        (&[(0, 3, 3)], TrackedState::Closed),
        (&[(1, 0, 1), (0, 0, 1)], TrackedState::Reopened),
        (&[(1, 5, 1), (0, 0, 1)], TrackedState::Waiting),
        (&[(1, 0, 9), (0, 2, 1)], TrackedState::Closed),
    ] {
        let settings = marked("k8s", GapMark::HaveIt, Some(noon(1)));
        let asked: Vec<_> = weeks
            .iter()
            .flat_map(|&(weeks_ago, well, failed)| {
                [
                    asked(weeks_ago, "k8s?", Went::Well, well),
                    asked(weeks_ago, "k8s?", Went::Unmatched, failed),
                ]
            })
            .collect();
        let gap = &report(&settings, &asked).followed[0];
        assert_eq!(gap.state, expect, "{weeks:?}");
    }
}
