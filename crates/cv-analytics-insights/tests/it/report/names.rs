//! Which skills and topics an interaction counts under.

use std::collections::BTreeMap;

use cv_analytics_insights::model::{GapMark, OTHER_QUESTIONS, OTHERS};
use cv_analytics_insights::settings::FigureSettings;

use crate::report::interactions::*;

#[test]
fn a_skill_counts_once_an_interaction_from_text_and_missing_skills() {
    let report = report(&[asked("1", 0, "Do you know k8s, Kubernetes or K8S, and Zorbing?")
        .missing(&["kubernetes", "Zorbing"])
        .matched(&["Docker"])]);
    assert_eq!(skills(&report), ["Kubernetes", "Zorbing"]);
    assert!(report.skills.iter().all(|row| row.figures.queries == 1));
    let variants: Vec<_> =
        report.skills[0].variants.iter().map(|word| (word.text.as_str(), word.queries)).collect();
    assert_eq!(variants, [("k8s", 1), ("kubernetes", 1)]);
}

#[test]
fn matched_skills_count_only_where_there_is_no_text() {
    let report = report(&[asked("1", 0, "").matched(&["Docker"]).textless()]);
    assert_eq!(skills(&report), ["Docker"]);
}

#[test]
fn names_from_a_model_are_read_and_what_is_no_name_is_counted() {
    for (missing, text, expect, ignored) in [
        (&["None"][..], "Can you?", &[][..], 1),
        (&["Not mentioned"], "Can you?", &[], 1),
        (&["Go; Rust"], "Can you?", &["Go", "Rust"], 0),
        (&["Kubernetes (K8s)"], "Can you?", &["Kubernetes"], 0),
        (&["experience with k8s"], "Can you?", &["Kubernetes"], 0),
        (&["Zorbing"], "Do you know zorbing?", &["Zorbing"], 0),
        (&["Zorbing"], "Do you know something?", &[], 1),
        (&["salary"], "What is your salary?", &[], 1),
        (&["n/a", "Docker"], "Can you?", &["Docker"], 1),
    ] {
        let report = report(&[asked("1", 0, text).none().missing(missing)]);
        assert_eq!(skills(&report), expect, "{missing:?} {text}");
        assert_eq!(report.capture.ignored_names, ignored, "{missing:?} {text}");
    }
}

#[test]
fn a_topic_that_the_agent_misses_is_one_gap() {
    let missed =
        |id: usize, name: &str| asked(id, 0, "What is your notice period?").none().missing(&[name]);
    let report = report(&[missed(1, "notice period"), missed(2, "Notice Period"), missed(3, "Go")]);
    let gaps: Vec<_> = report.gaps.iter().map(|gap| (gap.name.as_str(), gap.queries)).collect();
    assert_eq!(gaps, [("notice period", 2), ("Go", 1)]);
    assert_eq!(report.capture.ignored_names, 2);
}

#[test]
fn an_unknown_name_is_one_row_under_the_spelling_that_came_most() {
    let missed = |id: usize, name: &str| asked(id, 0, "Zorb Lab?").none().missing(&[name]);
    let spellings = ["zorb lab", "Zorb Lab", "ZORB\u{200b} LAB", "Zorb-Lab", "Zorb Lab"];
    let all: Vec<_> = (0..).zip(spellings).map(|(id, name)| missed(id, name)).collect();
    for _ in 0..2 {
        assert_eq!(skills(&report(&all)), ["Zorb Lab"]);
    }
    let reversed: Vec<_> = all.iter().rev().cloned().collect();
    assert_eq!(skills(&report(&reversed)), ["Zorb Lab"]);
    let on_cv = report_with(&with_cv(&["Go", "ZorbLab"]), &all);
    assert_eq!(skills(&on_cv), ["ZorbLab"]);
}

#[test]
fn a_topic_is_the_owners_then_the_agents_then_the_tables_then_a_shared_phrase() {
    let settings = FigureSettings {
        topics: BTreeMap::from([("parking".to_owned(), vec!["car park".to_owned()])]),
        ..FigureSettings::default()
    };
    let report = report_with(
        &settings,
        &[
            asked("1", 0, "Is there a car park near your salary?").about("relocation"),
            asked("2", 0, "Would you come to us?").about("relocation"),
            asked("3", 0, "What are your salary expectations?"),
            asked("4", 0, "Do you like the otter?"),
            asked("5", 0, "Docker?").about("relocation"),
            asked("6", 0, "").about("relocation").textless(),
            asked("7", 0, "Can you?").about("other"),
        ],
    );
    assert_eq!(
        topics(&report),
        ["other questions", "relocation", "parking", "salary expectations"]
    );
    assert_eq!(row(&report, "relocation").queries, 2);
    assert_eq!(row(&report, OTHER_QUESTIONS).queries, 2);
    assert_eq!(skills(&report), ["Docker"]);
}

#[test]
fn a_phrase_is_a_topic_where_three_conversations_share_it() {
    let ask = |id: usize, weeks_ago| asked(id, weeks_ago, "How about otter wrangling?");
    let two = report(&[ask(1, 0), ask(2, 5)]);
    assert_eq!(topics(&two), [OTHER_QUESTIONS]);
    let three = report(&[ask(1, 0), ask(2, 5), ask(3, 5)]);
    assert_eq!(three.topics.len(), 1);
    assert_ne!(three.topics[0].topic, OTHER_QUESTIONS);
    assert_eq!(three.topics[0].figures.weeks[2], Some(2));
    let of_one = report(&[ask(1, 0).of("s"), ask(2, 5).of("s"), ask(3, 5).of("s")]);
    assert_eq!(topics(&of_one), [OTHER_QUESTIONS], "one visitor is one conversation");
}

#[test]
fn every_interaction_is_in_skills_or_topics() {
    let texts = ["Docker?", "salary?", "", "Can I call you?", "Any leave we should honour?", "?"];
    let all: Vec<_> = texts.iter().enumerate().map(|(id, text)| asked(id, 0, text)).collect();
    let report = report(&all);
    let counted: u64 = report.skills.iter().map(|row| row.figures.queries).sum();
    let of_topics: u64 = report.topics.iter().map(|row| row.figures.queries).sum();
    assert_eq!(counted + of_topics, 6);
}

#[test]
fn an_alias_of_the_owner_covers_the_past() {
    let mut settings = FigureSettings::default();
    settings.aliases.insert("Kubernetes".to_owned(), vec!["kubelix".to_owned()]);
    let asked = [asked("1", 0, "Have you used kubelix?"), asked("2", 5, "Have you used kubelix?")];
    assert_eq!(row(&report_with(&settings, &asked), "Kubernetes").weeks[2], Some(1));
    assert!(report(&asked).skills.is_empty());
}

#[test]
fn skills_of_the_cv_that_nobody_asks_about_are_told() {
    let asked = [asked("1", 5, "Docker?"), asked("2", 0, "Python?")];
    let report_of = |settings: &FigureSettings| report_with(settings, &asked).never_asked;
    let never = report_of(&with_cv(&["Playwright", "Docker", "Go", "Python"]));
    assert_eq!(never, Some(vec!["Go".to_owned(), "Playwright".to_owned()]));
    assert_eq!(report_of(&FigureSettings::default()), None);
    let mut marked = with_cv(&["Docker"]);
    marked.gap_marks.insert("ZorbLab".to_owned(), GapMark::HaveIt.into());
    assert_eq!(report_of(&marked), Some(vec!["ZorbLab".to_owned()]), "as the owner writes it");
}

#[test]
fn beyond_five_hundred_names_those_of_few_conversations_share_a_row() {
    let mut all = Vec::new();
    for name in 0..600 {
        let text = format!("Do you know zorb{name}?");
        all.push(asked(name, 0, &text).none().missing(&[&format!("zorb{name}")]));
    }
    all.extend(
        (0..3)
            .map(|id| asked(format!("z{id}"), 0, "Do you know zzorb?").none().missing(&["zzorb"])),
    );
    let report = report(&all);
    assert_eq!(report.skills.len(), 501);
    let others = report.skills.iter().find(|row| row.skill == OTHERS).unwrap();
    assert_eq!((others.figures.names, others.figures.queries), (Some(101), 101));
    assert_eq!((others.figures.conversations, others.figures.failing), (101, 101));
    let folded = gap(&report, OTHERS);
    assert_eq!(folded.queries, 101);
    assert_eq!(row(&report, "zzorb").queries, 3);
    assert!(report.actions.iter().all(|action| action.name != OTHERS));
    let gaps: u64 = report.gaps.iter().map(|gap| gap.queries).sum();
    assert_eq!(gaps, 603, "the gaps add up to what failed");
}

#[test]
fn a_visitor_who_makes_the_model_name_thousands_of_skills_fills_two_thousand_rows_at_most() {
    let mut all = Vec::new();
    for question in 0..135 {
        // Each of 2,250 names in three conversations.
        let names: Vec<String> =
            (0..50).map(|place| format!("zorb{}", question / 3 * 50 + place)).collect();
        let text = format!("Do you know {}?", names.join(", "));
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        all.push(asked(format!("q{question}"), 0, &text).none().missing(&names));
    }
    let report = report(&all);
    assert_eq!(report.skills.len(), 2_001);
    let others = report.skills.iter().find(|row| row.skill == OTHERS).unwrap();
    assert_eq!((others.figures.names, others.figures.queries), (Some(250), 250 * 3));
    assert!(report.gaps.len() <= 2_001 && report.trending.len() <= 2_000);
    let gaps: u64 = report.gaps.iter().map(|gap| gap.queries).sum();
    assert_eq!(gaps, 135 * 50, "the gaps add up to what failed");
}
