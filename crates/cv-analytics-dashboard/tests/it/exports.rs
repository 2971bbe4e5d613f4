//! CSV and JSON Lines of what is on the screen.

use axum::body::Body;
use axum::http::Request;
use cv_analytics_core::event::RequestId;
use cv_analytics_core::store::Store as _;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::rig::{HOST, MONDAY, Rig, whole};

async fn rig() -> Rig {
    let rig = Rig::new().await;
    let full =
        json!({"matchType": "full", "matchScore": 90, "sessionId": "s", "matchedSkills": ["Go"]});
    let none = json!({
        "matchType": "none", "missingSkills": ["@Odd"], "model": "small-1", "reasoning": "=nothing",
    });
    rig.keep(&[
        whole("=1+1", MONDAY, "=HYPERLINK(\"http://x.example\";\"Go\")", &full),
        whole("r2", MONDAY + 1000, "+44, or\n\"more\"?", &none),
        json!({"eventType": "query", "requestId": "r3", "timestamp": MONDAY + 2000, "query": "Rust?"}),
    ])
    .await;
    rig
}

#[tokio::test]
async fn csv_is_whole_and_holds_no_formula() {
    let answer = rig().await.get("/questions.csv?week=2026-W47").await;
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8; header=present");
    let name = "attachment; filename=\"questions-2026-W47.csv\"";
    assert_eq!(answer.header("content-disposition"), name);
    // The mark by which Excel knows UTF-8.
    let lines = answer.body.strip_prefix('\u{feff}').unwrap();
    let mut reader = csv::Reader::from_reader(lines.as_bytes());
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), 3);
    for record in &records {
        for cell in record {
            let first = cell.trim_start().chars().next();
            assert!(!first.is_some_and(|first| "=+-@".contains(first)), "{cell:?}");
        }
    }
    let row = |id: &str| records.iter().find(|record| &record[0] == id).unwrap();
    assert_eq!(&row("'=1+1")[3], "'=HYPERLINK(\"http://x.example\";\"Go\")");
    assert_eq!(&row("r2")[3], "'+44, or\n\"more\"?");
    assert_eq!(&row("r3")[4], "unanswered");
    assert_eq!(
        [&row("r2")[12], &row("r2")[13], &row("r2")[14]],
        ["other questions", "small-1", "'=nothing"]
    );
}

#[tokio::test]
async fn json_lines_have_the_text_as_it_is() {
    let answer = rig().await.get("/questions.jsonl?week=2026-W47&match=full").await;
    let lines: Vec<Value> =
        answer.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["requestId"], "=1+1");
    assert_eq!(lines[0]["latencyMs"], 900);
    assert_eq!(lines[0]["matchScore"], 90.0);
    assert_eq!(lines[0]["matchedSkills"], json!(["Go"]));
}

#[tokio::test]
async fn an_export_has_what_the_filter_counts() {
    let rig = rig().await;
    for filter in ["", "&outcome=unanswered", "&skill=Go", "&text=ODD", "&session=known"] {
        let total = rig.get(&format!("/questions?week=2026-W47{filter}")).await.total();
        let lines = rig.get(&format!("/questions.jsonl?week=2026-W47{filter}")).await.body;
        assert_eq!(lines.lines().count() as u64, total, "{filter}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_that_stalls_holds_neither_the_log_nor_an_erasure() {
    const QUESTIONS: i64 = 12_000;
    let rig = Rig::new().await;
    let asked = |number: i64, text: &str| {
        json!({"eventType": "query", "requestId": format!("r{number}"), "timestamp": MONDAY + number,
               "query": format!("question {number} {text}")})
    };
    let some: Vec<Value> = (0..QUESTIONS).map(|number| asked(number, "")).collect();
    rig.keep(&some).await;
    let request = Request::get("/questions.jsonl?week=2026-W47")
        .header("host", HOST)
        .header("cookie", &rig.cookie)
        .body(Body::empty());
    let answer = rig.app.clone().oneshot(request.unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200);
    // Who asked takes the beginning, and then nothing any more.
    let mut body = answer.into_body();
    let mut read = body.frame().await.unwrap().unwrap().into_data().unwrap().to_vec();

    let padding = "x".repeat(1_900);
    for number in (QUESTIONS..QUESTIONS + 10_000).step_by(200) {
        let more: Vec<Value> =
            (number..number + 200).map(|number| asked(number, &padding)).collect();
        rig.keep(&more).await;
    }
    // 20 MB were written.
    let log = rig.folder.path().join("cv-analytics.db-wal");
    let bytes = std::fs::metadata(&log).unwrap().len();
    assert!(bytes < 12 << 20, "the log has {bytes} bytes");
    let last = RequestId::new(format!("r{}", QUESTIONS - 1)).unwrap();
    assert_eq!(rig.store.forget_request(&last).await.unwrap().interactions, 1);

    // What it takes later is whole, but for what was erased.
    while let Some(frame) = body.frame().await {
        read.extend_from_slice(&frame.unwrap().into_data().unwrap());
    }
    let lines = String::from_utf8(read).unwrap();
    assert_eq!(i64::try_from(lines.lines().count()).unwrap(), QUESTIONS - 1);
    assert!(!lines.contains(&format!("question {} ", QUESTIONS - 1)));
}
