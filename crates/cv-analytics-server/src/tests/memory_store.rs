//! A store that keeps nothing but what the tests look at.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use cv_analytics_core::intake::Content;
use cv_analytics_core::interaction::Disposition;
use cv_analytics_core::store::{Arrival, DeduplicationId, EventStore, Receipt, StoreError};
use tokio::sync::Notify;

/// Deduplicates, and calls a request id that it knows a duplicate.
#[derive(Clone, Default)]
pub(crate) struct MemoryStore {
    state: Arc<Mutex<State>>,
    /// While set, messages wait.
    gate: Option<Arc<Notify>>,
    /// Told when messages begin to wait.
    pub(super) entered: Arc<Notify>,
}

#[derive(Default)]
struct State {
    arrivals: Vec<Arrival>,
    seen: HashMap<DeduplicationId, u64>,
    is_full: bool,
}

impl MemoryStore {
    /// A store whose every call waits for `gate`.
    pub(super) fn gated(gate: &Arc<Notify>) -> Self {
        Self { gate: Some(Arc::clone(gate)), ..Self::default() }
    }

    pub(super) fn arrivals(&self) -> Vec<Arrival> {
        self.state.lock().unwrap().arrivals.clone()
    }

    /// Whether the disk is full.
    pub(super) fn fill(&self, is_full: bool) {
        self.state.lock().unwrap().is_full = is_full;
    }
}

#[async_trait]
impl EventStore for MemoryStore {
    async fn append(&self, arrivals: Vec<Arrival>) -> Result<Vec<Receipt>, StoreError> {
        if let Some(gate) = &self.gate {
            self.entered.notify_one();
            gate.notified().await;
        }
        let mut state = self.state.lock().unwrap();
        if state.is_full {
            return Err(StoreError::unavailable("the disk is full", "ENOSPC"));
        }
        let receipts = arrivals.into_iter().map(|arrival| {
            let sequence = state.arrivals.len() as u64 + 1;
            if let Some(id) = arrival.deduplication_id {
                let first = *state.seen.entry(id).or_insert(sequence);
                if first != sequence {
                    return Receipt { disposition: Disposition::Deduplicated, sequence: first };
                }
            }
            let disposition = match &arrival.content {
                Content::DeadLetter(_) => Disposition::DeadLetter,
                content if state.arrivals.iter().any(|known| known.content == *content) => {
                    Disposition::Duplicate
                }
                Content::Event(_) => Disposition::Stored,
            };
            state.arrivals.push(arrival);
            Receipt { disposition, sequence }
        });
        Ok(receipts.collect())
    }
}
