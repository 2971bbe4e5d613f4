//! The two tables: every call that the product makes to DynamoDB, with its condition.
//!
//! `interim_rows` and `records` keep halves and interactions, `own_state` the product's marks.

pub mod check;
pub(crate) mod contents;
pub mod error;
pub mod interaction_path;
mod interim_rows;
mod own_state;
mod records;
pub mod request_units;

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::scan::builders::ScanFluentBuilder;
use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnConsumedCapacity};
use tokio::time::sleep;

use crate::install::INSTALL;
use crate::item::attributes::Attributes;
use crate::item::key;
use crate::tables::error::TableError;
use crate::tables::request_units::RequestUnits;

pub(crate) use self::own_state::{OwnState, is_own_state, read_own_state};

/// Each call to DynamoDB reads as many items at most
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html>).
pub(crate) const MAX_BATCH_GET_KEYS: usize = 100;

/// Before what a throttled table left out is asked for again; doubled each time.
const INITIAL_PAUSE: Duration = Duration::from_millis(50);
const MAX_PAUSE: Duration = Duration::from_secs(2);

/// The index over weeks: eventually consistent, every attribute projected.
pub const WEEK_INDEX: &str = "week-index";

/// The tables' names, as the functions' environment has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableNames {
    /// `QUERY_EVENTS_TABLE`: the interim rows.
    pub query_events: String,
    /// `ANALYTICS_TABLE`: the records, and the product's own small state.
    pub analytics: String,
}

impl Default for TableNames {
    fn default() -> Self {
        Self {
            query_events: INSTALL.tables.query_events.clone(),
            analytics: INSTALL.tables.analytics.clone(),
        }
    }
}

/// One page of items, and where the next begins.
pub(crate) struct Page {
    pub(crate) items: Vec<Attributes>,
    pub(crate) next: Option<Attributes>,
}

type TableResult<T> = Result<T, TableError>;

/// The two tables behind one client.
#[derive(Clone, Debug)]
pub struct Tables {
    client: Client,
    names: TableNames,
    units: RequestUnits,
}

impl Tables {
    /// The tables of these names, as `client` reaches them.
    pub fn new(client: Client, names: TableNames) -> Self {
        Self { client, names, units: RequestUnits::default() }
    }

    /// The tables' names.
    pub fn names(&self) -> &TableNames {
        &self.names
    }

    /// The client behind them.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What the calls so far have cost, as DynamoDB said.
    pub fn units(&self) -> &RequestUnits {
        &self.units
    }

    async fn get(
        &self,
        table: &str,
        id: &str,
        consistent: bool,
    ) -> TableResult<Option<Attributes>> {
        let answer = self
            .client
            .get_item()
            .table_name(table)
            .set_key(Some(key(id)))
            .consistent_read(consistent)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|error| TableError::from_sdk(table, "GetItem", error))?;
        self.units.read(answer.consumed_capacity());
        Ok(answer.item.filter(|item| !item.is_empty()))
    }

    /// Reads up to [`MAX_BATCH_GET_KEYS`] items, consistently; those that there are, in no order.
    async fn batch_get(&self, table: &str, ids: &[String]) -> TableResult<Vec<Attributes>> {
        let mut wanted: Vec<Attributes> = ids.iter().map(|id| key(id)).collect();
        let mut found = Vec::with_capacity(wanted.len());
        let mut pause = INITIAL_PAUSE;
        while !wanted.is_empty() {
            let keys = KeysAndAttributes::builder()
                .set_keys(Some(std::mem::take(&mut wanted)))
                .consistent_read(true)
                .build()
                .map_err(|error| TableError::Misconfigured {
                    table: table.to_owned(),
                    problem: error.to_string(),
                })?;
            let mut answer = self
                .client
                .batch_get_item()
                .request_items(table, keys)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await
                .map_err(|error| TableError::from_sdk(table, "BatchGetItem", error))?;
            for capacity in answer.consumed_capacity() {
                self.units.read(Some(capacity));
            }
            found.extend(answer.responses.iter_mut().filter_map(|all| all.remove(table)).flatten());
            // What a throttled table left out is not a failure to the SDK, which does not pace it.
            let rest = answer.unprocessed_keys.and_then(|mut all| all.remove(table));
            wanted = rest.map(|rest| rest.keys).unwrap_or_default();
            if !wanted.is_empty() {
                sleep(pause).await;
                pause = (pause * 2).min(MAX_PAUSE);
            }
        }
        Ok(found)
    }

    async fn scan(
        &self,
        table: &str,
        scan: ScanFluentBuilder,
        start: Option<Attributes>,
    ) -> TableResult<Page> {
        let answer = scan
            .table_name(table)
            .set_exclusive_start_key(start)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|error| TableError::from_sdk(table, "Scan", error))?;
        self.units.read(answer.consumed_capacity());
        Ok(Page {
            items: answer.items.unwrap_or_default(),
            next: answer.last_evaluated_key.filter(|key| !key.is_empty()),
        })
    }
}
