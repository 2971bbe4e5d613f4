//! Every interaction of a period, out of both tables: which requests have an interim row, then the index, several
//! weeks side by side, then the rows whose record the index did not show finished.
//!
//! The index is never strongly consistent, and a lone half may be in one table and its partner in
//! the other. So finished records are given at once, the others only when their rows were seen, and a
//! row whose record the index did not show is looked up in the table itself. A record with both
//! halves is finished unless it is whole and lacks a session or a traffic flag that its query
//! event's row names. What comes while this is read may or may not be among it.

use std::collections::HashMap;
use std::ops::Range;

use cv_analytics_core::event::{RequestId, SessionDigest, Traffic};
use cv_analytics_core::interaction::Interaction;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};

use crate::dynamodb_store::DynamoDbStore;
use crate::item::attributes::{Attributes, REQUEST_ID};
use crate::item::record::Record;
use crate::item::row::InterimRow;
use crate::item::{RowOrigin, read_record, read_row, read_row_origin};
use crate::joining::promotion::Swept;
use crate::tables::error::TableError;
use crate::tables::{MAX_BATCH_GET_KEYS, Page, Tables, is_own_state};

/// Weeks of the index that are read at once: while a page of one is counted, the next of others are on their way.
const WEEK_CONCURRENCY: usize = 4;

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

/// Pages of what the index shows of `period`, of several weeks side by side.
fn week_pages(
    tables: Tables,
    mut period: Range<Timestamp>,
) -> BoxStream<'static, Result<Vec<Attributes>, TableError>> {
    let weeks = std::iter::from_fn(move || {
        let week = IsoWeek::containing(period.start);
        let within = period.start..period.end.min(week.end());
        (!period.is_empty()).then(|| {
            period.start = within.end;
            (week, within)
        })
    });
    let pages = stream::iter(weeks).map(move |(week, within)| {
        let tables = tables.clone();
        // `None` after the last page.
        let pages = stream::try_unfold(Some(None), move |start: Option<Option<Attributes>>| {
            let (tables, within) = (tables.clone(), within.clone());
            async move {
                let Some(start) = start else { return Ok(None) };
                let Page { items, next } = tables.week_page(week, within, start).await?;
                Ok(Some((items, next.map(Some))))
            }
        });
        pages.boxed()
    });
    pages.flatten_unordered(WEEK_CONCURRENCY).boxed()
}

/// How far the reading is.
enum Stage {
    /// Which requests have an interim row, from where the next page begins.
    RowIds(Option<Attributes>),
    /// The period by the index.
    Weeks(BoxStream<'static, Result<Vec<Attributes>, TableError>>),
    /// Records by a scan, from where the next page begins.
    Records(Option<Attributes>),
    /// The rows whose record was not shown finished: those that are left.
    Rows(Vec<String>),
    /// Unfinished records that have no row.
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
    /// The interim rows, by request id: some 100 bytes each.
    rows: HashMap<Box<str>, KnownRow>,
    /// Records with one half, and whole ones that lack what their row names.
    unfinished: HashMap<String, Interaction>,
    noted: Noted,
}

impl Reading {
    fn begin(store: DynamoDbStore, reach: Reach) -> Self {
        Self {
            store,
            reach,
            stage: Stage::RowIds(None),
            rows: HashMap::new(),
            unfinished: HashMap::new(),
            noted: Noted::default(),
        }
    }

    async fn next_page(&mut self) -> Result<Option<Vec<Interaction>>, TableError> {
        match std::mem::replace(&mut self.stage, Stage::End) {
            Stage::RowIds(start) => {
                let Page { items, next } = self.store.tables().row_origins_page(start).await?;
                self.note_rows(&items);
                self.stage = match (next, &self.reach) {
                    (Some(next), _) => Stage::RowIds(Some(next)),
                    (None, Reach::Period(period)) => {
                        let tables = self.store.tables().clone();
                        Stage::Weeks(week_pages(tables, period.clone()))
                    }
                    (None, Reach::Everything) => Stage::Records(None),
                };
                Ok(Some(Vec::new()))
            }
            Stage::Weeks(mut pages) => {
                let Some(items) = pages.try_next().await? else {
                    self.stage = self.open_rows();
                    return Ok(Some(Vec::new()));
                };
                self.stage = Stage::Weeks(pages);
                Ok(Some(self.records(items)))
            }
            Stage::Records(start) => {
                let Page { items, next } = self.store.tables().records_page(start).await?;
                let page = self.records(items);
                self.stage = match next {
                    Some(next) => Stage::Records(Some(next)),
                    None => self.open_rows(),
                };
                Ok(Some(page))
            }
            Stage::Rows(mut left) => {
                let some = left.split_off(left.len().saturating_sub(MAX_BATCH_GET_KEYS));
                self.stage = if left.is_empty() { Stage::Unfinished } else { Stage::Rows(left) };
                Ok(Some(self.rows(some).await?))
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

    fn note_rows(&mut self, items: &[Attributes]) {
        for origin in items.iter().filter_map(read_row_origin) {
            let RowOrigin { request_id, session, traffic } = origin;
            let row = KnownRow { session, traffic, is_finished: false };
            self.rows.insert(request_id.into(), row);
        }
    }

    /// Goes on to the rows whose record was not shown finished.
    fn open_rows(&mut self) -> Stage {
        let rows = std::mem::take(&mut self.rows).into_iter();
        Stage::Rows(rows.filter(|(_, row)| !row.is_finished).map(|(id, _)| id.into()).collect())
    }

    /// Takes in records: finished ones are given at once.
    fn records(&mut self, items: Vec<Attributes>) -> Vec<Interaction> {
        let mut page = Vec::with_capacity(items.len());
        for item in items {
            if is_own_state(&item) {
                continue;
            }
            let record = match read_record(item) {
                Ok(Record::Interaction(record)) => record,
                Ok(Record::Erased) => continue,
                Err(_) => {
                    self.noted.unreadable += 1;
                    continue;
                }
            };
            let id = record.request_id.as_str();
            let row = self.rows.get_mut(id);
            // A record that moved while it was read may be shown twice.
            if row.as_ref().is_some_and(|row| row.is_finished) {
                continue;
            }
            if record.is_joined() && !row.as_ref().is_some_and(|row| row.would_complete(&record)) {
                if let Some(row) = row {
                    row.is_finished = true;
                }
                self.unfinished.remove(id);
                page.push(record);
            } else {
                self.unfinished.insert(id.to_owned(), record);
            }
        }
        page
    }

    /// Looks some rows and their records up in the tables. The rows are read first: of a half that left its row for a
    /// record meanwhile, one of the two shows.
    async fn rows(&mut self, ids: Vec<String>) -> Result<Vec<Interaction>, TableError> {
        let tables = self.store.tables().clone();
        let mut rows = HashMap::new();
        for item in tables.read_rows(&ids).await? {
            match (id_of(&item), read_row(item)) {
                (Some(id), Ok(row)) => {
                    rows.insert(id, row);
                }
                _ => self.noted.unreadable += 1,
            }
        }
        let mut records = HashMap::new();
        for item in tables.read_records(&ids).await? {
            match (id_of(&item), read_record(item)) {
                (Some(id), Ok(record)) => {
                    records.insert(id, record);
                }
                _ => self.noted.unreadable += 1,
            }
        }
        let mut page = Vec::new();
        for (id, row) in rows {
            let Ok(request_id) = RequestId::new(id.as_str()) else {
                self.noted.unreadable += 1;
                continue;
            };
            if !row.erased {
                let known = records.remove(&id);
                page.extend(self.row(&request_id, &row, known).await?);
            }
        }
        Ok(page)
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
        Ok(within.then_some(record))
    }
}

/// What is known of an interim row without its halves.
struct KnownRow {
    /// What the query half names.
    session: Option<SessionDigest>,
    traffic: Traffic,
    /// Whether its record was given.
    is_finished: bool,
}

impl KnownRow {
    /// Whether the row names what a whole record lacks.
    fn would_complete(&self, record: &Interaction) -> bool {
        let Some(query) = record.query.as_ref().filter(|_| record.is_whole()) else { return false };
        let has = query.session.as_ref().map(|session| SessionDigest::of(session.as_str()));
        (self.session.is_some() && self.session != has && record.lacks_session())
            || (self.traffic != Traffic::Visitor
                && self.traffic != query.traffic
                && record.lacks_traffic())
    }
}

fn id_of(item: &Attributes) -> Option<String> {
    item.get(REQUEST_ID).and_then(|id| id.as_s().ok()).cloned()
}
