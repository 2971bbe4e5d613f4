//! The week's page as a whole.

use cv_analytics_insights::settings::FigureSettings;
use serde_json::json;

use crate::rig::{MONDAY, NOW, Rig, WEEK_MS, whole};

/// A week with a little of everything.
async fn rig() -> Rig {
    let rig = Rig::new().await;
    let mut events = Vec::new();
    for place in 0..12_i64 {
        let answer = match place % 4 {
            0 => {
                json!({"matchType": "none", "matchScore": 12, "sessionId": format!("s{place}"), "missingSkills": ["Kubernetes"]})
            }
            1 => {
                json!({"matchType": "full", "matchScore": 91.5, "sessionId": "s1", "matchedSkills": ["Docker"]})
            }
            2 => json!({"outcome": "quota", "matchScore": 83}),
            _ => {
                json!({"matchType": "partial", "matchScore": 60, "performance": {"totalTime": 1200}})
            }
        };
        let question = ["Do you know k8s?", "Docker & Kubernetes?", "Your notice period?"]
            [usize::try_from(place % 3).unwrap()];
        events.push(whole(&format!("r{place}"), MONDAY + place * 60_000, question, &answer));
        if place < 4 {
            let id = format!("p{place}");
            events.push(whole(&id, MONDAY - WEEK_MS + place * 60_000, question, &answer));
        }
    }
    events.push(json!({"eventType": "query", "requestId": "u", "timestamp": MONDAY, "query": "Anybody there?"}));
    events
        .push(json!({"eventType": "query", "requestId": "b", "timestamp": MONDAY, "query": "Go?",
                       "metadata": {"userAgent": "Googlebot/2.1"}}));
    rig.keep(&events).await;
    rig.keep_bytes(&[b"nothing"]).await;
    FigureSettings::change(&rig.store, |settings| settings.cv = Some(vec!["Docker".to_owned()]))
        .await
        .unwrap();
    rig
}

#[tokio::test]
async fn the_week_in_its_order() {
    let page = rig().await.page("/weeks/2026-W47").await;
    let token = page.split_once("name=\"form-token\" value=\"").unwrap().1;
    let token = token.split('"').next().unwrap().to_owned();
    let lines = page.replace(&token, "TOKEN").replace("&#x2f;", "/");
    let lines: Vec<&str> =
        lines.lines().map(str::trim_end).filter(|line| !line.trim().is_empty()).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

/// How often an opening tag stands outside of what is folded.
fn in_sight(page: &str, tag: &str) -> usize {
    let mut depth = 0_usize;
    let mut count = 0;
    for part in page.split('<').skip(1) {
        match part {
            _ if part.starts_with("details") && !part.starts_with("details open") => depth += 1,
            _ if part.starts_with("/details") => depth = depth.saturating_sub(1),
            _ if depth == 0 && part.starts_with(tag) => count += 1,
            _ => {}
        }
    }
    count
}

#[tokio::test]
async fn a_crowded_week_shows_its_first_rows_and_folds_the_others() {
    let rig = Rig::new().await;
    let skills = [
        "Go",
        "Rust",
        "Kubernetes",
        "Docker",
        "React",
        "Angular",
        "Scala",
        "Kotlin",
        "Swift",
        "Terraform",
        "Ansible",
        "Jenkins",
        "GraphQL",
        "PostgreSQL",
        "MongoDB",
        "Redis",
    ];
    let none = json!({"matchType": "none", "reasoning": "Nothing on the CV fits."});
    let asked = |place: usize| {
        let skill = skills[place % skills.len()];
        let at = MONDAY + i64::try_from(place).unwrap() * 1000;
        whole(&format!("r{place}"), at, &format!("Do you know {skill}?"), &none)
    };
    rig.keep(&(0..64).map(asked).collect::<Vec<_>>()).await;
    let page = rig.page("/weeks/2026-W47").await;
    assert_eq!(in_sight(&page, "tbody class=\"gap\""), 8, "{page}");
    assert!(page.contains("<summary>8 more gaps</summary>"));
    assert!(page.contains("<summary>9 more skills</summary>"));
    let asked = "“Do you know Go?”<br><span class=\"note\">The agent’s reason: Nothing on the CV fits.</span>";
    assert!(page.contains(asked), "{page}");
    assert!(in_sight(&page, "a href") <= 150, "{}", in_sight(&page, "a href"));
    for part in ["gaps", "names", "quality", "conversations"] {
        assert!(page.contains(&format!("href=\"#{part}\"")), "{part}");
        assert_eq!(page.matches(&format!("<h2 id=\"{part}\"")).count(), 1, "{part}");
    }
}

#[tokio::test]
async fn dead_letters_are_counted_in_the_navigation() {
    let rig = Rig::new().await;
    rig.keep_bytes(&[b"nothing", b"at all"]).await;
    let count = "<span class=\"count\">2<span class=\"hidden\"> waiting</span></span>";
    assert!(rig.page("/live").await.contains(count));
    let list = rig.page("/dead-letters").await.replace("&#x2f;", "/");
    let (_, path) = list.split_once("href=\"/dead-letters/").unwrap();
    let path = format!("/dead-letters/{}/drop", path.split('"').next().unwrap());
    rig.post(&path, &[]).await;
    assert!(rig.page("/live").await.contains("<span class=\"count\">1<span"));
}

#[tokio::test]
async fn while_nothing_has_arrived_the_page_says_how_an_agent_is_connected() {
    let rig = Rig::new().await;
    let page = rig.page("/weeks/2026-W48").await;
    for part in
        ["Connect your agent", "AWS_SQS_URL", "<code>&#x2f;data&#x2f;credentials.env</code>"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("Data complete"));
    rig.keep(&[whole("r", MONDAY, "Go?", &json!({"matchType": "full"}))]).await;
    assert!(!rig.page("/weeks/2026-W48").await.contains("Connect your agent"));
    assert!(rig.page("/weeks/2026-W47").await.contains("Data complete"));
}

#[tokio::test]
async fn a_week_that_goes_on_says_that_the_last_questions_may_yet_be_answered() {
    let rig = Rig::new().await;
    let asked = |id: &str, at: i64| json!({"eventType": "query", "requestId": id, "timestamp": at, "query": "Go?"});
    rig.keep(&[asked("then", MONDAY), asked("now", NOW.as_millis())]).await;
    let note = "Questions from the last 15 minutes may still get an answer";
    assert!(rig.page("/weeks/2026-W48").await.contains(note));
    let closed = rig.page("/weeks/2026-W47").await;
    assert!(closed.contains("class=\"banner\"") && !closed.contains(note));
}

#[tokio::test]
async fn a_page_is_made_anew_once_something_changed() {
    let rig = rig().await;
    let first = rig.page("/weeks/2026-W47").await;
    assert_eq!(rig.page("/weeks/2026-W47").await, first);
    let late = whole("late", MONDAY, "Docker?", &json!({"matchType": "full"}));
    rig.keep(&[late]).await;
    assert_ne!(rig.page("/weeks/2026-W47").await, first);
}

#[tokio::test]
async fn a_page_needs_nothing_from_elsewhere() {
    let rig = rig().await;
    for path in
        ["/weeks", "/weeks/2026-W47", "/questions", "/live", "/settings", "/dead-letters", "/login"]
    {
        let page = rig.get(path).await.body.replace("&#x2f;", "/");
        let mut parts = page.split(['\'', '"', '(']);
        assert_eq!(parts.find(|part| part.contains("//")), None, "{path}");
        assert!(
            !page.contains(" style=") && !page.contains("<style") && !page.contains(" onclick")
        );
    }
}

/// Rows of the page's tables.
fn rows(page: &str) -> usize {
    page.matches("<tbody class=\"gap\"").count() + page.matches("<td class=\"spark-cell\">").count()
}

#[tokio::test]
async fn a_page_has_a_hundred_rows_a_list_and_leads_to_the_others() {
    let rig = Rig::new().await;
    let events: Vec<_> = (0..60_i64)
        .map(|question| {
            let names: Vec<String> = (0..50).map(|name| format!("zorb{question}x{name}")).collect();
            let text = format!("Do you know {}?", names.join(", "));
            let answer =
                json!({"matchType": "none", "sessionId": "visitor", "missingSkills": names});
            whole(&format!("r{question:03}"), MONDAY + question * 1000, &text, &answer)
        })
        .collect();
    rig.keep(&events).await;
    let page = rig.page("/weeks/2026-W47").await;
    assert_eq!(rows(&page), 200);
    assert!(page.len() < 600_000, "{} bytes", page.len());
    assert!(page.contains(">And 401 more skills<") && page.contains("?rows=all#gaps"), "{page}");
    assert!(page.contains(">93+ more skills<") && page.contains(">100+ asked about only once<"));
    let all = rig.page("/weeks/2026-W47?rows=all").await;
    assert_eq!(rows(&all), 2 * 501);
    assert!(!all.contains("?rows=all"), "nothing is left out");

    // The conversation that did it, in pages.
    let list = rig.page("/questions?week=2026-W47").await.replace("&#x2f;", "/");
    let (_, session) = list.split_once("href=\"/sessions/").unwrap();
    let session = session.split(['"', '?']).next().unwrap();
    let more: Vec<_> = (60..150_i64)
        .map(|question| {
            let answer = json!({"matchType": "full", "sessionId": "visitor"});
            whole(&format!("r{question:03}"), MONDAY + question * 1000, "Go?", &answer)
        })
        .collect();
    rig.keep(&more).await;
    let first = rig.page(&format!("/sessions/{session}?week=2026-W47")).await;
    assert!(first.contains("150 questions in") && first.contains("Page 1 of 2."), "{first}");
    assert_eq!(first.matches("class=\"turn\"").count(), 100);
    assert!(first.len() < 600_000 && first.contains(">38 more<"), "{} bytes", first.len());
    let second = rig.page(&format!("/sessions/{session}?week=2026-W47&page=2")).await;
    assert_eq!(second.matches("class=\"turn\"").count(), 50);
    assert!(second.contains("rel=\"prev\"") && !second.contains("rel=\"next\""));
}
