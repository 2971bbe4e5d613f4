//! Gaps that get closed: what a mark changes in the report, by the documented rules.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::sync::LazyLock;

use cv_analytics_core::event::{
    MatchScore, MatchSource, MatchType, Outcome, ResponseForm, Traffic,
};
use cv_analytics_core::store::{Deliveries, Observation, ObservedQuery, ObservedResponse};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::SkillDictionary;
use cv_analytics_insights::model::{ActionKind, FollowState, GapMark, GapType, Report};
use cv_analytics_insights::report::builder::ReportBuilder;
use cv_analytics_insights::report_sentences::headline;
use cv_analytics_insights::settings::FigureSettings;
use cv_analytics_insights::settings::gap_marks::MarkedGap;
use cv_analytics_insights::skills::cv_list::CvList;

static DICTIONARY: LazyLock<SkillDictionary> = LazyLock::new(SkillDictionary::built_in);

fn week() -> IsoWeek {
    "2026-W47".parse().unwrap()
}

/// The Wednesday noon of the week `weeks_ago`.
fn noon(weeks_ago: u8) -> Timestamp {
    week().earlier(weeks_ago).start().plus_millis(60 * 3_600_000)
}

/// How a question went.
#[derive(Clone, Copy)]
enum Went {
    Well,
    Unmatched,
    Quota,
}

fn asked(weeks_ago: u8, text: &str, went: Went, count: usize) -> Vec<Observation> {
    let (match_type, outcome) = match went {
        Went::Well => (Some(MatchType::Full), Outcome::Answered),
        Went::Unmatched => (Some(MatchType::None), Outcome::NoMatch),
        Went::Quota => (None, Outcome::Quota),
    };
    (0..count)
        .map(|number| Observation {
            request_id: format!("{weeks_ago}-{text}-{outcome}-{number}"),
            query: Some(ObservedQuery { at: noon(weeks_ago), text: text.to_owned() }),
            response: Some(ObservedResponse {
                at: noon(weeks_ago).plus_millis(900),
                match_type,
                match_score: MatchScore::new(50.0),
                outcome,
                total_time_ms: None,
                form: ResponseForm::Plain,
                matched_skills: Vec::new(),
                missing_skills: Vec::new(),
                topic: None,
                match_source: MatchSource::Unknown,
                outcome_named: true,
            }),
            session: None,
            traffic: Traffic::Visitor,
        })
        .collect()
}

fn marked(name: &str, mark: GapMark, at: Option<Timestamp>) -> FigureSettings {
    let mut settings =
        FigureSettings { cv: Some(vec!["Docker".to_owned()]), ..FigureSettings::default() };
    let marked = MarkedGap { mark: Some(mark), at, earlier: Vec::new() };
    settings.gap_marks.insert(name.to_owned(), marked);
    settings
}

fn report(settings: &FigureSettings, observations: &[Vec<Observation>]) -> Report {
    let dictionary = settings.dictionary(&DICTIONARY).unwrap();
    let cv = settings.cv.as_ref().map(|entries| CvList::new(&dictionary, entries));
    let mut builder = ReportBuilder::new(week(), settings, &dictionary, cv.as_ref()).unwrap();
    builder.add(observations.iter().flatten().cloned().collect());
    builder.finish(Deliveries::default(), week().end()).unwrap()
}

#[test]
fn a_gap_that_was_added_to_the_cv_is_counted_before_the_mark_and_since() {
    let settings = marked("Kubernetes", GapMark::HaveIt, Some(noon(2).plus_millis(-1)));
    let report = report(
        &settings,
        &[
            asked(4, "k8s?", Went::Unmatched, 5),
            asked(3, "Kubernetes?", Went::Unmatched, 4),
            asked(2, "Kubernetes?", Went::Unmatched, 1),
            asked(1, "k8s?", Went::Well, 4),
            asked(0, "k8s?", Went::Well, 2),
        ],
    );
    let followed = &report.followed[0];
    assert_eq!((followed.name.as_str(), followed.gap_type), ("Kubernetes", GapType::Skill));
    let before = followed.before.unwrap();
    assert_eq!((before.answered, before.asked), (0, 9));
    assert_eq!((followed.after.answered, followed.after.asked), (6, 7));
    assert_eq!((followed.state, followed.weeks_since), (FollowState::Closed, 3));
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
            asked(0, "k8s?", Went::Well, 3),
            asked(0, "k8s?", Went::Unmatched, 1),
            asked(0, "Rust?", Went::Unmatched, 9),
        ],
    );
    let followed = &report.followed[0];
    assert_eq!(followed.state, FollowState::Reopened);
    assert_eq!(followed.reopened_in.as_deref(), Some("2026-W44"));
    let gap = report.gaps.iter().find(|gap| gap.name == "Kubernetes").unwrap();
    assert!(gap.reopened);
    let action = report.actions.iter().find(|action| action.name == "Kubernetes").unwrap();
    assert_eq!(action.kind, ActionKind::FixRetrieval);
    assert_eq!(action.suggestion.as_ref().unwrap().text, "Kubernetes (k8s)");
    assert!(action.why.contains("2026-10-14"), "{}", action.why);
}

#[test]
fn a_gap_that_is_open_again_is_the_headline_only_of_a_week_in_which_it_fails() {
    let headline = |marked_weeks_ago, this_week: &[Vec<Observation>]| {
        let settings = marked("Kubernetes", GapMark::HaveIt, Some(noon(marked_weeks_ago)));
        let before = [asked(5, "k8s?", Went::Unmatched, 9), asked(2, "k8s?", Went::Unmatched, 7)];
        let report = report(&settings, &[&before[..], this_week].concat());
        assert!(marked_weeks_ago == 0 || report.followed[0].state == FollowState::Reopened);
        headline(&report, 40).to_string()
    };
    let fails = [asked(0, "k8s?", Went::Well, 1), asked(0, "k8s?", Went::Unmatched, 3)];
    assert_eq!(
        headline(4, &fails),
        "Kubernetes is open again: nothing matched for 3 of 4 questions this week. First: help \
         your agent find Kubernetes on your CV."
    );
    // What was asked before the mark says nothing of it.
    let mut early = asked(0, "Kubernetes?", Went::Unmatched, 5);
    for observation in &mut early {
        observation.query.as_mut().unwrap().at = week().start();
    }
    let said = headline(0, &[fails.concat(), early]);
    let expect = "nothing matched for 3 of 4 questions since you added it this week.";
    assert!(said.contains(expect), "{said}");
    assert_eq!(
        headline(4, &[asked(0, "Hello", Went::Well, 3)]),
        "3 questions, and no skill clearly rose or fell."
    );
}

#[test]
fn a_gap_that_is_closed_is_the_headline_only_of_a_week_in_which_somebody_asks() {
    let headline = |this_week: &[Vec<Observation>]| {
        let settings = marked("Kubernetes", GapMark::HaveIt, Some(noon(4)));
        let before = [asked(5, "k8s?", Went::Unmatched, 9), asked(2, "k8s?", Went::Well, 9)];
        let report = report(&settings, &[&before[..], this_week].concat());
        assert_eq!(report.followed[0].state, FollowState::Closed);
        headline(&report, 40).to_string()
    };
    let said = headline(&[asked(0, "k8s?", Went::Well, 2)]);
    assert!(said.starts_with("Kubernetes is closed: "), "{said}");
    let said = headline(&[asked(0, "Hello", Went::Well, 3)]);
    assert_eq!(said, "3 questions, and no skill clearly rose or fell.");
}

#[test]
fn one_in_four_opens_a_gap_again_and_fewer_do_not() {
    for (well, unmatched, expect) in [
        (3, 1, FollowState::Reopened),
        (4, 1, FollowState::Closed),
        (0, 1, FollowState::Reopened),
        (1, 0, FollowState::Closed),
        (0, 0, FollowState::Waiting),
    ] {
        let settings = marked("k8s", GapMark::HaveIt, Some(noon(0)));
        let asked =
            [asked(0, "k8s?", Went::Well, well), asked(0, "k8s?", Went::Unmatched, unmatched)];
        let followed = &report(&settings, &asked).followed[0];
        assert_eq!(followed.state, expect, "{well} answered, {unmatched} not");
        assert_eq!(followed.name, if well + unmatched > 0 { "Kubernetes" } else { "k8s" });
    }
}

#[test]
fn what_failed_for_another_reason_opens_no_gap_again() {
    let settings = marked("Kubernetes", GapMark::HaveIt, Some(noon(1)));
    let report =
        report(&settings, &[asked(1, "k8s?", Went::Well, 1), asked(0, "k8s?", Went::Quota, 5)]);
    let followed = &report.followed[0];
    assert_eq!(followed.state, FollowState::Closed);
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
    assert_eq!((gap.state, gap.weeks_since, gap.after.asked), (FollowState::Waiting, 0, 0));
    assert_eq!(gap.before.unwrap().asked, 3);
    assert!(!followed.gaps[0].reopened && followed.actions.is_empty());
}

#[test]
fn a_mark_without_a_moment_counts_every_week_as_since() {
    let settings = marked("Kubernetes", GapMark::HaveIt, None);
    let report = report(&settings, &[asked(0, "k8s?", Went::Unmatched, 1)]);
    let gap = &report.followed[0];
    assert_eq!((gap.state, gap.before), (FollowState::Reopened, None));
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
    assert_eq!((gap.name.as_str(), gap.gap_type), ("notice period", GapType::Topic));
    assert_eq!((gap.before.unwrap().asked, gap.after.answered), (2, 3));
}

#[test]
fn a_skill_that_only_answers_name_is_followed_too() {
    let settings = marked("zorbing", GapMark::Learning, Some(noon(3)));
    let mut named = asked(0, "Can you?", Went::Unmatched, 2);
    for observation in &mut named {
        observation.response.as_mut().unwrap().missing_skills = vec!["Zorbing".to_owned()];
    }
    let report = report(&settings, &[named]);
    let gap = &report.followed[0];
    assert_eq!((gap.name.as_str(), gap.state), ("Zorbing", FollowState::Learning));
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
