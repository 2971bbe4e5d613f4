//! What is sent for one request, and what may go wrong with it.

use cv_analytics_core::event::{Event, Traffic};
use cv_analytics_core::interaction::Interaction;

use crate::join::events::{ASKED_AT, feedback, flagged, query, response, self_contained};
use crate::join::law::{Bodies, joined};

/// Messages of one request.
#[derive(Clone)]
pub(super) struct Scenario {
    pub(super) events: Vec<(&'static str, Event)>,
    pub(super) is_erased: bool,
    pub(super) executors: usize,
    /// Whether several sweeps may run at once: an executor may turn to one.
    pub(super) is_swept_twice: bool,
    pub(super) faults: Faults,
}

/// What may go wrong, each any number of times.
#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each may happen or not")]
pub(super) struct Faults {
    /// An executor, the sweep or the erasure disappears between two calls.
    pub(super) crashes: bool,
    /// A call is made, its caller does not learn it and makes it again.
    pub(super) lost_answers: bool,
    /// A message is delivered again, while it is worked on or after it was acknowledged.
    pub(super) redeliveries: bool,
    /// A read or the index gives any version that there ever was.
    pub(super) stale_reads: bool,
    /// A row that a whole sweep has seen disappears.
    pub(super) expiry: bool,
}

impl Faults {
    pub(super) const ALL: Self = Self {
        crashes: true,
        lost_answers: true,
        redeliveries: true,
        stale_reads: true,
        expiry: true,
    };
    pub(super) const NONE: Self = Self {
        crashes: false,
        lost_answers: false,
        redeliveries: false,
        stale_reads: false,
        expiry: false,
    };
}

pub(super) fn the_query() -> (&'static str, Event) {
    ("query", query(0, "Do you know k8s?", ASKED_AT))
}

pub(super) fn other_query() -> (&'static str, Event) {
    ("other query", query(0, "Do you know Kubernetes?", ASKED_AT))
}

pub(super) fn the_response() -> (&'static str, Event) {
    ("response", response(0, 72, ASKED_AT.plus_millis(900)))
}

pub(super) fn other_response() -> (&'static str, Event) {
    ("other response", response(0, 27, ASKED_AT.plus_millis(900)))
}

pub(super) fn the_self_contained() -> (&'static str, Event) {
    ("self-contained response", self_contained(0, "Do you know k8s?", ASKED_AT))
}

pub(super) fn the_feedback() -> (&'static str, Event) {
    ("feedback", feedback(0, 5_000, "down"))
}

/// Feedback that replaces the other: of one moment the lesser as text stands, and "down" is less than "up".
pub(super) fn earlier_feedback() -> (&'static str, Event) {
    ("feedback of the same moment", feedback(0, 5_000, "up"))
}

/// Feedback that replaces both.
pub(super) fn later_feedback() -> (&'static str, Event) {
    ("later feedback", feedback(0, 6_000, "up"))
}

/// The query with its own flag.
pub(super) fn flagged_query() -> (&'static str, Event) {
    ("flagged query", flagged(&the_query().1, "a visitor", Traffic::Bot))
}

/// The self-contained response with another session and another flag.
pub(super) fn flagged_self_contained() -> (&'static str, Event) {
    let event = flagged(&the_self_contained().1, "another visitor", Traffic::Own);
    ("flagged self-contained response", event)
}

impl Scenario {
    /// These messages, each sent once, to two executors under every fault.
    pub(super) fn of(events: impl IntoIterator<Item = (&'static str, Event)>) -> Self {
        let events = events.into_iter().collect();
        let faults = Faults::ALL;
        Self { events, is_erased: false, executors: 2, is_swept_twice: false, faults }
    }

    /// The same, and at some time the owner erases the request.
    pub(super) fn erased(self) -> Self {
        Self { is_erased: true, ..self }
    }

    /// The same, with several sweeps at once.
    pub(super) fn swept_twice(self) -> Self {
        Self { is_swept_twice: true, ..self }
    }

    pub(super) fn with(self, faults: Faults) -> Self {
        Self { faults, ..self }
    }

    pub(super) fn executors(self, executors: usize) -> Self {
        Self { executors, ..self }
    }

    /// Every record that the joining law makes of all the messages in some order: one, where there is one body a half.
    pub(super) fn records(&self) -> Vec<Interaction> {
        let mut records = Vec::new();
        for order in orders(self.events.len()) {
            let events = order.iter().map(|&message| &self.events[message].1);
            let record = joined(events).unwrap();
            if !records.contains(&record) {
                records.push(record);
            }
        }
        records
    }

    /// Whether one body comes for each half.
    pub(super) fn bodies(&self) -> Bodies {
        if self.records().len() == 1 { Bodies::One } else { Bodies::Several }
    }
}

/// Every order of the first `count` numbers.
fn orders(count: usize) -> Vec<Vec<usize>> {
    let Some(last) = count.checked_sub(1) else { return vec![Vec::new()] };
    let mut longer = Vec::new();
    for order in orders(last) {
        for place in 0..count {
            let mut order = order.clone();
            order.insert(place, last);
            longer.push(order);
        }
    }
    longer
}
