//! Erasing what the owner was asked to forget, from both tables.

use std::collections::BTreeSet;

use cv_analytics_core::event::{RequestId, SessionId};

use crate::attributes::Attributes;
use crate::dynamodb_store::DynamoDbStore;
use crate::item::{read_record, read_row, request_id};
use crate::record::Record;
use crate::table_error::TableError;
use crate::tables::{Page, is_own_state};

/// What both tables hold of some sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfSessions {
    /// The requests of which a half belongs to one of them.
    pub requests: BTreeSet<RequestId>,
    /// Items of another program or version, which could not be searched.
    pub unreadable: u64,
}

impl DynamoDbStore {
    /// Finds the requests of which a half belongs to one of `sessions`, as they are kept. Reads both
    /// tables whole; `seen` is called with the number of items of each page.
    ///
    /// The rows come first: a half that is joined meanwhile is then found in one place or the other.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn requests_of(
        &self,
        sessions: &BTreeSet<SessionId>,
        mut seen: impl FnMut(usize),
    ) -> Result<OfSessions, TableError> {
        let mut found = OfSessions::default();
        let mut start = None;
        loop {
            let Page { items, next } = self.tables().rows_page(start).await?;
            seen(items.len());
            for item in items {
                found.look_at_row(item, sessions);
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
                found.look_at_record(item, sessions);
            }
            start = next;
            if start.is_none() {
                return Ok(found);
            }
        }
    }
}

impl OfSessions {
    fn look_at_row(&mut self, mut item: Attributes, sessions: &BTreeSet<SessionId>) {
        let row = request_id(&mut item).and_then(|id| Ok((id, read_row(item)?)));
        let Ok((id, row)) = row else {
            self.unreadable += 1;
            return;
        };
        let query = row.query.and_then(|half| half.session);
        let response = row.response.and_then(|half| half.session);
        self.note(id, &[query, response], sessions);
    }

    fn look_at_record(&mut self, item: Attributes, sessions: &BTreeSet<SessionId>) {
        if is_own_state(&item) {
            return;
        }
        match read_record(item) {
            Ok(Record::Interaction(record)) => {
                let query = record.query.and_then(|half| half.session);
                let response = record.response.and_then(|half| half.session);
                self.note(record.request_id, &[query, response], sessions);
            }
            Ok(Record::Erased) => {}
            Err(_) => self.unreadable += 1,
        }
    }

    fn note(
        &mut self,
        id: RequestId,
        halves: &[Option<SessionId>; 2],
        sessions: &BTreeSet<SessionId>,
    ) {
        if halves.iter().flatten().any(|session| sessions.contains(session)) {
            self.requests.insert(id);
        }
    }
}
