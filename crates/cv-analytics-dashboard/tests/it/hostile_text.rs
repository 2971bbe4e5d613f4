//! Text that strangers wrote shows as text, wherever it shows.

use cv_analytics_insights::model::GapMark;
use cv_analytics_insights::settings::FigureSettings;
use serde_json::json;

use crate::rig::{MONDAY, Rig, whole};

const HOSTILE: &str =
    "<script>alert(1)</script><img src=x onerror=alert(2)>\"'`{{913*917}}{% raw %}\u{202e}txt";

/// No tag and no attribute of the stranger's.
fn check(page: &str, path: &str) {
    assert!(!page.contains("<script>alert"), "{path}");
    assert!(!page.contains("<img"), "{path}");
    assert!(!page.contains("837221"), "{path} computed");
    for part in page.split('<').skip(1) {
        let tag = part.split('>').next().unwrap();
        // Values stand between quotation marks, which none of them can hold.
        let names: String = tag.split('"').step_by(2).collect();
        assert!(!names.contains("onerror") && !names.contains("alert"), "{path}: <{tag}>");
        assert!(!names.contains(" style="), "{path}: <{tag}>");
        // A field may hold it, to be sent back as it is.
        let is_field = tag.starts_with("textarea");
        let shown = part.split_once('>').map_or("", |(_, shown)| shown);
        let shown = if is_field { "" } else { shown };
        assert!(!shown.contains('\u{202e}'), "{path} turns the line: {shown}");
    }
}

#[tokio::test]
async fn hostile_text_is_text_on_every_page() {
    let rig = Rig::new().await;
    let answer = json!({
        "matchType": "none", "outcome": "no_match", "reasoning": HOSTILE, "sessionId": HOSTILE,
        "matchedSkills": [HOSTILE], "missingSkills": [HOSTILE], "model": HOSTILE,
        HOSTILE: HOSTILE,
    });
    let id = "a/b?c#<script>alert(1)</script>\"'";
    let events: Vec<_> = (0..3)
        .map(|place| {
            let id = if place == 0 { id.to_owned() } else { format!("r{place}") };
            whole(&id, MONDAY + place * 1000, &format!("{HOSTILE} {place}"), &answer)
        })
        .collect();
    rig.keep(&events).await;
    rig.keep_bytes(&[HOSTILE.as_bytes(), b"\xff\xfe<script>alert(1)</script>"]).await;
    FigureSettings::change(&rig.store, |settings| {
        settings.cv = Some(vec!["Go".to_owned(), "<script>alert(1)</script>".to_owned()]);
        settings.aliases.insert(HOSTILE.to_owned(), vec!["</textarea><img src=x>".to_owned()]);
        settings.topics.insert(HOSTILE.to_owned(), vec![HOSTILE.to_owned()]);
        settings.gap_marks.insert(HOSTILE.to_owned(), GapMark::Learning.into());
        settings.exclusions.request_ids.insert(HOSTILE.to_owned());
        settings.exclusions.sessions.insert(HOSTILE.to_owned());
    })
    .await
    .unwrap();
    let list = rig.page("/questions?week=2026-W47").await.replace("&#x2f;", "/");
    let href = |start: &str| {
        let (_, after) = list.split_once(&format!("href=\"{start}")).expect(&list);
        format!("{start}{}", after.split('"').next().unwrap())
            .replace("&amp;", "&")
            .replace("&#x2f;", "/")
    };
    let encoded: String = form_urlencoded::byte_serialize(HOSTILE.as_bytes()).collect();
    let mut paths = vec![
        "/weeks".to_owned(),
        format!("/weeks?by={encoded}"),
        "/weeks/2026-W47".to_owned(),
        "/questions?week=2026-W47".to_owned(),
        format!("/questions?week=2026-W47&text={encoded}&skill={encoded}"),
        format!("/questions?week={encoded}"),
        format!("/questions?{encoded}=1"),
        format!("/login?next={encoded}"),
        "/live".to_owned(),
        "/settings".to_owned(),
        "/dead-letters".to_owned(),
        href("/sessions/"),
        "/interactions/r1".to_owned(),
        "/interactions/a%2Fb%3Fc%23%3Cscript%3Ealert%281%29%3C%2Fscript%3E%22%27".to_owned(),
    ];
    let letters = rig.page("/dead-letters").await.replace("&#x2f;", "/");
    for part in letters.split("href=\"/dead-letters/").skip(1) {
        paths.push(format!("/dead-letters/{}", part.split('"').next().unwrap()));
    }
    assert!(paths.len() >= 14, "{paths:?}");
    for path in paths {
        let answer = rig.get(&path).await;
        assert!(answer.status != 404 && answer.status != 500, "{path}: {}", answer.status);
        check(&answer.body, &path);
    }
}
