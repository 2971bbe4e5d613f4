//! The events of one request that came in one batch: joined before anything is written.
//!
//! Feedback is gathered separately: keeping it neither needs the halves nor waits for them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use cv_analytics_core::event::{Event, EventBody};
use cv_analytics_core::interaction::{Disposition, Interaction, Joined};

use crate::joining::JoinOutcome;

/// Events under one request id, in order of arrival: one at least. They bring halves or feedback, never both.
#[derive(Clone, Debug)]
pub struct EventBatch {
    delivered: Interaction,
    events: Vec<Event>,
}

impl EventBatch {
    /// Begins with the first event.
    pub fn first(event: Event) -> Self {
        let mut gathered = Self {
            delivered: Interaction {
                request_id: event.request_id.clone(),
                query: None,
                response: None,
                feedback: None,
            },
            events: Vec::new(),
        };
        if let Joined::Changed(alone) = Interaction::join(None, &event) {
            gathered.delivered = alone;
        }
        gathered.events.push(event);
        gathered
    }

    /// Gathers events, each with what came beside it.
    pub fn gather<T>(events: impl IntoIterator<Item = (Event, T)>) -> Vec<(Self, Vec<T>)> {
        let mut places = HashMap::new();
        let mut batches: Vec<(Self, Vec<T>)> = Vec::new();
        for (event, beside) in events {
            let is_feedback = matches!(event.body, EventBody::Feedback(_));
            match places.entry((event.request_id.clone(), is_feedback)) {
                Entry::Vacant(place) => {
                    place.insert(batches.len());
                    batches.push((Self::first(event), vec![beside]));
                }
                Entry::Occupied(place) => {
                    if let Some((batch, all)) = batches.get_mut(*place.get()) {
                        batch.add(event);
                        all.push(beside);
                    }
                }
            }
        }
        batches
    }

    /// Joins the next event of the same request.
    fn add(&mut self, event: Event) {
        if let Joined::Changed(record) = Interaction::join(Some(&self.delivered), &event) {
            self.delivered = record;
        }
        self.events.push(event);
    }

    /// Whether one of the events was sent to check the installation.
    pub fn is_canary(&self) -> bool {
        self.events.iter().any(Event::is_canary)
    }

    /// Whether the events bring feedback rather than halves.
    pub fn is_feedback(&self) -> bool {
        self.delivered.at().is_none()
    }

    /// What the events make together, where nothing was there before.
    pub fn delivered(&self) -> &Interaction {
        &self.delivered
    }

    /// The events by themselves again, in order of arrival.
    pub fn into_events(self) -> Vec<Event> {
        self.events
    }

    /// Whether both halves came as their own events, so that one record does for both.
    pub fn is_coalesced(&self) -> bool {
        self.events.len() > 1 && self.delivered.is_joined()
    }

    /// What became of each event, by the joining law, once the batch was joined.
    pub fn dispositions(&self, outcome: &JoinOutcome) -> Vec<Disposition> {
        let mut present = match outcome {
            JoinOutcome::Erased => return vec![Disposition::Erased; self.events.len()],
            JoinOutcome::Stored => None,
            JoinOutcome::AlreadyStored(there) => Some(there.clone()),
        };
        let one = |event: &Event| match Interaction::join(present.as_ref(), event) {
            Joined::Changed(record) => {
                present = Some(record);
                Disposition::Stored
            }
            Joined::Unchanged(disposition) => disposition,
        };
        self.events.iter().map(one).collect()
    }
}
