//! The labelled questions of recruiters: every line must come out exactly as a person labelled it.

#![expect(clippy::expect_used, reason = "a test fails by a panic")]

use std::collections::BTreeSet;

use cv_analytics_insights::SkillDictionary;
use serde::Deserialize;

const QUESTIONS: &str = include_str!("../../../../fixtures/questions/skills.jsonl");

/// Lines that come out otherwise than labelled, each with the reason why that stays so.
const EXCEPTIONS: [(&str, &str); 1] = [(
    "Did your skills rust during the break?",
    "`skills rust` is how a terse question lists the language; the verb is rarer than that",
)];

#[derive(Deserialize)]
struct Question {
    text: String,
    skills: Vec<String>,
}

fn questions() -> Vec<Question> {
    QUESTIONS.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

fn found(dictionary: &SkillDictionary, text: &str) -> BTreeSet<String> {
    dictionary
        .find(text)
        .iter()
        .map(|mention| dictionary.name(mention.skill()).to_owned())
        .collect()
}

#[test]
fn every_labelled_question_gives_its_skills() {
    let dictionary = SkillDictionary::built_in();
    let (mut right, mut wrong, mut missed) = (0_u32, 0_u32, 0_u32);
    let mut faults = Vec::new();
    for question in questions() {
        let expected: BTreeSet<String> = question.skills.iter().cloned().collect();
        let found = found(&dictionary, &question.text);
        right += count(found.intersection(&expected));
        wrong += count(found.difference(&expected));
        missed += count(expected.difference(&found));
        let excepted = EXCEPTIONS.iter().any(|(text, _)| *text == question.text);
        if (found == expected) == excepted {
            faults.push(format!("{:?}: expected {expected:?}, found {found:?}", question.text));
        }
    }
    let precision = f64::from(right) / f64::from(right + wrong);
    let recall = f64::from(right) / f64::from(right + missed);
    println!("precision {precision:.4}, recall {recall:.4}");
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn every_label_is_a_canonical_name() {
    let dictionary = SkillDictionary::built_in();
    for question in questions() {
        for skill in question.skills {
            let known = dictionary.canonical(&skill).map(|id| dictionary.name(id));
            assert_eq!(known, Some(skill.as_str()), "{}", question.text);
        }
    }
}

fn count<T>(items: impl Iterator<Item = T>) -> u32 {
    u32::try_from(items.count()).expect("few")
}
