//! Gaps by the agent's own verdict.

use cv_analytics_core::event::Outcome;
use cv_analytics_insights::model::{GapKind, GapMark, NameType, OTHER_QUESTIONS};
use cv_analytics_insights::settings::FigureSettings;

use crate::report::interactions::*;

#[test]
fn gaps_are_told_apart_by_the_first_kind_that_applies() {
    let report = report_with(
        &with_cv(&["Docker"]),
        &[
            asked("1", 0, "Docker?").none().ended(Outcome::Quota),
            asked("2", 0, "Docker?").none().ended(Outcome::OffHours),
            asked("3", 0, "Docker?").none(),
            asked("4", 0, "Docker?").silent(),
            asked("5", 0, "Kafka?").none(),
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
    assert_eq!(row(&report, "Docker").failing, 4);
}

#[test]
fn a_partial_answer_is_a_gap_of_what_it_misses() {
    let partly = (0..30).map(|id| asked(id, 0, "Kafka?").partial().missing(&["Kafka"]));
    let none = (0..3).map(|id| asked(format!("r{id}"), 0, "Rust?").none());
    let report = report(&partly.chain(none).collect::<Vec<_>>());
    let kafka = gap(&report, "Kafka");
    assert_eq!((kafka.queries, kafka.partly, kafka.conversations), (30, 30, 30));
    assert_eq!(gap(&report, "Rust").partly, 0);
    assert_eq!(report.actions[0].name, "Kafka");
    assert_eq!(report.actions[0].evidence.partly, 30);
}

#[test]
fn only_what_the_agent_misses_has_failed() {
    let text = "React, TypeScript and COBOL?";
    let failed = |interaction: &cv_analytics_core::store::Observation| {
        let report = report(std::slice::from_ref(interaction));
        report.gaps.iter().map(|gap| gap.name.clone()).collect::<Vec<_>>()
    };
    let asked = || asked("1", 0, text);
    let matched = ["React", "TypeScript"];
    assert_eq!(failed(&asked().none().missing(&["COBOL"]).matched(&matched)), ["COBOL"]);
    assert_eq!(failed(&asked().none().matched(&matched)), ["COBOL"]);
    assert_eq!(failed(&asked().partial().missing(&["COBOL"])), ["COBOL"]);
    assert_eq!(
        failed(&asked().partial().missing(&["COBOL", "React"]).matched(&["React"])),
        ["COBOL"]
    );
    assert!(failed(&asked().partial()).is_empty());
    assert!(failed(&asked().missing(&["COBOL"])).is_empty(), "a full match fails nobody");
    let all = ["React", "TypeScript", "COBOL"];
    assert_eq!(failed(&asked().none().matched(&all)), [OTHER_QUESTIONS]);
    assert_eq!(failed(&asked().none().missing(&["React"]).matched(&["React"])), ["React"]);
    assert_eq!(failed(&asked().silent()), ["COBOL", "React", "TypeScript"]);
}

#[test]
fn a_question_without_a_skill_is_a_gap_by_its_topic() {
    let report = report_with(
        &with_cv(&["Docker"]),
        &[
            asked("1", 0, "What are your salary expectations?").none(),
            asked("2", 0, "Could you share your salary expectations?").none(),
            asked("3", 1, "What are your salary expectations?").none(),
            asked("4", 3, "What are your salary expectations?").none(),
        ],
    );
    let gap = gap(&report, "salary expectations");
    assert_eq!((gap.name_type, gap.kind), (NameType::Topic, GapKind::NoAnswer));
    assert_eq!((gap.queries, gap.weeks_running, gap.first_seen.as_str()), (2, 2, "2026-W44"));
    assert!(report.skills.is_empty());
}

#[test]
fn without_a_cv_list_nobody_says_what_is_on_it() {
    let asked = [asked("1", 0, "Kafka?").none(), asked("2", 0, "Docker?").none()];
    let mut settings = FigureSettings::default();
    settings.gap_marks.insert("Docker".to_owned(), GapMark::HaveIt.into());
    let report = report_with(&settings, &asked);
    assert_eq!(gap(&report, "Kafka").kind, GapKind::Unmatched);
    assert_eq!(gap(&report, "Docker").kind, GapKind::NotRetrieved, "the owner says it is there");
    assert_eq!(report.never_asked, None);
}

#[test]
fn the_gaps_of_a_week_add_up_to_what_failed() {
    let texts =
        ["Can I call you?", "Where can I see your work?", "Any leave we should honour?", "?"];
    let all: Vec<_> =
        texts.iter().enumerate().map(|(id, text)| asked(id, 0, text).none()).collect();
    let report = report(&all);
    assert_eq!(report.gaps.iter().map(|gap| gap.queries).sum::<u64>(), 4);
    assert!(report.gaps.iter().all(|gap| !gap.name.contains("honour")), "{:?}", report.gaps);
    assert!(report.actions.iter().all(|action| action.name != OTHER_QUESTIONS));
}

#[test]
fn examples_are_three_different_questions_by_time_and_then_by_request_id() {
    let texts = ["d Docker?", "c Docker?", "b Docker?", "b Docker?", "a Docker?"];
    let all: Vec<_> = (0..5).map(|place| asked(9 - place, 0, texts[place]).none()).collect();
    assert_eq!(gap(&report(&all), "Docker").examples, ["a Docker?", "b Docker?", "c Docker?"]);
}

#[test]
fn an_example_has_the_agents_reason_beside_it_where_there_is_one() {
    let all = [
        asked("3", 0, "c Docker?").none().because("Nothing fits."),
        asked("2", 0, "b Docker?").partial().missing(&["Docker"]),
        asked("1", 0, "a Docker?").silent(),
        asked("4", 0, "c Docker?").none().because("Asked later, in the same words."),
    ];
    let report = report(&all);
    let of = |kind| {
        let gap = report.gaps.iter().find(|gap| gap.kind == kind).unwrap();
        gap.examples.iter().map(String::as_str).zip(gap.example_reasons.clone()).collect::<Vec<_>>()
    };
    let reason = Some("Nothing fits.".to_owned());
    assert_eq!(of(GapKind::Unmatched), [("b Docker?", None), ("c Docker?", reason)]);
    assert_eq!(of(GapKind::Fault), [("a Docker?", None)]);
}

#[test]
fn related_are_all_other_skills_of_the_gaps_own_questions() {
    let report = report(&[
        asked("1", 0, "Kubernetes, Docker, Terraform, Kafka, Redis, Python and Go?").none(),
        asked("2", 0, "Kubernetes and Redis?").none(),
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
    let all = [
        asked("1", 0, "Docker?").none(),
        asked("2", 0, "Python?").none(),
        asked("3", 0, "Python?").none(),
    ];
    let report = report_with(&settings, &all);
    assert_eq!(report.gaps.len(), 1);
    assert_eq!(report.gaps[0].mark, Some(GapMark::Learning));
    assert_eq!(row(&report, "Docker").failing, 1, "whatever its mark");
    assert!(report.actions.is_empty(), "nobody is told to learn what they are learning");
}

#[test]
fn a_mark_holds_for_every_spelling_of_an_unknown_name() {
    let missed = |id: usize, name: &str| asked(id, 0, "Zorb Lab?").none().missing(&[name]);
    for set in ["zorb-lab", "ZORB LAB", "Zorb\u{ad}lab"] {
        let mut settings = with_cv(&["Docker"]);
        settings.gap_marks.insert(set.to_owned(), GapMark::NotMine.into());
        let report = report_with(&settings, &[missed(1, "Zorb Labs"), missed(2, "Zorb Labs")]);
        assert_eq!(report.gaps.len(), 1, "{set}");
        assert_eq!(report.gaps[0].mark, Some(GapMark::NotMine), "{set}");
    }
}

#[test]
fn a_topic_that_is_missing_beside_a_skill_fails_and_the_skill_does_not() {
    let none = |id, text, missing: &[&str]| asked(id, 0, text).none().missing(missing);
    let report = report(&[
        none("1", "Kotlin and German?", &["German"]),
        none("2", "Do you know Go and security clearance?", &["security clearance"]),
        asked("3", 0, "Do you know Java and speak German?").partial().missing(&["German"]),
    ]);
    let failed: Vec<_> = report
        .gaps
        .iter()
        .map(|gap| (gap.name.as_str(), gap.name_type, gap.queries, gap.partly))
        .collect();
    let expected =
        [("German", NameType::Topic, 2, 1), ("security clearance", NameType::Topic, 1, 0)];
    assert_eq!(failed, expected);
    let german = report.topics.iter().find(|row| row.topic == "German").unwrap();
    assert_eq!((german.figures.queries, german.figures.failing), (2, 2));
    assert_eq!(report.capture.ignored_names, 0);
}

#[test]
fn examples_differ_in_more_than_case_and_signs() {
    let questions = ["Rust?", "rust?", "Rust ?", "R\u{fc}st", "Ru\u{308}st", "Do you know Rust?"];
    let asked: Vec<_> = questions
        .iter()
        .enumerate()
        .map(|(id, text)| asked(id, 0, text).none().missing(&["Rust"]))
        .collect();
    let report = report(&asked);
    let gap = report.gaps.iter().find(|gap| gap.name == "Rust").unwrap();
    assert_eq!(gap.examples, ["Rust?", "R\u{fc}st", "Do you know Rust?"]);
}
