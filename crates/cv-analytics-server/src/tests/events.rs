//! `POST /v1/events`.

use std::io::Write as _;

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
async fn one_event_an_array_lines_and_texts_are_taken_whatever_the_content_type() {
    let other = EVENT.replace("r1", "r2");
    let pretty = |event: &str| {
        serde_json::to_string_pretty(&serde_json::from_str::<Value>(event).unwrap()).unwrap()
    };
    for content_type in [
        "",
        "application/json",
        "Application/JSONL; charset=utf-8",
        "application/jsonlines",
        "application/octet-stream",
        "application/x-ndjson",
        "application/x-www-form-urlencoded",
        "nonsense",
        "text/plain",
    ] {
        for one in [EVENT.to_owned(), format!("\u{feff}[{EVENT}]"), pretty(EVENT)] {
            check(content_type, &one, &["stored r1 "]).await;
        }
        for two in [
            format!(" [{EVENT}, {other} ] "),
            format!("{EVENT}\r\n\n{other}\n"),
            format!("{EVENT}{other}"),
            format!("{}\n{}", pretty(EVENT), pretty(&other)),
            format!("[{},\n{}]", pretty(EVENT), pretty(&other)),
        ] {
            check(content_type, &two, &["stored r1 ", "stored r2 "]).await;
        }
    }
    let json = "application/json";
    check(json, &format!("[{EVENT}, {EVENT}]"), &["stored r1 ", "duplicate r1 "]).await;
    check(json, "[]", &[]).await;
    check(
        json,
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
    check(json, "{\"Count\":1}", &["deadLetter missing_field "]).await;
    check(json, "[1, 2", &["deadLetter not_json "]).await;
    check(
        json,
        &format!("[{EVENT}, {other}"),
        &["stored r1 ", "stored r2 ", "deadLetter not_json "],
    )
    .await;
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

#[tokio::test]
async fn a_packed_body_and_utf_16_are_taken() {
    let lines = format!("{EVENT}\n{}\n", EVENT.replace("r1", "r2"));
    let utf16: Vec<u8> = lines.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for body in [gzip(lines.as_bytes()), gzip(&utf16), utf16] {
        for coding in ["gzip", "x-gzip", "GZIP", "identity", ""] {
            let mut request = post("text/plain", body.clone());
            request.headers_mut().insert("content-encoding", coding.parse().unwrap());
            let answer = Rig::new().send(request).await;
            assert_eq!(answer.json()["stored"], 2, "{coding}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn a_body_that_unpacks_to_too_much_or_not_at_all_is_refused() {
    let bomb = gzip(&vec![b' '; 16 * 1024 * 1024 + 1]);
    assert!(bomb.len() < 100_000);
    check_refused(post("application/json", bomb), 413, "16777216").await;
    let packed = gzip(EVENT.as_bytes());
    let cut = packed.get(..packed.len() - 4).unwrap().to_vec();
    check_refused(post("application/json", cut), 400, "cannot unpack the body").await;
    check_refused(post("application/json", gzip(b"")), 400, "empty").await;
    for coding in ["br", "deflate", "zstd", "gzip, br", "gzip, gzip", "gzip,identity, x-gzip"] {
        let mut request = post("application/json", EVENT);
        request.headers_mut().insert("content-encoding", coding.parse().unwrap());
        check_refused(request, 415, "gzip").await;
    }
}

#[tokio::test]
async fn a_body_is_unpacked_once() {
    let inner = gzip(&vec![b' '; 64 * 1024 * 1024]);
    let rig = Rig::new();
    let answer = rig.send(post("application/json", gzip(&inner))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let arrivals = rig.store.arrivals();
    let kept = arrivals.iter().map(|arrival| match &arrival.content {
        Content::DeadLetter(letter) => letter.body.len(),
        content @ Content::Event(_) => panic!("{content:?}"),
    });
    let kept: usize = kept.sum();
    assert!(kept > 0 && kept <= inner.len(), "{kept}");
}

#[tokio::test]
async fn too_many_entries_are_refused_whole() {
    for entry in ["{\"a\":[\n", "\"\n", "{}", "[1]", "1\n", "[{}]", "x\n", "{\n"] {
        let many = entry.repeat(100_001);
        check_refused(post("application/json", gzip(many.as_bytes())), 413, "several requests")
            .await;
        check_refused(post("application/json", many), 413, "at most 100000").await;
    }
    let array = format!("[{}{{}}]", "{},".repeat(100_000));
    check_refused(post("application/json", array), 413, "at most 100000").await;
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
