//! `docs/schemas/event.json`, the schema of events for other programs: what it says to send is read, what is read it
//! knows, and what is refused it refuses.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};

use cv_analytics_core::dead_letter::Reason;
use cv_analytics_core::event::{MatchSource, MatchType, Outcome, Rating, Traffic};
use cv_analytics_core::intake::{Content, Intake};
use cv_analytics_core::privacy::{Privacy, SessionKey};
use cv_analytics_core::timestamp::Timestamp;
use jsonschema::Validator;
use serde_json::{Value, json};

const SCHEMA: &str = include_str!("../../../../docs/schemas/event.json");

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

/// What to send.
fn to_send() -> Validator {
    jsonschema::draft202012::new(&schema()).unwrap()
}

/// Whatever is read.
fn tolerated() -> Validator {
    let definitions = schema()["$defs"].take();
    jsonschema::draft202012::new(&json!({"$ref": "#/$defs/tolerated", "$defs": definitions}))
        .unwrap()
}

fn is_read(body: &[u8]) -> bool {
    let intake = Intake::new(Privacy::full(SessionKey::new(b"golden".to_vec())));
    matches!(intake.read(body, Timestamp::from_millis(0)), Content::Event(_))
}

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.collect()
}

/// The golden events of a folder, each with its name and what the intake makes of it.
fn golden(folder: &str) -> Vec<(String, Value, Value)> {
    let read = |file: PathBuf| {
        let mut golden: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        (file.display().to_string(), golden["event"].take(), golden["expect"].take())
    };
    files(folder).into_iter().map(read).collect()
}

#[track_caller]
fn check(validator: &Validator, event: &Value, what: &str, expect: bool) {
    let errors: Vec<_> = validator.iter_errors(event).map(|error| error.to_string()).collect();
    assert_eq!(errors.is_empty(), expect, "{what}: {event}\n{errors:?}");
}

#[test]
fn every_golden_event_that_is_read_fits_and_no_dead_letter_does() {
    let (to_send, tolerated) = (to_send(), tolerated());
    let mut dead = 0;
    for (name, event, expect) in golden("fixtures/events") {
        let is_dead = expect.get("deadLetter").is_some();
        check(&tolerated, &event, &name, !is_dead);
        if is_dead {
            check(&to_send, &event, &name, false);
            dead += 1;
        }
    }
    assert!(dead > 10, "{dead}");
}

#[test]
fn what_the_workers_client_sends_is_what_to_send() {
    let to_send = to_send();
    for (name, event, expect) in golden("fixtures/worker-events") {
        check(&to_send, &event, &name, true);
        for kept in expect["events"].as_array().unwrap() {
            check(&to_send, kept, &name, true);
        }
    }
}

#[test]
fn the_examples_are_what_to_send_and_are_read() {
    for half in ["query", "response", "feedback"] {
        let example = &schema()["$defs"][half]["examples"][0];
        check(&to_send(), example, half, true);
        assert!(is_read(example.to_string().as_bytes()), "{example}");
    }
}

#[test]
fn any_value_in_any_field_is_refused_by_the_schema_where_it_is_refused_by_the_intake() {
    let (to_send, tolerated) = (to_send(), tolerated());
    let values = [
        "null",
        "true",
        "0",
        "-1",
        "0.5",
        "72",
        "101",
        "1763000000",
        "1763000000000",
        "99999999999",
        "\"\"",
        "\"a\"",
        "\"72\"",
        "\"FULL\"",
        "\"thumbs_down\"",
        "\"feedback\"",
        "\"none\"",
        "\"no_match\"",
        "\"Query\"",
        "\"response\"",
        "\"2026-11-16\"",
        "\"2026-11-16T10:00:00.5+01:00\"",
        "\"1999-12-31T00:00:00Z\"",
        "\"cv-analytics:a\"",
        "[]",
        "[\"Go\"]",
        "{}",
        "{\"type\":\"full\",\"matchType\":\"none\"}",
    ];
    let values: Vec<Value> =
        values.iter().map(|value| serde_json::from_str(value).unwrap()).collect();
    let mut fields: Vec<String> =
        ["type", "correlationId", "llmReasoning", "skillsMissing"].map(str::to_owned).to_vec();
    for half in ["query", "response", "feedback"] {
        fields.extend(schema()["$defs"][half]["properties"].as_object().unwrap().keys().cloned());
    }
    let (mut read, mut sent) = (0, 0);
    for (name, event, _) in [golden("fixtures/events"), golden("fixtures/worker-events")].concat() {
        for field in &fields {
            let mut without = event.clone();
            without.as_object_mut().map(|fields| fields.remove(field));
            let mut variants = vec![without];
            variants.extend(values.iter().filter(|_| event.is_object()).map(|value| {
                let mut with = event.clone();
                with[field] = value.clone();
                with
            }));
            for variant in variants {
                let is_read = is_read(variant.to_string().as_bytes());
                if is_read {
                    check(&tolerated, &variant, &name, true);
                    read += 1;
                }
                if to_send.is_valid(&variant) {
                    assert!(is_read, "{name}: {variant} is what to send, and is not read");
                    sent += 1;
                }
            }
        }
    }
    assert!(read > 10_000 && sent > 2_000, "{read} read, {sent} sent");
}

#[test]
fn what_fuzzing_found_that_is_read_fits() {
    let tolerated = tolerated();
    let mut count = 0;
    for file in files("fuzz/corpus/event") {
        let body = fs::read(&file).unwrap();
        // A text twice in one object, or half a surrogate pair, means something else to another reader.
        let Ok(event) = serde_json::from_slice(&body) else { continue };
        if is_read(&body) {
            check(&tolerated, &event, &file.display().to_string(), true);
            count += 1;
        }
    }
    assert!(count > 10, "{count}");
}

fn codes<T>(all: &[T], code: fn(&T) -> &'static str) -> Value {
    all.iter().map(code).collect()
}

#[test]
fn the_documents_codes_are_the_programs() {
    let openapi = include_str!("../../../../docs/schemas/openapi.json");
    let openapi: Value = serde_json::from_str(openapi).unwrap();
    let reasons = "/components/schemas/EventResult/properties/reason/enum";
    assert_eq!(openapi.pointer(reasons), Some(&json!(Reason::ALL.map(Reason::code))));
    let explained = include_str!("../../../../docs/use/events.md");
    for reason in Reason::ALL {
        assert!(explained.contains(&format!("`{reason}`")), "docs/use/events.md: {reason}");
    }

    let schema = schema();
    for (place, codes) in [
        ("response/properties/matchType", codes(MatchType::ALL, |one| one.code())),
        ("response/properties/outcome", codes(Outcome::ALL, |one| one.code())),
        ("feedback/properties/rating", codes(Rating::ALL, |one| one.code())),
        ("metadata/properties/matchSource", codes(MatchSource::ALL, |one| one.code())),
        ("metadata/properties/traffic", codes(Traffic::ALL, |one| one.code())),
    ] {
        assert_eq!(schema.pointer(&format!("/$defs/{place}/enum")), Some(&codes), "{place}");
    }
}
