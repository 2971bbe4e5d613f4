//! A first run: the agent's secrets, and whether a question arrives.

use axum::body::Body;
use axum::http::Request;
use cv_analytics_core::store::KeyValueStore as _;
use serde_json::json;

use crate::rig::{HOST, MONDAY, NOW, Rig, SECRETS, TEST_ID, TOKEN, mailing, whole};

const WEEK: &str = "/weeks/2026-W48";

fn holds_a_secret(page: &str) -> bool {
    SECRETS
        .iter()
        .any(|(_, value)| page.contains(value) || page.contains(&value.replace('/', "&#x2f;")))
}

#[tokio::test]
async fn the_secrets_are_shown_once_on_a_click() {
    let rig = Rig::new().await;
    for path in [WEEK, "/connect", "/settings"] {
        assert!(!holds_a_secret(&rig.page(path).await), "{path}");
    }
    assert!(rig.page(WEEK).await.contains("Show the four values, once"));
    let shown = rig.post("/connect/secrets", &[]).await;
    assert_eq!((shown.status.as_u16(), shown.header("cache-control")), (200, "no-store"));
    for (name, value) in SECRETS {
        let value = value.replace('/', "&#x2f;");
        assert!(shown.body.contains(&format!("<code>{name}</code></dt><dd><code>{value}</code>")));
    }
    let again = rig.post("/connect/secrets", &[]).await;
    assert!(again.status == 200 && !holds_a_secret(&again.body));
    for page in [again.body, rig.page(WEEK).await] {
        assert!(page.contains("Their values were shown on 24 November 2026"), "{page}");
        assert!(page.contains("credentials.env</code>") && !page.contains("Show the four values"));
    }
}

#[tokio::test]
async fn an_archive_of_another_installation_does_not_hide_the_secrets_of_this_one() {
    let rig = Rig::new().await;
    let of_another = r#"{"at":1767225600000,"key":"00"}"#;
    assert!(rig.store.put("cv-analytics:secrets-shown", of_another, None).await.unwrap());
    assert!(rig.page(WEEK).await.contains("Show the four values, once"));
    assert!(holds_a_secret(&rig.post("/connect/secrets", &[]).await.body));
    assert!(!holds_a_secret(&rig.post("/connect/secrets", &[]).await.body));
}

#[tokio::test]
async fn a_program_is_not_shown_the_secrets() {
    let rig = Rig::new().await;
    let request = Request::post("/connect/secrets")
        .header("host", HOST)
        .header("authorization", format!("Bearer {TOKEN}"));
    let answer = rig.send(request.body(Body::empty()).unwrap()).await;
    assert!(answer.status == 200 && !holds_a_secret(&answer.body));
    assert!(!answer.body.contains("<form"), "it gets no forms either");
    let shown = rig.post("/connect/secrets", &[]).await;
    assert!(holds_a_secret(&shown.body), "and uses nothing up");
}

#[tokio::test]
async fn a_test_question_is_seen_to_arrive_and_counts_in_no_figure() {
    let rig = Rig::new().await;
    let sent = rig.post("/connect/test", &[]).await;
    assert_eq!(sent.header("location"), format!("/connect/test/{TEST_ID}"));
    let page = rig.page(sent.header("location")).await;
    for part in
        ["The test question arrived", "Question stored, asked on", "Answer stored and joined"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(
        rig.page(&format!("/interactions/{TEST_ID}")).await.contains("Left out of the figures")
    );
    let week = rig.page(WEEK).await;
    assert!(week.contains("Connect your agent"), "a test question does not connect an agent");
    assert!(!week.contains("id=\"gaps\""));
    rig.keep(&[whole("r", MONDAY, "Go?", &json!({"matchType": "full"}))]).await;
    assert!(!rig.page(WEEK).await.contains("Connect your agent"));
}

#[tokio::test]
async fn what_failed_of_a_test_question_is_said_with_what_to_do() {
    let rig = Rig::reached(false, || NOW, None, mailing(&[])).await;
    let sent = rig.post("/connect/test", &[]).await;
    assert_eq!(sent.status, 502);
    for part in [
        "&lt;b&gt;refused&lt;&#x2f;b&gt;",
        "It arrived only by the address on this machine",
        "Question stored",
        "tunnel or proxy",
    ] {
        assert!(sent.body.contains(part), "{part}: {}", sent.body);
    }
    let unknown = rig.page("/connect/test/doctor-canary-none").await;
    assert!(unknown.contains("is not in the store") && unknown.contains("cv-analytics doctor"));
}
