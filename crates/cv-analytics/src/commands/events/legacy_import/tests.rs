//! What rows stand for.

use cv_analytics_core::intake::{Content, Intake};
use cv_analytics_core::privacy::{Privacy, SessionKey};
use cv_analytics_server::body::json_texts::{JsonText, JsonTexts};

use super::*;

#[track_caller]
fn check(row: &Value, expect: &Value) {
    let expect = match expect {
        Value::String(_) => panic!("expect an event"),
        event => Line::Row(event.clone()),
    };
    assert_eq!(read(row.to_string().as_bytes()), expect, "{row}");
}

fn asked() -> Value {
    json!({"eventType": "query", "requestId": "r", "timestamp": 1, "query": "q"})
}

#[test]
fn a_row_that_waits_is_a_question() {
    check(
        &json!({"requestId": "r", "timestamp": 1, "query": "q", "status": "pending", "ttl": 9, "week": "2025-W45"}),
        &asked(),
    );
    check(
        &json!({"requestId": "r", "timestamp": 1, "query": "q", "ttl": 9, "matchType": null, "reasoning": ""}),
        &asked(),
    );
    check(
        &json!({"requestId": "r", "queryTimestamp": 1, "query": "q", "status": "failed"}),
        &asked(),
    );
}

#[test]
fn a_row_with_two_moments_is_a_self_contained_answer() {
    let expect = json!({"eventType": "response", "requestId": "r", "timestamp": 2, "queryTimestamp": 1,
                        "query": "q", "matchType": "full", "matchScore": 72, "sessionId": "s"});
    for moments in [
        json!({"timestamp": 1, "responseTimestamp": 2}),
        json!({"timestamp": 2, "queryTimestamp": 1}),
        json!({"timestamp": 1, "queryTimestamp": 1, "responseTimestamp": 2}),
    ] {
        let mut row = json!({"requestId": "r", "query": "q", "matchType": "full", "matchScore": 72,
                             "sessionId": "s", "status": "complete", "week": "2025-W45", "expiresAt": 5});
        row.as_object_mut().unwrap().extend(moments.as_object().unwrap().clone());
        check(&row, &expect);
    }
}

#[test]
fn a_row_with_one_moment_is_a_combined_event_without_latency() {
    let row = json!({"requestId": "r", "timestamp": 1, "query": "q", "matchType": "none", "status": "complete"});
    let expect = json!({"eventType": "query", "requestId": "r", "timestamp": 1, "query": "q",
                        "matchType": "none", "response": ""});
    check(&row, &expect);
    let mut same = row.clone();
    same["responseTimestamp"] = json!("1970-01-01T00:00:01Z");
    same["timestamp"] = json!(1);
    let Line::Row(event) = read(same.to_string().as_bytes()) else { panic!("no row") };
    assert_eq!(event["eventType"], "response", "1970 is no moment, so the two are not compared");
}

#[test]
fn an_answer_alone_and_a_complete_row_without_a_match_stay_what_they_are() {
    check(
        &json!({"requestId": "r", "responseTimestamp": 2, "matchType": "full", "status": "orphan"}),
        &json!({"eventType": "response", "requestId": "r", "timestamp": 2, "matchType": "full"}),
    );
    check(
        &json!({"requestId": "r", "timestamp": 1, "query": "q", "status": "Completed"}),
        &json!({"eventType": "query", "requestId": "r", "timestamp": 1, "query": "q", "response": ""}),
    );
}

#[test]
fn typed_json_is_read_in_every_type() {
    let long: Value = serde_json::from_str("12345678901234567890123").unwrap();
    check(
        &json!({"Item": {
            "requestId": {"S": "r"}, "timestamp": {"N": "1"}, "query": {"S": "q"}, "status": {"S": "pending"},
            "tokens": {"N": "4.5"}, "long": {"N": "12345678901234567890123"}, "cached": {"BOOL": false},
            "model": {"NULL": true}, "tags": {"SS": ["a"]}, "counts": {"NS": ["1", "2"]}, "raw": {"B": "AA=="},
            "metadata": {"M": {"sources": {"L": [{"S": "x"}, {"N": "3"}]}}},
        }}),
        &json!({"eventType": "query", "requestId": "r", "timestamp": 1, "query": "q",
                "tokens": 4.5, "long": long, "cached": false, "tags": ["a"],
                "counts": [1, 2], "raw": "AA==", "metadata": {"sources": ["x", 3]}}),
    );
}

#[test]
fn what_is_no_row_is_left_alone_and_what_is_not_understood_is_said() {
    let line = |value: Value| read(value.to_string().as_bytes());
    assert_eq!(line(json!({"eventType": "query", "requestId": "r", "status": "x"})), Line::Other);
    assert_eq!(line(json!({"requestId": "r", "timestamp": 1, "query": "q"})), Line::Other);
    assert_eq!(line(json!([1])), Line::Other);
    assert_eq!(read(b"{\"status\":"), Line::Other);
    for (row, why) in [
        (json!({"requestId": "r", "timestamp": 1, "ttl": 5}), "neither a question nor an answer"),
        (json!({"Item": {"requestId": "r"}}), "typed JSON"),
        (json!({"Item": {"requestId": {"X": "r"}}}), "typed JSON"),
        (json!({"requestId": {"S": "r"}, "queryHalf": {"M": {}}}), "this program's own tables"),
    ] {
        match line(row.clone()) {
            Line::NotUnderstood(_, said) => assert!(said.contains(why), "{said}"),
            other => panic!("{row} gave {other:?}"),
        }
    }
}

/// The golden rows: every form, with the canonical events that the intake makes of them.
#[test]
fn golden_rows_become_the_events_beside_them() {
    let intake = Intake::new(Privacy {
        hash_sessions: false,
        ..Privacy::full(SessionKey::new(b"tests".to_vec()))
    });
    let expected: Vec<Value> = include_str!("../../../../tests/earlier_rows/events.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for (name, file) in [
        ("scan.json", &include_bytes!("../../../../tests/earlier_rows/scan.json")[..]),
        ("s3-export.jsonl", include_bytes!("../../../../tests/earlier_rows/s3-export.jsonl")),
        ("plain.jsonl", include_bytes!("../../../../tests/earlier_rows/plain.jsonl")),
    ] {
        let read_one = |text: std::io::Result<JsonText>| {
            let Line::Row(event) = read(&text.unwrap().bytes) else { panic!("{name}: no row") };
            match intake.read(event.to_string().as_bytes(), Timestamp::from_millis(0)) {
                Content::Event(event) => event.to_json(),
                Content::DeadLetter(letter) => panic!("{name}: {}", letter.detail),
            }
        };
        let texts = JsonTexts::new(file).with_scans();
        assert_eq!(texts.map(read_one).collect::<Vec<Value>>(), expected, "{name}");
    }
}
