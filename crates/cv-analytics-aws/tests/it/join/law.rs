//! What the joining law lets a record show, and become: without the code that joins.

use cv_analytics_core::event::{
    Event, EventBody, Feedback, QueryHalf, RequestId, ResponseHalf, Traffic,
};
use cv_analytics_core::interaction::Interaction;
use cv_analytics_model::OfRequest;

/// How many different bodies come for one half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bodies {
    /// Each half always comes with the same one.
    One,
    /// One of them is kept, and which one depends on arrival.
    Several,
}

/// What the law makes of `events`, in their order.
pub(crate) fn joined<'events>(
    events: impl IntoIterator<Item = &'events Event>,
) -> Option<Interaction> {
    let mut of_one = OfRequest::default();
    let mut request_id = None;
    for event in events {
        of_one.arrive(event);
        request_id = Some(&event.request_id);
    }
    of_one.record(request_id?)
}

/// Whether what `event` brought can be seen in `shown`: it, or what stands in its place. Of a query
/// event a whole record shows the session and the flag, and of feedback a word that replaces it.
pub(crate) fn shows(shown: &Interaction, event: &Event, bodies: Bodies) -> bool {
    let any = bodies == Bodies::Several;
    match &event.body {
        EventBody::Query(query) => {
            if shown.is_whole() {
                return any || names(shown, query);
            }
            shown.query.as_ref().is_some_and(|kept| any || kept == query)
        }
        EventBody::Response(response) => {
            shown.response.as_ref().is_some_and(|kept| any || kept == response)
        }
        EventBody::Whole(query, response) => {
            let is_it = is_made_by(shown, query, response);
            is_it || (any && shown.response.is_some())
        }
        EventBody::Feedback(given) => is_replaced(&event.request_id, Some(given), shown),
    }
}

/// Whether a record may become `after` where `before` was: no half leaves it, but that a
/// self-contained response stands for the query event, with its session and its flag; and no
/// feedback, but that another word replaces it.
pub(crate) fn may_follow(before: &Interaction, after: &Interaction, bodies: Bodies) -> bool {
    if !is_replaced(&before.request_id, before.feedback.as_ref(), after) {
        return false;
    }
    if before.is_joined() {
        let stays = (&before.query, &before.response) == (&after.query, &after.response);
        return stays || (before.is_whole() && is_completed(before, after));
    }
    let any = bodies == Bodies::Several;
    let is_named = |query: &QueryHalf| after.is_whole() && names(after, query);
    let keeps_query = before.query.as_ref().is_none_or(is_named)
        || before.query == after.query
        || (any && after.query.is_some());
    let keeps_response = before.response.is_none()
        || before.response == after.response
        || (any && after.response.is_some());
    keeps_query && keeps_response
}

/// Whether a record has this word of feedback, or one that was given later, or at the same moment and is less as text.
fn is_replaced(request_id: &RequestId, given: Option<&Feedback>, record: &Interaction) -> bool {
    let Some(given) = given else { return true };
    record.feedback.as_ref().is_some_and(|kept| {
        kept == given
            || kept.timestamp > given.timestamp
            || (kept.timestamp == given.timestamp
                && kept.canonical_bytes(request_id) < given.canonical_bytes(request_id))
    })
}

/// Whether each half of the record is the whole of one that was sent, and its feedback what the law makes of all.
pub(crate) fn is_made_of(record: &Interaction, events: &[Event]) -> bool {
    if record.feedback != joined(events).and_then(|all| all.feedback) {
        return false;
    }
    let (query, response) = (record.query.as_ref(), record.response.as_ref());
    let mut halves = events.iter().map(|event| &event.body);
    if record.is_whole() {
        return halves.any(
            |halves| matches!(halves, EventBody::Whole(one, other) if is_made_by(record, one, other)),
        );
    }
    let is_query =
        |halves: &EventBody| matches!(halves, EventBody::Query(one) if Some(one) == query);
    let is_response =
        |halves: &EventBody| matches!(halves, EventBody::Response(one) if Some(one) == response);
    (query.is_none() || halves.clone().any(is_query))
        && (response.is_none() || halves.any(is_response))
}

/// Whether a whole record has the session and the flag of a query event, where that names any: they go
/// before those of the response.
fn names(whole: &Interaction, query: &QueryHalf) -> bool {
    whole.query.as_ref().is_some_and(|kept| {
        (query.session.is_none() || query.session == kept.session)
            && (query.traffic == Traffic::Visitor || query.traffic == kept.traffic)
    })
}

/// Whether a whole record became `after` by a session and a flag that it lacked, and nothing else.
fn is_completed(before: &Interaction, after: &Interaction) -> bool {
    let (Some(was), Some(response)) = (&before.query, &before.response) else { return false };
    let Some(is) = &after.query else { return false };
    let lacked_session = was.session.is_none() || was.session == response.session;
    let lacked_traffic = was.traffic == response.traffic;
    is_made_by(after, was, response)
        && (is.session == was.session || (lacked_session && is.session.is_some()))
        && (is.traffic == was.traffic || (lacked_traffic && is.traffic != Traffic::Visitor))
}

/// Whether a self-contained response made the record, whatever a query event added.
fn is_made_by(record: &Interaction, query: &QueryHalf, response: &ResponseHalf) -> bool {
    record.response.as_ref() == Some(response)
        && record.query.as_ref().is_some_and(|kept| {
            let (session, traffic) = (query.session.clone(), query.traffic);
            QueryHalf { session, traffic, ..kept.clone() } == *query
        })
}
