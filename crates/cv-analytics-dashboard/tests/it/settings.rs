//! Settings that are changed on the page: seen before they are saved, and undone.

use axum::body::Body;
use axum::http::Request;
use cv_analytics_core::event::{RequestId, SessionDigest};
use cv_analytics_core::store::Store as _;
use cv_analytics_insights::settings::FigureSettings;
use serde_json::json;

use crate::rig::{Answered, HOST, MONDAY, Rig, TOKEN, mailing, whole};

const CV: &str = "/settings/cv";

/// A week in which nothing was found for Kubernetes and parking.
async fn rig() -> Rig {
    let rig = Rig::new().await;
    let none = json!({"matchType": "none", "outcome": "no_match", "sessionId": "s1"});
    rig.keep(&[
        whole("r1", MONDAY, "Do you know k8s?", &none),
        whole("r2", MONDAY + 1000, "Is there a car park?", &none),
        whole("r3", MONDAY + 2000, "Kubernetes?", &json!({"matchType": "none"})),
    ])
    .await;
    rig
}

async fn settings(rig: &Rig) -> FigureSettings {
    FigureSettings::load(&rig.store).await.unwrap()
}

/// The value of a hidden field.
fn hidden(page: &str, name: &str) -> String {
    let (_, after) = page.split_once(&format!("name=\"{name}\" value=\"")).expect(page);
    after.split('"').next().unwrap().to_owned()
}

async fn save(rig: &Rig, path: &str, fields: &[(&str, &str)], preview: &Answered) -> Answered {
    let base = hidden(&preview.body, "base");
    rig.post(path, &[fields, &[("do", "save"), ("base", &base)]].concat()).await
}

async fn undo(rig: &Rig) -> Answered {
    let at = hidden(&rig.page("/settings").await, "at");
    rig.post("/settings/undo", &[("at", &at)]).await
}

#[tokio::test]
async fn a_cv_list_is_looked_at_saved_and_undone() {
    let rig = rig().await;
    let fields = [("text", "Kubernetes\r\nGo")];
    let preview = rig.post(CV, &fields).await;
    assert_eq!(preview.status, 200, "{}", preview.body);
    for part in [
        "<dt>Added</dt><dd dir=\"auto\">Go and Kubernetes</dd>",
        "What it changes in week <span class=\"nowrap\">2026-W47",
        "Gap Kubernetes: “Not covered” → “On your CV, but not found”",
        "On your CV, never asked about: Go",
    ] {
        assert!(preview.body.contains(part), "{part}: {}", preview.body);
    }
    assert_eq!(settings(&rig).await.cv, None, "nothing is kept yet");
    let saved = save(&rig, CV, &fields, &preview).await;
    assert_eq!((saved.status.as_u16(), saved.header("location")), (303, "/settings#changed"));
    assert_eq!(settings(&rig).await.cv, Some(vec!["Kubernetes".to_owned(), "Go".to_owned()]));
    let page = rig.page("/settings").await;
    assert!(page.contains("<strong>CV list</strong>: <span dir=\"auto\">added Go and Kubernetes"));
    assert!(page.contains(">\nKubernetes\nGo\n</textarea>"), "{page}");

    assert_eq!(undo(&rig).await.status, 303);
    assert_eq!(settings(&rig).await, FigureSettings::default());
    assert!(rig.page("/settings").await.contains("removed Go and Kubernetes"));
    assert_eq!(undo(&rig).await.status, 303, "and the undoing is undone");
    assert_eq!(settings(&rig).await.cv.unwrap().len(), 2);
}

#[tokio::test]
async fn aliases_topics_and_a_json_resume_are_read_like_files() {
    let rig = rig().await;
    for (path, text, told) in [
        ("/settings/aliases", "Kubernetes = kay eights", "Added"),
        ("/settings/topics", "parking = car park", "Topic parking: 0 → 1 question"),
        (CV, r#"{"skills":[{"name":"Backend","keywords":["Go","Rust"]}]}"#, "Backend, Go and Rust"),
    ] {
        let preview = rig.post(path, &[("text", text)]).await;
        assert!(preview.body.contains(told), "{told}: {}", preview.body);
        let saved = save(&rig, path, &[("text", text)], &preview).await;
        assert_eq!(saved.status, 303, "{path}: {}", saved.body);
    }
    let settings = settings(&rig).await;
    assert_eq!(settings.aliases["Kubernetes"], ["kay eights"]);
    assert_eq!(settings.topics["parking"], ["car park"]);
    assert_eq!(settings.cv.unwrap(), ["Backend", "Go", "Rust"]);
    let page = rig.page("/settings").await;
    assert!(page.contains(">\nKubernetes: kay eights\n</textarea>"));
    assert!(page.contains(">\nparking = car park\n</textarea>"));
}

#[tokio::test]
async fn interactions_and_conversations_are_left_out_and_counted_again() {
    let rig = rig().await;
    let path = "/settings/exclusions";
    let fields = [("text", "r3"), ("conversation-of", "r1")];
    let preview = rig.post(path, &fields).await;
    assert!(preview.body.contains("Questions that count: 3 → 0"), "{}", preview.body);
    assert_eq!(save(&rig, path, &fields, &preview).await.status, 303);
    let kept = settings(&rig).await.exclusions;
    let r1 = rig.store.interaction(&RequestId::new("r1").unwrap()).await.unwrap().unwrap();
    let session = r1.query.unwrap().session.unwrap();
    assert!(kept.sessions.contains(session.as_str()) && kept.request_ids.contains("r3"));

    let digest = SessionDigest::of(session.as_str()).to_string();
    let page = rig.page("/settings").await;
    assert!(page.contains(&format!("name=\"session\" value=\"{digest}\" checked")), "{page}");
    let fields = [("text", ""), ("session", &*digest)];
    let preview = rig.post(path, &fields).await;
    assert!(preview.body.contains("Questions that count: 0 → 1"), "{}", preview.body);
    assert_eq!(save(&rig, path, &fields, &preview).await.status, 303);
    let kept = settings(&rig).await.exclusions;
    assert!(kept.request_ids.is_empty() && kept.sessions.len() == 1);
    assert_eq!(undo(&rig).await.status, 303);
    assert_eq!(settings(&rig).await.exclusions.request_ids.len(), 1);

    for (id, told) in [("none", "Unknown request ID"), ("r3", "Missing session")] {
        let answer = rig.post(path, &[("text", "r3"), ("conversation-of", id)]).await;
        assert_eq!(answer.status, 400);
        assert!(answer.body.contains(told), "{told}: {}", answer.body);
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_beside_the_field_and_what_was_typed_stays() {
    let rig = rig().await;
    let typed = "parking = car park\n</textarea><script>alert(1)</script>";
    let answer = rig.post("/settings/topics", &[("text", typed)]).await;
    assert_eq!(answer.status, 400);
    assert!(
        answer.body.contains(
            "id=\"topics-error\">Line 2: missing &quot;=&quot;: write “name = phrase, phrase”"
        ),
        "{}",
        answer.body
    );
    let escaped =
        "car park\n&lt;&#x2f;textarea&gt;&lt;script&gt;alert(1)&lt;&#x2f;script&gt;</textarea>";
    assert!(answer.body.contains(escaped) && !answer.body.contains("<script>alert"));
    assert!(answer.body.contains("<details open><summary>Change"));
    assert!(answer.body.contains("aria-label=\"Pages\""), "the page has its navigation");

    let back = rig.post("/settings/topics", &[("text", typed), ("do", "edit")]).await;
    assert!(back.status == 200 && back.body.contains(escaped));
    assert_eq!(settings(&rig).await, FigureSettings::default());
}

#[tokio::test]
async fn what_changed_meanwhile_is_neither_overwritten_nor_undone() {
    let rig = rig().await;
    let mine = [("text", "Go")];
    let preview = rig.post(CV, &mine).await;
    let others = |entry: &str| {
        let entry = entry.to_owned();
        FigureSettings::change(&rig.store, move |settings| settings.cv = Some(vec![entry.clone()]))
    };
    others("Rust").await.unwrap();
    let stale = save(&rig, CV, &mine, &preview).await;
    assert_eq!(stale.status, 409);
    assert!(stale.body.contains("Not saved: your CV list changed meanwhile"), "{}", stale.body);
    assert!(stale.body.contains("<dt>Removed</dt><dd dir=\"auto\">Rust</dd>"));
    assert_eq!(save(&rig, CV, &mine, &stale).await.status, 303);

    let at = hidden(&rig.page("/settings").await, "at");
    others("Zig").await.unwrap();
    assert!(!rig.page("/settings").await.contains("id=\"changed\""), "nothing is offered");
    let refused = rig.post("/settings/undo", &[("at", &at)]).await;
    assert_eq!(refused.status, 409);
    assert!(refused.body.contains("Not undone"), "{}", refused.body);
    assert_eq!(settings(&rig).await.cv.unwrap(), ["Zig"]);
    // A mark is another setting: it stands in nobody's way.
    assert_eq!(rig.post("/settings/undo", &[("at", "2026-01-01T00:00:00Z")]).await.status, 409);
}

#[tokio::test]
async fn a_change_that_changes_nothing_is_not_offered() {
    let rig = rig().await;
    let preview = rig.post(CV, &[("text", " ")]).await;
    assert!(preview.body.contains("Nothing to save"), "{}", preview.body);
    assert!(!preview.body.contains("value=\"save\""));
    let preview = rig.post(CV, &[("text", "Zig")]).await;
    assert!(preview.body.contains("value=\"save\""));
    let quiet = rig.post("/settings/topics", &[("text", "moon = lunar base")]).await;
    assert!(quiet.body.contains("Nothing: its gaps, skills and topics stay"), "{}", quiet.body);
}

#[tokio::test]
async fn forms_of_others_and_forms_that_are_too_large_change_nothing() {
    let rig = rig().await;
    let send = async |path: &str, body: String| {
        let request = Request::post(path).header("host", HOST).header("cookie", &rig.cookie);
        rig.send(request.body(Body::from(body)).unwrap()).await.status
    };
    for path in [CV, "/settings/undo", "/connect/secrets", "/connect/test"] {
        assert_eq!(send(path, "text=Go&do=save".to_owned()).await, 403, "{path}");
        assert_eq!(send(path, format!("text={}", "a".repeat(70_000))).await, 413, "{path}");
    }
    assert_eq!(rig.post("/settings/nothing", &[("text", "")]).await.status, 404);
    assert_eq!(rig.post(CV, &[]).await.status, 400);
    assert_eq!(settings(&rig).await, FigureSettings::default());
    // What was imported and is larger than a form is not offered for writing.
    FigureSettings::change(&rig.store, |settings| {
        settings.cv = Some((0..9_000).map(|number| format!("skill {number}")).collect());
    })
    .await
    .unwrap();
    let page = rig.page("/settings").await;
    assert!(
        page.contains("It is too large to be changed here") && !page.contains("id=\"cv-text\"")
    );
}

#[tokio::test]
async fn a_program_sees_the_settings_without_forms() {
    let rig = rig().await;
    let request = Request::get("/settings")
        .header("host", HOST)
        .header("authorization", format!("Bearer {TOKEN}"));
    let page = rig.send(request.body(Body::empty()).unwrap()).await.body;
    assert!(page.contains("Your topics") && !page.contains("<form"), "{page}");
}

#[tokio::test]
async fn the_page_says_who_gets_the_mail_and_where_that_is_set() {
    let rig = Rig::mailing(None, mailing(&["a@example.org", "b@example.org"])).await;
    let page = rig.page("/settings").await;
    for part in ["a@example.org, b@example.org", "cron(0 9 ? * MON *)", "CV_ANALYTICS_MAIL_TO"] {
        assert!(page.contains(part), "{part}: {page}");
    }
}
