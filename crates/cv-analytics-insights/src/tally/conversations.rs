//! Which conversation an interaction belongs to, and how many distinct ones there are.

use cv_analytics_core::event::SessionDigest;
use cv_analytics_core::store::observation_page::PagedObservation;

/// Conversations, one for each interaction, until they are counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conversations(Vec<u64>);

impl Conversations {
    pub(crate) fn add(&mut self, conversation: u64) {
        if self.0.last() != Some(&conversation) {
            self.0.push(conversation);
        }
    }

    pub(crate) fn merge(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// The distinct ones, in order.
    pub(crate) fn distinct(&mut self) -> &[u64] {
        self.0.sort_unstable();
        self.0.dedup();
        &self.0
    }

    /// How many distinct ones there are.
    pub(crate) fn count(&mut self) -> u64 {
        self.distinct().len() as u64
    }
}

/// The number of an interaction's conversation: its session's, else the next of those without one.
pub(crate) fn conversation_of(
    observation: &PagedObservation<'_>,
    without_session: &mut u64,
) -> u64 {
    observation.session.map_or_else(
        || {
            *without_session += 1;
            *without_session
        },
        SessionDigest::bits,
    )
}
