//! The golden events: what the intake makes of every shape that is in use (`fixtures/events`), and of what the Worker's
//! client sends (`fixtures/worker-events`, which the client's tests compare with what it sends).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::Path;

use cv_analytics_core::intake::{Content, Intake};
use cv_analytics_core::interaction::{Interaction, Joined};
use cv_analytics_core::privacy::{Privacy, SessionKey};
use cv_analytics_core::timestamp::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

fn intake() -> Intake {
    Intake::new(Privacy::full(SessionKey::new(b"golden".to_vec())))
}

/// Reads what an archive holds, under the same rules.
fn of_archive() -> Intake {
    Intake::of_archive(Privacy::full(SessionKey::new(b"golden".to_vec())))
}

fn read(body: &[u8]) -> Value {
    read_by(&intake(), body)
}

fn read_by(intake: &Intake, body: &[u8]) -> Value {
    match intake.read(body, Timestamp::from_millis(0)) {
        Content::Event(event) => {
            let Joined::Changed(record) = Interaction::join(None, &event) else {
                panic!("nothing was there")
            };
            json!({ "events": record.into_events().iter().map(cv_analytics_core::event::Event::to_json).collect::<Vec<_>>() })
        }
        Content::DeadLetter(letter) => {
            assert_eq!(letter.body, body);
            json!({ "deadLetter": letter.reason })
        }
    }
}

#[test]
fn every_golden_event_is_read_as_its_file_says_and_again_when_exported() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let files = |folder: &str| -> Vec<_> {
        let mut files: Vec<_> = fs::read_dir(fixtures.join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        assert!(files.len() >= 10);
        files
    };
    for file in [files("events"), files("worker-events")].concat() {
        let golden: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        let made = read(golden["event"].to_string().as_bytes());
        assert_eq!(made, golden["expect"], "{}", file.display());
        for event in made["events"].as_array().into_iter().flatten() {
            for intake in [intake(), of_archive()] {
                assert_eq!(
                    read_by(&intake, event.to_string().as_bytes()),
                    made,
                    "exported and read again: {}",
                    file.display()
                );
            }
        }
    }
}

#[test]
fn bytes_that_are_no_json_become_a_dead_letter_whole() {
    for body in [
        &b""[..],
        b"{",
        b"{\"eventType\":\"query\"",
        b"\xff\xfe",
        b"null",
        b"NaN",
        b"{\"a\":1}{\"b\":2}",
        &b"[".repeat(10_000),
    ] {
        let expect = if body == b"null" { "not_an_object" } else { "not_json" };
        assert_eq!(
            read(body),
            json!({ "deadLetter": expect }),
            "{}",
            String::from_utf8_lossy(&body[..body.len().min(30)])
        );
    }
}

#[test]
fn a_kept_form_over_256_kib_is_too_large_and_a_long_question_is_not() {
    let event = |field: &str, length: usize| {
        let mut event = json!({"eventType": "query", "requestId": "r", "timestamp": 1_763_000_000_000_i64, "query": "q"});
        event[field] = json!("x y ".repeat(length / 4));
        event.to_string()
    };
    assert_eq!(read(event("extra", 300_000).as_bytes()), json!({ "deadLetter": "too_large" }));
    assert_eq!(
        read(event("query", 900_000).as_bytes())["events"][0]["query"]
            .as_str()
            .unwrap()
            .chars()
            .count(),
        2000
    );
}

#[test]
fn free_text_in_other_fields_is_as_short_as_a_question_and_says_so() {
    let note = "call 07911 123456 ".repeat(200);
    let event = json!({"eventType": "query", "requestId": "r", "timestamp": 1_763_000_000, "query": "w ".repeat(2000),
                       "answer": note, "blob": "w".repeat(3000), "short": "a b",
                       "metadata": {"jane@example.com": [{"text": note}], "b": "x y"}, "cut": ["answer"]});
    let made = read(event.to_string().as_bytes());
    let kept = &made["events"][0];
    assert_eq!(kept["cut"], json!(["answer", "metadata", "query"]));
    for text in [&kept["answer"], &kept["metadata"]["[email]"][0]["text"]] {
        let text = text.as_str().unwrap();
        assert!((1_500..=2_000).contains(&text.len()), "{}", text.len());
        assert!(!text.contains(|letter: char| letter.is_ascii_digit()), "{text}");
    }
    assert_eq!(kept["blob"].as_str().unwrap().len(), 3000);
    assert_eq!((&kept["short"], &kept["metadata"]["b"]), (&json!("a b"), &json!("x y")));
    assert_eq!(read(kept.to_string().as_bytes()), made, "exported and read again");
}

#[test]
fn other_fields_of_a_mebibyte_are_too_large_in_any_shape() {
    let event = |extra: Value| {
        json!({"eventType": "query", "requestId": "r", "timestamp": 1_763_000_000, "query": "q", "extra": extra})
            .to_string()
    };
    let text = |bytes: usize| "call 07911 123456 ".repeat(bytes / 18);
    let nested = |levels: usize, bytes: usize| {
        (0..levels).fold(json!({}), |inner, _| json!({"note": text(bytes), "inner": inner}))
    };
    for extra in [
        json!(text(900_000)),
        json!(vec![text(90); 10_000]),
        nested(100, 9_000),
        json!({ text(900_000): 1 }),
    ] {
        let event = event(extra);
        assert!(event.len() > 800_000);
        assert_eq!(read(event.as_bytes()), json!({ "deadLetter": "too_large" }));
    }
    let made = read(event(json!(vec!["call 07911 123456"; 10_000])).as_bytes());
    assert_eq!(made["events"][0]["extra"], json!(vec!["call [phone]"; 10_000]));
    let made = read(event(nested(100, 1_800)).as_bytes());
    assert_eq!(made["events"][0]["extra"]["inner"]["note"], json!("call [phone] ".repeat(100)));
}

#[test]
fn notes_that_an_event_brings_along_are_short_and_few() {
    let notes: Vec<String> = (0..1_000).map(|n| format!("{n} {}", "w ".repeat(400))).collect();
    let event = json!({"eventType": "query", "requestId": "r", "timestamp": 1_763_000_000, "query": "q", "tolerated": notes});
    let made = read(event.to_string().as_bytes());
    let kept = made["events"][0]["tolerated"].as_array().unwrap();
    assert_eq!(kept.len(), 50);
    assert!(kept.iter().all(|note| note.as_str().unwrap().len() <= 200));
    assert_eq!(read(made["events"][0].to_string().as_bytes()), made);
}

#[test]
fn an_event_is_read_as_it_was_kept() {
    let event = json!({"eventType": "query", "requestId": "r", "timestamp": 1_763_000_000_000_i64, "query": " ",
                       "note": "call 07911 123456 ".repeat(200), "metadata": {"session_id": "s"}});
    let Content::Event(kept) =
        Intake::as_kept().read(event.to_string().as_bytes(), Timestamp::from_millis(0))
    else {
        panic!("was not read")
    };
    assert_eq!(kept.to_json(), event);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn an_archive_gives_back_what_was_kept_under_the_same_rules(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "07700 900123", "AKIAIOSFODNN7EXAMPLE", "jane@example.com", "token=", "password: hunter2", "[phone]", "(at)",
                " ", "   ", "https://", "1", "12", "x", "ß", "DE89 3704 0044 0532 0130 00", "\n", "\u{202e}", "\"",
            ]),
            1..30,
        ),
        times in 1_usize..150,
    ) {
        let text = format!("x {}", pieces.concat().repeat(times));
        let event = json!({"eventType": "response", "requestId": "r", "timestamp": 1_763_000_000_000_i64, "matchType": "none",
            "query": text, "queryTimestamp": 1_763_000_000_000_i64, "reasoning": text, "answer": text, "topic": text,
            "missingSkills": [text, "Go"], "note": {"deep": [text], "session_id": text}, "sessionId": text, "other words": text});
        let kept = read(event.to_string().as_bytes());
        for event in kept["events"].as_array().into_iter().flatten() {
            prop_assert_eq!(read_by(&of_archive(), event.to_string().as_bytes()), kept.clone());
        }
    }
}

#[test]
fn what_another_program_wrote_goes_through_the_rules() {
    let event = json!({"eventType": "query", "requestId": "r", "timestamp": 1_763_000_000_000_i64,
                       "query": "mail jane@example.com", "sessionId": "s", "note": "call 07911 123456 please",
                       "metadata": {"userAgent": "Mozilla/5.0", "session_id": "s"}});
    let made = read_by(&of_archive(), event.to_string().as_bytes());
    let kept = &made["events"][0];
    assert_eq!(
        (&kept["query"], &kept["note"]),
        (&json!("mail [email]"), &json!("call [phone] please"))
    );
    assert!(kept["sessionId"].as_str().unwrap().starts_with("hashed:"), "{kept}");
    assert_eq!(kept["metadata"]["session_id"], kept["sessionId"]);
    assert_eq!(kept["metadata"].get("userAgent"), None);
}

#[test]
fn no_answer_of_any_form_is_kept_where_the_owner_keeps_none() {
    let mut privacy = Privacy::full(SessionKey::new(b"golden".to_vec()));
    privacy.keep_answers = false;
    let intake = Intake::new(privacy);
    let response = |answer: Value| json!({"eventType": "response", "requestId": "r", "timestamp": 1_763_000_000, "matchType": "full", "answer": answer});
    let combined = json!({"type": "query", "correlationId": "r", "timestamp": 1_763_000_000, "query": "q",
                          "response": "my secret"});
    for event in [
        response(json!("my secret")),
        response(json!({"text": "my secret"})),
        response(json!(["my secret"])),
        json!({"eventType": "response", "requestId": "r", "timestamp": 1_763_000_000, "matchType": "full",
               "Answer": "my secret", "metadata": {"parts": [{"the": 1, "ANSWER": "my secret"}]}}),
        combined,
    ] {
        let made = read_by(&intake, event.to_string().as_bytes());
        assert!(made["events"].is_array() && !made.to_string().contains("secret"), "{made}");
        let again = read_by(&of_archive(), made["events"][0].to_string().as_bytes());
        assert_eq!(again, made, "exported and read again");
    }
}

#[test]
fn a_question_without_its_timestamp_is_kept_as_short_as_any_other() {
    let event = json!({"eventType": "response", "requestId": "r", "timestamp": 1_763_000_000, "outcome": "answered",
                       "query": "w".repeat(5000)});
    let made = read(event.to_string().as_bytes());
    assert_eq!(made["events"][0]["query"].as_str().unwrap().len(), 2000);
    assert_eq!(made["events"][0]["cut"], json!(["query"]));
    assert_eq!(read(made["events"][0].to_string().as_bytes()), made);
}

#[test]
fn half_a_surrogate_pair_is_mended_and_a_whole_one_stays() {
    let body = br#"{"eventType":"query","requestId":"r","timestamp":1763000000,"query":"\ud83d\ude00 cut \ud83d, \\ud83d"}"#;
    let made = read(body);
    assert_eq!(made["events"][0]["query"], "\u{1f600} cut \u{fffd}, \\ud83d");
    assert_eq!(
        made["events"][0]["tolerated"],
        json!(["replaced half a surrogate pair with U+FFFD"])
    );
}

#[test]
fn nul_bidi_and_markup_are_kept_as_they_are() {
    let text = "a\u{0}b \u{202e}evil <script>alert(1)</script> =cmd|'/c calc'!A1";
    let event =
        json!({"eventType": "query", "requestId": "r", "timestamp": 1_763_000_000, "query": text});
    assert_eq!(read(event.to_string().as_bytes())["events"][0]["query"], text);
}

#[test]
fn a_dead_letters_detail_holds_no_text_of_the_message() {
    for event in [
        json!({"eventType": "my secret", "requestId": "r", "timestamp": 1}),
        json!({"eventType": "query", "requestId": "r", "timestamp": "my secret", "query": "q"}),
        json!({"eventType": "response", "requestId": "r", "timestamp": 1_763_000_000, "matchType": "my secret"}),
        json!({"eventType": "response", "requestId": "r", "timestamp": 1_763_000_000, "outcome": "my secret"}),
    ] {
        let Content::DeadLetter(letter) =
            intake().read(event.to_string().as_bytes(), Timestamp::from_millis(0))
        else {
            panic!("{event} was read");
        };
        assert!(!letter.detail.contains("secret"), "{}", letter.detail);
    }
}
