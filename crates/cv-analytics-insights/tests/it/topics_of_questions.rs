//! The labelled questions without a skill: every line must give its topic, or none.

use cv_analytics_insights::{is_known_topic, phrase, table_topic};
use proptest::prelude::*;
use serde::Deserialize;

const QUESTIONS: &str = include_str!("../../../../fixtures/questions/topics.jsonl");

/// The topic of a question for which neither the owner nor the agent has one.
fn topic(text: &str) -> Option<String> {
    table_topic(text).map(str::to_owned).or_else(|| phrase(text))
}

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

#[test]
fn no_left_over_word_names_a_usual_question() {
    assert_eq!(table_topic("Any leave we should honour?"), Some("holidays and leave"));
    assert_eq!(table_topic("Do you keep bees?"), None);
    assert_eq!(phrase("Do you keep bees?").as_deref(), Some("bee"));
    assert_eq!(phrase("[email] [phone]"), None);
    assert_eq!(table_topic("[email] [phone] [api key]"), None);
    assert_eq!(table_topic(""), None);
}

#[test]
fn no_word_that_judges_is_a_phrase() {
    for text in [
        "What is the most interesting thing?",
        "Anything exciting?",
        "That is impressive and very useful",
        "Was ist besonders spannend?",
        "Qu'est-ce qui est intéressant ?",
        "¿Qué es lo más interesante?",
        "Wat is het meest interessante?",
        "Co jest najciekawsze?",
        "Cosa è importante?",
        "O que é importante?",
        "What were the results?",
        "Können Sie mir mehr darüber erzählen?",
        "Kun je daar iets meer over vertellen?",
        "Qu'est-ce qui vous plaît le plus ?",
    ] {
        assert_eq!(phrase(text), None, "{text}");
    }
}

#[test]
fn every_name_that_a_mark_may_have_is_still_known() {
    for name in "salary expectations,day rate,benefits,notice period,availability,interview,visa,relocation,\
        remote work,travel,commute,location,references,education,certifications,training,languages spoken,\
        programming languages,tech stack,technical skills,soft skills,career goals,reason for leaving,\
        job search,motivation,strengths,weaknesses,achievements,challenges,hobbies,contract type,\
        security clearance,driving licence,working hours,on-call,current role,previous roles,\
        employment gap,years of experience,team size,management experience,teamwork,company culture,\
        conflict,pressure,feedback,industry experience,projects,portfolio,contact details,cv,\
        personal introduction,this assistant,age,family,disability,diversity,non-compete,\
        questions for us,learning,decision making,work style"
        .split(',')
    {
        assert!(is_known_topic(name).is_some(), "{name}");
    }
}

#[test]
fn a_topic_is_known_by_its_name_and_by_its_phrases() {
    for (name, topic) in [
        ("salary expectations", Some("salary expectations")),
        ("Compensation", Some("salary expectations")),
        ("strengths", Some("strengths and weaknesses")),
        ("team size", Some("team and leadership")),
        ("management experience", Some("team and leadership")),
        ("teamwork", Some("team and leadership")),
        ("conflict", Some("team and leadership")),
        ("portfolio", Some("projects")),
        ("on-call", Some("working hours")),
        ("pressure", Some("work style")),
        ("age", Some("personal questions")),
        ("spanish", Some("Spanish")),
        ("languages spoken", Some("languages spoken")),
        ("greeting", Some("greetings")),
        ("hello", None),
        ("beekeeping", None),
        ("Off-Topic Requests", Some("off-topic requests")),
        ("fraud", None),
        ("salary of a beekeeper", None),
        ("", None),
    ] {
        assert_eq!(is_known_topic(name), topic, "{name}");
    }
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
