//! Fills a store with the interactions of one week or many, through the intake and the store's own port.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use cv_analytics_core::intake::Intake;
use cv_analytics_core::privacy::{Privacy, SessionKey};
use cv_analytics_core::store::{Arrival, EventStore as _, Store as _};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_harness::seeded::Seeded;
use cv_analytics_sqlite::SqliteStore;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::questions::question;

/// The week that is filled, or the last of them.
pub(crate) const WEEK: &str = "2025-W47";
const MONDAY_MS: i64 = 1_763_337_600_000;
const MINUTE_MS: usize = 60_000;
const WEEK_MS: usize = 7 * 24 * 60 * MINUTE_MS;
/// Interactions kept by one call.
const BATCH: usize = 4_000;

/// Makes a store of `count` interactions in the data folder, spread over `weeks` weeks. They arrive in the order in which they
/// were asked, as they do in life.
pub(crate) fn fill(data: &Path, count: usize, weeks: usize) -> Result<()> {
    fs::create_dir_all(data)?;
    let store = SqliteStore::open(data.join("cv-analytics.db"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build()?;
    let (sender, mut batches) = mpsc::channel(4);
    let reading = std::thread::spawn(move || {
        let intake = Intake::new(Privacy::full(SessionKey::new(b"benchmark".to_vec())));
        for start in (0..count).step_by(BATCH) {
            let numbers = start..count.min(start + BATCH);
            let events = numbers.flat_map(|number| interaction(number, count, weeks));
            let arrivals = events.map(|event| arrival(&intake, &event)).collect();
            if sender.blocking_send(arrivals).is_err() {
                return;
            }
        }
    });
    runtime.block_on(async {
        while let Some(arrivals) = batches.recv().await {
            store.append(arrivals).await?;
        }
        store.close().await
    })?;
    reading.join().ok().context("the events were made")
}

fn arrival(intake: &Intake, event: &Value) -> Arrival {
    let arrived_at = Timestamp::from_millis(MONDAY_MS);
    let content = intake.read(event.to_string().as_bytes(), arrived_at);
    Arrival { content, arrived_at, deduplication_id: None }
}

/// The events of one interaction: two, one that is self-contained, or a query alone.
pub(crate) fn interaction(number: usize, count: usize, weeks: usize) -> Vec<Value> {
    let mut seeded = Seeded::new(number as u64);
    let request_id = format!("{:016x}-{number}", seeded.bits());
    let since_the_first = number * (weeks * WEEK_MS - MINUTE_MS) / count.max(1);
    let since_monday = i64::try_from(since_the_first).unwrap_or_default()
        - i64::try_from(weeks.saturating_sub(1) * WEEK_MS).unwrap_or_default();
    let at = MONDAY_MS + since_monday;
    let (text, skills) = question(&mut seeded);
    let session = if seeded.chance(60) {
        json!(format!("session-{}", seeded.below(1 + number / 3)))
    } else {
        json!("anonymous")
    };
    let query = json!({
        "eventType": "query", "requestId": request_id, "timestamp": at, "query": text, "sessionId": session,
    });
    let kind = seeded.below(100);
    if kind < 5 {
        return vec![query];
    }
    let took = 300 + seeded.below(2_500);
    let (match_type, score) = match seeded.below(100) {
        0..12 => ("none", seeded.below(30)),
        12..40 => ("partial", 30 + seeded.below(50)),
        _ => ("full", 70 + seeded.below(31)),
    };
    let (matched, missing) = if match_type == "full" {
        (&skills[..], &[][..])
    } else {
        skills.split_at(skills.len() / 2)
    };
    let mut response = json!({
        "eventType": "response", "requestId": request_id, "timestamp": at + 3_000, "matchType": match_type,
        "matchScore": score, "reasoning": "The projects on the CV cover most of what was asked.",
        "matchedSkills": matched, "missingSkills": missing, "sessionId": session,
        "performance": {"totalTime": took, "cacheHit": false},
    });
    if kind < 30 {
        return vec![query, response];
    }
    if let Some(fields) = response.as_object_mut() {
        fields.insert("query".to_owned(), json!(text));
        fields.insert("queryTimestamp".to_owned(), json!(at));
    }
    vec![response]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weeks_follow_one_another_and_end_with_the_last() {
        let moment = |number| {
            let events = interaction(number, 104, 104);
            let event = events.first().unwrap();
            event.get("queryTimestamp").or(event.get("timestamp")).unwrap().as_i64().unwrap()
        };
        let week = i64::try_from(WEEK_MS).unwrap();
        assert_eq!(moment(0), MONDAY_MS - 103 * week);
        assert!((0..104).all(|number| (moment(number) - MONDAY_MS).div_euclid(week) <= 0));
        assert!(moment(103) > MONDAY_MS - week);
    }

    #[test]
    fn interactions_are_as_varied_as_the_benchmark_says() {
        let all: Vec<Vec<Value>> =
            (0..10_000).map(|number| interaction(number, 10_000, 1)).collect();
        let share = |holds: &dyn Fn(&&Vec<Value>) -> bool| all.iter().filter(holds).count() / 100;
        let has = |events: &[Value], name: &str, value: &str| {
            events.iter().any(|event| event.get(name).is_some_and(|found| found == value))
        };
        assert!((4..7).contains(&share(&|events| !has(events, "eventType", "response"))));
        assert!((9..14).contains(&share(&|events| has(events, "matchType", "none"))));
        assert!((38..43).contains(&share(&|events| has(events, "sessionId", "anonymous"))));
    }
}
