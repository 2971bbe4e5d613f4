//! Everything that both tables hold, page by page, and what of it is put back.
//!
//! The interim rows come first: a half that is joined meanwhile is then found in one place or the other. A half whose
//! interaction is there too comes twice, which changes nothing when both are put back.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use cv_analytics_core::store::archive::{ArchivePage, Archived, Cursor, ErasedId, PutBack};
use cv_analytics_core::store::erasure::Mark;
use cv_analytics_core::store::{KeyValueStore as _, StoreError};
use cv_analytics_core::week::IsoWeek;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::dynamodb_store::erased_sessions::marks_in;
use crate::dynamodb_store::{CALL_CONCURRENCY, DynamoDbStore};
use crate::item::attributes::{Attributes, REQUEST_ID, UnknownAttribute};
use crate::item::record::Record;
use crate::item::{key, read_record, read_row, request_id};
use crate::tables::{OwnState, Page, is_own_state, read_own_state};

/// What cursors call the two tables.
const ROWS: &str = "rows";
const RECORDS: &str = "records";

/// The most dead letters of a week that are noted one by one when their number is put back.
const MAX_NOTES: u64 = 100_000;

/// What an item holds.
type Read = Result<Vec<Archived>, UnknownAttribute>;

impl DynamoDbStore {
    /// One page of all that both tables hold.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn archive_page(&self, from: Option<Cursor>) -> Result<ArchivePage, StoreError> {
        let Cursor(place) = from.unwrap_or_else(|| Cursor(format!("{ROWS}:")));
        let (table, after) = place.split_once(':').unwrap_or((place.as_str(), ""));
        let start = (!after.is_empty()).then(|| key(after));
        let (page, read): (_, fn(Attributes) -> Read) = match table {
            ROWS => (self.tables().rows_page(start).await?, read_waiting),
            RECORDS => (self.tables().records_page(start).await?, read_kept),
            _ => {
                return Err(StoreError::refused(format!(
                    "invalid place {place:?}: the archive was begun on another store"
                )));
            }
        };
        let Page { items, next } = page;
        let mut page = ArchivePage::default();
        for item in items {
            match read(item) {
                Ok(items) => page.items.extend(items),
                Err(UnknownAttribute(_)) => page.unreadable += 1,
            }
        }
        let last_key = next.as_ref().and_then(|next| next.get(REQUEST_ID));
        page.next = match last_key.map(AttributeValue::as_s) {
            Some(Ok(last)) => Some(Cursor(format!("{table}:{last}"))),
            _ if table == ROWS => Some(Cursor(format!("{RECORDS}:"))),
            _ => None,
        };
        Ok(page)
    }

    /// Puts back all but interactions and dead letters.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_back(&self, items: Vec<Archived>) -> Result<PutBack, StoreError> {
        let mut marks = BTreeSet::new();
        let mut others = Vec::with_capacity(items.len());
        for item in items {
            match item {
                Archived::ErasedSession(mark) => {
                    marks.insert(mark);
                }
                other => others.push(other),
            }
        }
        let kept = PutBack { kept: marks.len() as u64, ..PutBack::default() };
        self.put_session_marks_back(&marks).await?;
        stream::iter(others)
            .map(|item| self.put_one_back(item))
            .buffer_unordered(CALL_CONCURRENCY)
            .try_fold(kept, |done, one| async move { Ok(done.plus(one)) })
            .await
    }

    /// Leaves marks of sessions, and erases what there is of those that were not marked.
    async fn put_session_marks_back(&self, marks: &BTreeSet<Mark>) -> Result<(), StoreError> {
        let new = self.mark_sessions(marks).await?;
        if new.is_empty() {
            return Ok(());
        }
        for request in self.requests_of(&new, |_| {}).await?.requests {
            self.forget_request(&request).await?;
        }
        Ok(())
    }

    async fn put_one_back(&self, item: Archived) -> Result<PutBack, StoreError> {
        let kept = PutBack { kept: 1, ..PutBack::default() };
        match item {
            Archived::Ledger { key, value } => {
                if self.put(&key, &value, None).await? {
                    return Ok(kept);
                }
                let present = self.get(&key).await?;
                let is_same = present.is_some_and(|present| present.value == value);
                Ok(if is_same { kept } else { PutBack { differing: 1, ..PutBack::default() } })
            }
            Archived::Erased(ErasedId::RequestId(id)) => {
                self.forget_request(&id).await?;
                Ok(kept)
            }
            Archived::DeadLetterNote { id, arrived_at } => {
                self.tables().note_dead_letter(&id, arrived_at).await?;
                Ok(kept)
            }
            Archived::Deliveries { dead_letters, .. } if dead_letters > MAX_NOTES => {
                Ok(PutBack { no_place: 1, ..PutBack::default() })
            }
            Archived::Deliveries { week, dead_letters, .. } => {
                self.note_counted(week, dead_letters).await?;
                Ok(kept)
            }
            // A tombstone is under its id, and messages in their queue; interactions come as events.
            Archived::Erased(ErasedId::Sha256(_))
            | Archived::ErasedSession(_)
            | Archived::DeadLetter(_)
            | Archived::Interaction(_) => Ok(PutBack { no_place: 1, ..PutBack::default() }),
        }
    }

    /// A note for each of so many dead letters of a week, under ids that are the same every time.
    async fn note_counted(&self, week: IsoWeek, dead_letters: u64) -> Result<(), StoreError> {
        for number in 0..dead_letters {
            let id = format!("archived:{week}:{number}");
            self.tables().note_dead_letter(&id, week.start()).await?;
        }
        Ok(())
    }
}

/// An interim row: the halves that wait in it, or its mark.
fn read_waiting(mut item: Attributes) -> Read {
    let request_id = request_id(&mut item)?;
    let row = read_row(item)?;
    if row.erased {
        return Ok(vec![Archived::Erased(ErasedId::RequestId(request_id))]);
    }
    let waiting = row.joined_to(request_id, None);
    let is_one = waiting.at().is_some();
    Ok(is_one.then(|| Archived::Interaction(Box::new(waiting))).into_iter().collect())
}

/// An item of `CV-Analytics`: an interaction, a tombstone or the product's own state.
fn read_kept(mut item: Attributes) -> Read {
    if is_own_state(&item) {
        return Ok(match read_own_state(item)? {
            OwnState::Ledger { key, value } => match marks_in(&key, &value) {
                Some(marks) => marks?.into_iter().map(Archived::ErasedSession).collect(),
                None => vec![Archived::Ledger { key, value }],
            },
            OwnState::DeadLetter { id, arrived_at } => {
                vec![Archived::DeadLetterNote { id, arrived_at }]
            }
        });
    }
    let id = request_id(&mut item)?;
    item.extend(key(id.as_str()));
    Ok(vec![match read_record(item)? {
        Record::Interaction(record) => Archived::Interaction(Box::new(record)),
        Record::Erased => Archived::Erased(ErasedId::RequestId(id)),
    }])
}
