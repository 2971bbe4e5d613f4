//! Every number of the week's page and of its mail leads to that many questions, whatever the week holds.

use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_harness::number_links::number_links;
use cv_analytics_insights::model::GapMark;
use cv_analytics_insights::report::builder::build_report;
use cv_analytics_insights::settings::FigureSettings;
use cv_analytics_insights::settings::counting_rules::CountingRules;
use cv_analytics_insights::settings::gap_marks::MarkedGap;
use cv_analytics_insights::view::limits::Limits;
use cv_analytics_insights::view::links::Links;
use cv_analytics_insights::view::render::{Form, render};
use cv_analytics_insights::view::week::WeekView;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::rig::{MONDAY, NOW, Rig, WEEK_MS};

/// Where the dashboard is, as the mail has it.
const ADDRESS: &str = "https://analytics.example.org";

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

const QUESTIONS: [&str; 10] = [
    "Do you know k8s?",
    "Kubernetes and Docker, please",
    "What is your notice period?",
    "Could you work with Rust & C++?",
    "How much do you cost a day?",
    "Have you used \"Quarkus\" <in production>?",
    "Hi",
    "KUBERNETES or kube?",
    "Do you like React?",
    "Tell me about otter wrangling",
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

/// Follows every link of `page`, and gives how many of them stand on a number.
async fn follow(rig: &Rig, page: &str) -> Result<usize, TestCaseError> {
    let mut counted = 0;
    for link in number_links(page, ADDRESS) {
        let answer = rig.get(&link.path).await;
        prop_assert_eq!(answer.status, 200, "{:?} {}", link, answer.body);
        counted += usize::from(link.stands_on_a_number());
        prop_assert_eq!(link.contradiction(&answer.body), None);
    }
    Ok(counted)
}

/// The owner's marks: when each was set, before the week of Monday or in it.
type Marks = Vec<(&'static str, GapMark, i64)>;

fn marks() -> impl Strategy<Value = Marks> {
    let name = prop::sample::select(vec!["Kubernetes", "Docker", "notice period", "odd thing"]);
    let mark = prop::sample::select(GapMark::ALL.to_vec());
    prop::collection::vec((name, mark, -2 * WEEK_MS..WEEK_MS), 0..4)
}

async fn check(all: Vec<Asked>, marks: Marks, with_cv: bool) -> Result<(), TestCaseError> {
    let rig = Rig::new().await;
    let events: Vec<Value> =
        all.iter().enumerate().flat_map(|(place, asked)| events(place, asked)).collect();
    rig.keep(&events).await;
    let settings = FigureSettings::change(&rig.store, |settings| {
        settings.exclusions.request_ids.insert("r3".to_owned());
        if with_cv {
            settings.cv = Some(vec!["Docker".to_owned(), "Kubernetes".to_owned()]);
        }
        for (name, mark, after_monday) in &marks {
            let at = Some(Timestamp::from_millis(MONDAY + after_monday));
            let marked = MarkedGap { mark: Some(*mark), at, earlier: Vec::new() };
            settings.gap_marks.insert((*name).to_owned(), marked);
        }
    })
    .await
    .unwrap();
    let page = rig.page("/weeks/2026-W47").await;
    let on_the_page = follow(&rig, &page).await?;

    let rules = CountingRules::new(settings).unwrap();
    let built = build_report(&rig.store, &rules, "2026-W47".parse().unwrap(), NOW).await.unwrap();
    let links = Links::Absolute(ADDRESS.parse().unwrap());
    let mail = WeekView::of(&built.report, &links, Limits::MAIL);
    let in_the_mail = follow(&rig, &render(Form::Html, &mail).unwrap()).await?;
    let few = all.len() < 12;
    prop_assert!(few || (on_the_page > 5 && in_the_mail > 5), "{} {}", on_the_page, in_the_mail);
    Ok(())
}

#[test]
fn every_number_leads_to_that_many_questions() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut runner = TestRunner::new(Config { cases: 12, ..Config::default() });
    let weeks = (prop::collection::vec(asked(), 0..80), marks(), any::<bool>());
    runner
        .run(&weeks, |(all, marks, with_cv)| runtime.block_on(check(all, marks, with_cv)))
        .unwrap();
}
