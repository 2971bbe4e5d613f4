//! The events of one request that came in one batch: joined before anything is written.

use cv_analytics_core::event::Event;
use cv_analytics_core::interaction::{Disposition, Interaction, Joined};

use crate::joining::JoinOutcome;

/// Events under one request id, in order of arrival: one at least.
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
            },
            events: Vec::new(),
        };
        if let Joined::Changed(alone) = Interaction::join(None, &event) {
            gathered.delivered = alone;
        }
        gathered.events.push(event);
        gathered
    }

    /// Joins the next event of the same request.
    pub fn add(&mut self, event: Event) {
        if let Joined::Changed(record) = Interaction::join(Some(&self.delivered), &event) {
            self.delivered = record;
        }
        self.events.push(event);
    }

    /// Whether one of the events was sent to check the installation.
    pub fn is_canary(&self) -> bool {
        self.events.iter().any(Event::is_canary)
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
