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

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::scan::builders::ScanFluentBuilder;
use aws_sdk_dynamodb::types::ReturnConsumedCapacity;

use crate::install::INSTALL;
use crate::item::attributes::Attributes;
use crate::item::key;
use crate::tables::error::TableError;
use crate::tables::request_units::RequestUnits;

pub(crate) use self::own_state::{OwnState, is_own_state, read_own_state};
pub(crate) use self::records::MAX_BATCH_GET_KEYS;

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
