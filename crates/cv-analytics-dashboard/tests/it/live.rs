//! Questions as they arrive.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use cv_analytics_core::timestamp::Timestamp;
use http_body_util::BodyExt;
use serde_json::json;
use tower::ServiceExt;

use crate::rig::{HOST, MONDAY, NOW, Rig, mailing};

const MINUTE: i64 = 60_000;

/// Reads events until one is there that has all `parts`.
async fn until(body: &mut Body, parts: &[&str]) -> String {
    let mut text = String::new();
    let reading = async {
        while !parts.iter().all(|part| text.contains(part)) {
            let frame = body.frame().await.expect("the stream ended").unwrap();
            text += std::str::from_utf8(frame.data_ref().unwrap()).unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(20), reading).await.expect("nothing came");
    text
}

async fn watch(rig: &Rig, headers: &[(&str, &str)]) -> Body {
    let mut request =
        Request::get("/live/events").header("host", HOST).header("cookie", &rig.cookie);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = rig.app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["x-accel-buffering"], "no");
    assert_eq!(response.headers()["cache-control"], "no-store, no-transform");
    response.into_body()
}

fn question(id: &str, text: &str) -> serde_json::Value {
    json!({"eventType": "query", "requestId": id, "timestamp": MONDAY, "query": text})
}

fn response(id: &str) -> serde_json::Value {
    json!({"eventType": "response", "requestId": id, "timestamp": MONDAY + 500, "matchType": "full"})
}

#[tokio::test]
async fn a_question_comes_by_itself_and_its_answer_after_it() {
    let rig = Rig::new().await;
    rig.keep(&[question("before", "Before?")]).await;
    let mut events = watch(&rig, &[]).await;
    rig.keep(&[question("r1", "Do you know <b>Go</b>?")]).await;
    let text = until(&mut events, &["event: question", "Do you know &lt;b&gt;Go&lt;"]).await;
    assert!(!text.contains("Before?"), "{text}");
    rig.keep(&[response("r1"), response("before")]).await;
    let text = until(&mut events, &["r1", "before"]).await;
    assert!(text.contains("event: answer") && text.contains("fully covered"), "{text}");
}

#[tokio::test]
async fn a_question_waits_for_its_answer_until_that_would_come_too_late() {
    static CLOCK: AtomicI64 = AtomicI64::new(NOW.as_millis());
    let clock = || Timestamp::from_millis(CLOCK.load(Ordering::Relaxed));
    let rig = Rig::at(clock, None, mailing(&[])).await;
    let asked_at = |id: &str, at: i64| json!({"eventType": "query", "requestId": id, "timestamp": at, "query": format!("{id}?")});
    let now = NOW.as_millis();
    rig.keep(&[asked_at("long-ago", now - 15 * MINUTE), asked_at("just-now", now - MINUTE)]).await;
    let page = rig.page("/live").await;
    let (just_now, long_ago) = page.split_once("long-ago?").unwrap();
    assert!(just_now.contains("Waiting for the answer") && !just_now.contains("No answer arrived"));
    assert!(long_ago.contains("No answer arrived") && !long_ago.contains("Waiting"), "{page}");

    let mut events = watch(&rig, &[]).await;
    rig.keep(&[asked_at("by-itself", now)]).await;
    until(&mut events, &["event: question", "by-itself", "Waiting for the answer"]).await;
    CLOCK.store(now + 14 * MINUTE, Ordering::Relaxed);
    let text = until(&mut events, &["event: answer", "just-now", "No answer arrived"]).await;
    assert!(!text.contains("by-itself") && !text.contains("long-ago"), "{text}");
    CLOCK.store(now + 16 * MINUTE, Ordering::Relaxed);
    until(&mut events, &["by-itself", "No answer arrived"]).await;
    rig.keep(&[json!({"eventType": "response", "requestId": "by-itself", "timestamp": now, "matchType": "full"})])
        .await;
    until(&mut events, &["by-itself", "fully covered"]).await;
}

#[tokio::test]
async fn a_browser_that_comes_back_misses_nothing() {
    let rig = Rig::new().await;
    rig.keep(&[question("r1", "One?"), question("r2", "Two?"), question("r3", "Three?")]).await;
    let mut events = watch(&rig, &[("last-event-id", "1")]).await;
    let text = until(&mut events, &["Two?", "Three?"]).await;
    assert!(!text.contains("One?"), "{text}");
}

#[tokio::test]
async fn an_answer_that_came_between_the_page_and_its_stream_is_told() {
    let rig = Rig::new().await;
    rig.keep(&[question("r1", "One?")]).await;
    let page = rig.page("/live").await;
    let (_, cursor) = page.split_once("events?after=").unwrap();
    let cursor = cursor.split('"').next().unwrap().to_owned();
    rig.keep(&[response("r1")]).await;
    let mut events = watch(&rig, &[("last-event-id", &cursor)]).await;
    until(&mut events, &["event: answer", "One?", "fully covered"]).await;
}

#[tokio::test]
async fn a_question_that_may_still_be_answered_says_so_on_every_page() {
    let rig = Rig::new().await;
    let now = NOW.as_millis();
    rig.keep(&[
        json!({"eventType": "query", "requestId": "r1", "timestamp": now, "query": "Do you know Go?"}),
    ])
    .await;
    for path in ["/interactions/r1", "/questions"] {
        let page = rig.page(path).await;
        assert!(page.contains("Waiting for the answer"), "{path}: {page}");
    }
    assert!(!rig.page("/interactions/r1").await.contains("The agent failed"));
}

#[tokio::test]
async fn the_stream_ends_with_the_session_and_with_the_server() {
    let rig = Rig::new().await;
    let mut of_session = watch(&rig, &[]).await;
    rig.post("/logout", &[]).await;
    let ended = async { while of_session.frame().await.is_some() {} };
    tokio::time::timeout(Duration::from_secs(20), ended).await.expect("it goes on");

    let rig = Rig::new().await;
    let mut of_server = watch(&rig, &[]).await;
    rig.dashboard.stop();
    let ended = async { while of_server.frame().await.is_some() {} };
    tokio::time::timeout(Duration::from_secs(20), ended).await.expect("it goes on");
}

#[tokio::test]
async fn the_page_has_the_newest_first_without_the_script() {
    let rig = Rig::new().await;
    rig.keep(&[question("r1", "One?"), question("r2", "Two?")]).await;
    let page = rig.page("/live").await;
    assert!(page.find("Two?").unwrap() < page.find("One?").unwrap());
    assert!(page.contains("<noscript><meta http-equiv=\"refresh\""));
}
