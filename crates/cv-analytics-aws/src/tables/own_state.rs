//! The product's own small state in `CV-Analytics`: the ledger, and a note for each dead letter.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity, Select};
use cv_analytics_core::event::RequestId;
use cv_analytics_core::store::VersionedValue;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;

use super::{TableResult, Tables, WEEK_INDEX};
use crate::item::attributes::{
    Attributes, REQUEST_ID, UnknownAttribute, moment, take_moment, take_text, text,
};
use crate::item::{TIMESTAMP, WAITING_FEEDBACK, WEEK, key};
use crate::tables::error::TableError;

/// What a dead letter's note has in its key before the letter's id, and in its week before the week that it arrived in.
const DEAD: &str = "dead:";
const VALUE: &str = "value";
const VERSION: &str = "version";

/// Whether an item is the product's own small state, which belongs to nobody.
pub(crate) fn is_own_state(item: &Attributes) -> bool {
    let id = item.get(REQUEST_ID).and_then(|id| id.as_s().ok());
    id.is_some_and(|id| id.starts_with(RequestId::RESERVED_PREFIX))
}

/// An item of the product's own small state.
pub(crate) enum OwnState {
    /// A record of the ledger.
    Ledger { key: String, value: String },
    /// The note of a dead letter.
    DeadLetter { id: String, arrived_at: Timestamp },
}

pub(crate) fn read_own_state(mut item: Attributes) -> Result<OwnState, UnknownAttribute> {
    let key = take_text(&mut item, REQUEST_ID)?.ok_or(UnknownAttribute(REQUEST_ID))?;
    let noted = key
        .strip_prefix(RequestId::RESERVED_PREFIX)
        .and_then(|rest| rest.strip_prefix(DEAD))
        .filter(|_| item.contains_key(WEEK));
    if let Some(id) = noted {
        let arrived_at = take_moment(&mut item, TIMESTAMP)?.ok_or(UnknownAttribute(TIMESTAMP))?;
        return Ok(OwnState::DeadLetter { id: id.to_owned(), arrived_at });
    }
    let value = take_text(&mut item, VALUE)?.ok_or(UnknownAttribute(VALUE))?;
    Ok(OwnState::Ledger { key, value })
}

impl Tables {
    /// Notes that a message became a dead letter; the same message is noted once.
    pub async fn note_dead_letter(
        &self,
        message_id: &str,
        arrived_at: Timestamp,
    ) -> TableResult<()> {
        let table = &self.names.analytics;
        let week = IsoWeek::containing(arrived_at);
        let answer = self
            .client
            .put_item()
            .table_name(table)
            .set_item(Some(key(&format!("{}{DEAD}{message_id}", RequestId::RESERVED_PREFIX))))
            .item(WEEK, text(format!("{DEAD}{week}")))
            .item(TIMESTAMP, moment(arrived_at))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|error| TableError::from_sdk(table, "PutItem", error))?;
        self.units.wrote(answer.consumed_capacity());
        Ok(())
    }

    /// Whether a dead letter of this id was noted, so that it counts.
    pub async fn has_noted_dead_letter(&self, message_id: &str) -> TableResult<bool> {
        let key = format!("{}{DEAD}{message_id}", RequestId::RESERVED_PREFIX);
        Ok(self.get(&self.names.analytics, &key, true).await?.is_some())
    }

    /// Counts the dead letters that arrived in `week`.
    pub async fn count_dead_letters(&self, week: IsoWeek) -> TableResult<u64> {
        self.count_in_index(format!("{DEAD}{week}")).await
    }

    /// Counts the requests of which only feedback has come, the first of it given in `week`.
    pub(crate) async fn count_waiting_feedback(&self, week: IsoWeek) -> TableResult<u64> {
        self.count_in_index(format!("{WAITING_FEEDBACK}{week}")).await
    }

    /// Counts the items that the index has under `partition`.
    async fn count_in_index(&self, partition: String) -> TableResult<u64> {
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
                .expression_attribute_values(":week", text(&partition))
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
    pub(crate) async fn get_value(&self, name: &str) -> TableResult<Option<VersionedValue>> {
        let table = &self.names.analytics;
        let Some(mut item) = self.get(table, name, true).await? else { return Ok(None) };
        let value = take_text(&mut item, VALUE);
        let value = value.and_then(|value| value.ok_or(UnknownAttribute(VALUE)));
        let version = item.get(VERSION).and_then(|version| version.as_n().ok()?.parse().ok());
        let version = version.ok_or(UnknownAttribute(VERSION));
        let unreadable = TableError::unreadable(table);
        Ok(Some(VersionedValue {
            value: value.map_err(&unreadable)?,
            version: version.map_err(&unreadable)?,
        }))
    }

    /// Writes the ledger's record if its version still is `expected`; `false` where it is not.
    pub(crate) async fn put_value(
        &self,
        name: &str,
        value: &str,
        expected: Option<u64>,
    ) -> TableResult<bool> {
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
}
