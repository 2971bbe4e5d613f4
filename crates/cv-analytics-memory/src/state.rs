//! What the store holds.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use cv_analytics_core::dead_letter::DeadLetter;
use cv_analytics_core::event::{Event, RequestId, SessionId};
use cv_analytics_core::intake::Content;
use cv_analytics_core::interaction::{Disposition, Interaction, Joined};
use cv_analytics_core::privacy::{Privacy, SessionKey};
use cv_analytics_core::store::archive::{Archived, ErasedId, PutBack};
use cv_analytics_core::store::dead_letters::{DeadLetterEntry, DeadLetterSelection};
use cv_analytics_core::store::erasure::{Erased, Mark};
use cv_analytics_core::store::session_key::SESSION_KEY;
use cv_analytics_core::store::{
    Arrival, DEDUPLICATION_WINDOW_MS, DeduplicationId, Deliveries, Receipt, VersionedValue,
};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;

#[derive(Debug, Default)]
pub(crate) struct State {
    sequence: u64,
    pub(crate) changes: u64,
    /// In order of arrival.
    pub(crate) interactions: BTreeMap<u64, Interaction>,
    seen: HashMap<DeduplicationId, (Timestamp, u64)>,
    deliveries: BTreeMap<IsoWeek, Deliveries>,
    pub(crate) letters: BTreeMap<u64, DeadLetter>,
    pub(crate) values: BTreeMap<String, VersionedValue>,
    pub(crate) erased_requests: BTreeSet<Mark>,
    pub(crate) erased_sessions: BTreeSet<Mark>,
}

impl State {
    pub(crate) fn append(&mut self, arrival: Arrival) -> Receipt {
        let Arrival { content, arrived_at, deduplication_id } = arrival;
        if let Some(id) = deduplication_id {
            let since = |then: Timestamp| arrived_at.as_millis() - then.as_millis();
            match self.seen.get(&id) {
                Some((then, sequence)) if since(*then) < DEDUPLICATION_WINDOW_MS => {
                    return Receipt { disposition: Disposition::Deduplicated, sequence: *sequence };
                }
                _ => self.seen.insert(id, (arrived_at, self.sequence + 1)),
            };
        }
        let is_canary = content.is_canary();
        let receipt = self.keep(content);
        if !is_canary {
            self.count(receipt.disposition, arrived_at);
        }
        receipt
    }

    pub(crate) fn import(&mut self, content: Content) -> Receipt {
        if let Content::DeadLetter(letter) = &content
            && self.letters.values().any(|there| there.body == letter.body)
        {
            return Receipt { disposition: Disposition::DeadLetter, sequence: self.sequence };
        }
        self.keep(content)
    }

    fn keep(&mut self, content: Content) -> Receipt {
        self.sequence += 1;
        self.changes += 1;
        let sequence = self.sequence;
        let disposition = match content {
            Content::Event(event) => self.join(&event),
            Content::DeadLetter(letter) if self.names_erased(&letter) => Disposition::Erased,
            Content::DeadLetter(letter) => {
                self.letters.insert(sequence, letter);
                Disposition::DeadLetter
            }
        };
        Receipt { disposition, sequence }
    }

    fn join(&mut self, event: &Event) -> Disposition {
        if event
            .sessions()
            .flat_map(SessionId::marks)
            .any(|mark| self.erased_sessions.contains(&mark))
        {
            self.erased_requests.insert(event.request_id.mark());
            self.erase_marked();
        }
        if self.erased_requests.contains(&event.request_id.mark()) {
            return Disposition::Erased;
        }
        let present = self.interaction(&event.request_id);
        let number = present.map_or(self.sequence, |(number, _)| number);
        match Interaction::join(present.map(|(_, present)| present), event) {
            Joined::Unchanged(disposition) => disposition,
            Joined::Changed(record) => {
                self.interactions.insert(number, record);
                Disposition::Stored
            }
        }
    }

    fn count(&mut self, disposition: Disposition, arrived_at: Timestamp) {
        let week = IsoWeek::containing(arrived_at);
        let mut counts = self.deliveries(week);
        match disposition {
            Disposition::Duplicate => counts.duplicates = counts.duplicates.map(|count| count + 1),
            Disposition::Conflict => counts.conflicts = counts.conflicts.map(|count| count + 1),
            Disposition::DeadLetter => counts.dead_letters += 1,
            Disposition::Stored | Disposition::Deduplicated | Disposition::Erased => return,
        }
        self.deliveries.insert(week, counts);
    }

    pub(crate) fn deliveries(&self, week: IsoWeek) -> Deliveries {
        let none = Deliveries {
            duplicates: Some(0),
            conflicts: Some(0),
            dead_letters: 0,
            refused: Some(0),
            waiting: None,
            feedback_waiting: 0,
        };
        self.deliveries.get(&week).copied().unwrap_or(none)
    }

    pub(crate) fn interaction(&self, request_id: &RequestId) -> Option<(u64, &Interaction)> {
        let found = self.interactions.iter().find(|(_, one)| one.request_id == *request_id);
        found.map(|(number, found)| (*number, found))
    }

    pub(crate) fn put(&mut self, key: &str, value: &str, expected: Option<u64>) -> bool {
        if self.values.get(key).map(|there| there.version) != expected {
            return false;
        }
        let version = expected.unwrap_or_default() + 1;
        self.values.insert(key.to_owned(), VersionedValue { value: value.to_owned(), version });
        true
    }

    /// Whether a message that cannot be read names what was erased.
    fn names_erased(&self, letter: &DeadLetter) -> bool {
        let named = letter.named();
        let key = self.values.get(SESSION_KEY).map(|there| there.value.clone());
        let privacy = Privacy::full(SessionKey::new(key.unwrap_or_default()));
        named.requests().any(|request| self.erased_requests.contains(&request.mark()))
            || named
                .sessions(&privacy)
                .any(|session| self.erased_sessions.contains(&session.mark()))
    }

    /// Takes out what marks say is erased. With a session goes each request of which a half is its.
    pub(crate) fn erase_marked(&mut self) -> Erased {
        let mut erased = Erased::default();
        let (requests, sessions) = (&mut self.erased_requests, &self.erased_sessions);
        self.interactions.retain(|_, one| {
            if one.sessions().any(|session| sessions.contains(&session.mark())) {
                requests.insert(one.request_id.mark());
            }
            let stays = !requests.contains(&one.request_id.mark());
            erased.interactions += u64::from(!stays);
            stays
        });
        let letters = std::mem::take(&mut self.letters);
        let before = letters.len();
        self.letters =
            letters.into_iter().filter(|(_, letter)| !self.names_erased(letter)).collect();
        erased.dead_letters = (before - self.letters.len()) as u64;
        self.changes += 1;
        erased
    }

    /// The ids that are selected, and the first that is not there.
    pub(crate) fn selected(&self, selection: &DeadLetterSelection) -> (Vec<u64>, Option<String>) {
        let ids = match selection {
            DeadLetterSelection::All => return (self.letters.keys().copied().collect(), None),
            DeadLetterSelection::Ids(ids) => ids,
        };
        let there = |id: &String| id.parse().ok().filter(|id| self.letters.contains_key(id));
        let found = ids.iter().filter_map(there).collect();
        (found, ids.iter().find(|id| there(id).is_none()).cloned())
    }

    /// Puts what a letter has become in its place.
    pub(crate) fn read_again(
        &mut self,
        id: u64,
        letter: DeadLetter,
        content: Content,
    ) -> Disposition {
        match content {
            Content::Event(_) => self.keep(content).disposition,
            Content::DeadLetter(_) if self.names_erased(&letter) => Disposition::Erased,
            Content::DeadLetter(DeadLetter { reason, detail, .. }) => {
                self.letters.insert(id, DeadLetter { reason, detail, ..letter });
                Disposition::DeadLetter
            }
        }
    }

    pub(crate) fn archived(&self) -> Vec<Archived> {
        let mut items = Vec::new();
        let requests = self.erased_requests.iter().copied();
        items.extend(requests.map(|mark| Archived::Erased(ErasedId::Sha256(mark))));
        items.extend(self.erased_sessions.iter().copied().map(Archived::ErasedSession));
        items.extend(
            self.values.iter().map(|(key, there)| Archived::Ledger {
                key: key.clone(),
                value: there.value.clone(),
            }),
        );
        items.extend(self.deliveries.iter().map(|(week, counts)| Archived::Deliveries {
            week: *week,
            duplicates: counts.duplicates.unwrap_or_default(),
            conflicts: counts.conflicts.unwrap_or_default(),
            dead_letters: counts.dead_letters,
            refused: counts.refused.unwrap_or_default(),
        }));
        items.extend(self.letters.values().cloned().map(Archived::DeadLetter));
        let interactions = self.interactions.values().cloned();
        items.extend(interactions.map(|one| Archived::Interaction(Box::new(one))));
        items
    }

    pub(crate) fn put_back(&mut self, item: Archived) -> PutBack {
        match item {
            Archived::Ledger { key, value } => {
                let is_there = self.values.get(&key).map(|there| there.value == value);
                if is_there == Some(false) {
                    return PutBack { differing: 1, ..PutBack::default() };
                }
                self.put(&key, &value, None);
            }
            Archived::Erased(id) => {
                self.erased_requests.insert(match id {
                    ErasedId::Sha256(mark) => mark,
                    ErasedId::RequestId(id) => id.mark(),
                });
            }
            Archived::ErasedSession(mark) => {
                self.erased_sessions.insert(mark);
            }
            Archived::Deliveries { week, duplicates, conflicts, dead_letters, refused } => {
                let there = self.deliveries(week);
                let counts = Deliveries {
                    duplicates: there.duplicates.max(Some(duplicates)),
                    conflicts: there.conflicts.max(Some(conflicts)),
                    dead_letters: there.dead_letters.max(dead_letters),
                    refused: there.refused.max(Some(refused)),
                    ..there
                };
                self.deliveries.insert(week, counts);
            }
            Archived::DeadLetter(letter) => {
                let same = |there: &DeadLetter| {
                    (there.arrived_at, &there.body) == (letter.arrived_at, &letter.body)
                };
                if !self.letters.values().any(same) {
                    self.keep(Content::DeadLetter(letter));
                }
            }
            Archived::Interaction(_) | Archived::DeadLetterNote { .. } => {
                return PutBack { no_place: 1, ..PutBack::default() };
            }
        }
        PutBack { kept: 1, ..PutBack::default() }
    }
}

/// What a list says of a letter.
pub(crate) fn entry(id: u64, letter: &DeadLetter) -> DeadLetterEntry {
    DeadLetterEntry {
        id: id.to_string(),
        reason: Some(letter.reason.code().to_owned()),
        detail: Some(letter.detail.clone()),
        arrived_at: letter.arrived_at,
        bytes: letter.body.len() as u64,
    }
}
