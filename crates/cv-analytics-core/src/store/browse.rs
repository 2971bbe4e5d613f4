//! The port of those who look at single interactions: the dashboard.

use std::future::Future;
use std::ops::Range;

use crate::event::RequestId;
use crate::interaction::Interaction;
use crate::store::{Ledger, Observe, StoreError};
use crate::timestamp::Timestamp;
use crate::week::IsoWeek;

/// How far somebody who follows the arrivals has come; what it counts is the store's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArrivalCursor(pub i64);

/// Interactions that arrived, the oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrivals {
    /// The interactions as they are now. Where moments alone tell what is new, one may come twice.
    pub interactions: Vec<Interaction>,
    /// From where the next ones are asked for.
    pub cursor: ArrivalCursor,
}

/// Gives single interactions, and tells what there is and whether it changed.
pub trait Browse: Observe + Ledger + Clone + 'static {
    /// The interaction with this id, as it is now.
    fn interaction(
        &self,
        request_id: &RequestId,
    ) -> impl Future<Output = Result<Option<Interaction>, StoreError>> + Send;

    /// The weeks that hold interactions, the oldest first; none after `until`.
    fn weeks(
        &self,
        until: IsoWeek,
    ) -> impl Future<Output = Result<Vec<IsoWeek>, StoreError>> + Send;

    /// A number that is another one after every change of the interactions of `period` or of the
    /// deliveries in it, within this process; it may be another one without such a change. `None`
    /// where the store cannot tell.
    fn change_marker(
        &self,
        period: Range<Timestamp>,
    ) -> impl Future<Output = Result<Option<u64>, StoreError>> + Send;

    /// At most `limit` interactions that arrived after `after`; without it the newest.
    fn arrivals(
        &self,
        after: Option<ArrivalCursor>,
        limit: usize,
    ) -> impl Future<Output = Result<Arrivals, StoreError>> + Send;
}
