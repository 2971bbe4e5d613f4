//! Items hold what they were given, and ordinary ones stay under a kilobyte.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use aws_sdk_dynamodb::types::AttributeValue;
use cv_analytics_core::event::{Event, MatchSource, Outcome};
use cv_analytics_core::intake::{Content, Intake};
use cv_analytics_core::interaction::{Disposition, Interaction, Joined};
use cv_analytics_core::privacy::{Privacy, SessionKey};
use cv_analytics_core::store::Observation;
use cv_analytics_core::timestamp::Timestamp;
use serde_json::{Value, json};

use super::attributes::{FEEDBACK, FEEDBACK_TIMESTAMP, FEEDBACK_TOLERATED, HALF_ATTRIBUTES, texts};
use super::*;
use crate::item::row::time_to_live;

const NOW: Timestamp = Timestamp::from_millis(1_763_000_004_000);

fn event(value: &Value) -> Option<Event> {
    let intake = Intake::new(Privacy::full(SessionKey::new(b"tests".to_vec())));
    match intake.read(value.to_string().as_bytes(), NOW) {
        Content::Event(event) => Some(*event),
        Content::DeadLetter(_) => None,
    }
}

fn joined(events: &[Event]) -> Interaction {
    let mut present = None;
    for event in events {
        if let Joined::Changed(record) = Interaction::join(present.as_ref(), event) {
            present = Some(record);
        }
    }
    present.unwrap()
}

/// Everything that is kept of a record, what was tolerated included.
fn exported(record: &Interaction) -> Vec<Value> {
    record.clone().into_events().iter().map(Event::to_json).collect()
}

/// The record's item once its feedback was put as well.
fn item_of(record: &Interaction) -> Attributes {
    let mut item = write_record(record);
    if let Some(feedback) = &record.feedback {
        let canonical = feedback.canonical_bytes(&record.request_id);
        item.insert(FEEDBACK.to_owned(), text(canonical));
        item.insert(FEEDBACK_TIMESTAMP.to_owned(), moment(feedback.timestamp));
        item.extend(texts(&feedback.tolerated).map(|notes| (FEEDBACK_TOLERATED.to_owned(), notes)));
        item.entry(TIMESTAMP.to_owned()).or_insert(moment(feedback.timestamp));
    }
    item
}

fn goes_through_both_tables(record: &Interaction) {
    let Record::Interaction(read) = read_record(item_of(record)).unwrap() else {
        panic!("no tombstone was written")
    };
    assert_eq!(&read, record);
    assert_eq!(exported(&read), exported(record));

    let mut projected = item_of(record);
    projected.retain(|name, _| name == TIMESTAMP || REPORT_ATTRIBUTES.contains(&name.as_str()));
    let Record::Interaction(read) = read_record(projected).unwrap() else { unreachable!() };
    assert_eq!(Observation::from(read), Observation::from(record.clone()), "what a report reads");

    let mut row = key(record.request_id.as_str());
    for half in [record.query.clone().map(Half::Query), record.response.clone().map(Half::Response)]
        .into_iter()
        .flatten()
    {
        let (name, map) = write_half(&half, NOW);
        row.insert(name.to_owned(), map);
    }
    assert_eq!(request_id(&mut row.clone()).unwrap(), record.request_id);
    let row = read_row(row).unwrap();
    assert_eq!((&row.query, &row.response), (&record.query, &record.response));
    assert_eq!(row.arrived_at, record.at().map(|_| NOW));
}

fn golden_events() -> Vec<Event> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/events");
    let golden = |file: fs::DirEntry| -> Value {
        serde_json::from_slice(&fs::read(file.path()).unwrap()).unwrap()
    };
    let files = fs::read_dir(folder).unwrap();
    files.filter_map(|file| event(&golden(file.unwrap())["event"])).collect()
}

#[test]
fn every_golden_event_comes_back_from_both_tables_as_it_was() {
    let events = golden_events();
    assert!(events.len() >= 10, "{}", events.len());
    for event in events {
        goes_through_both_tables(&joined(&[event]));
    }
}

#[test]
fn every_attribute_of_a_record_is_among_those_that_the_next_record_takes_out() {
    let long = "a long word ".repeat(300);
    let everything = [
        json!({"type": "query", "requestId": "r", "timestamp": 1_763_000_000_000_i64, "sessionId": "s",
               "query": long, "odd": 1, "metadata": {"traffic": "bot"}}),
        json!({"type": "response", "requestId": "r", "timestamp": 1_763_000_003_000_i64, "sessionId": "s",
               "matchType": "partial", "matchScore": 72, "reasoning": long, "answer": long,
               "matchedSkills": ["Go"], "missingSkills": ["Rust"], "topic": "salary", "odd": 1,
               "performance": {"totalTime": 900}, "metadata": {"traffic": "bot"},
               "query": long, "queryTimestamp": 1_763_000_000_000_i64}),
    ];
    let everything = everything.iter().map(|value| event(value).unwrap());
    let written: BTreeSet<String> = golden_events()
        .into_iter()
        .chain(everything)
        .flat_map(|one| write_record(&joined(&[one])))
        .map(|(name, _)| name)
        .collect();
    let put_anew = [REQUEST_ID, WEEK, TIMESTAMP, AWAITS];
    let known = HALF_ATTRIBUTES.into_iter().chain(put_anew).map(str::to_owned);
    assert_eq!(written, known.collect());
}

#[test]
fn feedback_comes_back_beside_a_record_and_without_one() {
    let feedback = json!({"eventType": "feedback", "requestId": "r", "timestamp": 1_763_000_009_000_i64,
                          "rating": "thumbs_up", "comment": "a word ".repeat(200), "odd": [1e300]});
    let feedback = event(&feedback).unwrap();
    goes_through_both_tables(&joined(std::slice::from_ref(&feedback)));
    goes_through_both_tables(&joined(&[event(&with_topic()).unwrap(), feedback.clone()]));

    let mut item = item_of(&joined(&[feedback]));
    item.insert(FEEDBACK.to_owned(), text(with_topic().to_string()));
    assert_eq!(read_record(item.clone()).unwrap_err(), UnknownAttribute(FEEDBACK));
    item.remove(FEEDBACK_TIMESTAMP);
    assert_eq!(read_record(item).unwrap_err(), UnknownAttribute(AWAITS), "nothing is in it");
}

#[test]
fn numbers_beyond_those_of_the_database_come_back_too() {
    for total in ["1e300", "0.1", "1e-300", "900", "123456789.123456789", "0"] {
        let response = format!(
            r#"{{"eventType":"response","requestId":"r","timestamp":1763000003000,"matchType":"none",
                "performance":{{"totalTime":{total}}},"odd":[1e300,0.30000000000000004,12345678901234567890]}}"#
        );
        let event = event(&serde_json::from_str(&response).unwrap()).unwrap();
        goes_through_both_tables(&joined(&[event]));
    }
}

#[test]
fn a_tombstone_is_read_as_one() {
    let mut item = key("r");
    item.insert(ERASED.to_owned(), AttributeValue::Bool(true));
    assert_eq!(read_record(item.clone()).unwrap(), Record::Erased);
    assert!(read_row(item).unwrap().erased);
}

#[test]
fn an_item_of_another_program_is_refused_by_the_name_of_what_is_wrong() {
    let mut item = write_record(&joined(&[event(&query()).unwrap()]));
    item.insert("timestamp".to_owned(), AttributeValue::S("yesterday".to_owned()));
    assert_eq!(
        read_record(item).unwrap_err().to_string(),
        "unknown content of attribute timestamp"
    );
}

#[test]
fn a_lone_half_that_no_partner_could_complete_is_refused() {
    let mut item = write_record(&joined(&[event(&query()).unwrap()]));
    item.remove(AWAITS);
    assert_eq!(read_record(item).unwrap_err(), UnknownAttribute(AWAITS));
}

/// A topic, a source of the match, and an outcome that nobody named.
fn with_topic() -> Value {
    json!({"eventType": "response", "requestId": "r", "timestamp": 1_763_000_003_000_i64,
           "matchType": "none", "topic": "notice period", "metadata": {"matchSource": "model"}})
}

#[test]
fn a_topic_and_an_outcome_that_nobody_named_come_back_as_they_were() {
    let record = joined(&[event(&with_topic()).unwrap()]);
    goes_through_both_tables(&record);
    let Record::Interaction(read) = read_record(write_record(&record)).unwrap() else {
        panic!("no tombstone was written")
    };
    assert_eq!(Observation::from(read), Observation::from(record));
}

#[test]
fn a_record_of_an_earlier_version_keeps_its_topic_and_its_outcome_counts_as_named() {
    let mut item = write_record(&joined(&[event(&with_topic()).unwrap()]));
    item.remove("outcomeImplied");
    item.remove("topic");
    let extra = json!({"topic": "notice period", "metadata": {"matchSource": "model"}});
    item.insert("responseExtra".to_owned(), text(extra.to_string()));
    let Record::Interaction(read) = read_record(item).unwrap() else {
        panic!("no tombstone was written")
    };
    let response = read.response.clone().unwrap();
    assert_eq!(response.topic.as_deref(), Some("notice period"));
    assert_eq!(response.named_outcome, Some(Outcome::NoMatch));
    assert_eq!(response.match_source(), MatchSource::Model);
    // The same event once more is a duplicate.
    let again = event(&with_topic()).unwrap();
    assert_eq!(Interaction::join(Some(&read), &again), Joined::Unchanged(Disposition::Duplicate));
}

/// What a version that left the answer among the unknown fields kept of a response, and what is read of it.
#[track_caller]
fn check_earlier_answer(extra: &Value, answer: Option<&str>, cut: bool) {
    let mut sent = with_topic();
    let fields = sent.as_object_mut().unwrap();
    fields.extend(extra.as_object().unwrap().clone());
    let sent = event(&sent).unwrap();
    let mut item = write_record(&joined(std::slice::from_ref(&sent)));
    item.remove("answer");
    item.remove("answerCut");
    let mut kept = json!({"metadata": {"matchSource": "model"}});
    kept.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    item.insert("responseExtra".to_owned(), text(kept.to_string()));
    let Record::Interaction(read) = read_record(item).unwrap() else {
        panic!("no tombstone was written")
    };
    let response = read.response.clone().unwrap();
    assert_eq!((response.answer.as_deref(), response.answer_cut), (answer, cut));
    assert_eq!(Interaction::join(Some(&read), &sent), Joined::Unchanged(Disposition::Duplicate));
}

#[test]
fn a_record_of_an_earlier_version_keeps_its_answer_and_a_replay_is_a_duplicate() {
    check_earlier_answer(&json!({"answer": "Yes."}), Some("Yes."), false);
    check_earlier_answer(
        &json!({"answer": "Yes, it does.", "cut": ["answer"]}),
        Some("Yes, it does."),
        true,
    );
    check_earlier_answer(
        &json!({"answer": "Yes, it did.", "cut": ["answer", "note"], "note": "a b"}),
        Some("Yes, it did."),
        true,
    );
    check_earlier_answer(&json!({"answer": null, "cut": ["note"], "note": "a b"}), None, false);
    check_earlier_answer(&json!({"answer": {"text": "an object"}, "cut": ["answer"]}), None, false);
}

#[test]
fn rows_live_for_twenty_days_counted_in_seconds() {
    assert_eq!(time_to_live(Timestamp::from_millis(1_763_000_000_999)), 1_763_000_000 + 1_728_000);
}

fn query() -> Value {
    json!({"eventType": "query", "requestId": "7f1a3c0e-3f52-4d0e-9d51-0c7d8f3f6a10",
           "timestamp": 1_763_000_000_000_i64, "sessionId": "0b9f4d3c-57a1-4f6e-8b65-2f1f6f9f3c77",
           "query": "Does he have production experience with Kubernetes, and with Terraform on AWS as well?"})
}

fn response() -> Value {
    json!({"eventType": "response", "requestId": "7f1a3c0e-3f52-4d0e-9d51-0c7d8f3f6a10",
           "timestamp": 1_763_000_003_000_i64, "matchType": "partial", "matchScore": 72,
           "reasoning": "Terraform on AWS is covered by two projects; Kubernetes is named once, without production use.",
           "vectorMatches": 5, "outcome": "answered", "matchedSkills": ["Terraform", "AWS"],
           "missingSkills": ["Kubernetes"], "sessionId": "0b9f4d3c-57a1-4f6e-8b65-2f1f6f9f3c77",
           "performance": {"totalTime": 900, "llmTime": 700, "retrievalTime": 80, "cacheHit": false},
           "model": "@cf/meta/llama-3.1-8b-instruct", "tokens": 412,
           "metadata": {"matchQuality": 0.72, "sourcesUsed": ["Terraform", "AWS"]}})
}

/// Bytes of an item as DynamoDB bills it
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>).
fn billed_bytes(item: &Attributes) -> usize {
    fn bytes_of(value: &AttributeValue) -> usize {
        match value {
            AttributeValue::S(text) => text.len(),
            AttributeValue::N(digits) => digits.len().div_ceil(2) + 1,
            AttributeValue::Bool(_) => 1,
            AttributeValue::L(values) => {
                3 + values.iter().map(|one| 1 + bytes_of(one)).sum::<usize>()
            }
            AttributeValue::M(map) => 3 + map.len() + billed_bytes(map),
            other => panic!("{other:?} is not used"),
        }
    }
    item.iter().map(|(name, of)| name.len() + bytes_of(of)).sum()
}

#[test]
fn an_ordinary_interaction_stays_under_a_kilobyte_in_both_tables() {
    let halves = [event(&query()).unwrap(), event(&response()).unwrap()];
    let record = joined(&halves);
    let size = billed_bytes(&write_record(&record));
    assert!(size < 1024, "the record has {size} bytes");
    let feedback = json!({"eventType": "feedback", "requestId": record.request_id.as_str(),
                          "timestamp": 1_763_000_009_000_i64, "rating": "down"});
    let given = joined(&[halves[0].clone(), halves[1].clone(), event(&feedback).unwrap()]);
    let size = billed_bytes(&item_of(&given));
    assert!(size < 1024, "the record with feedback has {size} bytes");

    let mut row = key(record.request_id.as_str());
    row.insert(TTL.to_owned(), AttributeValue::N("1764728000".to_owned()));
    for half in [Half::Query(record.query.unwrap()), Half::Response(record.response.unwrap())] {
        let (name, map) = write_half(&half, NOW);
        row.insert(name.to_owned(), map);
    }
    let size = billed_bytes(&row);
    assert!(size < 1024, "the row with both halves has {size} bytes");
}
