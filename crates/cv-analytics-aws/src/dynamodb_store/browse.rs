//! Single interactions, the weeks that there are, and what came last, for a dashboard on a laptop.
//!
//! Nothing is promoted here: what still waits in an interim row is joined to what is read.

use cv_analytics_core::event::RequestId;
use cv_analytics_core::interaction::Interaction;
use cv_analytics_core::store::StoreError;
use cv_analytics_core::store::arrivals::{ArrivalCursor, Arrivals};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::dynamodb_store::{CALL_CONCURRENCY, DynamoDbStore};
use crate::item::read_record;
use crate::item::record::Record;
use crate::tables::error::TableError;
use crate::tables::is_own_state;

/// A year without a question ends the search for older weeks.
const MAX_EMPTY_WEEKS: usize = 52;
/// Weeks that are looked at: ten years.
const MAX_SEARCHED_WEEKS: u16 = 520;
/// The index is late, and agents' clocks differ: so far back what came last is asked for again.
const OVERLAP_MS: i64 = 2 * 60 * 1000;
/// Weeks in which the newest are looked for.
const RECENT_WEEKS: u8 = 4;

impl DynamoDbStore {
    /// The interaction with this id, as it is now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn interaction(
        &self,
        request_id: &RequestId,
    ) -> Result<Option<Interaction>, StoreError> {
        Ok(match self.look_up(request_id).await? {
            Some(Record::Interaction(kept)) => Some(kept),
            Some(Record::Erased) | None => None,
        })
    }

    /// The weeks that hold interactions, the oldest first; none after `until`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn weeks(&self, until: IsoWeek) -> Result<Vec<IsoWeek>, StoreError> {
        let weeks = std::iter::successors(Some(until), |week| Some(week.earlier(1)));
        let mut looked_at = stream::iter(weeks.take(usize::from(MAX_SEARCHED_WEEKS)))
            .map(|week| async move {
                let holds = self.tables().week_holds_any(week).await?;
                Ok::<_, TableError>((week, holds))
            })
            .buffered(CALL_CONCURRENCY);
        let (mut found, mut empty) = (Vec::new(), 0);
        while let Some((week, holds)) = looked_at.try_next().await? {
            if holds {
                found.push(week);
                empty = 0;
            } else {
                empty += 1;
            }
            if empty >= MAX_EMPTY_WEEKS {
                break;
            }
        }
        found.reverse();
        Ok(found)
    }

    /// The interactions that arrived last. The cursor is a moment in milliseconds; what shares it or is
    /// shortly before comes again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn arrivals(
        &self,
        after: Option<ArrivalCursor>,
        limit: usize,
    ) -> Result<Arrivals, StoreError> {
        let this = IsoWeek::containing(self.now());
        let from = match after {
            Some(ArrivalCursor(last)) => Timestamp::from_millis(last).plus_millis(-OVERLAP_MS),
            None => this.earlier(RECENT_WEEKS - 1).start(),
        };
        let mut found = Vec::new();
        // One week more: clocks of agents may be ahead.
        for back in 0..=RECENT_WEEKS {
            let week = this.later(1).earlier(back);
            let left = limit.saturating_sub(found.len());
            if week.end() <= from || left == 0 {
                break;
            }
            let within = week.start().max(from)..week.end();
            let items = self.tables().week_latest(week, within, left).await?;
            let records = items.into_iter().filter(|item| !is_own_state(item)).map(read_record);
            found.extend(records.filter_map(|record| match record {
                Ok(Record::Interaction(record)) => Some(record),
                // What another program wrote is the report's to warn of.
                Ok(Record::Erased) | Err(_) => None,
            }));
        }
        found.sort_by_key(Interaction::at);
        let last = found.last().and_then(Interaction::at).map(Timestamp::as_millis);
        let before = after.map(|ArrivalCursor(last)| last);
        let cursor = ArrivalCursor(last.max(before).unwrap_or(from.as_millis()));
        Ok(Arrivals { interactions: found, cursor })
    }
}
