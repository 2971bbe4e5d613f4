//! `POST /v1/events`.

use cv_analytics_core::intake::Content;
use serde_json::{Value, json};

use super::*;

fn post(content_type: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post("/v1/events")
        .header("authorization", "Bearer a bearer token")
        .header("content-type", content_type)
        .body(body.into())
        .unwrap()
}

async fn check(content_type: &str, body: &str, expect: &[&str]) {
    let rig = Rig::new();
    let answer = rig.send(post(content_type, body.to_owned())).await;
    assert_eq!(answer.status, 200, "{body}: {}", answer.body);
    let results = answer.json()["results"].clone();
    let shown: Vec<_> = results
        .as_array()
        .unwrap()
        .iter()
        .map(|result| {
            [&result["status"], &result["requestId"], &result["reason"]].map(text).concat()
        })
        .collect();
    assert_eq!(shown, expect, "{body}: {}", answer.body);
    assert_eq!(rig.store.arrivals().len(), expect.len());
}

fn text(value: &Value) -> String {
    value.as_str().map(|text| format!("{text} ")).unwrap_or_default()
}

#[tokio::test]
async fn one_event_an_array_and_lines_are_taken() {
    let json = "application/json";
    let lines = "application/x-ndjson";
    let other = EVENT.replace("r1", "r2");
    check(json, EVENT, &["stored r1 "]).await;
    check("", EVENT, &["stored r1 "]).await;
    check(json, &format!("\u{feff}[{EVENT}]"), &["stored r1 "]).await;
    check("application/x-www-form-urlencoded", EVENT, &["stored r1 "]).await;
    check(
        json,
        &format!(" [{EVENT}, {other} , {EVENT}] "),
        &["stored r1 ", "stored r2 ", "duplicate r1 "],
    )
    .await;
    check(json, "[]", &[]).await;
    check(lines, &format!("{EVENT}\r\n\n{other}\n"), &["stored r1 ", "stored r2 "]).await;
    check(
        "Application/JSONL; charset=utf-8",
        &format!("{EVENT}\n{other}"),
        &["stored r1 ", "stored r2 "],
    )
    .await;
    check(
        lines,
        &format!("{EVENT}\noops\n{other}"),
        &["stored r1 ", "deadLetter not_json ", "stored r2 "],
    )
    .await;
    check(
        json,
        &format!("[{EVENT}, 5, {{\"a\":1}}]"),
        &["stored r1 ", "deadLetter not_an_object ", "deadLetter missing_field "],
    )
    .await;
    check(json, "not json", &["deadLetter not_json "]).await;
    check(json, "[1, 2", &["deadLetter not_json "]).await;
    check(json, &format!("{EVENT}\n{other}"), &["deadLetter not_json "]).await;
}

#[tokio::test]
async fn a_dead_letter_keeps_its_own_bytes() {
    let rig = Rig::new();
    rig.send(post("application/json", format!("[{EVENT}, {{ \"a\" :  1.50 }} ]"))).await;
    match &rig.store.arrivals()[1].content {
        Content::DeadLetter(letter) => {
            assert_eq!(letter.body, b"{ \"a\" :  1.50 }");
        }
        content @ Content::Event(_) => panic!("{content:?}"),
    }
}

#[tokio::test]
async fn what_became_of_events_is_counted() {
    let lines = format!("{EVENT}\n{EVENT}\nx\n");
    let answer = Rig::new().send(post("application/x-ndjson", lines)).await.json();
    let counts =
        json!([answer["stored"], answer["duplicates"], answer["conflicts"], answer["deadLetters"]]);
    assert_eq!(counts, json!([1, 1, 0, 1]));
}

#[tokio::test]
async fn thousands_of_lines_are_answered_one_by_one() {
    let lines: String = (0..3_000).map(|n| EVENT.replace("r1", &format!("r{n}")) + "\n").collect();
    let rig = Rig::new();
    let answer = rig.send(post("application/x-ndjson", lines)).await.json();
    assert_eq!(answer["stored"], 3_000);
    assert_eq!(answer["results"][2_999]["requestId"], "r2999");
}

async fn check_refused(request: Request<Body>, status: u16, part: &str) {
    let rig = Rig::new();
    let answer = rig.send(request).await;
    assert_eq!(answer.status, status, "{}", answer.body);
    assert!(answer.json()["message"].as_str().unwrap().contains(part), "{}", answer.body);
    assert!(rig.store.arrivals().is_empty());
}

#[tokio::test]
async fn too_much_and_nothing_are_refused_whole() {
    let big = "x".repeat(1024 * 1024 + 1);
    check_refused(post("application/json", ""), 400, "empty").await;
    check_refused(post("application/json", " \n "), 400, "empty").await;
    check_refused(post("application/x-ndjson", "\n\n"), 400, "empty").await;
    check_refused(post("application/json", big.clone()), 413, "event 1 of 1").await;
    check_refused(
        post("application/x-ndjson", format!("{EVENT}\n{big}")),
        413,
        "event 2 of 2 has 1048577 bytes",
    )
    .await;
    check_refused(post("application/json", format!("[{EVENT}, \"{big}\"]")), 413, "event 2 of 2")
        .await;
    check_refused(post("application/json", " ".repeat(16 * 1024 * 1024 + 1)), 413, "16777216")
        .await;
}
