//! Erasing what the owner was asked to forget, from both tables.

use std::collections::BTreeSet;

use cv_analytics_core::event::{RequestId, SessionId};
use cv_analytics_core::intake::named_ids::NamedIds;
use cv_analytics_core::interaction::Interaction;
use cv_analytics_core::privacy::Privacy;
use cv_analytics_core::store::erasure::Mark;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::dynamodb_store::{CALL_CONCURRENCY, DynamoDbStore};
use crate::item::attributes::Attributes;
use crate::item::record::Record;
use crate::item::{read_record, read_row, request_id};
use crate::tables::error::TableError;
use crate::tables::{Page, is_own_state};

/// Words of a dead letter that are looked up as requests; each costs a unit of reading.
const MAX_LOOKED_UP_RECORDS: usize = 250;

/// What both tables hold of some sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfSessions {
    /// The requests of which a half belongs to one of them.
    pub requests: BTreeSet<RequestId>,
    /// Items of another program or version, which could not be searched.
    pub unreadable: u64,
}

impl DynamoDbStore {
    /// Leaves marks of erased sessions, by which what comes of them later is refused, and gives those that
    /// were not there. A function that runs knows them within a minute.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn mark_sessions(
        &self,
        marks: &BTreeSet<Mark>,
    ) -> Result<BTreeSet<Mark>, TableError> {
        self.erased_sessions().add(self.tables(), marks).await
    }

    /// Whether one of `sessions` was erased. Reads once a minute at most, and only for a session.
    pub(crate) async fn names_erased_session(
        &self,
        sessions: impl Iterator<Item = &SessionId>,
    ) -> Result<bool, TableError> {
        let named: Vec<Mark> = sessions.flat_map(SessionId::marks).collect();
        if named.is_empty() {
            return Ok(false);
        }
        let marks = self.erased_sessions().marks(self.tables(), self.now()).await?;
        Ok(named.iter().any(|mark| marks.contains(mark)))
    }

    /// Whether what a message that cannot be read names is a request or a session that was erased. `privacy` gives
    /// the kept form of sessions. Reads the record of each request that it may name, 250 at most: first what its id
    /// fields hold.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn names_erased(
        &self,
        named: &NamedIds,
        privacy: &Privacy,
    ) -> Result<bool, TableError> {
        let sessions: Vec<SessionId> = named.sessions(privacy).collect();
        if self.names_erased_session(sessions.iter()).await? {
            return Ok(true);
        }
        let requests = named.requests().take(MAX_LOOKED_UP_RECORDS);
        let is_erased =
            async |request: RequestId| match self.tables().read_record(&request, true).await {
                Ok(Some(Record::Erased)) => Ok(true),
                // An item of another program is not a mark.
                Ok(_) | Err(TableError::Unreadable { .. }) => Ok(false),
                Err(error) => Err(error),
            };
        stream::iter(requests)
            .map(is_erased)
            .buffered(CALL_CONCURRENCY)
            .try_any(async |is_erased| is_erased)
            .await
    }

    /// Finds the requests of which a half belongs to a session with one of `marks`. Reads both
    /// tables whole; `seen` is called with the number of items of each page.
    ///
    /// The rows come first: a half that is joined meanwhile is then found in one place or the other.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn requests_of(
        &self,
        marks: &BTreeSet<Mark>,
        mut seen: impl FnMut(usize),
    ) -> Result<OfSessions, TableError> {
        let mut found = OfSessions::default();
        let mut start = None;
        loop {
            let Page { items, next } = self.tables().rows_page(start).await?;
            seen(items.len());
            for item in items {
                found.look_at_row(item, marks);
            }
            start = next;
            if start.is_none() {
                break;
            }
        }
        loop {
            let Page { items, next } = self.tables().records_page(start).await?;
            seen(items.len());
            for item in items {
                found.look_at_record(item, marks);
            }
            start = next;
            if start.is_none() {
                return Ok(found);
            }
        }
    }
}

impl OfSessions {
    fn look_at_row(&mut self, mut item: Attributes, marks: &BTreeSet<Mark>) {
        let row = request_id(&mut item).and_then(|request_id| {
            let row = read_row(item)?;
            Ok(row.joined_to(request_id, None))
        });
        match row {
            Ok(waiting) => self.note(waiting, marks),
            Err(_) => self.unreadable += 1,
        }
    }

    fn look_at_record(&mut self, item: Attributes, marks: &BTreeSet<Mark>) {
        if is_own_state(&item) {
            return;
        }
        match read_record(item) {
            Ok(Record::Interaction(record)) => self.note(record, marks),
            Ok(Record::Erased) => {}
            Err(_) => self.unreadable += 1,
        }
    }

    fn note(&mut self, found: Interaction, marks: &BTreeSet<Mark>) {
        if found.sessions().any(|session| marks.contains(&session.mark())) {
            self.requests.insert(found.request_id);
        }
    }
}
