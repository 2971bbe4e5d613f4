//! Every number leads to that many questions, whatever a week holds.

use cv_analytics_insights::figure_settings::FigureSettings;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::rig::{MONDAY, Rig, WEEK_MS};

/// Match type, outcome, score, and whether its time was measured.
type Answer = (Option<&'static str>, Option<&'static str>, Option<u8>, bool);

/// An interaction that may happen.
#[derive(Clone, Debug)]
struct Asked {
    week: i64,
    question: Option<usize>,
    session: Option<u8>,
    answer: Option<Answer>,
    missing: Option<&'static str>,
    bot: bool,
}

const QUESTIONS: [&str; 9] = [
    "Do you know k8s?",
    "Kubernetes and Docker, please",
    "What is your notice period?",
    "Could you work with Rust & C++?",
    "How much do you cost a day?",
    "Have you used \"Quarkus\" <in production>?",
    "Hi",
    "KUBERNETES or kube?",
    "Do you like React?",
];

fn asked() -> impl Strategy<Value = Asked> {
    let match_type = prop::option::of(prop::sample::select(vec!["full", "partial", "none"]));
    let outcome = prop::option::of(prop::sample::select(vec![
        "answered",
        "no_match",
        "blocked",
        "off_hours",
        "quota",
        "ai_error",
        "error",
    ]));
    let answer = prop::option::weighted(
        0.85,
        (match_type, outcome, prop::option::of(0_u8..=100), any::<bool>()),
    );
    (
        prop::sample::select(vec![0_i64, 0, 0, 1, 2, 7]),
        prop::option::weighted(0.9, 0..QUESTIONS.len()),
        prop::option::weighted(0.8, 0_u8..6),
        answer,
        prop::option::weighted(
            0.3,
            prop::sample::select(vec!["kubernetes", "Odd Thing", "odd thing"]),
        ),
        prop::bool::weighted(0.1),
    )
        .prop_map(|(week, question, session, answer, missing, bot)| Asked {
            week,
            question,
            session,
            answer,
            missing,
            bot,
        })
}

/// The events of one interaction, if it has a half at all.
fn events(place: usize, asked: &Asked) -> Vec<Value> {
    let id = format!("r{place}");
    let at = MONDAY - asked.week * WEEK_MS + i64::try_from(place).unwrap() * 61_000;
    let mut events = Vec::new();
    if let Some(question) = asked.question {
        let mut event = json!({"eventType": "query", "requestId": id, "timestamp": at, "query": QUESTIONS[question]});
        if let Some(session) = asked.session {
            event["sessionId"] = json!(format!("s{session}"));
        }
        if asked.bot {
            event["metadata"] = json!({"userAgent": "Googlebot/2.1"});
        }
        events.push(event);
    }
    if let Some((match_type, outcome, score, timed)) = asked.answer {
        let mut event = json!({"eventType": "response", "requestId": id, "timestamp": at + 700});
        match (match_type, outcome) {
            (None, None) => event["outcome"] = json!("answered"),
            (match_type, outcome) => {
                for (name, value) in [("matchType", match_type), ("outcome", outcome)] {
                    if let Some(value) = value {
                        event[name] = json!(value);
                    }
                }
            }
        }
        if let Some(score) = score {
            event["matchScore"] = json!(score);
        }
        if timed {
            event["performance"] = json!({"totalTime": 100 + place});
        }
        if let Some(missing) = asked.missing {
            event["missingSkills"] = json!([missing]);
        }
        events.push(event);
    }
    events
}

/// Every link to questions, with its text.
fn links(page: &str) -> Vec<(String, String)> {
    let link = |part: &str| {
        let (href, after) = part.split_once('"')?;
        let (_, text) = after.split_once('>')?;
        let href = href.replace("&amp;", "&").replace("&#x2f;", "/");
        Some((href, text.split('<').next()?.trim().to_owned()))
    };
    let found = page.split("href=\"").skip(1).filter_map(link);
    found.filter(|(href, _)| href.starts_with("/questions?")).collect()
}

/// The number that a link's text begins with.
fn leading_number(text: &str) -> Option<u64> {
    let digits: String =
        text.chars().take_while(|sign| sign.is_ascii_digit() || *sign == ',').collect();
    let ends =
        text.get(digits.len()..).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
    digits.replace(',', "").parse().ok().filter(|_| ends)
}

async fn check(all: Vec<Asked>, with_cv: bool) -> Result<(), TestCaseError> {
    let rig = Rig::new().await;
    let events: Vec<Value> =
        all.iter().enumerate().flat_map(|(place, asked)| events(place, asked)).collect();
    rig.keep(&events).await;
    FigureSettings::change(&rig.store, |settings| {
        settings.exclusions.request_ids.insert("r3".to_owned());
        if with_cv {
            settings.cv = Some(vec!["Docker".to_owned(), "Kubernetes".to_owned()]);
        }
    })
    .await
    .unwrap();
    let page = rig.page("/weeks/2026-W47").await;
    let links = links(&page);
    let mut counted = 0;
    for (href, text) in &links {
        let answer = rig.get(href).await;
        prop_assert_eq!(answer.status, 200, "{} {}", href, answer.body);
        // A mean and a percentile are no counts; a count of conversations is beside that of questions.
        let is_no_count = href.contains("score=known")
            || (href.contains("took=") && !href.contains("took=known"));
        let Some(number) = leading_number(text).filter(|_| !is_no_count) else { continue };
        counted += 1;
        if href.contains("session=known") {
            let words = format!("in {number} conversation");
            prop_assert!(answer.body.contains(&words), "{} says {}", href, text);
        } else {
            prop_assert_eq!(answer.total(), number, "{} says {}", href, text);
        }
    }
    prop_assert!(counted > 5 || all.len() < 12, "{} of {} links", counted, links.len());
    Ok(())
}

#[test]
fn every_number_leads_to_that_many_questions() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut runner = TestRunner::new(Config { cases: 12, ..Config::default() });
    let weeks = (prop::collection::vec(asked(), 0..80), any::<bool>());
    runner.run(&weeks, |(all, with_cv)| runtime.block_on(check(all, with_cv))).unwrap();
}
