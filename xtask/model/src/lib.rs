//! What the joining law makes of events, written a second time: from the contract, as plainly as it can be,
//! and without the code that it is held against. Tests of both stores use it.
//!
//! Halves are the core's own types, as the intake reads them; nothing that joins, completes or repeats is
//! asked of the core.

use cv_analytics_core::event::{
    Event, EventBody, Feedback, QueryHalf, RequestId, ResponseHalf, SessionId, Traffic,
};
use cv_analytics_core::interaction::{Disposition, Interaction};

/// What has come of one request and counts.
#[derive(Clone, Debug, Default)]
pub struct OfRequest {
    /// The query event that came first; where a response brought its question along, every one that came
    /// after it too, since each may name a session or a flag.
    queries: Vec<QueryHalf>,
    /// The response that came first, with the question that it brought along.
    response: Option<(ResponseHalf, Option<QueryHalf>)>,
    /// Every word of feedback that came.
    feedback: Vec<Feedback>,
}

impl OfRequest {
    /// Takes in an event, and says what becomes of it.
    pub fn arrive(&mut self, event: &Event) -> Disposition {
        let again = |same| if same { Disposition::Duplicate } else { Disposition::Conflict };
        let (response, question) = match &event.body {
            EventBody::Query(query) => {
                let is_whole = matches!(self.response, Some((_, Some(_))));
                return match self.queries.first() {
                    Some(first) if !is_whole => again(first == query),
                    _ => {
                        self.queries.push(query.clone());
                        Disposition::Stored
                    }
                };
            }
            EventBody::Feedback(given) => {
                let stands = self.stands(&event.request_id);
                self.feedback.push(given.clone());
                return match stands {
                    Some(stands) if stands == *given => Disposition::Duplicate,
                    _ => Disposition::Stored,
                };
            }
            EventBody::Response(response) => (response.clone(), None),
            EventBody::Whole(question, response) => (response.clone(), Some(question.clone())),
        };
        if let Some(first) = &self.response {
            return again(*first == (response, question));
        }
        self.response = Some((response, question));
        Disposition::Stored
    }

    /// The word that stands: the last, of those at one moment the least by its canonical form.
    fn stands(&self, request_id: &RequestId) -> Option<Feedback> {
        let mut words: Vec<_> = self.feedback.iter().collect();
        words.sort_by_cached_key(|word| word.canonical_bytes(request_id));
        words.sort_by_key(|word| std::cmp::Reverse(word.timestamp));
        words.first().map(|word| (*word).clone())
    }

    /// The record; `None` where nothing has come.
    pub fn record(&self, request_id: &RequestId) -> Option<Interaction> {
        let (response, question) = match &self.response {
            Some((response, Some(question))) => {
                let mut question = question.clone();
                let (session, traffic) = self.named_besides(&question);
                question.session = session.or(question.session);
                question.traffic = traffic.unwrap_or(question.traffic);
                (Some(response.clone()), Some(question))
            }
            Some((response, None)) => (Some(response.clone()), self.queries.first().cloned()),
            None => (None, self.queries.first().cloned()),
        };
        let feedback = self.stands(request_id);
        let is_there = response.is_some() || question.is_some() || feedback.is_some();
        is_there.then(|| Interaction {
            request_id: request_id.clone(),
            query: question,
            response,
            feedback,
        })
    }

    /// The events that an export gives: of a query event beside a response with its question no more than
    /// the session and the flag that it named.
    pub fn exported(&self, request_id: &RequestId) -> Vec<Event> {
        let halves = match &self.response {
            Some((response, Some(question))) => {
                let whole = EventBody::Whole(question.clone(), response.clone());
                let (session, traffic) = self.named_besides(question);
                let is_named = session.is_some() || traffic.is_some();
                let named = is_named.then(|| {
                    let mut named = question.clone();
                    named.session = session;
                    named.traffic = traffic.unwrap_or(Traffic::Visitor);
                    named.unknown.clear();
                    EventBody::Query(named)
                });
                [Some(whole), named]
            }
            response => [
                self.queries.first().cloned().map(EventBody::Query),
                response.clone().map(|(response, _)| EventBody::Response(response)),
            ],
        };
        let event = |body| Event { request_id: request_id.clone(), body };
        let feedback = self.stands(request_id).map(EventBody::Feedback);
        halves.into_iter().chain([feedback]).flatten().map(event).collect()
    }

    /// The session and the flag that query events name and a question that came with its response does not.
    fn named_besides(&self, question: &QueryHalf) -> (Option<SessionId>, Option<Traffic>) {
        let mut sessions = self.queries.iter().filter_map(|query| query.session.clone());
        let mut flags = self.queries.iter().map(|query| query.traffic);
        let is_flag = |flag: &Traffic| *flag != Traffic::Visitor && *flag != question.traffic;
        let is_other = |session: &SessionId| Some(session) != question.session.as_ref();
        (sessions.find(is_other), flags.find(is_flag))
    }
}
