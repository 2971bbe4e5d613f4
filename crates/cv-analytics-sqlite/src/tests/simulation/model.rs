//! What must be in the store, by the contract's sections on events and on the program: plain lists, and none
//! of the store's code nor of the core's that joins and erases.

use std::collections::{BTreeMap, BTreeSet};

use cv_analytics_core::event::{Event, EventBody, RequestId, SessionId};
use cv_analytics_core::intake::Content;
use cv_analytics_core::interaction::{Disposition, Interaction};
use cv_analytics_core::store::Arrival;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_model::OfRequest;

use super::super::setup::intake;

const DAY_MS: i64 = 24 * 3_600_000;
/// How long the queue swallows a message that comes again.
const SWALLOWED_MS: i64 = 5 * 60_000;

/// A message that could not be read.
pub(super) type Letter = (Vec<u8>, Timestamp);

/// Duplicates, conflicts and dead letters of a week.
pub(super) type Counted = [u64; 3];

#[derive(Clone, Default)]
pub(super) struct Model {
    requests: BTreeMap<RequestId, OfRequest>,
    pub(super) letters: Vec<Letter>,
    pub(super) deliveries: BTreeMap<IsoWeek, Counted>,
    erased: BTreeSet<RequestId>,
    /// As the agent sends them.
    erased_sessions: BTreeSet<String>,
    /// When a message came that swallows its repetitions.
    first_came: BTreeMap<u128, Timestamp>,
}

impl Model {
    pub(super) fn keep(&mut self, arrival: &Arrival) -> Disposition {
        let at = arrival.arrived_at;
        if let Some(id) = arrival.deduplication_id {
            let first = self.first_came.get(&id.0);
            if first.is_some_and(|first| at.as_millis() - first.as_millis() < SWALLOWED_MS) {
                return Disposition::Deduplicated;
            }
            self.first_came.insert(id.0, at);
        }
        let disposition = match &arrival.content {
            Content::Event(event) => self.join(event),
            Content::DeadLetter(letter) => {
                self.store_dead_letter((letter.body.clone(), letter.arrived_at))
            }
        };
        let place = match disposition {
            Disposition::Duplicate => 0,
            Disposition::Conflict => 1,
            Disposition::DeadLetter => 2,
            _ => return disposition,
        };
        self.deliveries.entry(IsoWeek::containing(at)).or_default()[place] += 1;
        disposition
    }

    /// As an import stores it: not counted as a delivery, and the same letter once.
    pub(super) fn import(&mut self, arrival: &Arrival) -> Disposition {
        match &arrival.content {
            Content::Event(event) => self.join(event),
            Content::DeadLetter(letter) => {
                if self.letters.iter().any(|(body, _)| *body == letter.body) {
                    return Disposition::DeadLetter;
                }
                self.store_dead_letter((letter.body.clone(), letter.arrived_at))
            }
        }
    }

    pub(super) fn join(&mut self, event: &Event) -> Disposition {
        let id = &event.request_id;
        let halves = match &event.body {
            EventBody::Feedback(_) => [None, None],
            EventBody::Query(query) => [query.session.as_ref(), None],
            EventBody::Response(response) => [None, response.session.as_ref()],
            EventBody::Whole(query, response) => {
                [query.session.as_ref(), response.session.as_ref()]
            }
        };
        let erased = self.erased_sessions();
        if halves.into_iter().flatten().any(|session| erased.contains(session)) {
            self.forget_request(id);
        }
        if self.erased.contains(id) {
            return Disposition::Erased;
        }
        self.requests.entry(id.clone()).or_default().arrive(event)
    }

    fn store_dead_letter(&mut self, letter: Letter) -> Disposition {
        if self.names_erased(&letter) {
            return Disposition::Erased;
        }
        self.letters.push(letter);
        Disposition::DeadLetter
    }

    /// Interactions and letters that went.
    pub(super) fn forget_request(&mut self, id: &RequestId) -> (u64, u64) {
        self.erased.insert(id.clone());
        let interactions = u64::from(self.requests.remove(id).is_some());
        (interactions, self.drop_erased_letters())
    }

    pub(super) fn forget_session(&mut self, session: &str) -> (u64, u64) {
        self.erased_sessions.insert(session.to_owned());
        (self.erase_what_is_marked(), self.drop_erased_letters())
    }

    fn erase_what_is_marked(&mut self) -> u64 {
        let sessions = self.erased_sessions();
        let of_one = |record: &Interaction| {
            let query = record.query.as_ref().and_then(|half| half.session.as_ref());
            let response = record.response.as_ref().and_then(|half| half.session.as_ref());
            [query, response].into_iter().flatten().any(|session| sessions.contains(session))
        };
        let records = self.records();
        let gone: Vec<_> = records
            .into_iter()
            .filter(|(id, record)| self.erased.contains(id) || of_one(record))
            .map(|(id, _)| id)
            .collect();
        for id in &gone {
            self.requests.remove(id);
            self.erased.insert(id.clone());
        }
        gone.len() as u64
    }

    fn drop_erased_letters(&mut self) -> u64 {
        let letters = std::mem::take(&mut self.letters);
        let before = letters.len();
        self.letters = letters.into_iter().filter(|letter| !self.names_erased(letter)).collect();
        (before - self.letters.len()) as u64
    }

    fn names_erased(&self, (body, _): &Letter) -> bool {
        let body = String::from_utf8_lossy(body);
        let names = |field: &str, id: &str| body.contains(&format!("\"{field}\":\"{id}\""));
        self.erased.iter().any(|id| names("requestId", id.as_str()))
            || self.erased_sessions.iter().any(|session| names("sessionId", session))
    }

    /// In the form in which they are kept.
    fn erased_sessions(&self) -> BTreeSet<SessionId> {
        let intake = intake();
        let kept = |session: &String| intake.privacy().session(session).unwrap();
        self.erased_sessions.iter().map(kept).collect()
    }

    /// What must be shown.
    pub(super) fn records(&self) -> BTreeMap<RequestId, Interaction> {
        let shown = |(id, of_one): (&RequestId, &OfRequest)| Some((id.clone(), of_one.record(id)?));
        self.requests.iter().filter_map(shown).collect()
    }

    /// The interactions' moments, and those of the letters' arrivals.
    fn moments(&self) -> (Vec<Timestamp>, Vec<Timestamp>) {
        let at = |record: &Interaction| {
            let asked = record.query.as_ref().map(|half| half.timestamp);
            asked.or_else(|| Some(record.response.as_ref()?.timestamp))
        };
        let records = self.records().values().filter_map(at).collect();
        (records, self.letters.iter().map(|(_, arrived_at)| *arrived_at).collect())
    }

    /// The moment before which retention deletes: counted from the newest that is not in the future.
    pub(super) fn old_before(&self, now: Timestamp, days: u32) -> Timestamp {
        let (records, letters) = self.moments();
        let newest = |moments: Vec<Timestamp>| moments.into_iter().filter(|at| *at <= now).max();
        let newest = newest(records).or_else(|| newest(letters)).unwrap_or(now);
        newest.plus_millis(-DAY_MS * i64::from(days))
    }

    /// Rows that went.
    pub(super) fn delete_before(&mut self, moment: Timestamp) -> u64 {
        let before = self.requests.len() + self.letters.len();
        for (id, record) in self.records() {
            let asked = record.query.map(|half| half.timestamp);
            let at = asked.or(record.response.map(|half| half.timestamp));
            let at = at.or(record.feedback.map(|given| given.timestamp)).unwrap();
            if at < moment {
                self.requests.remove(&id);
            }
        }
        self.letters.retain(|(_, arrived_at)| *arrived_at >= moment);
        (before - self.requests.len() - self.letters.len()) as u64
    }

    /// Puts back what another store held.
    pub(super) fn restore(&mut self, archived: &Self) {
        self.erased.extend(archived.erased.iter().cloned());
        self.erased_sessions.extend(archived.erased_sessions.iter().cloned());
        self.erase_what_is_marked();
        self.drop_erased_letters();
        for (week, counted) in &archived.deliveries {
            let here = self.deliveries.entry(*week).or_default();
            for (here, there) in here.iter_mut().zip(counted) {
                *here = (*here).max(*there);
            }
        }
        for letter in &archived.letters {
            if !self.letters.contains(letter) {
                self.store_dead_letter(letter.clone());
            }
        }
        for (id, of_one) in &archived.requests {
            for event in of_one.exported(id) {
                self.join(&event);
            }
        }
    }

    /// What a store forgets that is another file.
    pub(super) fn swallow_nothing(&mut self) {
        self.first_came.clear();
    }

    pub(super) fn rows(&self) -> usize {
        self.requests.len() + self.letters.len()
    }
}
