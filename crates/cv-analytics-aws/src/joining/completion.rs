//! A whole record that lacks a session or a traffic flag which its query event names.

use cv_analytics_core::event::QueryHalf;
use cv_analytics_core::interaction::Interaction;

/// A whole record that takes what it lacks; everything else of it stays.
#[derive(Clone, Debug, PartialEq)]
pub struct CompleteRecord {
    before: Interaction,
    record: Interaction,
    query: QueryHalf,
}

impl CompleteRecord {
    /// Begins with the record as it was read and a query event; `None` where nothing is lacking.
    pub(crate) fn begin(before: Interaction, query: QueryHalf) -> Option<Box<Self>> {
        let record = before.completed_by(&query)?;
        Some(Box::new(Self { before, record, query }))
    }

    /// The record as it was read: the put is refused where its session or flag is another by now.
    pub fn before(&self) -> &Interaction {
        &self.before
    }

    /// What is put in its place.
    pub fn record(&self) -> &Interaction {
        &self.record
    }

    /// The record as it was read.
    pub(crate) fn into_before(self) -> Interaction {
        self.before
    }

    /// Begins anew with the record that was in the way.
    pub(crate) fn again(self, there: Interaction) -> Option<Box<Self>> {
        Self::begin(there, self.query)
    }
}
