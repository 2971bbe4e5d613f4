//! The interim row of one request in `CV-Analytics-QueryEvents`: where a half waits for the other.

use cv_analytics_core::event::{QueryHalf, RequestId, ResponseHalf};
use cv_analytics_core::interaction::Interaction;
use cv_analytics_core::timestamp::Timestamp;

/// How long a row stays after its last write: longer than a half can wait in the queue
/// and in the dead-letter queue together.
pub const ROW_DAYS: u32 = 20;

/// One half, as it is written into its row.
#[derive(Clone, Debug, PartialEq)]
pub enum Half {
    /// What was asked.
    Query(QueryHalf),
    /// How it was handled.
    Response(ResponseHalf),
}

/// What a row holds. Rows only grow, but for erasure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InterimRow {
    /// What was asked.
    pub query: Option<QueryHalf>,
    /// How it was handled.
    pub response: Option<ResponseHalf>,
    /// When the first half arrived.
    pub arrived_at: Option<Timestamp>,
    /// The owner had the interaction erased: the row holds nothing and takes nothing.
    pub erased: bool,
}

impl InterimRow {
    /// What the row and its record make together.
    pub fn joined_to(self, request_id: RequestId, record: Option<&Interaction>) -> Interaction {
        let Self { query, response, .. } = self;
        let Some(record) = record else {
            return Interaction { request_id, query, response, feedback: None };
        };
        if record.is_joined() {
            let completed = query.and_then(|query| record.completed_by(&query));
            return completed.unwrap_or_else(|| record.clone());
        }
        Interaction {
            request_id,
            query: query.or_else(|| record.query.clone()),
            response: response.or_else(|| record.response.clone()),
            feedback: record.feedback.clone(),
        }
    }
}

/// When DynamoDB may remove a row that was written at `now`: Unix time in **seconds**, as its time to live wants it
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html>).
pub fn time_to_live(now: Timestamp) -> i64 {
    now.as_millis().div_euclid(1000) + i64::from(ROW_DAYS) * 24 * 60 * 60
}
