//! An interaction: the halves of one request id, the visitor's feedback on it, and the events that they came in.

mod join;

pub use self::join::Joined;
use crate::event::{
    Event, EventBody, Feedback, QueryHalf, RequestId, ResponseHalf, Traffic, UnknownFields,
};
use crate::timestamp::Timestamp;

/// Milliseconds that a half waits for its partner, from its timestamp or its arrival, whichever is earlier.
pub const PROMOTED_AFTER_MS: i64 = 15 * 60 * 1000;

/// What has come under one request id: a half at least, or feedback that waits for one.
#[derive(Clone, Debug, PartialEq)]
pub struct Interaction {
    /// What joins the halves.
    pub request_id: RequestId,
    /// What was asked.
    pub query: Option<QueryHalf>,
    /// How it was handled.
    pub response: Option<ResponseHalf>,
    /// The visitor's word on it. By itself it makes no interaction: it has no moment, and no report counts it.
    pub feedback: Option<Feedback>,
}

/// What became of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Disposition {
    /// The event is kept (or a self-contained response had said it all before).
    Stored,
    /// The same half was there before.
    Duplicate,
    /// Another body for this half was there before, and stays.
    Conflict,
    /// The message cannot be read and is kept as a dead letter.
    DeadLetter,
    /// The queue's deduplication swallowed the message: no delivery.
    Deduplicated,
    /// The owner had the interaction erased: nothing of it is kept again.
    Erased,
}

impl Interaction {
    /// The moment that decides its week: the query's, else the response's.
    pub fn at(&self) -> Option<Timestamp> {
        self.query
            .as_ref()
            .map(|query| query.timestamp)
            .or_else(|| self.response.as_ref().map(|response| response.timestamp))
    }

    /// Whether both halves are there.
    pub fn is_joined(&self) -> bool {
        self.query.is_some() && self.response.is_some()
    }

    /// Whether a self-contained response made the record.
    pub fn is_whole(&self) -> bool {
        self.response.as_ref().is_some_and(|response| response.form.is_whole())
    }

    /// The query half, or of a self-contained record the session and flag that are not the response's.
    pub fn query_event(&self) -> Option<QueryHalf> {
        let Some((query, response)) = self.whole_halves() else { return self.query.clone() };
        let session = query.session.clone().filter(|_| query.session != response.session);
        let traffic =
            if query.traffic == response.traffic { Traffic::Visitor } else { query.traffic };
        (session.is_some() || traffic != Traffic::Visitor).then(|| QueryHalf {
            session,
            traffic,
            unknown: UnknownFields::new(),
            tolerated: Vec::new(),
            ..query.clone()
        })
    }

    fn whole_halves(&self) -> Option<(&QueryHalf, &ResponseHalf)> {
        let (query, response) = (self.query.as_ref()?, self.response.as_ref()?);
        response.form.is_whole().then_some((query, response))
    }

    /// The events that, kept again in any order, make this record: what an export writes.
    pub fn into_events(self) -> Vec<Event> {
        let query = self.query_event().map(EventBody::Query);
        let Self { request_id, query: asked, response, feedback } = self.without_query_event();
        let response = response.map(|response| match asked {
            Some(query) if response.form.is_whole() => EventBody::Whole(query, response),
            _ => EventBody::Response(response),
        });
        // After a self-contained response a query event is never a conflict, whatever else it lacks.
        let is_whole = matches!(response, Some(EventBody::Whole(..)));
        let (first, second) = if is_whole { (response, query) } else { (query, response) };
        let event = |body| Event { request_id: request_id.clone(), body };
        let feedback = feedback.map(EventBody::Feedback);
        first.into_iter().chain(second).chain(feedback).map(event).collect()
    }
}
