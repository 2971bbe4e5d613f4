//! What agents send over some weeks, and what the owner erases meanwhile.

use std::ops::Range;

use cv_analytics_aws::joining::promotion::PROMOTED_AFTER_MS;
use cv_analytics_core::event::{self, Event};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_harness::seeded::Seeded;

use crate::join::events::{ASKED_AT, feedback, flagged, query, response, self_contained};
use crate::join::law::Bodies;

pub(super) const MINUTE_MS: i64 = 60 * 1000;
pub(super) const HOUR_MS: i64 = 60 * MINUTE_MS;
pub(super) const DAY_MS: i64 = 24 * HOUR_MS;

/// Weeks of traffic.
pub(super) struct Traffic {
    pub(super) requests: usize,
    /// By request, each event once.
    pub(super) events: Vec<Vec<Event>>,
    /// Moment, request, and the event's place among the request's.
    pub(super) sendings: Vec<(Timestamp, usize, usize)>,
    /// Moment and request.
    pub(super) erasures: Vec<(Timestamp, usize)>,
    /// When the owner asks for a report between two Mondays.
    pub(super) reports: Vec<Timestamp>,
    /// While the tables refuse every call.
    pub(super) outage: Range<Timestamp>,
}

impl Traffic {
    pub(super) fn random(random: &mut Seeded, bodies: Bodies) -> Self {
        let requests = 1 + random.below(12);
        let outage_from = ASKED_AT.plus_millis(random.millis(20 * DAY_MS));
        let outage_ms = if random.chance(20) { random.millis(8 * HOUR_MS) } else { 0 };
        let mut traffic = Self {
            requests,
            events: Vec::new(),
            sendings: Vec::new(),
            erasures: Vec::new(),
            reports: Vec::new(),
            outage: outage_from..outage_from.plus_millis(outage_ms),
        };
        for request in 0..requests {
            let asked_at = ASKED_AT.plus_millis(random.millis(10 * DAY_MS));
            let mut events = events_of(random, request, asked_at);
            if bodies == Bodies::Several {
                for _ in 0..random.below(3) {
                    events.extend(events_of(random, request, asked_at));
                }
            }
            for place in 0..events.len() {
                // Seldom an event comes when the other half's row is gone.
                let is_very_late = random.chance(10);
                let due = asked_at.plus_millis(if is_very_late { 21 * DAY_MS } else { 0 });
                // Agents repeat what was not answered; what they repeat is the same.
                for _ in 0..=random.below(2) * random.below(3) {
                    let at = due.plus_millis(random.millis(5 * DAY_MS));
                    traffic.sendings.push((at, request, place));
                }
            }
            if random.chance(15) {
                let at = asked_at.plus_millis(random.millis(25 * DAY_MS));
                traffic.erasures.push((at, request));
            }
            traffic.events.push(events);
        }
        for _ in 0..random.below(4) {
            // Just when a lone half becomes old enough, and other messages arrive.
            let (at, ..) = traffic.sendings[random.below(traffic.sendings.len())];
            let wait_ms = PROMOTED_AFTER_MS * i64::from(random.chance(50)) + random.millis(HOUR_MS);
            traffic.reports.push(at.plus_millis(wait_ms));
        }
        traffic
    }
}

/// What an agent sends for one question: both halves, either, or a self-contained response with or
/// without the query event; and feedback, for some more than once.
fn events_of(random: &mut Seeded, request: usize, asked_at: Timestamp) -> Vec<Event> {
    let text = format!("Question {} about k8s", random.below(1000));
    // Either event may name a session and a flag, the same or others.
    let mut named = |sent: Event| match random.below(4) {
        0 => flagged(&sent, "a visitor", event::Traffic::Bot),
        1 => flagged(&sent, "another visitor", event::Traffic::Own),
        _ => sent,
    };
    let the_query = named(query(request, &text, asked_at));
    let the_whole = named(self_contained(request, &text, asked_at));
    let answered_at = asked_at.plus_millis(random.millis(2 * MINUTE_MS));
    let score = u8::try_from(random.below(101)).unwrap();
    let mut events = match random.below(9) {
        0 => vec![the_query],
        1 => vec![response(request, score, answered_at)],
        2 => vec![the_whole],
        3 | 4 => vec![the_query, the_whole],
        // Its halves never come.
        5 => vec![feedback(request, random.millis(DAY_MS), "up")],
        _ => vec![the_query, response(request, score, answered_at)],
    };
    // Some words of it are of one moment.
    for _ in 0..random.below(2) * random.below(4) {
        let rating = if random.chance(50) { "up" } else { "down" };
        events.push(feedback(request, random.millis(3), rating));
    }
    events
}
