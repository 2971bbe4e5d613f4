//! The two tables: every call that the product makes to DynamoDB, with its condition.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, KeysAndAttributes, ReturnConsumedCapacity, ReturnValue,
    ReturnValuesOnConditionCheckFailure, Select,
};
use cv_analytics_core::event::RequestId;
use cv_analytics_core::interaction::Interaction;
use cv_analytics_core::store::LedgerRecord;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;

use crate::attributes::{Attributes, REQUEST_ID, UnknownAttribute, moment, take_text, text};
use crate::item::{
    AWAITS, ERASED, QUERY_HALF, RESPONSE_HALF, TIMESTAMP, TTL, WEEK, key, read_record, read_row,
    write_half, write_record,
};
use crate::joining::{ErasedRow, OldImage};
use crate::record::{InTheWay, Record};
use crate::request_units::RequestUnits;
use crate::row::{Half, InterimRow, time_to_live};
use crate::table_error::TableError;

/// The index over weeks: eventually consistent, every attribute projected.
pub const WEEK_INDEX: &str = "week-index";
/// What a dead letter's mark has for a week, before the week that it arrived in.
const DEAD: &str = "dead:";
const VALUE: &str = "value";
const VERSION: &str = "version";
/// Each call to DynamoDB reads as many items at the most
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html>).
pub(crate) const BATCH_GET_MAX: usize = 100;

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
            query_events: "CV-Analytics-QueryEvents".to_owned(),
            analytics: "CV-Analytics".to_owned(),
        }
    }
}

/// One page of items, and where the next begins.
pub(crate) struct Page {
    pub(crate) items: Vec<Attributes>,
    pub(crate) next: Option<Attributes>,
}

type Answer<T> = Result<T, TableError>;

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

    /// Reads an interim row, eventually consistent: half a unit.
    pub async fn read_row(&self, request_id: &RequestId) -> Answer<Option<InterimRow>> {
        let table = &self.names.query_events;
        let item = self.get(table, request_id.as_str(), false).await?;
        item.map(read_row).transpose().map_err(TableError::unreadable(table))
    }

    /// Writes a half into its row where it is not there; the row as it was before.
    pub async fn add_half(
        &self,
        request_id: &RequestId,
        half: &Half,
        arrived_at: Timestamp,
        now: Timestamp,
    ) -> Answer<OldImage> {
        let table = &self.names.query_events;
        let (name, map) = write_half(half, arrived_at);
        let answer = self
            .client
            .update_item()
            .table_name(table)
            .set_key(Some(key(request_id.as_str())))
            .update_expression("SET #half = if_not_exists(#half, :half), #ttl = :ttl")
            .condition_expression("attribute_not_exists(#erased)")
            .expression_attribute_names("#half", name)
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_names("#erased", ERASED)
            .expression_attribute_values(":half", map)
            .expression_attribute_values(":ttl", seconds(time_to_live(now)))
            .return_values(ReturnValue::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        let answer = match answer {
            Err(error)
                if matches!(
                    error.as_service_error(),
                    Some(UpdateItemError::ConditionalCheckFailedException(_))
                ) =>
            {
                return Ok(Err(ErasedRow));
            }
            answer => answer.map_err(|error| TableError::from_sdk(table, "UpdateItem", error))?,
        };
        self.units.wrote(answer.consumed_capacity());
        let old = answer.attributes.filter(|old| !old.is_empty());
        Ok(Ok(old.map(read_row).transpose().map_err(TableError::unreadable(table))?))
    }

    /// Marks a row as erased and takes its halves out of it, for the row's own time.
    pub async fn erase_row(&self, request_id: &RequestId, now: Timestamp) -> Answer<()> {
        let table = &self.names.query_events;
        let answer = self
            .client
            .update_item()
            .table_name(table)
            .set_key(Some(key(request_id.as_str())))
            .update_expression("SET #erased = :erased, #ttl = :ttl REMOVE #query, #response")
            .expression_attribute_names("#erased", ERASED)
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_names("#query", QUERY_HALF)
            .expression_attribute_names("#response", RESPONSE_HALF)
            .expression_attribute_values(":erased", AttributeValue::Bool(true))
            .expression_attribute_values(":ttl", seconds(time_to_live(now)))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|error| TableError::from_sdk(table, "UpdateItem", error))?;
        self.units.wrote(answer.consumed_capacity());
        Ok(())
    }

    /// Reads a record: half a unit, or one where the read has to be consistent.
    pub async fn read_record(
        &self,
        request_id: &RequestId,
        consistent: bool,
    ) -> Answer<Option<Record>> {
        let table = &self.names.analytics;
        let item = self.get(table, request_id.as_str(), consistent).await?;
        item.map(read_record).transpose().map_err(TableError::unreadable(table))
    }

    /// Puts a record with both halves where there is none, or only one half.
    pub async fn put_joined(&self, record: &Interaction) -> Answer<Result<(), InTheWay>> {
        let condition = "attribute_not_exists(#id) OR attribute_exists(#awaits)";
        let names = [("#id", REQUEST_ID), ("#awaits", AWAITS)];
        Ok(match self.put_record(record, condition, &names).await? {
            Ok(()) => Ok(()),
            Err(Record::Erased) => Err(InTheWay::Erased),
            Err(Record::Interaction(there)) => Err(InTheWay::Joined(there)),
        })
    }

    /// Puts a lone half as a record where there is none.
    pub async fn put_lone(&self, record: &Interaction) -> Answer<Result<(), Record>> {
        self.put_record(record, "attribute_not_exists(#id)", &[("#id", REQUEST_ID)]).await
    }

    async fn put_record(
        &self,
        record: &Interaction,
        condition: &str,
        names: &[(&str, &str)],
    ) -> Answer<Result<(), Record>> {
        let table = &self.names.analytics;
        let names: HashMap<String, String> =
            names.iter().map(|&(short, name)| (short.to_owned(), name.to_owned())).collect();
        let answer = self
            .client
            .put_item()
            .table_name(table)
            .set_item(Some(write_record(record)))
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        match answer {
            Ok(answer) => {
                self.units.wrote(answer.consumed_capacity());
                Ok(Ok(()))
            }
            Err(error) => {
                let there = match error.as_service_error() {
                    Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                        failed.item().cloned()
                    }
                    _ => None,
                };
                match there {
                    Some(item) => {
                        Ok(Err(read_record(item).map_err(TableError::unreadable(table))?))
                    }
                    None => Err(TableError::from_sdk(table, "PutItem", error)),
                }
            }
        }
    }

    /// Puts a tombstone in a record's place, whatever is there.
    pub async fn put_tombstone(&self, request_id: &RequestId) -> Answer<()> {
        let table = &self.names.analytics;
        let answer = self
            .client
            .put_item()
            .table_name(table)
            .set_item(Some(key(request_id.as_str())))
            .item(ERASED, AttributeValue::Bool(true))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|error| TableError::from_sdk(table, "PutItem", error))?;
        self.units.wrote(answer.consumed_capacity());
        Ok(())
    }

    /// Reads up to [`BATCH_GET_MAX`] records, consistently; those that there are, in no order.
    pub(crate) async fn read_records(&self, ids: Vec<String>) -> Answer<Vec<Attributes>> {
        let table = &self.names.analytics;
        let mut wanted: Vec<Attributes> = ids.iter().map(|id| key(id)).collect();
        let mut found = Vec::with_capacity(wanted.len());
        while !wanted.is_empty() {
            let keys = KeysAndAttributes::builder()
                .set_keys(Some(std::mem::take(&mut wanted)))
                .consistent_read(true)
                .build()
                .map_err(|error| TableError::Misconfigured {
                    table: table.clone(),
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
            // What a throttled table left out is asked for again; the SDK's retries pace it.
            let rest = answer.unprocessed_keys.and_then(|mut all| all.remove(table));
            wanted = rest.map(|rest| rest.keys).unwrap_or_default();
        }
        Ok(found)
    }

    /// One page of a week's records whose moment lies from `from` to before `to`.
    pub(crate) async fn week_page(
        &self,
        week: IsoWeek,
        from: Timestamp,
        to: Timestamp,
        start: Option<Attributes>,
    ) -> Answer<Page> {
        let table = &self.names.analytics;
        let answer = self
            .client
            .query()
            .table_name(table)
            .index_name(WEEK_INDEX)
            .key_condition_expression("#week = :week AND #timestamp BETWEEN :from AND :last")
            .expression_attribute_names("#week", WEEK)
            .expression_attribute_names("#timestamp", TIMESTAMP)
            .expression_attribute_values(":week", text(week.to_string()))
            .expression_attribute_values(":from", moment(from))
            .expression_attribute_values(":last", moment(to.plus_millis(-1)))
            .set_exclusive_start_key(start)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|error| TableError::from_sdk(table, "Query", error))?;
        self.units.read(answer.consumed_capacity());
        Ok(Page {
            items: answer.items.unwrap_or_default(),
            next: answer.last_evaluated_key.filter(|key| !key.is_empty()),
        })
    }

    /// One page of every interim row.
    pub(crate) async fn rows_page(&self, start: Option<Attributes>) -> Answer<Page> {
        self.scan(&self.names.query_events, start).await
    }

    /// One page of every item of the records' table, the product's own state included.
    pub(crate) async fn records_page(&self, start: Option<Attributes>) -> Answer<Page> {
        self.scan(&self.names.analytics, start).await
    }

    /// Notes that a message became a dead letter; the same message is noted once.
    pub async fn note_dead_letter(&self, message_id: &str, arrived_at: Timestamp) -> Answer<()> {
        let table = &self.names.analytics;
        let week = IsoWeek::containing(arrived_at);
        let answer = self
            .client
            .put_item()
            .table_name(table)
            .set_item(Some(key(&format!("{}dead:{message_id}", RequestId::RESERVED_PREFIX))))
            .item(WEEK, text(format!("{DEAD}{week}")))
            .item(TIMESTAMP, moment(arrived_at))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|error| TableError::from_sdk(table, "PutItem", error))?;
        self.units.wrote(answer.consumed_capacity());
        Ok(())
    }

    /// Counts the dead letters that arrived in `week`.
    pub async fn count_dead_letters(&self, week: IsoWeek) -> Answer<u64> {
        let table = &self.names.analytics;
        let mut count = 0;
        let mut start = None;
        loop {
            let answer = self
                .client
                .query()
                .table_name(table)
                .index_name(WEEK_INDEX)
                .select(Select::Count)
                .key_condition_expression("#week = :week")
                .expression_attribute_names("#week", WEEK)
                .expression_attribute_values(":week", text(format!("{DEAD}{week}")))
                .set_exclusive_start_key(start)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await
                .map_err(|error| TableError::from_sdk(table, "Query", error))?;
            self.units.read(answer.consumed_capacity());
            count += u64::from(answer.count.unsigned_abs());
            start = answer.last_evaluated_key.filter(|key| !key.is_empty());
            if start.is_none() {
                return Ok(count);
            }
        }
    }

    /// The ledger's record under `key`, read consistently.
    pub(crate) async fn ledger_get(&self, name: &str) -> Answer<Option<LedgerRecord>> {
        let table = &self.names.analytics;
        let Some(mut item) = self.get(table, name, true).await? else { return Ok(None) };
        let value = take_text(&mut item, VALUE);
        let value = value.and_then(|value| value.ok_or(UnknownAttribute(VALUE)));
        let version = item.get(VERSION).and_then(|version| version.as_n().ok()?.parse().ok());
        let version = version.ok_or(UnknownAttribute(VERSION));
        let unreadable = TableError::unreadable(table);
        Ok(Some(LedgerRecord {
            value: value.map_err(&unreadable)?,
            version: version.map_err(&unreadable)?,
        }))
    }

    /// Writes the ledger's record if its version still is `expected`; `false` where it is not.
    pub(crate) async fn ledger_put(
        &self,
        name: &str,
        value: &str,
        expected: Option<u64>,
    ) -> Answer<bool> {
        let table = &self.names.analytics;
        let version = expected.unwrap_or_default().saturating_add(1);
        let put = self
            .client
            .put_item()
            .table_name(table)
            .set_item(Some(key(name)))
            .item(VALUE, text(value))
            .item(VERSION, AttributeValue::N(version.to_string()))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let put = match expected {
            None => put
                .condition_expression("attribute_not_exists(#id)")
                .expression_attribute_names("#id", REQUEST_ID),
            Some(expected) => put
                .condition_expression("#version = :expected")
                .expression_attribute_names("#version", VERSION)
                .expression_attribute_values(":expected", AttributeValue::N(expected.to_string())),
        };
        match put.send().await {
            Ok(answer) => {
                self.units.wrote(answer.consumed_capacity());
                Ok(true)
            }
            Err(error)
                if matches!(
                    error.as_service_error(),
                    Some(PutItemError::ConditionalCheckFailedException(_))
                ) =>
            {
                Ok(false)
            }
            Err(error) => Err(TableError::from_sdk(table, "PutItem", error)),
        }
    }

    async fn get(&self, table: &str, id: &str, consistent: bool) -> Answer<Option<Attributes>> {
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

    async fn scan(&self, table: &str, start: Option<Attributes>) -> Answer<Page> {
        let answer = self
            .client
            .scan()
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

fn seconds(seconds: i64) -> AttributeValue {
    AttributeValue::N(seconds.to_string())
}
