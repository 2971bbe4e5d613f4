//! Filters, pages, older weeks, single questions and conversations.

use serde_json::json;

use crate::rig::{MONDAY, Rig, WEEK_MS, whole};

async fn many(count: i64) -> Rig {
    let rig = Rig::new().await;
    let answer = json!({"matchType": "full", "sessionId": "s"});
    let events: Vec<_> = (0..count)
        .map(|place| {
            whole(
                &format!("r{place}"),
                MONDAY + place * 1000,
                &format!("Question {place}?"),
                &answer,
            )
        })
        .collect();
    rig.keep(&events).await;
    rig
}

#[tokio::test]
async fn pages_go_from_the_newest_to_the_oldest_and_leave_none_out() {
    let rig = many(120).await;
    let mut seen = Vec::new();
    let mut next = Some("/questions?week=2026-W47".to_owned());
    while let Some(path) = next.take() {
        let page = rig.page(&path).await;
        for part in page.split("<li class=\"question\"").skip(1) {
            let (_, after) = part.split_once("Question ").unwrap();
            seen.push(after.split('?').next().unwrap().parse::<i64>().unwrap());
        }
        next = page.split_once("rel=\"next\" href=\"").map(|(_, after)| {
            after.split('"').next().unwrap().replace("&amp;", "&").replace("&#x2f;", "/")
        });
    }
    assert_eq!(seen, (0..120).rev().collect::<Vec<_>>());
    assert_eq!(rig.get("/questions?week=2026-W47&page=4").await.total(), 120);
}

#[tokio::test]
async fn a_search_offers_the_weeks_before() {
    let rig = Rig::new().await;
    let none = json!({"matchType": "none"});
    rig.keep(&[
        whole("new", MONDAY, "Do you know Go?", &none),
        whole("old", MONDAY - 3 * WEEK_MS, "Do you know Rust?", &none),
    ])
    .await;
    let page = rig.page("/questions?week=2026-W47&text=rust").await;
    assert!(page.contains("data-total=\"0\""));
    let older = "/questions?week=2026-W46&amp;text=rust";
    assert!(page.replace("&#x2f;", "/").contains(older), "{page}");
    assert_eq!(rig.get("/questions?week=2026-W47&weeks=4&text=RUST").await.total(), 1);
    let last = rig.page("/questions?week=2026-W44&text=rust").await;
    assert!(last.contains("data-total=\"1\"") && !last.contains("Search older"));
}

#[tokio::test]
async fn a_question_and_its_conversation_are_told_whole() {
    let rig = Rig::new().await;
    let answer = json!({
        "matchType": "partial", "matchScore": 72.5, "reasoning": "Knows <Docker> only", "sessionId": "s",
        "missingSkills": ["Kubernetes"], "model": "small-1",
    });
    rig.keep(&[
        whole("one", MONDAY, "Do you know k8s?", &answer),
        whole("two", MONDAY + 60_000, "And Docker?", &answer),
        whole("other", MONDAY, "Hello?", &json!({"matchType": "full", "sessionId": "t"})),
    ])
    .await;
    let page = rig.page("/interactions/one").await;
    for part in
        ["Do you know k8s?", "72.5 of 100", "Knows &lt;Docker&gt; only", "small-1", "Kubernetes"]
    {
        assert!(page.contains(part), "{part} in {page}");
    }
    let (_, after) = page
        .split_once("href=\"/sessions/")
        .or(page.split_once("href=\"&#x2f;sessions&#x2f;"))
        .unwrap();
    let path = format!("/sessions/{}", after.split('"').next().unwrap());
    let talk = rig.page(&path).await;
    let (first, second) = (talk.find("k8s").unwrap(), talk.find("And Docker").unwrap());
    assert!(first < second && !talk.contains("Hello?"));
    for part in [
        "2 questions in 1 minute. Times are UTC.",
        "16 November 2026",
        "1 minute later",
        "Partly covered",
        "Knows &lt;Docker&gt; only",
        "small-1",
        "skill=Kubernetes",
    ] {
        assert!(talk.to_lowercase().contains(&part.to_lowercase()), "{part} in {talk}");
    }
}

#[tokio::test]
async fn a_rating_is_shown_with_its_question_and_waits_without_it() {
    let rig = Rig::new().await;
    let rated = |id: &str, rating: &str, comment: &str| json!({"eventType": "feedback", "requestId": id, "timestamp": MONDAY + 90_000, "rating": rating, "comment": comment});
    let full = json!({"matchType": "full", "answer": "Yes, <b>for years</b>."});
    rig.keep(&[
        rated("lone", "up", "early"),
        rated("one", "down", "<i>No</i>, mail me@example.org"),
        whole("one", MONDAY, "Do you know k8s?", &full),
        whole("two", MONDAY, "And Docker?", &full),
    ])
    .await;
    let page = rig.page("/interactions/one").await;
    for part in ["Thumbs down", "&lt;i&gt;No", "[email]", "Yes, &lt;b&gt;for years"] {
        assert!(page.contains(part), "{part} in {page}");
    }
    let lone = rig.page("/interactions/lone").await;
    assert!(lone.contains("Only feedback came") && lone.contains("Thumbs up"), "{lone}");
    assert!(
        !lone.contains("Failed or unanswered") && !lone.contains("No answer arrived"),
        "{lone}"
    );
    for (filter, expect) in [("rating=down&match=full", 1), ("rating=up", 0), ("text=early", 0)] {
        let found = rig.get(&format!("/questions?week=2026-W47&{filter}")).await;
        assert_eq!(found.total(), expect, "{filter}");
    }
    let week = rig.page("/weeks/2026-W47").await;
    assert!(week.contains("of them on an answer that the agent rated fully covered"), "{week}");
    let csv = rig.page("/questions.csv?week=2026-W47").await;
    assert!(csv.contains(",down,\"<i>No</i>, mail [email]\""), "{csv}");
}

#[tokio::test]
async fn the_newest_week_that_is_over_is_shown_first() {
    let rig = Rig::new().await;
    assert_eq!(rig.get("/").await.header("location"), "/weeks/2026-W48");
    let full = json!({"matchType": "full"});
    rig.keep(&[whole("now", MONDAY + WEEK_MS, "Now?", &full)]).await;
    assert_eq!(rig.get("/").await.header("location"), "/weeks/2026-W48");
    rig.keep(&[whole("old", MONDAY - 5 * WEEK_MS, "Old?", &full)]).await;
    assert_eq!(rig.get("/").await.header("location"), "/weeks/2026-W42");
    let empty = rig.page("/weeks/2026-W47").await;
    assert!(empty.contains("A quiet week"), "{empty}");
}

#[tokio::test]
async fn pages_end_where_the_questions_do_and_nowhere_else() {
    let rig = many(60).await;
    let last = rig.page("/questions?week=2026-W47&page=2").await;
    assert!(last.contains("Question 9?") && !last.contains("Question 10?"), "{last}");
    assert!(last.contains("page 2 of 2") && !last.contains("Older"));
    assert!(
        rig.page("/questions?week=2026-W47&page=3041").await.contains("No matching questions.")
    );
}

#[tokio::test]
async fn a_skill_that_nobody_knows_is_told_from_one_that_nobody_asked_about() {
    let rig = Rig::new().await;
    let unknown = rig.page("/questions?skill=Nosuch").await;
    assert!(unknown.contains("No skill is known as “Nosuch”"), "{unknown}");
    for path in ["/questions?skill=k8s", "/questions?text=Nosuch"] {
        let page = rig.page(path).await;
        assert!(page.contains("No matching questions.") && !page.contains("is known as"), "{path}");
    }
}

#[tokio::test]
async fn every_filter_that_is_set_is_shown_in_words_and_can_be_removed() {
    let rig = Rig::new().await;
    let page = rig
        .page("/questions?week=2026-W47&gap=Go&type=skill&kind=fault&match=rated&took=2100-")
        .await
        .replace("&#x2f;", "/");
    let rest = "match=rated&amp;took=2100-\"";
    for (chip, removed) in [
        ("Gap: Go", format!("/questions?week=2026-W47&amp;kind=fault&amp;{rest}")),
        (
            "Failed or unanswered",
            format!("/questions?week=2026-W47&amp;gap=Go&amp;type=skill&amp;{rest}"),
        ),
        (
            "Rated by the agent",
            "/questions?week=2026-W47&amp;gap=Go&amp;type=skill&amp;kind=fault&amp;took=2100-\""
                .to_owned(),
        ),
        (
            "Took 2.1 s or longer",
            "/questions?week=2026-W47&amp;gap=Go&amp;type=skill&amp;kind=fault&amp;match=rated\""
                .to_owned(),
        ),
    ] {
        assert!(page.contains(chip) && page.contains(&removed), "{chip}: {page}");
    }
}

#[tokio::test]
async fn one_search_box_finds_a_skill_a_topic_or_a_text_and_says_which() {
    let rig = Rig::new().await;
    let none = json!({"matchType": "none"});
    rig.keep(&[
        whole("r1", MONDAY, "Do you know k8s?", &none),
        whole("r2", MONDAY + 1000, "What is your notice period?", &none),
    ])
    .await;
    for (find, taken, chip) in [
        ("K8S", "skill=Kubernetes", "Skill: Kubernetes"),
        ("Notice+Period", "topic=notice+period", "Topic: notice period"),
        ("you+know", "text=you+know", "Text: “you know”"),
    ] {
        let sent = format!("/questions?week=2026-W47&find={find}&outcome=&score=");
        let answer = rig.get(&sent).await;
        let address = format!("/questions?week=2026-W47&{taken}");
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, address.as_str()));
        let page = rig.get(&address).await;
        assert!(page.body.contains(chip) && page.total() == 1, "{chip}: {}", page.body);
    }
    let answer = rig.get("/questions?week=2026-W47&skill=Go&find=").await;
    assert_eq!(answer.header("location"), "/questions?week=2026-W47");
}

#[tokio::test]
async fn a_row_has_its_topic_the_model_and_the_agents_reason() {
    let rig = Rig::new().await;
    let answer = json!({"matchType": "none", "reasoning": "No date is given.", "model": "small-1"});
    rig.keep(&[whole("r1", MONDAY, "What is your notice period?", &answer)]).await;
    let page = rig.page("/questions?week=2026-W47").await;
    for part in ["No date is given.", "small-1", "<span class=\"tag\" dir=\"auto\">notice period"] {
        assert!(page.contains(part), "{part}: {page}");
    }
}
