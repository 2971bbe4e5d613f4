//! The labelled questions without a skill: every line must give its topic, or none.

use cv_analytics_insights::{phrase, table_topic, topic};
use proptest::prelude::*;
use serde::Deserialize;

const QUESTIONS: &str = include_str!("../../../fixtures/questions/topics.jsonl");

#[derive(Deserialize)]
struct Question {
    text: String,
    topic: Option<String>,
}

#[test]
fn every_labelled_question_gives_its_topic() {
    let questions =
        QUESTIONS.lines().map(|line| serde_json::from_str::<Question>(line).expect(line));
    let faults: Vec<String> = questions
        .filter(|question| topic(&question.text) != question.topic)
        .map(|question| {
            format!(
                "{:?}: expected {:?}, found {:?}",
                question.text,
                question.topic,
                topic(&question.text)
            )
        })
        .collect();
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn trivial_rewordings_give_the_same_topic() {
    let same = |texts: &[&str], expected: &str| {
        for text in texts {
            assert_eq!(topic(text).as_deref(), Some(expected), "{text}");
        }
    };
    same(
        &["notice period?", "NOTICE PERIOD", "What's your notice-period", "  notice   period  "],
        "notice period",
    );
    same(&["Do you like dogs?", "do you like a dog", "What about your dogs?", "Dogs?"], "dog");
}

proptest! {
    #[test]
    fn any_text_gives_a_short_phrase_or_none(text in any::<String>()) {
        if let Some(phrase) = topic(&text) {
            prop_assert!(!phrase.trim().is_empty());
            prop_assert!(phrase.chars().count() <= 40);
        }
    }
}
