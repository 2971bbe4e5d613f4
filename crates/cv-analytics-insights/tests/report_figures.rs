//! The report's figures, each by the contract's rule for it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::sync::LazyLock;

use cv_analytics_core::event::{
    MatchScore, MatchSource, MatchType, Outcome, ResponseForm, SessionDigest, Traffic,
};
use cv_analytics_core::store::{Deliveries, Observation, ObservedQuery, ObservedResponse};
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::SkillDictionary;
use cv_analytics_insights::model::{
    ActionKind, Evidence, GapKind, GapMark, GapType, Report, Trend,
};
use cv_analytics_insights::report::builder::ReportBuilder;
use cv_analytics_insights::report_sentences::{action as action_words, evidence};
use cv_analytics_insights::settings::FigureSettings;
use cv_analytics_insights::skills::cv_list::CvList;
use proptest::prelude::*;

static DICTIONARY: LazyLock<SkillDictionary> = LazyLock::new(SkillDictionary::built_in);

fn week() -> IsoWeek {
    "2026-W47".parse().unwrap()
}

/// An interaction of the week `weeks_ago`, answered in full after a second.
fn asked(id: &str, weeks_ago: u8, text: &str) -> Observation {
    let at = week().earlier(weeks_ago).start().plus_millis(3_600_000);
    Observation {
        request_id: id.to_owned(),
        query: Some(ObservedQuery { at, text: text.to_owned() }),
        response: Some(ObservedResponse {
            at: at.plus_millis(1000),
            match_type: Some(MatchType::Full),
            match_score: MatchScore::new(90.0),
            outcome: Outcome::Answered,
            total_time_ms: None,
            match_source: MatchSource::Unknown,
            outcome_named: true,
            form: ResponseForm::Plain,
            topic: None,
            matched_skills: Vec::new(),
            missing_skills: Vec::new(),
        }),
        session: None,
        traffic: Traffic::Visitor,
    }
}

fn answered(
    mut observation: Observation,
    change: impl FnOnce(&mut ObservedResponse),
) -> Observation {
    change(observation.response.as_mut().unwrap());
    observation
}

fn unmatched(id: &str, weeks_ago: u8, text: &str) -> Observation {
    answered(asked(id, weeks_ago, text), |response| {
        response.match_type = Some(MatchType::None);
        response.match_score = None;
        response.outcome = Outcome::NoMatch;
    })
}

fn of_session(mut observation: Observation, session: &str) -> Observation {
    observation.session = Some(SessionDigest::of(session));
    observation
}

fn report_with(settings: &FigureSettings, observations: &[Observation]) -> Report {
    let dictionary = settings.dictionary(&DICTIONARY).unwrap();
    let cv = settings.cv.as_ref().map(|entries| CvList::new(&dictionary, entries));
    let mut builder = ReportBuilder::new(week(), settings, &dictionary, cv.as_ref()).unwrap();
    observations.chunks(3).for_each(|page| builder.add(page.iter().cloned().collect()));
    builder.finish(Deliveries::default(), week().end()).unwrap()
}

fn report(observations: &[Observation]) -> Report {
    report_with(&FigureSettings::default(), observations)
}

#[test]
fn capture_counts_halves_and_rounds_the_join_rate_to_four_digits() {
    let mut lone_query = asked("q", 0, "Hello");
    lone_query.response = None;
    let mut lone_response = asked("r", 0, "");
    lone_response.query = None;
    let report = report(&[
        asked("1", 0, "Go?"),
        asked("2", 0, "C#?"),
        lone_query,
        lone_response,
        asked("old", 1, "x"),
    ]);
    let capture = &report.capture;
    assert_eq!((capture.queries, capture.responses, capture.joined), (3, 3, 2));
    assert_eq!((capture.unanswered, capture.response_only), (1, 1));
    assert_eq!(capture.join_rate, Some(0.5));
    assert_eq!(report.outcomes.unanswered, 1);
    assert_eq!(report.provenance.interactions, 4);
    assert_eq!(report.actions[0].kind, ActionKind::CheckCapture);
}

#[test]
fn an_empty_week_has_nulls_and_no_zero_rates() {
    let report = report(&[asked("old", 8, "Kubernetes?")]);
    assert!(report.is_empty());
    assert_eq!(report.capture.join_rate, None);
    assert_eq!(report.sessions, None);
    assert_eq!(report.matches.this_week.mean_score, None);
    assert_eq!(report.matches.previous, None);
    assert_eq!((report.latency_ms.p50, report.latency_ms.samples), (None, 0));
    assert!(report.skills.is_empty() && report.gaps.is_empty() && report.actions.is_empty());
}

#[test]
fn latency_is_the_agents_own_measure_else_the_difference_and_percentiles_go_by_nearest_rank() {
    let timed = |id: &str, total: f64| {
        answered(asked(id, 0, "x"), |response| response.total_time_ms = Some(total))
    };
    let combined = answered(asked("c", 0, "x"), |response| response.form = ResponseForm::Combined);
    let negative =
        answered(asked("n", 0, "x"), |response| response.at = response.at.plus_millis(-5000));
    let report = report(&[
        timed("1", 100.0),
        timed("2", 200.4),
        timed("3", 300.0),
        timed("m", -5.0),
        asked("4", 0, "x"),
        combined,
        negative,
    ]);
    assert_eq!(
        (report.latency_ms.p50, report.latency_ms.p95, report.latency_ms.samples),
        (Some(200), Some(1000), 4)
    );
}

#[test]
fn the_mean_score_is_rounded_to_one_digit_half_up() {
    let scored = |id: &str, score: f64| {
        answered(asked(id, 0, "x"), |response| response.match_score = MatchScore::new(score))
    };
    assert_eq!(
        report(&[scored("1", 71.2), scored("2", 71.3)]).matches.this_week.mean_score,
        Some(71.3)
    );
    assert_eq!(
        report(&[scored("1", 0.0), scored("2", 0.0), scored("3", 100.0)])
            .matches
            .this_week
            .mean_score,
        Some(33.3)
    );
}

#[test]
fn a_skill_counts_once_an_interaction_from_text_and_missing_skills() {
    let missing = answered(asked("1", 0, "Do you know k8s, Kubernetes or K8S?"), |response| {
        response.missing_skills = vec!["kubernetes".to_owned(), "Zorbing".to_owned()];
        response.matched_skills = vec!["Docker".to_owned()];
    });
    let report = report(&[missing]);
    let counted: Vec<_> =
        report.skills.iter().map(|skill| (skill.skill.as_str(), skill.queries)).collect();
    assert_eq!(counted, [("Kubernetes", 1), ("Zorbing", 1)]);
    let variants: Vec<_> =
        report.skills[0].variants.iter().map(|word| (word.text.as_str(), word.queries)).collect();
    assert_eq!(variants, [("k8s", 1), ("kubernetes", 1)]);
}

#[test]
fn matched_skills_count_only_where_there_is_no_text() {
    let mut lone =
        answered(asked("1", 0, ""), |response| response.matched_skills = vec!["Docker".to_owned()]);
    lone.query = None;
    assert_eq!(report(&[lone]).skills[0].skill, "Docker");
}

#[test]
fn weeks_are_eight_with_null_where_there_is_no_data() {
    let report = report(&[
        asked("1", 0, "Docker?"),
        asked("2", 2, "Docker?"),
        asked("3", 7, "Python?"),
        asked("4", 8, "Docker?"),
    ]);
    let docker = report.skills.iter().find(|skill| skill.skill == "Docker").unwrap();
    assert_eq!(docker.weeks, [Some(0), None, None, None, None, Some(1), None, Some(1)]);
    assert_eq!(docker.previous, None);
    assert_eq!(docker.trend, Trend::TooFew);
}

fn many(
    count: usize,
    weeks_ago: u8,
    text: &str,
    session: impl Fn(usize) -> Option<String>,
) -> Vec<Observation> {
    (0..count)
        .map(|place| Observation {
            session: session(place).as_deref().map(SessionDigest::of),
            ..asked(&format!("{weeks_ago}-{text}-{place}"), weeks_ago, text)
        })
        .collect()
}

fn check_trend(
    now: usize,
    before: usize,
    long_before: usize,
    session: fn(usize) -> Option<String>,
    expect: Trend,
) {
    let mut observations = many(now, 0, "Docker?", session);
    observations.extend(many(200 - now, 0, "hello there", session));
    observations.extend(many(before, 1, "Docker?", session));
    observations.extend(many(200 - before, 1, "hello there", session));
    observations.extend(many(long_before, 4, "Docker?", session));
    let report = report(&observations);
    let docker = report.skills.iter().find(|skill| skill.skill == "Docker").unwrap();
    assert_eq!(docker.trend, expect, "{now} {before} {long_before}");
    assert_eq!(report.trending.len(), usize::from(expect.moved()));
}

#[test]
fn an_arrow_is_drawn_only_for_what_is_sure() {
    let nobody = |_| None;
    check_trend(40, 10, 0, nobody, Trend::Rising);
    check_trend(10, 40, 0, nobody, Trend::Falling);
    check_trend(12, 10, 0, nobody, Trend::Steady);
    check_trend(20, 0, 0, nobody, Trend::New);
    check_trend(20, 0, 1, nobody, Trend::Rising);
    check_trend(0, 20, 0, nobody, Trend::Gone);
    check_trend(4, 0, 0, nobody, Trend::TooFew);
    // One visitor who asks forty times is no trend; forty visitors are.
    check_trend(40, 10, 0, |place| Some(format!("s{}", place / 40)), Trend::Steady);
    check_trend(40, 10, 0, |place| Some(format!("s{place}")), Trend::Rising);
}

#[test]
fn gaps_are_told_apart_by_the_first_kind_that_applies() {
    let settings =
        FigureSettings { cv: Some(vec!["Docker".to_owned()]), ..FigureSettings::default() };
    let with = |id: &str, outcome: Outcome| {
        answered(unmatched(id, 0, "Docker?"), |response| response.outcome = outcome)
    };
    let mut silent = asked("5", 0, "Docker?");
    silent.response = None;
    let report = report_with(
        &settings,
        &[
            with("1", Outcome::Quota),
            with("2", Outcome::OffHours),
            with("3", Outcome::NoMatch),
            silent,
            unmatched("4", 0, "Kafka?"),
        ],
    );
    let gaps: Vec<_> =
        report.gaps.iter().map(|gap| (gap.name.as_str(), gap.kind, gap.queries)).collect();
    assert_eq!(
        gaps,
        [
            ("Docker", GapKind::Fault, 2),
            ("Docker", GapKind::Blocked, 1),
            ("Docker", GapKind::NotRetrieved, 1),
            ("Kafka", GapKind::NotOnCv, 1),
        ]
    );
}

#[test]
fn a_question_without_a_skill_is_a_gap_by_its_topic() {
    let report = report(&[
        unmatched("1", 0, "What are your salary expectations?"),
        unmatched("2", 0, "Could you share your salary expectations?"),
        unmatched("3", 1, "What are your salary expectations?"),
        unmatched("4", 3, "What are your salary expectations?"),
    ]);
    let gap = &report.gaps[0];
    assert_eq!(
        (gap.name.as_str(), gap.gap_type, gap.kind),
        ("salary expectations", GapType::Topic, GapKind::Unmatched)
    );
    assert_eq!((gap.queries, gap.weeks_running, gap.first_seen.as_str()), (2, 2, "2026-W44"));
    assert_eq!(report.actions[0].kind, ActionKind::AddOrLearn);
    assert!(report.skills.is_empty());
}

#[test]
fn examples_are_the_first_three_by_time_and_then_by_request_id() {
    let texts = ["d Docker?", "c Docker?", "b Docker?", "a Docker?"];
    let observations: Vec<_> =
        (0..4).map(|place| unmatched(&format!("{}", 9 - place), 0, texts[place])).collect();
    assert_eq!(report(&observations).gaps[0].examples, ["a Docker?", "b Docker?", "c Docker?"]);
}

#[test]
fn related_are_all_other_skills_of_the_gaps_own_questions() {
    let report = report(&[
        unmatched("1", 0, "Kubernetes, Docker, Terraform, Kafka, Redis, Python and Go?"),
        unmatched("2", 0, "Kubernetes and Redis?"),
        asked("3", 0, "Kubernetes and Azure?"),
    ]);
    assert_eq!(report.gaps[0].name, "Kubernetes");
    assert_eq!(report.gaps[0].related, ["Redis", "Docker", "Go", "Kafka", "Python", "Terraform"]);
}

#[test]
fn a_gap_marked_as_noise_is_left_out_and_another_mark_is_shown() {
    let mut settings = FigureSettings::default();
    settings.gap_marks.insert("Docker".to_owned(), GapMark::Noise.into());
    settings.gap_marks.insert("Python".to_owned(), GapMark::Learning.into());
    let asked =
        [unmatched("1", 0, "Docker?"), unmatched("2", 0, "Python?"), unmatched("3", 0, "Python?")];
    let report = report_with(&settings, &asked);
    assert_eq!(report.gaps.len(), 1);
    assert_eq!(report.gaps[0].mark, Some(GapMark::Learning));
    assert!(report.actions.is_empty(), "nobody is told to learn what they are learning");
}

#[test]
fn bots_and_what_the_owner_lists_are_left_out_and_counted() {
    let mut settings = FigureSettings::default();
    settings.exclusions.sessions.insert("mine".to_owned());
    settings.exclusions.request_ids.insert("4".to_owned());
    let bot = Observation { traffic: Traffic::Bot, ..asked("1", 0, "Docker?") };
    let own = Observation { traffic: Traffic::Own, ..asked("2", 0, "Docker?") };
    let report = report_with(
        &settings,
        &[
            bot,
            own,
            of_session(asked("3", 0, "Docker?"), "mine"),
            asked("4", 0, "Docker?"),
            asked("5", 0, "Docker?"),
        ],
    );
    assert_eq!((report.provenance.interactions, report.provenance.excluded), (1, 4));
    let by = &report.provenance.excluded_by;
    assert_eq!((by.own, by.bots, by.canaries, by.listed), (1, 1, 0, 2));
    assert_eq!(report.skills[0].queries, 1);
}

#[test]
fn scores_are_held_against_outcomes_with_the_plainest_disagreements_first() {
    let scored = |id: &str, score: f64, outcome: Outcome| {
        answered(asked(id, 0, id), |response| {
            response.match_score = MatchScore::new(score);
            response.outcome = outcome;
        })
    };
    let mut asked = vec![
        scored("a", 71.0, Outcome::Quota),
        scored("b", 83.0, Outcome::Quota),
        scored("c", 5.0, Outcome::Answered),
        scored("d", 60.0, Outcome::Error),
        scored("e", 61.0, Outcome::Error),
    ];
    asked.extend((0..100).map(|id| scored(&format!("w{id}"), 90.0, Outcome::Answered)));
    let calibration = report(&asked).calibration.unwrap();
    assert_eq!(
        (calibration.scored, calibration.disagreeing, calibration.disagrees),
        (105, 5, true)
    );
    let first: Vec<_> = calibration.examples.iter().map(|example| example.score).collect();
    assert_eq!(first, [5.0, 83.0, 71.0, 61.0, 60.0]);
    assert_eq!(calibration.bands[4].outcomes.answered, 100);
    assert_eq!((calibration.bands[3].scored, calibration.bands[3].disagreeing), (3, 3));
    let four = report(&asked[1..]).calibration.unwrap();
    assert!(!four.disagrees, "under five nothing is said");
    asked.extend((0..200).map(|id| scored(&format!("x{id}"), 90.0, Outcome::Answered)));
    assert!(!report(&asked).calibration.unwrap().disagrees, "nor under one in fifty");
}

#[test]
fn the_history_has_the_figures_of_eight_weeks() {
    let report = report(&[asked("1", 0, "x"), unmatched("2", 3, "x"), asked("3", 3, "x")]);
    let weeks: Vec<_> = report.history.iter().map(|week| week.figures.is_some()).collect();
    assert_eq!(weeks, [false, false, false, false, true, false, false, true]);
    assert_eq!(report.history[4].week, "2026-W44");
    let figures = report.history[4].figures.as_ref().unwrap();
    assert_eq!((figures.interactions, figures.matches.none, figures.outcomes.no_match), (2, 1, 1));
    assert_eq!((figures.latency_ms.p50, figures.latency_ms.samples), (Some(1000), 2));
    assert_eq!(figures.score_bands.as_ref().unwrap()[4].scored, 1);
    let this = report.history[7].figures.as_ref().unwrap();
    assert_eq!((&this.matches, &this.outcomes), (&report.matches.this_week, &report.outcomes));
    assert_eq!(this.latency_ms, report.latency_ms);
}

#[test]
fn an_alias_of_the_owner_covers_the_past() {
    let mut settings = FigureSettings::default();
    settings.aliases.insert("Kubernetes".to_owned(), vec!["kubelix".to_owned()]);
    let asked = [asked("1", 0, "Have you used kubelix?"), asked("2", 5, "Have you used kubelix?")];
    assert_eq!(report_with(&settings, &asked).skills[0].weeks[2], Some(1));
    assert!(report(&asked).skills.is_empty());
}

#[test]
fn people_are_told_to_use_the_visitors_word() {
    let settings =
        FigureSettings { cv: Some(vec!["Kubernetes".to_owned()]), ..FigureSettings::default() };
    let asked: Vec<_> = (0..4).map(|place| asked(&place.to_string(), 0, "k8s?")).collect();
    let report = report_with(&settings, &asked);
    assert_eq!(report.vocabulary[0].on_cv, ["kubernetes"]);
    assert_eq!(report.actions[0].kind, ActionKind::UseTheirWord);
    assert_eq!(report.actions[0].evidence.queries, 4);
    assert_eq!(report.actions[0].evidence.word.as_deref(), Some("k8s"));
}

fn with_cv(entries: &[&str]) -> FigureSettings {
    let cv = entries.iter().map(|entry| (*entry).to_owned()).collect();
    FigureSettings { cv: Some(cv), ..FigureSettings::default() }
}

#[test]
fn the_line_to_copy_makes_the_skill_one_of_the_cvs() {
    let mut missed = unmatched("3", 0, "Can you?");
    missed.response.as_mut().unwrap().missing_skills = vec!["Zorbing".to_owned()];
    let mut again = missed.clone();
    again.request_id = "4".to_owned();
    let asked = [unmatched("1", 0, "k8s?"), unmatched("2", 0, "k8s?"), missed, again];
    let before = report_with(&with_cv(&["Docker"]), &asked);
    let lines: Vec<&str> = before
        .actions
        .iter()
        .map(|action| action.suggestion.as_ref().unwrap().text.as_str())
        .collect();
    assert_eq!(lines, ["Kubernetes (k8s)", "Zorbing"]);
    assert!(before.gaps.iter().all(|gap| gap.kind == GapKind::NotOnCv));
    let after = report_with(&with_cv(&lines), &asked);
    assert!(after.gaps.iter().all(|gap| gap.kind == GapKind::NotRetrieved), "{:?}", after.gaps);
    assert!(after.actions.iter().all(|action| action.suggestion.is_none()));
}

/// A line of the skill list would make the topic a skill of that name, and leave the questions that
/// say it otherwise where they are.
#[test]
fn a_topic_has_no_line_to_copy() {
    let texts = ["What are your salary expectations?", "How much do you want to earn?"];
    let asked: Vec<_> =
        texts.iter().enumerate().map(|(id, text)| unmatched(&id.to_string(), 0, text)).collect();
    let report = report_with(&with_cv(&["Docker"]), &asked);
    let action = &report.actions[0];
    assert_eq!(
        (action.kind, action.name.as_str()),
        (ActionKind::AddOrLearn, "salary expectations")
    );
    assert_eq!(action.evidence.gap.unwrap().gap_type, GapType::Topic);
    assert_eq!(action.suggestion, None);
    assert_eq!(action_words(action, 40), "Say something about salary expectations on your CV");
}

#[test]
fn an_action_tells_all_that_was_asked_about_it_and_which_of_it_failed() {
    let failed = (0..3).map(|id| of_session(unmatched(&format!("f{id}"), 0, "k8s?"), "one"));
    let went_well = (0..2).map(|id| asked(&format!("w{id}"), 0, "Kubernetes?"));
    let before = [asked("before", 1, "Kubernetes?")];
    let all: Vec<_> = failed.chain(went_well).chain(before).collect();
    let report = report_with(&with_cv(&["Docker"]), &all);
    let Evidence { queries, asked, previous, .. } = report.actions[0].evidence;
    assert_eq!((queries, asked, previous), (3, Some(5), Some(1)));
    assert_eq!(
        evidence(&report.actions[0], &report.week).to_string(),
        "5 asked about it (1 the week before); 3 of them, from 1 conversation, found nothing"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// The same bytes for any order, and for other names of the same sessions.
    #[test]
    fn a_report_knows_no_order_and_no_names_of_sessions(
        seeds in proptest::collection::vec((0..4_u8, 0..6_usize, 0..5_u8, any::<bool>()), 1..60),
        rotation in 0..60_usize,
    ) {
        let texts = ["k8s and Docker?", "visa?", "Go or Rust?", "What are your salary expectations?", "Python?", ""];
        let make = |prefix: &str| -> Vec<Observation> {
            seeds
                .iter()
                .enumerate()
                .map(|(place, &(weeks_ago, text, session, matched))| {
                    let id = format!("r{place}");
                    let made = if matched { asked(&id, weeks_ago, texts[text]) } else { unmatched(&id, weeks_ago, texts[text]) };
                    if session == 0 { made } else { of_session(made, &format!("{prefix}{session}")) }
                })
                .collect()
        };
        let one = report(&make("a"));
        let mut turned = make("another");
        turned.rotate_left(rotation % seeds.len());
        turned.reverse();
        prop_assert_eq!(one.to_json().unwrap(), report(&turned).to_json().unwrap());
        let without = |session: &str, observations: &[Observation]| {
            let mut settings = FigureSettings::default();
            settings.exclusions.sessions.insert(session.to_owned());
            report_with(&settings, observations).provenance
        };
        prop_assert_eq!(without("a1", &make("a")), without("another1", &make("another")));
        let mut other = make("a");
        other[0].request_id.push('x');
        prop_assert_ne!(one.provenance.input_hash, report(&other).provenance.input_hash);
    }
}
