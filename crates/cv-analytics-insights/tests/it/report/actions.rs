//! What to do: one cause, one action.

use cv_analytics_core::event::{Outcome, ResponseForm};
use cv_analytics_core::store::Observation;
use cv_analytics_insights::model::{Action, ActionKind, Evidence, GapKind, NameType, Report};

use crate::report::interactions::*;

fn kinds(report: &Report) -> Vec<(ActionKind, &str)> {
    report.actions.iter().map(|action| (action.kind, action.name.as_str())).collect()
}

fn repeated(count: usize, make: impl Fn(usize) -> Observation) -> Vec<Observation> {
    (0..count).map(make).collect()
}

#[test]
fn twelve_people_come_before_three() {
    let cobol = repeated(12, |id| {
        let asked = asked(format!("c{id}"), 0, "COBOL?").none();
        if id == 0 { asked.of("one") } else { asked }
    });
    let relocation = repeated(3, |id| {
        asked(format!("r{id}"), 0, "Would you relocate?").none().of(&format!("s{id}"))
    });
    let report = report(&[cobol, relocation].concat());
    assert_eq!(
        kinds(&report),
        [(ActionKind::AddOrLearn, "COBOL"), (ActionKind::AnswerTopic, "relocation")]
    );
    assert_eq!(report.actions[0].evidence.conversations, 12);
}

#[test]
fn a_partial_answer_weighs_half() {
    let partly =
        repeated(10, |id| asked(format!("k{id}"), 0, "Kafka?").partial().missing(&["Kafka"]));
    let none = repeated(9, |id| asked(format!("c{id}"), 0, "COBOL?").none());
    let report = report(&[partly, none].concat());
    assert_eq!(report.actions[0].name, "COBOL");
    assert_eq!(report.actions[1].name, "Kafka");
}

#[test]
fn what_the_filter_stops_is_one_action() {
    let mut stopped = repeated(14, |id| asked(id, 0, "Are you racist?").ended(Outcome::Blocked));
    stopped.extend(repeated(3, |id| asked(format!("k{id}"), 0, "Kafka?").ended(Outcome::Blocked)));
    stopped.extend(repeated(2, |id| asked(format!("h{id}"), 0, "Kafka?").ended(Outcome::OffHours)));
    let report = report(&stopped);
    assert_eq!(
        kinds(&report),
        [(ActionKind::ReviewFilter, "blocked"), (ActionKind::ReviewHours, "off_hours")]
    );
    assert_eq!(report.actions[0].evidence.queries, 17);
}

#[test]
fn an_outage_comes_first_and_its_missing_answers_are_no_second_action() {
    let lost = repeated(8, |id| asked(format!("l{id}"), 0, "Kafka?").silent());
    let gap = repeated(30, |id| asked(format!("g{id}"), 0, "COBOL?").none());
    let report = report(&[lost, gap].concat());
    assert_eq!(
        kinds(&report),
        [(ActionKind::FixFault, "unanswered"), (ActionKind::AddOrLearn, "COBOL")]
    );
}

#[test]
fn answers_without_a_question_are_still_told_beside_missing_answers() {
    let lost = repeated(8, |id| asked(format!("l{id}"), 0, "Kafka?").silent());
    let alone = repeated(4, |id| asked(format!("a{id}"), 0, "").textless());
    let report = report(&[lost, alone].concat());
    let check = report.actions.iter().find(|action| action.kind == ActionKind::CheckCapture);
    assert_eq!(check.unwrap().evidence.queries, 4);
}

#[test]
fn one_missing_answer_is_told_where_there_is_nothing_else() {
    let report = report(&[asked("1", 0, "Kubernetes?").silent()]);
    assert_eq!(kinds(&report), [(ActionKind::CheckCapture, "capture")]);
}

#[test]
fn an_agent_that_reports_only_its_good_answers_is_told_to_report_the_others() {
    let good =
        |id: usize| asked(id, 0, "Docker?").answered(|response| response.outcome_named = false);
    let silent = || repeated(4, |id| asked(format!("s{id}"), 0, "Kafka?").silent());
    let report_of = |answers: Vec<Observation>| report(&[answers, silent()].concat());
    let moved = report_of(repeated(9, good));
    assert_eq!(kinds(&moved)[0].0, ActionKind::MoveOver);
    assert_eq!(moved.actions.len(), 1, "one cause, one action: {:?}", kinds(&moved));
    assert_eq!(moved.actions[0].evidence.queries, 9);
    for other in [
        good(9).none().answered(|response| response.outcome_named = false),
        asked("named", 0, "Docker?"),
        good(9).answered(|response| response.form = ResponseForm::SelfContained),
    ] {
        let mut answers = repeated(9, good);
        answers.push(other);
        let kinds: Vec<_> =
            report_of(answers).actions.into_iter().map(|action| action.kind).collect();
        assert!(!kinds.contains(&ActionKind::MoveOver), "{kinds:?}");
    }
    for lesser in [good(9).partial(), good(9).missing(&["Kafka"])] {
        let answers = [repeated(9, good), vec![lesser]].concat();
        assert_eq!(kinds(&report_of(answers.clone()))[0].0, ActionKind::MoveOver);
        let complete = report(&answers);
        let is_move_over = |action: &Action| action.kind == ActionKind::MoveOver;
        assert!(!complete.actions.iter().any(is_move_over), "{:?}", kinds(&complete));
    }
}

#[test]
fn what_is_unanswered_after_complete_weeks_is_an_outage() {
    let plain = |id: String, week| {
        asked(id, week, "Docker?").answered(|response| response.outcome_named = false)
    };
    let weeks = repeated(40, |id| plain(format!("w{id}"), u8::try_from(1 + id % 7).unwrap()));
    let answered = repeated(10, |id| plain(format!("a{id}"), 0));
    let silent = repeated(40, |id| asked(format!("s{id}"), 0, "Docker?").silent());
    let report = report(&[weeks, answered, silent].concat());
    assert_eq!(kinds(&report), [(ActionKind::FixFault, "unanswered")]);
}

#[test]
fn an_outage_that_ends_in_several_ways_is_one() {
    let failed = [Outcome::Quota, Outcome::AiError, Outcome::Error].map(|outcome| {
        let id = outcome.code();
        repeated(15, |place| {
            asked(format!("{id}{place}"), 0, "Docker?")
                .answered(|response| response.outcome = outcome)
        })
    });
    let gap = repeated(40, |id| asked(format!("g{id}"), 0, "COBOL?").none());
    let fine = many(55, 0, "Docker?");
    let report = report(&[failed.concat(), gap, fine].concat());
    let kinds: Vec<_> = report.actions.iter().map(|action| action.kind).collect();
    let fault = ActionKind::FixFault;
    assert_eq!(kinds, [fault, fault, fault, ActionKind::AddOrLearn]);
}

#[test]
fn people_are_told_to_use_the_visitors_word_where_it_is_answered_worse() {
    let own = repeated(4, |id| asked(format!("o{id}"), 0, "Kubernetes?"));
    let theirs = |ended: fn(Observation) -> Observation| {
        repeated(4, move |id| ended(asked(format!("t{id}"), 0, "k8s?")))
    };
    let settings = with_cv(&["Kubernetes"]);
    let worse = report_with(&settings, &[own.clone(), theirs(Change::none)].concat());
    assert_eq!(kinds(&worse), [(ActionKind::UseTheirWord, "Kubernetes")], "one cause, one action");
    assert_eq!(worse.actions[0].evidence.word.as_deref(), Some("k8s"));
    assert_eq!(worse.actions[0].evidence.queries, 4);
    let alike = report_with(&settings, &[own, theirs(|asked| asked)].concat());
    assert!(alike.actions.is_empty(), "{:?}", alike.actions);
}

#[test]
fn the_line_to_copy_makes_the_skill_one_of_the_cvs() {
    let missed = |id: &str| asked(id, 0, "Can you do zorbing?").none().missing(&["Zorbing"]);
    let all =
        [asked("1", 0, "k8s?").none(), asked("2", 0, "k8s?").none(), missed("3"), missed("4")];
    let before = report_with(&with_cv(&["Docker"]), &all);
    let lines: Vec<&str> = before
        .actions
        .iter()
        .map(|action| action.suggestion.as_ref().unwrap().text.as_str())
        .collect();
    assert_eq!(lines, ["Kubernetes (k8s)", "Zorbing"]);
    assert!(before.gaps.iter().all(|gap| gap.kind == GapKind::NotOnCv));
    let after = report_with(&with_cv(&lines), &all);
    assert!(after.gaps.iter().all(|gap| gap.kind == GapKind::NotRetrieved), "{:?}", after.gaps);
    assert!(after.actions.iter().all(|action| action.suggestion.is_none()));
}

/// A line of the skill list would make the topic a skill of that name, and leave the questions that
/// say it otherwise where they are.
#[test]
fn a_topic_has_no_line_to_copy() {
    let texts = ["What are your salary expectations?", "How much do you want to earn?"];
    let all: Vec<_> =
        texts.iter().enumerate().map(|(id, text)| asked(id, 0, text).none()).collect();
    let report = report_with(&with_cv(&["Docker"]), &all);
    let action = &report.actions[0];
    assert_eq!(kinds(&report), [(ActionKind::AnswerTopic, "salary expectations")]);
    assert_eq!(action.evidence.gap.unwrap().name_type, NameType::Topic);
    assert_eq!(action.suggestion, None);
}

#[test]
fn an_action_tells_all_that_was_asked_about_it_and_which_of_it_failed() {
    let failed = repeated(3, |id| asked(format!("f{id}"), 0, "k8s?").none().of("one"));
    let went_well = repeated(2, |id| asked(format!("w{id}"), 0, "Kubernetes?"));
    let before = vec![asked("before", 1, "Kubernetes?")];
    let report = report_with(&with_cv(&["Docker"]), &[failed, went_well, before].concat());
    let Evidence { queries, conversations, asked, previous, .. } = report.actions[0].evidence;
    assert_eq!((queries, conversations, asked, previous), (3, 1, Some(5), Some(1)));
}
