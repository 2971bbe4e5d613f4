//! The corpora of personal and of plain texts (`fixtures/privacy`): what is personal goes, and nothing else does.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use cv_analytics_core::privacy::{Privacy, SessionKey};
use serde_json::Value;

fn lines(path: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(path);
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Redacts each text; prints those that are not as expected, and counts them.
fn failures(lines: &[Value], expect: impl Fn(&Value) -> Value) -> usize {
    let privacy = Privacy::full(SessionKey::new(b"corpus".to_vec()));
    let mut failed = 0;
    for line in lines {
        let text = line["text"].as_str().unwrap();
        let kept = privacy.text(text).into_owned();
        assert_eq!(privacy.text(&kept), kept, "redacted twice");
        if expect(line) != kept.as_str() {
            failed += 1;
            println!("{text:?} became {kept:?} instead of {}", expect(line));
        }
    }
    failed
}

#[test]
fn what_is_personal_goes() {
    let lines = lines("privacy/personal.jsonl");
    assert!(lines.len() >= 150);
    assert_eq!(failures(&lines, |line| line["kept"].clone()), 0, "slipped through");
}

#[test]
fn what_is_plain_stays() {
    let lines = [
        lines("privacy/plain.jsonl"),
        lines("questions/skills.jsonl"),
        lines("questions/topics.jsonl"),
    ]
    .concat();
    assert!(lines.len() >= 2_900);
    assert_eq!(failures(&lines, |line| line["text"].clone()), 0, "destroyed");
}
