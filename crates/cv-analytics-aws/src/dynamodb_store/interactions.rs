//! Every interaction of a period, out of both tables: the index page by page, then what still waits in interim rows.
//!
//! The index is never strongly consistent, and a lone half may be in one table and its partner in
//! the other. So finished records are given at once, the others only when the rows were seen, and a
//! row whose record the index did not show is looked up in the table itself. A record with both
//! halves is finished unless it is whole and lacks a session or a traffic flag that its query
//! event's row names: to know that, the rows' sessions and flags are read first, as digests.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

use cv_analytics_core::event::{RequestId, SessionDigest, Traffic};
use cv_analytics_core::interaction::Interaction;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use futures_util::Stream;
use futures_util::stream;

use crate::dynamodb_store::DynamoDbStore;
use crate::item::attributes::{Attributes, REQUEST_ID};
use crate::item::record::Record;
use crate::item::row::InterimRow;
use crate::item::{read_record, read_row, read_row_origin, request_id};
use crate::joining::promotion::Swept;
use crate::tables::error::TableError;
use crate::tables::{MAX_BATCH_GET_KEYS, Page, is_own_state};

/// What is read.
#[derive(Clone, Debug)]
pub(crate) enum Reach {
    /// The interactions whose moment is in the period, by the index.
    Period(Range<Timestamp>),
    /// All, by a scan.
    Everything,
}

/// Streams the interactions within `reach`, each once.
pub(crate) fn stream_interactions(
    store: DynamoDbStore,
    reach: Reach,
) -> impl Stream<Item = Result<Vec<Interaction>, TableError>> + Send {
    let reading = Reading::begin(store, reach);
    stream::try_unfold(reading, |mut reading| async move {
        Ok(reading.next_page().await?.map(|page| (page, reading)))
    })
}

/// How far the reading is.
enum Stage {
    /// The sessions and flags of interim rows, from where the next page begins.
    Origins(Option<Attributes>),
    /// What of the period is still to be read by the index, week by week, and where the next page begins.
    Weeks(Range<Timestamp>, Option<Attributes>),
    /// Records by a scan, from where the next page begins.
    Records(Option<Attributes>),
    /// Interim rows, from where the next page begins.
    Rows(Option<Attributes>),
    /// Unfinished records that no row completed.
    Unfinished,
    End,
}

/// Rows that the sweep found something to do for, and items that it could not read.
#[derive(Clone, Copy, Debug, Default)]
struct Noted {
    promoted: u64,
    joined: u64,
    not_promoted: u64,
    unreadable: u64,
}

struct Reading {
    store: DynamoDbStore,
    reach: Reach,
    stage: Stage,
    /// The requests whose record has both halves.
    joined: HashSet<String>,
    /// Records with one half, and whole ones that lack what their row names.
    unfinished: HashMap<String, Interaction>,
    origins: Origins,
    noted: Noted,
}

impl Reading {
    fn begin(store: DynamoDbStore, reach: Reach) -> Self {
        Self {
            store,
            reach,
            stage: Stage::Origins(None),
            joined: HashSet::new(),
            unfinished: HashMap::new(),
            origins: Origins::default(),
            noted: Noted::default(),
        }
    }

    async fn next_page(&mut self) -> Result<Option<Vec<Interaction>>, TableError> {
        match std::mem::replace(&mut self.stage, Stage::End) {
            Stage::Origins(start) => {
                let Page { items, next } = self.store.tables().row_origins_page(start).await?;
                self.origins.note(&items);
                self.stage = match (next, &self.reach) {
                    (Some(next), _) => Stage::Origins(Some(next)),
                    (None, Reach::Period(period)) => Stage::Weeks(period.clone(), None),
                    (None, Reach::Everything) => Stage::Records(None),
                };
                Ok(Some(Vec::new()))
            }
            Stage::Weeks(left, _) if left.is_empty() => {
                self.stage = Stage::Rows(None);
                Ok(Some(Vec::new()))
            }
            Stage::Weeks(left, start) => {
                let week = IsoWeek::containing(left.start);
                let end = left.end.min(week.end());
                let page = self.store.tables().week_page(week, left.start..end, start).await?;
                let Page { items, next } = page;
                let left = if next.is_some() { left } else { end..left.end };
                self.stage = Stage::Weeks(left, next);
                Ok(Some(self.records(items)))
            }
            Stage::Records(start) => {
                let Page { items, next } = self.store.tables().records_page(start).await?;
                self.stage = match next {
                    Some(next) => Stage::Records(Some(next)),
                    None => Stage::Rows(None),
                };
                Ok(Some(self.records(items)))
            }
            Stage::Rows(start) => {
                let Page { items, next } = self.store.tables().rows_page(start).await?;
                self.stage = match next {
                    Some(next) => Stage::Rows(Some(next)),
                    None => Stage::Unfinished,
                };
                Ok(Some(self.rows(items).await?))
            }
            Stage::Unfinished => {
                let Noted { promoted, joined, not_promoted, unreadable } = self.noted;
                if not_promoted > 0 {
                    tracing::warn!(
                        not_promoted,
                        "halves could not become records: their key is taken by another program's item, or the \
                         two halves are too large for one; they count until their row leaves"
                    );
                }
                if promoted + joined > 0 {
                    tracing::info!(promoted, joined, "halves were promoted");
                }
                if unreadable > 0 {
                    tracing::warn!(
                        unreadable,
                        "items of another program or version were left out: export them and read \
                         them with `cv-analytics events import`"
                    );
                }
                Ok(Some(std::mem::take(&mut self.unfinished).into_values().collect()))
            }
            Stage::End => Ok(None),
        }
    }

    /// Takes in records: finished ones are given at once.
    fn records(&mut self, items: Vec<Attributes>) -> Vec<Interaction> {
        let mut page = Vec::with_capacity(items.len());
        for item in items {
            if is_own_state(&item) {
                continue;
            }
            match read_record(item) {
                Ok(Record::Interaction(record))
                    if record.is_joined() && !self.origins.would_complete(&record) =>
                {
                    // A page that moved while it was read may show a record twice.
                    if self.joined.insert(record.request_id.as_str().to_owned()) {
                        self.unfinished.remove(record.request_id.as_str());
                        page.push(record);
                    }
                }
                Ok(Record::Interaction(record)) => {
                    let id = record.request_id.as_str();
                    if !self.joined.contains(id) {
                        self.unfinished.insert(id.to_owned(), record);
                    }
                }
                Ok(Record::Erased) => {}
                Err(_) => self.noted.unreadable += 1,
            }
        }
        page
    }

    /// Takes in interim rows: those whose record is not known are looked up in the table.
    async fn rows(&mut self, items: Vec<Attributes>) -> Result<Vec<Interaction>, TableError> {
        let mut open: Vec<(RequestId, InterimRow)> = Vec::new();
        for mut item in items {
            let row = request_id(&mut item).and_then(|id| Ok((id, read_row(item)?)));
            match row {
                Ok((id, row)) if !row.erased && !self.joined.contains(id.as_str()) => {
                    open.push((id, row));
                }
                Ok(_) => {}
                Err(_) => self.noted.unreadable += 1,
            }
        }
        let mut page = Vec::new();
        for some in open.chunks(MAX_BATCH_GET_KEYS) {
            let ids = some.iter().map(|(id, _)| id.as_str().to_owned()).collect();
            let mut records = self.looked_up(ids).await?;
            for (id, row) in some {
                let known = records.remove(id.as_str());
                page.extend(self.row(id, row, known).await?);
            }
        }
        Ok(page)
    }

    async fn looked_up(&mut self, ids: Vec<String>) -> Result<HashMap<String, Record>, TableError> {
        let mut records = HashMap::new();
        for item in self.store.tables().read_records(ids).await? {
            let id = item.get(REQUEST_ID).and_then(|id| id.as_s().ok()).cloned();
            match (id, read_record(item)) {
                (Some(id), Ok(record)) => {
                    records.insert(id, record);
                }
                _ => self.noted.unreadable += 1,
            }
        }
        Ok(records)
    }

    /// One row beside its record as it is in the table: what the two make together, where it is within reach.
    async fn row(
        &mut self,
        id: &RequestId,
        row: &InterimRow,
        known: Option<Record>,
    ) -> Result<Option<Interaction>, TableError> {
        self.unfinished.remove(id.as_str());
        let known = match known {
            Some(Record::Erased) => {
                if self.store.promotes() {
                    self.store.sweep(id.clone(), row.clone(), None).await?;
                }
                return Ok(None);
            }
            Some(Record::Interaction(known)) => Some(known),
            None => None,
        };
        if self.store.promotes() {
            match self.store.sweep(id.clone(), row.clone(), known.as_ref()).await {
                Ok(Swept::Promoted) => self.noted.promoted += 1,
                Ok(Swept::Joined) => self.noted.joined += 1,
                Ok(Swept::Nothing | Swept::Waiting | Swept::Erased) => {}
                // One item that the table will not take, or that another program wrote, keeps no
                // report from being made: its half is counted from its row.
                Err(TableError::Refused { .. } | TableError::Unreadable { .. }) => {
                    self.noted.not_promoted += 1;
                }
                Err(error) => return Err(error),
            }
        }
        let record = row.clone().joined_to(id.clone(), known.as_ref());
        let within = match &self.reach {
            Reach::Everything => record.at().is_some(),
            Reach::Period(period) => record.at().is_some_and(|at| period.contains(&at)),
        };
        if record.is_joined() && !self.joined.insert(id.as_str().to_owned()) {
            return Ok(None);
        }
        Ok(within.then_some(record))
    }
}

/// What the query halves in interim rows name, by a hash of their request id: some 50 bytes a row.
#[derive(Default)]
struct Origins {
    hashes: RandomState,
    named: HashMap<u64, (Option<SessionDigest>, Traffic)>,
}

impl Origins {
    fn note(&mut self, rows: &[Attributes]) {
        for (id, session, traffic) in rows.iter().filter_map(read_row_origin) {
            if session.is_some() || traffic != Traffic::Visitor {
                self.named.insert(self.hashes.hash_one(id), (session, traffic));
            }
        }
    }

    /// Whether the row names what a whole record lacks. A hash collision costs one read.
    fn would_complete(&self, record: &Interaction) -> bool {
        let Some(query) = record.query.as_ref().filter(|_| record.is_whole()) else { return false };
        let named = self.named.get(&self.hashes.hash_one(record.request_id.as_str()));
        let Some(&(session, traffic)) = named else { return false };
        let has = query.session.as_ref().map(|session| SessionDigest::of(session.as_str()));
        (session.is_some() && session != has && record.lacks_session())
            || (traffic != Traffic::Visitor && traffic != query.traffic && record.lacks_traffic())
    }
}
