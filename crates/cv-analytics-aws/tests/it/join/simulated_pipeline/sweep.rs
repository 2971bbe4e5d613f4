//! The reporter's sweep: the index first, then the interim rows page by page.

use cv_analytics_aws::item::record::Record;
use cv_analytics_aws::joining::promotion::Promotion;
use cv_analytics_core::interaction::Interaction;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_harness::seeded::Seeded;

use super::tables::Request;
use crate::join::events::request_id;

/// A sweep on its way.
pub(super) struct Sweep {
    /// What the index gave of each request.
    indexed: Vec<Option<Interaction>>,
    /// Requests whose row is still to be swept.
    to_come: Vec<usize>,
    /// The row that is being swept.
    pub(super) current: Option<(usize, Promotion)>,
    /// Until when it hangs.
    pub(super) awake_at: Timestamp,
    /// Whether it is the one of the week.
    pub(super) is_scheduled: bool,
}

impl Sweep {
    pub(super) fn begin(
        is_scheduled: bool,
        requests: &mut [Request],
        now: Timestamp,
        random: &mut Seeded,
    ) -> Self {
        let indexed = requests
            .iter_mut()
            .map(|request| match &request.seen(now, random).record {
                // Feedback that waits is elsewhere in the index.
                Some(Record::Interaction(record)) if record.at().is_some() => Some(record.clone()),
                _ => None,
            })
            .collect();
        let to_come = (0..requests.len()).rev().collect();
        Self { indexed, to_come, current: None, awake_at: now, is_scheduled }
    }

    /// Goes on to the next row, as a scan reads it; `false` at the end.
    pub(super) fn next_row(
        &mut self,
        requests: &mut [Request],
        now: Timestamp,
        random: &mut Seeded,
    ) -> bool {
        let Some(place) = self.to_come.pop() else { return false };
        let Some(row) = requests[place].seen(now, random).row.clone() else { return true };
        let mut known = self.indexed[place].take();
        if !known.as_ref().is_some_and(Interaction::is_joined) && random.chance(70) {
            // The record is looked up.
            known = match &requests[place].items().record {
                Some(Record::Interaction(record)) => Some(record.clone()),
                Some(Record::Erased) | None => None,
            };
        }
        let promotion = Promotion::begin(request_id(place), row, known.as_ref(), now);
        self.current = Some((place, promotion));
        true
    }
}
